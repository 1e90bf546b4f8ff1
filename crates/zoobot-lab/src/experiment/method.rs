//! The search methods that are compared.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use zoobot_core::{Error, Result};

/// A method that ranks galaxies, with or without ratings.
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
    /// The paper's method: a Gaussian process with expected improvement, in batches of ten.
    Gp,
    /// Like [`Gp`](Self::Gp), with a Matérn kernel of order 3/2.
    GpMatern32,
    /// Like [`Gp`](Self::Gp), choosing by mean + 2 standard deviations.
    GpUcb,
    /// Like [`Gp`](Self::Gp), choosing by the standard deviation.
    GpVariance,
    /// Like [`Gp`](Self::Gp), choosing by random draws of the function.
    GpThompson,
    /// A Gaussian process that is fitted to ratings of random galaxies.
    GpRandom,
    /// The paper's baseline: the oddest galaxies by an isolation forest are rated, and the ratings correct
    /// the scores.
    Astronomaly,
    /// An isolation forest alone; its oddest galaxies count as rated.
    IsolationForest,
    /// The local outlier factor alone, with 50 neighbours; the oddest galaxies count as rated.
    Lof,
    /// Random galaxies are rated, and the others are ranked at random.
    Random,
}

impl Method {
    /// All methods.
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
