//! Damaged, false and malicious files, loaded the way that users load them.

use crate::{CONFIG, atto, errors, folder, pickle, safetensors, survey, zoobot};
use zip::CompressionMethod;
use zoobot_core::encoder::Encoder;
use zoobot_core::tch::{Device, Kind, Tensor};

/// The message of `Encoder::load` on a folder with these weights.
fn refusal(file: &str, bytes: &[u8]) -> String {
    let folder = folder(&[("config.json", CONFIG.as_bytes()), (file, bytes)]);
    let message = Encoder::load(folder.path()).unwrap_err().to_string();
    assert!(message.contains(file), "{message}");
    message
}

/// A safetensors file with this header, followed by `numbers` bytes of data.
fn lying(header: &str, numbers: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + numbers, 0);
    bytes
}

#[test]
fn a_pickle_that_runs_a_command_is_refused_by_the_library_and_by_the_command() {
    let home = survey();
    let mark = home.path().join("ran");
    let command = format!("touch {}", mark.display());
    let mut call = b"\x80\x02cos\nsystem\nX".to_vec();
    call.extend((command.len() as u32).to_le_bytes());
    call.extend(command.as_bytes());
    call.extend(b"\x85R.");
    let bytes = pickle::archive(&[("data.pkl".to_owned(), call)], CompressionMethod::Stored);
    let message = refusal("pytorch_model.bin", &bytes);
    assert!(message.contains("it asks Python for \"os.system\""), "{message}");
    assert!(message.contains("nothing in the file is executed"), "{message}");

    let model = folder(&[("config.json", CONFIG.as_bytes()), ("pytorch_model.bin", &bytes)]);
    let arguments = ["encode", "--catalog", "catalog.csv", "--out", "reps.parquet", "--encoder"];
    let output = zoobot(home.path()).args(arguments).arg(model.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(errors(&output).trim_end().lines().count(), 1, "{}", errors(&output));
    assert!(errors(&output).contains("os.system"), "{}", errors(&output));
    assert!(!home.path().join("reps.parquet").exists());
    assert!(!mark.exists(), "the command ran");
}

#[test]
fn a_checkpoint_cut_anywhere_is_an_error() {
    let whole = pickle::bin(&atto());
    for share in [0.0, 0.001, 0.1, 0.5, 0.9, 0.999_999] {
        let cut = &whole[..(whole.len() as f64 * share) as usize];
        let message = refusal("pytorch_model.bin", cut);
        assert!(message.contains("damaged"), "{share}: {message}");
    }
    let whole = safetensors(&atto());
    for share in [0.0, 0.000_000_1, 0.001, 0.5, 0.999_999] {
        let cut = &whole[..(whole.len() as f64 * share) as usize];
        let message = refusal("model.safetensors", cut);
        assert!(message.contains("damaged"), "{share}: {message}");
    }
}

#[test]
fn archives_that_would_fill_the_memory_are_refused() {
    let mut entries = pickle::state_dict(&[(
        "stem.0.weight".into(),
        Tensor::zeros([40, 3, 4, 4], (Kind::Float, Device::Cpu)),
    )]);
    entries[1].1 = vec![0; 64 << 20];
    let bomb = pickle::archive(&entries, CompressionMethod::Deflated);
    assert!(bomb.len() < 1 << 20);
    let message = refusal("pytorch_model.bin", &bomb);
    assert!(message.contains("compressed, which PyTorch's never are"), "{message}");
    // Without compression: an entry longer than its tensor.
    let long = pickle::archive(&entries, CompressionMethod::Stored);
    let message = refusal("pytorch_model.bin", &long);
    assert!(message.contains("larger than"), "{message}");
}

#[test]
fn safetensors_headers_that_lie_are_refused() {
    let tensor = |name: &str, shape: &str, from: u64, to: u64| {
        format!("\"{name}\":{{\"dtype\":\"F32\",\"shape\":{shape},\"data_offsets\":[{from},{to}]}}")
    };
    let pair = |a: String, b: String| format!("{{{a},{b}}}");
    for (what, bytes) in [
        ("beyond the file", lying(&format!("{{{}}}", tensor("w", "[4]", 0, 16)), 8)),
        ("far beyond the file", lying(&format!("{{{}}}", tensor("w", "[4]", 0, u64::MAX)), 8)),
        ("backwards", lying(&format!("{{{}}}", tensor("w", "[2]", 8, 0)), 8)),
        ("another length", lying(&format!("{{{}}}", tensor("w", "[3]", 0, 8)), 8)),
        (
            "a product beyond 64 bits",
            lying(&format!("{{{}}}", tensor("w", "[4294967296,4294967296]", 0, 8)), 8),
        ),
        ("overlap", lying(&pair(tensor("a", "[2]", 0, 8), tensor("b", "[2]", 4, 12)), 12)),
        ("twice the same", lying(&pair(tensor("a", "[2]", 0, 8), tensor("b", "[2]", 0, 8)), 8)),
        ("a hole", lying(&pair(tensor("a", "[1]", 0, 4), tensor("b", "[1]", 8, 12)), 12)),
        ("more than it says", lying(&format!("{{{}}}", tensor("w", "[2]", 0, 8)), 80)),
        ("no JSON", lying("{\"w\":", 8)),
        (
            "no such type",
            lying(&format!("{{{}}}", tensor("w", "[2]", 0, 8)).replace("F32", "F9"), 8),
        ),
        ("a huge header", [u64::MAX.to_le_bytes().as_slice(), b"{}"].concat()),
        ("a header beyond the file", [(1_u64 << 20).to_le_bytes().as_slice(), b"{}"].concat()),
    ] {
        let message = refusal("model.safetensors", &bytes);
        assert!(message.contains("damaged"), "{what}: {message}");
    }
}

#[test]
fn weights_that_are_no_numbers_or_of_another_network_are_named() {
    for value in [f64::NAN, f64::INFINITY] {
        let mut tensors = atto();
        let (_, tensor) =
            tensors.iter_mut().find(|(name, _)| name == "stages.2.blocks.4.gamma").unwrap();
        let _ = tensor.get(7).fill_(value);
        for (file, bytes) in [
            ("model.safetensors", safetensors(&tensors)),
            ("pytorch_model.bin", pickle::bin(&tensors)),
        ] {
            let message = refusal(file, &bytes);
            let part = "1 with NaN or infinity (stages.2.blocks.4.gamma)";
            assert!(message.contains(part), "{message}");
        }
    }
    let config = CONFIG.replace("convnext_atto", "resnet18");
    let bytes = safetensors(&atto());
    let folder = folder(&[("config.json", config.as_bytes()), ("model.safetensors", &bytes)]);
    let message = Encoder::load(folder.path()).unwrap_err().to_string();
    for part in ["missing (bn1.bias", "unexpected (", "belong to another network"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_lightning_checkpoint_is_read_through_its_prefixes() {
    let plain = atto();
    let mut tensors: Vec<_> = plain
        .iter()
        .map(|(name, tensor)| (format!("state_dict.encoder.{name}"), tensor.shallow_clone()))
        .collect();
    let zeros = || Tensor::zeros([34, 320], (Kind::Float, Device::Cpu));
    tensors.push(("state_dict.head.weight".into(), zeros()));
    let load = |bytes: &[u8]| {
        let files = [("config.json", CONFIG.as_bytes()), ("pytorch_model.bin", bytes)];
        Encoder::load(folder(&files).path())
    };
    let (nested, bare) =
        (load(&pickle::bin(&tensors)).unwrap(), load(&pickle::bin(&plain)).unwrap());
    assert_eq!(nested.fingerprint(), bare.fingerprint());
    let notes = nested.notes().join("; ");
    assert!(notes.contains("1 tensors that are not part of the network are left out"), "{notes}");

    let copy = plain.iter().map(|(name, t)| (format!("teacher.{name}"), t.shallow_clone()));
    tensors.extend(copy);
    let message = load(&pickle::bin(&tensors)).unwrap_err().to_string();
    assert!(
        message.contains("2 such networks: \"state_dict.encoder.\", \"teacher.\""),
        "{message}"
    );
}
