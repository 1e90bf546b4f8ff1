use super::*;
use crate::encoder::golden::{Golden, relative_difference};
use tch::{Kind, nn};

#[test]
fn every_name_builds_a_network_whose_stages_hold_each_variable_once() {
    for name in Architecture::names() {
        // The two largest would take a gigabyte.
        if ["convnext_base", "convnext_large"].contains(name) {
            continue;
        }
        let architecture = Architecture::named(name).unwrap().inputs(1);
        assert_eq!((architecture.name(), architecture.channels()), (*name, 1));
        let store = nn::VarStore::new(Device::Cpu);
        architecture.build(&store.root()).unwrap();
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
fn networks_of_every_family_give_as_many_features_as_they_say() {
    for name in ["convnext_atto", "efficientnet_b0", "resnet18"] {
        let architecture = Architecture::named(name).unwrap();
        let store = nn::VarStore::new(Device::Cpu);
        let network = architecture.build(&store.root()).unwrap();
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
