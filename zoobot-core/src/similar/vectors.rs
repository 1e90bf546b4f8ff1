//! Where the rows that are searched lie: in memory, or in a file.

use ndarray::Array2;

/// A table of float32 vectors that search reads row by row, from many threads.
pub trait Vectors: Sync {
    /// The number of rows.
    fn len(&self) -> usize;
    /// The numbers of each.
    fn width(&self) -> usize;
    /// Copies a row.
    fn read(&self, row: usize, to: &mut [f32]);
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
