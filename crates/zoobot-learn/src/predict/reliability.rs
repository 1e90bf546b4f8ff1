//! Whether outcomes are as frequent as predicted: bins of predictions with their outcomes.

use zoobot_base::error::{Error, Result};

/// Predictions of similar probability, and their outcomes.
///
/// ```
/// use zoobot_core::predict::reliability;
/// let bins = reliability(&[0.1, 0.9, 0.9], &[0.0, 1.0, 0.0], &[1.0, 1.0, 1.0], 2)?;
/// assert_eq!((bins[1].weight, bins[1].outcome), (2.0, 0.5));
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// The index of the bin, from 0.
    pub index: usize,
    /// The total weight of the predictions: their number if each has weight 1.
    pub weight: f64,
    /// The mean predicted probability.
    pub confidence: f64,
    /// The mean outcome.
    pub outcome: f64,
}

/// Sorts predictions into `bins` equal bins of (0, 1], right edges included; empty bins are left out.
///
/// `confidence` holds probabilities, `outcome` the outcomes (0 or 1, or a vote fraction), and `weight` the
/// weight of each prediction, such as its number of votes.
///
/// # Errors
/// [`Error::Shape`] when the lengths differ; [`Error::Parameter`] when a value is outside 0 to 1, a weight is
/// negative or not finite, or `bins` is 0.
pub fn reliability(
    confidence: &[f64],
    outcome: &[f64],
    weight: &[f64],
    bins: usize,
) -> Result<Vec<Bin>> {
    let lengths = (outcome.len(), weight.len());
    if lengths != (confidence.len(), confidence.len()) {
        let problem = format!(
            "there are {} outcomes and {} weights for {} predictions",
            lengths.0,
            lengths.1,
            confidence.len()
        );
        return Err(Error::shape(
            problem,
            "Give one confidence and one outcome for each prediction",
        ));
    }
    if bins == 0 {
        return Err(Error::parameter("bins", bins, "at least 1"));
    }
    for (name, values) in [("confidence", confidence), ("outcome", outcome)] {
        if let Some(value) = values.iter().find(|value| !(0.0..=1.0).contains(*value)) {
            return Err(Error::parameter(name, value, "between 0 and 1"));
        }
    }
    if let Some(value) = weight.iter().find(|it| !it.is_finite() || **it < 0.0) {
        return Err(Error::parameter("weight", value, "a finite number of at least 0"));
    }
    let mut sums = vec![[0.0; 3]; bins];
    for ((confidence, outcome), weight) in confidence.iter().zip(outcome).zip(weight) {
        let place = (confidence * bins as f64).ceil() as usize;
        let [sum, predicted, came] = &mut sums[place.clamp(1, bins) - 1];
        *sum += weight;
        *predicted += weight * confidence;
        *came += weight * outcome;
    }
    let filled = sums.into_iter().enumerate().filter(|(_, [weight, ..])| *weight > 0.0);
    let bin = |(index, [weight, predicted, came]): (usize, [f64; 3])| Bin {
        index,
        weight,
        confidence: predicted / weight,
        outcome: came / weight,
    };
    Ok(filled.map(bin).collect())
}

/// The expected calibration error: the mean distance between predictions and outcomes, weighted by the weight
/// of the bins. 0 is best; NaN without predictions.
pub fn calibration_error(bins: &[Bin]) -> f64 {
    let weight: f64 = bins.iter().map(|bin| bin.weight).sum();
    let off = bins.iter().map(|bin| bin.weight * (bin.outcome - bin.confidence).abs());
    off.sum::<f64>() / weight
}
