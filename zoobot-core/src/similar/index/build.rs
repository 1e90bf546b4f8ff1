//! Building a graph with `hnsw_rs`, wrapped: rows go in by their places, so that it copies none, and
//! every distance is of finite numbers, for it panics on NaN.

use super::graph::Graph;
use super::refine::refine;
use super::rows::Stored;
use crate::error::Result;
use crate::notebook::Progress;
use hnsw_rs::anndists::dist::distances::Distance;
use hnsw_rs::hnsw::Hnsw;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rayon::prelude::*;

/// Rows between two looks at the interrupt flag.
const STEP: usize = 1024;
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

/// Of the first graph: a part of the links that the graph is to have, ...
const FIRST_LINKS: usize = 2;
/// ... and how wide the walks are that find them. Both are bettered afterwards.
const FIRST_WIDTH: usize = 32;

/// The graph of `rows` rows. Rows go in by the lot of `seed`; one after the other, so that the same
/// seed gives the same graph, or on all cores with `parallel`.
pub fn graph(
    stored: &Stored,
    rows: usize,
    absolute: bool,
    degree: usize,
    width: usize,
    seed: u64,
    parallel: bool,
) -> Result<Graph> {
    let first = (degree / FIRST_LINKS).max(2);
    let between = Between { stored, absolute };
    let hnsw = Hnsw::new(first, rows, LAYERS, FIRST_WIDTH.min(width), between);
    let mut order: Vec<u32> = (0..rows as u32).collect();
    order.shuffle(&mut rand::rngs::StdRng::seed_from_u64(seed));
    let progress = Progress::new("building the index", Some(rows));
    let insert = |row: &u32| hnsw.insert_slice((std::slice::from_ref(row), *row as usize));
    for (number, some) in order.chunks(STEP).enumerate() {
        crate::interrupt::check("index", || format!("{} of {rows} rows", progress.done()))?;
        // The first are too few for each other to be found by several at once.
        match parallel && number > 0 {
            true => some.par_iter().for_each(insert),
            false => some.iter().for_each(insert),
        }
        progress.advance(some.len());
    }
    let mut graph = frozen(&hnsw, rows, degree)?;
    drop(hnsw);
    refine(&mut graph, stored, absolute, degree, width)?;
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
