//! The coordinates in which linear models are quick: features standardised, then turned to their
//! principal axes.
//!
//! A penalty on the squared weights does not see a turn, and directions in which the fitted galaxies
//! do not differ get no weight. So `n` galaxies of `d` features need no more than `min(n, d)`
//! coordinates. In these, ridge regression is one division a coordinate, for any penalty, and a
//! logistic one is nearly so.

use super::scaling::Scaling;
use crate::space::{array, tensor};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use tch::{Device, Kind, Tensor};
use zoobot_base::error::Result;

/// Shares of the largest squared length below which an axis is rounding.
const ROUNDING: f64 = 1e-12;

/// Rows that are widened to double precision at a time.
const BLOCK: usize = 4096;

/// The turn of standardised features into coordinates.
#[derive(Debug, Clone)]
pub struct Basis {
    scaling: Scaling,
    /// The mean of the scaled features: 0 but for rounding, unless some were cut off.
    centre: Array1<f64>,
    /// The standardised rows that the axes are sums of; `None` where features are fewer.
    rows: Option<Array2<f64>>,
    /// Axes, one a column: in features, or in rows where there are some.
    axes: Array2<f64>,
    /// The squared length of the fitted galaxies along each axis.
    squares: Array1<f64>,
}

/// A linear function of coordinates: an intercept, and a weight for each, for every output.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// Outputs.
    pub intercepts: Array1<f64>,
    /// Outputs x coordinates.
    pub weights: Array2<f64>,
}

impl Linear {
    /// Galaxies x outputs.
    pub fn apply(&self, coordinates: &Array2<f64>) -> Array2<f64> {
        coordinates.dot(&self.weights.t()) + &self.intercepts
    }
}

impl Basis {
    /// The basis of these galaxies (rows x features), and their coordinates, with features
    /// standardised as scikit-learn does.
    ///
    /// # Errors
    /// [`Torch`](zoobot_base::Error::Torch) when the decomposition fails.
    pub fn fit(features: ArrayView2<f32>) -> Result<(Self, Array2<f64>)> {
        Self::scaled(features, Scaling::exact(features))
    }

    /// The basis of these galaxies with their features scaled in a given way.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn scaled(features: ArrayView2<f32>, scaling: Scaling) -> Result<(Self, Array2<f64>)> {
        let (n, d) = features.dim();
        let mut centre = Array1::zeros(d);
        if scaling.limit.is_finite() {
            for block in features.axis_chunks_iter(Axis(0), BLOCK) {
                centre += &scaling.apply(block).sum_axis(Axis(0));
            }
            centre /= n as f64;
        }
        let mut basis = Self {
            scaling,
            centre,
            rows: None,
            axes: Array2::zeros((0, 0)),
            squares: Array1::zeros(0),
        };
        if n <= d {
            let rows = basis.standardised(features);
            let turned = tensor(&rows)?;
            let (squares, mut axes) = decompose(&turned.f_matmul(&turned.f_tr()?)?)?;
            let coordinates = &axes * &squares.mapv(f64::sqrt);
            // As sums of rows the axes are of length 1 when divided by theirs.
            axes /= &squares.mapv(f64::sqrt);
            (basis.rows, basis.axes, basis.squares) = (Some(rows), axes, squares);
            Ok((basis, coordinates))
        } else {
            let mut products = Tensor::f_zeros([d as i64, d as i64], (Kind::Double, Device::Cpu))?;
            for block in features.axis_chunks_iter(Axis(0), BLOCK) {
                let rows = tensor(&basis.standardised(block))?;
                products = products.f_add(&rows.f_tr()?.f_matmul(&rows)?)?;
            }
            (basis.squares, basis.axes) = decompose(&products)?;
            let coordinates = basis.coordinates(features)?;
            Ok((basis, coordinates))
        }
    }

    /// The coordinates of galaxies (rows x features).
    ///
    /// # Errors
    /// [`Torch`](zoobot_base::Error::Torch) when memory is short.
    pub fn coordinates(&self, features: ArrayView2<f32>) -> Result<Array2<f64>> {
        let mut all = Array2::zeros((features.nrows(), self.squares.len()));
        let axes = tensor(&self.axes)?;
        let rows = self.rows.as_ref().map(tensor).transpose()?;
        let blocks = features.axis_chunks_iter(Axis(0), BLOCK);
        for (block, mut to) in blocks.zip(all.axis_chunks_iter_mut(Axis(0), BLOCK)) {
            let mut some = tensor(&self.standardised(block))?;
            if let Some(rows) = &rows {
                some = some.f_matmul(&rows.f_tr()?)?;
            }
            let (rows, columns) = to.dim();
            to.assign(&array(&some.f_matmul(&axes)?, rows, columns)?);
        }
        Ok(all)
    }

    /// The squared length of the fitted galaxies along each axis, the longest first.
    pub fn squares(&self) -> &Array1<f64> {
        &self.squares
    }

    /// Ridge regression in closed form: with the fitted galaxies' coordinates, `values` and a
    /// penalty.
    pub fn ridge(&self, fitted: &Array2<f64>, values: &[f64], penalty: f64) -> Linear {
        let values = Array1::from(values.to_vec());
        let mean = values.mean().unwrap_or(0.0);
        // Coordinates have mean 0, so the intercept is the mean and the rest goes without it.
        let weights = fitted.t().dot(&(values - mean)) / (&self.squares + penalty);
        Linear { intercepts: Array1::from(vec![mean]), weights: weights.insert_axis(Axis(0)) }
    }

    /// What such a regression predicts for each of the fitted galaxies, were it fitted on all others:
    /// in closed form, y - e / (1 - h), where h is the galaxy's weight in its own prediction (Allen
    /// 1974, Technometrics 16, 125). The standardisation stays.
    pub fn ridge_left_out(
        &self,
        fitted: &Array2<f64>,
        values: &[f64],
        penalty: f64,
    ) -> Array1<f64> {
        let predicted = self.ridge(fitted, values, penalty).apply(fitted);
        let shares = (&self.squares + penalty).mapv(f64::recip);
        let without = |(row, value): (usize, &f64)| {
            let own: f64 =
                fitted.row(row).iter().zip(&shares).map(|(z, share)| z * z * share).sum();
            let own = own + 1.0 / values.len() as f64;
            value - (value - predicted[[row, 0]]) / (1.0 - own)
        };
        values.iter().enumerate().map(without).collect()
    }

    /// That function of the scaled features: of [`Scaling::apply`].
    pub fn of_scaled(&self, linear: &Linear) -> Linear {
        let turned = self.axes.dot(&linear.weights.t());
        let standard = match &self.rows {
            Some(rows) => rows.t().dot(&turned),
            None => turned,
        };
        let weights = standard.t().to_owned();
        let intercepts = &linear.intercepts - &weights.dot(&self.centre);
        Linear { intercepts, weights }
    }

    /// That function of the features as they are, where none is cut off.
    pub fn of_features(&self, linear: &Linear) -> Linear {
        let scaled = self.of_scaled(linear);
        let weights = scaled.weights * &self.scaling.scale;
        let intercepts = scaled.intercepts - weights.dot(&self.scaling.mean);
        Linear { intercepts, weights }
    }

    /// How features are scaled.
    pub fn scaling(&self) -> &Scaling {
        &self.scaling
    }

    fn standardised(&self, features: ArrayView2<f32>) -> Array2<f64> {
        self.scaling.apply(features) - &self.centre
    }
}

/// Eigenvalues of a matrix of products, the largest first, and eigenvectors, one a column; without
/// those that are rounding.
fn decompose(products: &Tensor) -> Result<(Array1<f64>, Array2<f64>)> {
    let (squares, axes) = products.f_linalg_eigh("L")?;
    let squares: Vec<f64> = Vec::try_from(squares.f_flip([0])?)?;
    let axes = array(&axes.f_flip([1])?, squares.len(), squares.len())?;
    let least = squares.first().map_or(0.0, |largest| largest * ROUNDING);
    let kept = squares.iter().take_while(|square| **square > least).count();
    Ok((Array1::from(squares[..kept].to_vec()), axes.slice(s![.., ..kept]).to_owned()))
}
