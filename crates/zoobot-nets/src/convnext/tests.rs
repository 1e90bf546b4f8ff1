use super::*;
use crate::golden::{Golden, relative_difference};
use tch::{Device, Kind, nn};

fn network(config: &Config) -> (nn::VarStore, ConvNext) {
    let store = nn::VarStore::new(Device::Cpu);
    let network = ConvNext::new(&store.root(), config).unwrap();
    (store, network)
}

/// Compares the network with timm's recorded answers, plain and folded.
fn check(name: &str, config: Config) {
    let Some(golden) = Golden::open(name) else { return };
    let (store, network) = network(&config.inputs(golden.channels()));
    golden.set_variables(&store);
    let _guard = tch::no_grad_guard();

    let mut x = network.stem(&golden.input()).unwrap();
    golden.check_probe("stem", &x);
    for (s, stage) in network.stages.iter().enumerate() {
        x = stage.forward(x).unwrap();
        golden.check_probe(&format!("stages.{s}"), &x);
    }
    golden.check(|path| ConvNext::new(path, network.config()), ConvNext::features);
}

#[test]
fn features_of_a_network_of_linear_layers_are_timms() {
    let golden = Golden::fixture("convnext_tiny");
    golden.check(|path| ConvNext::new(path, &Config::tiny()), ConvNext::features);
}

#[test]
fn golden_convnext_atto() {
    check("convnext_atto", Config::atto());
}

#[test]
fn golden_convnext_atto_c1() {
    check("convnext_atto_c1", Config::atto());
}

#[test]
fn golden_convnext_nano() {
    check("convnext_nano", Config::nano());
}

/// Random values, so that no scale is 1 and no shift is 0.
fn unsettle(store: &nn::VarStore) {
    for (name, mut variable) in store.variables() {
        let name = name.rsplit('.').next().unwrap_or_default().to_owned();
        let _ = tch::no_grad(|| match (name.as_str(), variable.dim()) {
            ("bias", _) => variable.normal_(0.0, 0.3),
            ("gamma", _) | (_, 1) => variable.uniform_(0.5, 1.5),
            _ => variable.shallow_clone(),
        });
    }
}

#[test]
fn folding_keeps_the_features_of_both_kinds_and_of_grey_pictures() {
    tch::manual_seed(1);
    for config in [Config::atto(), Config::atto().inputs(1), Config::tiny()] {
        let (store, network) = network(&config);
        unsettle(&store);
        let _guard = tch::no_grad_guard();
        // 97 pixels are not divisible by 4: the last one is ignored.
        let x = Tensor::randn([2, config.inputs, 97, 64], (Kind::Float, Device::Cpu));
        let plain = network.features(&x).unwrap();
        let folded = network.in_form(Form::Folded).unwrap().features(&x).unwrap();
        assert_eq!(plain.size(), [2, config.features()]);
        let difference = relative_difference(&folded, &plain);
        assert!(difference <= 1e-5, "{difference}");
        let cut = network.features(&x.narrow(2, 0, 96)).unwrap();
        assert!(relative_difference(&cut, &plain) <= 1e-6);
    }
}

#[test]
fn networks_have_as_many_parameters_as_timms_without_their_classifiers() {
    for (config, parameters) in [
        (Config::atto(), 3_374_520),
        (Config::femto(), 4_832_784),
        (Config::pico(), 8_532_672),
        (Config::nano(), 14_952_560),
        (Config::tiny(), 27_820_128),
        (Config::small(), 49_454_688),
    ] {
        let (store, _network) = network(&config);
        let count: usize = store.trainable_variables().iter().map(Tensor::numel).sum();
        assert_eq!(count, parameters, "{config:?}");
    }
}

#[test]
fn gradients_reach_the_first_convolution_through_the_plain_network() {
    let (store, network) = network(&Config::atto());
    unsettle(&store);
    let x = Tensor::randn([2, 3, 64, 64], (Kind::Float, Device::Cpu));
    network.features(&x).unwrap().square().sum(Kind::Float).backward();
    for name in ["stem.0.weight", "stages.0.blocks.0.gamma", "stages.0.blocks.0.mlp.fc1.weight"] {
        let gradient = store.variables()[name].grad();
        assert!(gradient.defined() && gradient.abs().max().double_value(&[]) > 0.0, "{name}");
    }
}

#[test]
fn pictures_of_another_shape_are_refused_with_their_shape() {
    let (_store, network) = network(&Config::atto());
    let x = Tensor::zeros([1, 1, 64, 64], (Kind::Float, Device::Cpu));
    let message = network.features(&x).unwrap_err().to_string();
    assert!(message.contains("[1, 1, 64, 64]"), "{message}");
    let message = ConvNext::new(
        &nn::VarStore::new(Device::Cpu).root(),
        &Config { blocks: [2, 0, 6, 2], ..Config::atto() },
    );
    assert_eq!(message.unwrap_err().to_string(), "blocks must be at least 1, but it is 0");
}
