//! Which part of a FITS file.

use zoobot_base::error::{Error, Result};

/// A part (HDU) of a FITS file: its number, counted from 0 as in astropy, or its name (`EXTNAME`), optionally
/// with its version: `SCI` or `SCI,2`.
///
/// ```
/// use zoobot_core::picture::Hdu;
/// assert_eq!("1".parse::<Hdu>()?, Hdu::Number(1));
/// assert_eq!("SCI,2".parse::<Hdu>()?, Hdu::Name("SCI".to_owned(), Some(2)));
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hdu {
    /// The number, from 0.
    Number(usize),
    /// The name, in any case, and the version (`EXTVER`).
    Name(String, Option<i64>),
}

impl std::str::FromStr for Hdu {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::parameter("hdu", format!("{text:?}"), "a number or a name"));
        }
        if let Ok(number) = text.parse() {
            return Ok(Self::Number(number));
        }
        let version = text.rsplit_once(',').and_then(|(name, version)| {
            version.trim().parse().ok().map(|version| (name.trim().to_owned(), Some(version)))
        });
        let (name, version) = version.unwrap_or_else(|| (text.to_owned(), None));
        Ok(Self::Name(name, version))
    }
}

impl std::fmt::Display for Hdu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name, None) => f.write_str(name),
            Self::Name(name, Some(version)) => write!(f, "{name},{version}"),
        }
    }
}
