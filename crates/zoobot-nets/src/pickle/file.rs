//! The two container formats of `torch.save`.
//!
//! * Since PyTorch 1.6: a zip archive, in which `NAME/data.pkl` describes the tensors and
//!   `NAME/data/KEY` holds the bytes of each storage, uncompressed.
//! * Before: a stream of pickles (a magic number, a version, facts about the machine, the description,
//!   and the list of storage keys), followed by the length and the bytes of each storage in that order.

use super::machine::{self, MAX_PICKLE};
use super::value::{Id, Layout, Pickle, Storage, Value};
use super::{Fault, Outcome, damaged, refused};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use tch::Tensor;
use zip::{CompressionMethod, ZipArchive};
use zoobot_base::{Error, Result};

/// The number in the first pickle of the older format.
const MAGIC: i128 = 0x1950_a86a_20f9_469c_fc6c;
/// The only version of the older format.
const LEGACY_VERSION: i128 = 1001;
/// The maximum depth of nested dictionaries.
const MAX_DEPTH: usize = 16;
/// The maximum number of named values in a file, which bounds dictionaries that contain each other.
const MAX_NAMES: usize = 100_000;
/// The maximum length of a dotted name, in bytes.
const MAX_NAME: usize = 1_000;

/// The tensors of a PyTorch file, in file order, named by their keys joined with dots
/// (`state_dict.encoder.stem.weight`). Other values are left out.
///
/// # Errors
/// [`Error::Io`] when the file cannot be opened; [`Error::Weights`] when it is damaged, is not a
/// PyTorch file, or asks for any Python object other than tensors and plain containers.
pub fn read(path: &Path) -> Result<Vec<(String, Tensor)>> {
    let file = File::open(path).map_err(Error::io("read", path))?;
    let length = file.metadata().map_err(Error::io("read", path))?.len();
    read_from(BufReader::new(file), length).map_err(|fault| {
        let (problem, hint) = match fault {
            Fault::Damaged(problem) => {
                (problem, "The file is damaged or is not a PyTorch file: download it again")
            }
            Fault::Refused(problem) => (
                problem,
                "Only tensors are read and nothing in the file is executed: in Python, write them \
                 with `torch.save(model.state_dict(), …)` or as safetensors",
            ),
        };
        Error::Weights { path: path.into(), problem, hint: hint.into() }
    })
}

/// Like [`read`], for any input of `length` bytes.
pub(super) fn read_from(
    mut input: impl Read + Seek,
    length: u64,
) -> Outcome<Vec<(String, Tensor)>> {
    let mut start = Vec::new();
    input.by_ref().take(4).read_to_end(&mut start)?;
    input.rewind()?;
    if start == b"PK\x03\x04" { read_zip(input, length) } else { read_stream(input, length) }
}

fn read_zip(input: impl Read + Seek, length: u64) -> Outcome<Vec<(String, Tensor)>> {
    let mut archive = ZipArchive::new(input)?;
    let Some(folder) = archive
        .file_names()
        .find_map(|name| {
            name.strip_suffix("data.pkl").filter(|folder| folder.matches('/').count() <= 1)
        })
        .map(str::to_owned)
    else {
        return damaged("it is a zip archive without data.pkl");
    };
    let pickle = entry(&mut archive, &format!("{folder}data.pkl"), MAX_PICKLE)?;
    if archive.index_for_name(&format!("{folder}byteorder")).is_some()
        && entry(&mut archive, &format!("{folder}byteorder"), 16)? != b"little"
    {
        return refused("its numbers are in big-endian order");
    }
    let layouts = named(&machine::load(&mut pickle.as_slice())?)?;

    let mut budget = Budget(length);
    let mut storages = HashMap::new();
    for (_, Layout { storage, .. }) in &layouts {
        if !storages.contains_key(&storage.key) {
            let size = budget.spend(storage)?;
            let bytes = entry(&mut archive, &format!("{folder}data/{}", storage.key), size)?;
            storages.insert(storage.key.clone(), flat(storage, &bytes)?);
        }
    }
    views(layouts, &storages)
}

/// The bytes of an entry, at most `limit` of them. A compressed entry is refused, since PyTorch never
/// compresses, and a small archive could otherwise fill the memory.
fn entry(archive: &mut ZipArchive<impl Read + Seek>, name: &str, limit: u64) -> Outcome<Vec<u8>> {
    let entry = archive.by_name(name)?;
    if entry.compression() != CompressionMethod::Stored {
        return refused(format!("its entry {name:?} is compressed, which PyTorch's never are"));
    }
    let mut bytes = Vec::new();
    // Reads one byte more than allowed, so that an entry of the right size is read to its end, where its
    // checksum is verified.
    entry.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return damaged(format!("its entry {name:?} is larger than {limit} bytes"));
    }
    Ok(bytes)
}

fn read_stream(mut input: impl Read + Seek, length: u64) -> Outcome<Vec<(String, Tensor)>> {
    // If the first pickle is wrong in any way, this is another kind of file.
    match machine::load(&mut input)
        .map(|first| matches!(first.values[first.root], Value::Int(MAGIC)))
    {
        Ok(true) => {}
        _ => return damaged("it does not begin like a PyTorch file"),
    }
    let version = machine::load(&mut input)?;
    if !matches!(version.values[version.root], Value::Int(LEGACY_VERSION)) {
        return refused("it is of an unknown version of PyTorch's older format");
    }
    let machine_facts = machine::load(&mut input)?;
    if !is_little_endian(&machine_facts) {
        return refused("its numbers are in big-endian order");
    }
    let root = machine::load(&mut input)?;
    let layouts = named(&root)?;
    let keys = machine::load(&mut input)?;
    let Value::List(order) = &keys.values[keys.root] else {
        return damaged("it has no list of storages");
    };

    let described: HashMap<&str, &Storage> = root
        .values
        .iter()
        .filter_map(|value| match value {
            Value::Storage(storage) => Some((storage.key.as_str(), storage.as_ref())),
            _ => None,
        })
        .collect();
    let wanted: HashSet<&str> = layouts.iter().map(|(_, l)| l.storage.key.as_str()).collect();
    let mut budget = Budget(length);
    let mut storages = HashMap::new();
    for &key in order {
        let Value::Text(key) = &keys.values[key] else {
            return damaged("its list of storages holds something other than names");
        };
        let Some(storage) = described.get(key.as_str()) else {
            return damaged(format!("its storage {key:?} belongs to no tensor"));
        };
        let mut count = [0; 8];
        input.read_exact(&mut count)?;
        if i64::from_le_bytes(count) != storage.numel {
            return damaged(format!("storage {key:?} is not of the length that its tensors claim"));
        }
        let size = budget.spend(storage)?;
        if !wanted.contains(key.as_str()) {
            input.seek(SeekFrom::Current(size as i64))?;
            continue;
        }
        let mut bytes = Vec::new();
        input.by_ref().take(size).read_to_end(&mut bytes)?;
        storages.insert(key.clone(), flat(storage, &bytes)?);
    }
    views(layouts, &storages)
}

fn is_little_endian(facts: &Pickle) -> bool {
    let Value::Dict(facts_dict) = &facts.values[facts.root] else { return false };
    facts_dict.iter().any(|&(key, value)| {
        matches!(&facts.values[key], Value::Text(key) if key == "little_endian")
            && matches!(facts.values[value], Value::Bool(true))
    })
}

/// The number of bytes that storages may still claim; together they cannot exceed the file.
struct Budget(u64);

impl Budget {
    fn spend(&mut self, storage: &Storage) -> Outcome<u64> {
        let size = storage.bytes()?;
        match self.0.checked_sub(size) {
            Some(rest) => {
                self.0 = rest;
                Ok(size)
            }
            None => damaged(format!(
                "storage {:?} claims {size} bytes, more than the file has left",
                storage.key
            )),
        }
    }
}

/// A storage as a one-dimensional tensor.
fn flat(storage: &Storage, bytes: &[u8]) -> Outcome<Tensor> {
    if bytes.len() as u64 != storage.bytes()? {
        return damaged(format!(
            "storage {:?} has {} of its {} bytes",
            storage.key,
            bytes.len(),
            storage.bytes()?
        ));
    }
    Ok(Tensor::f_from_data_size(bytes, &[storage.numel], storage.kind)?)
}

/// The tensors as views of their storages, without copying.
fn views(
    layouts: Vec<(String, Layout)>,
    storages: &HashMap<String, Tensor>,
) -> Outcome<Vec<(String, Tensor)>> {
    layouts
        .into_iter()
        .map(|(name, layout)| match storages.get(&layout.storage.key) {
            // Two references may disagree about the storage; the one that was read is valid.
            Some(storage) if layout.storage.numel == storage.size1()? => {
                if layout.storage.kind != storage.f_kind()? {
                    return damaged(format!("storage {:?} is of two types", layout.storage.key));
                }
                let view = storage.f_as_strided(&layout.shape, &layout.stride, layout.offset)?;
                Ok((name, view))
            }
            _ => damaged(format!("tensor {name} has lost its storage {:?}", layout.storage.key)),
        })
        .collect()
}

/// The tensors in the dictionaries of a pickle, with their dotted names.
fn named(pickle: &Pickle) -> Outcome<Vec<(String, Layout)>> {
    if !matches!(pickle.values[pickle.root], Value::Dict(_)) {
        return refused("it holds no dictionary of named tensors");
    }
    let mut found = Found::default();
    found.collect(pickle, pickle.root, "", MAX_DEPTH)?;
    Ok(found.tensors)
}

#[derive(Default)]
struct Found {
    tensors: Vec<(String, Layout)>,
    places: HashMap<String, usize>,
    seen: usize,
}

impl Found {
    fn collect(&mut self, pickle: &Pickle, dict: Id, prefix: &str, depth: usize) -> Outcome<()> {
        let Value::Dict(pairs) = &pickle.values[dict] else { return Ok(()) };
        if depth == 0 {
            return refused(format!("its dictionaries are nested deeper than {MAX_DEPTH}"));
        }
        for &(key, value) in pairs {
            self.seen += 1;
            if self.seen > MAX_NAMES {
                return refused(format!("its dictionaries hold more than {MAX_NAMES} entries"));
            }
            let Value::Text(key) = &pickle.values[key] else { continue };
            let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            if name.len() > MAX_NAME {
                return refused(format!("it has a name of {} bytes", name.len()));
            }
            match &pickle.values[value] {
                Value::Tensor(layout) => self.insert(name, Layout::clone(layout)),
                Value::Dict(_) => self.collect(pickle, value, &name, depth - 1)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// As in Python, a later value replaces an earlier one of equal name.
    fn insert(&mut self, name: String, layout: Layout) {
        match self.places.get(&name) {
            Some(&place) => self.tensors[place].1 = layout,
            None => {
                self.places.insert(name.clone(), self.tensors.len());
                self.tensors.push((name, layout));
            }
        }
    }
}
