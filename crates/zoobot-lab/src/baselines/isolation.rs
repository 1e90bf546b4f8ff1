//! Isolation forest (Liu, Ting & Zhou 2008, Isolation Forest, ICDM): points that few random splits isolate
//! are odd.

use ndarray::ArrayView2;
use rand::rngs::StdRng;
use rand::seq::index::sample;
use rand::{Rng, SeedableRng};
use rayon::prelude::*;
use zoobot_base::seed::mixed;
use zoobot_core::{Error, Result};

/// A forest of random trees with the defaults of scikit-learn: 100 trees of 256 galaxies each.
///
/// ```
/// use zoobot_lab::baselines::IsolationForest;
/// use zoobot_core::ndarray::Array2;
/// let rows = Array2::from_shape_fn((300, 2), |(i, j)| if i == 7 { 9.0 } else { ((i * (j + 3)) % 11) as f32 / 11.0 });
/// let scores = IsolationForest::new().seed(1).scores(rows.view())?;
/// assert!(scores.iter().all(|score| *score <= scores[7]));
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct IsolationForest {
    trees: usize,
    sample: usize,
    seed: u64,
}

/// A split, or the end of a branch.
#[derive(Debug, Clone, Copy)]
enum Node {
    /// Values below the threshold go to node `below`, the others to the node after it.
    Cut { feature: usize, threshold: f32, below: usize },
    /// The expected number of further splits to separate the galaxies that end here.
    End(f64),
}

impl Default for IsolationForest {
    fn default() -> Self {
        Self::new()
    }
}

impl IsolationForest {
    /// A forest of 100 trees with 256 galaxies each, and seed 0.
    pub fn new() -> Self {
        Self { trees: 100, sample: 256, seed: 0 }
    }

    /// Sets the number of trees.
    pub fn trees(self, trees: usize) -> Self {
        Self { trees, ..self }
    }

    /// Sets the number of galaxies per tree.
    pub fn sample(self, galaxies: usize) -> Self {
        Self { sample: galaxies, ..self }
    }

    /// Sets the seed.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The oddness of each row, 0 to 1: `2^(-mean splits / expected splits)`. Larger is odder; values below
    /// 0.5 are ordinary.
    ///
    /// # Errors
    /// [`Error::Parameter`] for 0 trees or fewer than 2 galaxies per tree; [`Error::Unsuitable`] for fewer
    /// than 2 rows.
    pub fn scores(&self, rows: ArrayView2<f32>) -> Result<Vec<f64>> {
        if self.trees == 0 {
            return Err(Error::parameter("trees", self.trees, "at least 1"));
        }
        if self.sample < 2 {
            return Err(Error::parameter("sample", self.sample, "at least 2"));
        }
        if rows.nrows() < 2 {
            let problem =
                format!("a forest needs at least 2 galaxies, but there are {}", rows.nrows());
            return Err(Error::unsuitable(problem, "Give more galaxies"));
        }
        let size = self.sample.min(rows.nrows());
        let deepest = (size as f64).log2().ceil() as usize;
        let trees: Vec<Vec<Node>> = (0..self.trees)
            .into_par_iter()
            .map(|tree| {
                let mut rng = StdRng::seed_from_u64(mixed(self.seed, tree as u64));
                let mut places = sample(&mut rng, rows.nrows(), size).into_vec();
                let mut nodes = vec![Node::End(0.0)];
                grow(&rows, &mut places, deepest, 0, &mut nodes, &mut rng);
                nodes
            })
            .collect();
        let scale = -1.0 / (trees.len() as f64 * cuts(size));
        let rows: Vec<_> = rows.rows().into_iter().collect();
        Ok(rows
            .into_par_iter()
            .map(|row| {
                let total: f64 =
                    trees.iter().map(|tree| length(tree, |feature| row[feature])).sum();
                (total * scale).exp2()
            })
            .collect())
    }
}

/// The mean number of splits that isolate one of `size` galaxies: the mean path of an unsuccessful search in
/// a binary search tree.
fn cuts(size: usize) -> f64 {
    match size {
        0 | 1 => 0.0,
        2 => 1.0,
        size => {
            let others = size as f64 - 1.0;
            const EULER: f64 = 0.577_215_664_901_532_9;
            2.0 * (others.ln() + EULER) - 2.0 * others / size as f64
        }
    }
}

/// Splits the galaxies in `places` until each is alone, all are equal, or the depth limit is reached.
fn grow(
    rows: &ArrayView2<f32>,
    places: &mut [usize],
    deeper: usize,
    node: usize,
    nodes: &mut Vec<Node>,
    rng: &mut StdRng,
) {
    let range = |feature: usize| {
        let values = places.iter().map(|&row| rows[[row, feature]]);
        values.fold((f32::INFINITY, f32::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)))
    };
    let cut = if deeper == 0 || places.len() < 2 {
        None
    } else {
        // Tries the features in random order, until the galaxies differ in one.
        let order = sample(rng, rows.ncols(), rows.ncols());
        order.into_iter().map(|feature| (feature, range(feature))).find(|(_, (a, b))| a < b)
    };
    let Some((feature, (least, most))) = cut else {
        nodes[node] = Node::End(cuts(places.len()));
        return;
    };
    // The threshold is above the minimum, so that neither side is empty.
    let threshold = (least + (most - least) * rng.random::<f32>()).max(least.next_up()).min(most);
    let mut middle = 0;
    for i in 0..places.len() {
        if rows[[places[i], feature]] < threshold {
            places.swap(i, middle);
            middle += 1;
        }
    }
    let below = nodes.len();
    nodes.extend([Node::End(0.0); 2]);
    nodes[node] = Node::Cut { feature, threshold, below };
    let (left, right) = places.split_at_mut(middle);
    grow(rows, left, deeper - 1, below, nodes, rng);
    grow(rows, right, deeper - 1, below + 1, nodes, rng);
}

/// The number of splits on a galaxy's path, plus the expected further splits.
fn length(tree: &[Node], value: impl Fn(usize) -> f32) -> f64 {
    let (mut node, mut depth) = (0, 0.0);
    loop {
        match tree[node] {
            Node::End(more) => return depth + more,
            Node::Cut { feature, threshold, below } => {
                node = below + usize::from(value(feature) >= threshold);
                depth += 1.0;
            }
        }
    }
}
