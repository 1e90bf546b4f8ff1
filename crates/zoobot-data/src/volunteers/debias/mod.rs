//! Redshift debiasing: the vote fractions that distant galaxies would have at a low redshift.

mod bins;
mod debiased;
mod distribution;

pub use debiased::Debiased;

use super::FractionTable;
use super::fractions::column;
use crate::catalog::{ID, Label, names};
use crate::schema::Question;
use bins::{Cell, Cells, Place};
use debiased::{Line, report};
use ndarray::Array2;
use polars::prelude::{Column, DataFrame, IdxCa, IdxSize};
use std::collections::HashMap;
use std::ops::Range;
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;
use zoobot_show::notes;

/// The place that errors name.
const PLACE: &str = "<table>";
/// Redshifts outside are no redshifts of galaxies; peculiar motions make those of the nearest negative.
const REDSHIFTS: Range<f64> = -0.01..20.0;

/// The removal of redshift bias from vote fractions.
///
/// Distant galaxies look smaller and fainter, so volunteers see fewer of their features. If galaxies of a
/// given luminosity and size do not change over the redshifts of the sample, their vote fractions have the
/// same distribution at every redshift. Debiasing makes it so, question by question from the top of the tree:
///
/// 1. It takes the galaxies to which the question applies: the product of the debiased fractions of the
///    answers that lead to it is at least [`asked`](Self::asked), with enough votes.
/// 2. It divides them into cells of luminosity and size, if these columns are given, with equal numbers of
///    galaxies, and each cell into bins of redshift with equal numbers of galaxies.
/// 3. For each answer, a fraction becomes the one of the same rank in the lowest bin of its cell. Between the
///    bins' median redshifts the result is interpolated.
/// 4. The fractions of a question are divided by their sum. Fractions of 0 and 1 stay.
///
/// Galaxies of the lowest bin stay as they are. All other galaxies that were asked the question are debiased, also
/// those that were not used in step 2.
///
/// This is the method of bins in Hart et al. 2016 (MNRAS 461, 3663, section 3), as used by Galaxy Zoo DECaLS
/// (Walmsley et al. 2022, MNRAS 509, 3966, section 4.3.2); quantiles of luminosity and size stand in for their
/// Voronoi cells. It holds for populations, not for single galaxies, and only in a sample that is limited in
/// luminosity, such as 0.02 < z < 0.15 and −23 < M_r < −21.5 in DECaLS. DECaLS found that it corrects too
/// much for the first question and for bulges. The truth is often between the raw and the debiased
/// fraction.
///
/// ```
/// use zoobot_core::prelude::*;
/// // Half of the volunteers who see a ring at a redshift of 0.02 do not see it at 0.10.
/// let ids: Vec<String> = (0..400).map(|it| format!("g{it}")).collect();
/// let redshift: Vec<f64> = (0..400).map(|it| if it < 200 { 0.02 } else { 0.1 }).collect();
/// let yes: Vec<i32> = (0..400).map(|it| it % 20 * if it < 200 { 2 } else { 1 }).collect();
/// let no: Vec<i32> = yes.iter().map(|yes| 40 - yes).collect();
/// let table = df!("id_str" => ids, "redshift" => redshift, "ring_yes" => yes, "ring_no" => no)?;
/// let raw = FractionTable::of(&Votes::from_table(&table, &Schema::named("gz_rings")?)?);
/// let debiased = Debiasing::new().redshift_bins(2).apply(&raw, &table)?;
/// let (before, after) = (raw.fractions()[[210, 0]], debiased.fractions().fractions()[[210, 0]]);
/// assert_eq!(before, 0.25);
/// assert!((after - 0.5).abs() < 0.01, "{after}");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Debiasing {
    redshift: String,
    luminosity: Option<String>,
    size: Option<String>,
    questions: Vec<String>,
    reference: Option<f64>,
    redshift_bins: usize,
    galaxies_per_bin: usize,
    asked: f64,
    votes: f64,
}

impl Default for Debiasing {
    fn default() -> Self {
        Self {
            redshift: "redshift".to_owned(),
            luminosity: None,
            size: None,
            questions: Vec::new(),
            reference: None,
            redshift_bins: 10,
            galaxies_per_bin: 50,
            asked: 0.5,
            votes: 5.0,
        }
    }
}

impl Debiasing {
    /// The defaults: all questions, redshifts in the column `redshift`, no columns of luminosity and size.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the column with redshifts (default `redshift`).
    pub fn redshift(mut self, column: impl Into<String>) -> Self {
        self.redshift = column.into();
        self
    }

    /// Compares galaxies only with others of similar luminosity: a column such as the absolute magnitude in r.
    pub fn luminosity(mut self, column: impl Into<String>) -> Self {
        self.luminosity = Some(column.into());
        self
    }

    /// Compares galaxies only with others of similar size: a column such as the half-light radius in kpc, or
    /// its logarithm. Only the order of the values counts.
    pub fn size(mut self, column: impl Into<String>) -> Self {
        self.size = Some(column.into());
        self
    }

    /// Debiases only these questions; a question that leads to one of them counts with its raw fractions. By
    /// default every question with enough galaxies is debiased, and a note names the others.
    pub fn questions(mut self, names: &[impl AsRef<str>]) -> Self {
        self.questions = names.iter().map(|it| it.as_ref().to_owned()).collect();
        self
    }

    /// Takes the galaxies up to this redshift as the reference, such as 0.03 in DECaLS. If a cell has fewer of
    /// them than [`galaxies_per_bin`](Self::galaxies_per_bin), it takes that many of its nearest galaxies. By
    /// default the reference is the lowest of the redshift bins with equal numbers of galaxies.
    pub fn reference(mut self, redshift: f64) -> Self {
        self.reference = Some(redshift);
        self
    }

    /// Sets the maximum number of redshift bins of a cell, at least 2 (default 10).
    pub fn redshift_bins(mut self, bins: usize) -> Self {
        self.redshift_bins = bins;
        self
    }

    /// Sets the minimum number of galaxies in a bin, at least 10 (default 50, as in DECaLS).
    pub fn galaxies_per_bin(mut self, galaxies: usize) -> Self {
        self.galaxies_per_bin = galaxies;
        self
    }

    /// Sets which galaxies the distributions are made of: the probability of being asked the question, from 0
    /// to 1 (default 0.5, as in Hart et al. 2016).
    pub fn asked(mut self, probability: f64) -> Self {
        self.asked = probability;
        self
    }

    /// Sets the minimum number of votes for the question of the galaxies that the distributions are made of
    /// (default 5, as in the code of Hart et al. 2016).
    pub fn votes(mut self, votes: f64) -> Self {
        self.votes = votes;
        self
    }

    /// Debiases fractions. `galaxies` has a row for each of their galaxies, by `id_str`, with the redshift (and
    /// the luminosity and size, if chosen); it may have other rows and columns.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a setting out of range; [`Error::Missing`] for a column, a galaxy or a question
    /// that is not there; [`Error::Catalog`], naming galaxies, for a redshift, luminosity or size that is
    /// missing or not a number; [`Error::Unsuitable`] with fewer than two bins of galaxies for a question
    /// named in [`questions`](Self::questions), or for all questions.
    pub fn apply(&self, fractions: &FractionTable, galaxies: &DataFrame) -> Result<Debiased> {
        self.check()?;
        let schema = &fractions.schema;
        let named: Vec<usize> =
            self.questions.iter().map(|it| schema.position(it)).collect::<Result<_>>()?;
        let places = self.places(fractions, galaxies)?;
        let mut debiased = fractions.fractions.clone();
        let mut asked = Array2::<f64>::ones(fractions.totals.dim());
        let mut lines: Vec<Line> = Vec::new();
        for question in schema.in_order() {
            interrupt::check("debiasing", || format!("{} questions", lines.len()))?;
            let place = schema.position(question.name())?;
            if let Some((before, answer)) = schema.asked_after(question) {
                let before = schema.position(before.name())?;
                let chance = &asked.column(before) * &debiased.column(answer.index());
                asked.column_mut(place).assign(&chance);
            }
            if !named.is_empty() && !named.contains(&place) {
                continue;
            }
            let is_used = |row: &usize| {
                asked[[*row, place]] >= self.asked && fractions.totals[[*row, place]] >= self.votes
            };
            let used: Vec<usize> = (0..fractions.len()).filter(is_used).collect();
            let cells = Cells::new(&places, &used, self);
            if cells.is_empty() && !named.is_empty() {
                return Err(self.too_few(question.name(), used.len()));
            }
            let mut line = Line { question: place, used: used.len(), ..Line::default() };
            if !cells.is_empty() {
                line = self.debias(fractions, &mut debiased, question, &cells, line, &places);
            }
            lines.push(line);
        }
        let left: Vec<&Line> = lines.iter().filter(|it| it.cells == 0).collect();
        let name = |line: &Line| schema.questions()[line.question].name();
        if let (Some(first), true) = (left.first(), left.len() == lines.len()) {
            return Err(self.too_few(name(first), first.used));
        }
        if !left.is_empty() {
            let names: Vec<&str> = left.iter().map(|line| name(line)).collect();
            notes::note(format!(
                "fewer than {} galaxies have enough votes for {} of {} questions, which stay as they are: {}",
                2 * self.galaxies_per_bin,
                left.len(),
                lines.len(),
                notes::examples(&names)
            ));
        }
        let report = report(&lines, fractions);
        let fractions = FractionTable { fractions: debiased, ..fractions.clone() };
        Ok(Debiased { fractions, report })
    }

    /// Debiases the answers of a question.
    fn debias(
        &self,
        raw: &FractionTable,
        debiased: &mut Array2<f64>,
        question: &Question,
        cells: &Cells,
        mut line: Line,
        places: &[Place],
    ) -> Line {
        line.cells = cells.len();
        line.bins =
            cells.iter().map(|it| it.bins().len()).sum::<usize>() as f64 / cells.len() as f64;
        line.reference = cells.iter().map(Cell::reference).fold(f64::NEG_INFINITY, f64::max);
        let maps: Vec<Vec<distribution::Maps>> = (cells.iter())
            .map(|cell| {
                let of = |answer| cell.maps(&raw.fractions.column(answer));
                question.range().map(of).collect()
            })
            .collect();
        let mut change = 0.0;
        for (row, place) in places.iter().enumerate() {
            let cell = cells.place(place);
            let asked = raw.totals[[row, line.question]] > 0.0;
            let between = cells.get(cell).and_then(|it| it.between(place.redshift));
            let (Some((low, high, share)), true) = (between, asked) else { continue };
            let values: Vec<f64> = (question.range().zip(&maps[cell]))
                .map(|(answer, maps)| maps.value(raw.fractions[[row, answer]], low, high, share))
                .collect();
            let sum: f64 = values.iter().sum();
            if !(sum.is_finite() && sum > 0.0) {
                continue;
            }
            line.debiased += 1;
            for (answer, value) in question.range().zip(values) {
                debiased[[row, answer]] = value / sum;
                change += (value / sum - raw.fractions[[row, answer]]).abs();
            }
        }
        line.change = change / (line.debiased.max(1) * question.answers().len()) as f64;
        line
    }

    /// The redshift, luminosity and size of each galaxy.
    fn places(&self, fractions: &FractionTable, galaxies: &DataFrame) -> Result<Vec<Place>> {
        let ids = column(galaxies, ID)?;
        let wrong = |(problem, hint)| Error::Catalog { path: PLACE.into(), problem, hint };
        let ids = names::as_text(ids).map_err(wrong)?;
        let ids = ids.str()?;
        let known = ids.iter().enumerate();
        let rows: HashMap<&str, IdxSize> =
            known.filter_map(|(row, id)| Some((id?, row as IdxSize))).collect();
        let row = |id: &String| {
            let names = || ids.iter().flatten().take(1000);
            rows.get(id.as_str())
                .copied()
                .ok_or_else(|| Error::missing("galaxy", id, PLACE, names()))
        };
        let rows = fractions.ids.iter().map(row).collect::<Result<Vec<IdxSize>>>()?;
        let rows = IdxCa::from_vec("rows".into(), rows);
        let own = galaxies.take(&rows)?;
        let values = |name: &str| -> Result<(Label, Vec<f64>)> {
            let ids = Column::new(ID.into(), &fractions.ids);
            let label = Label::new(name, column(&own, name)?.clone(), ids, PLACE);
            let values = label.all(label.finite()?)?;
            Ok((label, values))
        };
        let (label, redshifts) = values(&self.redshift)?;
        if let Some(row) = redshifts.iter().position(|it| !REDSHIFTS.contains(it)) {
            let (value, id) = (redshifts[row], label.id(row));
            let problem = format!("{:?} is {value} for {id:?}", self.redshift);
            return Err(label.wrong(problem, "Leave out galaxies without a redshift"));
        }
        let optional = |name: &Option<String>| -> Result<Vec<f64>> {
            match name {
                Some(name) => Ok(values(name)?.1),
                None => Ok(vec![0.0; redshifts.len()]),
            }
        };
        let (luminosities, sizes) = (optional(&self.luminosity)?, optional(&self.size)?);
        let all = redshifts.iter().zip(luminosities).zip(sizes);
        Ok(all
            .map(|((&redshift, luminosity), size)| Place { redshift, luminosity, size })
            .collect())
    }

    fn check(&self) -> Result<()> {
        let at_least = |name: &str, value: usize, least: usize| match value < least {
            true => Err(Error::parameter(name, value, format!("at least {least}"))),
            false => Ok(()),
        };
        let within = match (0.0..=1.0).contains(&self.asked) {
            true => Ok(()),
            false => Err(Error::parameter("asked", self.asked, "between 0 and 1")),
        };
        let votes = match self.votes.is_finite() && self.votes > 0.0 {
            true => Ok(()),
            false => Err(Error::parameter("votes", self.votes, "above 0 and finite")),
        };
        let reference = match self.reference {
            Some(it) if !(it.is_finite() && it > 0.0) => {
                Err(Error::parameter("reference", it, "a redshift above 0"))
            }
            _ => Ok(()),
        };
        Error::together([
            at_least("redshift_bins", self.redshift_bins, 2),
            at_least("galaxies_per_bin", self.galaxies_per_bin, 10),
            within,
            votes,
            reference,
        ])
    }

    fn too_few(&self, question: &str, found: usize) -> Error {
        let problem = format!(
            "{found} galaxies have enough votes for {question:?}, but debiasing needs {} (two bins of {})",
            2 * self.galaxies_per_bin,
            self.galaxies_per_bin
        );
        Error::unsuitable(problem, "Give more galaxies, or lower galaxies_per_bin, asked or votes")
    }
}

#[cfg(test)]
mod tests;
