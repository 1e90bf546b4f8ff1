//! `zoobot picture`.

use crate::field;
use crate::output::Overwrite;
use crate::report;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zoobot_core::picture::{Bands, Hdu, Marks, Stretch, save_picture};
use zoobot_core::{Error, Result};

/// Make a picture of the flux in FITS files.
///
/// One band is grey. Of three, the first is blue and the last red, as in files that go from short to long
/// wavelengths; --rgb chooses others. Bands of another scale are resampled.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot picture --fits sample_field --bands g,r,z --stretch legacy --out field.png
  zoobot picture --fits sample_field --bands r --stretch zscale --out r.png
  zoobot picture --fits sample_field --rgb z,r,g --stretch lupton:0.5:8 --scale-bar 10 --compass --out marked.png")]
pub struct Picturing {
    /// The FITS files: one with all bands, or one for each band; sample_field is included
    #[arg(long, required = true, num_args = 1..)]
    fits: Vec<PathBuf>,
    /// The part of the files: its number, from 0, or its name (default: the first with an image)
    #[arg(long)]
    hdu: Option<Hdu>,
    /// The bands, from short to long wavelengths: by the names in the header, or names for the planes in
    /// their order if the header has none
    #[arg(long, value_delimiter = ',', conflicts_with = "rgb")]
    bands: Vec<String>,
    /// The bands that become red, green and blue
    #[arg(long, value_delimiter = ',', value_name = "R,G,B")]
    rgb: Vec<String>,
    /// How flux becomes brightness: asinh[:Q], log[:A], sqrt, linear, zscale,
    /// lupton[:STRETCH[:Q[:MINIMUM]]] or legacy, which may be followed by limits and more, as in "asinh:10,
    /// percentiles 1 to 99.5, together, fill smooth"
    #[arg(long, default_value = "asinh")]
    stretch: Stretch,
    /// Draw a scale bar of this many arcseconds
    #[arg(long, value_name = "ARCSEC")]
    scale_bar: Option<f64>,
    /// Draw arrows to north and east
    #[arg(long)]
    compass: bool,
    /// The picture to write: .png or .jpg
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    overwrite: Overwrite,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Picturing {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let ending = self.out.extension().map(|it| it.to_string_lossy().to_lowercase());
        if !matches!(ending.as_deref(), Some("png" | "jpg" | "jpeg")) {
            let problem = format!("--out {} is not a picture", self.out.display());
            return Err(Error::unsuitable(problem, "Choose a name that ends in .png or .jpg"));
        }
        let files =
            self.fits.iter().map(|it| field::image(it)).collect::<Result<Vec<PathBuf>>>()?;
        let mut bands = Bands::read(&files, self.hdu.as_ref())?;
        bands = match &self.rgb[..] {
            [] if self.bands.is_empty() => bands,
            [] => bands.choose(&self.bands)?,
            [red, green, blue] => bands.rgb(red, green, blue)?,
            other => {
                return Err(Error::parameter("rgb", other.join(","), "three bands: R,G,B"));
            }
        };
        let mut picture = bands.picture(&self.stretch)?;
        let marks = Marks { bar: self.scale_bar, compass: self.compass };
        if marks != Marks::default() {
            let Some(wcs) = bands.wcs() else {
                let problem = "the image has no coordinates on the sky that can be read";
                return Err(Error::unsuitable(problem, "Leave --scale-bar and --compass out"));
            };
            let top = f64::from(picture.height()) - 1.0;
            marks.draw(&mut picture, wcs, (0.0, top), 1.0);
        }
        let read: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        self.overwrite.file("--out", &self.out, &read)?;
        save_picture(&picture, &self.out)?;
        let figures = json!({
            "width": picture.width(), "height": picture.height(), "bands": bands.names(),
            "stretch": self.stretch.to_string(), "out": self.out,
            "pixel_scale": bands.wcs().map(|wcs| wcs.pixel_scale()),
        });
        report(self.json, &figures, || {
            let (width, height) = picture.dimensions();
            Ok(format!("{width} x {height} pixels in {}", self.out.display()))
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
