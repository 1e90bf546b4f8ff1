//! Writes an array in numpy's format.

use ndarray::ArrayD;
use std::io::{BufWriter, Write};
use std::path::Path;
use zoobot_base::error::{Error, Result};
use zoobot_base::files::write_whole;

/// Writes an array as a file of numpy (`.npy`, version 1.0).
///
/// # Errors
/// [`Error::Io`] when the file cannot be written.
#[doc(hidden)]
pub fn write_npy(path: impl AsRef<Path>, array: &ArrayD<f64>) -> Result<()> {
    let path = path.as_ref();
    let sizes: String = array.shape().iter().map(|length| format!("{length}, ")).collect();
    let sizes = sizes.trim_end();
    let about = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({sizes}), }}");
    // The magic, the version and the length of the header take 10 bytes.
    let length = (10 + about.len() + 1).next_multiple_of(64) - 10;
    let about = format!("{about:<width$}\n", width = length - 1);
    write_whole(path, |file| {
        let mut out = BufWriter::new(file);
        let mut write = |bytes: &[u8]| out.write_all(bytes).map_err(Error::io("write", path));
        write(b"\x93NUMPY\x01\x00")?;
        write(&(length as u16).to_le_bytes())?;
        write(about.as_bytes())?;
        array.iter().try_for_each(|value| write(&value.to_le_bytes()))?;
        out.flush().map_err(Error::io("write", path))
    })
}
