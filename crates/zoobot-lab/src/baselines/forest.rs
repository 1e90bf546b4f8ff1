//! A random forest of regression trees (Breiman 2001, Machine Learning 45, 5).

use ndarray::ArrayView2;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rayon::prelude::*;
use zoobot_base::seed::mixed;
use zoobot_core::{Error, Result};

/// Fully grown trees, each on a bootstrap sample as large as the training set; each split is the best over
/// all features by squared error. The prediction is the mean over the trees. These are the defaults of
/// scikit-learn's `RandomForestRegressor`.
///
/// ```
/// use zoobot_core::ndarray::Array2;
/// use zoobot_lab::baselines::RandomForest;
/// let rows = Array2::from_shape_fn((50, 1), |(i, _)| i as f32);
/// let values: Vec<f64> = (0..50).map(|i| if i < 25 { 0.0 } else { 5.0 }).collect();
/// let predicted = RandomForest::fit(rows.view(), &values, 20, 1)?.predict(rows.view())?;
/// assert!(predicted[5] < 1.0 && predicted[45] > 4.0);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RandomForest {
    trees: Vec<Vec<Node>>,
    width: usize,
}

#[derive(Debug, Clone, Copy)]
enum Node {
    /// Values up to the threshold go to node `below`, larger ones to the node after it.
    Cut {
        feature: usize,
        threshold: f32,
        below: usize,
    },
    End(f64),
}

impl RandomForest {
    /// Fits a forest of `trees` trees to the values of some galaxies (rows x features).
    ///
    /// # Errors
    /// [`Error::Parameter`] for 0 trees; [`Error::Empty`] without rows; [`Error::Shape`] unless there is one
    /// value per row.
    pub fn fit(rows: ArrayView2<f32>, values: &[f64], trees: usize, seed: u64) -> Result<Self> {
        let count = rows.nrows();
        if trees == 0 {
            return Err(Error::parameter("trees", trees, "at least 1"));
        }
        if count == 0 {
            return Err(Error::empty("there are no galaxies to fit to", "Give at least one"));
        }
        if values.len() != count {
            let problem = format!("there are {} values for {count} galaxies", values.len());
            return Err(Error::shape(problem, "Give one value for each galaxy"));
        }
        let grown = (0..trees).into_par_iter().map(|tree| {
            let mut rng = StdRng::seed_from_u64(mixed(seed, tree as u64));
            let mut places: Vec<usize> = (0..count).map(|_| rng.random_range(0..count)).collect();
            let mut nodes = vec![Node::End(0.0)];
            grow(&rows, values, &mut places, 0, &mut nodes);
            nodes
        });
        Ok(Self { trees: grown.collect(), width: rows.ncols() })
    }

    /// Predicts the values of galaxies (rows x features).
    ///
    /// # Errors
    /// [`Error::Shape`] when the number of features differs from that of the training rows.
    pub fn predict(&self, rows: ArrayView2<f32>) -> Result<Vec<f64>> {
        if rows.ncols() != self.width {
            let problem = format!(
                "the galaxies have {} features, but the forest was fitted to {}",
                rows.ncols(),
                self.width
            );
            return Err(Error::shape(problem, "Give the features that it was fitted to"));
        }
        let rows: Vec<_> = rows.rows().into_iter().collect();
        let value = |row: ndarray::ArrayView1<f32>| {
            let sum: f64 = self.trees.iter().map(|tree| end(tree, |feature| row[feature])).sum();
            sum / self.trees.len() as f64
        };
        Ok(rows.into_par_iter().map(value).collect())
    }
}

fn end(tree: &[Node], value: impl Fn(usize) -> f32) -> f64 {
    let mut node = 0;
    loop {
        match tree[node] {
            Node::End(value) => return value,
            Node::Cut { feature, threshold, below } => {
                node = below + usize::from(value(feature) > threshold);
            }
        }
    }
}

fn grow(
    rows: &ArrayView2<f32>,
    values: &[f64],
    places: &mut [usize],
    node: usize,
    nodes: &mut Vec<Node>,
) {
    let count = places.len() as f64;
    let total: f64 = places.iter().map(|&row| values[row]).sum();
    let equal = places.iter().all(|&row| values[row] == values[places[0]]);
    let mut best: Option<(f64, usize, f32)> = None;
    for feature in 0..if equal { 0 } else { rows.ncols() } {
        places.sort_by(|&a, &b| rows[[a, feature]].total_cmp(&rows[[b, feature]]));
        let mut left = 0.0;
        for (before, pair) in places.windows(2).enumerate() {
            left += values[pair[0]];
            let (a, b) = (rows[[pair[0], feature]], rows[[pair[1], feature]]);
            if a == b {
                continue;
            }
            let size = before as f64 + 1.0;
            // The reduction of the squared error by the split, up to a constant.
            let gain = left * left / size + (total - left).powi(2) / (count - size);
            if best.is_none_or(|(known, ..)| gain > known) {
                let middle = a + (b - a) / 2.0;
                best = Some((gain, feature, if middle < b { middle } else { a }));
            }
        }
    }
    let Some((_, feature, threshold)) = best else {
        nodes[node] = Node::End(total / count);
        return;
    };
    places.sort_by(|&a, &b| rows[[a, feature]].total_cmp(&rows[[b, feature]]));
    let middle = places.partition_point(|&row| rows[[row, feature]] <= threshold);
    let below = nodes.len();
    nodes.extend([Node::End(0.0); 2]);
    nodes[node] = Node::Cut { feature, threshold, below };
    let (left, right) = places.split_at_mut(middle);
    grow(rows, values, left, below, nodes);
    grow(rows, values, right, below + 1, nodes);
}
