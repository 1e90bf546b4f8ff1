//! The votes of Galaxy Zoo 2 (Willett et al. 2013, MNRAS 435, 2835; cite it when you use them), converted
//! from the project's own tables to the columns of the schema `gz2`.

use super::{DataSet, numbers};
use crate::catalog::Catalog;
use crate::schema::Schema;
use std::path::Path;
use zoobot_base::error::Result;

pub(super) const DATA_SET: DataSet = DataSet {
    name: "gz2",
    about: "the counts of votes in Galaxy Zoo 2's own tables, of SDSS galaxies",
    citation: "Willett et al. 2013, MNRAS 435, 2835",
    terms: "published with the paper; the pictures are the SDSS's, CC-BY",
    read: |table| read(table),
    folder: None,
    schema: Some(schema),
    labels: &[],
    tags: None,
    kept_out: Some(KEPT_OUT),
};

/// One galaxy in this number is kept out of training, to compare predictions with volunteers: see
/// [`super::keep_out`].
pub const KEPT_OUT: u64 = 3;

/// The questions of the schema, each with the project's names for its answers in the schema's order; `_count`
/// is appended for the column. The question about the kind of odd feature (`t08`) is not part of the schema.
const ANSWERS: [(&str, &[&str]); 10] = [
    (
        "smooth-or-featured-gz2",
        &[
            "t01_smooth_or_features_a01_smooth",
            "t01_smooth_or_features_a02_features_or_disk",
            "t01_smooth_or_features_a03_star_or_artifact",
        ],
    ),
    ("disk-edge-on-gz2", &["t02_edgeon_a04_yes", "t02_edgeon_a05_no"]),
    ("has-spiral-arms-gz2", &["t04_spiral_a08_spiral", "t04_spiral_a09_no_spiral"]),
    ("bar-gz2", &["t03_bar_a06_bar", "t03_bar_a07_no_bar"]),
    (
        "bulge-size-gz2",
        &[
            "t05_bulge_prominence_a13_dominant",
            "t05_bulge_prominence_a12_obvious",
            "t05_bulge_prominence_a11_just_noticeable",
            "t05_bulge_prominence_a10_no_bulge",
        ],
    ),
    ("something-odd-gz2", &["t06_odd_a14_yes", "t06_odd_a15_no"]),
    (
        "how-rounded-gz2",
        &[
            "t07_rounded_a16_completely_round",
            "t07_rounded_a17_in_between",
            "t07_rounded_a18_cigar_shaped",
        ],
    ),
    (
        "bulge-shape-gz2",
        &[
            "t09_bulge_shape_a25_rounded",
            "t09_bulge_shape_a26_boxy",
            "t09_bulge_shape_a27_no_bulge",
        ],
    ),
    (
        "spiral-winding-gz2",
        &[
            "t10_arms_winding_a28_tight",
            "t10_arms_winding_a29_medium",
            "t10_arms_winding_a30_loose",
        ],
    ),
    (
        "spiral-arm-count-gz2",
        &[
            "t11_arms_number_a31_1",
            "t11_arms_number_a32_2",
            "t11_arms_number_a33_3",
            "t11_arms_number_a34_4",
            "t11_arms_number_a36_more_than_4",
            "t11_arms_number_a37_cant_tell",
        ],
    ),
];

/// The schema `gz2`.
///
/// # Errors
/// None: [`Schema::named`] knows it.
pub fn schema() -> Result<Schema> {
    Schema::named("gz2")
}

/// Reads a catalogue with the columns of the Galaxy Zoo 2 tables (`t01_smooth_or_features_a01_smooth_count`
/// and so on) and adds the vote columns of [`schema`]. The counts are raw, neither weighted nor debiased, as
/// a vote loss requires.
///
/// # Errors
/// [`Missing`](zoobot_base::Error::Missing) for a missing column, [`Catalog`](zoobot_base::Error::Catalog)
/// for a value that is not a count of votes, naming the galaxy.
pub fn read(path: impl AsRef<Path>) -> Result<Catalog> {
    let (catalog, schema) = (Catalog::read(path)?, schema()?);
    let mut columns = Vec::with_capacity(schema.width());
    for (question, theirs) in ANSWERS {
        for (answer, name) in schema.question(question)?.answers().iter().zip(theirs) {
            let name = format!("{name}_count");
            let mut counts = Vec::with_capacity(catalog.len());
            for (row, count) in numbers(&catalog, &name)?.into_iter().enumerate() {
                // An empty cell counts as 0 votes.
                let count = if count.is_nan() { 0.0 } else { count };
                if !(0.0..=f64::from(u32::MAX)).contains(&count) || count.fract() != 0.0 {
                    let hint =
                        "Votes are whole numbers of at least 0: use the columns that end in _count";
                    return Err(catalog.impossible(row, &format!("{name} is {count}"), hint));
                }
                counts.push(count as u32);
            }
            columns.push((answer.column().to_owned(), counts));
        }
    }
    catalog.with_votes(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_of_the_schema_has_the_projects_column_that_means_the_same() {
        let schema = schema().unwrap();
        let questions: Vec<&str> = schema.questions().iter().map(|it| it.name()).collect();
        let mapped: Vec<&str> = ANSWERS.iter().map(|(question, _)| *question).collect();
        assert_eq!(questions, mapped);
        for (question, theirs) in ANSWERS {
            let answers = schema.question(question).unwrap().answers();
            assert_eq!(answers.len(), theirs.len(), "{question}");
            for (answer, name) in answers.iter().zip(theirs) {
                // The project words yes and no differently, and does not always spell out "or".
                let meant = match (question, answer.name()) {
                    ("has-spiral-arms-gz2", "yes") => "_spiral",
                    ("has-spiral-arms-gz2", "no") => "no_spiral",
                    ("bar-gz2", "yes") => "_bar",
                    ("bar-gz2", "no") => "no_bar",
                    (_, other) => other.rsplit("or-").next().unwrap_or(other),
                };
                assert!(name.contains(&meant.replace('-', "_")), "{question}: {meant} is {name}");
            }
        }
    }
}
