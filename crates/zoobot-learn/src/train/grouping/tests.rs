use super::*;
use crate::train::{Group, Optimizer, OptimizerConfig};
use ndarray::array;
use rand::{Rng, SeedableRng, rngs::StdRng};
use tch::{Device, nn};
use zoobot_base::generator;

fn random(rows: usize, columns: usize, seed: u64) -> Array2<f64> {
    let mut rng = StdRng::seed_from_u64(seed);
    Array2::from_shape_fn((rows, columns), |_| rng.random_range(-1.0..1.0))
}

/// A tiny network of a convolution and a linear map, and its groups.
fn tiny(groups: [Vec<usize>; 2]) -> (nn::VarStore, Grouping) {
    let store = nn::VarStore::new(Device::Cpu);
    let root = store.root();
    let normal = nn::Init::Randn { mean: 0.0, stdev: 0.5 };
    generator::seeded(5, || {
        let _ = (&root / "conv").var("weight", &[4, 2, 3, 3], normal);
        let _ = (&root / "conv").var("bias", &[4], normal);
        let _ = (&root / "head").var("weight", &[3, 4], normal);
    });
    let layer = |name: &str, groups: &Vec<usize>, followers: &[&str]| LayerGroups {
        name: format!("{name}.weight"),
        followers: followers.iter().map(|it| (*it).to_owned()).collect(),
        groups: groups.clone(),
    };
    let layers = vec![layer("conv", &groups[0], &["conv.bias"]), layer("head", &groups[1], &[])];
    (store, Grouping { layers })
}

fn loss(store: &nn::VarStore) -> Tensor {
    let of = store.variables();
    let x = generator::seeded(9, || Tensor::randn([5, 2, 6, 6], (Kind::Float, Device::Cpu)));
    let y = x.conv2d(&of["conv.weight"], Some(&of["conv.bias"]), 1, 0, 1, 1).tanh();
    let y = y.mean_dim([2i64, 3].as_slice(), false, Kind::Float);
    y.linear::<Tensor>(&of["head.weight"], None).square().mean(Kind::Float)
}

fn optimizer(store: &nn::VarStore) -> Optimizer {
    // In a fixed order, in which the norm of all gradients is summed.
    let mut variables: Vec<String> = store.variables().into_keys().collect();
    variables.sort_unstable();
    let group = Group { rate: 1.0, weight_decay: 0.0, variables };
    let config = OptimizerConfig { clip: Some(5.0), ..OptimizerConfig::default() };
    Optimizer::new(store, &[group], config).unwrap()
}

/// The weights before and after some steps of AdamW with groups.
fn trained(groups: [Vec<usize>; 2]) -> [HashMap<String, Tensor>; 2] {
    let (store, grouping) = tiny(groups);
    let copy =
        || store.variables().into_iter().map(|(name, it)| (name, it.detach().copy())).collect();
    let start = copy();
    let mut optimizer = optimizer(&store);
    for _ in 0..7 {
        optimizer.zero_grad();
        loss(&store).backward();
        grouping.share(&store).unwrap();
        optimizer.step(0.05).unwrap();
    }
    [start, copy()]
}

/// How far each filter moved: filters x weights.
fn moves([start, end]: &[HashMap<String, Tensor>; 2], name: &str) -> Tensor {
    (&end[name] - &start[name]).reshape([start[name].size()[0], -1])
}

/// Two runs may differ in the last bit, because the sums of libtorch depend on its threads: the gradients of one run are
/// compared.
#[test]
fn as_many_groups_as_filters_leave_every_gradient_as_it_is_bit_for_bit() {
    let (store, grouping) = tiny([vec![0, 1, 2, 3], vec![0, 1, 2]]);
    let mut optimizer = optimizer(&store);
    for _ in 0..7 {
        optimizer.zero_grad();
        loss(&store).backward();
        let gradients = || -> HashMap<String, Tensor> {
            store.variables().into_iter().map(|(name, it)| (name, it.grad().copy())).collect()
        };
        let before = gradients();
        grouping.share(&store).unwrap();
        let after = gradients();
        before.iter().for_each(|(name, it)| {
            assert!(it.equal(&after[name]) && it.abs().max().double_value(&[]) > 0.0, "{name}");
        });
        optimizer.step(0.05).unwrap();
    }
}

#[test]
fn one_group_moves_all_filters_of_a_layer_alike_with_their_biases() {
    let run = trained([vec![0; 4], vec![0; 3]]);
    for name in ["conv.weight", "conv.bias", "head.weight"] {
        let all = moves(&run, name);
        let spread = (&all - all.narrow(0, 0, 1)).abs().max().double_value(&[]);
        assert!(spread < 1e-6 && all.abs().max().double_value(&[]) > 0.01, "{name}: {spread}");
    }
}

#[test]
fn the_update_of_a_layer_has_at_most_the_rank_of_its_number_of_groups() {
    let run = trained([vec![0, 1, 0, 1], vec![0, 1, 1]]);
    for (name, filters) in [("conv.weight", 4), ("head.weight", 3)] {
        let (_, values, _) = moves(&run, name).svd(true, true);
        let values: Vec<f64> = Vec::try_from(values.to_kind(Kind::Double)).unwrap();
        assert_eq!(values.len(), filters);
        assert!(values[1] > 1e-3 && values[2..].iter().all(|it| *it < 1e-5), "{name}: {values:?}");
    }
    // The bias of a filter moves with its group.
    let bias = moves(&run, "conv.bias");
    assert!((bias.double_value(&[0, 0]) - bias.double_value(&[2, 0])).abs() < 1e-6);
    assert!((bias.double_value(&[0, 0]) - bias.double_value(&[1, 0])).abs() > 1e-4);
}

#[test]
fn sharing_twice_is_sharing_once() {
    let rows = Tensor::randn([9, 4, 3, 3], (Kind::Float, Device::Cpu));
    let groups = [0, 1, 2, 1, 1, 0, 2, 1, 1];
    let once = shared(&rows, &groups).unwrap();
    assert!(once.equal(&shared(&once, &groups).unwrap()));
    // The mean stays.
    let means = [rows.mean(Kind::Double), once.mean(Kind::Double)].map(|it| it.double_value(&[]));
    assert!((means[0] - means[1]).abs() < 1e-7, "{means:?}");
    assert!(shared(&rows, &groups[..8]).is_err());
}

#[test]
fn the_shared_gradient_is_that_of_moving_a_group_together() {
    let (store, grouping) = tiny([vec![0, 1, 1, 0], vec![0, 0, 1]]);
    loss(&store).backward();
    grouping.share(&store).unwrap();
    let variables = store.variables();
    let weight = &variables["conv.weight"];
    // Every member gets the mean, so their sum is the slope along the move of all of them.
    let group = [1, 2];
    let slope: f64 = group.iter().map(|&it| weight.grad().double_value(&[it, 1, 0, 2])).sum();
    let at = |step: f64| {
        no_grad(|| {
            for it in group {
                let mut cell = weight.get(it).get(1).get(0).get(2);
                let _ = cell.g_add_scalar_(step);
            }
            let value = loss(&store).double_value(&[]);
            for it in group {
                let mut cell = weight.get(it).get(1).get(0).get(2);
                let _ = cell.g_add_scalar_(-step);
            }
            value
        })
    };
    let step = 2e-2;
    let measured = (at(step) - at(-step)) / (2.0 * step);
    assert!((measured - slope).abs() < 0.02 * slope.abs() + 1e-5, "{measured} {slope}");
}

#[test]
fn filters_that_correlate_are_grouped_whatever_their_order() {
    // Three patterns with noise, scales and offsets, which standardising removes.
    let (patterns, noise) = (random(3, 40, 1), random(12, 40, 2));
    let rows = Array2::from_shape_fn((12, 40), |(row, j)| {
        (1.0 + row as f64) * (patterns[[row % 3, j]] + 0.1 * noise[[row, j]]) + 5.0 * row as f64
    });
    let rows = standardised(rows);
    let groups = alike(rows.view(), 3);
    assert_eq!(groups, (0..12).map(|row| row % 3).collect::<Vec<_>>());
    let order = [7, 2, 11, 0, 4, 9, 1, 3, 10, 8, 5, 6];
    let permuted = alike(rows.select(Axis(0), &order).view(), 3);
    for (i, &a) in order.iter().enumerate() {
        for (j, &b) in order.iter().enumerate() {
            assert_eq!(permuted[i] == permuted[j], groups[a] == groups[b], "{a} {b}");
        }
    }
    // Filters that never respond are one group.
    let dead = standardised(array![[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 0.0]]);
    assert_eq!(alike(dead.view(), 2), [0, 0, 1]);
    assert_eq!(alike(dead.view(), 3), [0, 1, 2]);
    assert_eq!(alike(dead.view(), 1), [0, 0, 0]);
}
