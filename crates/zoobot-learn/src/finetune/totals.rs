//! How many votes a prediction is worth: the total of the Dirichlet concentrations of a question.

use crate::train::ln_probability;
use ndarray::{Array2, Axis, s};
use zoobot_data::schema::Votes;

/// The range of the logarithm of a total: from half a vote to 2,000 votes.
const RANGE: (f64, f64) = (-0.7, 7.6);
/// The number of golden-section steps, which narrow the range by more than a factor of 1,000.
const STEPS: usize = 30;

/// The logarithm of each question's total that makes the votes of the galaxies likeliest, given their scores
/// when they were left out. Without any votes it is 0: one vote.
///
/// # Shapes
/// `scores`: galaxies x answers; `rows`: the row of each galaxy in the votes.
pub fn fit(votes: &Votes, rows: &[usize], scores: &Array2<f64>) -> Vec<f64> {
    let one = |question: &zoobot_data::schema::Question| {
        let range = question.range();
        let counts = votes.counts().slice(s![.., range.clone()]).select(Axis(0), rows);
        let shares = softmax(scores.slice(s![.., range]).to_owned());
        let asked: Vec<usize> =
            (0..rows.len()).filter(|&row| counts.row(row).sum() > 0.0).collect();
        if asked.is_empty() {
            return 0.0;
        }
        let likelihood = |total: f64| -> f64 {
            let one = |&row: &usize| {
                let alpha: Vec<f64> =
                    shares.row(row).iter().map(|it| (it * total.exp()).max(1e-4)).collect();
                ln_probability(&alpha, &counts.row(row).to_vec())
            };
            asked.iter().map(one).sum()
        };
        maximum(likelihood)
    };
    votes.schema().questions().iter().map(one).collect()
}

fn softmax(mut scores: Array2<f64>) -> Array2<f64> {
    for mut row in scores.rows_mut() {
        let most = row.fold(f64::NEG_INFINITY, |a, b| a.max(*b));
        row.mapv_inplace(|it| (it - most).exp());
        let sum = row.sum();
        row /= sum;
    }
    scores
}

/// The maximum of a unimodal function, by golden-section search.
fn maximum(value: impl Fn(f64) -> f64) -> f64 {
    let golden = (5_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = RANGE;
    let inside = |low: f64, high: f64| (high - golden * (high - low), low + golden * (high - low));
    let (mut a, mut b) = inside(low, high);
    let (mut at_a, mut at_b) = (value(a), value(b));
    for _ in 0..STEPS {
        if at_a >= at_b {
            (high, b, at_b) = (b, a, at_a);
            a = inside(low, high).0;
            at_a = value(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = inside(low, high).1;
            at_b = value(b);
        }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng, rngs::StdRng};
    use rand_distr::{Distribution, Gamma};
    use zoobot_data::schema::Schema;

    /// Recovers the total that the votes were drawn with.
    #[test]
    fn the_total_that_votes_were_drawn_with_is_found() {
        let schema = Schema::named("gz_rings").unwrap();
        let mut rng = StdRng::seed_from_u64(7);
        for total in [3.0, 30.0] {
            let galaxies = 3000;
            let mut counts = Array2::zeros((galaxies, 2));
            let mut scores = Array2::zeros((galaxies, 2));
            for row in 0..galaxies {
                let share: f64 = rng.random_range(0.1..0.9);
                scores[[row, 1]] = (share / (1.0 - share)).ln();
                let mut draw = |a: f64| Gamma::new(a, 1.0).unwrap().sample(&mut rng);
                let (no, yes) = (draw(total * (1.0 - share)), draw(total * share));
                for _ in 0..40 {
                    let answer = usize::from(rng.random_range(0.0..1.0) < yes / (no + yes));
                    counts[[row, answer]] += 1.0;
                }
            }
            let ids = (0..galaxies).map(|it| it.to_string()).collect();
            let votes = Votes::new(&schema, ids, counts).unwrap();
            let rows: Vec<usize> = (0..galaxies).collect();
            let found = fit(&votes, &rows, &scores)[0].exp();
            assert!((found / total - 1.0).abs() < 0.1, "{found} for {total}");
        }
    }
}
