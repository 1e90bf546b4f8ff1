//! Filters: which galaxies of a catalogue to keep.

use super::{Catalog, Condition, check, label::Label};
use polars::prelude::{BooleanChunked, DataFrame, DataType, Expr, IntoLazy, NewChunkedArray};
use zoobot_base::error::{Error, Result, kind_words};

/// Selects galaxies: a polars expression such as `col("mag_r").lt(lit(17.5))`, or a
/// [`condition`](super::condition) in words.
///
/// ```
/// use zoobot_core::catalog::{Filter, condition};
/// use zoobot_core::prelude::*;
/// let galaxies = Catalog::sample()?;
/// let expression: Filter = col("class").eq(lit("ring")).into();
/// let text: Filter = condition("class = 'ring'")?.into();
/// assert_eq!(galaxies.filter(expression)?.ids(), galaxies.filter(text)?.ids());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub enum Filter {
    /// An expression that is true or false for each galaxy.
    Expr(Expr),
    /// A condition that was read from text.
    Condition(Condition),
}

impl From<Expr> for Filter {
    fn from(expr: Expr) -> Self {
        Self::Expr(expr)
    }
}

impl From<Condition> for Filter {
    fn from(condition: Condition) -> Self {
        Self::Condition(condition)
    }
}

impl Filter {
    /// Whether each galaxy of a catalogue satisfies the filter; `false` where that is unknown.
    #[doc(hidden)]
    pub fn holds(&self, catalog: &Catalog) -> Result<Vec<bool>> {
        let place = catalog.source().display().to_string();
        match self {
            Self::Condition(condition) => condition.holds(catalog.table(), &place),
            Self::Expr(expr) => holds(catalog.table(), expr, &place),
        }
    }
}

fn holds(table: &DataFrame, expr: &Expr, place: &str) -> Result<Vec<bool>> {
    for part in expr {
        if let Expr::Column(name) = part {
            check::column(table, name, place)?;
        }
    }
    let column = table.clone().lazy().select([expr.clone().alias("holds")]).collect();
    let column = column.map_err(|error| check::condition(error, table, place))?;
    let column = column.column("holds")?;
    if column.dtype() != &DataType::Boolean {
        let problem =
            format!("the filter gives {} instead of true or false", kind_words(column.dtype()));
        let hint = "Write a comparison, such as condition(\"mag_r < 17.5\")?";
        return Err(Error::unsuitable(problem, hint));
    }
    let found: Vec<bool> = column.bool()?.iter().map(|holds| holds.unwrap_or(false)).collect();
    match found.as_slice() {
        [one] => Ok(vec![*one; table.height()]),
        _ if found.len() == table.height() => Ok(found),
        _ => {
            let problem =
                format!("the filter gives {} values for {} galaxies", found.len(), table.height());
            let hint = "Use an expression that gives one value for each galaxy";
            Err(Error::shape(problem, hint))
        }
    }
}

impl Catalog {
    /// The galaxies for which a polars expression or a [`condition`](super::condition) holds.
    ///
    /// ```
    /// use zoobot_core::catalog::condition;
    /// use zoobot_core::prelude::*;
    /// let galaxies = Catalog::sample()?;
    /// let rings = galaxies.filter(col("class").eq(lit("ring")))?;
    /// assert_eq!(rings.ids(), galaxies.filter(condition("class = 'ring'")?)?.ids());
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Missing`] for a column that does not exist, with a similar name; [`Error::Unsuitable`] when
    /// an expression does not give true or false, and [`Error::Shape`] when it does not give one value for
    /// each galaxy; otherwise as [`condition`](super::condition).
    pub fn filter(&self, wanted: impl Into<Filter>) -> Result<Self> {
        self.keep(wanted.into().holds(self)?)
    }

    /// The galaxies that have a value in a column: see [`is_missing`](super::is_missing).
    ///
    /// ```
    /// use zoobot_core::prelude::*;
    /// let table = df!(
    ///     "id_str" => ["a", "b", "c"], "file_loc" => ["a.jpg", "b.jpg", "c.jpg"],
    ///     "class" => ["ring", "n/a", ""],
    /// )?;
    /// assert_eq!(Catalog::from_table(table, ".")?.labelled("class")?.ids(), ["a"]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Missing`] for a column that does not exist, with a similar name.
    pub fn labelled(&self, column: &str) -> Result<Self> {
        self.keep(Label::of(self, column)?.known()?)
    }

    /// Adds a note if a column holds a number such as -999, far from all others, that may mean "no value". No
    /// galaxy is left out.
    ///
    /// # Errors
    /// [`Error::Missing`] for a column that does not exist, with a similar name.
    pub fn note_sentinels(&self, column: &str) -> Result<()> {
        Label::of(self, column)?.ask_about_sentinels();
        Ok(())
    }

    fn keep(&self, wanted: Vec<bool>) -> Result<Self> {
        let wanted = BooleanChunked::from_slice("wanted".into(), &wanted);
        Ok(self.with(self.table().filter(&wanted)?))
    }
}
