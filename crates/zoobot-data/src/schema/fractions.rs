//! Vote fractions as votes: catalogues that publish fractions in place of counts.

use super::{Question, Schema};
use crate::catalog::{Catalog, Label};
use ndarray::Array2;
use zoobot_base::error::{Error, Result};

/// A fraction may exceed 1, or the fraction of the answer before it, by this much: published tables are
/// rounded.
const TOLERANCE: f64 = 0.02;

/// The answers of the Kaggle Galaxy Challenge, in the order of the schema `gz2`. The kind of odd feature
/// (`Class8`) is not part of the schema.
const KAGGLE: [(&str, &[&str]); 10] = [
    ("smooth-or-featured-gz2", &["Class1.1", "Class1.2", "Class1.3"]),
    ("disk-edge-on-gz2", &["Class2.1", "Class2.2"]),
    ("has-spiral-arms-gz2", &["Class4.1", "Class4.2"]),
    ("bar-gz2", &["Class3.1", "Class3.2"]),
    ("bulge-size-gz2", &["Class5.4", "Class5.3", "Class5.2", "Class5.1"]),
    ("something-odd-gz2", &["Class6.1", "Class6.2"]),
    ("how-rounded-gz2", &["Class7.1", "Class7.2", "Class7.3"]),
    ("bulge-shape-gz2", &["Class9.1", "Class9.2", "Class9.3"]),
    ("spiral-winding-gz2", &["Class10.1", "Class10.2", "Class10.3"]),
    (
        "spiral-arm-count-gz2",
        &["Class11.1", "Class11.2", "Class11.3", "Class11.4", "Class11.5", "Class11.6"],
    ),
];

/// How a catalogue writes vote fractions, and how many volunteers they are of.
///
/// The fractions become whole numbers of votes, which every command and method reads. *Conditional* fractions
/// sum to 1 over the answers of each question: the share of the volunteers who were asked. *Cumulative* ones
/// are shares of all volunteers, so that they sum to the fraction of the answer that leads to the question.
///
/// ```
/// use zoobot_core::prelude::*;
/// let table = df!(
///     "id_str" => ["a"], "file_loc" => ["a.jpg"], "ring_yes" => [0.7], "ring_no" => [0.3],
/// )?;
/// let rings = Schema::named("gz_rings")?;
/// let catalog = VoteFractions::conditional(40).counts(&Catalog::from_table(table, ".")?, &rings)?;
/// assert_eq!(Votes::of(&catalog, &rings)?.counts().row(0).to_vec(), [28.0, 12.0]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct VoteFractions {
    form: Form,
    volunteers: Volunteered,
}

/// What the fractions of a question are shares of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Conditional,
    Cumulative,
    /// Cumulative, with the names of the columns of the Kaggle Galaxy Challenge.
    Kaggle,
}

/// The number of volunteers of each galaxy.
#[derive(Debug, Clone, PartialEq)]
enum Volunteered {
    Each(u32),
    Column(String),
}

impl VoteFractions {
    /// Fractions of the volunteers who were asked the question, in columns `QUESTION_ANSWER_fraction` or
    /// `QUESTION_ANSWER`, of `volunteers` volunteers for each galaxy.
    pub fn conditional(volunteers: u32) -> Self {
        Self { form: Form::Conditional, volunteers: Volunteered::Each(volunteers) }
    }

    /// Fractions of all volunteers, in columns `QUESTION_ANSWER_fraction` or `QUESTION_ANSWER`, of
    /// `volunteers` volunteers for each galaxy.
    pub fn cumulative(volunteers: u32) -> Self {
        Self { form: Form::Cumulative, ..Self::conditional(volunteers) }
    }

    /// The cumulative fractions of the Kaggle Galaxy Challenge (`Class1.1` to `Class11.6`), for the schema
    /// `gz2`. Its galaxies have 40 to 45 volunteers each.
    pub fn kaggle(volunteers: u32) -> Self {
        Self { form: Form::Kaggle, ..Self::conditional(volunteers) }
    }

    /// Takes the number of volunteers of each galaxy from a column.
    pub fn volunteers_in(mut self, column: impl Into<String>) -> Self {
        self.volunteers = Volunteered::Column(column.into());
        self
    }

    /// The catalogue with the vote columns of the schema, `QUESTION_ANSWER`, as whole numbers.
    ///
    /// The votes of a question are the number of volunteers who were asked it (rounded), divided between the
    /// answers in proportion to the fractions (by largest remainder). An empty cell counts as 0, so that a
    /// question without fractions has no votes.
    ///
    /// # Errors
    /// [`Error::Missing`] for a column that the catalogue lacks; [`Error::Catalog`] for a fraction that is not
    /// between 0 and 1, fractions of a question that exceed what they are shares of, or a number of volunteers
    /// below 1, naming the galaxy; [`Error::Unsuitable`] for Kaggle's names and another schema.
    pub fn counts(&self, catalog: &Catalog, schema: &Schema) -> Result<Catalog> {
        let volunteers = self.volunteers_of(catalog)?;
        let fractions = self.fractions(catalog, schema)?;
        let mut counts = Array2::<f64>::zeros(fractions.dim());
        for (row, volunteers) in volunteers.into_iter().enumerate() {
            for question in schema.in_order() {
                let before = schema.asked_after(question);
                let asked = before.map_or(volunteers, |(_, answer)| counts[[row, answer.index()]]);
                let shares: Vec<f64> =
                    question.range().map(|answer| fractions[[row, answer]]).collect();
                let all: f64 = shares.iter().sum();
                let whole = match (self.form, before) {
                    (Form::Conditional, _) | (_, None) => 1.0,
                    (_, Some((_, answer))) => fractions[[row, answer.index()]],
                };
                if all > whole + TOLERANCE {
                    let problem = format!(
                        "the fractions of {:?} sum to {all:.3}, above {whole:.3}",
                        question.name()
                    );
                    return Err(catalog.impossible(row, &problem, self.advice()));
                }
                let votes = match self.form {
                    Form::Conditional => (asked * all).round(),
                    _ => (volunteers * all).round().min(asked),
                };
                for (answer, votes) in question.range().zip(divided(&shares, votes)) {
                    counts[[row, answer]] = votes;
                }
            }
        }
        let columns = schema.answers().map(|answer| {
            let votes = counts.column(answer.index()).iter().map(|it| *it as u32).collect();
            (answer.column().to_owned(), votes)
        });
        catalog.with_votes(columns.collect())
    }

    /// The number of volunteers of each galaxy.
    fn volunteers_of(&self, catalog: &Catalog) -> Result<Vec<f64>> {
        let all = match &self.volunteers {
            Volunteered::Each(0) => return Err(Error::parameter("volunteers", 0, "at least 1")),
            Volunteered::Each(number) => vec![f64::from(*number); catalog.len()],
            Volunteered::Column(name) => {
                let numbers = Label::of(catalog, name)?.numbers()?;
                numbers.into_iter().map(|it| it.unwrap_or(f64::NAN)).collect()
            }
        };
        for (row, number) in all.iter().enumerate() {
            if !(1.0..=f64::from(u32::MAX)).contains(number) {
                let problem = format!("the number of volunteers is {number}");
                return Err(catalog.impossible(
                    row,
                    &problem,
                    "Leave out galaxies without volunteers",
                ));
            }
        }
        Ok(all)
    }

    /// The fractions as they are in the table, `[galaxies, answers]`, with 0 for an empty cell.
    fn fractions(&self, catalog: &Catalog, schema: &Schema) -> Result<Array2<f64>> {
        let mut fractions = Array2::zeros((catalog.len(), schema.width()));
        for question in schema.questions() {
            for (place, answer) in question.answers().iter().enumerate() {
                let name = self.column(catalog, schema, question, place)?;
                let values = Label::of(catalog, &name)?.numbers()?;
                for (row, value) in values.into_iter().enumerate() {
                    let value = value.filter(|it| !it.is_nan()).unwrap_or(0.0);
                    if !(0.0..=1.0 + TOLERANCE).contains(&value) {
                        let hint = "A vote fraction is between 0 and 1: leave the cell empty if the \
                                    question was not asked";
                        return Err(catalog.impossible(row, &format!("{name} is {value}"), hint));
                    }
                    fractions[[row, answer.index()]] = value;
                }
            }
        }
        Ok(fractions)
    }

    /// The column with the fraction of an answer.
    fn column(
        &self,
        catalog: &Catalog,
        schema: &Schema,
        question: &Question,
        place: usize,
    ) -> Result<String> {
        if self.form == Form::Kaggle {
            let found = KAGGLE.iter().find(|(name, _)| *name == question.name());
            return match found.and_then(|(_, names)| names.get(place)) {
                Some(name) => Ok((*name).to_owned()),
                None => Err(Error::unsuitable(
                    format!(
                        "the Galaxy Challenge has votes for gz2, not for {:?} of {}",
                        question.name(),
                        schema.name()
                    ),
                    "Give the schema gz2",
                )),
            };
        }
        let plain = question.answers()[place].column();
        let long = format!("{plain}_fraction");
        let has = catalog.table().column(&long).is_ok();
        Ok(if has { long } else { plain.to_owned() })
    }

    fn advice(&self) -> &'static str {
        match self.form {
            Form::Conditional => {
                "Conditional fractions sum to 1 over each question; use VoteFractions::cumulative for \
                 shares of all volunteers"
            }
            _ => {
                "Cumulative fractions sum to the fraction of the answer that leads to the question; use \
                 VoteFractions::conditional for shares of the volunteers who were asked"
            }
        }
    }
}

/// Divides whole votes in proportion to shares: each gets its whole part, and the votes that remain go to the
/// largest remainders, the first of equal ones first.
fn divided(shares: &[f64], votes: f64) -> Vec<f64> {
    let all: f64 = shares.iter().sum();
    if all <= 0.0 || votes <= 0.0 {
        return vec![0.0; shares.len()];
    }
    let exact: Vec<f64> = shares.iter().map(|share| votes * share / all).collect();
    let mut whole: Vec<f64> = exact.iter().map(|it| it.floor()).collect();
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|&a, &b| (exact[b] - whole[b]).total_cmp(&(exact[a] - whole[a])));
    let left = (votes - whole.iter().sum::<f64>()).round().max(0.0) as usize;
    order.into_iter().take(left).for_each(|place| whole[place] += 1.0);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Votes;
    use polars::prelude::{Column, DataFrame};

    fn catalog(columns: &[(&str, f64)]) -> Catalog {
        let mut all = vec![
            Column::new("id_str".into(), ["G1"]),
            Column::new("file_loc".into(), ["images/G1.jpg"]),
        ];
        all.extend(columns.iter().map(|(name, value)| Column::new((*name).into(), [*value])));
        Catalog::from_table(DataFrame::new(1, all).unwrap(), ".").unwrap()
    }

    fn tree() -> Schema {
        Schema::from_json(
            r#"{"name": "t", "questions": [
                {"question": "disk", "answers": ["yes", "no"]},
                {"question": "bar", "answers": ["yes", "no"], "depends_on": "disk_yes"}]}"#,
        )
        .unwrap()
    }

    fn votes(fractions: &VoteFractions, columns: &[(&str, f64)]) -> Result<Vec<f64>> {
        let catalog = fractions.counts(&catalog(columns), &tree())?;
        Ok(Votes::of(&catalog, &tree())?.counts().row(0).to_vec())
    }

    #[test]
    fn cumulative_and_conditional_fractions_of_one_galaxy_are_the_same_votes() {
        // 40 volunteers, 30 of whom saw a disc; 12 of these saw a bar.
        let conditional =
            [("disk_yes", 0.75), ("disk_no", 0.25), ("bar_yes", 0.4), ("bar_no", 0.6)];
        let cumulative =
            [("disk_yes", 0.75), ("disk_no", 0.25), ("bar_yes", 0.3), ("bar_no", 0.45)];
        let expected = vec![30.0, 10.0, 12.0, 18.0];
        assert_eq!(votes(&VoteFractions::conditional(40), &conditional).unwrap(), expected);
        assert_eq!(votes(&VoteFractions::cumulative(40), &cumulative).unwrap(), expected);
        let by_column = VoteFractions::cumulative(1).volunteers_in("total");
        let with_total = [&cumulative[..], &[("total", 40.0)]].concat();
        assert_eq!(votes(&by_column, &with_total).unwrap(), expected);
        let long = cumulative.map(|(name, value)| (format!("{name}_fraction"), value));
        let long: Vec<(&str, f64)> = long.iter().map(|(name, value)| (&**name, *value)).collect();
        assert_eq!(votes(&VoteFractions::cumulative(40), &long).unwrap(), expected);
    }

    #[test]
    fn votes_of_a_question_sum_to_the_volunteers_who_were_asked() {
        for volunteers in 1..60 {
            for disk in [0.0, 0.013, 0.31, 0.5, 0.77, 1.0] {
                let columns = [
                    ("disk_yes", disk),
                    ("disk_no", 1.0 - disk),
                    ("bar_yes", disk / 3.0),
                    ("bar_no", disk * 2.0 / 3.0),
                ];
                let found = votes(&VoteFractions::cumulative(volunteers), &columns).unwrap();
                assert_eq!(found[0] + found[1], f64::from(volunteers));
                assert_eq!(found[2] + found[3], found[0], "{volunteers} {disk}");
            }
        }
    }

    #[test]
    fn a_question_that_was_not_asked_has_no_votes() {
        let columns =
            [("disk_yes", 0.0), ("disk_no", 1.0), ("bar_yes", f64::NAN), ("bar_no", f64::NAN)];
        let found = votes(&VoteFractions::conditional(10), &columns).unwrap();
        assert_eq!(found, [0.0, 10.0, 0.0, 0.0]);
    }

    #[test]
    fn counts_in_place_of_fractions_and_the_wrong_form_are_refused_with_the_galaxy() {
        let counts = [("disk_yes", 30.0), ("disk_no", 10.0), ("bar_yes", 12.0), ("bar_no", 18.0)];
        let error = votes(&VoteFractions::cumulative(40), &counts).unwrap_err().to_string();
        assert!(error.contains("disk_yes is 30") && error.contains("G1"), "{error}");
        let conditional = [("disk_yes", 0.5), ("disk_no", 0.5), ("bar_yes", 0.4), ("bar_no", 0.6)];
        let error = votes(&VoteFractions::cumulative(40), &conditional).unwrap_err().to_string();
        assert!(error.contains("conditional") && error.contains("1.000, above 0.500"), "{error}");
        let error = votes(&VoteFractions::kaggle(40), &conditional).unwrap_err().to_string();
        assert!(error.contains("schema gz2"), "{error}");
        assert!(votes(&VoteFractions::cumulative(0), &conditional).is_err());
    }

    #[test]
    fn kaggle_has_a_column_for_each_answer_of_gz2() {
        let schema = Schema::named("gz2").unwrap();
        let questions: Vec<&str> = schema.questions().iter().map(|it| it.name()).collect();
        assert_eq!(KAGGLE.map(|(question, _)| question).to_vec(), questions);
        for (question, names) in KAGGLE {
            assert_eq!(schema.question(question).unwrap().answers().len(), names.len());
        }
    }
}
