//! Principal components, computed exactly, from a table in memory or from a stream of rows.

use super::products::Products;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2, Axis, Zip, s};
use rayon::prelude::*;
use tch::{Kind, Tensor};
use zoobot_base::error::{Error, Result};
use zoobot_base::moments::column_means;
use zoobot_show::notebook::Progress;

/// The number of rows whose products are summed at a time.
const BLOCK: usize = 2048;
/// The number of rows from which products are computed in single precision.
const MANY: usize = 10_000;

/// The directions along which rows differ most, largest variance first.
///
/// The covariance (divided by rows - 1) is summed in float64 over blocks of 2,048 rows, so besides the
/// features it needs memory for columns x columns numbers ([`PcaFit`] does not need all features at once
/// either). From 10,000 rows on, the products within a block are computed in single precision from
/// centred rows, which changes the variances by at most 1e-6 of the largest. If there are fewer rows
/// than columns, a singular value decomposition of the centred rows is used instead. Each component's
/// largest weight is positive. This fixes its sign, so that every figure is the same in every run (and
/// as in scikit-learn).
///
/// ```
/// use zoobot_core::{ndarray::array, space::Pca};
/// let rows = array![[0.0_f32, 0.0], [1.0, 2.0], [2.0, 4.0]];
/// let pca = Pca::fit(rows.view(), 1)?;
/// assert!((pca.variance_ratio()[0] - 1.0).abs() < 1e-6);
/// let back = pca.inverse(pca.transform(rows.view())?.view())?;
/// assert!((&back - &rows).iter().all(|it| it.abs() < 1e-5));
/// # Ok::<(), zoobot_core::Error>(())
/// ```
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
    /// [`Error::Unsuitable`] for fewer than 2 rows; [`Error::Parameter`] when `components` is 0 or
    /// exceeds the number of rows or columns.
    pub fn fit(rows: ArrayView2<f32>, components: usize) -> Result<Self> {
        let (n, d) = rows.dim();
        let most = n.min(d);
        if components == 0 || components > most || n < 2 {
            return Err(wrong_number(components, n, d));
        }
        if n < d {
            let mean = mean(rows);
            let spectrum = by_rows(rows, &mean)?;
            return Ok(Self::of(mean, spectrum, components));
        }
        let mut fit = PcaFit::new(components);
        fit.precise = n < MANY;
        let progress = Progress::new("pca", Some(n));
        for block in rows.axis_chunks_iter(Axis(0), BLOCK) {
            fit.add(block)?;
            progress.advance(block.nrows());
        }
        fit.finish()
    }

    /// Keeps the first components of a spectrum and fixes their signs.
    fn of(mean: Array1<f64>, (values, vectors, total): Spectrum, components: usize) -> Self {
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
        Self { mean, components, variance, variance_ratio }
    }

    /// Projects rows onto the components (rows x components), in single precision from centred rows.
    ///
    /// # Errors
    /// [`Error::Shape`] when the number of columns differs from that of the fit.
    pub fn transform(&self, rows: ArrayView2<f32>) -> Result<Array2<f32>> {
        if rows.ncols() != self.mean.len() {
            let problem = format!(
                "the rows have {} columns, but the components were fitted to {}",
                rows.ncols(),
                self.mean.len()
            );
            return Err(Error::shape(problem, "Give rows with the features of the fit"));
        }
        let mut out = Array2::zeros((rows.nrows(), self.components.nrows()));
        let directions = self.components.t().as_standard_layout().into_owned();
        let mean = self.mean.mapv(|mean| mean as f32);
        // Corrects for rounding the mean to single precision.
        let rest = (&self.mean - &mean.mapv(f64::from)).dot(&directions).mapv(|it| it as f32);
        let directions = directions.mapv(|weight| weight as f32);
        let blocks: Vec<_> = rows
            .axis_chunks_iter(Axis(0), BLOCK / 8)
            .zip(out.axis_chunks_iter_mut(Axis(0), BLOCK / 8))
            .collect();
        blocks.into_par_iter().for_each_init(
            || Array2::zeros((BLOCK / 8, mean.len())),
            |centred, (block, mut out)| {
                let mut centred = centred.slice_mut(s![..block.nrows(), ..]);
                Zip::from(&mut centred).and(&block).and_broadcast(&mean).for_each(
                    |centred, value, mean| {
                        *centred = value - mean;
                    },
                );
                general_mat_mul(1.0, &centred, &directions, 0.0, &mut out);
                out -= &rest;
            },
        );
        Ok(out)
    }

    /// Reconstructs rows from their components' values, as closely as the components allow. Values of 0
    /// give the mean.
    ///
    /// # Shapes
    /// rows x components to rows x columns.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there is one column for each component.
    pub fn inverse(&self, values: ArrayView2<f32>) -> Result<Array2<f32>> {
        let (number, width) = self.components.dim();
        if values.ncols() != number {
            let problem =
                format!("the rows have {} columns for {number} components", values.ncols());
            return Err(Error::shape(problem, "Give one column for each component"));
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

    /// The components, one per row, each of length 1.
    pub fn components(&self) -> &Array2<f64> {
        &self.components
    }

    /// The variance along each component.
    pub fn variance(&self) -> &[f64] {
        &self.variance
    }

    /// The share of the total variance along each component.
    pub fn variance_ratio(&self) -> &[f64] {
        &self.variance_ratio
    }
}

/// Fits principal components to a stream of rows. It needs memory for columns x columns numbers and one
/// block, whatever the number of rows.
///
/// ```
/// use zoobot_core::{ndarray::array, space::PcaFit};
/// let mut fit = PcaFit::new(1);
/// fit.add(array![[0.0, 1.0], [2.0, 5.0]].view())?;
/// fit.add(array![[4.0, 9.0]].view())?;
/// let pca = fit.finish()?;
/// assert!((pca.variance_ratio()[0] - 1.0).abs() < 1e-6);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug)]
pub struct PcaFit {
    components: usize,
    precise: bool,
    rows: usize,
    sums: Option<Sums>,
}

/// Sums over rows from which an approximate mean was subtracted, so that rounding errors stay small.
#[derive(Debug)]
struct Sums {
    /// The subtracted mean, rounded to single precision.
    shift: Array1<f64>,
    kept: Kept,
}

#[derive(Debug)]
enum Kept {
    /// The sum of the rows and the sum of their products (columns x columns), in double precision
    /// throughout.
    Precise(Array1<f64>, Tensor),
    Fast(Products),
}

impl PcaFit {
    /// Creates a fit of the first `components` components.
    pub fn new(components: usize) -> Self {
        Self { components, precise: false, rows: 0, sums: None }
    }

    /// Adds rows.
    ///
    /// # Errors
    /// [`Error::Shape`] when they differ in width from earlier rows; [`Error::Interrupted`].
    pub fn add(&mut self, rows: ArrayView2<f32>) -> Result<()> {
        let width = rows.ncols();
        if rows.nrows() == 0 {
            return Ok(());
        }
        if self.sums.is_none() {
            let shift = mean(rows.slice(s![..rows.nrows().min(BLOCK), ..]));
            let shift = shift.mapv(|mean| f64::from(mean as f32));
            let kept = if self.precise {
                let kind = (Kind::Double, tch::Device::Cpu);
                let products = Tensor::f_zeros([width as i64, width as i64], kind)?;
                Kept::Precise(Array1::zeros(width), products)
            } else {
                Kept::Fast(Products::new(width))
            };
            self.sums = Some(Sums { shift, kept });
        }
        let Some(sums) = &mut self.sums else { return Ok(()) };
        if width != sums.shift.len() {
            let problem =
                format!("the rows have {width} columns, but earlier ones had {}", sums.shift.len());
            return Err(Error::shape(problem, "Give every row the same number of features"));
        }
        for block in rows.axis_chunks_iter(Axis(0), BLOCK) {
            zoobot_base::interrupt::check("pca", || format!("{} rows", self.rows))?;
            sums.add(block)?;
            self.rows += block.nrows();
        }
        Ok(())
    }

    /// Computes the components.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] for fewer than 2 rows; [`Error::Parameter`] when the number of components
    /// is 0 or exceeds the number of rows or columns.
    pub fn finish(self) -> Result<Pca> {
        let width = self.sums.as_ref().map_or(0, |sums| sums.shift.len());
        let most = width.min(self.rows);
        let Some(sums) =
            self.sums.filter(|_| (1..=most).contains(&self.components) && self.rows > 1)
        else {
            return Err(wrong_number(self.components, self.rows, width));
        };
        let rows = self.rows as f64;
        let (sum, products) = match sums.kept {
            Kept::Precise(sum, products) => (sum, products),
            Kept::Fast(products) => {
                let (sum, products) = products.finish();
                (Array1::from(sum), tensor(&products)?)
            }
        };
        let off = sum / rows;
        let mean = &sums.shift + &off;
        let off = Tensor::f_from_slice(&off.to_vec())?;
        let square = off.f_outer(&off)?.f_mul_scalar(rows)?;
        let covariance = products.f_sub(&square)?.f_div_scalar(rows - 1.0)?;
        let total = f64::try_from(covariance.f_trace()?)?;
        let (values, vectors) = covariance.f_linalg_eigh("U")?;
        let values: Vec<f64> = Vec::try_from(values.f_flip([0])?)?;
        let values = values.into_iter().map(|value| value.max(0.0)).collect();
        // Copies only the components asked for.
        let wanted = vectors.f_tr()?.f_flip([0])?.f_narrow(0, 0, self.components as i64)?;
        let vectors = array(&wanted, self.components, width)?;
        Ok(Pca::of(mean, (values, vectors, total), self.components))
    }
}

impl Sums {
    fn add(&mut self, block: ArrayView2<f32>) -> Result<()> {
        match &mut self.kept {
            Kept::Precise(sum, products) => {
                let shifted = block.mapv(f64::from) - &self.shift;
                *sum += &shifted.sum_axis(Axis(0));
                let shifted = tensor(&shifted)?;
                let _ = products.f_add_(&shifted.f_tr()?.f_matmul(&shifted)?)?;
            }
            Kept::Fast(products) => {
                let shift: Vec<f32> = self.shift.iter().map(|&mean| mean as f32).collect();
                products.add(block, &shift);
            }
        }
        Ok(())
    }
}

/// The mean of each column, summed in double precision.
fn mean(rows: ArrayView2<f32>) -> Array1<f64> {
    Array1::from(column_means(rows.rows().into_iter(), rows.ncols()))
}

/// The eigenvalues (largest first), the eigenvectors (one per row) and the sum of all eigenvalues.
type Spectrum = (Vec<f64>, Array2<f64>, f64);

/// The spectrum by singular value decomposition, for fewer rows than columns.
fn by_rows(rows: ArrayView2<f32>, mean: &Array1<f64>) -> Result<Spectrum> {
    let (n, d) = rows.dim();
    let centred = tensor(&(rows.mapv(f64::from) - mean))?;
    let (_, singular, vectors) = centred.f_svd(true, true)?;
    let singular: Vec<f64> = Vec::try_from(singular)?;
    let values: Vec<f64> = singular.iter().map(|s| s * s / (n - 1) as f64).collect();
    let total = values.iter().sum();
    Ok((values, array(&vectors.f_tr()?, n, d)?, total))
}

/// Converts an array to a tensor.
#[doc(hidden)]
pub fn tensor(array: &Array2<f64>) -> Result<Tensor> {
    let (rows, columns) = array.dim();
    let values: Vec<f64> = array.iter().copied().collect();
    Ok(Tensor::f_from_slice(&values)?.f_view([rows as i64, columns as i64])?)
}

/// The error for a number of components that a table of this shape does not allow.
fn wrong_number(components: usize, rows: usize, columns: usize) -> Error {
    if rows < 2 {
        let problem =
            format!("principal components need at least 2 galaxies, but there are {rows}");
        return Error::unsuitable(problem, "Give more galaxies");
    }
    let most = rows.min(columns);
    let range = format!("between 1 and {most} (for {rows} galaxies with {columns} features)");
    Error::parameter("components", components, range)
}

/// Converts a tensor to an array.
#[doc(hidden)]
pub fn array(tensor: &Tensor, rows: usize, columns: usize) -> Result<Array2<f64>> {
    let values: Vec<f64> = Vec::try_from(tensor.f_contiguous()?.f_flatten(0, -1)?)?;
    Array2::from_shape_vec((rows, columns), values).map_err(|_| {
        let shape = tensor.size();
        Error::Internal(format!(
            "a tensor of the shape {shape:?} is no table of {rows} x {columns}"
        ))
    })
}
