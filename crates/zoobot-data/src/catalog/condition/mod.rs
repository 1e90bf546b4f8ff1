//! Conditions written as text: `mag_r < 17.5 and not class = 'star'`.

mod compare;
pub(super) mod number;
mod read;
#[cfg(test)]
mod tests;

use super::check;
use compare::Cells;
use polars::prelude::DataFrame;
use read::{Node, Value};
use zoobot_base::error::{Error, Result};

/// A condition on the columns of a catalogue, as [`condition`] reads it from text.
///
/// ```
/// use zoobot_core::catalog::condition;
/// use zoobot_core::prelude::*;
/// let round = condition("class = 'ring' and axis_ratio > 0.8")?;
/// assert!(Catalog::sample()?.filter(round)?.len() < 100);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Condition(Node);

/// Reads a condition on the columns of a catalogue, in the language of `--where`, for
/// [`Catalog::filter`](super::Catalog::filter) and
/// [`Search::filter`](crate::similar::Search::filter).
///
/// | what | how |
/// |---|---|
/// | comparisons | `<`, `<=`, `>`, `>=`, `=` (or `==`), `!=` (or `<>`) |
/// | one of several | `class in ('ring', 'spiral')`, `class not in ('star')` |
/// | a range with both ends | `mag_r between 15 and 17.5` |
/// | joined by | `not`, `and`, `or`, binding in this order, and parentheses (`&` and `|` are `and` and `or`) |
/// | no value | `mag_r is missing`, `mag_r is not missing` (or `is null`) |
/// | columns | `mag_r`; with characters other than letters, digits, `_` and `.` in backticks: `` `a-b` `` |
/// | texts | in single quotes: `class = 'ring'`; a quote in it is written twice |
/// | numbers | `17.5`, `-3`, `1e-4`, `1237648720693755918` |
/// | truth | `true`, `false`; a column of truth values can be a condition by itself |
///
/// **Whole numbers are compared exactly**, with all their digits, with whole numbers and with
/// floating point. A number with a fraction means the nearest value that the column can hold, so
/// that `x = 0.1` finds 0.1 in single precision too. A column of text that is compared with a
/// number must hold numbers. Texts are ordered character by character; dates are texts such as
/// `'2024-05-31'`.
///
/// **Missing values are unknown** ([`is_missing`](super::is_missing): empty, NaN, or a word such as
/// `n/a`). As in SQL, a comparison with a missing value is neither true nor false, and neither is
/// its `not`: a galaxy without `x` passes none of `x > 3`, `x <= 3`, `x != 3` and `not (x > 3)`,
/// only `x is missing`. `and` is false where one side is, `or` true where one side is.
///
/// ```
/// use zoobot_core::catalog::condition;
/// use zoobot_core::prelude::*;
/// let table = df!(
///     "id_str" => ["a", "b", "c"], "file_loc" => ["a.jpg", "b.jpg", "c.jpg"],
///     "mag_r" => [16.9, 18.2, f64::NAN],
/// )?;
/// let galaxies = Catalog::from_table(table, ".")?;
/// assert_eq!(galaxies.filter(condition("mag_r < 17.5")?)?.ids(), ["a"]);
/// assert_eq!(galaxies.filter(condition("not mag_r < 17.5")?)?.ids(), ["b"]);
/// assert_eq!(galaxies.filter(condition("mag_r is missing")?)?.ids(), ["c"]);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// [`Error::Unsuitable`](zoobot_base::Error::Unsuitable) with the position at which the text cannot be
/// parsed.
pub fn condition(text: &str) -> Result<Condition> {
    read::read(text).map(Condition)
}

impl Condition {
    /// Which rows of a table satisfy the condition. Errors use `place` to say where the table comes from.
    ///
    /// # Errors
    /// [`Error::Missing`](zoobot_base::Error::Missing) for a column that does not exist, with a similar name;
    /// [`Error::Catalog`](zoobot_base::Error::Catalog) when a column cannot be compared in this way.
    pub(super) fn holds(&self, table: &DataFrame, place: &str) -> Result<Vec<bool>> {
        let rows = Rows { table, place };
        Ok(rows.of(&self.0)?.into_iter().map(|it| it == Some(true)).collect())
    }
}

/// The rows that a condition is evaluated on.
struct Rows<'a> {
    table: &'a DataFrame,
    place: &'a str,
}

impl Rows<'_> {
    /// True, false, or `None` if it is unknown, for each row.
    fn of(&self, node: &Node) -> Result<Vec<Option<bool>>> {
        Ok(match node {
            Node::Or(all) => self.join(all, true)?,
            Node::And(all) => self.join(all, false)?,
            Node::Not(inside) => self.of(inside)?.into_iter().map(|it| it.map(|it| !it)).collect(),
            Node::Missing(value) => self.missing(value)?,
            Node::Holds(value) => self.cells(value)?.alone(self)?,
            Node::Compare(left, sign, right) => {
                let found = self
                    .cells(right)
                    .and_then(|cells| compare::compare(self, self.cells(left)?, *sign, cells));
                found.map_err(|error| meant_as_text(error, right))?
            }
        })
    }

    /// Kleene's three-valued logic: a part equal to `strong` decides the result (true for "or", false for
    /// "and"); otherwise the result is unknown if any part is.
    fn join(&self, all: &[Node], strong: bool) -> Result<Vec<Option<bool>>> {
        let mut joined = vec![Some(!strong); self.table.height()];
        for node in all {
            for (joined, part) in joined.iter_mut().zip(self.of(node)?) {
                *joined = match (*joined, part) {
                    (Some(a), _) if a == strong => Some(strong),
                    (_, Some(b)) if b == strong => Some(strong),
                    (Some(a), Some(_)) => Some(a),
                    _ => None,
                };
            }
        }
        Ok(joined)
    }

    fn missing(&self, value: &Value) -> Result<Vec<Option<bool>>> {
        let cells = self.cells(value)?;
        Ok((0..self.table.height()).map(|row| Some(cells.is_missing(row))).collect())
    }

    fn cells<'a>(&self, value: &'a Value) -> Result<Cells<'a>> {
        match value {
            Value::Column(name) => {
                let hint = name.hint();
                let column = check::column(self.table, &name.name, self.place);
                Cells::of(&name.name, column.map_err(|error| hint_at(error, hint))?)
            }
            Value::Number(number) => Ok(Cells::number(*number)),
            Value::Text(text) => Ok(Cells::text(text)),
            Value::Truth(truth) => Ok(Cells::truth(*truth)),
        }
    }

    /// The name of the galaxy in a row, for errors.
    fn galaxy(&self, row: usize) -> String {
        let id = self.table.column(super::ID).ok().and_then(|ids| ids.get(row).ok());
        match id {
            Some(id) => format!("{:?}", id.get_str().map_or_else(|| id.to_string(), str::to_owned)),
            None => format!("row {}", row + 1),
        }
    }
}

impl read::Name {
    /// What the user may have meant by a name that is not a column.
    fn hint(&self) -> Option<String> {
        let name = &self.name;
        match self.quote {
            Some('"') => Some(format!("A text is written in single quotes: '{name}'")),
            None if super::is_missing(name) => {
                Some("For galaxies without a value, write \"is missing\": mag_r is missing".into())
            }
            _ => None,
        }
    }
}

/// The error for a word that is compared with a column and was read as a column, as in `class = ring`.
fn meant_as_text(error: Error, value: &Value) -> Error {
    let Value::Column(word) = value else { return error };
    let text = format!("A text is written in single quotes: '{}'", word.name);
    match error {
        Error::Missing { kind, name, place, hint }
            if name == word.name && !hint.contains(&text) && !super::is_missing(&name) =>
        {
            Error::Missing { kind, name, place, hint: format!("{text}. {hint}") }
        }
        Error::Catalog { path, problem, .. } => {
            let problem = format!("{problem}, as the values of the column {:?} are", word.name);
            Error::Catalog { path, problem, hint: text }
        }
        error => error,
    }
}

/// The error for a column that does not exist, with an additional hint.
fn hint_at(error: Error, more: Option<String>) -> Error {
    match (error, more) {
        (Error::Missing { kind, name, place, hint }, Some(more)) => {
            Error::Missing { kind, name, place, hint: format!("{more}. {hint}") }
        }
        (error, _) => error,
    }
}
