//! The choice among the methods that need only encoded pictures.

use super::ground::{Evidence, Ground};
use super::mean::nearest_mean;
use super::method::FewMethod;
use super::probes::{logistic, ridge};
use super::propagation::{NEIGHBOURS, propagate};
use serde::Serialize;
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;

/// How well a method predicts examples that are left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FewTrial {
    /// The name of the method.
    pub method: String,
    /// The number of examples that could be left out: those whose class has others.
    pub examples: usize,
    /// The share of them that is predicted correctly; NaN if there are none.
    pub accuracy: f64,
    /// Their mean log loss, in which the target of the true class is (n + 1) / (n + 2) for n examples.
    pub loss: f64,
    /// The strength that was chosen by the same predictions: a penalty, a factor of the cosine, or a number
    /// of neighbours.
    pub strength: f64,
}

/// The evidence of the chosen method, the trials of all, and why it was chosen.
pub struct Chosen {
    pub method: FewMethod,
    pub evidence: Evidence,
    pub trials: Vec<FewTrial>,
    pub reason: String,
}

/// The evidence of methods on encoded pictures.
pub type All = Vec<(FewMethod, Evidence)>;

/// Predicts with each of these methods on encoded pictures; a blend is of the methods before it.
pub fn evidence(ground: &Ground, methods: &[FewMethod], seed: u64) -> Result<All> {
    let mut all: All = Vec::with_capacity(methods.len());
    for &method in methods {
        interrupt::check("few examples", || format!("{} methods", all.len()))?;
        let evidence = match method {
            FewMethod::Mean => nearest_mean(ground),
            FewMethod::Ridge => ridge(ground)?,
            FewMethod::Probe => logistic(ground, seed)?,
            FewMethod::Propagation => propagate(ground, NEIGHBOURS)?,
            FewMethod::Blend => blend(&all)?,
            FewMethod::Auto | FewMethod::Grouped | FewMethod::Full | FewMethod::Lora => {
                return Err(Error::Internal(format!("{method} is no method on features")));
            }
        };
        all.push((method, evidence));
    }
    Ok(all)
}

/// Predicts with one method on encoded pictures, or with the method that predicts left-out examples best.
pub fn choose(ground: &Ground, method: FewMethod, seed: u64) -> Result<Chosen> {
    let wanted: Vec<FewMethod> = match method {
        FewMethod::Auto | FewMethod::Blend => FewMethod::heads().to_vec(),
        other => vec![other],
    };
    let mut all = evidence(ground, &wanted, seed)?;
    let trials: Vec<FewTrial> = all.iter().map(|(method, it)| trial(ground, *method, it)).collect();
    let (place, reason) = match method {
        FewMethod::Auto => best(ground, &all),
        other => {
            let place = all.iter().position(|it| it.0 == other).unwrap_or(0);
            (place, "it was asked for".to_owned())
        }
    };
    let (method, evidence) = all.swap_remove(place);
    Ok(Chosen { method, evidence, trials, reason })
}

fn trial(ground: &Ground, method: FewMethod, evidence: &Evidence) -> FewTrial {
    let correct = ground.correct(&evidence.left_out);
    let right = correct.iter().filter(|it| **it).count();
    FewTrial {
        method: method.name().to_owned(),
        examples: correct.len(),
        accuracy: right as f64 / correct.len() as f64,
        loss: ground.loss(&evidence.left_out),
        strength: evidence.strength,
    }
}

/// The mean of the probabilities of several methods.
pub fn blend(all: &[(FewMethod, Evidence)]) -> Result<Evidence> {
    let Some(((_, first), rest)) = all.split_first() else {
        return Err(Error::Internal("a blend of no methods".to_owned()));
    };
    let mut sum = first.clone();
    for (_, more) in rest {
        sum.left_out += &more.left_out;
        sum.survey += &more.survey;
    }
    let count = all.len() as f64;
    Ok(Evidence { left_out: sum.left_out / count, survey: sum.survey / count, strength: count })
}

/// The method to prefer unless another one is better by more than chance.
const USUAL: FewMethod = FewMethod::Blend;

/// The place of the method to take, and why: the one with the lowest loss of left-out examples, but the usual
/// one unless the difference exceeds twice its standard error over the examples.
pub fn best(ground: &Ground, all: &[(FewMethod, Evidence)]) -> (usize, String) {
    let usual = all.iter().position(|it| it.0 == USUAL).unwrap_or(0);
    if ground.judged.is_empty() {
        let reason = "no class has two examples, so none can be left out to compare methods; it is the most \
                      reliable in general";
        return (usual, reason.to_owned());
    }
    let losses: Vec<f64> = all.iter().map(|it| ground.loss(&it.1.left_out)).collect();
    let lowest = (0..all.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b]));
    let lowest = lowest.unwrap_or(usual);
    let count = ground.judged.len();
    if lowest == usual {
        let reason = format!("it has the lowest loss for {count} examples that were left out");
        return (usual, reason);
    }
    let [ours, theirs] = [usual, lowest].map(|it| ground.losses(&all[it].1.left_out));
    let gains: Vec<f64> = ours.iter().zip(&theirs).map(|(a, b)| a - b).collect();
    let n = gains.len() as f64;
    let gain = gains.iter().sum::<f64>() / n;
    let square: f64 = gains.iter().map(|it| (it - gain).powi(2)).sum();
    let error = (square / (n - 1.0).max(1.0) / n).sqrt();
    let name = all[lowest].0;
    let difference = format!("{gain:.3} ± {error:.3} for {count} examples that were left out");
    if gain > 2.0 * error && n >= 4.0 {
        (lowest, format!("its loss is lower than that of {USUAL} by {difference}"))
    } else {
        (usual, format!("no method is clearly better: the loss of {name} is lower by {difference}"))
    }
}
