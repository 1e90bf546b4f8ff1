use super::*;
use crate::golden::{Golden, relative_difference};
use tch::{Kind, nn};

/// One network for each arrangement of names; the others differ from these only in size.
const ARRANGEMENTS: [&str; 9] = [
    "convnext_atto",
    "convnext_tiny",
    "efficientnet_b0",
    "efficientnet_lite0",
    "efficientnetv2_s",
    "maxvit_rmlp_pico_rw_256",
    "maxvit_tiny_tf_224",
    "resnet18",
    "resnet50",
];

#[test]
fn stages_and_layers_hold_each_variable_once() {
    for name in ARRANGEMENTS {
        let architecture = Architecture::named(name).unwrap().inputs(1);
        assert_eq!((architecture.name(), architecture.channels()), (name, 1));
        let store = nn::VarStore::new(Device::Cpu);
        architecture.build(&store.root(), 0).unwrap();
        let variables = store.variables();
        assert_eq!(variables[architecture.first_weight()].size()[1], 1, "{name}");
        for variable in variables.keys() {
            for groups in [architecture.stages(), architecture.layers()] {
                let holds =
                    |group: &&Vec<String>| group.iter().any(|part| variable.starts_with(part));
                assert_eq!(groups.iter().filter(holds).count(), 1, "{name}: {variable}");
            }
            assert!(!variable.starts_with(architecture.classifier()));
        }
    }
}

#[test]
fn every_name_is_known_and_stands_for_other_sizes() {
    let all: Vec<_> =
        Architecture::names().iter().map(|name| Architecture::named(name).unwrap()).collect();
    for (i, one) in all.iter().enumerate() {
        assert_eq!(one.name(), Architecture::names()[i]);
        assert!(all[..i].iter().all(|other| other.config != one.config), "{one:?}");
    }
}

#[test]
fn names_that_galaxy_encoders_are_published_under_are_timms_of_the_same_network() {
    let tiny = Architecture::named("maxvit_rmlp_tiny_rw_224").unwrap();
    assert_eq!((tiny.name(), tiny.size()), ("maxvit_rmlp_tiny_rw_256", Some(224)));
    assert_eq!(tiny, Architecture::named(tiny.name()).unwrap().sized(224));
    assert_ne!(tiny, Architecture::named(tiny.name()).unwrap());
    let base = Architecture::named("maxvit_base_rw_224").unwrap();
    assert_eq!(base, Architecture::named("maxvit_rmlp_base_rw_224").unwrap());
    let any = Architecture::named("resnet18").unwrap();
    assert_eq!((any.size(), any.clone().sized(100)), (None, any));
}

#[test]
fn networks_of_every_family_give_as_many_features_as_they_say() {
    for name in ["convnext_atto", "efficientnet_b0", "resnet18", "maxvit_pico_rw_256"] {
        let architecture = Architecture::named(name).unwrap().sized(64);
        let store = nn::VarStore::new(Device::Cpu);
        let network = architecture.build(&store.root(), 0).unwrap();
        let _guard = tch::no_grad_guard();
        let x = Tensor::randn([1, 3, 64, 64], (Kind::Float, Device::Cpu));
        let plain = network.features(&x).unwrap();
        assert_eq!(plain.size(), [1, architecture.width()]);
        let folded = network.folded().unwrap().detached().unwrap().features(&x).unwrap();
        let difference = relative_difference(&folded, &plain);
        assert!(difference <= 1e-5, "{name}: {difference}");
    }
}

#[test]
fn a_name_with_the_training_after_a_dot_is_the_same_and_another_name_is_refused() {
    let tagged = Architecture::named("convnext_nano.in12k_ft_in1k").unwrap();
    assert_eq!(tagged, Architecture::named("convnext_nano").unwrap());
    let message = Architecture::named("convnext_nan").unwrap_err().to_string();
    assert!(message.contains("Did you mean \"convnext_nano\"?"), "{message}");
    assert!(message.contains("resnet101"), "{message}");
}

#[test]
fn golden_layers_give_timms_layer_wise_learning_rates() {
    for name in ["convnext_atto", "convnext_nano", "efficientnet_b0", "resnet18"] {
        let Some(golden) = Golden::open(name) else { return };
        let layers = Architecture::named(name).unwrap().layers();
        for (variable, expected) in golden.learning_rates(0.75) {
            let holds = |layer: &Vec<String>| layer.iter().any(|part| variable.starts_with(part));
            let layer = layers.iter().position(holds).unwrap();
            let rate = 0.75f64.powi((layers.len() - 1 - layer) as i32);
            assert!((rate / expected - 1.0).abs() <= 1e-9, "{name}, {variable}: {rate}");
        }
    }
}

#[test]
fn layers_of_the_fixtures_give_timms_layer_wise_learning_rates() {
    for (name, architecture) in [
        ("convnext_tiny", "convnext_tiny"),
        ("tf_efficientnetv2_s", "tf_efficientnetv2_s"),
        ("resnet50", "resnet50"),
        ("maxvit_rmlp", "maxvit_rmlp_pico_rw_256"),
        ("maxvit_tf", "maxvit_tiny_tf_224"),
    ] {
        let layers = Architecture::named(architecture).unwrap().layers();
        for (variable, expected) in Golden::fixture(name).rates() {
            let holds = |layer: &Vec<String>| {
                layer.iter().any(|part| variable.starts_with(part) || part.starts_with(&variable))
            };
            let layer = layers.iter().position(holds).unwrap();
            let rate = 0.75f64.powi((layers.len() - 1 - layer) as i32);
            assert!((rate / expected - 1.0).abs() <= 1e-6, "{name}, {variable}: {rate}");
        }
    }
}

/// The smallest networks with batch normalisation.
const BATCHES: [&str; 3] = ["efficientnet_b0", "resnet18", "maxvit_pico_rw_256"];

/// Random pictures, and a network with random running statistics.
fn settled(name: &str) -> (nn::VarStore, Network, Tensor) {
    let mut store = nn::VarStore::new(Device::Cpu);
    let network = Architecture::named(name).unwrap().sized(64).build(&store.root(), 5).unwrap();
    store.double();
    for (name, mut variable) in store.variables() {
        let _ = tch::no_grad(|| match name.rsplit('.').next() {
            Some("running_mean") => variable.normal_(0.0, 0.1),
            Some("running_var") => variable.uniform_(0.8, 1.3),
            _ => variable.shallow_clone(),
        });
    }
    (store, network, Tensor::randn([3, 3, 64, 64], (Kind::Double, Device::Cpu)))
}

#[test]
fn with_frozen_statistics_features_and_gradients_are_those_of_the_network_as_it_is_looked_at() {
    for name in BATCHES {
        let (store, network, x) = settled(name);
        let gradients = |features: Tensor| {
            features.square().sum(Kind::Double).backward();
            let mut all: Vec<(String, Tensor)> = store.variables().into_iter().collect();
            all.retain(|(_, it)| it.requires_grad());
            all.sort_by(|a, b| a.0.cmp(&b.0));
            let taken = |(name, mut it): (String, Tensor)| {
                let gradient = it.grad().copy();
                it.zero_grad();
                (name, gradient)
            };
            all.into_iter().map(taken).collect::<Vec<_>>()
        };
        let plain = network.features(&x).unwrap();
        let frozen = network.training(Statistics::Frozen).unwrap().features(&x).unwrap();
        assert!(relative_difference(&frozen, &plain) <= 1e-9, "{name}");
        for ((variable, a), (_, b)) in gradients(plain).iter().zip(gradients(frozen)) {
            let scale = a.abs().max().double_value(&[]).max(1e-9);
            let difference = (a - b).abs().max().double_value(&[]) / scale;
            assert!(difference <= 1e-6, "{name}, {variable}: {difference}");
        }
    }
}

#[test]
fn statistics_of_batches_normalise_the_batch_and_move_the_running_ones_a_tenth_of_the_way() {
    let (store, network, x) = settled("resnet18");
    let variables = store.variables();
    let weight = &variables["conv1.weight"];
    let [mean, variance] = ["mean", "var"].map(|it| &variables[&format!("bn1.running_{it}")]);
    let before = [mean, variance].map(Tensor::copy);
    let _guard = tch::no_grad_guard();
    let filtered = x.conv2d(weight, None::<Tensor>, [2, 2], [3, 3], [1, 1], 1);
    let (all, over) = (filtered.numel() as i64 / 64, [0i64, 2, 3]);
    let seen = filtered.mean_dim(over.as_slice(), false, Kind::Double);
    let spread = filtered.var_dim(over.as_slice(), true, false);
    assert_eq!(all, 3 * 32 * 32);
    let eval = network.features(&x).unwrap();
    let training = network.training(Statistics::Batch).unwrap();
    assert!(relative_difference(&training.features(&x).unwrap(), &eval) > 1e-2);
    let [mean_before, variance_before] = before;
    assert!(relative_difference(mean, &(mean_before * 0.9 + seen * 0.1)) <= 1e-9);
    assert!(relative_difference(variance, &(variance_before * 0.9 + spread * 0.1)) <= 1e-9);
}

#[test]
fn gradients_reach_every_variable_of_every_family() {
    for name in ["convnext_atto", "efficientnet_b0", "resnet18", "maxvit_pico_rw_256"] {
        let (store, network, x) = settled(name);
        let features = network.training(Statistics::Batch).unwrap().features(&x).unwrap();
        features.square().sum(Kind::Double).backward();
        for (variable, tensor) in store.variables() {
            if tensor.requires_grad() {
                let gradient = tensor.grad();
                assert!(gradient.defined(), "{name}: {variable}");
                let size = gradient.abs().sum(Kind::Double).double_value(&[]);
                assert!(size > 0.0, "{name}: {variable}");
            }
        }
    }
}

#[test]
fn in_mixed_precision_features_and_gradients_are_nearly_those_in_32_bits() {
    if !zoobot_base::processor::computes_bf16() {
        return zoobot_testing::skip("this processor cannot compute in 16 bits");
    }
    for name in ["convnext_atto", "efficientnet_b0", "resnet18", "maxvit_pico_rw_256"] {
        let (mut store, network, x) = settled(name);
        store.float();
        let x = x.to_kind(Kind::Float);
        for statistics in [Statistics::Frozen, Statistics::Batch] {
            let step = |precision: Precision| {
                let training = network.training(statistics).unwrap();
                let features = training.precision(precision, Device::Cpu).features(&x).unwrap();
                assert_eq!(features.kind(), Kind::Float, "{name}");
                features.square().mean(Kind::Float).backward();
                let mut all: Vec<_> = store.trainable_variables();
                let taken = |it: &mut Tensor| {
                    let gradient = it.grad().copy();
                    assert_eq!(gradient.kind(), Kind::Float, "{name}");
                    it.zero_grad();
                    gradient.flatten(0, -1)
                };
                let gradients: Vec<Tensor> = all.iter_mut().map(taken).collect();
                (features.detach(), Tensor::cat(&gradients, 0))
            };
            let (whole, half) = (step(Precision::Fp32), step(Precision::Bf16));
            let difference = relative_difference(&half.0, &whole.0);
            let cosine = Tensor::cosine_similarity(&half.1, &whole.1, 0, 1e-12).double_value(&[]);
            // Statistics of three small pictures amplify small differences.
            let (most, least) = match statistics {
                Statistics::Frozen => (0.03, 0.99),
                Statistics::Batch => (0.5, 0.8),
            };
            assert!(difference > 0.0 && difference < most, "{name}: {difference}");
            assert!(cosine > least, "{name}, {statistics:?}: {cosine}");
        }
    }
}
