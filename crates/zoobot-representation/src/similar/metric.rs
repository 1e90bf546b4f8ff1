//! Distances between representations.

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use zoobot_base::error::{Error, Result};
use zoobot_show::notebook::text::plural;

/// A distance between representations: 0 for equal ones, and larger for less similar ones.
///
/// ```
/// use zoobot_core::similar::Metric;
/// assert_eq!(Metric::L2.distance(&[0.0, 0.0], &[3.0, 4.0]), 5.0);
/// assert_eq!("l1".parse::<Metric>()?, Metric::L1);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// Euclidean distance: the root of the summed squared differences.
    #[default]
    L2,
    /// The sum of absolute differences, as in Galaxy Zoo's public similarity search.
    L1,
    /// 1 minus the cosine of the angle between the two: 0 to 2, whatever their lengths. A vector of
    /// zeros has no direction; its distance from everything is 2.
    Cosine,
}

impl Metric {
    /// The distance between two vectors of equal width, in double precision.
    pub fn distance(self, a: &[f32], b: &[f32]) -> f64 {
        let pairs = || a.iter().zip(b).map(|(&a, &b)| (f64::from(a), f64::from(b)));
        match self {
            Self::L2 => pairs().map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt(),
            Self::L1 => pairs().map(|(a, b)| (a - b).abs()).sum(),
            Self::Cosine => {
                let product: f64 = pairs().map(|(a, b)| a * b).sum();
                let square = |v: &[f32]| v.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
                let lengths = (square(a) * square(b)).sqrt();
                if lengths > 0.0 { 1.0 - product / lengths } else { 2.0 }
            }
        }
    }

    /// The name used in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::L2 => "l2",
            Self::L1 => "l1",
            Self::Cosine => "cosine",
        }
    }

    /// Checks queries (one per row) against a table of `width` columns.
    pub(super) fn check(self, queries: ArrayView2<f32>, width: usize) -> Result<()> {
        if queries.ncols() != width {
            let columns = plural(queries.ncols(), "column");
            let problem = format!("the query has {columns}, but the table has {width}");
            let hint = "Give a query with the features of the table that is searched";
            return Err(Error::shape(problem, hint));
        }
        if let Some(value) = queries.iter().find(|value| !value.is_finite()) {
            let problem = format!("the query contains {value}");
            return Err(Error::unsuitable(problem, "Every number of a query must be finite"));
        }
        if self == Self::Cosine
            && queries.rows().into_iter().any(|row| row.iter().all(|&v| v == 0.0))
        {
            let problem = "the query is all zeros, and the cosine of such a vector is undefined";
            return Err(Error::unsuitable(problem, "Search with the metric l2 or l1"));
        }
        Ok(())
    }

    /// Prepares queries for [`kernel`](super::kernel): for the cosine, scales them to length 1.
    pub(super) fn prepared(self, queries: ArrayView2<f32>) -> Array2<f32> {
        let mut queries = queries.as_standard_layout().into_owned();
        if self == Self::Cosine {
            queries.rows_mut().into_iter().for_each(|mut row| {
                let length = row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
                row.mapv_inplace(|v| (f64::from(v) / length) as f32);
            });
        }
        queries
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Metric {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let all = [Self::L2, Self::L1, Self::Cosine];
        all.into_iter()
            .find(|metric| metric.name() == name)
            .ok_or_else(|| Error::parameter("metric", format!("{name:?}"), "l2, l1 or cosine"))
    }
}
