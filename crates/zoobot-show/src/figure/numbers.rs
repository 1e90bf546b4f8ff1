//! Numbers for figures, from columns, vectors and arrays.

use crate::notebook::text::plural;
use ndarray::{ArrayBase, Data, Dimension};
use polars::prelude::{Column, DataType, Float64Chunked, Series};
use zoobot_base::{Error, Result};

/// Numbers for a figure, one per point; NaN for missing values.
///
/// Figures accept anything that converts into this type: a column of a catalogue or table, a vector, slice or
/// array of any numeric type, an `ndarray` array. A column also names its axis.
///
/// ```
/// use zoobot_core::prelude::*;
/// let galaxies = Catalog::sample()?;
/// let radii = galaxies.column("radius")?;
/// let figure = histogram(&radii, 20).build();
/// assert!(figure.about().starts_with("histogram of radius"));
/// scatter(radii, galaxies.column("axis_ratio")).build();
/// histogram(vec![1, 2, 2, 3], 3).build();
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    /// The values, or the reason why a column has none.
    values: Result<Vec<f64>, String>,
    /// The name of the column; empty for unnamed values.
    name: String,
}

impl Numbers {
    /// The values, or an error that says why the figure's `what` cannot be drawn.
    pub(super) fn checked(&self, what: &'static str) -> Result<&[f64]> {
        self.values.as_deref().map_err(|problem| match self.name.as_str() {
            "" => Error::Figure(problem.clone()),
            _ => {
                let problem = format!("the {what} come from the column {:?}, {problem}", self.name);
                Error::unsuitable(problem, "Choose a column of numbers")
            }
        })
    }

    /// The axis label: the column's name, or `otherwise`.
    pub(super) fn label<'a>(&'a self, otherwise: &'a str) -> &'a str {
        if self.name.is_empty() { otherwise } else { &self.name }
    }

    fn of<T: Number>(values: impl IntoIterator<Item = T>) -> Self {
        Self { values: Ok(values.into_iter().map(T::value).collect()), name: String::new() }
    }
}

/// A text with the number of points or values, out of `all`, that a figure leaves out, and the reason; empty
/// if none are.
pub(super) fn left_out(shown: usize, all: usize, what: &str, reason: &str) -> String {
    match all - shown {
        0 => String::new(),
        out => format!("{out} of {} left out: {reason}", plural(all, what)),
    }
}

/// Numeric types that figures accept: every numeric type, and `Option` of it for missing values.
pub trait Number: Copy + sealed::Sealed {
    /// The value as a floating-point number; NaN for a missing value.
    fn value(self) -> f64;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! numbers {
    ($($kind:ty)*) => {$(
        impl sealed::Sealed for $kind {}
        impl sealed::Sealed for Option<$kind> {}
        impl Number for $kind {
            fn value(self) -> f64 {
                self as f64
            }
        }
        impl Number for Option<$kind> {
            fn value(self) -> f64 {
                self.map_or(f64::NAN, |value| value as f64)
            }
        }
    )*};
}
numbers! { f64 f32 i8 i16 i32 i64 isize u8 u16 u32 u64 usize }

impl<T: Number> From<Vec<T>> for Numbers {
    fn from(values: Vec<T>) -> Self {
        Self::of(values)
    }
}

impl<T: Number> From<&Vec<T>> for Numbers {
    fn from(values: &Vec<T>) -> Self {
        Self::of(values.iter().copied())
    }
}

impl<T: Number> From<&[T]> for Numbers {
    fn from(values: &[T]) -> Self {
        Self::of(values.iter().copied())
    }
}

impl<T: Number, const N: usize> From<[T; N]> for Numbers {
    fn from(values: [T; N]) -> Self {
        Self::of(values)
    }
}

impl<T: Number, const N: usize> From<&[T; N]> for Numbers {
    fn from(values: &[T; N]) -> Self {
        Self::of(values.iter().copied())
    }
}

impl<S: Data, D: Dimension> From<&ArrayBase<S, D>> for Numbers
where
    S::Elem: Number,
{
    fn from(values: &ArrayBase<S, D>) -> Self {
        Self::of(values.iter().copied())
    }
}

impl<S: Data, D: Dimension> From<ArrayBase<S, D>> for Numbers
where
    S::Elem: Number,
{
    fn from(values: ArrayBase<S, D>) -> Self {
        Self::from(&values)
    }
}

/// A column as returned by the call that looks it up. If the column does not exist, the figure shows the
/// error in its place.
impl<T: Into<Numbers>, E: std::fmt::Display> From<Result<T, E>> for Numbers {
    fn from(found: Result<T, E>) -> Self {
        found.map_or_else(
            |error| Self { values: Err(error.to_string()), name: String::new() },
            Into::into,
        )
    }
}

impl From<&Float64Chunked> for Numbers {
    fn from(values: &Float64Chunked) -> Self {
        Self { name: values.name().to_string(), ..Self::of(values.iter()) }
    }
}

impl From<&Series> for Numbers {
    fn from(series: &Series) -> Self {
        let name = series.name().to_string();
        let problem = match series.dtype() {
            DataType::String => "which holds text",
            DataType::Date | DataType::Datetime(..) | DataType::Time | DataType::Duration(_) => {
                "which holds dates or times"
            }
            kind if kind.is_primitive_numeric() || kind.is_bool() || kind.is_null() => "",
            kind if kind.is_decimal() => "",
            _ => "which holds no numbers",
        };
        let numbers = series.cast(&DataType::Float64);
        match numbers.as_ref().map(Series::f64) {
            Ok(Ok(numbers)) if problem.is_empty() => Self { name, ..Self::of(numbers.iter()) },
            _ => {
                let problem = if problem.is_empty() { "which holds no numbers" } else { problem };
                Self { values: Err(problem.to_owned()), name }
            }
        }
    }
}

impl From<Series> for Numbers {
    fn from(series: Series) -> Self {
        Self::from(&series)
    }
}

impl From<&Column> for Numbers {
    fn from(column: &Column) -> Self {
        column.as_materialized_series().into()
    }
}

impl From<Column> for Numbers {
    fn from(column: Column) -> Self {
        Self::from(&column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::*;

    /// The values as text, since NaN equals nothing.
    fn values(numbers: impl Into<Numbers>) -> String {
        format!("{:?}", numbers.into().values)
    }

    #[test]
    #[allow(clippy::needless_borrows_for_generic_args)]
    fn every_container_of_numbers_becomes_the_same_numbers() {
        let wanted = "Ok([1.0, 2.0, 3.0])";
        let (whole, floats) = (vec![1_u8, 2, 3], [1.0_f32, 2.0, 3.0]);
        let array = ndarray::arr1(&[1.0, 2.0, 3.0]);
        let square = ndarray::arr2(&[[1_i64, 9], [2, 9], [3, 9]]);
        let column = Column::new("a".into(), [1_i16, 2, 3]);
        let chunked = Series::new("a".into(), [1.0, 2.0, 3.0]);
        for found in [
            values(&whole),
            values(whole.as_slice()),
            values(whole),
            values(floats),
            values(&floats),
            values([Some(1), Some(2), Some(3)]),
            values(&array),
            values(array.view()),
            values(array),
            values(square.column(0)),
            values(&column),
            values(column),
            values(&chunked),
            values(chunked.f64().unwrap()),
        ] {
            assert_eq!(found, wanted);
        }
    }

    #[test]
    fn a_missing_value_is_not_zero_and_keeps_its_place() {
        let column = Column::new("a".into(), [Some(1.5), None, Some(f64::NAN), Some(2.5)]);
        assert_eq!(values(&column), "Ok([1.5, NaN, NaN, 2.5])");
        assert_eq!(values(vec![Some(7_i32), None]), "Ok([7.0, NaN])");
        let empty = Column::full_null("a".into(), 2, &DataType::Null);
        assert_eq!(values(empty), "Ok([NaN, NaN])");
        let truth = Series::new("ring".into(), [Some(true), None, Some(false)]);
        assert_eq!(values(truth), "Ok([1.0, NaN, 0.0])");
    }

    #[test]
    fn a_column_that_is_not_there_is_a_problem_of_the_figure() {
        let table = df!("a" => [1.0, 2.0]).unwrap();
        assert_eq!(values(table.column("a")), "Ok([1.0, 2.0])");
        let problem = crate::figure::histogram(table.column("b"), 3).build().problem().unwrap();
        assert!(problem.contains("\"b\""), "{problem}");
    }

    #[test]
    fn a_column_without_numbers_is_refused_by_name() {
        let text = Numbers::from(Series::new("class".into(), ["ring", "1"]));
        let error = text.checked("x values").unwrap_err().to_string();
        assert_eq!(
            error,
            "the x values come from the column \"class\", which holds text. Choose a column of numbers"
        );
        let days = Series::new("night".into(), [1, 2]).cast(&DataType::Date).unwrap();
        assert!(values(days).contains("dates"));
    }
}
