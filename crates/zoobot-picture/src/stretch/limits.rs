//! Which flux becomes black and which white, from the values of an image.

/// A percentile of finite values, interpolated linearly between the two nearest values.
pub(super) fn percentile(values: &mut [f32], percent: f64) -> f64 {
    let place = percent / 100.0 * (values.len() - 1) as f64;
    let (low, share) = (place.floor() as usize, place.fract());
    let (_, &mut below, above) = values.select_nth_unstable_by(low, f32::total_cmp);
    let next = above.iter().copied().min_by(f32::total_cmp).unwrap_or(below);
    f64::from(below) + (f64::from(next) - f64::from(below)) * share
}

/// The number of values that are looked at.
const SAMPLES: usize = 1000;
/// How much steeper than the fitted line brightness becomes.
const CONTRAST: f64 = 0.25;
/// Values further from the line than this many standard deviations are rejected.
const REJECT: f64 = 2.5;
const ITERATIONS: usize = 5;

/// The limits of IRAF's zscale, as astropy's `ZScaleInterval` computes them with its defaults: a line through
/// the sorted values of a sample, without outliers. `values` are finite and in the order of the pixels.
pub(super) fn zscale(values: &[f32]) -> (f64, f64) {
    let stride = (values.len() / SAMPLES).max(1);
    let mut samples: Vec<f64> =
        values.iter().step_by(stride).take(SAMPLES).map(|it| f64::from(*it)).collect();
    samples.sort_unstable_by(f64::total_cmp);
    let count = samples.len();
    let (Some(&least), Some(&greatest)) = (samples.first(), samples.last()) else {
        return (0.0, 0.0);
    };
    let fewest = (count / 2).max(5);
    let grow = (count / 100).max(1);
    let mut bad = vec![false; count];
    let (mut good, mut before, mut slope) = (count, count + 1, 0.0);
    for _ in 0..ITERATIONS {
        if good >= before || good < fewest {
            break;
        }
        let line = line(&samples, &bad);
        slope = line.0;
        let flat: Vec<f64> =
            samples.iter().enumerate().map(|(i, it)| it - (line.0 * i as f64 + line.1)).collect();
        let threshold = REJECT * deviation(&flat, &bad);
        let off: Vec<bool> =
            flat.iter().zip(&bad).map(|(it, bad)| *bad || it.abs() > threshold).collect();
        // Neighbours of rejected values are rejected too.
        let shift = (grow - 1) / 2;
        for (i, bad) in bad.iter_mut().enumerate() {
            let last = i + shift;
            let first = (last + 1).saturating_sub(grow);
            *bad = off[first.min(count)..(last + 1).min(count)].contains(&true);
        }
        before = good;
        good = bad.iter().filter(|bad| !**bad).count();
    }
    if good < fewest {
        return (least, greatest);
    }
    let slope = slope / CONTRAST;
    let middle = (count - 1) / 2;
    let median = (samples[middle] + samples[count / 2]) / 2.0;
    (
        least.max(median - (middle as f64 - 1.0) * slope),
        greatest.min(median + (count - middle) as f64 * slope),
    )
}

/// The slope and the value at 0 of the line through values that are not bad.
fn line(values: &[f64], bad: &[bool]) -> (f64, f64) {
    let good = || values.iter().enumerate().zip(bad).filter(|(_, bad)| !**bad).map(|(it, _)| it);
    let count = good().count() as f64;
    let x = good().map(|(i, _)| i as f64).sum::<f64>() / count;
    let y = good().map(|(_, value)| value).sum::<f64>() / count;
    let (mut xy, mut xx) = (0.0, 0.0);
    for (i, value) in good() {
        xy += (i as f64 - x) * (value - y);
        xx += (i as f64 - x).powi(2);
    }
    let slope = if xx > 0.0 { xy / xx } else { 0.0 };
    (slope, y - slope * x)
}

/// The standard deviation of values that are not bad.
fn deviation(values: &[f64], bad: &[bool]) -> f64 {
    let good = || values.iter().zip(bad).filter(|(_, bad)| !**bad).map(|(value, _)| *value);
    let count = good().count() as f64;
    let mean = good().sum::<f64>() / count;
    (good().map(|it| (it - mean).powi(2)).sum::<f64>() / count).sqrt()
}
