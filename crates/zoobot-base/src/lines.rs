//! Files to which lines of JSON are only ever added, each flushed to the disk before it counts.
//!
//! A crash loses only what was not yet acknowledged. An incomplete last line is dropped when the file is next
//! opened or written to.

use crate::error::{Error, Result};
use crate::files::make_folder_of;
use serde::{Serialize, de::DeserializeOwned};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

/// What a line of a file holds.
pub trait JsonLine: Serialize + DeserializeOwned {
    /// What a line must look like, for errors.
    const FORM: &'static str;

    /// What is wrong with a line that was parsed, if anything is.
    fn problem(&self) -> Option<String>;
}

/// An open file of lines.
#[derive(Debug)]
pub struct JsonLines<T> {
    path: PathBuf,
    file: File,
    of: PhantomData<fn(T)>,
}

impl<T: JsonLine> JsonLines<T> {
    /// Opens a file, or creates it, and returns its lines.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read and written; [`Error::Catalog`] when a complete line is
    /// invalid.
    pub fn open(path: impl AsRef<Path>) -> Result<(Self, Vec<T>)> {
        let path = path.as_ref().to_path_buf();
        let new = !path.exists();
        make_folder_of(&path)?;
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(Error::io("write", &path))?;
        if new {
            // The directory entry must survive a crash too.
            let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            let synced = File::open(folder).and_then(|folder| folder.sync_all());
            synced.map_err(Error::io("write", folder))?;
        }
        file.lock().map_err(Error::io("write", &path))?;
        let text = mended::<T>(&mut file).map_err(Error::io("read", &path));
        file.unlock().map_err(Error::io("write", &path))?;
        let lines = parse(&path, &text?)?;
        Ok((Self { path, file, of: PhantomData }, lines))
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds lines and returns when they are on the disk. If it fails, it keeps none of them.
    ///
    /// # Errors
    /// [`Error::Io`], such as on a full disk.
    pub fn append(&mut self, lines: &[T]) -> Result<()> {
        let mut text = String::new();
        for line in lines {
            text.push_str(&serde_json::to_string(line)?);
            text.push('\n');
        }
        let failed = || Error::io("write", &self.path);
        self.file.lock().map_err(failed())?;
        let file = &mut self.file;
        let written = cut_off::<T>(file).and_then(|length| {
            let whole = file.write_all(text.as_bytes()).and_then(|()| file.sync_data());
            if whole.is_err() {
                // A failure here is harmless: an incomplete line is dropped at the next opening anyway.
                let _ = file.set_len(length);
            }
            whole
        });
        let unlocked = self.file.unlock();
        written.and(unlocked).map_err(failed())
    }
}

/// Reads the lines of a file without changing it.
///
/// # Errors
/// As [`JsonLines::open`].
pub fn read<T: JsonLine>(path: impl AsRef<Path>) -> Result<Vec<T>> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    // A last line without an end of line may still be complete, for example if an editor wrote it.
    let whole = match serde_json::from_slice::<T>(last(&bytes)) {
        Ok(_) => bytes.len(),
        Err(_) => bytes.len() - last(&bytes).len(),
    };
    parse(path, &bytes[..whole])
}

/// The bytes after the last end of line.
fn last(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |place| place + 1);
    &bytes[start..]
}

/// The file's complete lines, after [`cut_off`] has repaired its end.
fn mended<T: JsonLine>(file: &mut File) -> std::io::Result<Vec<u8>> {
    let length = cut_off::<T>(file)?;
    let mut bytes = Vec::with_capacity(length as usize);
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Repairs the end of a file: ends a last line that is complete, and removes one that is not. Returns
/// the file's new length.
fn cut_off<T: JsonLine>(file: &mut File) -> std::io::Result<u64> {
    const STEP: u64 = 4096;
    let length = file.metadata()?.len();
    let mut tail = Vec::new();
    let mut from = length;
    while from > 0 && !tail.contains(&b'\n') {
        let step = STEP.min(from);
        from -= step;
        let mut piece = vec![0; step as usize];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(&mut piece)?;
        piece.append(&mut tail);
        tail = piece;
    }
    let torn = last(&tail);
    if torn.is_empty() {
        return Ok(length);
    }
    if serde_json::from_slice::<T>(torn).is_ok() {
        file.write_all(b"\n")?;
        return Ok(length + 1);
    }
    let whole = length - torn.len() as u64;
    file.set_len(whole)?;
    file.sync_data()?;
    Ok(whole)
}

fn parse<T: JsonLine>(path: &Path, bytes: &[u8]) -> Result<Vec<T>> {
    let lines = bytes.split(|&byte| byte == b'\n').enumerate();
    let lines = lines.filter(|(_, line)| !line.iter().all(u8::is_ascii_whitespace));
    lines
        .map(|(number, line)| {
            let wrong = |problem: String| Error::Catalog {
                path: path.to_path_buf(),
                problem: format!("line {}: {problem}", number + 1),
                hint: T::FORM.to_owned(),
            };
            let line: T = serde_json::from_slice(line).map_err(|it| wrong(it.to_string()))?;
            match line.problem() {
                None => Ok(line),
                Some(problem) => Err(wrong(problem)),
            }
        })
        .collect()
}
