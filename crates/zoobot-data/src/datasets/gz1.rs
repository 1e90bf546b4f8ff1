//! The classes of Galaxy Zoo 1 (Lintott et al. 2008, MNRAS 389, 1179; cite it when you use them), as the votes
//! of a schema.
//!
//! A galaxy has the most frequent of six answers, and no fractions. It becomes a question with five answers
//! and a single vote: a clockwise and an anticlockwise spiral are one answer, since mirroring a picture, as
//! training does, turns one into the other. Discs whose votes were divided between the senses of rotation are
//! often listed as elliptical, so one vote is all that a class is worth.

use super::DataSet;
use crate::catalog::Catalog;
use crate::schema::Schema;
use std::path::Path;
use zoobot_base::error::Result;

pub(super) const DATA_SET: DataSet = DataSet {
    name: "gz1",
    about: "the most frequent of six answers of Galaxy Zoo 1's volunteers, for SDSS galaxies",
    citation: "Lintott et al. 2008, MNRAS 389, 1179",
    terms: "published with the paper; the pictures are the SDSS's, CC-BY",
    read: |table| read(table),
    folder: None,
    schema: Some(schema),
    labels: &[NAME],
    tags: None,
    kept_out: Some(KEPT_OUT),
};

/// One galaxy in this number is kept out of training, for testing: see [`super::keep_out`].
pub const KEPT_OUT: u64 = 5;

/// The column with the class.
const NAME: &str = "gz1_name";

/// The answers of the question, each with the classes that it stands for.
const ANSWERS: [(&str, &[&str]); 5] = [
    ("elliptical", &["elliptical"]),
    ("edge-on", &["spiral_edge_on"]),
    ("spiral", &["spiral_clockwise", "spiral_anticlockwise"]),
    ("merger", &["merger"]),
    ("star-or-unclear", &["star_or_dont_know"]),
];

/// The class of galaxies without an answer.
const UNLABELLED: &str = "unlabelled";

/// The schema `gz1`: one question, `class-gz1`.
///
/// # Errors
/// None: its names are fixed.
pub fn schema() -> Result<Schema> {
    let answers = ANSWERS.map(|(answer, _)| format!("{answer:?}")).join(", ");
    Schema::from_json(&format!(
        r#"{{"name": "gz1", "questions": [{{"question": "class-gz1", "answers": [{answers}]}}]}}"#
    ))
}

/// Reads a catalogue with the class of each galaxy in the column `gz1_name` and adds the vote columns of
/// [`schema`]. A galaxy that is `unlabelled`, or has an empty cell, has no vote.
///
/// # Errors
/// [`Missing`](zoobot_base::Error::Missing) for a missing column, [`Catalog`](zoobot_base::Error::Catalog)
/// for an unknown class, naming the galaxy.
pub fn read(path: impl AsRef<Path>) -> Result<Catalog> {
    let (catalog, schema) = (Catalog::read(path)?, schema()?);
    let classes = catalog.labels(NAME)?;
    let known = |class: &str| ANSWERS.iter().any(|(_, classes)| classes.contains(&class));
    let unknown = |class: &String| !class.is_empty() && class != UNLABELLED && !known(class);
    if let Some(row) = classes.iter().position(unknown) {
        let problem = format!("{NAME} is {:?}", classes[row]);
        let all: Vec<&str> = ANSWERS.iter().flat_map(|(_, classes)| *classes).copied().collect();
        let hint = format!("The classes are {}; {UNLABELLED} is for no answer", all.join(", "));
        return Err(catalog.impossible(row, &problem, &hint));
    }
    let votes = schema.answers().zip(ANSWERS).map(|(answer, (_, of))| {
        let votes = classes.iter().map(|class| u32::from(of.contains(&&**class)));
        (answer.column().to_owned(), votes.collect())
    });
    catalog.with_votes(votes.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Votes;

    fn read_classes(classes: &[&str]) -> Result<Votes> {
        let place = tempfile::tempdir().unwrap();
        let rows = classes.iter().enumerate();
        let rows: String = rows.map(|(i, class)| format!("{i},{i}.jpg,{class}\n")).collect();
        let path = place.path().join("catalog.csv");
        std::fs::write(&path, format!("id_str,file_loc,gz1_name\n{rows}")).unwrap();
        Votes::of(&read(path)?, &schema()?)
    }

    #[test]
    fn a_class_is_one_vote_and_both_senses_of_rotation_are_one_answer() {
        let votes = read_classes(&[
            "elliptical",
            "spiral_clockwise",
            "spiral_anticlockwise",
            "spiral_edge_on",
            "merger",
            "star_or_dont_know",
            "unlabelled",
            "",
        ]);
        let votes = votes.unwrap();
        assert_eq!(votes.totals().column(0).to_vec(), [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
        assert_eq!(votes.counts().row(1), votes.counts().row(2));
        assert_eq!(votes.counts().column(2).sum(), 2.0);
    }

    #[test]
    fn an_unknown_class_is_refused_with_the_galaxy() {
        let error = read_classes(&["elliptical", "eliptical"]).unwrap_err().to_string();
        assert!(error.contains("eliptical") && error.contains("\"1\""), "{error}");
    }
}
