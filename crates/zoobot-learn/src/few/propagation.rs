//! Label propagation over the unlabelled survey (Zhou et al. 2004, Advances in Neural Information Processing
//! Systems 16): galaxies that are neighbours, by the cosine, tend to have one class.
//!
//! With the graph of nearest neighbours W and S = D^(-1/2) W D^(-1/2), the labels Y spread to
//! F = (1 - a S)^(-1) Y. Since F is linear in Y, one column for each example also tells what the others say
//! about an example that is left out.

use super::ground::{Evidence, Ground, directions};
use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate, s};
use rayon::prelude::*;
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;
use zoobot_representation::similar::Metric;
use zoobot_representation::space::Space;

/// The number of neighbours of a galaxy in the graph.
pub const NEIGHBOURS: usize = 10;
/// How much of a galaxy's labels comes from its neighbours, a.
const SPREAD: f64 = 0.9;
/// The number of rounds: the rest of the series is below 0.9^80 = 2e-4 of its sum.
const ROUNDS: usize = 80;
/// The number of galaxies of the survey in the graph; others take over what their neighbours say.
pub const MOST: usize = 10_000;

/// Predicts by label propagation with this number of neighbours.
pub fn propagate(ground: &Ground, neighbours: usize) -> Result<Evidence> {
    let (count, galaxies) = (ground.of.len(), ground.survey.nrows());
    let step = galaxies.div_ceil(MOST).max(1);
    // Evenly spaced galaxies of a large survey.
    let chosen: Vec<usize> = (0..galaxies).step_by(step).collect();
    let some = ground.survey.select(Axis(0), &chosen);
    let rows = concatenate(Axis(0), &[ground.examples, some.view()])
        .map_err(Error::internal("features of different widths"))?;
    let rows = directions(ground.scaling.apply(rows.view()));
    let graph = Graph::new(&rows, neighbours)?;
    let spread = graph.spread(count)?;
    let left_out = classes(ground, spread.slice(s![..count, ..]), true);
    let on = classes(ground, spread.slice(s![count.., ..]), false);
    let mut survey = Array2::zeros((galaxies, ground.classes));
    for (row, found) in chosen.iter().zip(on.rows()) {
        survey.row_mut(*row).assign(&found);
    }
    if step > 1 {
        let others: Vec<usize> = (0..galaxies).filter(|row| row % step != 0).collect();
        let all = concatenate(
            Axis(0),
            &[classes(ground, spread.slice(s![..count, ..]), false).view(), on.view()],
        )
        .map_err(Error::internal("the labels of the graph"))?;
        for block in others.chunks(super::ground::BLOCK) {
            interrupt::check("few examples", || "label propagation".to_owned())?;
            let some = ground.survey.select(Axis(0), block);
            let some = directions(ground.scaling.apply(some.view())).mapv(|it| it as f32);
            for (row, found) in block.iter().zip(graph.near(some.view(), neighbours)?) {
                let mut to = survey.row_mut(*row);
                found.iter().for_each(|&(near, weight)| to.scaled_add(weight, &all.row(near)));
                let sum = to.sum();
                match sum > 0.0 {
                    true => to /= sum,
                    false => to.fill(1.0 / ground.classes as f64),
                }
            }
        }
    }
    Ok(Evidence { left_out, survey, strength: neighbours as f64 })
}

/// From what each example spreads (galaxies x examples) to probabilities of classes. A class counts by the
/// mean of its examples, so that a class with more examples is not preferred. With `left_out`, row i is what
/// the others say about example i.
fn classes(ground: &Ground, spread: ArrayView2<f64>, left_out: bool) -> Array2<f64> {
    let mut all = Array2::zeros((spread.nrows(), ground.classes));
    for (row, values) in spread.rows().into_iter().enumerate() {
        let mut counts = vec![0.0; ground.classes];
        for (example, value) in values.iter().enumerate() {
            if left_out && example == row {
                continue;
            }
            all[[row, ground.of[example]]] += value;
            counts[ground.of[example]] += 1.0;
        }
        let mut row = all.row_mut(row);
        row.iter_mut().zip(counts).for_each(|(it, count)| *it /= f64::max(count, 1.0));
        // A little of every class, for galaxies that labels do not reach.
        row += 1e-4 * row.sum() + 1e-12;
        let sum = row.sum();
        row /= sum;
    }
    all
}

/// A symmetric graph of nearest neighbours.
struct Graph {
    space: Space,
    /// The neighbours of each galaxy, with S.
    edges: Vec<Vec<(usize, f64)>>,
}

impl Graph {
    /// The graph of directions (galaxies x features).
    fn new(rows: &Array2<f64>, neighbours: usize) -> Result<Self> {
        let count = rows.nrows();
        let ids = (0..count).map(|row| row.to_string()).collect();
        let space = Space::new(ids, rows.mapv(|it| it as f32))?;
        let near = space.nearest(space.features(), (neighbours + 1).min(count), Metric::Cosine)?;
        let mut edges: Vec<Vec<(usize, f64)>> = vec![Vec::new(); count];
        for (row, (others, distances)) in
            near.rows.rows().into_iter().zip(near.distances.rows()).enumerate()
        {
            for (&other, &distance) in others.iter().zip(distances) {
                let (other, weight) = (other as usize, weight(distance));
                if other != row && weight > 0.0 {
                    edges[row].push((other, weight));
                    edges[other].push((row, weight));
                }
            }
        }
        for of in &mut edges {
            of.sort_by_key(|it| it.0);
            of.dedup_by_key(|it| it.0);
        }
        let degrees: Array1<f64> =
            edges.iter().map(|of| of.iter().map(|it| it.1).sum::<f64>()).collect();
        for (row, of) in edges.iter_mut().enumerate() {
            of.iter_mut().for_each(|(other, it)| *it /= (degrees[row] * degrees[*other]).sqrt());
        }
        Ok(Self { space, edges })
    }

    /// What the first `count` galaxies spread to all: galaxies x examples.
    fn spread(&self, count: usize) -> Result<Array2<f64>> {
        let one = |example: usize| -> Result<Vec<f64>> {
            interrupt::check("few examples", || "label propagation".to_owned())?;
            let mut now = vec![0.0; self.edges.len()];
            now[example] = 1.0;
            for _ in 0..ROUNDS {
                let from = |(row, of): (usize, &Vec<(usize, f64)>)| {
                    let near: f64 = of.iter().map(|&(other, it)| it * now[other]).sum();
                    SPREAD * near + if row == example { 1.0 } else { 0.0 }
                };
                now = self.edges.iter().enumerate().map(from).collect();
            }
            Ok(now)
        };
        let columns: Vec<Vec<f64>> = (0..count).into_par_iter().map(one).collect::<Result<_>>()?;
        Ok(Array2::from_shape_fn((self.edges.len(), count), |(row, example)| columns[example][row]))
    }

    /// The neighbours of other galaxies, with weights.
    fn near(&self, rows: ArrayView2<f32>, neighbours: usize) -> Result<Vec<Vec<(usize, f64)>>> {
        let near = self.space.nearest(rows, neighbours.min(self.edges.len()), Metric::Cosine)?;
        let pairs = near.rows.rows().into_iter().zip(near.distances.rows());
        let of = pairs.map(|(rows, distances)| {
            rows.iter().zip(distances).map(|(&row, &it)| (row as usize, weight(it))).collect()
        });
        Ok(of.collect())
    }
}

/// The weight of an edge: the cosine, or 0 beyond a right angle.
fn weight(distance: f32) -> f64 {
    f64::from(1.0 - distance).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng, rngs::StdRng};

    #[test]
    fn labels_spread_as_in_the_closed_form() {
        let mut rng = StdRng::seed_from_u64(4);
        let rows = Array2::from_shape_fn((40, 6), |_| rng.random_range(-1.0..1.0));
        let graph = Graph::new(&directions(rows), 5).unwrap();
        let mut matrix = Array2::<f64>::eye(40);
        for (row, of) in graph.edges.iter().enumerate() {
            of.iter().for_each(|&(other, it)| matrix[[row, other]] -= SPREAD * it);
        }
        // (1 - a S) F is Y again.
        let spread = graph.spread(3).unwrap();
        let back = matrix.dot(&spread);
        for ((row, example), value) in back.indexed_iter() {
            let label = if row == example { 1.0 } else { 0.0 };
            assert!((value - label).abs() < 1e-3, "{row} {example}: {value}");
        }
        // The matrix is symmetric, and its largest eigenvalue is 1.
        for (row, of) in graph.edges.iter().enumerate() {
            for &(other, it) in of {
                assert!(graph.edges[other].iter().any(|e| e.0 == row && (e.1 - it).abs() < 1e-12));
            }
        }
    }
}
