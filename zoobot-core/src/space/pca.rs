//! Principal components: exact, in double precision, in memory for the features once.

use crate::error::{Error, Result};
use crate::notebook::Progress;
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use tch::{Kind, Tensor};

/// Rows that are widened to double precision at a time.
const BLOCK: usize = 4096;

/// The directions along which rows differ most, most first.
///
/// The covariance (divided by rows - 1) is summed in float64 over blocks of rows, so memory beyond
/// the features is columns x columns; where there are fewer rows than columns the rows' products
/// are decomposed instead. Each component's largest weight is positive, which makes its sign, and
/// with it every figure, the same in every run (and as in scikit-learn).
#[derive(Debug, Clone)]
pub struct Pca {
    mean: Array1<f64>,
    components: Array2<f64>,
    variance: Vec<f64>,
    variance_ratio: Vec<f64>,
}

impl Pca {
    /// Finds the first `components` components of `rows` (rows x columns).
    ///
    /// # Errors
    /// [`Error::Invalid`] when `components` is 0 or more than rows or columns.
    pub fn fit(rows: ArrayView2<f32>, components: usize) -> Result<Self> {
        let (n, d) = rows.dim();
        let most = n.min(d);
        if components == 0 || components > most || n < 2 {
            let expected = format!("1 to {most} ({n} galaxies with {d} features)");
            return Err(Error::invalid("components", components, expected));
        }
        let mean = mean(rows);
        let (values, vectors, total) =
            if n < d { by_rows(rows, &mean)? } else { by_columns(rows, &mean)? };
        let mut components = vectors.slice(s![..components, ..]).to_owned();
        for mut component in components.rows_mut() {
            let largest = component
                .iter()
                .copied()
                .fold(0.0_f64, |a, b| if b.abs() > a.abs() { b } else { a });
            if largest < 0.0 {
                component.mapv_inplace(|weight| -weight);
            }
        }
        let variance = values[..components.nrows()].to_vec();
        let share = |value: &f64| if total > 0.0 { value / total } else { 0.0 };
        let variance_ratio = variance.iter().map(share).collect();
        Ok(Self { mean, components, variance, variance_ratio })
    }

    /// The components' values of each row (rows x components).
    ///
    /// # Errors
    /// [`Error::Invalid`] when the number of columns differs from that of the fit.
    pub fn transform(&self, rows: ArrayView2<f32>) -> Result<Array2<f32>> {
        if rows.ncols() != self.mean.len() {
            let expected = format!("{}, as when it was fitted", self.mean.len());
            return Err(Error::invalid("columns", rows.ncols(), expected));
        }
        let mut out = Array2::zeros((rows.nrows(), self.components.nrows()));
        let directions = self.components.t();
        for (block, mut out) in
            rows.axis_chunks_iter(Axis(0), BLOCK).zip(out.axis_chunks_iter_mut(Axis(0), BLOCK))
        {
            let centred = block.mapv(f64::from) - &self.mean;
            out.assign(&centred.dot(&directions).mapv(|value| value as f32));
        }
        Ok(out)
    }

    /// Rows back from their components' values, as near as so few components come to them: a value
    /// of 0 everywhere gives the mean.
    ///
    /// # Shapes
    /// rows x components to rows x columns.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the number of columns is not that of the components.
    pub fn inverse(&self, values: ArrayView2<f32>) -> Result<Array2<f32>> {
        let (number, width) = self.components.dim();
        if values.ncols() != number {
            let expected = format!("{number}, the number of components");
            return Err(Error::invalid("columns", values.ncols(), expected));
        }
        let mut out = Array2::zeros((values.nrows(), width));
        for (block, mut out) in
            values.axis_chunks_iter(Axis(0), BLOCK).zip(out.axis_chunks_iter_mut(Axis(0), BLOCK))
        {
            let rows = block.mapv(f64::from).dot(&self.components) + &self.mean;
            out.assign(&rows.mapv(|value| value as f32));
        }
        Ok(out)
    }

    /// The mean of each column.
    pub fn mean(&self) -> &Array1<f64> {
        &self.mean
    }

    /// The components, one a row, each of length 1.
    pub fn components(&self) -> &Array2<f64> {
        &self.components
    }

    /// The variance along each component.
    pub fn variance(&self) -> &[f64] {
        &self.variance
    }

    /// The share of the whole variance along each component.
    pub fn variance_ratio(&self) -> &[f64] {
        &self.variance_ratio
    }
}

/// The mean of each column, summed in double precision.
pub(super) fn mean(rows: ArrayView2<f32>) -> Array1<f64> {
    let mut sum = Array1::<f64>::zeros(rows.ncols());
    for row in rows.rows() {
        sum.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
    }
    sum / rows.nrows() as f64
}

/// Eigenvalues (largest first), eigenvectors (one a row) and the sum of all eigenvalues.
type Spectrum = (Vec<f64>, Array2<f64>, f64);

/// From the covariance of the columns.
fn by_columns(rows: ArrayView2<f32>, mean: &Array1<f64>) -> Result<Spectrum> {
    let (n, d) = rows.dim();
    let mut covariance = Tensor::f_zeros([d as i64, d as i64], (Kind::Double, tch::Device::Cpu))?;
    let progress = Progress::new("pca", Some(n));
    for block in rows.axis_chunks_iter(Axis(0), BLOCK) {
        crate::interrupt::check("pca", || format!("{} of {n} rows", progress.done()))?;
        let centred = tensor(&(block.mapv(f64::from) - mean))?;
        covariance = covariance.f_add(&centred.f_tr()?.f_matmul(&centred)?)?;
        progress.advance(block.nrows());
    }
    let covariance = covariance.f_div_scalar((n - 1) as f64)?;
    let total = f64::try_from(covariance.f_trace()?)?;
    let (values, vectors) = covariance.f_linalg_eigh("L")?;
    let values: Vec<f64> = Vec::try_from(values.f_flip([0])?)?;
    let vectors = array(&vectors.f_tr()?.f_flip([0])?, d, d)?;
    Ok((values.into_iter().map(|value| value.max(0.0)).collect(), vectors, total))
}

/// From the products of the rows, when they are fewer than the columns.
fn by_rows(rows: ArrayView2<f32>, mean: &Array1<f64>) -> Result<Spectrum> {
    let (n, d) = rows.dim();
    let centred = tensor(&(rows.mapv(f64::from) - mean))?;
    let (_, singular, vectors) = centred.f_svd(true, true)?;
    let singular: Vec<f64> = Vec::try_from(singular)?;
    let values: Vec<f64> = singular.iter().map(|s| s * s / (n - 1) as f64).collect();
    let total = values.iter().sum();
    Ok((values, array(&vectors.f_tr()?, n, d)?, total))
}

/// A tensor of an array's numbers.
pub(crate) fn tensor(array: &Array2<f64>) -> Result<Tensor> {
    let (rows, columns) = array.dim();
    let values: Vec<f64> = array.iter().copied().collect();
    Ok(Tensor::f_from_slice(&values)?.f_view([rows as i64, columns as i64])?)
}

/// An array of a tensor's numbers.
pub(crate) fn array(tensor: &Tensor, rows: usize, columns: usize) -> Result<Array2<f64>> {
    let values: Vec<f64> = Vec::try_from(tensor.f_contiguous()?.f_flatten(0, -1)?)?;
    Array2::from_shape_vec((rows, columns), values).map_err(|_| {
        Error::invalid("tensor", format!("{:?}", tensor.size()), format!("{rows} x {columns}"))
    })
}
