//! Bettering a graph: each row looks around for its links anew, in the finished graph.
//!
//! A row that went in early was linked to the few that were there; `hnsw_rs` also drops the farthest
//! link where there are too many, which cuts clusters off from each other. Here every row walks from
//! its own place, on all cores and the same whatever their number, and of those it comes by it takes
//! the links that lead into different directions (algorithm 4 of Malkov & Yashunin 2018).

use super::graph::{Graph, Walk};
use super::rows::Stored;
use crate::error::Result;
use crate::notebook::Progress;
use rayon::prelude::*;

/// Rows between two looks at the interrupt flag.
const STEP: usize = 8192;

/// A link: how far, and where to.
type Link = (f32, u32);

/// Gives every row of a graph new links on the ground: `links` of its own, and those of others that
/// chose it, up to twice as many in all.
pub fn refine(
    graph: &mut Graph,
    stored: &Stored,
    absolute: bool,
    links: usize,
    wide: usize,
) -> Result<()> {
    let rows = graph.rows();
    let progress = Progress::new("bettering the index", Some(rows));
    let mut chosen: Vec<Link> = Vec::with_capacity(rows * links);
    let mut ends = vec![0_usize];
    for start in (0..rows).step_by(STEP) {
        crate::interrupt::check("index", || format!("{start} of {rows} rows bettered"))?;
        let some: Vec<Vec<Link>> = (start..(start + STEP).min(rows))
            .into_par_iter()
            .map_init(Walk::default, |walk, row| {
                let near = graph.around(stored, row as u32, wide, absolute, walk);
                let others = near.iter().copied().filter(|link| link.1 as usize != row);
                select(stored, absolute, others, links)
            })
            .collect();
        progress.advance(some.len());
        for links in some {
            chosen.extend(links);
            ends.push(chosen.len());
        }
    }
    let own = |row: usize| &chosen[ends[row]..ends[row + 1]];
    // Who chose a row, by counting.
    let mut place = vec![0_usize; rows + 1];
    chosen.iter().for_each(|link| place[link.1 as usize + 1] += 1);
    (0..rows).for_each(|row| place[row + 1] += place[row]);
    let start = place.clone();
    let mut others: Vec<Link> = vec![(0.0, 0); chosen.len()];
    for row in 0..rows {
        for &(distance, to) in own(row) {
            others[place[to as usize]] = (distance, row as u32);
            place[to as usize] += 1;
        }
    }
    for from in (0..rows).step_by(STEP) {
        let some: Vec<Vec<Link>> = (from..(from + STEP).min(rows))
            .into_par_iter()
            .map(|row| {
                let mut all = own(row).to_vec();
                all.extend_from_slice(&others[start[row]..start[row + 1]]);
                all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                all.dedup_by_key(|link| link.1);
                match all.len() > 2 * links {
                    true => select(stored, absolute, all.into_iter(), 2 * links),
                    false => all,
                }
            })
            .collect();
        for (row, links) in (from..).zip(some) {
            graph.link(row as u32, 0, links.into_iter().map(|link| link.1));
        }
    }
    Ok(())
}

/// Of links, nearest first, those nearer to the row than to any that was taken before; where that
/// leaves too few, as among copies, the nearest of the others too.
fn select(
    stored: &Stored,
    absolute: bool,
    links: impl Iterator<Item = Link>,
    most: usize,
) -> Vec<Link> {
    let mut taken: Vec<Link> = Vec::with_capacity(most);
    let mut left: Vec<Link> = Vec::new();
    let least = most.div_ceil(4);
    for link in links {
        if taken.len() == most {
            break;
        }
        let apart = |&(_, other): &Link| stored.between(link.1, other, absolute) > link.0;
        match taken.iter().all(apart) {
            true => taken.push(link),
            false if left.len() < least => left.push(link),
            false => {}
        }
    }
    let lacking = least.saturating_sub(taken.len());
    taken.extend(left.into_iter().take(lacking));
    taken
}
