//! The ways to search that are compared.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use zoobot_core::{Error, Result};

/// A way to rank galaxies with some ratings.
///
/// ```
/// use zoobot_lab::Method;
/// assert_eq!("gp-ucb".parse::<Method>()?, Method::GpUcb);
/// assert_eq!(Method::Lof.to_string(), "lof");
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The paper's method: Gaussian process, expected improvement, the ten best.
    Gp,
    /// With a Matérn kernel of order 3/2.
    GpMatern32,
    /// By mean + 2 standard deviations.
    GpUcb,
    /// By the standard deviation.
    GpVariance,
    /// By draws of the function.
    GpThompson,
    /// Ratings of random galaxies, and a Gaussian process fitted to them.
    GpRandom,
    /// The paper's baseline: the oddest by an isolation forest are rated, and the scores corrected.
    Astronomaly,
    /// An isolation forest alone; its oddest count as rated.
    IsolationForest,
    /// The local outlier factor with 50 neighbours alone; the oddest count as rated.
    Lof,
    /// Random galaxies are rated, and the rest is in random order.
    Random,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Gp,
        Self::GpMatern32,
        Self::GpUcb,
        Self::GpVariance,
        Self::GpThompson,
        Self::GpRandom,
        Self::Astronomaly,
        Self::IsolationForest,
        Self::Lof,
        Self::Random,
    ];
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gp => "gp",
            Self::GpMatern32 => "gp-matern32",
            Self::GpUcb => "gp-ucb",
            Self::GpVariance => "gp-variance",
            Self::GpThompson => "gp-thompson",
            Self::GpRandom => "gp-random",
            Self::Astronomaly => "astronomaly",
            Self::IsolationForest => "isolation-forest",
            Self::Lof => "lof",
            Self::Random => "random",
        })
    }
}

impl FromStr for Method {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|method| method.to_string() == name).ok_or_else(|| {
            let names: Vec<String> = Self::ALL.iter().map(Self::to_string).collect();
            Error::parameter("method", format!("{name:?}"), format!("one of {}", names.join(", ")))
        })
    }
}
