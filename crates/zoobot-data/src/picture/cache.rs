//! Prepared pictures in a memory-mapped file, for work that uses pictures repeatedly: they are read, decoded
//! and resized once.
//!
//! The file contains the pictures' bytes, an 8-byte checksum for each, a record in JSON, its length, the
//! SHA-256 of checksums and record, and [`MAGIC`]. The parts that make it valid come last.

use super::{Failed, Failures, Prepared, Recipe, say_stretch};
use crate::catalog::Catalog;
use memmap2::Mmap;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use tch::{Device, Tensor};
use zoobot_base::error::{Error, Result};
use zoobot_base::files::write_whole;
use zoobot_show::notebook::Progress;

const MAGIC: &[u8; 8] = b"zoopics2";
/// The number of bytes after the record: its length, a SHA-256, [`MAGIC`].
const TAIL: usize = 8 + 32 + 8;
/// The number of pictures that are prepared before they are written.
const BLOCK: usize = 256;

/// The pictures of a catalogue as a recipe prepares them, in a memory-mapped file. Several processes may open
/// it and share the memory.
///
/// ```no_run
/// use zoobot_core::picture::PictureCache;
/// use zoobot_core::prelude::*;
/// let galaxies = Catalog::read("rings/catalog.csv")?;
/// let cache = PictureCache::open("rings/cache", &galaxies, &Recipe::zoobot())?;
/// let batch = cache.batch(&[0, 5, 9], tch::Device::Cpu)?;
/// assert_eq!(batch.size(), [3, 3, 224, 224]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct PictureCache {
    path: PathBuf,
    map: Mmap,
    recipe: Recipe,
    ids: Vec<String>,
    files: Vec<PathBuf>,
    failed: Failures,
}

/// The file's metadata.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    /// A hash of the recipe and of the pictures' files: names, sizes, times.
    stamp: String,
    pictures: usize,
    /// Rows of the catalogue whose pictures cannot be read, with the reason.
    failed: Vec<(usize, String)>,
}

impl PictureCache {
    /// Opens the cache of a catalogue and a recipe in a folder, and creates it if it is missing, damaged, or
    /// older than the pictures. It needs `size` x `size` x 3 bytes per picture (150 kB at 224 px). Creating
    /// it shows a progress bar, can be stopped, and uses no more memory for a larger catalogue.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder cannot be written; [`Error::Interrupted`] when the creation was stopped;
    /// [`Error::Parameter`], [`Error::Unsuitable`] for a recipe out of range.
    pub fn open(folder: impl AsRef<Path>, catalog: &Catalog, recipe: &Recipe) -> Result<Self> {
        recipe.check()?;
        let folder = folder.as_ref();
        let (ids, files) = (catalog.ids(), catalog.files());
        let path = folder.join(format!("pictures-{}.cache", &key(recipe, &files)?[..16]));
        let stamp = stamp(recipe, &files)?;
        let (map, record) = match mapped(&path, recipe, &stamp) {
            Some(found) => found,
            None => {
                std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
                make(&path, recipe, &files, &stamp)?;
                mapped(&path, recipe, &stamp).ok_or_else(|| {
                    let problem = "the pictures changed while the picture cache was made";
                    Error::unsuitable(problem, "Leave them unchanged and repeat the call")
                })?
            }
        };
        let failed = record.failed.iter().filter_map(|(row, reason)| {
            let (id_str, file_loc) = (ids.get(*row)?.clone(), files.get(*row)?.clone());
            Some(Failed { id_str, file_loc, reason: reason.clone() })
        });
        let failed = failed.collect();
        let mut readable = vec![true; files.len()];
        for (row, _) in &record.failed {
            if let Some(there) = readable.get_mut(*row) {
                *there = false;
            }
        }
        let (ids, files) = ids
            .iter()
            .cloned()
            .zip(files)
            .zip(readable)
            .filter_map(|(row, there)| there.then_some(row))
            .unzip();
        Ok(Self { path, map, recipe: recipe.clone(), ids, files, failed })
    }

    /// The number of pictures in the cache.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether no picture could be read.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The galaxies' names, in the order of the catalogue; galaxies whose pictures cannot be read are left
    /// out.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The galaxies that are left out, with the reasons.
    pub fn failed(&self) -> &Failures {
        &self.failed
    }

    /// The path of the cache file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The recipe that prepared the pictures.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// What a network sees of some of the pictures, given by their indices in [`ids`](Self::ids), as
    /// [`Recipe::batch`] makes it. A picture that is damaged in the cache is read from its own file again.
    ///
    /// # Shapes
    /// float32, pictures x channels x size x size, on `device`, channels last in memory.
    ///
    /// # Errors
    /// [`Error::Parameter`] for an index out of range; [`Error::Empty`] without an index; [`Error::Torch`]
    /// when memory runs out.
    pub fn batch(&self, pictures: &[usize], device: Device) -> Result<Tensor> {
        let each = self.recipe.bytes_each();
        let mut bytes = vec![0; pictures.len() * each];
        bytes.par_chunks_mut(each).zip(pictures).try_for_each(|(to, &place)| {
            if place >= self.len() {
                let range =
                    format!("less than {}, the number of pictures in the cache", self.len());
                return Err(Error::parameter("the place of a picture", place, range));
            }
            match self.stored(place) {
                Some(stored) => to.copy_from_slice(stored),
                None => to.copy_from_slice(self.recipe.read(&self.files[place])?.bytes()),
            }
            Ok(())
        })?;
        if pictures.is_empty() {
            return Err(Error::empty("the batch has no pictures", "Give at least one"));
        }
        self.recipe.tensor(&bytes, device)
    }

    /// A picture's bytes, unless their checksum is wrong.
    fn stored(&self, place: usize) -> Option<&[u8]> {
        let each = self.recipe.bytes_each();
        let bytes = self.map.get(place * each..(place + 1) * each)?;
        let sums = self.len() * each;
        let sum = self.map.get(sums + 8 * place..sums + 8 * place + 8)?;
        (checksum(bytes).to_le_bytes() == sum).then_some(bytes)
    }
}

/// Maps a file if it is complete and belongs to this recipe and these pictures.
fn mapped(path: &Path, recipe: &Recipe, stamp: &str) -> Option<(Mmap, Record)> {
    let file = File::open(path).ok()?;
    // SAFETY: such a file is never modified: a new one replaces it under its name, and processes that have
    // the old one open keep it unchanged.
    let map = unsafe { Mmap::map(&file) }.ok()?;
    let (rest, tail) = map.split_at_checked(map.len().checked_sub(TAIL)?)?;
    let (length, digest) = (tail.get(..8)?, tail.get(8..40)?);
    let length = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?;
    let text = rest.get(rest.len().checked_sub(length)?..)?;
    let record: Record = serde_json::from_slice(text).ok()?;
    let data = record.pictures.checked_mul(recipe.bytes_each())?;
    let expected = record.pictures.checked_mul(8)?.checked_add(data)?.checked_add(length)?;
    let whole = tail.ends_with(MAGIC)
        && record.stamp == stamp
        && rest.len() == expected
        && Sha256::digest(&rest[data..]).as_slice() == digest;
    whole.then_some((map, record))
}

/// Prepares all pictures and writes the file, completely or not at all.
fn make(path: &Path, recipe: &Recipe, files: &[PathBuf], stamp: &str) -> Result<()> {
    say_stretch(recipe, files);
    let progress = Progress::new("prepare pictures", Some(files.len()));
    write_whole(path, |file| {
        let mut out = BufWriter::new(file);
        let (mut sums, mut failed) = (Vec::new(), Vec::new());
        for (block, files) in files.chunks(BLOCK).enumerate() {
            zoobot_base::interrupt::check("prepare pictures", || {
                format!("{} pictures", block * BLOCK)
            })?;
            let prepared: Vec<Result<Prepared>> =
                files.par_iter().map(|file| recipe.read(file)).collect();
            for (row, picture) in (block * BLOCK..).zip(prepared) {
                match picture {
                    Ok(picture) => {
                        out.write_all(picture.bytes()).map_err(Error::io("write", path))?;
                        sums.extend(checksum(picture.bytes()).to_le_bytes());
                    }
                    Err(Error::Picture { reason, .. }) => failed.push((row, reason)),
                    Err(error) => failed.push((row, error.to_string())),
                }
            }
            progress.advance(files.len());
        }
        let record = Record { stamp: stamp.to_owned(), pictures: sums.len() / 8, failed };
        let text = serde_json::to_vec(&record)?;
        let digest = Sha256::new().chain_update(&sums).chain_update(&text).finalize();
        let length = (text.len() as u64).to_le_bytes();
        for part in [&sums[..], &text, &length, digest.as_slice(), MAGIC] {
            out.write_all(part).map_err(Error::io("write", path))?;
        }
        out.flush().map_err(Error::io("write", path))
    })
}

/// The name of the cache for a recipe and some files.
fn key(recipe: &Recipe, files: &[PathBuf]) -> Result<String> {
    let mut hash = Sha256::new_with_prefix(serde_json::to_vec(recipe)?);
    for file in files {
        hash.update(format!("\n{}", file.display()));
    }
    Ok(hex(hash))
}

/// A hash that changes when a picture does.
fn stamp(recipe: &Recipe, files: &[PathBuf]) -> Result<String> {
    let mut hash = Sha256::new_with_prefix(key(recipe, files)?);
    for file in files {
        let state = std::fs::metadata(file).ok().map(|about| {
            let changed =
                about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            (about.len(), changed)
        });
        hash.update(format!("\n{state:?}"));
    }
    Ok(hex(hash))
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Detects damaged bytes; does not protect against malice.
fn checksum(bytes: &[u8]) -> u64 {
    let mix =
        |sum: u64, word: u64| (sum ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let (words, rest) = bytes.as_chunks::<8>();
    let sum = words.iter().fold(0, |sum, word| mix(sum, u64::from_le_bytes(*word)));
    rest.iter().fold(sum, |sum, &byte| mix(sum, u64::from(byte)))
}

#[cfg(test)]
mod tests;
