use super::*;
use crate::encoder::Encoder;
use polars::prelude::df;
use std::env;
use tch::Kind;
use zoobot_data::catalog::Catalog;

/// The initial weights of a network, with random values in place of zeros.
fn weights(name: &str, channels: i64) -> (Architecture, Vec<(String, Tensor)>) {
    let architecture = Architecture::named(name).unwrap().inputs(channels);
    let store = nn::VarStore::new(Device::Cpu);
    architecture.build(&store.root(), 0).unwrap();
    let mut variables: Vec<_> = store.variables().into_iter().collect();
    variables.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, variable) in &mut variables {
        if name.ends_with("gamma") || name.ends_with("running_var") {
            let _ = tch::no_grad(|| variable.uniform_(0.5, 1.5));
        }
    }
    (architecture, variables.into_iter().map(|(n, v)| (n, v.detach())).collect())
}

/// A folder in the format of timm's older releases.
fn old_folder(weights: &[(String, Tensor)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    Tensor::write_safetensors(weights, folder.path().join("model.safetensors")).unwrap();
    let config = r#"{"architecture": "convnext_atto", "num_classes": 1000, "num_features": 320,
        "pretrained_cfg": {"input_size": [1, 224, 224], "mean": [0.449], "std": [0.226]}}"#;
    std::fs::write(folder.path().join(CONFIG), config).unwrap();
    folder
}

fn message(folder: &Path) -> String {
    Encoder::load(folder).unwrap_err().to_string()
}

#[test]
fn a_saved_encoder_loads_as_the_same_encoder() {
    for (name, channels, recipe) in [
        ("convnext_atto", 1, Recipe { size: 160, ..Recipe::zoobot().grey(Grey::Mean) }),
        ("resnet18", 3, Recipe::imagenet_lite()),
    ] {
        let (architecture, tensors) = weights(name, channels);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("weights.safetensors");
        Tensor::write_safetensors(&tensors, &file).unwrap();
        let weights = Weights::read(&file).unwrap();
        let encoder = Encoder::new("mine", architecture, &weights, recipe).unwrap();
        let saved = folder.path().join("deep/inside");
        encoder.save(&saved).unwrap();
        let loaded = Encoder::load(&saved).unwrap();
        assert_eq!(loaded.name(), "mine");
        assert_eq!(loaded.architecture(), encoder.architecture());
        assert_eq!(loaded.recipe(), encoder.recipe());
        assert_eq!(loaded.fingerprint(), encoder.fingerprint());
        assert!(loaded.notes().is_empty(), "{:?}", loaded.notes());
        let x = Tensor::randn([2, channels, 64, 64], (Kind::Float, encoder.device()));
        assert!(loaded.features(&x).unwrap().equal(&encoder.features(&x).unwrap()));
        let config: Value = read_json(&saved.join(CONFIG)).unwrap().unwrap();
        assert_eq!(config["architecture"], name);
        assert_eq!(config["model_args"]["in_chans"], channels);
        let left = std::fs::read_dir(&saved).unwrap().count();
        assert_eq!(left, 4, "config, weights, recipe and card");
    }
}

#[test]
fn an_older_folder_of_grey_weights_with_a_classifier_is_read_and_what_was_assumed_is_noted() {
    let (_, mut tensors) = weights("convnext_atto", 1);
    let plain = old_folder(&tensors);
    tensors.push(("head.fc.weight".into(), Tensor::zeros([9, 320], (Kind::Float, Device::Cpu))));
    tensors.push(("head.fc.bias".into(), Tensor::zeros([9], (Kind::Float, Device::Cpu))));
    let folder = old_folder(&tensors);
    let encoder = Encoder::load(folder.path()).unwrap();
    assert_eq!(encoder.architecture().channels(), 1);
    assert_eq!(*encoder.recipe(), Recipe::zoobot().grey(Grey::Luma));
    let notes = encoder.notes().join("; ");
    assert!(notes.contains("2 tensors of a classifier (head.fc.*)"), "{notes}");
    assert!(notes.contains("without recipe.json"), "{notes}");
    let plain = Encoder::load(plain.path()).unwrap();
    assert_eq!(plain.notes().len(), 1);
    assert_eq!(plain.fingerprint(), encoder.fingerprint());
}

#[test]
fn a_config_without_channels_takes_those_of_the_weights() {
    let (_, tensors) = weights("convnext_atto", 1);
    let folder = old_folder(&tensors);
    std::fs::write(folder.path().join(CONFIG), r#"{"architecture": "convnext_atto"}"#).unwrap();
    assert_eq!(Encoder::load(folder.path()).unwrap().architecture().channels(), 1);
}

#[test]
fn weights_that_do_not_fit_are_all_named_in_one_error() {
    let (_, mut tensors) = weights("convnext_atto", 3);
    tensors.retain(|(name, _)| name != "stages.2.blocks.4.gamma");
    tensors.push(("stages.4.extra".into(), Tensor::zeros([1], (Kind::Float, Device::Cpu))));
    let text = message(old_folder(&tensors).path());
    for part in [
        "1 missing (stages.2.blocks.4.gamma)",
        "1 unexpected (stages.4.extra)",
        "1 of another shape (stem.0.weight is [40, 3, 4, 4] instead of [40, 1, 4, 4])",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn the_side_for_which_a_network_is_built_is_read_and_written() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, fixed, expected) in [
        (r#"{"img_size": 64}"#, true, 64),
        (r#"{"img_size": [64, 64]}"#, false, 64),
        ("{}", true, 96),
        ("{}", false, 256),
    ] {
        let config = format!(
            r#"{{"architecture": "maxvit_rmlp_pico_rw_256", "model_args": {arguments},
            "pretrained_cfg": {{"input_size": [1, 96, 96], "fixed_input_size": {fixed}}}}}"#
        );
        std::fs::write(folder.path().join(CONFIG), config).unwrap();
        let (_, tensors) = weights("maxvit_rmlp_pico_rw_256", 1);
        Tensor::write_safetensors(&tensors, folder.path().join("model.safetensors")).unwrap();
        let encoder = Encoder::load(folder.path()).unwrap();
        assert_eq!(encoder.architecture().size(), Some(expected));
        assert_eq!(encoder.recipe().size as i64, expected);
        let saved = folder.path().join("saved");
        encoder.save(&saved).unwrap();
        let config: Value = read_json(&saved.join(CONFIG)).unwrap().unwrap();
        assert_eq!(config["model_args"]["img_size"], expected);
        assert_eq!(Encoder::load(&saved).unwrap().architecture(), encoder.architecture());
    }
}

#[test]
fn a_recipe_for_pictures_of_a_side_that_the_network_does_not_take_is_refused() {
    let (architecture, tensors) = weights("maxvit_rmlp_pico_rw_256", 3);
    let file = tempfile::tempdir().unwrap();
    let file = file.path().join("weights.safetensors");
    Tensor::write_safetensors(&tensors, &file).unwrap();
    let weights = Weights::read(&file).unwrap();
    let error = Encoder::new("mine", architecture, &weights, Recipe::zoobot()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the recipe makes pictures of 224 x 224 pixels, but the network takes 256 x 256 or multiples of \
         it. Set the recipe's size to a multiple of 256"
    );
}

#[test]
fn variants_that_would_be_computed_otherwise_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (config, part) in [
        (r#"{"architecture": "convnext_atto", "model_args": {"patch_size": 2}}"#, "patch_size = 2"),
        (r#"{"architecture": "convnext_atto", "global_pool": "max"}"#, "global_pool is \"max\""),
        (r#"{"architecture": "convnext_atto", "num_features": 321}"#, "num_features is 321"),
        (r#"{"architecture": "vit_tiny_patch16_224"}"#, "no architecture \"vit_tiny"),
        (r#"{"num_features": 320}"#, "missing field `architecture`"),
        ("{", "config.json"),
    ] {
        std::fs::write(folder.path().join(CONFIG), config).unwrap();
        let text = message(folder.path());
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn what_is_no_model_folder_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    assert!(message(folder.path()).contains("no config.json"));
    let config = folder.path().join(CONFIG);
    std::fs::write(&config, r#"{"architecture": "convnext_atto"}"#).unwrap();
    assert!(message(folder.path()).contains("neither model.safetensors nor pytorch_model.bin"));
    assert!(message(&config).contains("give the folder"));
    assert!(message(Path::new("hf:convnext_nano")).contains("hf:OWNER/NAME"));
}

#[test]
fn a_recipe_of_other_channels_than_the_network_is_refused() {
    let (_, tensors) = weights("convnext_atto", 1);
    let folder = old_folder(&tensors);
    let recipe = serde_json::to_string(&Recipe::zoobot()).unwrap();
    std::fs::write(folder.path().join(RECIPE), recipe).unwrap();
    assert!(message(folder.path()).contains("3 channels, but the network takes 1"));
}

#[test]
fn weights_that_were_changed_behind_the_card_are_noted() {
    let (_, tensors) = weights("convnext_atto", 1);
    let folder = old_folder(&tensors);
    let copy = tempfile::tempdir().unwrap();
    Encoder::load(folder.path()).unwrap().save(copy.path()).unwrap();
    let others: Vec<_> = tensors.iter().map(|(name, it)| (name, it + 0.01)).collect();
    Tensor::write_safetensors(&others, copy.path().join("model.safetensors")).unwrap();
    let notes = Encoder::load(copy.path()).unwrap().notes().join("; ");
    assert!(notes.contains("do not match the fingerprint in card.json"), "{notes}");
}

/// The folders in `$ZOOBOT_MODEL_FOLDERS` (separated by colons) contain files written by timm, tensors
/// of pictures, and timm's features for them; `$ZOOBOT_GOLDEN` contains the pictures.
#[test]
fn golden_folders_of_timm_give_timms_features_from_tensors_and_from_pictures() {
    let (Some(folders), Some(golden)) =
        (env::var_os("ZOOBOT_MODEL_FOLDERS"), env::var_os("ZOOBOT_GOLDEN"))
    else {
        zoobot_testing::skip("ZOOBOT_MODEL_FOLDERS and ZOOBOT_GOLDEN are not set");
        return;
    };
    for folder in env::split_paths(&folders) {
        let expected = Tensor::read_npy(folder.join("expected.npy")).unwrap();
        let inputs = Tensor::read_npy(folder.join("inputs.npy")).unwrap();
        let known: Value = read_json(&folder.join("expected.json")).unwrap().unwrap();
        let encoder = Encoder::load(&folder).unwrap();
        let features = encoder.features(&inputs.to_device(encoder.device())).unwrap();
        let from_tensors = relative_difference(&features.to_device(Device::Cpu), &expected);

        let names: Vec<String> = serde_json::from_value(known["images"].clone()).unwrap();
        let pictures = Path::new(&golden).join("transforms/src");
        let table = df!("id_str" => &names, "file_loc" => &names).unwrap();
        let space = encoder.encode(&Catalog::from_table(table, &pictures).unwrap()).unwrap();
        let values: Vec<f32> = space.features().iter().copied().collect();
        let encoded = Tensor::from_slice(&values).view(expected.size().as_slice());
        let rms = (encoded - &expected).square().mean(Kind::Double).sqrt().double_value(&[]);
        let from_pictures = rms / known["spread_between_images"].as_f64().unwrap();
        let limit = 1.5 * known["unrounded_transform_rms_over_spread"].as_f64().unwrap();
        println!(
            "{}: from tensors {from_tensors:.1e}, from pictures {from_pictures:.3} of {limit:.3}",
            folder.display()
        );
        assert!(from_tensors <= 1e-4 && from_pictures <= limit);
    }
}

/// `max|a - b| / max|b|`.
fn relative_difference(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.size(), b.size());
    ((a - b).abs().max() / b.abs().max()).double_value(&[])
}
