//! Covariance functions as expressions: `Kernel::rational_quadratic(1.0, 1.0) + Kernel::white(1.0)`.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Mul};
use zoobot_base::error::{Error, Result};

/// The covariance of two galaxies' ratings, given their representations.
///
/// With `r` the squared distance in units of the length scale:
///
/// | constructor | covariance |
/// |---|---|
/// | [`rational_quadratic`](Self::rational_quadratic) | `(1 + r / (2 alpha))^-alpha` |
/// | [`matern12`](Self::matern12) | `exp(-s)`, `s = sqrt(r)` |
/// | [`matern32`](Self::matern32) | `(1 + s) exp(-s)`, `s = sqrt(3 r)` |
/// | [`matern52`](Self::matern52) | `(1 + s + s²/3) exp(-s)`, `s = sqrt(5 r)` |
/// | [`rbf`](Self::rbf) | `exp(-r / 2)` |
/// | [`white`](Self::white) | the variance of the noise for a galaxy with itself, else 0 |
/// | [`constant`](Self::constant) | the constant |
///
/// Sums and products of kernels are kernels. (Rasmussen & Williams 2006, Gaussian Processes for
/// Machine Learning, chapter 4.)
///
/// ```
/// use zoobot_core::anomaly::gp::Kernel;
/// let kernel = Kernel::constant(4.0) * Kernel::matern32(2.0) + Kernel::white(0.1);
/// assert_eq!(kernel.names(), ["constant", "length", "noise"]);
/// assert_eq!(kernel.parameters(), [4.0, 2.0, 0.1]);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kernel {
    /// A kernel that depends on the distance alone.
    Stationary {
        /// How the covariance falls off.
        form: Form,
        /// One length scale, in units of the features, or one for each feature.
        lengths: Vec<f64>,
    },
    /// Noise of this variance in every rating.
    White(f64),
    /// An equal covariance for all pairs.
    Constant(f64),
    /// The sum of two kernels.
    Sum(Box<Kernel>, Box<Kernel>),
    /// The product of two kernels.
    Product(Box<Kernel>, Box<Kernel>),
}

/// How a covariance falls off with distance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A mixture of RBF kernels with many length scales; the larger `alpha`, the more alike they are.
    RationalQuadratic {
        /// Above 0.
        alpha: f64,
    },
    /// Matérn of order 1/2: rough.
    Matern12,
    /// Matérn of order 3/2.
    Matern32,
    /// Matérn of order 5/2.
    Matern52,
    /// A Gaussian: smooth.
    Rbf,
}

impl Kernel {
    /// A rational quadratic kernel with one length scale for all features.
    pub fn rational_quadratic(alpha: f64, length: f64) -> Self {
        Self::of(Form::RationalQuadratic { alpha }, length)
    }

    /// A Matérn kernel of order 1/2.
    pub fn matern12(length: f64) -> Self {
        Self::of(Form::Matern12, length)
    }

    /// A Matérn kernel of order 3/2.
    pub fn matern32(length: f64) -> Self {
        Self::of(Form::Matern32, length)
    }

    /// A Matérn kernel of order 5/2.
    pub fn matern52(length: f64) -> Self {
        Self::of(Form::Matern52, length)
    }

    /// A Gaussian kernel (radial basis function).
    pub fn rbf(length: f64) -> Self {
        Self::of(Form::Rbf, length)
    }

    /// White noise of this variance in every rating.
    pub fn white(variance: f64) -> Self {
        Self::White(variance)
    }

    /// An equal covariance for all pairs; as a factor, it scales the variance of the other kernel.
    pub fn constant(value: f64) -> Self {
        Self::Constant(value)
    }

    fn of(form: Form, length: f64) -> Self {
        Self::Stationary { form, lengths: vec![length] }
    }

    /// Gives each of `width` features its own length scale, all starting from the present one.
    pub fn per_dimension(self, width: usize) -> Self {
        match self {
            Self::Stationary { form, lengths } if lengths.len() == 1 => {
                Self::Stationary { form, lengths: lengths.repeat(width) }
            }
            Self::Sum(a, b) => {
                Self::Sum(a.per_dimension(width).into(), b.per_dimension(width).into())
            }
            Self::Product(a, b) => {
                Self::Product(a.per_dimension(width).into(), b.per_dimension(width).into())
            }
            other => other,
        }
    }

    /// The parameters, from left to right, with `alpha` before the length scale. All are above 0.
    pub fn parameters(&self) -> Vec<f64> {
        let mut all = Vec::new();
        self.clone().each(&mut |_, value| all.push(*value));
        all
    }

    /// The parameters' names, in the order of [`parameters`](Self::parameters).
    pub fn names(&self) -> Vec<&'static str> {
        let mut all = Vec::new();
        self.clone().each(&mut |name, _| all.push(name));
        all
    }

    /// This kernel with other parameters, in the order of [`parameters`](Self::parameters).
    ///
    /// # Errors
    /// [`Error::Shape`] when the kernel has more or fewer parameters.
    pub fn with_parameters(&self, values: &[f64]) -> Result<Self> {
        let mut kernel = self.clone();
        let mut count = 0;
        kernel.each(&mut |_, value| {
            if let Some(new) = values.get(count) {
                *value = *new;
            }
            count += 1;
        });
        if count != values.len() {
            let problem = format!("there are {} values for {count} parameters", values.len());
            let hint = format!("Give one for each of {}", self.names().join(", "));
            return Err(Error::shape(problem, hint));
        }
        Ok(kernel)
    }

    /// Calls `take` with the name and value of every parameter, in order.
    fn each(&mut self, take: &mut impl FnMut(&'static str, &mut f64)) {
        match self {
            Self::Stationary { form, lengths } => {
                if let Form::RationalQuadratic { alpha } = form {
                    take("alpha", alpha);
                }
                lengths.iter_mut().for_each(|length| take("length", length));
            }
            Self::White(variance) => take("noise", variance),
            Self::Constant(value) => take("constant", value),
            Self::Sum(a, b) | Self::Product(a, b) => {
                a.each(take);
                b.each(take);
            }
        }
    }

    /// The prior variance of one rating, noise included.
    pub fn variance(&self) -> f64 {
        match self {
            Self::Stationary { .. } => 1.0,
            Self::White(value) | Self::Constant(value) => *value,
            Self::Sum(a, b) => a.variance() + b.variance(),
            Self::Product(a, b) => a.variance() * b.variance(),
        }
    }

    /// The part of [`variance`](Self::variance) that is noise of the single rating: two galaxies with
    /// equal features do not share it.
    pub fn noise(&self) -> f64 {
        self.variance() - self.shared()
    }

    /// The covariance of two galaxies with equal features.
    fn shared(&self) -> f64 {
        match self {
            Self::Stationary { .. } => 1.0,
            Self::White(_) => 0.0,
            Self::Constant(value) => *value,
            Self::Sum(a, b) => a.shared() + b.shared(),
            Self::Product(a, b) => a.shared() * b.shared(),
        }
    }

    /// Checks the parameters, for `width` features.
    pub(super) fn check(&self, width: usize) -> Result<()> {
        for (name, value) in self.names().into_iter().zip(self.parameters()) {
            if !(value.is_finite() && value > 0.0) {
                return Err(Error::parameter(name, value, "a finite number above 0"));
            }
        }
        match self {
            Self::Stationary { lengths, .. } if lengths.len() != 1 && lengths.len() != width => {
                let problem =
                    format!("the kernel has {} lengths for {width} features", lengths.len());
                Err(Error::shape(problem, "Give one length, or one for each feature"))
            }
            Self::Sum(a, b) | Self::Product(a, b) => a.check(width).and_then(|()| b.check(width)),
            _ => Ok(()),
        }
    }
}

impl Add for Kernel {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::Sum(self.into(), other.into())
    }
}

impl Mul for Kernel {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self::Product(self.into(), other.into())
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stationary { form, lengths } => {
                match form {
                    Form::RationalQuadratic { alpha } => {
                        write!(f, "RationalQuadratic(alpha={alpha:.3}, ")?;
                    }
                    other => write!(f, "{other:?}(")?,
                }
                match lengths.as_slice() {
                    [length] => write!(f, "length={length:.3})"),
                    many => write!(f, "{} lengths)", many.len()),
                }
            }
            Self::White(variance) => write!(f, "White({variance:.3})"),
            Self::Constant(value) => write!(f, "{value:.3}"),
            Self::Sum(a, b) => write!(f, "{a} + {b}"),
            Self::Product(a, b) => {
                for (i, factor) in [a, b].into_iter().enumerate() {
                    let times = if i == 1 { " * " } else { "" };
                    match **factor {
                        Self::Sum(..) => write!(f, "{times}({factor})")?,
                        _ => write!(f, "{times}{factor}")?,
                    }
                }
                Ok(())
            }
        }
    }
}
