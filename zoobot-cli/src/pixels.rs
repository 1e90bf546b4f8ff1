//! `zoobot pixels`.

use crate::output::Overwrite;
use crate::report;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use zoobot_core::Result;
use zoobot_core::picture::{FitsFile, Hdu, write_npy};

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
        let file = super::field::image(&self.file)?;
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
