//! EFIGI: 4,458 nearby galaxies whose morphology ten astronomers described with sixteen attributes (Baillard
//! et al. 2011, A&A 532, A74; cite it when you use them), as the votes of a schema.
//!
//! An attribute is a strength from 0 (none) to 1 (the maximum), in steps of 0.25, with bounds at 70 %
//! confidence. It becomes a question with **two** answers, `high` and `low`, whose votes are split in
//! proportion to the attribute: for 0.75, three of four votes are `high`. Five answers, one for each step,
//! would lose their order: to such a loss 0 is as far from 0.25 as it is from 1. Here the expected fraction
//! of a two-sided vote is the attribute itself.
//!
//! The bounds are used twice ([`votes`]). They set the spread of the votes: half of the votes are for the
//! value, a quarter for each bound. And they set the number of votes, from 16 where the bounds coincide to 4
//! where they span the whole scale, so that a network can be more certain where the astronomers were. An
//! undetermined attribute (-1) has no votes: the question was not asked.
//!
//! The ring attributes and the Hubble type are left out: they are tasks for evaluating encoders. The sense of
//! rotation is folded: mirroring a picture, as training does, reverses the direction in which arms turn, but
//! not how clearly they turn.

use super::data_set::GalaxyTags;
use super::{DataSet, numbers};
use crate::catalog::Catalog;
use crate::schema::Schema;
use std::path::Path;
use zoobot_base::error::Result;

pub(super) const DATA_SET: DataSet = DataSet {
    name: "efigi",
    about: "sixteen attributes and the Hubble type of 4,458 nearby galaxies, by ten astronomers",
    citation: "Baillard et al. 2011, A&A 532, A74",
    terms: "published with the paper; the pictures are the SDSS's, CC-BY",
    read: |table| read(table),
    folder: None,
    schema: Some(schema),
    labels: &["T", "Inner_Ring", "Outer_Ring", "Pseudo_Ring"],
    tags: Some(tags),
    kept_out: Some(KEPT_OUT),
};

/// The number of votes when an astronomer is certain.
const MOST: f64 = 16.0;
/// The number of votes when the bounds allow any value.
const FEWEST: f64 = 4.0;

/// One galaxy in this number is kept out of training, for testing: see [`super::keep_out`].
pub const KEPT_OUT: u64 = 5;

/// The ring attributes, which are used to evaluate encoders.
pub const RINGS: [&str; 3] = ["Inner_Ring", "Outer_Ring", "Pseudo_Ring"];

/// The columns of the attributes that become questions. The paper calls `Inclination` "inclination or
/// elongation".
const ATTRIBUTES: [&str; 13] = [
    "Bulge_to_Total",
    "Arm_Strength",
    "Arm_Curvature",
    ROTATION,
    "Bar_Length",
    "Perturbation",
    "Visible_Dust",
    "Dust_Dispersion",
    "Flocculence",
    "Hot_Spots",
    "Inclination",
    "Contamination",
    "Multiplicity",
];

/// The attribute that is folded.
const ROTATION: &str = "Arm_Rotation";

/// The schema `efigi`: a question for each attribute, such as `bar-length-efigi`, with the answers
/// `high` and `low`; every galaxy may be asked any of them.
///
/// # Errors
/// None: its names are fixed.
pub fn schema() -> Result<Schema> {
    let question =
        |it: &&str| format!(r#"{{"question": "{}", "answers": ["high", "low"]}}"#, question(it));
    let questions: Vec<String> = ATTRIBUTES.iter().map(question).collect();
    Schema::from_json(&format!(r#"{{"name": "efigi", "questions": [{}]}}"#, questions.join(",")))
}

/// Reads a catalogue with the columns of EFIGI (`Bar_Length`, `Bar_Length_inf`, `Bar_Length_sup` and so on)
/// and adds the vote columns of [`schema`].
///
/// # Errors
/// [`Missing`](zoobot_base::Error::Missing) for a missing column, [`Catalog`](zoobot_base::Error::Catalog)
/// for a value that is neither -1 nor between its bounds and between 0 and 1, naming the galaxy.
pub fn read(path: impl AsRef<Path>) -> Result<Catalog> {
    let catalog = Catalog::read(path)?;
    let mut columns = Vec::with_capacity(2 * ATTRIBUTES.len());
    for attribute in ATTRIBUTES {
        let [value, inf, sup] = ["", "_inf", "_sup"].map(|end| format!("{attribute}{end}"));
        let bounds = numbers(&catalog, &inf)?.into_iter().zip(numbers(&catalog, &sup)?);
        let (mut high, mut low) = (Vec::new(), Vec::new());
        for (row, (value, (inf, sup))) in
            numbers(&catalog, &value)?.into_iter().zip(bounds).enumerate()
        {
            let [more, less] = match value {
                _ if value.is_nan() || value == -1.0 => [0, 0],
                _ if 0.0 <= inf && inf <= value && value <= sup && sup <= 1.0 => {
                    match attribute == ROTATION {
                        true => votes(folded([value, inf, sup])),
                        false => votes([value, inf, sup]),
                    }
                }
                _ => {
                    let problem = format!("{attribute} is {value}, with bounds {inf} and {sup},");
                    let hint = "A value is within its bounds, between 0 and 1, or is -1 if it is undetermined";
                    return Err(catalog.impossible(row, &problem, hint));
                }
            };
            high.push(more);
            low.push(less);
        }
        columns.push((format!("{}_high", question(attribute)), high));
        columns.push((format!("{}_low", question(attribute)), low));
    }
    catalog.with_votes(columns)
}

/// Attributes and the Hubble type as tags: `ring` (any of the three ring attributes at least 0.5), `bar`
/// (length at least 0.5), `edge on` (inclination 1), `multiple` (multiplicity at least 0.5: close companions
/// and mergers), `early type` (Hubble type below 0) and `late type` (Hubble type 5, Sc, to 11).
fn tags(catalog: &Catalog) -> Result<GalaxyTags> {
    let attribute = |name: &str| numbers(catalog, name);
    let [inner, outer, pseudo] = RINGS;
    let rings = [attribute(inner)?, attribute(outer)?, attribute(pseudo)?];
    let (bar, inclination) = (attribute("Bar_Length")?, attribute("Inclination")?);
    let (multiple, hubble) = (attribute("Multiplicity")?, attribute("T")?);
    let has = |row: usize| {
        [
            ("ring", rings.iter().any(|ring| ring[row] >= 0.5)),
            ("bar", bar[row] >= 0.5),
            ("edge on", inclination[row] >= 1.0),
            ("multiple", multiple[row] >= 0.5),
            ("early type", hubble[row] < 0.0),
            ("late type", (5.0..=11.0).contains(&hubble[row])),
        ]
    };
    let tags = |(row, id): (usize, &String)| {
        let id = id.clone();
        has(row).into_iter().filter(|(_, has)| *has).map(move |(tag, _)| (id.clone(), tag))
    };
    Ok(catalog.ids().iter().enumerate().flat_map(tags).collect())
}

/// An unfolded attribute; -1 or NaN where it is undetermined.
#[doc(hidden)]
pub fn attribute(catalog: &Catalog, name: &str) -> Result<Vec<f64>> {
    numbers(catalog, name)
}

/// The question for an attribute: `bar-length-efigi` for `Bar_Length`.
fn question(attribute: &str) -> String {
    format!("{}-efigi", attribute.to_lowercase().replace('_', "-"))
}

/// Votes for high and low, from a value and its bounds: see the module.
fn votes([value, inf, sup]: [f64; 3]) -> [u32; 2] {
    let all = (MOST * (1.0 - (sup - inf))).max(FEWEST).round();
    let high = (all * (2.0 * value + inf + sup) / 4.0).round();
    [high as u32, (all - high) as u32]
}

/// The distances of a value and its bounds from the middle, doubled: 0 where neither end is likelier, 1 where
/// either is certain.
fn folded([value, inf, sup]: [f64; 3]) -> [f64; 3] {
    let [value, a, b] = [value, inf, sup].map(|it| (2.0 * it - 1.0).abs());
    let nearest = if inf <= 0.5 && sup >= 0.5 { 0.0 } else { a.min(b) };
    [value, nearest, a.max(b)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn votes_divide_as_the_attribute_does_and_are_fewer_where_bounds_are_wide() {
        assert_eq!(votes([0.75, 0.75, 0.75]), [12, 4]);
        assert_eq!(votes([0.0, 0.0, 0.0]), [0, 16]);
        assert_eq!(votes([0.5, 0.25, 0.75]), [4, 4]);
        assert_eq!(votes([0.5, 0.0, 1.0]), [2, 2]);
        // "None, perhaps a little" is less certain than "none".
        assert_eq!(votes([0.0, 0.0, 0.25]), [1, 11]);
    }

    #[test]
    fn a_mirrored_galaxy_has_the_same_votes_for_rotation() {
        for [value, inf, sup] in [[0.0, 0.0, 0.0], [0.25, 0.0, 0.5], [0.75, 0.25, 1.0]] {
            let mirrored = [1.0 - value, 1.0 - sup, 1.0 - inf];
            assert_eq!(votes(folded([value, inf, sup])), votes(folded(mirrored)));
        }
        assert_eq!(folded([0.5, 0.25, 0.75]), [0.0, 0.0, 0.5]);
        assert_eq!(folded([1.0, 0.75, 1.0]), [1.0, 0.5, 1.0]);
    }

    #[test]
    fn no_question_is_about_a_ring_or_the_hubble_type() {
        let names: Vec<String> =
            schema().unwrap().questions().iter().map(|it| it.name().to_owned()).collect();
        assert_eq!(names.len(), 13);
        assert!(names.contains(&"bar-length-efigi".to_owned()), "{names:?}");
        assert!(!names.iter().any(|name| name.contains("ring") || name.starts_with("t-")));
    }
}
