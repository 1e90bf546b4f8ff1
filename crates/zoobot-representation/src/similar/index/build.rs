//! Building a graph: `hnsw_rs` makes the graph of the first rows with its layers, and the others
//! join it.
//!
//! It is wrapped so that rows go in by their places, of which it copies none, and every distance is of
//! finite numbers, for it panics on NaN.

use super::graph::Graph;
use super::grow::Growth;
use super::rows::Stored;
use hnsw_rs::anndists::dist::distances::Distance;
use hnsw_rs::hnsw::Hnsw;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use zoobot_base::error::Result;
use zoobot_show::notebook::Progress;

/// Rows that `hnsw_rs` links, one after the other: enough for every layer above the ground.
const FIRST: usize = 10_000;
/// A step takes at most one in so many of all rows, and no more than there are already.
const STEPS: usize = 25;
/// The most layers that `hnsw_rs` has.
const LAYERS: usize = 16;

/// How far two rows are apart, each named by its place.
struct Between<'a> {
    stored: &'a Stored,
    absolute: bool,
}

impl Distance<u32> for Between<'_> {
    fn eval(&self, a: &[u32], b: &[u32]) -> f32 {
        match (a, b) {
            (&[a], &[b]) => self.stored.between(a, b, self.absolute),
            // Nothing else is ever put in.
            _ => f32::INFINITY,
        }
    }
}

/// Builds the graph of `rows` rows, inserting them in an order shuffled by `seed`. One seed gives
/// one graph, on any number of cores.
pub fn graph(growth: Growth, rows: usize, seed: u64) -> Result<Graph> {
    let Growth { stored, absolute, links, wide } = growth;
    let mut order: Vec<u32> = (0..rows as u32).collect();
    order.shuffle(&mut rand::rngs::StdRng::seed_from_u64(seed));
    let first = rows.min(FIRST);
    let hnsw = Hnsw::new(links, first, LAYERS, wide, Between { stored, absolute });
    let progress = Progress::new("building the index", Some(rows));
    for some in order[..first].chunks(256) {
        zoobot_base::interrupt::check("index", || format!("{} of {rows} rows", progress.done()))?;
        for row in some {
            hnsw.insert_slice((std::slice::from_ref(row), *row as usize));
        }
        progress.advance(some.len());
    }
    let mut graph = frozen(&hnsw, rows, links)?;
    drop(hnsw);
    // Twice: the first links what was cut off, the second sees all of it.
    for _ in 0..2 {
        growth.step(&mut graph, &order[..first])?;
    }
    let mut done = first;
    while done < rows {
        zoobot_base::interrupt::check("index", || format!("{done} of {rows} rows"))?;
        let end = rows.min(done + done.min(rows / STEPS + 1));
        growth.step(&mut graph, &order[done..end])?;
        progress.advance(end - done);
        done = end;
    }
    Ok(graph)
}

/// The finished graph, in our layout.
fn frozen(hnsw: &Hnsw<u32, Between>, rows: usize, degree: usize) -> Result<Graph> {
    let points = hnsw.get_point_indexation();
    let top = hnsw.get_max_level_observed();
    // The entry is the first row that came to the highest layer.
    let entry = points.get_layer_iterator(usize::from(top)).next();
    let entry = entry.map_or(0, |point| point.get_origin_id() as u32);
    let mut levels = vec![0; rows];
    for layer in 0..=usize::from(top) {
        for point in points.get_layer_iterator(layer) {
            levels[point.get_origin_id()] = layer as u8;
        }
    }
    let mut graph = Graph::new(degree, &levels, entry)?;
    for layer in 0..=usize::from(top) {
        for point in points.get_layer_iterator(layer) {
            let row = point.get_origin_id() as u32;
            // A row also keeps the way by which it came in, on layers that it is not on itself.
            for (on, links) in point.get_neighborhood_id().iter().enumerate().take(layer + 1) {
                let there = links.iter().filter(|to| usize::from(to.p_id.0) >= on);
                graph.link(row, on, there.map(|to| to.d_id as u32).filter(|&to| to != row));
            }
        }
    }
    Ok(graph)
}
