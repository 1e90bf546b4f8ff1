//! Grows a graph. Rows join in steps, and the rows of a step are linked on all cores. Each step sees
//! only the links made in earlier steps, so the number of cores does not change the result.
//!
//! Rows join in the order of Dobson et al. 2023 (ParlayANN). Links are chosen by algorithm 4 of Malkov &
//! Yashunin 2018, which also prunes rows with too many links. (Dropping the farthest links instead, as
//! `hnsw_rs` does, cuts clusters off from each other.)

use super::graph::{Graph, Walk};
use super::rows::Stored;
use rayon::prelude::*;
use zoobot_base::error::Result;

/// A link: the distance and the target row.
type Link = (f32, u32);

/// How rows are linked.
#[derive(Debug, Clone, Copy)]
pub struct Growth<'a> {
    pub stored: &'a Stored,
    pub absolute: bool,
    /// The number of links that a row chooses. Including links chosen by other rows, it keeps at most
    /// this number on the upper layers and twice as many on layer 0.
    pub links: usize,
    /// ef_construction: the number of candidates.
    pub wide: usize,
}

impl Growth<'_> {
    /// Links rows on a layer, keeping their existing links as candidates. The layers above must be
    /// complete.
    pub fn step(&self, graph: &mut Graph, layer: usize, rows: &[u32]) -> Result<()> {
        let most = if layer == 0 { 2 * self.links } else { self.links };
        let now = &*graph;
        let chosen: Vec<Vec<Link>> = rows
            .par_iter()
            .map_init(Walk::default, |walk, &row| {
                zoobot_base::interrupt::check("index", || "some of the rows".to_owned())?;
                let query = self.stored.query(row);
                let near = now.nearest(self.stored, &query, layer, self.wide, self.absolute, walk);
                let others = near.iter().copied().filter(|link| link.1 != row);
                Ok(self.select(
                    row,
                    others.chain(self.links_of(now, layer, row)).collect(),
                    self.links,
                ))
            })
            .collect::<Result<_>>()?;
        // The reverse links, as (target, distance, source), to be grouped by target.
        let mut ends: Vec<(u32, f32, u32)> = Vec::with_capacity(2 * self.links * rows.len());
        for (&row, links) in rows.iter().zip(&chosen) {
            ends.extend(links.iter().map(|&(distance, to)| (to, distance, row)));
            graph.link(row, layer, links.iter().map(|link| link.1));
        }
        ends.par_sort_unstable_by(|a, b| {
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2))
        });
        let now = &*graph;
        let updated: Vec<(u32, Vec<Link>)> = ends
            .par_chunk_by(|a, b| a.0 == b.0)
            .map(|group| {
                let row = group[0].0;
                let mut all = self.links_of(now, layer, row);
                all.extend(group.iter().map(|&(_, distance, from)| (distance, from)));
                (row, self.select_above(row, all, most))
            })
            .collect();
        for (row, links) in updated {
            graph.link(row, layer, links.into_iter().map(|link| link.1));
        }
        Ok(())
    }

    fn links_of(&self, graph: &Graph, layer: usize, row: u32) -> Vec<Link> {
        let far = |&to: &u32| (self.stored.between(row, to, self.absolute), to);
        graph.links(row, layer).iter().map(far).collect()
    }

    /// Prunes links only if there are more than `most`.
    fn select_above(&self, row: u32, mut links: Vec<Link>, most: usize) -> Vec<Link> {
        in_order(&mut links);
        if links.len() > most { self.select(row, links, most) } else { links }
    }

    /// Chooses links that are nearer to the row than to any link chosen before, nearest first. If these
    /// are too few, the nearest of the rejected links are added.
    ///
    /// Copies of the row (distance 0) have their own share of the links: every other row is as far from
    /// a copy as from the row, so one chosen copy would reject all of them. Copies are chosen in ring
    /// order, the next row number first, so that each of them can be reached.
    fn select(&self, row: u32, mut links: Vec<Link>, most: usize) -> Vec<Link> {
        in_order(&mut links);
        let least = most.div_ceil(4);
        let (mut copies, others): (Vec<Link>, Vec<Link>) =
            links.into_iter().partition(|link| link.0 == 0.0);
        copies.sort_unstable_by_key(|link| link.1.wrapping_sub(row));
        copies.truncate(least);
        let most = most - copies.len();
        let mut taken: Vec<Link> = Vec::with_capacity(most);
        let mut left: Vec<Link> = Vec::new();
        for link in others {
            if taken.len() == most {
                break;
            }
            let apart =
                |&(_, other): &Link| self.stored.between(link.1, other, self.absolute) > link.0;
            match taken.iter().all(apart) {
                true => taken.push(link),
                false if left.len() < least => left.push(link),
                false => {}
            }
        }
        let lacking = least.saturating_sub(taken.len());
        taken.extend(left.into_iter().take(lacking));
        taken.extend(copies);
        taken
    }
}

/// Sorts links by distance and removes duplicates.
fn in_order(links: &mut Vec<Link>) {
    links.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    links.dedup_by_key(|link| link.1);
}
