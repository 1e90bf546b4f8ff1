//! What was done to an encoder's features, to do the same to those of other galaxies.

use super::{Kind, Pca, Space};
use ndarray::{Array2, ArrayView2};
use std::sync::Arc;
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};

/// A step from features to what a space holds.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Compress(Arc<Pca>),
    Scale(Arc<Scale>),
}

/// Columns shifted by `mean` and multiplied by `scale`.
#[derive(Debug)]
pub(super) struct Scale {
    pub(super) mean: Vec<f64>,
    pub(super) scale: Vec<f64>,
}

impl Step {
    fn apply(&self, rows: ArrayView2<f32>) -> Result<Array2<f32>> {
        match self {
            Self::Compress(pca) => pca.transform(rows),
            Self::Scale(by) => {
                let mut rows = rows.to_owned();
                for mut row in rows.rows_mut() {
                    for ((value, mean), scale) in row.iter_mut().zip(&by.mean).zip(&by.scale) {
                        *value = ((f64::from(*value) - mean) * scale) as f32;
                    }
                }
                Ok(rows)
            }
        }
    }

    fn width(&self) -> usize {
        match self {
            Self::Compress(pca) => pca.mean().len(),
            Self::Scale(by) => by.mean.len(),
        }
    }
}

impl Space {
    /// The space after one more step.
    pub(super) fn then(mut self, step: Step) -> Result<Self> {
        self.features = Arc::new(step.apply(self.features())?);
        self.steps.push(step);
        Ok(self)
    }

    /// Features of other galaxies, straight from the encoder, as they are in this space: compressed
    /// and standardised as its own galaxies were.
    ///
    /// # Shapes
    /// rows x the encoder's width to rows x [`width`](Self::width).
    ///
    /// # Errors
    /// [`Error::Invalid`] when the number of columns is another; [`Error::Missing`] when the space
    /// was compressed by another program run, which kept the components only.
    pub fn place(&self, rows: ArrayView2<f32>) -> Result<Array2<f32>> {
        if self.steps.is_empty() && self.kind == Kind::Components {
            return Err(Error::Missing {
                kind: "compression",
                name: "pca".to_owned(),
                place: "this representation".to_owned(),
                hint: advice(
                    "Read the encoder's features and compress them here: space.pca(n)?",
                    "Give the table as `zoobot encode` wrote it, with --pca N",
                ),
            });
        }
        let width = self.steps.first().map_or(self.width(), Step::width);
        if rows.ncols() != width {
            let expected = format!("{width}, as the galaxies of this space had");
            return Err(Error::invalid("columns", rows.ncols(), expected));
        }
        self.steps.iter().try_fold(rows.to_owned(), |rows, step| step.apply(rows.view()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array1;

    #[test]
    fn a_galaxy_of_the_space_is_placed_where_it_is() {
        let rows = Array2::from_shape_fn((40, 6), |(i, j)| ((i * 7 + j * 13 + i * j) % 23) as f32);
        let ids = (0..40).map(|i| format!("g{i}")).collect();
        let raw = Space::new(ids, rows.clone()).unwrap();
        let spaces = [
            raw.clone(),
            raw.pca(3).unwrap(),
            raw.standardize().unwrap().pca(2).unwrap(),
            raw.pca(4).unwrap().standardize().unwrap(),
        ];
        for space in spaces {
            let placed = space.place(rows.view()).unwrap();
            assert_eq!(placed.view(), space.features());
        }
        let narrow = Array1::<f32>::zeros(3).insert_axis(ndarray::Axis(0));
        let message = raw.pca(3).unwrap().place(narrow.view()).unwrap_err().to_string();
        assert!(message.contains("3, expected 6"), "{message}");
    }
}
