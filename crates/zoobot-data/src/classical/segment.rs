//! Which pixels belong to the galaxy, which to other objects, and which to the sky.

use super::plane::{Plane, regions};

/// Pixels above the sky by this many standard deviations, after smoothing, are objects.
const ABOVE: f64 = 1.5;
/// The smoothing before the search, in pixels (a Gaussian's sigma).
const SMOOTHING: f64 = 1.5;
/// Objects of fewer pixels are noise.
const LEAST: usize = 8;

/// The level and the standard deviation of the sky: the median and the scatter of the pixels that are left after those
/// more than three standard deviations away have been removed, again and again.
pub fn sky(plane: &Plane) -> (f64, f64) {
    let mut values: Vec<f64> = plane.values.iter().copied().filter(|it| it.is_finite()).collect();
    values.sort_unstable_by(f64::total_cmp);
    let mut kept = &values[..];
    for _ in 0..20 {
        if kept.is_empty() {
            return (0.0, 0.0);
        }
        let median = kept[kept.len() / 2];
        let mean = kept.iter().sum::<f64>() / kept.len() as f64;
        let noise =
            (kept.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / kept.len() as f64).sqrt();
        let from = kept.partition_point(|&it| it < median - 3.0 * noise);
        let to = kept.partition_point(|&it| it <= median + 3.0 * noise);
        if to - from == kept.len() || noise == 0.0 {
            return (median, noise);
        }
        kept = &kept[from..to];
    }
    (kept[kept.len() / 2], 0.0)
}

/// Finds the objects of a picture whose sky is 0: the galaxy is the one that is nearest to the middle, by its brightest
/// part; `None` if there is nothing. Of each pixel, row by row: 0 for the sky, 1 for the galaxy, larger numbers for other
/// objects.
pub fn segments(plane: &Plane, noise: f64) -> Option<Vec<u32>> {
    let (width, height) = (plane.width, plane.height);
    let finite: Vec<f64> =
        plane.values.iter().map(|it| if it.is_finite() { *it } else { 0.0 }).collect();
    let smooth = Plane::new(width, height, finite).gaussian(SMOOTHING);
    // Smoothing lowers the noise of neighbouring pixels that are independent.
    let lower = 1.0 / (2.0 * std::f64::consts::PI.sqrt() * SMOOTHING);
    let threshold = ABOVE * noise * lower.max(0.5);
    let (mut labels, count) =
        regions(width, height, |place| smooth.values[place] > threshold && threshold > 0.0);
    let mut sizes = vec![0_usize; count as usize + 1];
    // The nearest pixel to the middle.
    let mut nearest = vec![f64::INFINITY; count as usize + 1];
    let middle = [(width as f64 - 1.0) / 2.0, (height as f64 - 1.0) / 2.0];
    for (place, &label) in labels.iter().enumerate() {
        let away = (((place % width) as f64) - middle[0]).hypot((place / width) as f64 - middle[1]);
        sizes[label as usize] += 1;
        nearest[label as usize] = nearest[label as usize].min(away);
    }
    let large = (1..=count as usize).filter(|&label| sizes[label] >= LEAST);
    let galaxy =
        large.min_by(|&a, &b| nearest[a].total_cmp(&nearest[b]).then(sizes[b].cmp(&sizes[a])))?;
    let mut next = 1;
    let numbers: Vec<u32> = (0..=count as usize)
        .map(|label| match label {
            0 => 0,
            _ if label == galaxy => 1,
            _ if sizes[label] < LEAST => 0,
            _ => {
                next += 1;
                next
            }
        })
        .collect();
    labels.iter_mut().for_each(|label| *label = numbers[*label as usize]);
    Some(labels)
}
