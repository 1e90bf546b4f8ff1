//! What `hnsw_rs` needs of the crate `mmap-rs`, over `memmap2`, which is here anyway.
//!
//! `mmap-rs` brings `nix`, `sysctl` and `windows`, and through `nix` switches a feature of `libc` on,
//! for which everything above libc, polars included, would be built anew. `hnsw_rs` maps files only
//! in its own reloading, which this project does not use: see `crates/zoobot-representation/src/similar/index`.

use std::fs::File;
use std::io;

/// A file to be mapped.
#[derive(Debug)]
pub struct MmapOptions<'a> {
    size: usize,
    file: Option<(&'a File, u64)>,
}

impl<'a> MmapOptions<'a> {
    /// A mapping of so many bytes.
    ///
    /// # Errors
    /// None; the crate that this stands for has some.
    pub fn new(size: usize) -> io::Result<Self> {
        Ok(Self { size, file: None })
    }

    /// Of this file, from this place on.
    ///
    /// # Safety
    /// The file must not change as long as it is mapped.
    pub unsafe fn with_file(mut self, file: &'a File, offset: u64) -> Self {
        self.file = Some((file, offset));
        self
    }

    /// Maps it, to be read.
    ///
    /// # Errors
    /// When no file was named, or the operating system refuses.
    pub fn map(self) -> io::Result<Mmap> {
        let (file, offset) =
            self.file.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no file"))?;
        // SAFETY: whoever named the file promised that it does not change.
        let map = unsafe { memmap2::MmapOptions::new().offset(offset).len(self.size).map(file) };
        map.map(Mmap)
    }
}

/// A mapped file.
#[derive(Debug)]
pub struct Mmap(memmap2::Mmap);

impl Mmap {
    /// Its bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// How many they are.
    pub fn size(&self) -> usize {
        self.0.len()
    }
}
