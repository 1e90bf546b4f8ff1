//! Means and deviations of many candidates, block by block, on all cores.

use super::kernel::{Form, Kernel};
use super::lanes::{self, LANES, ROWS};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use zoobot_base::error::{Error, Result};

/// The number of candidates in a thread's unit of work.
const BLOCK: usize = 128 * LANES;

/// The predictions of a Gaussian process, one mean and one standard deviation for each galaxy.
///
/// ```
/// use zoobot_core::anomaly::gp::{GaussianProcess, Kernel};
/// use zoobot_core::ndarray::array;
/// let process = GaussianProcess::new(Kernel::rbf(1.0) + Kernel::white(1e-3));
/// let fitted = process.condition(array![[0.0], [1.0]].view(), &[0.0, 3.0])?;
/// let near_and_far = fitted.predict(array![[1.0], [50.0]].view())?;
/// assert!(near_and_far.std[0] < near_and_far.std[1]);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The expected rating.
    pub mean: Vec<f64>,
    /// The standard deviation of a rating, noise included.
    pub std: Vec<f64>,
}

/// A kernel and the rows that candidates are compared with.
#[derive(Debug, Clone)]
pub struct Compared {
    node: Node,
    /// The number of rows, rounded up to whole groups of [`ROWS`].
    padded: usize,
    count: usize,
    width: usize,
}

#[derive(Debug, Clone)]
enum Node {
    /// One length scale: distances are scaled. The rows have the layout that
    /// [`lanes::distances_by_products`] needs.
    Scaled(Form, f64, Vec<f64>),
    /// A length scale for each feature: candidates and rows are scaled by the inverse lengths.
    Stretched(Form, Vec<f64>, Vec<f64>),
    Constant(f64),
    /// White noise: no two galaxies share it.
    Nothing,
    Sum(Box<Node>, Box<Node>),
    Product(Box<Node>, Box<Node>),
}

impl Compared {
    pub fn new<T: Copy + Into<f64>>(kernel: &Kernel, rows: ArrayView2<T>) -> Self {
        let (count, width) = rows.dim();
        let padded = count.next_multiple_of(ROWS);
        Self { node: Node::new(kernel, rows, padded), padded, count, width }
    }

    /// Covariances of candidates with the rows.
    ///
    /// # Shapes
    /// `candidates`: candidates x width. Returns candidates x rows.
    pub fn with<T: Copy + Into<f64> + Sync>(&self, candidates: ArrayView2<T>) -> Array2<f64> {
        let mut all = Array2::zeros((candidates.nrows(), self.count));
        let blocks: Vec<_> = all.axis_chunks_iter_mut(ndarray::Axis(0), LANES).collect();
        blocks.into_par_iter().enumerate().for_each(|(block, mut out)| {
            let mut work = Work::new(self);
            let first = block * LANES;
            let places = |lane: usize| first + lane;
            self.block(&candidates, places, out.nrows(), &mut work);
            for (lane, mut row) in out.rows_mut().into_iter().enumerate() {
                for (to, values) in row.iter_mut().zip(work.values.chunks_exact(LANES)) {
                    *to = values[lane];
                }
            }
        });
        all
    }

    /// Fills `work.values` (rows x lanes) with the covariances of a few candidates.
    fn block<T: Copy + Into<f64>>(
        &self,
        candidates: &ArrayView2<T>,
        place: impl Fn(usize) -> usize,
        count: usize,
        work: &mut Work,
    ) {
        for lane in 0..count {
            let row = candidates.row(place(lane));
            for (to, &value) in work.columns.chunks_exact_mut(LANES).zip(row) {
                to[lane] = value.into();
            }
        }
        self.node.fill(&work.columns, &mut work.values);
    }
}

/// A thread's buffers for a group of candidates.
struct Work {
    /// Features x lanes.
    columns: Vec<f64>,
    /// Rows x lanes.
    values: Vec<f64>,
}

impl Work {
    fn new(compared: &Compared) -> Self {
        Self {
            columns: vec![0.0; compared.width * LANES],
            values: vec![0.0; compared.padded * LANES],
        }
    }
}

impl Node {
    fn new<T: Copy + Into<f64>>(kernel: &Kernel, rows: ArrayView2<T>, padded: usize) -> Self {
        let flat = |inverse: Option<&[f64]>| {
            let mut values = Vec::with_capacity(padded * (1 + rows.ncols()));
            for row in rows.rows() {
                let scaled = row.iter().enumerate().map(|(i, &value)| -> f64 {
                    let value: f64 = value.into();
                    inverse.map_or(value, |inverse| value * inverse[i])
                });
                values.push(scaled.clone().map(|value| value * value).sum());
                values.extend(scaled.map(|value| -2.0 * value));
            }
            values.resize(padded * (1 + rows.ncols()), 0.0);
            values
        };
        match kernel {
            Kernel::Stationary { form, lengths } if lengths.len() == 1 => {
                Self::Scaled(*form, lengths[0].powi(-2), flat(None))
            }
            Kernel::Stationary { form, lengths } => {
                let inverse: Vec<f64> = lengths.iter().map(|length| length.recip()).collect();
                let rows = flat(Some(&inverse));
                Self::Stretched(*form, inverse, rows)
            }
            Kernel::Constant(value) => Self::Constant(*value),
            Kernel::White(_) => Self::Nothing,
            Kernel::Sum(a, b) => match (Self::new(a, rows, padded), Self::new(b, rows, padded)) {
                (Self::Nothing, node) | (node, Self::Nothing) => node,
                (a, b) => Self::Sum(a.into(), b.into()),
            },
            Kernel::Product(a, b) => {
                match (Self::new(a, rows, padded), Self::new(b, rows, padded)) {
                    (Self::Nothing, _) | (_, Self::Nothing) => Self::Nothing,
                    (a, b) => Self::Product(a.into(), b.into()),
                }
            }
        }
    }

    fn fill(&self, columns: &[f64], values: &mut [f64]) {
        let join = |a: &Self, b: &Self, values: &mut [f64], join: fn(&mut f64, f64)| {
            a.fill(columns, values);
            let mut others = vec![0.0; values.len()];
            b.fill(columns, &mut others);
            values.iter_mut().zip(others).for_each(|(value, other)| join(value, other));
        };
        match self {
            Self::Scaled(form, scale, rows) => {
                lanes::distances_by_products(columns, rows, values);
                lanes::covariances(*form, *scale, values);
            }
            Self::Stretched(form, inverse, rows) => {
                let lanes = columns.chunks_exact(LANES).zip(inverse);
                let stretched: Vec<f64> =
                    lanes.flat_map(|(lanes, scale)| lanes.iter().map(move |x| x * scale)).collect();
                lanes::distances_by_products(&stretched, rows, values);
                lanes::covariances(*form, 1.0, values);
            }
            Self::Constant(value) => values.fill(*value),
            Self::Nothing => values.fill(0.0),
            Self::Sum(a, b) => join(a, b, values, |value, other| *value += other),
            Self::Product(a, b) => join(a, b, values, |value, other| *value *= other),
        }
    }
}

/// All that predictions need, computed once.
#[derive(Debug, Clone)]
pub struct Predictor {
    compared: Compared,
    /// `K⁻¹ y`, padded with zeros to whole groups.
    weights: Vec<f64>,
    panels: Vec<f64>,
    variance: f64,
}

/// What to predict for each candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Want {
    Mean,
    Both,
}

impl Predictor {
    pub fn new(
        kernel: &Kernel,
        rows: ArrayView2<f64>,
        factor: &[f64],
        mut weights: Vec<f64>,
    ) -> Self {
        let compared = Compared::new(kernel, rows);
        weights.resize(compared.padded, 0.0);
        let panels = lanes::panels(compared.count, factor);
        Self { compared, weights, panels, variance: kernel.variance() }
    }

    /// Means alone, in a fifth of the time of means and deviations.
    pub fn mean<T: Copy + Into<f64> + Sync>(&self, rows: ArrayView2<T>) -> Result<Vec<f64>> {
        Ok(self.run(rows, None, Want::Mean)?.mean)
    }

    /// Means and deviations of all rows, or of the rows at `places`.
    pub fn both<T: Copy + Into<f64> + Sync>(
        &self,
        rows: ArrayView2<T>,
        places: Option<&[usize]>,
    ) -> Result<Prediction> {
        self.run(rows, places, Want::Both)
    }

    fn run<T: Copy + Into<f64> + Sync>(
        &self,
        rows: ArrayView2<T>,
        places: Option<&[usize]>,
        want: Want,
    ) -> Result<Prediction> {
        let compared = &self.compared;
        if rows.ncols() != compared.width {
            let problem = format!(
                "the galaxies have {} features, but the rated ones have {}",
                rows.ncols(),
                compared.width
            );
            return Err(Error::shape(
                problem,
                "Give the features that the ratings were learnt from",
            ));
        }
        let count = places.map_or(rows.nrows(), <[usize]>::len);
        let mut mean = vec![0.0; count];
        let mut std = vec![0.0; if want == Want::Both { count } else { 0 }];
        // One piece for each piece of the means; the pieces are empty if no deviation is wanted.
        let stds: Vec<&mut [f64]> = match want {
            Want::Both => std.chunks_mut(BLOCK).collect(),
            Want::Mean => mean.chunks(BLOCK).map(|_| <&mut [f64]>::default()).collect(),
        };
        let blocks: Vec<_> = mean.chunks_mut(BLOCK).zip(stds).enumerate().collect();
        blocks.into_par_iter().try_for_each(|(block, (mean, std))| {
            zoobot_base::interrupt::check("prediction", || {
                format!("{} of {count}", block * BLOCK)
            })?;
            let mut work = Work::new(compared);
            for (group, mean) in mean.chunks_mut(LANES).enumerate() {
                let first = block * BLOCK + group * LANES;
                let place = |lane: usize| places.map_or(first + lane, |all| all[first + lane]);
                compared.block(&rows, place, mean.len(), &mut work);
                let means = lanes::weighted(&self.weights, &work.values);
                mean.copy_from_slice(&means[..mean.len()]);
                if want == Want::Both {
                    lanes::solve(&self.panels, &mut work.values);
                    let known = lanes::squares(&work.values[..compared.count * LANES]);
                    let from = group * LANES;
                    for (std, known) in std[from..from + mean.len()].iter_mut().zip(known) {
                        *std = (self.variance - known).max(0.0).sqrt();
                    }
                }
            }
            Ok::<(), Error>(())
        })?;
        Ok(Prediction { mean, std })
    }

    /// `L⁻¹ k` for each of these rows: the part that the ratings explain. The posterior covariance of two
    /// rows is their prior covariance less the dot product of their two vectors.
    ///
    /// # Shapes
    /// `rows`: candidates x width. Returns candidates x ratings.
    pub fn explained<T: Copy + Into<f64> + Sync>(&self, rows: ArrayView2<T>) -> Array2<f64> {
        let compared = &self.compared;
        let mut all = Array2::zeros((rows.nrows(), compared.count));
        let blocks: Vec<_> = all.axis_chunks_iter_mut(ndarray::Axis(0), LANES).collect();
        blocks.into_par_iter().enumerate().for_each(|(block, mut out)| {
            let mut work = Work::new(compared);
            compared.block(&rows, |lane| block * LANES + lane, out.nrows(), &mut work);
            lanes::solve(&self.panels, &mut work.values);
            for (lane, mut row) in out.rows_mut().into_iter().enumerate() {
                for (to, values) in row.iter_mut().zip(work.values.chunks_exact(LANES)) {
                    *to = values[lane];
                }
            }
        });
        all
    }
}
