use super::*;
use crate::golden::{Golden, relative_difference};
use crate::layers::{Conv, Padding};
use tch::{Device, Kind, nn};

fn network(config: &Config) -> (nn::VarStore, EfficientNet) {
    let store = nn::VarStore::new(Device::Cpu);
    let network = EfficientNet::new(&store.root(), config).unwrap();
    (store, network)
}

#[test]
fn golden_efficientnet_b0() {
    let Some(golden) = Golden::open("efficientnet_b0") else { return };
    let (store, network) = network(&Config::b0().inputs(golden.channels()));
    golden.set_variables(&store);
    let _guard = tch::no_grad_guard();

    let mut x = network.stem.forward(&golden.input()).unwrap();
    golden.check_probe("bn1", &x);
    for (s, blocks) in network.stages.iter().enumerate() {
        x = blocks.iter().fold(x, |x, block| block.forward(x).unwrap());
        golden.check_probe(&format!("blocks.{s}"), &x);
    }
    golden.check_probe("bn2", &network.head.forward(&x).unwrap());

    golden.check(|path| EfficientNet::new(path, network.config()), EfficientNet::features);
}

#[test]
fn features_of_lite0_and_of_both_kinds_of_v2_are_timms() {
    for (name, config) in [
        ("efficientnet_lite0", Config::lite0()),
        ("tf_efficientnetv2_s", Config::tf_v2_s()),
        ("efficientnetv2_rw_s", Config::v2_rw_s()),
    ] {
        let golden = Golden::fixture(name);
        let config = config.inputs(golden.channels());
        golden.check(|path| EfficientNet::new(path, &config), EfficientNet::features);
    }
}

/// Random running statistics, so that folding has an effect.
fn unsettle(store: &nn::VarStore) {
    for (name, mut variable) in store.variables() {
        if name.ends_with("running_mean") || name.ends_with("bias") {
            let _ = tch::no_grad(|| variable.normal_(0.0, 0.3));
        } else if name.ends_with("running_var") {
            let _ = tch::no_grad(|| variable.uniform_(0.5, 2.0));
        }
    }
}

#[test]
fn folding_keeps_the_features_of_both_kinds_and_of_grey_pictures() {
    tch::manual_seed(1);
    for config in [Config::b0(), Config::tf_lite0(), Config::lite0().inputs(1)] {
        let (store, network) = network(&config);
        unsettle(&store);
        let _guard = tch::no_grad_guard();
        let x = Tensor::randn([2, config.inputs, 97, 64], (Kind::Float, Device::Cpu));
        let (plain, folded) = (
            network.features(&x).unwrap(),
            network.in_form(Form::Folded).unwrap().features(&x).unwrap(),
        );
        assert_eq!(plain.size(), [2, 1280]);
        let difference = relative_difference(&folded, &plain);
        assert!(difference <= 1e-5, "{difference}");
    }
}

#[test]
fn a_batch_has_the_features_of_its_pictures_and_threads_agree() {
    tch::manual_seed(2);
    let (_store, network) = network(&Config::lite0());
    let folded = network.in_form(Form::Folded).unwrap();
    let x = Tensor::randn([9, 3, 64, 64], (Kind::Float, Device::Cpu));
    let together = tch::no_grad(|| folded.features(&x).unwrap());
    assert_eq!(together.size(), [9, 1280]);
    let workers: Vec<_> = [0, 5, 8]
        .into_iter()
        .map(|i| {
            let (network, picture) = (folded.in_form(Form::Detached).unwrap(), x.narrow(0, i, 1));
            std::thread::spawn(move || (i, tch::no_grad(|| network.features(&picture).unwrap())))
        })
        .collect();
    for worker in workers {
        let (i, alone) = worker.join().unwrap();
        assert!(relative_difference(&alone, &together.narrow(0, i, 1)) <= 1e-5, "picture {i}");
    }
    assert_eq!(folded.features(&x.narrow(0, 0, 0)).unwrap().size(), [0, 1280]);
}

#[test]
fn same_padding_puts_the_odd_zero_behind() {
    // A filter that picks the first pixel of its window, so that its outputs are the corners of the
    // windows.
    let store = nn::VarStore::new(Device::Cpu);
    let shape = Shape {
        inputs: 1,
        outputs: 1,
        kernel: 3,
        stride: 2,
        padding: Padding::Same,
        depthwise: false,
    };
    let conv = Conv::new(&store.root(), shape, false).unwrap();
    let _guard = tch::no_grad_guard();
    let mut weight = store.variables().remove("weight").unwrap();
    let _ = weight.zero_();
    let _ = weight.view(-1).narrow(0, 0, 1).fill_(1.0);
    let corners = |side: i64| {
        let x = Tensor::arange(side * side, (Kind::Float, Device::Cpu)).view([1, 1, side, side]);
        Vec::<f32>::try_from(conv.forward(&x).unwrap().contiguous().view(-1)).unwrap()
    };
    // Four pixels and two windows: one zero is needed at the end, and the first window starts at pixel
    // 0.
    assert_eq!(corners(4), [0.0, 2.0, 8.0, 10.0]);
    // Five pixels and three windows: two zeros are needed, one of them at the start.
    assert_eq!(corners(5), [0.0, 0.0, 0.0, 0.0, 6.0, 8.0, 0.0, 16.0, 18.0]);
}

#[test]
fn gradients_reach_the_first_convolution_through_the_plain_network() {
    let (store, network) = network(&Config::b0());
    let x = Tensor::randn([2, 3, 64, 64], (Kind::Float, Device::Cpu));
    network.features(&x).unwrap().sum(Kind::Float).backward();
    let gradient = store.variables()["conv_stem.weight"].grad();
    assert!(gradient.defined() && gradient.abs().max().double_value(&[]) > 0.0);
}

#[test]
fn pictures_of_another_shape_are_refused_with_their_shape() {
    let (_store, network) = network(&Config::lite0());
    for shape in [vec![1, 1, 64, 64], vec![3, 64, 64], vec![1, 3, 0, 64]] {
        let x = Tensor::zeros(shape.as_slice(), (Kind::Float, Device::Cpu));
        let message = network.features(&x).unwrap_err().to_string();
        assert!(message.contains(&format!("{shape:?}")), "{message}");
        assert!(message.contains("[pictures, 3, height, width]"), "{message}");
    }
}

#[test]
fn an_impossible_configuration_is_refused_with_the_value() {
    let store = nn::VarStore::new(Device::Cpu);
    let mut even = Config::b0();
    even.stages[1].kernel = 4;
    let message = EfficientNet::new(&store.root(), &even).unwrap_err().to_string();
    assert_eq!(message, "kernel must be an odd number, but it is 4");
    let message =
        EfficientNet::new(&store.root(), &Config::b0().inputs(0)).unwrap_err().to_string();
    assert_eq!(message, "inputs must be at least 1, but it is 0");
}

#[test]
fn a_configuration_survives_json() {
    let config = Config::lite0();
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&text).unwrap(), config);
}
