//! Whether answers come as often as predicted: bins of predictions with their outcomes.

use zoobot_base::error::{Error, Result};

/// Predictions of nearly the same probability, and what came of them.
///
/// ```
/// use zoobot_core::predict::reliability;
/// let bins = reliability(&[0.1, 0.9, 0.9], &[0.0, 1.0, 0.0], &[1.0, 1.0, 1.0], 2)?;
/// assert_eq!((bins[1].weight, bins[1].outcome), (2.0, 0.5));
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// The bin's place, from 0.
    pub index: usize,
    /// The weight of its predictions: their number, where all weigh 1.
    pub weight: f64,
    /// Their mean predicted probability.
    pub confidence: f64,
    /// Their mean outcome.
    pub outcome: f64,
}

/// Predictions in `bins` equal bins of (0, 1], right edges included; empty bins are left out.
///
/// `confidence` are probabilities, `outcome` the outcomes (0 or 1, or a share of votes), `weight`
/// the weight of each, such as its number of votes.
///
/// # Errors
/// [`Error::Shape`] when the lengths differ; [`Error::Parameter`] when a value is outside 0 to 1, a
/// weight is not finite or negative, or there is no bin.
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
        return Err(Error::shape(problem, "Give one of each for each prediction"));
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

/// The expected calibration error: how far outcomes are from predictions, averaged over bins by
/// their weight. 0 is best; NaN without a prediction.
pub fn calibration_error(bins: &[Bin]) -> f64 {
    let weight: f64 = bins.iter().map(|bin| bin.weight).sum();
    let off = bins.iter().map(|bin| bin.weight * (bin.outcome - bin.confidence).abs());
    off.sum::<f64>() / weight
}
