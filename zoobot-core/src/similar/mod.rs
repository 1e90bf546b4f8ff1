//! Galaxies like a given one: exact nearest neighbours.

use crate::catalog::{self, Catalog};
use crate::error::{Error, Result};
use crate::notebook::{Bundle, Gallery, Show, Table, Tile};
use crate::space::Space;
use ndarray::{ArrayView1, Axis};
use polars::prelude::{DataFrame, IntoColumn, NamedFrom, Series};
use rayon::prelude::*;

/// The galaxies nearest to a query, nearest first.
#[derive(Debug, Clone)]
pub struct Neighbours {
    query: String,
    ids: Vec<String>,
    distances: Vec<f32>,
    catalog: Option<Catalog>,
}

impl Space {
    /// The `k` galaxies nearest to galaxy `id` in Euclidean distance, `id` itself left out.
    ///
    /// Every galaxy is looked at, so the answer is exact; equal distances keep the table's order.
    ///
    /// ```
    /// use zoobot_core::{ndarray::array, space::Space};
    /// let ids = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
    /// let space = Space::new(ids, array![[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])?;
    /// let near = space.similar_to("a", 2)?;
    /// assert_eq!(near.ids(), ["c", "b"]);
    /// assert_eq!(near.distances(), [1.0, 5.0]);
    /// # Ok::<(), zoobot_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there is no such galaxy, or `k` is 0 or more than there are others.
    pub fn similar_to(&self, id: &str, k: usize) -> Result<Neighbours> {
        let row = self.row(id)?;
        let others = self.len() - 1;
        if k == 0 || k > others {
            return Err(Error::invalid("k", k, format!("1 to {others}, the number of others")));
        }
        let found = nearest(self, self.features().row(row), k, Some(row));
        let ids: Vec<String> = found.iter().map(|&(_, i)| self.ids()[i].clone()).collect();
        let catalog = match self.catalog() {
            Some(catalog) => {
                let mut shown = vec![id.to_owned()];
                shown.extend_from_slice(&ids);
                Some(catalog.select(&shown)?)
            }
            None => None,
        };
        let distances = found.iter().map(|&(distance, _)| distance).collect();
        Ok(Neighbours { query: id.to_owned(), ids, distances, catalog })
    }
}

/// Distances and rows of the `k` rows nearest to `query`.
fn nearest(
    space: &Space,
    query: ArrayView1<f32>,
    k: usize,
    without: Option<usize>,
) -> Vec<(f32, usize)> {
    let features = space.features();
    let rows: Vec<_> = features.axis_iter(Axis(0)).collect();
    let mut all: Vec<(f32, usize)> = rows
        .par_iter()
        .with_min_len(256)
        .enumerate()
        .filter(|&(i, _)| Some(i) != without)
        .map(|(i, row)| (squared_distance(query, *row), i))
        .collect();
    let order = |a: &(f32, usize), b: &(f32, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if k < all.len() {
        all.select_nth_unstable_by(k, order);
        all.truncate(k);
    }
    all.sort_by(order);
    all.into_iter().map(|(squared, i)| (squared.sqrt(), i)).collect()
}

fn squared_distance(a: ArrayView1<f32>, b: ArrayView1<f32>) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

impl Neighbours {
    /// The galaxy that was asked about.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The neighbours' names, nearest first.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The neighbours' distances, smallest first.
    pub fn distances(&self) -> &[f32] {
        &self.distances
    }

    /// The table: `rank` from 1, `id_str`, `distance`, and the catalogue's columns where known.
    ///
    /// # Errors
    /// When the catalogue has a column of one of these names beside `id_str`.
    pub fn table(&self) -> Result<DataFrame> {
        let rank: Vec<u32> = (1..=self.ids.len() as u32).collect();
        let mut columns = vec![
            Series::new("rank".into(), rank).into_column(),
            Series::new(catalog::ID.into(), self.ids.as_slice()).into_column(),
            Series::new("distance".into(), self.distances.as_slice()).into_column(),
        ];
        if let Some(known) = &self.catalog {
            // The first row is the query itself.
            let known = known.table().slice(1, self.ids.len()).drop(catalog::ID)?;
            columns.extend(known.into_columns());
        }
        Ok(DataFrame::new(self.ids.len(), columns)?)
    }

    /// The query, framed, and its neighbours as pictures; `None` without a catalogue.
    pub fn gallery(&self) -> Option<Gallery> {
        let catalog = self.catalog.as_ref()?;
        let captions = std::iter::once(String::new())
            .chain(self.distances.iter().map(|distance| format!("distance {distance:.3}")));
        let tiles = catalog.ids().into_iter().zip(catalog.files()).zip(captions);
        let tiles =
            tiles.map(|((id, file), caption)| Tile::new(id, file).caption(caption)).collect();
        Some(Gallery::new(tiles).first_is_query())
    }
}

impl Show for Neighbours {
    fn show(&self) -> Bundle {
        // The gallery shows the files.
        let table = match self.table() {
            Ok(table) => Table::new(table.drop(catalog::FILE).unwrap_or(table)).show(),
            Err(error) => Bundle::plain(error.to_string()),
        };
        match self.gallery() {
            Some(gallery) => gallery.show().above(&table),
            None => table,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use rand::{Rng, SeedableRng};

    fn space(rows: usize, columns: usize) -> Space {
        let mut rng = rand::rngs::StdRng::seed_from_u64(5);
        let features = Array2::from_shape_fn((rows, columns), |_| rng.random_range(-1.0..1.0));
        Space::new((0..rows).map(|i| format!("g{i}")).collect(), features).unwrap()
    }

    #[test]
    fn neighbours_are_those_of_a_full_sort() {
        let space = space(700, 6);
        let near = space.similar_to("g17", 20).unwrap();
        let query = space.features().row(17).to_owned();
        let mut all: Vec<(f64, usize)> = (0..700)
            .filter(|&i| i != 17)
            .map(|i| {
                let squares = (&space.features().row(i) - &query).mapv(|d| f64::from(d * d));
                (squares.sum().sqrt(), i)
            })
            .collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (rank, (distance, row)) in all.into_iter().take(20).enumerate() {
            assert_eq!(near.ids()[rank], format!("g{row}"));
            assert!((f64::from(near.distances()[rank]) - distance).abs() < 1e-5);
        }
    }

    #[test]
    fn equal_distances_keep_the_order_of_the_table() {
        let ids = ["q", "b", "a"].map(str::to_owned).to_vec();
        let space = Space::new(ids, ndarray::array![[0.0], [1.0], [-1.0]]).unwrap();
        assert_eq!(space.similar_to("q", 2).unwrap().ids(), ["b", "a"]);
    }

    #[test]
    fn an_unknown_galaxy_and_an_impossible_number_are_refused() {
        let space = space(5, 2);
        assert!(space.similar_to("g7", 1).unwrap_err().to_string().contains("Did you mean"));
        for k in [0, 5] {
            let message = space.similar_to("g1", k).unwrap_err().to_string();
            assert!(message.contains("1 to 4"), "{message}");
        }
    }
}
