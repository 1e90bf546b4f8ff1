//! Records the steps applied to an encoder's features, to apply them to other galaxies.

use super::{Kind, Pca, Space};
use ndarray::{Array2, ArrayView2};
use std::sync::Arc;
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};

/// A step from an encoder's features to those of a space.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Compress(Arc<Pca>),
    Scale(Arc<Scale>),
}

/// Subtracts `mean` from the columns and multiplies by `scale`.
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
    /// Applies one more step.
    pub(super) fn then(mut self, step: Step) -> Result<Self> {
        self.features = Arc::new(step.apply(self.features())?);
        self.steps.push(step);
        Ok(self)
    }

    /// Transforms an encoder's features of other galaxies into this space: compresses and standardises
    /// them in the same way as the space's own galaxies.
    ///
    /// # Shapes
    /// rows x the encoder's width to rows x [`width`](Self::width).
    ///
    /// # Errors
    /// [`Error::Shape`] when the number of columns differs; [`Error::Missing`] when the space was read
    /// from a file of components, which does not record the steps.
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
            let problem = format!(
                "the rows have {} columns, but the galaxies of this space had {width}",
                rows.ncols()
            );
            let hint = "Give features of the encoder that this space was made with";
            return Err(Error::shape(problem, hint));
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
        assert!(message.contains("3 columns, but the galaxies of this space had 6"), "{message}");
    }
}
