//! Access to the rows that are searched, in memory or in a file.

use ndarray::Array2;
use sha2::{Digest, Sha256};
use std::ops::Range;

/// A table of float32 vectors that searches read row by row, from many threads.
pub trait Vectors: Sync {
    /// The number of rows.
    fn len(&self) -> usize;
    /// Whether the table has no rows.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The number of columns.
    fn width(&self) -> usize;
    /// Copies a row into `to`.
    fn read(&self, row: usize, to: &mut [f32]);
    /// Copies consecutive rows into `to`, each beginning `stride` numbers after the previous one.
    fn read_rows(&self, rows: Range<usize>, stride: usize, to: &mut [f32]) {
        let width = self.width();
        for (row, to) in rows.zip(to.chunks_exact_mut(stride)) {
            self.read(row, &mut to[..width]);
        }
    }
    /// Hints that these rows are not needed for now, so that their memory can be released.
    fn release(&self, _rows: Range<usize>) {}
}

impl Vectors for Array2<f32> {
    fn len(&self) -> usize {
        self.nrows()
    }

    fn width(&self) -> usize {
        self.ncols()
    }

    #[inline]
    fn read(&self, row: usize, to: &mut [f32]) {
        let row = self.row(row);
        match row.as_slice() {
            Some(row) => to.copy_from_slice(row),
            None => to.iter_mut().zip(row).for_each(|(to, &value)| *to = value),
        }
    }
}

/// Computes a table's fingerprint, a hash of its numbers.
#[derive(Debug, Clone)]
pub(super) struct Fingerprint(Sha256);

impl Fingerprint {
    /// Starts the fingerprint of a table with `width` columns.
    pub fn new(width: usize) -> Self {
        Self(Sha256::new().chain_update((width as u64).to_le_bytes()))
    }

    /// Adds the next numbers, as bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The fingerprint: sixteen hexadecimal digits.
    pub fn finish(self) -> String {
        self.0.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The fingerprint of a table in memory.
pub(super) fn fingerprint(table: &Array2<f32>) -> String {
    let mut print = Fingerprint::new(table.ncols());
    let mut bytes = Vec::new();
    for rows in table.axis_chunks_iter(ndarray::Axis(0), 4096) {
        bytes.clear();
        rows.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        print.update(&bytes);
    }
    print.finish()
}
