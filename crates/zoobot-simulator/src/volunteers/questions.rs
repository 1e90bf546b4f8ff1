//! The questions of the Galaxy Zoo campaigns, and the probability of each answer.
//!
//! Most questions are a scale: a volunteer perceives the galaxy's position on it with some error, and gives
//! the nearest of the available answers. With a logistic error of spread s about the position x, an answer
//! between the cuts a < b has the probability F((b-x)/s) - F((a-x)/s), the cumulative logit model (McCullagh
//! 1980, J. R. Stat. Soc. B 42, 109). A campaign that offers different answers to a question therefore only
//! needs their marks on the scale. Answers off the scale, such as "can't tell", are considered first, each
//! with its own probability.

use super::appearance::Appearance;
use super::evidence::any;

/// A question, independent of the campaign that asks it.
#[derive(Debug)]
pub(super) struct Topic {
    /// The question's name without the campaign.
    pub name: &'static str,
    scale: fn(&Appearance) -> f64,
    spread: f64,
    /// A factor that adds to the spread where the quantity is hard to see: spread x (1 + `widened`).
    widened: fn(&Appearance) -> f64,
    answers: Answers,
}

/// The meaning of an answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Meaning {
    /// The galaxy is near this position on the scale.
    Mark(f64),
    /// An answer off the scale, with its probability.
    Aside(fn(&Appearance) -> f64),
}
use Meaning::{Aside, Mark};

const YES_NO: &[(&str, Meaning)] = &[("yes", Mark(1.0)), ("no", Mark(0.0))];
/// Spread of the error on scales from 0 to 1.
const SPREAD: f64 = 0.1;

type Answers = &'static [(&'static str, Meaning)];

/// A question about evidence from 0 to 1. A bad picture already weakens the evidence.
const fn evidence(name: &'static str, scale: fn(&Appearance) -> f64, answers: Answers) -> Topic {
    Topic { name, scale, spread: SPREAD, widened: |_| 0.0, answers }
}

/// A question about a quantity; people are less certain the less visible it is.
const fn measure(
    name: &'static str,
    scale: fn(&Appearance) -> f64,
    spread: f64,
    widened: fn(&Appearance) -> f64,
    answers: Answers,
) -> Topic {
    Topic { name, scale, spread, widened, answers }
}

/// Every question that simulated volunteers can answer.
pub(super) const TOPICS: [Topic; 19] = [
    evidence(
        "smooth-or-featured",
        |it| it.featured,
        &[
            ("smooth", Mark(0.0)),
            ("featured-or-disk", Mark(1.0)),
            ("features", Mark(1.0)),
            ("artifact", Aside(problem)),
            ("problem", Aside(problem)),
            ("star-artifact-zoom", Aside(problem)),
        ],
    ),
    evidence("disk-edge-on", |it| it.edge_on, YES_NO),
    evidence("has-spiral-arms", |it| it.arms, YES_NO),
    evidence(
        "bar",
        |it| it.bar,
        &[("strong", Mark(1.0)), ("weak", Mark(0.52)), ("yes", Mark(0.9)), ("no", Mark(0.0))],
    ),
    measure(
        "bulge-size",
        |it| it.bulge,
        0.07,
        |it| it.blur,
        &[
            ("none", Mark(0.06)),
            ("no", Mark(0.06)),
            ("small", Mark(0.24)),
            ("just-noticeable", Mark(0.26)),
            ("moderate", Mark(0.43)),
            ("obvious", Mark(0.5)),
            ("large", Mark(0.63)),
            ("dominant", Mark(0.84)),
        ],
    ),
    measure(
        "how-rounded",
        |it| it.axis_ratio,
        0.06,
        |it| 2.0 * any([0.5 * it.blur, it.irregular, it.merger, it.overlap]),
        &[
            ("round", Mark(1.0)),
            ("completely", Mark(1.0)),
            ("in-between", Mark(0.66)),
            ("cigar-shaped", Mark(0.26)),
            ("cigar", Mark(0.26)),
        ],
    ),
    measure(
        "edge-on-bulge",
        |it| it.bulge,
        0.07,
        |it| it.blur,
        &[
            ("boxy", Aside(boxy)),
            ("none", Mark(0.1)),
            ("no", Mark(0.1)),
            ("rounded", Mark(0.4)),
            ("yes", Mark(0.4)),
        ],
    ),
    measure(
        "bulge-shape",
        |it| it.bulge,
        0.07,
        |it| it.blur,
        &[
            ("boxy", Aside(boxy)),
            ("no-bulge", Mark(0.1)),
            ("none", Mark(0.1)),
            ("round", Mark(0.4)),
            ("rounded", Mark(0.4)),
        ],
    ),
    measure(
        "spiral-winding",
        |it| it.pitch,
        2.8,
        // Without clear arms there is no angle to see.
        |it| 3.0 * (1.0 - it.arms),
        &[("tight", Mark(12.0)), ("medium", Mark(20.0)), ("loose", Mark(31.0))],
    ),
    measure(
        "spiral-arm-count",
        // Errors in counts are proportional: 3 is confused with 4 more easily than 1 with 2.
        |it| it.arm_count.max(1.0).ln(),
        0.09,
        |it| it.blur,
        &[
            ("1", Mark(0.0)),
            ("2", Mark(0.693)),
            ("3", Mark(1.099)),
            ("4", Mark(1.386)),
            ("more-than-4", Mark(1.7)),
            ("5-plus", Mark(1.7)),
            ("cant-tell", Aside(|it| it.uncountable)),
        ],
    ),
    evidence(
        "merging",
        |it| it.disturbed,
        &[
            ("none", Mark(0.0)),
            ("minor-disturbance", Mark(0.5)),
            ("major-disturbance", Mark(0.9)),
            ("merger", Aside(|it| yes(it.merger))),
            // Other campaigns ask about both at once; volunteers who see both say "both" or "merger".
            ("neither", Aside(|it| (1.0 - yes(it.merger)) * (1.0 - yes(it.disturbed)))),
            ("tidal-debris", Aside(|it| (1.0 - yes(it.merger)) * yes(it.disturbed))),
            ("both", Aside(|it| yes(it.merger) * yes(it.disturbed))),
        ],
    ),
    evidence("something-odd", Appearance::odd, YES_NO),
    evidence("ring", |it| it.ring, YES_NO),
    evidence("clumps", |it| it.clumps, YES_NO),
    evidence("clumpy-appearance", |it| it.clumps, YES_NO),
    evidence("galaxy-symmetrical", |it| 1.0 - it.lopsided, YES_NO),
    evidence("clumps-embedded-larger-object", |it| 1.0 - 0.6 * it.merger, YES_NO),
    evidence(
        "problem",
        |_| 0.0,
        &[
            ("star", Aside(|it| it.star)),
            ("artifact", Aside(|it| (1.0 - it.star - it.zoom).max(0.0))),
            ("zoom", Aside(|it| it.zoom)),
            ("bad-zoom", Aside(|it| it.zoom)),
        ],
    ),
    evidence(
        "artifact",
        |_| 0.0,
        &[
            ("satellite", Aside(|it| it.artifact[0])),
            ("scattered", Aside(|it| it.artifact[1])),
            ("diffraction", Aside(|it| it.artifact[2])),
            ("ray", Aside(|it| it.artifact[3])),
            ("saturation", Aside(|it| it.artifact[4])),
            ("ghost", Aside(|it| it.artifact[5])),
            ("other", Aside(|it| it.artifact[6])),
        ],
    ),
];

/// The probability that a volunteer sees enough evidence to say yes.
pub(crate) fn yes(evidence: f64) -> f64 {
    logistic((evidence - 0.5) / SPREAD)
}

fn problem(seen: &Appearance) -> f64 {
    yes(seen.problem)
}

/// Only a visible bulge can be boxy.
fn boxy(seen: &Appearance) -> f64 {
    yes(seen.boxy) * logistic((seen.bulge - 0.25) / 0.07)
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl Topic {
    /// Looks up a topic by the name of a question, with or without a campaign suffix.
    pub fn named(name: &str) -> Option<&'static Self> {
        let fits = |topic: &&Self| {
            let rest = name.strip_prefix(topic.name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        // `clumps-embedded-larger-object` is not about `clumps`.
        TOPICS.iter().filter(fits).max_by_key(|topic| topic.name.len())
    }

    /// Looks up the meaning of an answer by name.
    pub fn meaning(&self, answer: &str) -> Option<Meaning> {
        self.answers.iter().find(|(name, _)| *name == answer).map(|(_, meaning)| *meaning)
    }

    /// The names of the known answers.
    pub fn answers(&self) -> impl Iterator<Item = &'static str> {
        self.answers.iter().map(|(name, _)| *name)
    }

    /// The probabilities that an attentive volunteer gives each of the available answers; they sum to 1.
    pub fn chances(&self, offered: &[Meaning], seen: &Appearance) -> Vec<f64> {
        let place = (self.scale)(seen);
        let spread = self.spread * (1.0 + (self.widened)(seen));
        let below = |cut: f64| logistic((cut - place) / spread);
        let marks =
            || offered.iter().filter_map(|it| if let Mark(at) = it { Some(*at) } else { None });
        let aside: f64 =
            offered.iter().map(|it| if let Aside(chance) = it { chance(seen) } else { 0.0 }).sum();
        let on_scale = if marks().next().is_some() { (1.0 - aside).max(0.0) } else { 0.0 };
        let total = aside + on_scale;
        let chance = |meaning: &Meaning| match *meaning {
            Aside(chance) => chance(seen) / total,
            Mark(at) => {
                let next = marks().filter(|it| *it > at).fold(f64::INFINITY, f64::min);
                let before = marks().filter(|it| *it < at).fold(f64::NEG_INFINITY, f64::max);
                on_scale / total * (below((at + next) / 2.0) - below((at + before) / 2.0))
            }
        };
        offered.iter().map(chance).collect()
    }
}
