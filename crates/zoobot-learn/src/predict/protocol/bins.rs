//! The comparison with volunteers in bins of a column, such as a magnitude.

use super::comparison::{ALL, MEASURES, real, text};
use super::{Protocol, VoteComparison, first_question};
use crate::predict::Posterior;
use polars::prelude::{Column, DataFrame};
use zoobot_base::error::{Error, Result};
use zoobot_base::table::table_of;
use zoobot_data::catalog::{Catalog, Label};
use zoobot_data::schema::Votes;
use zoobot_show::notebook::{Bundle, Show, Table};

/// Comparisons with volunteers in bins of a column: the result of [`Protocol::measure_by`].
///
/// ```
/// use zoobot_core::{ndarray::{Array2, Array3}, prelude::*};
/// let rings = Schema::named("gz_rings")?;
/// let ids: Vec<String> = (0..60).map(|i| format!("G{i}")).collect();
/// let files: Vec<String> = ids.iter().map(|id| format!("{id}.jpg")).collect();
/// let magnitudes: Vec<f64> = (0..60).map(|i| 14.0 + 0.05 * f64::from(i)).collect();
/// let table = df!("id_str" => &ids, "file_loc" => files, "mag_r" => magnitudes)?;
/// let galaxies = Catalog::from_table(table, ".")?;
/// let counts = Array2::from_shape_fn((60, 2), |(i, k)| [i as f64, 60.0 - i as f64][k]);
/// let votes = Votes::new(&rings, ids.clone(), counts)?;
/// let even = Posterior::new(&rings, ids, Array3::from_elem((60, 2, 1), 50.0))?;
/// let bins = Protocol::new().measure_by(&even, &votes, &galaxies, "mag_r", 3)?;
/// // A third of the galaxies in each bin; half of the volunteers agree with the middle ones.
/// let bins = bins.bins().to_vec();
/// let off = move |bin: usize| bins[bin].comparison.mean_absolute_deviation().value;
/// assert!(off(1) < off(0) && off(1) < off(2));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct BinnedComparison {
    column: String,
    bins: Vec<ComparisonBin>,
}

/// A bin of a [`BinnedComparison`].
#[derive(Debug, Clone)]
pub struct ComparisonBin {
    /// The smallest value in the bin.
    pub low: f64,
    /// The largest value in the bin.
    pub high: f64,
    /// The comparison for the galaxies in the bin.
    pub comparison: VoteComparison,
}

impl BinnedComparison {
    pub(super) fn measure(
        protocol: &Protocol,
        posterior: &Posterior,
        votes: &Votes,
        galaxies: &Catalog,
        column: &str,
        bins: usize,
    ) -> Result<Self> {
        if bins == 0 {
            return Err(Error::parameter("bins", 0, "at least 1"));
        }
        let label = Label::of(&galaxies.select(posterior.ids())?, column)?;
        let values = label.finite()?;
        label.say_left_out(&values);
        let mut rows = protocol.voted(votes);
        if rows.is_empty() {
            // Says how many volunteers there are.
            protocol.measure(posterior, votes)?;
        }
        rows.retain(|row| values[*row].is_some());
        if rows.is_empty() {
            let what = format!("no galaxy with enough volunteers has a value of {column:?}");
            return Err(Error::empty(what, "Choose another column"));
        }
        let value = |row: &usize| values[*row].unwrap_or(f64::NAN);
        rows.sort_by(|a, b| value(a).total_cmp(&value(b)));
        let mut found = Vec::new();
        for part in parts(&rows.iter().map(value).collect::<Vec<_>>(), bins) {
            let mut part = rows[part].to_vec();
            let ends = (part.first().map_or(f64::NAN, value), part.last().map_or(f64::NAN, value));
            part.sort_unstable();
            let comparison = protocol.of_rows(posterior, votes, &part)?;
            found.push(ComparisonBin { low: ends.0, high: ends.1, comparison });
        }
        Ok(Self { column: column.to_owned(), bins: found })
    }

    /// The column of the catalogue.
    pub fn column(&self) -> &str {
        &self.column
    }

    /// The bins, from low to high values.
    pub fn bins(&self) -> &[ComparisonBin] {
        &self.bins
    }

    /// The rows of [`VoteComparison::table`] of each bin, with the smallest and the largest value in the bin,
    /// `COLUMN_low` and `COLUMN_high`, in front. Each question has its bins below each other.
    pub fn table(&self) -> DataFrame {
        let mut names: Vec<&str> = Vec::new();
        for bin in &self.bins {
            let new = bin.comparison.questions().iter().map(|it| it.question.as_str());
            for name in new {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        let mut rows = Vec::new();
        for name in names {
            for bin in &self.bins {
                let questions = bin.comparison.questions();
                rows.extend(
                    questions.iter().filter(|it| it.question == name).map(|it| (bin, Some(it))),
                );
            }
        }
        rows.extend(self.bins.iter().map(|bin| (bin, None)));
        let galaxies = rows.iter().map(|(bin, question)| {
            question.map_or(bin.comparison.galaxies(), |it| it.galaxies) as u32
        });
        let mut columns = vec![
            real(&format!("{}_low", self.column), rows.iter().map(|(bin, _)| bin.low)),
            real(&format!("{}_high", self.column), rows.iter().map(|(bin, _)| bin.high)),
            text("question", rows.iter().map(|it| it.1.map_or(ALL, |it| it.question.as_str()))),
            Column::new("galaxies".into(), galaxies.collect::<Vec<_>>()),
        ];
        for (name, of) in MEASURES {
            let values = rows.iter().map(|(bin, question)| match (question, name) {
                (Some(question), _) => of(question).value,
                (None, "mean_absolute_deviation") => bin.comparison.mean_absolute_deviation().value,
                (None, "noise_floor") => bin.comparison.noise_floor().value,
                (None, _) => f64::NAN,
            });
            columns.push(real(name, values));
        }
        table_of(rows.len(), columns)
    }
}

impl Show for BinnedComparison {
    fn show(&self) -> Bundle {
        let Some(first) = self.bins.first() else { return Table::new(self.table()).show() };
        let rules = first.comparison.protocol().words();
        let title = format!("Comparison with volunteers by {}, {rules}", self.column);
        Table::new(self.table()).title(title).whole().show()
    }
}

impl Protocol {
    /// The rows of galaxies with enough volunteers for at least one question, in ascending order.
    fn voted(&self, votes: &Votes) -> Vec<usize> {
        let (schema, totals) = (votes.schema(), votes.totals());
        let questions = schema.questions().iter();
        let firsts = questions.map(|it| schema.position(first_question(schema, it).name()));
        let firsts: Vec<usize> = firsts.flatten().collect();
        let enough = |row: &usize| {
            let least = f64::from(self.min_volunteers);
            firsts.iter().any(|first| totals[[*row, *first]] >= least)
        };
        (0..votes.len()).filter(enough).collect()
    }
}

/// Divides ascending values into parts of about equal size; equal values are in the same part.
fn parts(values: &[f64], bins: usize) -> Vec<std::ops::Range<usize>> {
    let (mut found, mut start) = (Vec::new(), 0);
    for bin in 1..=bins {
        let mut end = (values.len() * bin).div_ceil(bins).max(start);
        while end > 0 && end < values.len() && values[end] == values[end - 1] {
            end += 1;
        }
        if end > start {
            found.push(start..end);
            start = end;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_of_about_equal_size_and_equal_values_stay_together() {
        assert_eq!(parts(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3), [0..2, 2..4, 4..6]);
        assert_eq!(parts(&[1.0, 2.0, 2.0, 2.0, 5.0, 6.0], 3), [0..4, 4..6]);
        assert_eq!(parts(&[7.0; 5], 3), vec![0..5; 1]);
        assert_eq!(parts(&[1.0, 2.0], 3), [0..1, 1..2]);
        assert!(parts(&[], 3).is_empty());
    }
}
