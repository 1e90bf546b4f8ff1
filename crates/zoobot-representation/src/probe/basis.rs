//! Coordinates in which linear models are fast: standardised features, rotated to their principal axes.
//!
//! A penalty on the squared weights is invariant under rotation, and directions in which the fitted
//! galaxies do not vary get no weight. So `n` galaxies with `d` features need at most `min(n, d)`
//! coordinates. In these, ridge regression takes one division per coordinate for any penalty, and
//! logistic regression converges in a few steps.

use super::scaling::Scaling;
use crate::space::{array, tensor};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use tch::{Device, Kind, Tensor};
use zoobot_base::error::Result;

/// Axes whose squared length is below this share of the largest are rounding errors.
const ROUNDING: f64 = 1e-12;

/// The number of rows converted to double precision at a time.
const BLOCK: usize = 4096;

/// The transformation of features to coordinates.
#[derive(Debug, Clone)]
pub struct Basis {
    scaling: Scaling,
    /// The mean of the scaled features: 0 apart from rounding, unless some were clipped.
    centre: Array1<f64>,
    /// The standardised rows whose sums are the axes; `None` if there are more galaxies than features.
    rows: Option<Array2<f64>>,
    /// The axes, one per column, as sums of features, or of `rows` if there are any.
    axes: Array2<f64>,
    /// The squared length of the fitted galaxies along each axis.
    squares: Array1<f64>,
}

/// A linear function of coordinates: for each output an intercept, and a weight per coordinate.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// One intercept per output.
    pub intercepts: Array1<f64>,
    /// Outputs x coordinates.
    pub weights: Array2<f64>,
}

impl Linear {
    /// Evaluates the function: galaxies x outputs.
    pub fn apply(&self, coordinates: &Array2<f64>) -> Array2<f64> {
        coordinates.dot(&self.weights.t()) + &self.intercepts
    }
}

impl Basis {
    /// The basis of these galaxies (rows x features) and their coordinates. Features are standardised as
    /// in scikit-learn.
    ///
    /// # Errors
    /// [`Torch`](zoobot_base::Error::Torch) when the decomposition fails.
    pub fn fit(features: ArrayView2<f32>) -> Result<(Self, Array2<f64>)> {
        Self::scaled(features, Scaling::exact(features))
    }

    /// The basis of these galaxies with a given scaling of their features.
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
            // This scales the axes, which are sums of rows, to length 1.
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
    /// [`Torch`](zoobot_base::Error::Torch) when memory runs out.
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

    /// The squared length of the fitted galaxies along each axis, largest first.
    pub fn squares(&self) -> &Array1<f64> {
        &self.squares
    }

    /// Ridge regression of `values` on the coordinates of the fitted galaxies, in closed form.
    pub fn ridge(&self, fitted: &Array2<f64>, values: &[f64], penalty: f64) -> Linear {
        let values = Array1::from(values.to_vec());
        let mean = values.mean().unwrap_or(0.0);
        // Coordinates have mean 0, so the intercept is the mean and does not affect the weights.
        let weights = fitted.t().dot(&(values - mean)) / (&self.squares + penalty);
        Linear { intercepts: Array1::from(vec![mean]), weights: weights.insert_axis(Axis(0)) }
    }

    /// Leave-one-out predictions of the ridge regression for each fitted galaxy, in closed form: y - e /
    /// (1 - h), where h is the galaxy's weight in its own prediction (Allen 1974, Technometrics 16,
    /// 125). The standardisation is not refitted.
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

    /// Expresses a linear function in terms of the scaled features (see [`Scaling::apply`]).
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

    /// Expresses a linear function in terms of the original features, which is exact if none is clipped.
    pub fn of_features(&self, linear: &Linear) -> Linear {
        let scaled = self.of_scaled(linear);
        let weights = scaled.weights * &self.scaling.scale;
        let intercepts = scaled.intercepts - weights.dot(&self.scaling.mean);
        Linear { intercepts, weights }
    }

    /// The scaling of the features.
    pub fn scaling(&self) -> &Scaling {
        &self.scaling
    }

    fn standardised(&self, features: ArrayView2<f32>) -> Array2<f64> {
        self.scaling.apply(features) - &self.centre
    }
}

/// The eigenvalues of a matrix of products, largest first, and its eigenvectors, one per column, without
/// those that are rounding errors.
fn decompose(products: &Tensor) -> Result<(Array1<f64>, Array2<f64>)> {
    let (squares, axes) = products.f_linalg_eigh("L")?;
    let squares: Vec<f64> = Vec::try_from(squares.f_flip([0])?)?;
    let axes = array(&axes.f_flip([1])?, squares.len(), squares.len())?;
    let least = squares.first().map_or(0.0, |largest| largest * ROUNDING);
    let kept = squares.iter().take_while(|square| **square > least).count();
    Ok((Array1::from(squares[..kept].to_vec()), axes.slice(s![.., ..kept]).to_owned()))
}
