//! How the heads of an ensemble differ.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use zoobot_base::error::{Error, Result};

/// How the members of an ensemble of heads differ.
///
/// ```
/// use zoobot_core::active::Members;
/// assert_eq!("bootstrap".parse::<Members>()?, Members::Bootstrap);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Members {
    /// Each head is fitted to galaxies drawn with replacement (bagging). The default.
    #[default]
    Bootstrap,
    /// Each head is fitted to all galaxies, but held near other weights, which are drawn from the prior: an
    /// approximation of the Bayesian posterior (Pearce et al. 2020, arXiv:1810.05546).
    Anchored,
    /// Passes with dropout (0.2) of a single head.
    Dropout,
}

impl Members {
    /// All ways.
    pub fn all() -> &'static [Self] {
        &[Self::Bootstrap, Self::Anchored, Self::Dropout]
    }

    /// The name, such as `bootstrap`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bootstrap => "bootstrap",
            Self::Anchored => "anchored",
            Self::Dropout => "dropout",
        }
    }

    /// The way with this name.
    ///
    /// # Errors
    /// [`Error::Missing`] for an unknown name, with the nearest name.
    pub fn named(name: &str) -> Result<Self> {
        let names = || Self::all().iter().map(|it| it.name());
        let found = Self::all().iter().find(|it| it.name() == name);
        found.copied().ok_or_else(|| Error::missing("ensemble", name, "this library", names()))
    }
}

impl fmt::Display for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Parses a name: see [`named`](Members::named).
impl FromStr for Members {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::named(name)
    }
}
