//! The bytes of a FITS file: in memory, or on the disk, from which only what is needed is read.

use super::super::decode::words;
use super::super::unpack::{self, unpacked};
use std::borrow::Cow;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The bytes of a file.
#[derive(Debug)]
pub(crate) enum Source {
    Memory(Vec<u8>),
    Disk(File, u64),
}

impl Source {
    /// A file on the disk. One that is compressed as a whole is unpacked into memory.
    pub fn open(path: &Path) -> Result<Self, String> {
        if path.as_os_str().is_empty() {
            return Err("the name of the file is empty".to_owned());
        }
        let file = File::open(path).map_err(words)?;
        let about = file.metadata().map_err(words)?;
        if about.is_dir() {
            return Err("it is a folder, not a FITS file".to_owned());
        }
        let source = Self::Disk(file, about.len());
        if unpack::is_packed(&source.read(0, about.len().min(8) as usize)?) {
            let bytes = std::fs::read(path).map_err(words)?;
            return Ok(Self::Memory(unpacked(&bytes)?.into_owned()));
        }
        Ok(source)
    }

    /// The number of bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Disk(_, length) => *length,
        }
    }

    /// Some of the bytes; fails when the file ends before them.
    pub fn read(&self, start: u64, length: usize) -> Result<Cow<'_, [u8]>, String> {
        let cut = || "the FITS file is cut off".to_owned();
        let end = start.checked_add(length as u64).filter(|end| *end <= self.len());
        let end = end.ok_or_else(cut)?;
        match self {
            Self::Memory(bytes) => {
                bytes.get(start as usize..end as usize).map(Cow::Borrowed).ok_or_else(cut)
            }
            Self::Disk(file, _) => {
                let mut bytes = vec![0; length];
                file.read_exact_at(&mut bytes, start).map_err(|_| cut())?;
                Ok(Cow::Owned(bytes))
            }
        }
    }
}
