//! The calibration of a posterior, question by question, on held-out votes.

use super::confident::{Confident, confident};
use super::coverage::{Coverage, coverage};
use super::posterior::Posterior;
use super::reliability::{Bin, calibration_error, reliability};
use ndarray::Axis;
use polars::prelude::{Column, DataFrame};
use std::ops::Range;
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};
use zoobot_base::table::table_of;
use zoobot_data::schema::Votes;
use zoobot_show::figure::{Figure, Panel, calibration_panels};
use zoobot_show::notebook::{Bundle, Show, Table};

/// The number of bins of the calibration error and its figure.
const BINS: usize = 10;
/// The vote fraction above which volunteers agree.
const AGREED: f64 = 0.8;
/// The deviation for which coverage is measured.
const DEVIATION: f64 = 0.2;

/// The calibration of a posterior, measured on held-out votes.
///
/// ```
/// use zoobot_core::{ndarray::{Array2, Array3}, prelude::*};
/// let rings = Schema::named("gz_rings")?;
/// let ids: Vec<String> = (0..40).map(|i| format!("G{i}")).collect();
/// let votes = Votes::new(&rings, ids.clone(), Array2::from_elem((40, 2), 5.0))?;
/// let posterior = Posterior::new(&rings, ids, Array3::from_elem((40, 2, 1), 20.0))?;
/// let calibration = Calibration::measure(&posterior, &votes, 5)?;
/// assert!(calibration.questions()[0].error() < 1e-9); // half expected, half found
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Calibration {
    questions: Vec<QuestionCalibration>,
    min_votes: u32,
}

/// The calibration of one question.
#[derive(Debug, Clone)]
pub struct QuestionCalibration {
    /// The question.
    pub question: String,
    /// The coverage of the vote fractions, with a deviation of 0.2.
    pub coverage: Coverage,
    /// The accuracy for galaxies where one answer has more than 80 % of the votes.
    pub confident: Confident,
    /// Ten bins of expected fractions with the vote fractions; each vote has equal weight.
    pub bins: Vec<Bin>,
}

impl QuestionCalibration {
    /// The expected calibration error of the fractions; 0 is best.
    pub fn error(&self) -> f64 {
        calibration_error(&self.bins)
    }
}

impl Calibration {
    /// Measures each question with the galaxies that have at least `min_votes` votes for it (5 is usual).
    /// Questions without such galaxies are left out.
    ///
    /// # Errors
    /// [`Error::Shape`] when the votes are for other galaxies; [`Error::Unsuitable`] for another schema;
    /// [`Error::Empty`] when no question has a galaxy with `min_votes` votes.
    pub fn measure(posterior: &Posterior, votes: &Votes, min_votes: u32) -> Result<Self> {
        paired(posterior, votes)?;
        votes.say_without();
        let totals = votes.totals();
        let least = f64::from(min_votes.max(1));
        let mut questions = Vec::new();
        for (place, question) in posterior.schema().questions().iter().enumerate() {
            zoobot_base::interrupt::check("calibration", || format!("{place} questions"))?;
            if !totals.column(place).iter().any(|total| *total >= least) {
                continue;
            }
            let name = question.name();
            let galaxies = asked(posterior, votes, name, min_votes)?;
            let mut all = [Vec::new(), Vec::new(), Vec::new()];
            for galaxy in &galaxies {
                for (votes, fraction) in galaxy.votes.iter().zip(galaxy.fractions()) {
                    all[0].push(fraction.min(1.0));
                    all[1].push(votes / galaxy.total);
                    all[2].push(galaxy.total);
                }
            }
            questions.push(QuestionCalibration {
                question: name.to_owned(),
                coverage: coverage(posterior, votes, name, DEVIATION, min_votes)?,
                confident: confident(posterior, votes, name, AGREED, min_votes)?,
                bins: reliability(&all[0], &all[1], &all[2], BINS)?,
            });
        }
        if questions.is_empty() {
            let what = format!("no galaxy has {min_votes} or more votes for a question");
            return Err(Error::empty(what, lower_minimum()));
        }
        Ok(Self { questions, min_votes })
    }

    /// The calibration of each question.
    pub fn questions(&self) -> &[QuestionCalibration] {
        &self.questions
    }

    /// A row for each question: the number of galaxies, the coverage within a deviation of 0.2 (expected,
    /// observed, error), the fraction of votes inside 90 % intervals, the calibration error, and the number
    /// of galaxies and accuracy where volunteers agree (empty if they never do).
    pub fn table(&self) -> DataFrame {
        let whole = |name: &str, value: &dyn Fn(&QuestionCalibration) -> usize| {
            let values: Vec<u32> = self.questions.iter().map(|it| value(it) as u32).collect();
            Column::new(name.into(), values)
        };
        let real = |name: &str, value: &dyn Fn(&QuestionCalibration) -> f64| {
            let values = self.questions.iter().map(value).map(|it| it.is_finite().then_some(it));
            Column::new(name.into(), values.collect::<Vec<_>>())
        };
        let names: Vec<&str> = self.questions.iter().map(|it| it.question.as_str()).collect();
        let columns = vec![
            Column::new("question".into(), names),
            whole("galaxies", &|it| it.coverage.galaxies),
            real("within_0.2_expected", &|it| it.coverage.expected_within),
            real("within_0.2_observed", &|it| it.coverage.observed_within),
            real("coverage_error", &|it| it.coverage.error()),
            real("votes_in_90pc", &|it| it.coverage.votes_inside),
            real("calibration_error", &|it| it.error()),
            whole("confident_galaxies", &|it| it.confident.galaxies),
            real("confident_accuracy", &|it| it.confident.accuracy()),
        ];
        table_of(self.questions.len(), columns)
    }

    /// A panel for each question: the vote fractions against the expected fractions. A calibrated posterior
    /// is on the diagonal.
    ///
    /// # If it cannot be drawn
    /// [`Error::Parameter`] when there are too many questions for a figure.
    pub fn figure(&self) -> Figure {
        let panel = |it: &QuestionCalibration| Panel {
            title: it.question.clone(),
            note: format!("error {:.3}", it.error()),
            points: it.bins.iter().map(|bin| (bin.confidence, bin.outcome, bin.weight)).collect(),
        };
        calibration_panels(&self.questions.iter().map(panel).collect::<Vec<_>>())
    }
}

impl Show for Calibration {
    fn show(&self) -> Bundle {
        let least = self.min_votes.max(1);
        let title = format!("Calibration, galaxies with {least} votes or more for the question");
        Table::new(self.table()).title(title).whole().show()
    }
}

/// A galaxy with votes for a question.
#[derive(Debug)]
pub(super) struct Asked {
    /// The votes for each answer.
    pub votes: Vec<f64>,
    /// The total of these votes.
    pub total: f64,
    /// The concentrations of each member.
    pub alphas: Vec<Vec<f64>>,
}

impl Asked {
    /// The votes for the answers in `range` of the galaxy in this row, and their concentrations.
    pub fn of(posterior: &Posterior, votes: &Votes, range: Range<usize>, row: usize) -> Self {
        let votes = votes.counts().slice(ndarray::s![row, range.clone()]).to_vec();
        let alpha = posterior.concentrations();
        let alpha = alpha.slice(ndarray::s![row, range, ..]);
        let alphas = alpha.axis_iter(Axis(1)).map(|it| it.to_vec()).collect();
        Self { total: votes.iter().sum(), votes, alphas }
    }

    /// The expected fraction of each answer.
    pub fn fractions(&self) -> Vec<f64> {
        let mut fractions = vec![0.0; self.votes.len()];
        for alpha in &self.alphas {
            let all = alpha.iter().sum::<f64>() * self.alphas.len() as f64;
            fractions.iter_mut().zip(alpha).for_each(|(mean, alpha)| *mean += alpha / all);
        }
        fractions
    }
}

/// The galaxies with at least `min_votes` votes for a question, and at least one.
pub(super) fn asked(
    posterior: &Posterior,
    votes: &Votes,
    question: &str,
    min_votes: u32,
) -> Result<Vec<Asked>> {
    paired(posterior, votes)?;
    let range = posterior.schema().question(question)?.range();
    let each = (0..votes.len()).map(|row| Asked::of(posterior, votes, range.clone(), row));
    let found: Vec<Asked> = each.filter(|it| it.total >= f64::from(min_votes.max(1))).collect();
    if found.is_empty() {
        let what = format!("no galaxy has {min_votes} or more votes for {question:?}");
        return Err(Error::empty(what, lower_minimum()));
    }
    Ok(found)
}

/// The remedy if no galaxy has enough votes.
fn lower_minimum() -> String {
    advice("Lower min_votes, or give more votes", "Lower --min-votes, or give more votes")
}

/// Fails unless predictions and votes are for the same galaxies and questions.
pub(super) fn paired(posterior: &Posterior, votes: &Votes) -> Result<()> {
    if posterior.schema() != votes.schema() {
        let problem = format!(
            "the votes are for {}, but the predictions for {}",
            votes.schema().name(),
            posterior.schema().name()
        );
        return Err(Error::unsuitable(
            problem,
            "Read the votes with the schema of the predictions",
        ));
    }
    if posterior.ids() != votes.ids() {
        let at = posterior.ids().iter().zip(votes.ids()).position(|(a, b)| a != b);
        let problem = match at {
            Some(at) => format!(
                "row {} is {:?} in the votes, but {:?} in the predictions",
                at + 1,
                votes.ids()[at],
                posterior.ids()[at]
            ),
            None => format!(
                "there are votes for {} galaxies, but predictions for {}",
                votes.len(),
                posterior.len()
            ),
        };
        return Err(Error::shape(problem, "Give the same galaxies in the same order"));
    }
    Ok(())
}
