use super::*;
use crate::golden::{Golden, relative_difference};
use tch::{Device, Kind, nn};

fn network(config: &Config) -> (nn::VarStore, MaxVit) {
    let store = nn::VarStore::new(Device::Cpu);
    let network = MaxVit::new(&store.root(), config).unwrap();
    (store, network)
}

/// A small network of TensorFlow's kind.
fn google() -> Config {
    Config { stem: [32; 2], blocks: [1, 1, 2, 1], channels: [32, 64, 96, 128], ..Config::tiny_tf() }
        .size(96)
}

fn check(name: &str, config: Config) {
    let golden = Golden::fixture(name);
    let config = config.inputs(golden.channels());
    golden.check(|path| MaxVit::new(path, &config), MaxVit::features);
}

#[test]
fn features_with_logarithmic_places_and_factors_are_timms() {
    check("maxvit_rmlp", Config { layer_scale: Some(1e-6), ..Config::rmlp_pico_rw().size(128) });
}

#[test]
fn features_with_a_table_of_places_and_a_hidden_layer_of_a_tall_picture_are_timms() {
    check("maxvit_rw", Config { hidden: true, ..Config::pico_rw().size(96) });
}

#[test]
fn features_as_tensorflow_computes_them_of_a_wide_picture_are_timms() {
    check("maxvit_tf", google());
}

#[test]
fn networks_have_as_many_parameters_as_timms_without_their_classifiers() {
    for (config, parameters) in [
        (Config::pico_rw(), 7_200_996),
        (Config::nano_rw(), 14_938_148),
        (Config::tiny_rw(), 28_544_312),
        (Config::rmlp_tiny_rw(), 28_635_896),
        (Config::rmlp_small_rw(), 64_126_044),
        (Config::tiny_tf(), 30_403_528),
    ] {
        let (store, _network) = network(&config);
        let count: usize = store.trainable_variables().iter().map(Tensor::numel).sum();
        assert_eq!(count, parameters, "{config:?}");
    }
}

#[test]
fn gradients_reach_the_first_convolution_and_the_places_through_the_plain_network() {
    let (store, network) = network(&Config::rmlp_pico_rw().size(64));
    let x = Tensor::randn([1, 3, 64, 64], (Kind::Float, Device::Cpu));
    network.features(&x).unwrap().square().sum(Kind::Float).backward();
    let places = "stages.0.blocks.0.attn_grid.attn.rel_pos.mlp.fc1.weight";
    for name in ["stem.conv1.weight", places, "stages.3.blocks.1.attn_block.attn.qkv.weight"] {
        let gradient = store.variables()[name].grad();
        assert!(gradient.defined() && gradient.abs().max().double_value(&[]) > 0.0, "{name}");
    }
}

#[test]
fn another_thread_computes_the_same_on_the_same_memory() {
    let (_store, network) = network(&google());
    let x = Tensor::randn([5, 3, 96, 96], (Kind::Float, Device::Cpu));
    let together = tch::no_grad(|| network.features(&x).unwrap());
    assert_eq!(together.size(), [5, 128]);
    let (other, last) = (network.in_form(Form::Detached).unwrap(), x.narrow(0, 4, 1));
    let alone = std::thread::spawn(move || tch::no_grad(|| other.features(&last).unwrap()));
    let alone = alone.join().unwrap();
    assert!(relative_difference(&alone, &together.narrow(0, 4, 1)) <= 1e-5);
}

#[test]
fn pictures_whose_sides_do_not_divide_into_the_windows_are_refused() {
    let (_store, network) = network(&google());
    let x = Tensor::zeros([1, 3, 96, 64], (Kind::Float, Device::Cpu));
    let message = network.features(&x).unwrap_err().to_string();
    assert_eq!(
        message,
        "the pictures have 96 x 64 pixels. This network takes sides that are multiples of 96 pixels"
    );
}

#[test]
fn an_impossible_configuration_is_refused_with_the_value() {
    let store = nn::VarStore::new(Device::Cpu);
    let message = MaxVit::new(&store.root(), &Config::tiny_tf().size(100)).unwrap_err().to_string();
    assert_eq!(message, "size must be a multiple of 32, but it is 100");
    let odd = Config { channels: [32, 64, 100, 128], ..google() };
    let message = MaxVit::new(&store.root(), &odd).unwrap_err().to_string();
    assert_eq!(message, "channels must be a multiple of 32, but it is 100");
}
