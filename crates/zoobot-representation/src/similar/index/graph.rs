//! The graph of an index: all neighbours are in one flat table, and a search follows them.
//!
//! (`hnsw_rs` keeps each neighbour behind two pointers and a lock, and the visited rows in a hash table;
//! `ARCHITECTURE.md` compares their speed.)

use super::rows::{Lane, Rows, Single, Stored, apart};
use zoobot_base::error::{Error, Result};
use zoobot_base::processor::for_each_processor;

/// Marks the absence of a row.
const NONE: u32 = u32::MAX;
/// Marks a candidate whose neighbours have been visited. Row numbers are smaller.
const DONE: u32 = 1 << 31;

/// A navigable small-world graph (Malkov & Yashunin 2018): layer 0 holds every row, and each layer above
/// holds fewer.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// The maximum number of neighbours on the upper layers; layer 0 allows twice as many.
    degree: usize,
    /// Layer 0: the number of neighbours of each row, followed by the neighbours.
    ground: Vec<u32>,
    /// Where each row begins in `above`, or [`NONE`].
    start: Vec<u32>,
    /// For each row on the upper layers: its highest layer, then for each layer from 1 the number of
    /// neighbours, followed by the neighbours.
    above: Vec<u32>,
    entry: u32,
}

/// Buffers for a search, reused by the next one.
#[derive(Debug, Default)]
pub struct Walk {
    seen: Vec<u64>,
    touched: Vec<u32>,
    fresh: Vec<u32>,
    found: Vec<(f32, u32)>,
}

impl Graph {
    /// Creates a graph without links for rows with these highest layers.
    pub fn new(degree: usize, levels: &[u8], entry: u32) -> Result<Self> {
        let mut start = vec![NONE; levels.len()];
        let mut end = 0;
        for (start, &level) in start.iter_mut().zip(levels) {
            if level > 0 {
                *start = u32::try_from(end).map_err(|_| wrong("its layers are too large"))?;
                end += 1 + usize::from(level) * (degree + 1);
            }
        }
        let mut above = vec![0; end];
        for (&start, &level) in start.iter().zip(levels) {
            if start != NONE {
                above[start as usize] = u32::from(level);
            }
        }
        let ground = vec![0; levels.len() * (2 * degree + 1)];
        Ok(Self { degree, ground, start, above, entry })
    }

    /// Rebuilds a graph from its [`parts`](Self::parts).
    ///
    /// # Errors
    /// When the parts are inconsistent, so that a search could leave the tables.
    pub fn from_parts(
        degree: usize,
        entry: u32,
        [ground, start, above]: [Vec<u32>; 3],
    ) -> Result<Self> {
        let graph = Self { degree, ground, start, above, entry };
        let rows = graph.rows();
        let fits = (1..=256).contains(&degree)
            && graph.ground.len() == rows * (2 * degree + 1)
            && (entry as usize) < rows;
        if !fits || !graph.is_sound() {
            return Err(wrong("its links do not lead to its rows"));
        }
        Ok(graph)
    }

    fn is_sound(&self) -> bool {
        let rows = self.rows() as u32;
        let stride = self.degree + 1;
        let ground = self.ground.chunks_exact(2 * self.degree + 1).all(|links| {
            let (count, links) = (links[0] as usize, &links[1..]);
            count <= links.len() && links[..count].iter().all(|&to| to < rows)
        });
        let placed = |&start: &u32| {
            let Some(&level) = self.above.get(start as usize) else { return false };
            level <= 16 && start as usize + 1 + level as usize * stride <= self.above.len()
        };
        if !ground || !self.start.iter().filter(|&&start| start != NONE).all(placed) {
            return false;
        }
        (0..rows).all(|row| {
            (1..=self.level(row)).all(|layer| {
                let at = self.start[row as usize] as usize + 1 + (layer - 1) * stride;
                let (count, links) = (self.above[at] as usize, &self.above[at + 1..at + stride]);
                count <= links.len()
                    && links[..count].iter().all(|&to| to < rows && self.level(to) >= layer)
            })
        })
    }

    /// The degree, the entry row and the three tables, for writing to disk.
    pub fn parts(&self) -> (usize, u32, [&[u32]; 3]) {
        (self.degree, self.entry, [&self.ground, &self.start, &self.above])
    }

    /// Sets the neighbours of a row on one of its layers, best first. Those beyond the maximum are
    /// dropped.
    pub fn link(&mut self, row: u32, layer: usize, to: impl Iterator<Item = u32>) {
        let links = if layer == 0 {
            let stride = 2 * self.degree + 1;
            &mut self.ground[row as usize * stride..][..stride]
        } else {
            let stride = self.degree + 1;
            let at = self.start[row as usize] as usize + 1 + (layer - 1) * stride;
            &mut self.above[at..at + stride]
        };
        let mut count = 0;
        for (slot, to) in links[1..].iter_mut().zip(to) {
            *slot = to;
            count += 1;
        }
        links[0] = count;
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.start.len()
    }

    /// The memory used, in bytes.
    pub fn bytes(&self) -> usize {
        4 * (self.ground.len() + self.start.len() + self.above.len())
    }

    #[inline(always)]
    fn ground(&self, row: u32) -> &[u32] {
        let stride = 2 * self.degree + 1;
        let links = &self.ground[row as usize * stride..][..stride];
        &links[1..1 + links[0] as usize]
    }

    /// The neighbours of a row on one of its layers.
    #[inline(always)]
    pub fn links(&self, row: u32, layer: usize) -> &[u32] {
        if layer == 0 { self.ground(row) } else { self.above(row, layer) }
    }

    /// The highest layer of a row.
    pub fn level(&self, row: u32) -> usize {
        match self.start[row as usize] {
            NONE => 0,
            start => self.above[start as usize] as usize,
        }
    }

    #[inline(always)]
    fn above(&self, row: u32, layer: usize) -> &[u32] {
        let stride = self.degree + 1;
        let links = &self.above[self.start[row as usize] as usize + 1 + (layer - 1) * stride..];
        &links[1..1 + links[0] as usize]
    }

    /// The rows of a layer nearest to a query among those that the search visits, nearest first, at most
    /// `wide` (ef) of them. A larger ef misses fewer. Distances are between the stored values, and
    /// squared unless `absolute`.
    pub fn nearest<'a>(
        &self,
        stored: &Stored,
        query: &[Single],
        layer: usize,
        wide: usize,
        absolute: bool,
        walk: &'a mut Walk,
    ) -> &'a [(f32, u32)] {
        walk.seen.resize(self.rows().div_ceil(64), 0);
        match stored {
            Stored::Single(rows) => walked(self, rows, query, layer, wide, absolute, walk),
            Stored::Half(rows) => walked(self, rows, query, layer, wide, absolute, walk),
        }
        for &row in &walk.touched {
            walk.seen[row as usize / 64] = 0;
        }
        walk.touched.clear();
        walk.found.iter_mut().for_each(|(_, row)| *row &= !DONE);
        &walk.found
    }
}

for_each_processor! {
    fn walked<L: Lane>(
        graph: &Graph,
        rows: &Rows<L>,
        query: &[Single],
        layer: usize,
        wide: usize,
        absolute: bool,
        walk: &mut Walk,
    ) = go_any;
}

#[inline(always)]
fn go_any<L: Lane, const FUSED: bool>(
    graph: &Graph,
    rows: &Rows<L>,
    query: &[Single],
    layer: usize,
    wide: usize,
    absolute: bool,
    walk: &mut Walk,
) {
    match absolute {
        true => go::<L, true, FUSED>(graph, rows, query, layer, wide, walk),
        false => go::<L, false, FUSED>(graph, rows, query, layer, wide, walk),
    }
}

#[inline(always)]
fn go<L: Lane, const ABSOLUTE: bool, const FUSED: bool>(
    graph: &Graph,
    rows: &Rows<L>,
    query: &[Single],
    layer: usize,
    wide: usize,
    walk: &mut Walk,
) {
    let mut here = (far::<L, ABSOLUTE, FUSED>(query, rows, graph.entry), graph.entry);
    for layer in (layer + 1..=graph.level(graph.entry)).rev() {
        loop {
            let links = graph.above(here.1, layer);
            links.iter().for_each(|&row| rows.prefetch(row));
            let before = here.1;
            for &row in links {
                let distance = far::<L, ABSOLUTE, FUSED>(query, rows, row);
                if distance < here.0 {
                    here = (distance, row);
                }
            }
            if here.1 == before {
                break;
            }
        }
    }
    let Walk { seen, touched, fresh, found } = walk;
    found.clear();
    found.push(here);
    seen[here.1 as usize / 64] |= 1 << (here.1 % 64);
    touched.push(here.1);
    let mut next = 0;
    while next < found.len() {
        let row = found[next].1;
        if row & DONE != 0 {
            next += 1;
            continue;
        }
        found[next].1 |= DONE;
        fresh.clear();
        for &to in graph.links(row, layer) {
            let (word, bit) = (&mut seen[to as usize / 64], 1 << (to % 64));
            if *word & bit == 0 {
                *word |= bit;
                rows.prefetch(to);
                fresh.push(to);
            }
        }
        touched.extend_from_slice(fresh);
        for &row in fresh.iter() {
            let distance = far::<L, ABSOLUTE, FUSED>(query, rows, row);
            if found.len() == wide {
                // Not empty: `wide` is at least 1.
                if distance >= found[wide - 1].0 {
                    continue;
                }
                found.pop();
            }
            let place = found.partition_point(|it| it.0 <= distance);
            found.insert(place, (distance, row));
            next = next.min(place);
        }
    }
}

/// The distance between a query and a row.
#[inline(always)]
fn far<L: Lane, const ABSOLUTE: bool, const FUSED: bool>(
    query: &[Single],
    rows: &Rows<L>,
    row: u32,
) -> f32 {
    apart::<Single, L, ABSOLUTE, FUSED>(query, rows.row(row))
}

fn wrong(problem: &str) -> Error {
    Error::unsuitable(format!("the index is damaged: {problem}"), "Build it again")
}
