//! State dicts as `torch.save` writes them, made without Python.

use std::io::{Cursor, Write};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};
use zoobot_core::tch::{Kind, Tensor};

/// The zip entries of a file with these tensors.
pub fn state_dict(tensors: &[(String, Tensor)]) -> Vec<(String, Vec<u8>)> {
    let mut pickle = b"\x80\x02}".to_vec();
    let mut entries = Vec::new();
    for (i, (name, tensor)) in tensors.iter().enumerate() {
        text(&mut pickle, name);
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storage");
        let long = tensor.kind() == Kind::Int64;
        pickle.extend(if long {
            b"ctorch\nLongStorage\n".as_slice()
        } else {
            b"ctorch\nFloatStorage\n"
        });
        text(&mut pickle, &i.to_string());
        text(&mut pickle, "cpu");
        number(&mut pickle, tensor.numel() as i64);
        pickle.extend(b"tQK\x00");
        for sizes in [tensor.size(), tensor.stride()] {
            pickle.push(b'(');
            sizes.into_iter().for_each(|size| number(&mut pickle, size));
            pickle.push(b't');
        }
        pickle.extend(b"\x89}tRs");
        let bytes = if long {
            let values = Vec::<i64>::try_from(tensor.view(-1)).unwrap();
            values.into_iter().flat_map(i64::to_le_bytes).collect()
        } else {
            let values = Vec::<f32>::try_from(tensor.view(-1)).unwrap();
            values.into_iter().flat_map(f32::to_le_bytes).collect()
        };
        entries.push((format!("data/{i}"), bytes));
    }
    pickle.push(b'.');
    entries.insert(0, ("data.pkl".to_owned(), pickle));
    entries
}

fn text(pickle: &mut Vec<u8>, text: &str) {
    pickle.push(b'X');
    pickle.extend((text.len() as u32).to_le_bytes());
    pickle.extend(text.as_bytes());
}

fn number(pickle: &mut Vec<u8>, number: i64) {
    pickle.push(b'J');
    pickle.extend(i32::try_from(number).unwrap().to_le_bytes());
}

/// A zip archive of these entries.
pub fn archive(entries: &[(String, Vec<u8>)], compression: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let options = SimpleFileOptions::default().compression_method(compression);
        writer.start_file(format!("archive/{name}"), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The bytes of a `pytorch_model.bin` with these tensors.
pub fn bin(tensors: &[(String, Tensor)]) -> Vec<u8> {
    archive(&state_dict(tensors), CompressionMethod::Stored)
}
