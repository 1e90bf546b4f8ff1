//! Lays out the rows of a graph: linked rows attract each other, others repel each other.
//!
//! Within an epoch, each row moves independently from the positions at the start of the epoch. Cores can
//! thus share the rows, and a seed gives the same map on any number of cores.

use super::fuzzy::Links;
use rayon::prelude::*;
use zoobot_base::error::Result;

/// The number of random rows that repel a row for each attraction (negative samples).
const PUSHES: usize = 5;
/// The maximum step in either direction.
const LONGEST: f32 = 4.0;

/// The curve of similarity against distance on the map: 1 / (1 + a d^(2 b)).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve {
    pub a: f32,
    pub b: f32,
}

impl Curve {
    /// Fits the curve to 1 up to `apart` and exp(apart - d) beyond, by least squares up to d = 3.
    pub fn fit(apart: f64) -> Self {
        let points: Vec<(f64, f64)> = (1..300)
            .map(|i| 3.0 * f64::from(i) / 299.0)
            .map(|d| (d, if d < apart { 1.0 } else { (apart - d).exp() }))
            .collect();
        let (mut a, mut b): (f64, f64) = (1.0, 1.0);
        let loss = |a: f64, b: f64| -> f64 {
            points.iter().map(|&(d, y)| (1.0 / (1.0 + a * d.powf(2.0 * b)) - y).powi(2)).sum()
        };
        // The Levenberg-Marquardt method in two parameters.
        let mut damp = 1e-3;
        for _ in 0..200 {
            let (mut aa, mut ab, mut bb, mut ga, mut gb) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for &(d, y) in &points {
                let power = d.powf(2.0 * b);
                let value = 1.0 / (1.0 + a * power);
                let by_a = -power * value * value;
                let by_b = -2.0 * a * power * d.ln() * value * value;
                aa += by_a * by_a;
                ab += by_a * by_b;
                bb += by_b * by_b;
                ga += by_a * (y - value);
                gb += by_b * (y - value);
            }
            let (da, db) = (aa * (1.0 + damp), bb * (1.0 + damp));
            let size = da * db - ab * ab;
            let next = (a + (ga * db - gb * ab) / size, b + (gb * da - ga * ab) / size);
            if next.0 > 0.0 && next.1 > 0.0 && loss(next.0, next.1) < loss(a, b) {
                (a, b) = next;
                damp /= 4.0;
            } else {
                damp *= 4.0;
            }
        }
        Self { a: a as f32, b: b as f32 }
    }

    /// The coefficient of the attraction between rows at squared distance `square`; at most 0.
    #[inline]
    fn pull(self, square: f32) -> f32 {
        if square <= 0.0 {
            return 0.0;
        }
        let power = square.powf(self.b);
        -2.0 * self.a * self.b * power / (square * (1.0 + self.a * power))
    }

    /// The coefficient of the repulsion.
    #[inline]
    fn push(self, square: f32) -> f32 {
        2.0 * self.b / ((0.001 + square) * (1.0 + self.a * square.powf(self.b)))
    }
}

/// A random number generator for one row and epoch.
struct Lot(u64);

impl Lot {
    fn new(seed: u64, round: usize, row: usize) -> Self {
        Self(mix(mix(seed ^ mix(round as u64)) ^ row as u64))
    }

    #[inline]
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        ((u128::from(mix(self.0)) * count as u128) >> 64) as usize
    }
}

/// The mixing function of SplitMix64 (Steele, Lea & Flood 2014).
#[inline]
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The settings of a layout.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    pub curve: Curve,
    pub rounds: usize,
    pub seed: u64,
    /// A factor on attractions: 2 if linked rows attract each other, because UMAP moves both ends of a
    /// link and this layout moves one; 1 if the other rows are fixed.
    pub share: f32,
}

/// Moves `places` through all epochs. Each row's links lead to `others`, or if there are none to
/// `places` itself.
pub fn lay(
    links: &Links,
    places: &mut Vec<[f32; 2]>,
    others: Option<&[[f32; 2]]>,
    how: Schedule,
    mut after: impl FnMut(usize),
) -> Result<()> {
    let strongest = links.weight.iter().copied().fold(0.0_f32, f32::max);
    if strongest <= 0.0 {
        return Ok(());
    }
    let mut next = places.clone();
    for round in 0..how.rounds {
        zoobot_base::interrupt::check("map", || format!("{round} of {} rounds", how.rounds))?;
        let step = 1.0 - round as f32 / how.rounds as f32;
        let still = others.unwrap_or(places);
        next.par_iter_mut().enumerate().with_min_len(256).for_each(|(row, to)| {
            let mut here = places[row];
            let mut lot = Lot::new(how.seed, round, row);
            for link in links.start[row]..links.start[row + 1] {
                // A link with a share w of the largest weight is used in a share w of the epochs.
                let share = links.weight[link] / strongest;
                let turns = ((round + 1) as f32 * share) as usize - (round as f32 * share) as usize;
                if turns == 0 {
                    continue;
                }
                let there = still[links.to[link] as usize];
                pull(&mut here, there, how, step);
                for _ in 0..PUSHES {
                    let other = lot.below(still.len());
                    if others.is_none() && other == row {
                        continue;
                    }
                    push(&mut here, still[other], how.curve, step);
                }
            }
            *to = here;
        });
        std::mem::swap(places, &mut next);
        after(round);
    }
    Ok(())
}

#[inline]
fn pull(here: &mut [f32; 2], there: [f32; 2], how: Schedule, step: f32) {
    let (dx, dy) = (here[0] - there[0], here[1] - there[1]);
    let force = how.share * how.curve.pull(dx * dx + dy * dy);
    here[0] += step * (force * dx).clamp(-LONGEST, LONGEST);
    here[1] += step * (force * dy).clamp(-LONGEST, LONGEST);
}

#[inline]
fn push(here: &mut [f32; 2], there: [f32; 2], curve: Curve, step: f32) {
    let (dx, dy) = (here[0] - there[0], here[1] - there[1]);
    let force = curve.push(dx * dx + dy * dy);
    here[0] += step * (force * dx).clamp(-LONGEST, LONGEST);
    here[1] += step * (force * dy).clamp(-LONGEST, LONGEST);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_is_that_of_umap() {
        // umap-learn 0.5.12, find_ab_params(1.0, min_dist)
        for (apart, a, b) in [(0.1, 1.576_943_4, 0.895_060_9), (0.5, 0.583_030_1, 1.334_166_9)] {
            let curve = Curve::fit(apart);
            assert!((curve.a - a).abs() < 2e-3 && (curve.b - b).abs() < 2e-3, "{curve:?}");
        }
    }

    #[test]
    fn linked_rows_come_together_and_others_go_apart() {
        let links =
            Links { start: vec![0, 1, 2, 3, 4], to: vec![1, 0, 3, 2], weight: vec![1.0; 4] };
        let mut places = vec![[0.0, 0.0], [9.0, 0.0], [0.1, 0.1], [9.0, 0.3]];
        let how = Schedule { curve: Curve::fit(0.1), rounds: 300, seed: 3, share: 2.0 };
        let before = places.clone();
        lay(&links, &mut places, None, how, |_| ()).unwrap();
        let far = |a: usize, b: usize| {
            let [a, b]: [[f32; 2]; 2] = [places[a], places[b]];
            (a[0] - b[0]).hypot(a[1] - b[1])
        };
        assert!(far(0, 1) < 2.0 && far(2, 3) < 2.0 && far(0, 2) > 3.0, "{places:?}");
        let mut again = before;
        lay(&links, &mut again, None, how, |_| ()).unwrap();
        assert_eq!(again, places);
    }
}
