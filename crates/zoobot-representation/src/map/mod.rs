//! A two-dimensional map of a representation, on which similar galaxies are near each other.
//!
//! The method is UMAP (McInnes, Healy & Melville 2018, arXiv:1802.03426), initialised with the principal
//! components and using this library's own neighbour search.

mod figures;
mod fuzzy;
mod layout;
mod region;

use crate::metrics::trustworthiness;
use crate::similar::{IndexConfig, Metric};
use crate::space::Space;
use layout::{Curve, Schedule};
use ndarray::{Array2, ArrayView2, Axis, s};
use polars::prelude::{Column, DataFrame};
use rand::SeedableRng;
use rand_distr::{Distribution, Normal};
use serde::{Deserialize, Serialize};
use zoobot_base::error::{Error, Result};
use zoobot_base::seed;
use zoobot_base::table::table_of;
use zoobot_data::catalog::ID;

use zoobot_show::notebook::{Bundle, Progress, Show};

pub use region::Region;

/// The number of galaxies above which neighbours are found with an index.
const EXACT: usize = 150_000;

/// How a map is made. The defaults are those of UMAP.
///
/// ```
/// use zoobot_core::map::MapConfig;
/// let config = MapConfig { seed: 3, ..MapConfig::default() };
/// assert_ne!(config, MapConfig::default());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MapConfig {
    /// The number of neighbours that a galaxy stays near, counting itself (UMAP's `n_neighbors`), 2 to
    /// 200 (default 15). More neighbours show large structures, fewer show small ones.
    pub neighbours: usize,
    /// The minimum distance between galaxies on the map (UMAP's `min_dist`), 0 to 2 (default 0.1). A
    /// smaller value makes denser clumps.
    pub apart: f64,
    /// The number of epochs (UMAP's `n_epochs`; default 200 above 10,000 galaxies, otherwise 500).
    pub rounds: Option<usize>,
    /// The metric of the features (default [`Metric::L2`]).
    pub metric: Metric,
    /// The random seed (default 0). A seed always gives the same map.
    pub seed: u64,
}

impl Default for MapConfig {
    fn default() -> Self {
        Self { neighbours: 15, apart: 0.1, rounds: None, metric: Metric::L2, seed: seed::DEFAULT }
    }
}

impl MapConfig {
    fn check(&self, rows: usize) -> Result<()> {
        if !(2..=200).contains(&self.neighbours) {
            return Err(Error::parameter("neighbours", self.neighbours, "between 2 and 200"));
        }
        if rows <= self.neighbours {
            let problem = format!(
                "a map with {0} neighbours needs more than {0} galaxies, but there are {rows}",
                self.neighbours
            );
            return Err(Error::unsuitable(problem, "Give more galaxies, or take fewer neighbours"));
        }
        if !(0.0..=2.0).contains(&self.apart) {
            return Err(Error::parameter("apart", self.apart, "between 0 and 2"));
        }
        match self.rounds {
            Some(0) => Err(Error::parameter("rounds", 0, "at least 1")),
            _ => Ok(()),
        }
    }

    fn rounds(&self, rows: usize) -> usize {
        self.rounds.unwrap_or(if rows > 10_000 { 200 } else { 500 })
    }
}

/// Galaxies on a map. Galaxies near each other are similar; the distance between distant galaxies means
/// little.
///
/// ```
/// use zoobot_core::{map::MapConfig, ndarray::Array2, space::Space};
/// let ids = (0..90).map(|i| format!("g{i}")).collect();
/// // Three clumps far apart.
/// let features = Array2::from_shape_fn((90, 5), |(i, j)| (i % 3 * 40) as f32 + ((i * j) % 7) as f32);
/// let map = Space::new(ids, features)?.map(&MapConfig::default())?;
/// assert_eq!(map.places().dim(), (90, 2));
/// assert!(map.trustworthiness(5, 90)? > 0.8);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Map {
    space: Space,
    places: Array2<f32>,
    config: MapConfig,
}

impl Space {
    /// Makes a map of this space.
    ///
    /// Neighbours are found exactly for up to 150,000 galaxies, and with an index above that. Memory
    /// grows with the number of galaxies times the number of neighbours.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a parameter outside its range; [`Error::Unsuitable`] for too few
    /// galaxies; [`Error::Interrupted`].
    pub fn map(&self, config: &MapConfig) -> Result<Map> {
        let rows = self.len();
        config.check(rows)?;
        let k = config.neighbours - 1;
        let (nearest, distances) = neighbours(self, config)?;
        let rounds = config.rounds(rows);
        let links = fuzzy::links(&nearest, &distances, k, 1.0 / rounds as f32);
        let mut places = begin(self, config.seed)?;
        let how =
            Schedule { curve: Curve::fit(config.apart), rounds, seed: config.seed, share: 2.0 };
        let progress = Progress::new("laying out the map", Some(rounds));
        layout::lay(&links, &mut places, None, how, |_| progress.advance(1))?;
        Ok(Map { space: self.clone(), places: table(&places), config: *config })
    }
}

/// The nearest other rows of each row, and their distances.
fn neighbours(space: &Space, config: &MapConfig) -> Result<(Vec<u32>, Vec<f32>)> {
    let k = config.neighbours - 1;
    // One more neighbour, since a row finds itself.
    let found = if space.len() <= EXACT {
        space.nearest(space.features(), k + 1, config.metric)?
    } else {
        let index = IndexConfig {
            metric: config.metric,
            seed: config.seed,
            recall: 0.95,
            ..IndexConfig::default()
        };
        space.index(&index)?.nearest(space.features(), k + 1)?
    };
    let mut nearest = Vec::with_capacity(space.len() * k);
    let mut distances = Vec::with_capacity(space.len() * k);
    for (row, (rows, far)) in found.rows.rows().into_iter().zip(found.distances.rows()).enumerate()
    {
        // Among many copies, a row may not have found itself.
        let own = rows.iter().position(|&it| it as usize == row).unwrap_or(k);
        let others = rows.iter().zip(far).enumerate().filter(|&(place, _)| place != own);
        for (_, (&row, &distance)) in others {
            nearest.push(row);
            distances.push(distance);
        }
    }
    Ok((nearest, distances))
}

/// The initial layout: the first two principal components, scaled to at most 10, with a little noise
/// that separates copies.
fn begin(space: &Space, seed: u64) -> Result<Vec<[f32; 2]>> {
    let start = match space.width() {
        1 => space.features().to_owned(),
        _ => space.pca(2)?.features().to_owned(),
    };
    let largest = start.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    let scale = if largest > 0.0 { 10.0 / largest } else { 0.0 };
    let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
    let noise =
        Normal::new(0.0, 1e-4_f32).map_err(Error::internal("the noise of a map's start"))?;
    let rows = start.rows();
    Ok(rows
        .into_iter()
        .map(|row| {
            let at = |i: usize| row.get(i).copied().unwrap_or(0.0) * scale;
            [at(0) + noise.sample(&mut rng), at(1) + noise.sample(&mut rng)]
        })
        .collect())
}

fn table(places: &[[f32; 2]]) -> Array2<f32> {
    Array2::from_shape_fn((places.len(), 2), |(row, column)| places[row][column])
}

impl Map {
    /// The space that is mapped.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// The positions of the galaxies, rows x 2, in the order of the space.
    pub fn places(&self) -> ArrayView2<'_, f32> {
        self.places.view()
    }

    /// The configuration of the map.
    pub fn config(&self) -> &MapConfig {
        &self.config
    }

    /// The table: `id_str`, `map_x`, `map_y`.
    pub fn table(&self) -> DataFrame {
        let column =
            |name: &str, i: usize| Column::new(name.into(), self.places.column(i).to_vec());
        let ids = Column::new(ID.into(), self.space.ids());
        table_of(self.space.len(), vec![ids, column("map_x", 0), column("map_y", 1)])
    }

    /// Places other galaxies on the map; the map's own galaxies do not move. `features` are in the
    /// mapped space, as [`Space::place`] returns them.
    ///
    /// # Shapes
    /// rows x the width of the space, to rows x 2.
    ///
    /// # Errors
    /// [`Error::Shape`] for another width; [`Error::Unsuitable`] for a number that is not finite;
    /// [`Error::Interrupted`].
    pub fn place(&self, features: ArrayView2<f32>) -> Result<Array2<f32>> {
        let k = self.config.neighbours.min(self.space.len());
        let found = self.space.nearest(features, k, self.config.metric)?;
        let still: Vec<[f32; 2]> =
            self.places.rows().into_iter().map(|row| [row[0], row[1]]).collect();
        let mut links = fuzzy::Links { start: vec![0], to: Vec::new(), weight: Vec::new() };
        let mut places = Vec::with_capacity(features.nrows());
        for (rows, far) in found.rows.rows().into_iter().zip(found.distances.rows()) {
            let weights = fuzzy::weights(&far.to_vec());
            let total: f32 = weights.iter().sum();
            let mean = |axis: usize| {
                let sum = rows.iter().zip(&weights).map(|(&row, w)| w * still[row as usize][axis]);
                sum.sum::<f32>() / total
            };
            places.push([mean(0), mean(1)]);
            links.to.extend(rows);
            links.weight.extend(&weights);
            links.start.push(links.to.len());
        }
        let how = Schedule {
            curve: Curve::fit(self.config.apart),
            rounds: self.config.rounds(self.space.len()).div_ceil(3),
            seed: self.config.seed,
            share: 1.0,
        };
        layout::lay(&links, &mut places, Some(&still), how, |_| ())?;
        Ok(table(&places))
    }

    /// How many of the neighbours on the map are also neighbours in the space: 1 at best, about 0.5 by
    /// chance (see [`trustworthiness`](fn@trustworthiness)). It uses `k` neighbours among `sample`
    /// galaxies (or all, if there are fewer), drawn with the map's seed. The time grows as the square of
    /// `sample`.
    ///
    /// # Errors
    /// [`Error::Parameter`] when `k` is 0 or at least half of the sample.
    pub fn trustworthiness(&self, k: usize, sample: usize) -> Result<f64> {
        let sample = sample.min(self.space.len());
        if k == 0 || 2 * k >= sample {
            let range = format!("at least 1 and less than half of the sample ({sample} galaxies)");
            return Err(Error::parameter("k", k, range));
        }
        let mut rng = rand::rngs::StdRng::seed_from_u64(self.config.seed);
        let rows = rand::seq::index::sample(&mut rng, self.space.len(), sample).into_vec();
        let features = self.space.features().select(Axis(0), &rows);
        let places = self.places.select(Axis(0), &rows);
        Ok(trustworthiness(features.view(), places.view(), k))
    }

    /// The galaxies within a region of the map, in the order of the space. Look at them with
    /// `galaxies.select(&ids)?`.
    pub fn inside(&self, region: &Region) -> Vec<&str> {
        let rows = self.places.rows().into_iter().zip(self.space.ids());
        rows.filter(|(row, _)| region.contains(f64::from(row[0]), f64::from(row[1])))
            .map(|(_, id)| id.as_str())
            .collect()
    }

    /// The limits of the map, with a small margin: left, right, bottom, top.
    fn ends(&self) -> [f64; 4] {
        let ends = |axis: usize| {
            let column = self.places.slice(s![.., axis]);
            let low = column.iter().copied().fold(f32::INFINITY, f32::min);
            let high = column.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let air = (0.02 * (high - low)).max(1e-3);
            [f64::from(low - air), f64::from(high + air)]
        };
        let ([left, right], [bottom, top]) = (ends(0), ends(1));
        [left, right, bottom, top]
    }
}

impl Show for Map {
    fn show(&self) -> Bundle {
        self.figure().show()
    }
}

#[cfg(test)]
mod tests;
