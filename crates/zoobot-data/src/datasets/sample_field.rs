//! The sample field: a simulated image of the sky in three bands, bundled with the library.

use super::sample::unpacked;
use std::path::PathBuf;
use zoobot_base::error::Result;

/// `data/sample_field.zip`: `field.fits.fz` and `catalog.csv`.
// A constant would go into the metadata that every cell is compiled against.
static SAMPLE_FIELD: &[u8] = include_bytes!("../../../../data/sample_field.zip");

/// The folder of the sample field: `field.fits.fz`, a simulated image of 320 x 320 pixels in g, r and z with
/// coordinates on the sky, in compressed tiles, and `catalog.csv`, 26 positions of galaxies, two of which are not
/// on the image. Unpacked on first use, as [`sample_folder`](super::sample_folder) is.
///
/// ```
/// use zoobot_core::picture::FitsFile;
/// let field = zoobot_core::survey::sample_field_folder()?.join("field.fits.fz");
/// let image = FitsFile::open(field)?.image(None)?;
/// assert_eq!(image.shape(), [3, 320, 320]);
/// assert!((image.wcs()?.pixel_scale() - 0.262).abs() < 1e-6);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Io`](zoobot_base::Error::Io) when no folder for it is writable.
pub fn sample_field_folder() -> Result<PathBuf> {
    unpacked("sample_field", SAMPLE_FIELD)
}
