//! `zoobot pixels`.

use crate::output::Overwrite;
use crate::report;
use clap::Args;
use serde_json::json;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zoobot_core::picture::{FitsFile, Hdu};
use zoobot_core::{Error, Result, ndarray};

/// Write the pixels of a FITS image as a file of numpy.
///
/// The numbers are those in the file, in double precision, with BSCALE, BZERO and BLANK applied; undefined
/// pixels are NaN. Rows are counted from the bottom, as in the file.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot pixels sample_field --out field.npy
  zoobot pixels sample_field --hdu 1 --plane 0 --out g.npy")]
pub struct Pixels {
    /// The FITS file, also in compressed tiles (.fits.fz) or packed with gzip or bzip2; sample_field is
    /// included
    file: PathBuf,
    /// The part of the file: its number, from 0, or its name, such as SCI or SCI,2 (default: the first with
    /// an image)
    #[arg(long)]
    hdu: Option<Hdu>,
    /// Only this plane of a cube, from 0
    #[arg(long)]
    plane: Option<usize>,
    /// The file to write (.npy)
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    overwrite: Overwrite,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Pixels {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let file = super::picture::included(&self.file)?;
        let image = FitsFile::open(&file)?.image(self.hdu.as_ref())?;
        self.overwrite.file("--out", &self.out, &[&file])?;
        let pixels = match self.plane {
            Some(plane) => image.plane::<f64>(plane)?.into_dyn(),
            None => image.pixels()?,
        };
        write_npy(&self.out, &pixels)?;
        let undefined = pixels.iter().filter(|it| it.is_nan()).count();
        let figures = json!({
            "shape": pixels.shape(), "undefined": undefined, "hdu": image.hdu(),
            "name": image.name(), "out": self.out,
        });
        report(self.json, &figures, || {
            let shape: Vec<String> = pixels.shape().iter().map(usize::to_string).collect();
            let (shape, out) = (shape.join(" x "), self.out.display());
            Ok(format!("{shape} pixels, {undefined} of them undefined, in {out}"))
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Writes an array in numpy's format, version 1.0.
fn write_npy(path: &Path, array: &ndarray::ArrayD<f64>) -> Result<()> {
    let sizes: String = array.shape().iter().map(|length| format!("{length}, ")).collect();
    let about =
        format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({}), }}", sizes.trim_end());
    // The magic, the version and the length of the header take 10 bytes.
    let length = (10 + about.len() + 1).next_multiple_of(64) - 10;
    let about = format!("{about:<width$}\n", width = length - 1);
    zoobot_core::files::write_whole(path, |file| {
        let mut out = BufWriter::new(file);
        let mut write = |bytes: &[u8]| out.write_all(bytes).map_err(Error::io("write", path));
        write(b"\x93NUMPY\x01\x00")?;
        write(&(length as u16).to_le_bytes())?;
        write(about.as_bytes())?;
        array.iter().try_for_each(|value| write(&value.to_le_bytes()))?;
        out.flush().map_err(Error::io("write", path))
    })
}
