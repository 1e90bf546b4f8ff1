//! Grouped gradients (Yoo, Fan, Boddeti and Kitani 2018, arXiv:1710.02277): filters of a layer that respond
//! alike share one gradient, which leaves fewer directions to learn from few galaxies.
//!
//! The responses of each layer's filters to some pictures are standardised and divided by k-means, so that
//! filters of a group correlate. At each step, every filter gets its group's mean gradient; its bias and the
//! batch normalisation that follows it belong to the filter.

use super::network::Built;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tch::nn::VarStore;
use tch::{Kind, Tensor, no_grad};
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;
use zoobot_representation::space::array;

/// The maximum number of rounds of k-means.
const ROUNDS: usize = 30;
/// The number of pictures in a pass.
const BATCH: usize = 16;

/// The groups of one layer's filters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerGroups {
    /// The name of the layer's weights.
    pub name: String,
    /// The names of the variables that belong to the filters: the bias, and the scale and shift of a batch
    /// normalisation.
    pub followers: Vec<String>,
    /// The group of each filter, numbered in the order of the filters.
    pub groups: Vec<usize>,
}

/// The groups of a network's filters, layer by layer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Grouping {
    /// The layers, in the order of a pass.
    pub layers: Vec<LayerGroups>,
}

/// The standardised responses of a layer's filters.
#[derive(Debug)]
pub struct LayerResponses {
    /// The name of the layer's weights.
    pub name: String,
    /// The names of the variables that belong to the filters.
    pub followers: Vec<String>,
    /// Filters x responses.
    pub values: Array2<f64>,
}

/// The responses of all layers of a network to pictures, which `batch` gives for some places below `count`.
pub fn responses(
    built: &Built,
    count: usize,
    batch: impl Fn(&[usize]) -> Result<Tensor>,
) -> Result<Vec<LayerResponses>> {
    let names: HashMap<usize, String> = built
        .store
        .variables()
        .into_iter()
        .map(|(name, it)| (it.data_ptr() as usize, name))
        .collect();
    let mut all: Vec<LayerResponses> = Vec::new();
    let mut parts: Vec<Vec<Tensor>> = Vec::new();
    let places: Vec<usize> = (0..count).collect();
    for some in places.chunks(BATCH) {
        interrupt::check("grouping of filters", || format!("{} of {count} pictures", some[0]))?;
        for (place, seen) in built.responses(&batch(some)?)?.into_iter().enumerate() {
            if place == all.len() {
                let name = names.get(&seen.weight).cloned().ok_or_else(|| {
                    Error::Internal("a layer whose weights are no variable".to_owned())
                })?;
                let followers =
                    seen.followers.iter().filter_map(|it| names.get(it).cloned()).collect();
                all.push(LayerResponses { name, followers, values: Array2::zeros((0, 0)) });
                parts.push(Vec::new());
            }
            parts[place].push(seen.values.f_to_device(tch::Device::Cpu)?);
        }
    }
    for (layer, parts) in all.iter_mut().zip(parts) {
        let values = Tensor::f_cat(&parts, 1)?;
        let (filters, count) = (values.size()[0] as usize, values.size()[1] as usize);
        layer.values = standardised(array(&values, filters, count)?);
    }
    Ok(all)
}

/// Rows with mean 0 and length 1, so that the squared distance of two rows is twice 1 - their correlation. A
/// constant row becomes zeros.
fn standardised(mut rows: Array2<f64>) -> Array2<f64> {
    for mut row in rows.rows_mut() {
        let mean = row.mean().unwrap_or(0.0);
        row -= mean;
        let length = row.dot(&row).sqrt();
        match length > 1e-12 * (1.0 + mean.abs()) {
            true => row /= length,
            false => row.fill(0.0),
        }
    }
    rows
}

impl Grouping {
    /// Divides each layer's filters into the number of groups that `count` gives for the layer's place and
    /// number of filters; a layer with as many groups as filters is not grouped.
    pub fn of(all: &[LayerResponses], count: impl Fn(usize, usize) -> usize) -> Result<Self> {
        let mut layers = Vec::with_capacity(all.len());
        for (place, layer) in all.iter().enumerate() {
            interrupt::check("grouping of filters", || format!("{place} of {} layers", all.len()))?;
            let filters = layer.values.nrows();
            let count = count(place, filters).clamp(1, filters.max(1));
            layers.push(LayerGroups {
                name: layer.name.clone(),
                followers: layer.followers.clone(),
                groups: alike(layer.values.view(), count),
            });
        }
        Ok(Self { layers })
    }

    /// Gives every filter its group's mean gradient.
    pub fn share(&self, store: &VarStore) -> Result<()> {
        let variables = store.variables();
        no_grad(|| {
            for layer in &self.layers {
                let names = std::iter::once(&layer.name).chain(&layer.followers);
                for variable in names.filter_map(|name| variables.get(name)) {
                    let mut gradient = variable.f_grad()?;
                    if gradient.defined() {
                        let shared = shared(&gradient, &layer.groups)?;
                        gradient.f_copy_(&shared)?;
                    }
                }
            }
            Ok(())
        })
    }
}

/// The mean over each group's rows, for each row. Sums are in double precision, so that the mean of equal
/// numbers, and of one, is that number to the last bit.
pub fn shared(rows: &Tensor, groups: &[usize]) -> Result<Tensor> {
    let size = rows.size();
    if size.first().copied() != Some(groups.len() as i64) {
        let problem = format!("{} groups for a tensor of the shape {size:?}", groups.len());
        return Err(Error::Internal(problem));
    }
    let count = groups.iter().max().map_or(0, |it| it + 1) as i64;
    let places: Vec<i64> = groups.iter().map(|it| *it as i64).collect();
    let places = Tensor::f_from_slice(&places)?.f_to_device(rows.device())?;
    let flat = rows.f_reshape([size[0], -1])?.f_to_kind(Kind::Double)?;
    let options = (Kind::Double, rows.device());
    let sums = Tensor::f_zeros([count, flat.size()[1]], options)?.f_index_add(0, &places, &flat)?;
    let counts = Tensor::f_zeros([count], options)?;
    let counts = counts.f_index_add(0, &places, &Tensor::f_ones([size[0]], options)?)?;
    let means = sums.f_div(&counts.f_unsqueeze(1)?)?.f_index_select(0, &places)?;
    Ok(means.f_to_kind(rows.kind())?.f_reshape(size.as_slice())?)
}

/// Divides rows into at most `count` groups by k-means. It starts from rows that are far from each other, so it
/// needs no seed and does not depend on the order of the rows.
pub fn alike(rows: ArrayView2<f64>, count: usize) -> Vec<usize> {
    let all = rows.nrows();
    if count >= all {
        return (0..all).collect();
    }
    if count <= 1 {
        return vec![0; all];
    }
    let mut centres = apart(rows, count);
    let mut groups = nearest(rows, &centres);
    for _ in 0..ROUNDS {
        let mut sums = Array2::<f64>::zeros(centres.dim());
        let mut counts = vec![0.0; centres.nrows()];
        for (row, &group) in rows.rows().into_iter().zip(&groups) {
            let mut sum = sums.row_mut(group);
            sum += &row;
            counts[group] += 1.0;
        }
        for ((mut centre, sum), &count) in
            centres.rows_mut().into_iter().zip(sums.rows()).zip(&counts)
        {
            // An empty group keeps its centre.
            if count > 0.0 {
                centre.assign(&(&sum / count));
            }
        }
        let next = nearest(rows, &centres);
        if next == groups {
            break;
        }
        groups = next;
    }
    numbered(&groups)
}

/// Rows far from each other: first the one farthest from the mean, then each time the one farthest from those
/// that are chosen.
fn apart(rows: ArrayView2<f64>, count: usize) -> Array2<f64> {
    let mean = rows.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(rows.ncols()));
    let square = |row: usize, other: &Array1<f64>| {
        rows.row(row).iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>()
    };
    let mut distances: Vec<f64> = (0..rows.nrows()).map(|row| square(row, &mean)).collect();
    let mut chosen = Vec::with_capacity(count);
    for place in 0..count {
        let far = (0..distances.len()).max_by(|&a, &b| distances[a].total_cmp(&distances[b]));
        let Some(far) = far.filter(|&it| place == 0 || distances[it] > 0.0) else { break };
        chosen.push(far);
        let own = rows.row(far).to_owned();
        for (row, it) in distances.iter_mut().enumerate() {
            let other = square(row, &own);
            *it = if place == 0 { other } else { it.min(other) };
        }
    }
    rows.select(Axis(0), &chosen)
}

/// The nearest centre of each row.
fn nearest(rows: ArrayView2<f64>, centres: &Array2<f64>) -> Vec<usize> {
    let squares: Vec<f64> = centres.rows().into_iter().map(|it| it.dot(&it)).collect();
    let products = rows.dot(&centres.t());
    let of = |row: ndarray::ArrayView1<f64>| {
        let value = |it: usize| squares[it] - 2.0 * row[it];
        (0..row.len()).min_by(|&a, &b| value(a).total_cmp(&value(b))).unwrap_or(0)
    };
    products.rows().into_iter().map(of).collect()
}

/// Groups numbered in the order of their first rows, without empty ones.
fn numbered(groups: &[usize]) -> Vec<usize> {
    let mut numbers = HashMap::new();
    let number = |group: &usize| {
        let next = numbers.len();
        *numbers.entry(*group).or_insert(next)
    };
    groups.iter().map(number).collect()
}

#[cfg(test)]
mod tests;
