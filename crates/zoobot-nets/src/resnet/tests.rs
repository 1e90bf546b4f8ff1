use super::*;
use crate::golden::{Golden, relative_difference};
use tch::{Device, Kind, nn};

fn network(config: &Config) -> (nn::VarStore, ResNet) {
    let store = nn::VarStore::new(Device::Cpu);
    let network = ResNet::new(&store.root(), config).unwrap();
    (store, network)
}

#[test]
fn golden_resnet18() {
    let Some(golden) = Golden::open("resnet18") else { return };
    let (store, network) = network(&Config::resnet18().inputs(golden.channels()));
    golden.set_variables(&store);
    let _guard = tch::no_grad_guard();

    let mut x = network.stem(&golden.input()).unwrap();
    golden.check_probe("maxpool", &x);
    for (s, blocks) in network.stages.iter().enumerate() {
        x = blocks.iter().fold(x, |x, block| block.forward(&x).unwrap());
        golden.check_probe(&format!("layer{}", s + 1), &x);
    }
    golden.check(|path| ResNet::new(path, network.config()), ResNet::features);
}

#[test]
fn features_of_a_network_of_bottlenecks_are_timms() {
    let golden = Golden::fixture("resnet50");
    golden.check(|path| ResNet::new(path, &Config::resnet50()), ResNet::features);
}

#[test]
fn bottlenecks_have_timms_names_and_as_many_parameters_as_published() {
    // torchvision's documentation: 25 557 032 and 44 549 160, with the classifier of 2048 x 1000 + 1000.
    for (config, parameters) in
        [(Config::resnet50(), 25_557_032), (Config::resnet101(), 44_549_160)]
    {
        let (store, _network) = network(&config);
        let trainable: usize = store.trainable_variables().iter().map(Tensor::numel).sum();
        assert_eq!(trainable, parameters - 2_049_000);
        let variables = store.variables();
        assert_eq!(variables["layer2.0.conv2.weight"].size(), [128, 128, 3, 3]);
        assert_eq!(variables["layer2.0.conv3.weight"].size(), [512, 128, 1, 1]);
        assert_eq!(variables["layer1.0.downsample.0.weight"].size(), [256, 64, 1, 1]);
        assert!(!variables.contains_key("layer1.1.downsample.0.weight"));
    }
}

#[test]
fn folding_keeps_the_features_of_bottlenecks_and_of_grey_pictures() {
    tch::manual_seed(1);
    for config in [Config::resnet18().inputs(1), Config::resnet50()] {
        let (store, network) = network(&config);
        for (name, mut variable) in store.variables() {
            if name.ends_with("running_mean") || name.ends_with("bias") {
                let _ = tch::no_grad(|| variable.normal_(0.0, 0.3));
            } else if name.ends_with("running_var") {
                let _ = tch::no_grad(|| variable.uniform_(0.5, 2.0));
            }
        }
        let _guard = tch::no_grad_guard();
        let x = Tensor::randn([2, config.inputs, 97, 64], (Kind::Float, Device::Cpu));
        let plain = network.features(&x).unwrap();
        let folded = network.in_form(Form::Folded).unwrap().features(&x).unwrap();
        assert_eq!(plain.size(), [2, config.features()]);
        let difference = relative_difference(&folded, &plain);
        assert!(difference <= 1e-5, "{difference}");
    }
}

#[test]
fn gradients_reach_the_first_convolution_through_the_plain_network() {
    let (store, network) = network(&Config::resnet18());
    let x = Tensor::randn([2, 3, 64, 64], (Kind::Float, Device::Cpu));
    network.features(&x).unwrap().sum(Kind::Float).backward();
    let gradient = store.variables()["conv1.weight"].grad();
    assert!(gradient.defined() && gradient.abs().max().double_value(&[]) > 0.0);
}
