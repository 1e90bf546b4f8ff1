//! Cells of luminosity and size, and bins of redshift, with equal numbers of galaxies.

use super::Debiasing;
use super::distribution::{Distribution, Maps};
use ndarray::ArrayView1;

/// The maximum number of slices along luminosity, and along size.
const SLICES: usize = 5;
/// The number of redshift bins that a cell should have room for.
const ROOM: usize = 4;

/// Where a galaxy is.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub redshift: f64,
    pub luminosity: f64,
    pub size: f64,
}

/// Cells of luminosity and size, each with bins of redshift.
pub struct Cells {
    /// The inner edges of the slices of luminosity.
    luminosities: Vec<f64>,
    /// The inner edges of the slices of size, for each slice of luminosity.
    sizes: Vec<Vec<f64>>,
    /// The number of cells before each slice of luminosity.
    first: Vec<usize>,
    cells: Vec<Cell>,
}

/// A cell: its galaxies in bins of redshift, the lowest first.
pub struct Cell {
    bins: Vec<Vec<usize>>,
    /// The highest redshift of the lowest bin, then the median redshift of each other bin.
    nodes: Vec<f64>,
}

impl Cells {
    /// Divides galaxies into cells; `used` are their places in `all`. Without enough galaxies for two bins
    /// there is no cell.
    pub fn new(all: &[Place], used: &[usize], settings: &Debiasing) -> Self {
        let least = settings.galaxies_per_bin;
        let mut cells = Self {
            luminosities: Vec::new(),
            sizes: Vec::new(),
            first: Vec::new(),
            cells: Vec::new(),
        };
        if used.len() < 2 * least {
            return cells;
        }
        let near = settings.reference.map_or(usize::MAX, |reference| {
            used.iter().filter(|it| all[**it].redshift <= reference).count() / least
        });
        let most = (used.len() / (ROOM * least)).min(near).max(1);
        let slices = match (&settings.luminosity, &settings.size) {
            (None, None) => (1, 1),
            (Some(_), None) => (most.min(SLICES), 1),
            (None, Some(_)) => (1, most.min(SLICES)),
            (Some(_), Some(_)) => {
                let side = most.isqrt().clamp(1, SLICES);
                (side, side)
            }
        };
        cells.luminosities = edges(used.iter().map(|it| all[*it].luminosity), slices.0);
        let mut groups = vec![Vec::new(); cells.luminosities.len() + 1];
        used.iter()
            .for_each(|it| groups[slice(&cells.luminosities, all[*it].luminosity)].push(*it));
        for group in groups {
            let sizes = edges(group.iter().map(|it| all[*it].size), slices.1);
            let mut members = vec![Vec::new(); sizes.len() + 1];
            group.iter().for_each(|it| members[slice(&sizes, all[*it].size)].push(*it));
            cells.first.push(cells.cells.len());
            cells.sizes.push(sizes);
            let divided = members.into_iter().map(|it| Cell::new(all, it, settings));
            cells.cells.extend(divided);
        }
        cells
    }

    pub fn len(&self) -> usize {
        self.cells.len()
    }

    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter()
    }

    pub fn get(&self, place: usize) -> Option<&Cell> {
        self.cells.get(place)
    }

    /// The index of the cell that a galaxy is in.
    pub fn place(&self, galaxy: &Place) -> usize {
        let row = slice(&self.luminosities, galaxy.luminosity);
        let sizes = self.sizes.get(row).map_or(0, |edges| slice(edges, galaxy.size));
        self.first.get(row).copied().unwrap_or(0) + sizes
    }
}

impl Cell {
    /// Divides the galaxies of a cell into bins of redshift.
    fn new(all: &[Place], mut members: Vec<usize>, settings: &Debiasing) -> Self {
        let least = settings.galaxies_per_bin;
        let redshift = |it: usize| all[it].redshift;
        members.sort_by(|&a, &b| redshift(a).total_cmp(&redshift(b)));
        let lowest = match settings.reference {
            Some(reference) => members.partition_point(|it| redshift(*it) <= reference).max(least),
            None => members.len() / (members.len() / least).clamp(1, settings.redshift_bins),
        };
        let lowest = lowest.min(members.len());
        // Galaxies with one redshift are in one bin.
        let edge = members.get(lowest.saturating_sub(1)).map_or(f64::INFINITY, |it| redshift(*it));
        let lowest = members.partition_point(|it| redshift(*it) <= edge);
        let others = members.split_off(lowest);
        let count = (others.len() / least).min(settings.redshift_bins - 1);
        let mut cell = Self { bins: vec![members], nodes: vec![edge] };
        for bin in 0..count {
            let range = bin * others.len() / count..(bin + 1) * others.len() / count;
            let bin = others[range].to_vec();
            cell.nodes.push(redshift(bin[bin.len() / 2]));
            cell.bins.push(bin);
        }
        cell
    }

    pub fn bins(&self) -> &[Vec<usize>] {
        &self.bins
    }

    /// The highest redshift of the lowest bin.
    pub fn reference(&self) -> f64 {
        self.nodes.first().copied().unwrap_or(f64::INFINITY)
    }

    /// The bins on both sides of a redshift, and the share of the higher one; `None` for a redshift of the
    /// lowest bin, and in a cell with one bin.
    pub fn between(&self, redshift: f64) -> Option<(usize, usize, f64)> {
        let last = self.nodes.len() - 1;
        if last == 0 || redshift <= self.nodes[0] {
            return None;
        }
        let high = self.nodes.partition_point(|node| *node < redshift);
        if high > last {
            return Some((last, last, 1.0));
        }
        let (from, to) = (self.nodes[high - 1], self.nodes[high]);
        let share = if to > from { (redshift - from) / (to - from) } else { 1.0 };
        Some((high - 1, high, share))
    }

    /// The distributions of an answer's fractions in each bin.
    pub fn maps(&self, fractions: &ArrayView1<'_, f64>) -> Maps {
        let of =
            |bin: &Vec<usize>| Distribution::new(bin.iter().map(|row| fractions[*row]).collect());
        Maps::new(self.bins.iter().map(of).collect())
    }
}

/// The inner edges of slices with equal numbers of values; fewer slices if values are equal.
fn edges(values: impl Iterator<Item = f64>, slices: usize) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let places = (1..slices).map(|it| it * values.len() / slices);
    let mut edges: Vec<f64> = places.filter_map(|it| values.get(it).copied()).collect();
    edges.dedup();
    // No value is below the first edge if all values up to it are equal.
    edges.retain(|edge| values.first().is_some_and(|first| edge > first));
    edges
}

/// The slice of a value.
fn slice(edges: &[f64], value: f64) -> usize {
    edges.partition_point(|edge| *edge <= value)
}
