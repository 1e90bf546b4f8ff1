//! The cuts that papers suggest.

use super::{Condition, Cut, Is, Of};
use crate::schema::{Question, Schema};

const WILLETT: &str = "Willett et al. 2013, table 3";
const WALMSLEY: &str = "Walmsley et al. 2022, table 2";

/// A condition on the sum of the fractions of answers to a question: question, answers, comparison, threshold.
type Written = (&'static str, &'static [&'static str], Is, f64);

const GZ2_FEATURED: Written = ("smooth-or-featured", &["featured-or-disk"], Is::Above, 0.430);
const GZ2_FACE_ON: Written = ("disk-edge-on", &["no"], Is::Above, 0.715);
const GZ2_SPIRAL: Written = ("has-spiral-arms", &["yes"], Is::Above, 0.619);
const GZ2_VOTES: u32 = 20;

/// Galaxy Zoo 2: the conditions for each question. The table gives the threshold of the last answer; those of
/// the answers before it are in the rows of their own questions.
const GZ2: [(&str, &[Written]); 10] = [
    ("smooth-or-featured", &[]),
    ("disk-edge-on", &[GZ2_FEATURED]),
    ("has-spiral-arms", &[GZ2_FEATURED, GZ2_FACE_ON]),
    ("bar", &[GZ2_FEATURED, GZ2_FACE_ON]),
    ("bulge-size", &[GZ2_FEATURED, GZ2_FACE_ON]),
    ("something-odd", &[]),
    ("how-rounded", &[("smooth-or-featured", &["smooth"], Is::Above, 0.469)]),
    ("bulge-shape", &[GZ2_FEATURED, ("disk-edge-on", &["yes"], Is::Above, 0.602)]),
    ("spiral-winding", &[GZ2_FEATURED, GZ2_FACE_ON, GZ2_SPIRAL]),
    ("spiral-arm-count", &[GZ2_FEATURED, GZ2_FACE_ON, GZ2_SPIRAL]),
];

const DISK: Written = ("smooth-or-featured", &["featured-or-disk"], Is::Above, 0.3);
const NOT_EDGE_ON: Written = ("disk-edge-on", &["yes"], Is::Below, 0.3);
const EDGE_ON: Written = ("disk-edge-on", &["yes"], Is::Above, 0.8);
const SPIRAL: Written = ("has-spiral-arms", &["yes"], Is::Above, 0.6);

/// Galaxy Zoo DECaLS: the conditions and the minimum number of votes for each question.
const DECALS: [(&str, &[Written], u32); 10] = [
    ("smooth-or-featured", &[], 5),
    ("disk-edge-on", &[DISK], 5),
    ("has-spiral-arms", &[DISK, NOT_EDGE_ON], 20),
    ("bar", &[DISK, NOT_EDGE_ON], 20),
    ("bulge-size", &[DISK, NOT_EDGE_ON], 20),
    ("how-rounded", &[("smooth-or-featured", &["smooth"], Is::Above, 0.7)], 5),
    ("edge-on-bulge", &[DISK, EDGE_ON], 10),
    ("spiral-winding", &[DISK, NOT_EDGE_ON, SPIRAL], 30),
    ("spiral-arm-count", &[DISK, NOT_EDGE_ON, SPIRAL], 30),
    ("merging", &[], 10),
];

/// Galaxy Zoo DECaLS: populations, with the condition that follows those of the question.
const POPULATIONS: [(&str, Written); 22] = [
    ("featured-disk", ("smooth-or-featured", &["featured-or-disk"], Is::Above, 0.7)),
    ("disk", DISK),
    ("elliptical", ("smooth-or-featured", &["smooth"], Is::Above, 0.7)),
    ("edge-on-disk", EDGE_ON),
    ("not-edge-on-disk", NOT_EDGE_ON),
    ("strong-bar", ("bar", &["strong"], Is::Above, 0.8)),
    ("weak-bar", ("bar", &["weak"], Is::Above, 0.8)),
    ("any-bar", ("bar", &["strong", "weak"], Is::Above, 0.6)),
    ("spiral-arms", SPIRAL),
    ("no-spiral-arms", ("has-spiral-arms", &["yes"], Is::Below, 0.3)),
    ("spiral-count-1", ("spiral-arm-count", &["1"], Is::Above, 0.75)),
    ("spiral-count-2", ("spiral-arm-count", &["2"], Is::Above, 0.75)),
    ("spiral-count-3", ("spiral-arm-count", &["3"], Is::Above, 0.75)),
    ("spiral-count-4", ("spiral-arm-count", &["4"], Is::Above, 0.75)),
    ("spiral-count-more-than-4", ("spiral-arm-count", &["more-than-4"], Is::Above, 0.75)),
    ("round-edge-on-bulge", ("edge-on-bulge", &["rounded"], Is::Above, 0.6)),
    ("boxy-edge-on-bulge", ("edge-on-bulge", &["boxy"], Is::Above, 0.3)),
    ("no-edge-on-bulge", ("edge-on-bulge", &["none"], Is::Above, 0.5)),
    ("merger", ("merging", &["merger"], Is::Above, 0.7)),
    ("merger-or-overlap", ("merging", &["merger"], Is::Above, 0.3)),
    ("post-merger", ("merging", &["major-disturbance"], Is::Above, 0.6)),
    ("asymmetric-or-low-surface-brightness", ("merging", &["minor-disturbance"], Is::Above, 0.4)),
];

/// The published cuts of a question and its populations; `None` if there are none, or if the schema does not
/// have the answers of the paper that lead to the question.
pub(super) fn cuts(schema: &Schema, question: &Question) -> Option<Vec<Cut>> {
    let campaigns = ["-gz2", "-dr12", "-dr5", "-dr8"];
    let campaign = campaigns.into_iter().find(|it| question.name().ends_with(it));
    let campaign = match campaign {
        None if schema.name().starts_with("decals") => "",
        campaign => campaign?,
    };
    let topic = question.name().strip_suffix(campaign)?;
    let (written, votes, source) = match campaign {
        "-gz2" => (GZ2.iter().find(|it| it.0 == topic)?.1, GZ2_VOTES, WILLETT),
        _ => {
            let (_, written, votes) = DECALS.iter().find(|it| it.0 == topic)?;
            (*written, *votes, WALMSLEY)
        }
    };
    let conditions: Vec<Condition> =
        written.iter().map(|it| condition(schema, it, campaign)).collect::<Option<_>>()?;
    let name = question.name().to_owned();
    let own = Cut { name: name.clone(), question: name.clone(), conditions, votes, source };
    // The answers about bars and mergers of GZD-1 and GZD-2 are not those that the table is about.
    let is_paper =
        campaign != "-gz2" && !(campaign == "-dr12" && ["bar", "merging"].contains(&topic));
    let populations = POPULATIONS.iter().filter(|it| is_paper && it.1.0 == topic);
    let populations = populations.filter_map(|(name, written)| {
        let last = condition(schema, written, campaign)?;
        let conditions = own.conditions.iter().cloned().chain([last]).collect();
        Some(Cut { name: format!("{name}{campaign}"), conditions, ..own.clone() })
    });
    Some([own.clone()].into_iter().chain(populations).collect())
}

/// A condition with the columns of a campaign, if the schema has them.
fn condition(schema: &Schema, written: &Written, campaign: &str) -> Option<Condition> {
    let (question, answers, is, threshold) = *written;
    let column = |answer: &&str| {
        let column = format!("{question}{campaign}_{answer}");
        schema.answer(&column).ok().map(|it| it.column().to_owned())
    };
    let mut answers = answers.iter().map(column).collect::<Option<Vec<String>>>()?;
    match answers.len() {
        1 => Some(Condition::one(answers.swap_remove(0), is, threshold)),
        _ => Some(Condition { answers, of: Of::Sum, is, threshold }),
    }
}
