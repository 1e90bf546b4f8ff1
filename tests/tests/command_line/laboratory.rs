//! `zoobot-lab`; its `anomalies` is tested beside `zoobot anomalies`.

use super::{complains, figures, program};
use std::path::Path;
use std::process::{Output, Stdio};
use zoobot_core::tch::{Device, Kind, Tensor};

/// Runs the laboratory's command, as `super::run` runs `zoobot`.
pub fn lab(arguments: &[&str], folder: &Path) -> Output {
    let mut program = program("zoobot-lab");
    program.args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn tensors_have_the_same_features_from_a_saved_encoder() {
    let dir = tempfile::tempdir().unwrap();
    let noise = Tensor::rand([2, 3, 64, 96], (Kind::Float, Device::Cpu));
    noise.write_npy(dir.path().join("x.npy")).unwrap();
    let features = |encoder: &str, out: &str, more: &[&str]| {
        let words = ["features", "--encoder", encoder, "--inputs", "x.npy", "--out", out, "--json"];
        let done = figures(&lab(&[&words, more].concat(), dir.path()));
        assert_eq!(done["shape"], serde_json::json!([2, 1280]));
        Tensor::read_npy(dir.path().join(out)).unwrap()
    };
    let first = features("imagenet", "first.npy", &["--save", "saved"]);
    assert!(first.equal(&features("saved", "second.npy", &[])));
    assert!(!first.get(0).equal(&first.get(1)));
    noise.to_kind(Kind::Double).write_npy(dir.path().join("x.npy")).unwrap();
    let arguments = ["features", "--encoder", "saved", "--inputs", "x.npy", "--out", "y.npy"];
    complains(&lab(&arguments, dir.path()), &["--inputs", "Double", "float32"]);
}
