//! The comparison of a posterior with volunteers, over all questions.

use super::judged::Judged;
use super::{Protocol, QuestionComparison};
use polars::prelude::{Column, DataFrame};
use zoobot_base::table::table_of;
use zoobot_data::schema::Question;
use zoobot_representation::metrics::{Estimate, bootstrap};
use zoobot_show::figure::{Figure, lines};
use zoobot_show::notebook::{Bundle, Show, Table};

/// The name of the row for all questions.
pub(super) const ALL: &str = "all questions";

/// How a posterior compares with many volunteers: the result of [`Protocol::measure`].
///
/// ```
/// use zoobot_core::{ndarray::{Array2, Array3}, prelude::*};
/// let rings = Schema::named("gz_rings")?;
/// let ids: Vec<String> = (0..40).map(|i| format!("G{i}")).collect();
/// let counts = Array2::from_shape_fn((40, 2), |(i, k)| [i as f64, 40.0 - i as f64][k]);
/// let votes = Votes::new(&rings, ids.clone(), counts)?;
/// let even = Posterior::new(&rings, ids, Array3::from_elem((40, 2, 1), 50.0))?;
/// let comparison = Protocol::new().measure(&even, &votes)?;
/// let ring = comparison.questions()[0].clone();
/// assert!(ring.mean_absolute_deviation.value > 2.0 * ring.noise_floor.value);
/// assert!(ring.worth_volunteers.value < 5.0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct VoteComparison {
    protocol: Protocol,
    galaxies: usize,
    mean_absolute_deviation: Estimate,
    noise_floor: Estimate,
    questions: Vec<QuestionComparison>,
}

impl VoteComparison {
    pub(super) fn of(protocol: Protocol, questions: &[(&Question, Vec<Judged>)]) -> Self {
        let mut rows: Vec<usize> =
            questions.iter().flat_map(|(_, it)| it.iter().map(|it| it.row)).collect();
        rows.sort_unstable();
        rows.dedup();
        let overall = |of: fn(&Judged) -> f64| mean_of_questions(&rows, questions, protocol, of);
        let each = questions.iter();
        Self {
            protocol,
            galaxies: rows.len(),
            mean_absolute_deviation: overall(|it| it.deviation),
            noise_floor: overall(|it| it.floor),
            questions: each
                .map(|(question, it)| QuestionComparison::of(question, it, protocol.seed))
                .collect(),
        }
    }

    /// The rules of the comparison.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The number of galaxies that count for at least one question.
    pub fn galaxies(&self) -> usize {
        self.galaxies
    }

    /// The mean absolute deviation of the expected fractions from the vote fractions, averaged over the
    /// questions, each with equal weight. 0 to 1.
    pub fn mean_absolute_deviation(&self) -> Estimate {
        self.mean_absolute_deviation
    }

    /// The mean absolute deviation that the numbers of votes alone would cause, averaged over the questions:
    /// see [`QuestionComparison::noise_floor`].
    pub fn noise_floor(&self) -> Estimate {
        self.noise_floor
    }

    /// The comparison for each question that has galaxies, in the order of the schema.
    pub fn questions(&self) -> &[QuestionComparison] {
        &self.questions
    }

    /// A row for each question, and a last row with the deviations averaged over the questions. The columns
    /// are the fields of [`QuestionComparison`]; `r` is the correlation of the first answer, such as "yes". A
    /// cell is empty where there is no value, and in `worth_volunteers` where the posterior is at least as
    /// good as the votes can tell.
    pub fn table(&self) -> DataFrame {
        let mut columns = vec![text("question", self.names().chain([ALL]))];
        let whole = |name: &str, of: &dyn Fn(&QuestionComparison) -> usize, all: Option<usize>| {
            let each = self.questions.iter().map(|it| Some(of(it))).chain([all]);
            Column::new(name.into(), each.map(|it| it.map(|it| it as u32)).collect::<Vec<_>>())
        };
        columns.push(whole("galaxies", &|it| it.galaxies, Some(self.galaxies)));
        for (name, of) in MEASURES {
            let all = match name {
                "mean_absolute_deviation" => Some(self.mean_absolute_deviation),
                "noise_floor" => Some(self.noise_floor),
                _ => None,
            };
            let each = self.questions.iter().map(|it| Some(of(it))).chain([all]);
            columns.push(real(name, each.map(|it| it.map_or(f64::NAN, |it| it.value))));
        }
        let agreed = whole("agreed_galaxies", &|it| it.agreed_galaxies, None);
        let place = columns.iter().position(|it| it.name() == "agreed_accuracy").unwrap_or(0);
        columns.insert(place, agreed);
        table_of(self.questions.len() + 1, columns)
    }

    /// Every value with its 95 % interval, a row for each question and measure, for computing: `question`,
    /// `measure` (as in [`table`](Self::table), and `r_ANSWER` for each answer), `value`, `low` and `high`. A
    /// number of volunteers without an upper bound is infinite.
    pub fn estimates(&self) -> DataFrame {
        let mut rows: Vec<(&str, String, Estimate)> = Vec::new();
        for it in &self.questions {
            let question = it.question.as_str();
            let answers = it.r.iter().map(|(answer, r)| (question, format!("r_{answer}"), *r));
            rows.extend(answers);
            let each = MEASURES.iter().skip(1);
            rows.extend(each.map(|(name, of)| (question, (*name).to_owned(), of(it))));
        }
        rows.push((ALL, "mean_absolute_deviation".into(), self.mean_absolute_deviation));
        rows.push((ALL, "noise_floor".into(), self.noise_floor));
        let number = |name: &str, of: fn(&Estimate) -> f64| {
            let values = rows.iter().map(|(.., it)| Some(of(it)).filter(|it| !it.is_nan()));
            Column::new(name.into(), values.collect::<Vec<_>>())
        };
        let columns = vec![
            text("question", rows.iter().map(|it| it.0)),
            text("measure", rows.iter().map(|it| it.1.as_str())),
            number("value", |it| it.value),
            number("low", |it| it.low),
            number("high", |it| it.high),
        ];
        table_of(rows.len(), columns)
    }

    /// The probability integral transform of the votes for each question, as a cumulative distribution. A
    /// calibrated posterior is on the diagonal; an S shape means intervals of the wrong width, an arc a bias.
    pub fn figure(&self) -> Figure {
        let ends = |bins: &[f64]| -> Vec<f64> {
            (0..=bins.len()).map(|bin| bin as f64 / bins.len() as f64).collect()
        };
        let mut figure = lines().series("calibrated", [0.0, 1.0], [0.0, 1.0]);
        for it in &self.questions {
            let below = (0..=it.pit.len()).map(|bin| it.pit.iter().take(bin).sum::<f64>());
            let below: Vec<f64> = below.collect();
            figure = figure.series(&it.question, ends(&it.pit), below);
        }
        figure.labels("probability integral transform", "fraction of votes below").build()
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.questions.iter().map(|it| it.question.as_str())
    }
}

impl Show for VoteComparison {
    fn show(&self) -> Bundle {
        let title = format!("Comparison with volunteers, {}", self.protocol.words());
        Table::new(self.table()).title(title).whole().show()
    }
}

/// A measure of a question: its name as a column, and its value.
type Measure = (&'static str, fn(&QuestionComparison) -> Estimate);

/// The measures of a question, in the order of the table.
pub(super) const MEASURES: [Measure; 10] = [
    ("r", QuestionComparison::first_r),
    ("mean_r", |it| it.mean_r),
    ("mean_absolute_deviation", |it| it.mean_absolute_deviation),
    ("noise_floor", |it| it.noise_floor),
    ("accuracy", |it| it.accuracy),
    ("agreed_accuracy", |it| it.agreed_accuracy),
    ("votes_in_50pc", |it| it.votes_in_50pc),
    ("votes_in_90pc", |it| it.votes_in_90pc),
    ("pit_distance", |it| it.pit_distance),
    ("worth_volunteers", |it| it.worth_volunteers),
];

/// A column of text.
pub(super) fn text<'a>(name: &str, values: impl Iterator<Item = &'a str>) -> Column {
    Column::new(name.into(), values.collect::<Vec<_>>())
}

/// A column of numbers, empty where they are not finite.
pub(super) fn real(name: &str, values: impl Iterator<Item = f64>) -> Column {
    let values = values.map(|it| it.is_finite().then_some(it));
    Column::new(name.into(), values.collect::<Vec<_>>())
}

/// The mean over galaxies of a value of each question, averaged over the questions. `rows` are those of all
/// galaxies, in ascending order.
fn mean_of_questions(
    rows: &[usize],
    questions: &[(&Question, Vec<Judged>)],
    protocol: Protocol,
    of: fn(&Judged) -> f64,
) -> Estimate {
    let each: Vec<Vec<Option<f64>>> = questions
        .iter()
        .map(|(_, galaxies)| {
            let mut values = vec![None; rows.len()];
            for galaxy in galaxies {
                if let Ok(place) = rows.binary_search(&galaxy.row) {
                    values[place] = Some(of(galaxy));
                }
            }
            values
        })
        .collect();
    bootstrap(rows.len(), protocol.seed, |places| {
        // A sample may have no galaxy of a rare question.
        let means = each.iter().map(|values| {
            let known = places.iter().filter_map(|place| values[*place]);
            let (sum, count) = known.fold((0.0, 0.0), |(sum, count), it| (sum + it, count + 1.0));
            sum / count
        });
        let means: Vec<f64> = means.filter(|mean: &f64| !mean.is_nan()).collect();
        means.iter().sum::<f64>() / means.len() as f64
    })
}
