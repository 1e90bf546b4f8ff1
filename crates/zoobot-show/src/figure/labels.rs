//! Labels that colour points: classes or numbers.

use polars::prelude::{AnyValue, DataType, Series};
use zoobot_base::missing::is_missing;

/// One class or one number for each point.
///
/// ```
/// use zoobot_core::figure::PointLabels;
/// let classes = PointLabels::from(vec!["ring", "spiral", "ring"]);
/// assert!(matches!(classes, PointLabels::Categories(_)) && classes.len() == 3);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum PointLabels {
    /// A class name for each point; the ten most frequent classes get their own colour, all others are
    /// "other".
    Categories(Vec<String>),
    /// A number on a continuous scale with a colour bar; NaN is drawn grey.
    Numbers(Vec<f64>),
    /// There are no labels, because their source could not be read; this is the reason.
    Unread(String),
}

impl PointLabels {
    /// The number of labelled points.
    pub fn len(&self) -> usize {
        match self {
            Self::Categories(values) => values.len(),
            Self::Numbers(values) => values.len(),
            Self::Unread(_) => 0,
        }
    }

    /// Whether no point is labelled.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The result of a call that looks up labels. If that failed, the figure shows the error in its place.
impl<T: Into<PointLabels>, E: std::fmt::Display> From<Result<T, E>> for PointLabels {
    fn from(found: Result<T, E>) -> Self {
        found.map_or_else(|error| Self::Unread(error.to_string()), Into::into)
    }
}

impl From<Vec<String>> for PointLabels {
    fn from(values: Vec<String>) -> Self {
        Self::Categories(values)
    }
}

impl From<&[String]> for PointLabels {
    fn from(values: &[String]) -> Self {
        Self::Categories(values.to_vec())
    }
}

impl From<&[&str]> for PointLabels {
    fn from(values: &[&str]) -> Self {
        Self::Categories(values.iter().map(ToString::to_string).collect())
    }
}

impl From<Vec<&str>> for PointLabels {
    fn from(values: Vec<&str>) -> Self {
        values.as_slice().into()
    }
}

impl From<Vec<f64>> for PointLabels {
    fn from(values: Vec<f64>) -> Self {
        Self::Numbers(values)
    }
}

impl From<&[f64]> for PointLabels {
    fn from(values: &[f64]) -> Self {
        Self::Numbers(values.to_vec())
    }
}

/// Whole numbers with at most this many distinct values are class codes, such as 0 and 1.
const CODES: usize = 10;

/// Text, truth values and whole numbers with few distinct values are classes; other numbers are continuous.
/// Missing values ([`is_missing`]) become the class "missing", or NaN.
impl From<&Series> for PointLabels {
    fn from(series: &Series) -> Self {
        let kind = series.dtype();
        let few = || series.n_unique().is_ok_and(|kinds| kinds <= CODES);
        if (kind.is_float() || (kind.is_integer() && !few()))
            && let Ok(numbers) = series.cast(&DataType::Float64)
            && let Ok(numbers) = numbers.f64()
        {
            return Self::Numbers(numbers.iter().map(|it| it.unwrap_or(f64::NAN)).collect());
        }
        let name = |value: AnyValue<'_>| match value {
            AnyValue::Null => "missing".to_owned(),
            value => match value.str_value().into_owned() {
                word if is_missing(&word) => "missing".to_owned(),
                class => class,
            },
        };
        Self::Categories(series.iter().map(name).collect())
    }
}

impl From<&polars::prelude::Column> for PointLabels {
    fn from(column: &polars::prelude::Column) -> Self {
        column.as_materialized_series().into()
    }
}

impl From<polars::prelude::Column> for PointLabels {
    fn from(column: polars::prelude::Column) -> Self {
        (&column).into()
    }
}

impl From<Series> for PointLabels {
    fn from(series: Series) -> Self {
        (&series).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::*;

    #[test]
    fn codes_and_text_are_classes_and_measures_are_numbers() {
        let codes = Series::new("ring".into(), [Some(0i64), Some(1), None]);
        assert_eq!(PointLabels::from(&codes), vec!["0", "1", "missing"].into());
        let names = Series::new("class".into(), ["spiral", "ring", "n/a", ""]);
        assert_eq!(PointLabels::from(&names), vec!["spiral", "ring", "missing", "missing"].into());
        let counts = Series::new("votes".into(), (0..40).collect::<Vec<i32>>());
        assert_eq!(PointLabels::from(&counts).len(), 40);
        assert!(matches!(PointLabels::from(&counts), PointLabels::Numbers(n) if n[39] == 39.0));
        let sizes = Series::new("size".into(), [Some(1.5), None]);
        assert!(
            matches!(PointLabels::from(&sizes), PointLabels::Numbers(n) if n[0] == 1.5 && n[1].is_nan())
        );
    }
}
