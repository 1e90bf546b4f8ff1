//! Debiased vote fractions, with a report for each question.

use crate::volunteers::FractionTable;
use polars::prelude::{Column, DataFrame};
use zoobot_base::table::table_of;
use zoobot_show::notebook::{Bundle, Show, Table};

/// What was done for a question.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pub question: usize,
    /// The number of galaxies that the distributions are made of.
    pub used: usize,
    pub cells: usize,
    pub bins: f64,
    pub reference: f64,
    pub debiased: usize,
    pub change: f64,
}

/// The report: a row for each question.
pub(super) fn report(lines: &[Line], fractions: &FractionTable) -> DataFrame {
    let questions = fractions.schema.questions();
    let names: Vec<&str> = lines.iter().map(|it| questions[it.question].name()).collect();
    let whole = |name: &str, of: fn(&Line) -> usize| {
        Column::new(name.into(), lines.iter().map(|it| of(it) as u32).collect::<Vec<u32>>())
    };
    let numbers = |name: &str, of: fn(&Line) -> f64| {
        let values = lines.iter().map(|it| (it.cells > 0).then(|| of(it)));
        Column::new(name.into(), values.collect::<Vec<Option<f64>>>())
    };
    let columns = vec![
        Column::new("question".into(), names),
        whole("galaxies", |it| it.used),
        whole("cells", |it| it.cells),
        numbers("redshift_bins", |it| it.bins),
        numbers("reference", |it| it.reference),
        whole("debiased", |it| it.debiased),
        numbers("mean_change", |it| it.change),
    ];
    table_of(lines.len(), columns)
}

/// Debiased vote fractions, and what was done for each question.
///
/// They are for analysis of populations. Volunteers did not give these answers, so they must not be used for
/// training. They display themselves as the [`report`](Self::report).
///
/// ```
/// use zoobot_core::prelude::*;
/// let ids: Vec<String> = (0..200).map(|it| format!("g{it}")).collect();
/// let redshift: Vec<f64> = (0..200).map(|it| 0.02 + 0.0005 * f64::from(it)).collect();
/// let yes: Vec<i32> = (0..200).map(|it| it * 7 % 20).collect();
/// let table = df!("id_str" => ids, "z" => redshift, "ring_yes" => yes, "ring_no" => [10; 200])?;
/// let raw = FractionTable::of(&Votes::from_table(&table, &Schema::named("gz_rings")?)?);
/// let debiased = Debiasing::new().redshift("z").apply(&raw, &table)?;
/// assert_eq!(debiased.report().column("galaxies")?.u32()?.get(0), Some(200));
/// assert_eq!(debiased.fractions().len(), 200);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Debiased {
    pub(super) fractions: FractionTable,
    pub(super) report: DataFrame,
}

impl Debiased {
    /// The debiased fractions, with the galaxies and totals of the raw ones.
    pub fn fractions(&self) -> &FractionTable {
        &self.fractions
    }

    /// A table with a row for each question: `galaxies` (the number that the distributions are made of), `cells`
    /// of luminosity and size (0 for a question that stays as it is), `redshift_bins` (their mean number in a
    /// cell), `reference` (the highest redshift of the lowest bins), `debiased` (the number of galaxies above
    /// it) and `mean_change` (of their fractions, absolute).
    pub fn report(&self) -> &DataFrame {
        &self.report
    }
}

impl Show for Debiased {
    fn show(&self) -> Bundle {
        let title = format!("Debiased vote fractions of {} galaxies", self.fractions.len());
        Table::new(self.report.clone()).title(title).show()
    }
}
