//! Builds a graph layer by layer, from the highest down. [`Growth`] grows each layer, so a search for a
//! row's first neighbours can descend through the layers above.

use super::graph::Graph;
use super::grow::Growth;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use zoobot_base::error::Result;
use zoobot_show::notebook::Progress;

/// The minimum number of early rows that are linked a second time once they have all joined.
const FIRST: usize = 10_000;
/// A step adds at most one `STEPS`th of all rows, and at most as many as have already joined.
const STEPS: usize = 25;
/// The highest layer that a row may reach.
const HIGHEST: u8 = 16;

/// Builds the graph of `rows` rows, inserting them in an order shuffled by `seed`. A seed gives the same
/// graph on any number of cores.
pub fn graph(growth: Growth, rows: usize, seed: u64) -> Result<Graph> {
    let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
    let mut order: Vec<u32> = (0..rows as u32).collect();
    order.shuffle(&mut rng);
    let levels: Vec<u8> = (0..rows).map(|_| level(rng.random(), growth.links)).collect();
    // Each layer begins with the rows of the layer above, through which searches enter it.
    order.sort_by_key(|&row| std::cmp::Reverse(levels[row as usize]));
    let entry = order.first().copied().unwrap_or_default();
    let mut graph = Graph::new(growth.links, &levels, entry)?;
    let progress = Progress::new("building the index", Some(rows));
    let mut above = 0;
    for layer in (0..=graph.level(entry)).rev() {
        let members = order.partition_point(|&row| usize::from(levels[row as usize]) >= layer);
        grow(growth, &mut graph, layer, &order[..members], above, |joined| {
            if layer == 0 {
                progress.advance(joined);
            }
        })?;
        above = members;
    }
    Ok(graph)
}

/// Adds rows to a layer, in steps that double until they reach a fixed share of all rows. The first
/// `above` rows are also on the layer above and start with their links there, since every search enters
/// this layer through them.
fn grow(
    growth: Growth,
    graph: &mut Graph,
    layer: usize,
    rows: &[u32],
    above: usize,
    joined: impl Fn(usize),
) -> Result<()> {
    for &row in &rows[..above] {
        let links = graph.links(row, layer + 1).to_vec();
        graph.link(row, layer, links.into_iter());
    }
    let mut done = above.max(1).min(rows.len());
    joined(done);
    // Rows that joined early had few others to choose from, so they are linked again.
    let early = rows.len().min(FIRST.max(2 * above));
    while done < rows.len() {
        zoobot_base::interrupt::check("index", || format!("{done} of {} rows", rows.len()))?;
        let end = rows.len().min(done + done.min(rows.len() / STEPS + 1));
        growth.step(graph, layer, &rows[done..end])?;
        if done < early && end >= early {
            growth.step(graph, layer, &rows[..early])?;
        }
        joined(end - done);
        done = end;
    }
    Ok(())
}

/// The highest layer of a row (Malkov & Yashunin 2018, algorithm 1): one row in `links` reaches layer 1,
/// and one in `links` of these reaches layer 2. `lot` is uniform in [0, 1).
fn level(lot: f64, links: usize) -> u8 {
    let level = (-(1.0 - lot).ln() / (links.max(2) as f64).ln()).floor();
    level.clamp(0.0, f64::from(HIGHEST)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_in_as_many_as_there_are_links_is_on_each_higher_layer() {
        let mut rng = rand::rngs::StdRng::seed_from_u64(3);
        let levels: Vec<u8> = (0..200_000).map(|_| level(rng.random(), 16)).collect();
        let from = |layer| levels.iter().filter(|&&level| level >= layer).count() as f64;
        for layer in 1..=2 {
            let share = from(layer) / from(layer - 1);
            assert!((share * 16.0 - 1.0).abs() < 0.15, "{layer}: {share}");
        }
        assert_eq!((level(0.0, 16), level(1.0 - 1e-300, 1)), (0, HIGHEST));
    }
}
