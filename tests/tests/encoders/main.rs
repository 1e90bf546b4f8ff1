//! Encoders from folders and from the Hub as a user sees them: what works, what is refused with
//! which message, and what is left on disk.

mod damaged;
mod hub;
mod pickle;
mod untrained;
// The server of the library's own tests.
#[path = "../../../crates/zoobot-nets/src/hub/server.rs"]
mod server;

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use zoobot_core::encoder::Architecture;
use zoobot_core::tch::{Device, Tensor, nn};

/// The `config.json` that timm writes beside the weights of a ConvNeXt-atto.
pub const CONFIG: &str = r#"{"architecture": "convnext_atto", "num_classes": 0}"#;

/// Random weights of the smallest ConvNeXt, under timm's names.
pub fn atto() -> Vec<(String, Tensor)> {
    let store = nn::VarStore::new(Device::Cpu);
    Architecture::named("convnext_atto").unwrap().build(&store.root(), 0).unwrap();
    let mut tensors: Vec<_> =
        store.variables().into_iter().map(|(name, tensor)| (name, tensor.detach())).collect();
    tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
    tensors
}

/// The bytes of a safetensors file.
pub fn safetensors(tensors: &[(String, Tensor)]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    Tensor::write_safetensors(tensors, &path).unwrap();
    std::fs::read(path).unwrap()
}

/// A model folder.
pub fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

/// The command that the workspace's build made, in a folder.
pub fn zoobot(folder: &Path) -> Command {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().and_then(Path::parent).unwrap().join("zoobot");
    assert!(program.is_file(), "{} is not there: run `cargo build`", program.display());
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A folder with the catalogue of three simulated galaxies.
pub fn survey() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let made = zoobot(folder.path()).args(["simulate", "--galaxies", "3", "--out", "."]).output();
    assert!(made.unwrap().status.success());
    folder
}

/// What a command said on standard error.
pub fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The JSON object on the last line.
pub fn figures(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}{}", errors(output));
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}
