use super::file::read_from;
use super::{Fault, Outcome};
use std::io::{Cursor, Write};
use std::path::Path;
use tch::{Kind, Tensor};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// A file written by `make_pickles.py`.
fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/pickle");
    std::fs::read(folder.join(name)).unwrap()
}

fn read(bytes: &[u8]) -> Outcome<Vec<(String, Tensor)>> {
    read_from(Cursor::new(bytes), bytes.len() as u64)
}

fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.to_kind(Kind::Double).contiguous().view(-1)).unwrap()
}

const BOTH_FORMATS: [&str; 2] = ["state.pt", "state_legacy.pth"];

#[test]
fn every_kind_of_tensor_is_read_as_python_wrote_it() {
    for file in ["state.pt", "state_legacy.pth", "state_protocol4.bin"] {
        let tensors = read(&fixture(file)).unwrap();
        let expected: [(&str, Kind, &[i64], &[f64]); 16] = [
            ("plain", Kind::Float, &[2, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
            ("turned", Kind::Float, &[2, 3], &[0.0, 2.0, 4.0, 1.0, 3.0, 5.0]),
            ("rows", Kind::Float, &[2, 3], &[3.0, 4.0, 5.0, 6.0, 7.0, 8.0]),
            ("column", Kind::Float, &[4], &[2.0, 5.0, 8.0, 11.0]),
            ("scalar", Kind::Float, &[], &[7.0]),
            ("empty", Kind::Float, &[0, 5], &[]),
            ("parameter", Kind::Float, &[3], &[5.0, 6.0, 7.0]),
            ("float64", Kind::Double, &[3], &[1.0, 2.0, 3.0]),
            ("float16", Kind::Half, &[3], &[1.0, 2.0, 3.0]),
            ("bfloat16", Kind::BFloat16, &[3], &[1.0, 2.0, 3.0]),
            ("int64", Kind::Int64, &[3], &[1.0, 2.0, 3.0]),
            ("int32", Kind::Int, &[3], &[1.0, 2.0, 3.0]),
            ("int16", Kind::Int16, &[3], &[1.0, 2.0, 3.0]),
            ("int8", Kind::Int8, &[3], &[1.0, 2.0, 3.0]),
            ("uint8", Kind::Uint8, &[3], &[1.0, 2.0, 3.0]),
            ("bool", Kind::Bool, &[3], &[1.0, 0.0, 1.0]),
        ];
        assert_eq!(tensors.len(), expected.len(), "{file}");
        for ((name, tensor), (n, kind, shape, v)) in tensors.iter().zip(expected) {
            assert_eq!((name.as_str(), tensor.kind()), (n, kind), "{file}");
            assert_eq!(tensor.size(), shape, "{file}: {name}");
            assert_eq!(values(tensor), v, "{file}: {name}");
        }
    }
}

#[test]
fn weights_are_found_among_settings_and_optimiser_state() {
    for file in ["training.ckpt", "training_legacy.ckpt"] {
        let tensors = read(&fixture(file)).unwrap();
        let names: Vec<_> = tensors.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["state_dict.encoder.stem.weight", "state_dict.head.weight"], "{file}");
        assert_eq!(values(&tensors[0].1), [0.0, 1.0, 2.0, 3.0], "{file}");
    }
}

/// The message of a refusal.
fn refusal(bytes: &[u8]) -> String {
    match read(bytes) {
        Err(Fault::Refused(message)) => message,
        other => panic!("not refused: {other:?}"),
    }
}

/// The message about damage.
fn damage(bytes: &[u8]) -> String {
    match read(bytes) {
        Err(Fault::Damaged(message)) => message,
        other => panic!("not found damaged: {other:?}"),
    }
}

/// A zip archive like those of `torch.save`.
fn archive(entries: &[(&str, &[u8])], compression: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let options = SimpleFileOptions::default().compression_method(compression);
        writer.start_file(format!("archive/{name}"), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn pickled(pickle: &[u8]) -> Vec<u8> {
    archive(&[("data.pkl", pickle)], CompressionMethod::Stored)
}

#[test]
fn a_whole_module_is_refused_by_the_name_of_its_class() {
    assert!(refusal(&fixture("module.pt")).contains("torch.nn.modules.linear.Linear"));
}

#[test]
fn a_pickle_that_calls_a_command_is_refused_and_nothing_runs() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("ran");
    let command = format!("touch {}", mark.display());
    let mut call = b"\x80\x02cos\nsystem\nX".to_vec();
    call.extend((command.len() as u32).to_le_bytes());
    call.extend(command.as_bytes());
    call.extend(b"\x85R.");
    assert_eq!(refusal(&pickled(&call)), "it asks Python for \"os.system\"");

    // The same function through the other opcode for names, a forbidden attribute, and creating an
    // instance.
    assert!(refusal(&pickled(b"\x80\x04\x8c\x02os\x8c\x06system\x93.")).contains("os.system"));
    assert!(refusal(&pickled(b"\x80\x02cbuiltins\ngetattr\n.")).contains("builtins.getattr"));
    assert!(refusal(&pickled(b"\x80\x02(ios\nsystem\n.")).contains("opcode"));

    // In the older format, in place of the description.
    let mut stream = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.".to_vec();
    stream.extend(b"\x80\x02M\xe9\x03.\x80\x02}X\x0d\x00\x00\x00little_endian\x88s.");
    stream.extend(&call);
    assert_eq!(refusal(&stream), "it asks Python for \"os.system\"");
    assert!(!mark.exists());
}

#[test]
fn a_file_cut_anywhere_is_an_error() {
    for file in BOTH_FORMATS {
        let bytes = fixture(file);
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "{file} cut to {length} bytes");
        }
    }
}

#[test]
fn a_file_with_any_byte_changed_is_an_error_or_is_read_but_never_ends_the_program() {
    for file in BOTH_FORMATS.into_iter().chain(["training.ckpt", "training_legacy.ckpt"]) {
        let bytes = fixture(file);
        let mut refused = 0;
        for place in 0..bytes.len() {
            for change in [0x01, 0x10, 0x80, 0xff] {
                let mut bytes = bytes.clone();
                bytes[place] ^= change;
                refused += usize::from(read(&bytes).is_err());
            }
        }
        assert!(refused > bytes.len(), "{file}: only {refused} changes were noticed");
    }
}

#[test]
fn random_opcodes_never_end_the_program() {
    use rand::{Rng, SeedableRng, rngs::StdRng};
    let mut rng = StdRng::seed_from_u64(7);
    // Mostly opcodes that build values, so that the machine gets past the start.
    let opcodes = b"(()]}NK\x85\x86\x87tldaesu02qhRbQ\x81\x8f\x90\x91\x94\x93.";
    for _ in 0..20_000 {
        let mut pickle = b"\x80\x02ccollections\nOrderedDict\nq\x01ctorch\nFloatStorage\n".to_vec();
        for _ in 0..rng.random_range(1..60) {
            pickle.push(opcodes[rng.random_range(0..opcodes.len())]);
            if rng.random_bool(0.3) {
                pickle.push(rng.random_range(0..4));
            }
        }
        pickle.push(b'.');
        let _ = super::machine::load(&mut pickle.as_slice());
    }
}

/// A state dict with one tensor: the description that follows `("storage", class, key, device)`.
fn one_tensor(numel: &[u8], offset: &[u8], shape: &[u8], stride: &[u8]) -> Vec<u8> {
    [
        b"\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storage",
        b"ctorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu".as_slice(),
        numel,
        b"tQ",
        offset,
        shape,
        stride,
        b"\x89}tRs.",
    ]
    .concat()
}

#[test]
fn a_tensor_that_does_not_fit_in_its_storage_is_an_error() {
    let file = |pickle: &[u8]| {
        archive(&[("data.pkl", pickle), ("data/0", &[0; 16])], CompressionMethod::Stored)
    };
    let good = one_tensor(b"K\x04", b"K\x00", b"K\x02K\x02\x86", b"K\x02K\x01\x86");
    assert_eq!(read(&file(&good)).unwrap()[0].1.size(), [2, 2]);

    let huge = b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f";
    for (what, pickle) in [
        ("offset", one_tensor(b"K\x04", b"K\x01", b"K\x02K\x02\x86", b"K\x02K\x01\x86")),
        ("stride", one_tensor(b"K\x04", b"K\x00", b"K\x02K\x02\x86", b"K\x03K\x01\x86")),
        (
            "huge stride",
            one_tensor(b"K\x04", b"K\x00", b"K\x02\x85", &[&huge[..], b"\x85"].concat()),
        ),
        (
            "huge shape",
            one_tensor(b"K\x04", b"K\x00", &[&huge[..], b"\x85"].concat(), b"K\x01\x85"),
        ),
        ("negative shape", one_tensor(b"K\x04", b"K\x00", b"J\xff\xff\xff\xff\x85", b"K\x01\x85")),
        ("strides missing", one_tensor(b"K\x04", b"K\x00", b"K\x02K\x02\x86", b"K\x01\x85")),
        ("storage too short", one_tensor(b"K\x05", b"K\x00", b"K\x02\x85", b"K\x01\x85")),
        ("storage too long", one_tensor(b"K\x03", b"K\x00", b"K\x02\x85", b"K\x01\x85")),
        ("huge storage", one_tensor(huge, b"K\x00", b"K\x02\x85", b"K\x01\x85")),
        (
            "negative storage",
            one_tensor(b"J\xff\xff\xff\xff", b"K\x00", b"K\x00\x85", b"K\x01\x85"),
        ),
    ] {
        assert!(matches!(read(&file(&pickle)), Err(Fault::Damaged(_))), "{what}");
    }
}

#[test]
fn dictionaries_that_contain_themselves_or_each_other_are_refused() {
    assert!(refusal(&pickled(b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s.")).contains("nested"));

    // Fifteen levels, each containing the next one ten times, would give 10^15 names if followed.
    let mut pickle = b"\x80\x02}q\x00".to_vec();
    for level in 0..14u8 {
        pickle.extend(b"0}q");
        pickle.push(level + 1);
        for key in b'a'..=b'j' {
            pickle.extend([b'X', 1, 0, 0, 0, key, b'h', level, b's']);
        }
    }
    pickle.push(b'.');
    assert!(refusal(&pickled(&pickle)).contains("entries"));
}

#[test]
fn a_zip_bomb_is_refused_before_it_unfolds() {
    let zeros = vec![0; 32 << 20];
    let pickle = one_tensor(b"J\x00\x00\x80\x00", b"K\x00", b"K\x02\x85", b"K\x01\x85");
    let bytes = archive(&[("data.pkl", &pickle), ("data/0", &zeros)], CompressionMethod::Deflated);
    assert!(bytes.len() < 100_000);
    assert!(refusal(&bytes).contains("compressed"));

    let long = vec![b'N'; 5 << 20];
    assert!(damage(&pickled(&long)).contains("larger than"));
}

#[test]
fn files_of_other_kinds_are_errors() {
    assert!(damage(b"").contains("begin"));
    assert!(damage(b"<!DOCTYPE html><html>Not found</html>").contains("begin"));
    assert!(damage(&archive(&[("readme", b"")], CompressionMethod::Stored)).contains("data.pkl"));
    assert!(refusal(&pickled(b"\x80\x02]K\x01a.")).contains("no dictionary"));
}
