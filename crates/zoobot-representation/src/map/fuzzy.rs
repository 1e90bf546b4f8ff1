//! The weighted neighbour graph of UMAP.

use rayon::prelude::*;

/// The links of each row. They are symmetric, and their weight is the probability that both rows belong
/// together.
#[derive(Debug)]
pub struct Links {
    /// Where each row's links begin, and at the end the number of links.
    pub start: Vec<usize>,
    pub to: Vec<u32>,
    /// Above 0, and at most 1.
    pub weight: Vec<f32>,
}

/// The weights of one row's neighbours, nearest first. They fall from 1 for the nearest, so that they
/// sum to log2 of the number of neighbours, counting the row itself (McInnes, Healy & Melville 2018,
/// algorithm 3).
pub fn weights(distances: &[f32]) -> Vec<f32> {
    let far: Vec<f64> = distances.iter().map(|&distance| f64::from(distance)).collect();
    let nearest = far.iter().copied().find(|&distance| distance > 0.0).unwrap_or(0.0);
    // One more than the neighbours, since UMAP counts the row itself.
    let wanted = (far.len() as f64 + 1.0).log2();
    let sum = |scale: f64| -> f64 {
        far.iter().map(|&d| if d > nearest { (-(d - nearest) / scale).exp() } else { 1.0 }).sum()
    };
    let (mut low, mut high, mut scale) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..64 {
        let found = sum(scale);
        if (found - wanted).abs() < 1e-5 {
            break;
        }
        if found > wanted {
            high = scale;
            scale = (low + high) / 2.0;
        } else {
            low = scale;
            scale = if high.is_finite() { (low + high) / 2.0 } else { scale * 2.0 };
        }
    }
    let mean = far.iter().sum::<f64>() / far.len().max(1) as f64;
    let scale = scale.max(1e-3 * mean).max(f64::MIN_POSITIVE);
    far.iter()
        .map(|&d| if d > nearest { (-(d - nearest) / scale).exp() as f32 } else { 1.0 })
        .collect()
}

/// The graph from the `k` nearest other rows of each row (rows x `k`, nearest first). Two rows are
/// linked if either has the other as a neighbour, and their weights are combined like probabilities (a +
/// b - ab). Links weaker than `least` are left out.
pub fn links(nearest: &[u32], distances: &[f32], k: usize, least: f32) -> Links {
    let rows = nearest.len() / k;
    let own: Vec<f32> = distances.par_chunks_exact(k).flat_map_iter(weights).collect();
    // A counting sort finds the rows that have each row as a neighbour.
    let mut start = vec![0_usize; rows + 1];
    nearest.iter().for_each(|&to| start[to as usize + 1] += 1);
    for row in 0..rows {
        start[row + 1] += start[row];
    }
    let mut place = start.clone();
    let mut from = vec![(0_u32, 0.0_f32); nearest.len()];
    for (i, (&to, &weight)) in nearest.iter().zip(&own).enumerate() {
        from[place[to as usize]] = ((i / k) as u32, weight);
        place[to as usize] += 1;
    }
    let joined: Vec<Vec<(u32, f32)>> = (0..rows)
        .into_par_iter()
        .map(|row| {
            let mine = nearest[row * k..][..k].iter().zip(&own[row * k..][..k]);
            let mut all: Vec<(u32, f32)> = mine.map(|(&to, &weight)| (to, weight)).collect();
            all.extend_from_slice(&from[start[row]..start[row + 1]]);
            all.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            all.dedup_by(|next, first| {
                let same = next.0 == first.0;
                if same {
                    first.1 = next.1 + first.1 - next.1 * first.1;
                }
                same
            });
            all.retain(|&(to, weight)| to as usize != row && weight >= least);
            all
        })
        .collect();
    let mut links = Links { start: vec![0], to: Vec::new(), weight: Vec::new() };
    for row in joined {
        links.to.extend(row.iter().map(|link| link.0));
        links.weight.extend(row.iter().map(|link| link.1));
        links.start.push(links.to.len());
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_fall_from_one_and_sum_to_the_logarithm_of_the_number() {
        let found = weights(&[0.5, 0.9, 1.0, 1.7, 2.0, 2.2, 4.0]);
        assert_eq!(found[0], 1.0);
        assert!(found.windows(2).all(|pair| pair[0] >= pair[1]));
        assert!((found.iter().sum::<f32>() - 3.0).abs() < 1e-4);
        // Copies get the largest weight, and equal distances get equal weights.
        assert_eq!(weights(&[0.0, 0.0, 1.0])[..2], [1.0, 1.0]);
        assert_eq!(weights(&[0.0; 3]), [1.0; 3]);
    }

    #[test]
    fn a_link_is_there_when_either_end_has_it() {
        // 0 and 1 are each other's neighbours; 2 has 0.
        let links = links(&[1, 0, 0], &[1.0, 1.0, 3.0], 1, 0.0);
        assert_eq!(links.start, [0, 2, 3, 4]);
        assert_eq!(links.to, [1, 2, 0, 0]);
        assert_eq!(links.weight, [1.0, 1.0, 1.0, 1.0]);
    }
}
