//! `zoobot cutouts`.

use crate::field;
use crate::output::Overwrite;
use crate::report;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use zoobot_core::picture::{CutoutFormat, Cutouts, FitsFile, Hdu, Stretch};
use zoobot_core::{Error, Result};

/// Cut galaxies out of a large FITS image by right ascension and declination.
///
/// Only the parts of the image that are needed are read, also from compressed tiles. Beyond the edge of the
/// image pixels are undefined (NaN). OUT gets a file for each galaxy and a catalog.csv; galaxies that are not
/// on the image are counted and named.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot cutouts --image sample_field --catalog sample_field --size 64 --out cut
  zoobot cutouts --image sample_field --catalog sample_field --size 64 --stretch legacy --out pictures
  zoobot encode cut --stretch legacy --out cut.parquet")]
pub struct Cutting {
    /// The FITS image, with coordinates on the sky (TAN or TAN-SIP); sample_field is included
    #[arg(long)]
    image: PathBuf,
    /// The galaxies: a table with id_str and positions, such as ra and dec, in degrees or sexagesimal
    #[arg(long)]
    catalog: PathBuf,
    /// Width and height of a cut-out in pixels
    #[arg(long)]
    size: usize,
    /// The part of the file: its number, from 0, or its name (default: the first with an image)
    #[arg(long)]
    hdu: Option<Hdu>,
    /// Only this plane of a cube, from 0 (default: all planes)
    #[arg(long)]
    plane: Option<usize>,
    /// Write PNG pictures with this stretch, such as legacy or "asinh:10, percentiles 1 to 99.5" (default:
    /// write FITS files)
    #[arg(long)]
    stretch: Option<Stretch>,
    /// The folder to write into
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    overwrite: Overwrite,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Cutting {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let image = FitsFile::open(field::image(&self.image)?)?.image(self.hdu.as_ref())?;
        let catalog = field::table(&self.catalog)?;
        let format = match &self.stretch {
            Some(stretch) => CutoutFormat::Png(stretch.clone()),
            None => CutoutFormat::Fits,
        };
        let cutouts = Cutouts::new(&image, self.size)?.format(format).plane(self.plane);
        self.overwrite.folder("--out", &self.out, "catalog.csv", |_| false)?;
        let inside = |it: &PathBuf| it.canonicalize().ok();
        if inside(&catalog).is_some_and(|it| Some(it) == inside(&self.out.join("catalog.csv"))) {
            let problem = format!("--out {} holds the catalogue that is read", self.out.display());
            return Err(Error::unsuitable(problem, "Choose another folder"));
        }
        let written = cutouts.write(&catalog, &self.out)?;
        for failed in written.failed.iter() {
            eprintln!("{}: {}", failed.id_str, failed.reason);
        }
        let figures = json!({
            "written": written.catalog.len(), "outside": written.outside,
            "partly_outside": written.partly, "without_position": written.unknown,
            "failed": written.failed.len(), "size": self.size, "out": self.out,
        });
        report(self.json, &figures, || {
            let (count, out) = (written.catalog.len(), self.out.display());
            let mut text = format!("{count} cut-outs of {0} x {0} pixels in {out}", self.size);
            for (names, what) in
                [(&written.outside, "not on the image"), (&written.unknown, "without a position")]
            {
                if !names.is_empty() {
                    text += &format!("\n{} {what}: {}", names.len(), some(names));
                }
            }
            if written.partly > 0 {
                text += &format!("\n{} reach beyond the edge of the image", written.partly);
            }
            Ok(text)
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The first names of a list.
fn some(names: &[String]) -> String {
    let first: Vec<&str> = names.iter().take(10).map(String::as_str).collect();
    let more = if names.len() > first.len() { ", ..." } else { "" };
    format!("{}{more}", first.join(", "))
}
