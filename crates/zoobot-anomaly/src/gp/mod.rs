//! Gaussian process regression, exact and in double precision: from a few rated galaxies, it predicts
//! the ratings of all others, with their uncertainties.
//!
//! The prior mean is 0 and the ratings are not rescaled. A fit maximises the log marginal likelihood
//! over the kernel's parameters, as scikit-learn's `GaussianProcessRegressor` does; the results agree.
//! Memory grows as the square of the number of ratings, plus the size of the output; candidates are
//! processed in blocks. (Rasmussen & Williams 2006, Gaussian Processes for Machine Learning,
//! algorithm 2.1.)

mod cholesky;
mod kernel;
mod lanes;
mod likelihood;
mod predict;
mod rough;

use likelihood::Rated;
use ndarray::{Array2, ArrayView2};
use predict::{Compared, Predictor};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rayon::prelude::*;
use rough::Rough;
use serde::{Deserialize, Serialize};
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};
use zoobot_base::minimise::{Enough, minimise};
use zoobot_base::seed;

pub use kernel::{Form, Kernel};
pub use predict::Prediction;

/// A Gaussian process before it has seen ratings: its kernel, and how to fit it.
///
/// ```
/// use zoobot_core::anomaly::gp::{GaussianProcess, Kernel};
/// use zoobot_core::ndarray::array;
/// let rated = array![[0.0], [1.0], [2.0], [3.0], [4.0]];
/// let ratings = [0.0, 1.0, 4.0, 1.0, 0.0];
/// let process = GaussianProcess::new(Kernel::rbf(1.0) + Kernel::white(1e-3));
/// let fitted = process.fit(rated.view(), &ratings)?;
/// let there = fitted.predict(array![[2.0], [30.0]].view())?;
/// assert!((there.mean[0] - 4.0).abs() < 0.1 && there.mean[1].abs() < 0.1);
/// assert!(there.std[0] < there.std[1]);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GaussianProcess {
    /// The kernel, with the parameters that a fit starts from.
    pub kernel: Kernel,
    /// The number of additional starts, at random within the bounds (default 0, as in the paper).
    pub restarts: usize,
    /// The seed of the additional starts (default 0).
    pub seed: u64,
    /// A small number added to the diagonal of the covariance matrix (default 1e-10).
    pub jitter: f64,
    /// The smallest and the largest value of a parameter (default 1e-5 and 1e5).
    pub bounds: (f64, f64),
}

/// A Gaussian process conditioned on ratings.
///
/// ```
/// use zoobot_core::anomaly::gp::{GaussianProcess, Kernel};
/// use zoobot_core::ndarray::array;
/// let process = GaussianProcess::new(Kernel::rbf(1.0) + Kernel::white(1e-3));
/// let fitted = process.condition(array![[0.0], [1.0], [2.0]].view(), &[0.0, 3.0, 0.0])?;
/// println!("{}, log likelihood {:.2}", fitted.kernel(), fitted.log_marginal_likelihood());
/// assert!(fitted.mean(array![[1.0]].view())?[0] > 2.0);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FittedProcess {
    kernel: Kernel,
    likelihood: f64,
    predictor: Predictor,
    rough: Option<Rough>,
}

impl GaussianProcess {
    /// Creates a process with this kernel.
    pub fn new(kernel: Kernel) -> Self {
        Self { kernel, restarts: 0, seed: seed::DEFAULT, jitter: 1e-10, bounds: (1e-5, 1e5) }
    }

    /// Sets the number of additional starts.
    pub fn restarts(self, restarts: usize) -> Self {
        Self { restarts, ..self }
    }

    /// Sets the seed of the additional starts.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Sets the number added to the diagonal of the covariance matrix.
    pub fn jitter(self, jitter: f64) -> Self {
        Self { jitter, ..self }
    }

    /// Fits the kernel's parameters to ratings, and conditions on the ratings.
    ///
    /// # Shapes
    /// `rows`: galaxies x features. `ratings`: one for each galaxy.
    ///
    /// # Errors
    /// [`Error::Shape`] when the numbers of rows and ratings differ; [`Error::Empty`] without ratings;
    /// [`Error::Parameter`] when a parameter of the kernel is not above 0; [`Error::Unsuitable`] when a
    /// number is not finite, or the covariance matrix is not positive definite from the start.
    pub fn fit<T: Copy + Into<f64>>(
        &self,
        rows: ArrayView2<T>,
        ratings: &[f64],
    ) -> Result<FittedProcess> {
        self.fit_from(rows, ratings, &[])
    }

    /// Like [`fit`](Self::fit), but also starts from other kernels of this form, such as the kernel of an
    /// earlier fit; the best result wins.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn fit_from<T: Copy + Into<f64>>(
        &self,
        rows: ArrayView2<T>,
        ratings: &[f64],
        others: &[Kernel],
    ) -> Result<FittedProcess> {
        let rated = self.rated(rows, ratings)?;
        let (low, high) = (self.bounds.0.ln(), self.bounds.1.ln());
        let logs = |kernel: &Kernel| kernel.parameters().iter().map(|it| it.ln()).collect();
        let mut starts: Vec<Vec<f64>> =
            std::iter::once(&self.kernel).chain(others).map(logs).collect();
        let mut rng = StdRng::seed_from_u64(self.seed);
        for _ in 0..self.restarts {
            starts.push(starts[0].iter().map(|_| rng.random_range(low..high)).collect());
        }
        let kernel_at = |logs: &[f64]| {
            self.kernel.with_parameters(&logs.iter().map(|log| log.exp()).collect::<Vec<_>>())
        };
        // A log likelihood 0.001 below the maximum is good enough.
        let enough = Enough { slope: 1e-3, gain: 1e-4 };
        let ends: Vec<Result<_>> = starts
            .par_iter()
            .map(|start| {
                minimise(start, (low, high), enough, |logs| {
                    let (value, slope) = rated.likelihood(&kernel_at(logs)?, self.jitter)?;
                    Ok((-value, slope.iter().map(|part| -part).collect()))
                })
            })
            .collect();
        let best = ends.iter().flatten().min_by(|a, b| a.value.total_cmp(&b.value)).cloned();
        let best = match best {
            Some(best) => best,
            None => {
                let none = || Err(Error::Internal("a fit without a start".to_owned()));
                ends.into_iter().next().unwrap_or_else(none)?
            }
        };
        FittedProcess::new(kernel_at(&best.at)?, &rated, self.jitter)
    }

    /// Conditions on the ratings without changing the kernel's parameters.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn condition<T: Copy + Into<f64>>(
        &self,
        rows: ArrayView2<T>,
        ratings: &[f64],
    ) -> Result<FittedProcess> {
        FittedProcess::new(self.kernel.clone(), &self.rated(rows, ratings)?, self.jitter)
    }

    /// The log marginal likelihood of ratings under this kernel, and its derivative with respect to the
    /// logarithm of each parameter.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn log_marginal_likelihood<T: Copy + Into<f64>>(
        &self,
        rows: ArrayView2<T>,
        ratings: &[f64],
    ) -> Result<(f64, Vec<f64>)> {
        self.rated(rows, ratings)?.likelihood(&self.kernel, self.jitter)
    }

    fn rated<T: Copy + Into<f64>>(&self, rows: ArrayView2<T>, ratings: &[f64]) -> Result<Rated> {
        let rows: Array2<f64> = rows.mapv(Into::into);
        if rows.nrows() != ratings.len() {
            let problem =
                format!("there are {} ratings for {} galaxies", ratings.len(), rows.nrows());
            return Err(Error::shape(problem, "Give one rating for each galaxy"));
        }
        if ratings.is_empty() {
            return Err(Error::empty("no galaxies are rated yet", "Rate at least one"));
        }
        if let Some(value) = rows.iter().chain(ratings).find(|value| !value.is_finite()) {
            let problem = format!("a feature or rating is {value}");
            return Err(Error::unsuitable(problem, "All must be finite numbers"));
        }
        self.kernel.check(rows.ncols())?;
        Ok(Rated::new(rows, ratings.to_vec()))
    }
}

impl FittedProcess {
    fn new(kernel: Kernel, rated: &Rated, jitter: f64) -> Result<Self> {
        let factored = rated.factored(&kernel, jitter)?;
        let rough = Rough::new(&kernel, rated.rows.view(), &factored.weights);
        let predictor =
            Predictor::new(&kernel, rated.rows.view(), &factored.factor, factored.weights);
        Ok(Self { kernel, likelihood: factored.likelihood, predictor, rough })
    }

    /// The kernel with its fitted parameters.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// The log marginal likelihood of the ratings.
    pub fn log_marginal_likelihood(&self) -> f64 {
        self.likelihood
    }

    /// Predicts the ratings of galaxies: means and standard deviations, noise included.
    ///
    /// # Shapes
    /// `rows`: galaxies x features. Returns one mean and one standard deviation for each galaxy.
    ///
    /// # Errors
    /// [`Error::Shape`] when the number of features differs; [`Error::Interrupted`].
    pub fn predict<T: Copy + Into<f64> + Sync>(&self, rows: ArrayView2<T>) -> Result<Prediction> {
        self.predictor.both(rows, None)
    }

    /// Like [`predict`](Self::predict), but only for the rows at `places`, in that order.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn predict_at<T: Copy + Into<f64> + Sync>(
        &self,
        rows: ArrayView2<T>,
        places: &[usize],
    ) -> Result<Prediction> {
        if let Some(place) = places.iter().find(|place| **place >= rows.nrows()) {
            let range = format!("less than {}, the number of rows", rows.nrows());
            return Err(Error::parameter("place", place, range));
        }
        self.predictor.both(rows, Some(places))
    }

    /// Predicts the expected ratings alone, in a fraction of the time of [`predict`](Self::predict).
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn mean<T: Copy + Into<f64> + Sync>(&self, rows: ArrayView2<T>) -> Result<Vec<f64>> {
        self.predictor.mean(rows)
    }

    /// An upper bound on the expected rating of each galaxy, which is faster to compute than the mean if
    /// the kernel allows it; otherwise the mean itself.
    pub(super) fn bounds(&self, rows: ArrayView2<f32>) -> Result<Vec<f64>> {
        match &self.rough {
            Some(rough) => Ok(rough.bounds(rows)),
            None => self.mean(rows),
        }
    }

    /// The posterior covariance of galaxies, without the noise of single ratings.
    ///
    /// # Shapes
    /// `rows`: galaxies x features. Returns galaxies x galaxies.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn covariance<T: Copy + Into<f64> + Sync>(
        &self,
        rows: ArrayView2<T>,
    ) -> Result<Array2<f64>> {
        self.predictor.mean(rows.slice(ndarray::s![..rows.nrows().min(1), ..]))?;
        let explained = self.predictor.explained(rows);
        Ok(Compared::new(&self.kernel, rows).with(rows) - explained.dot(&explained.t()))
    }
}

/// The prior covariances of all pairs, without noise.
#[cfg(test)]
fn prior<T: Copy + Into<f64> + Sync>(
    kernel: &Kernel,
    rows: ArrayView2<T>,
    others: ArrayView2<T>,
) -> Array2<f64> {
    Compared::new(kernel, others).with(rows)
}

/// Draws from a normal distribution with mean 0 and this covariance: `L z` for each `z` in `noise`.
pub(super) fn draws(covariance: Array2<f64>, noise: &[Vec<f64>]) -> Result<Vec<Vec<f64>>> {
    let n = covariance.nrows();
    let mut matrix: Vec<f64> = covariance.into_iter().collect();
    let largest = matrix.iter().step_by(n + 1).fold(0.0_f64, |a, &b| a.max(b));
    // More than rounding can take away from the smallest eigenvalues.
    matrix.iter_mut().step_by(n + 1).for_each(|value| *value += 1e-9 * largest.max(1e-9));
    cholesky::factor(n, &mut matrix).map_err(|row| {
        let problem = format!("the covariance is not positive definite in row {}", row + 1);
        Error::unsuitable(problem, "Draw for fewer galaxies, or add white noise to the kernel")
    })?;
    let row =
        |i: usize, z: &[f64]| matrix[i * n..=i * n + i].iter().zip(z).map(|(a, b)| a * b).sum();
    Ok(noise.iter().map(|z| (0..n).map(|i| row(i, z)).collect()).collect())
}

fn not_positive_definite(kernel: &Kernel, row: usize) -> Error {
    let problem =
        format!("the covariance matrix of {kernel} is not positive definite at rating {}", row + 1);
    let hint = advice(
        "Galaxies with equal features cause this: add Kernel::white(..), or raise the jitter",
        "Galaxies with equal features cause this: leave them out",
    );
    Error::unsuitable(problem, hint)
}

#[cfg(test)]
mod tests;
