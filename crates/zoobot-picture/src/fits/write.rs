//! Writes planes of flux as a FITS image.

use super::header::{BLOCK, Header};
use super::read::FitsImage;
use super::region::PixelRegion;
use ndarray::Array2;
use std::io::{BufWriter, Write};
use std::path::Path;
use zoobot_base::error::{Error, Result};
use zoobot_base::files::write_whole;

/// Writes planes of flux in single precision, with the coordinates of the image that they were cut out of.
/// Planes come with row 0 at the bottom. Undefined pixels are NaN.
///
/// # Errors
/// [`Error::Shape`] for no planes or planes of different sizes; [`Error::Io`] when the file cannot be written.
#[doc(hidden)]
pub fn write_fits(
    path: impl AsRef<Path>,
    planes: &[Array2<f32>],
    of: Option<(&FitsImage, PixelRegion)>,
) -> Result<()> {
    let Some((rows, columns)) = planes.first().map(Array2::dim) else {
        return Err(Error::shape("a FITS image needs a plane (0 planes)", "Give at least one"));
    };
    if planes.iter().any(|plane| plane.dim() != (rows, columns)) {
        let sizes: Vec<_> = planes.iter().map(Array2::dim).collect();
        let problem = format!("the planes have the sizes {sizes:?} (rows, columns)");
        return Err(Error::shape(problem, "Give planes of equal size"));
    }
    let mut axes = vec![columns, rows];
    if planes.len() > 1 {
        axes.push(planes.len());
    }
    let mut cards = vec![
        "SIMPLE  =                    T / conforms to FITS standard 4.0".to_owned(),
        "BITPIX  =                  -32 / single precision".to_owned(),
        format!("NAXIS   = {:>20}", axes.len()),
    ];
    for (i, length) in (1..).zip(&axes) {
        cards.push(format!("{:<8}= {length:>20}", format!("NAXIS{i}")));
    }
    if let Some((image, region)) = of {
        cards.extend(kept(image.header(), region));
    }
    cards.push("END".to_owned());
    let mut bytes: Vec<u8> =
        cards.iter().flat_map(|card| format!("{card:<80.80}").into_bytes()).collect();
    let block = BLOCK as usize;
    bytes.resize(bytes.len().next_multiple_of(block), b' ');
    for plane in planes {
        bytes.extend(plane.iter().flat_map(|value| value.to_be_bytes()));
    }
    bytes.resize(bytes.len().next_multiple_of(block), 0);
    let path = path.as_ref();
    write_whole(path, |file| {
        let mut out = BufWriter::new(file);
        out.write_all(&bytes).and_then(|()| out.flush()).map_err(Error::io("write", path))
    })
}

/// The cards that a cut-out keeps: coordinates, with the reference pixel moved, units and bands.
fn kept(header: &Header, region: PixelRegion) -> Vec<String> {
    let begins = [
        "CTYPE", "CUNIT", "CRVAL", "CDELT", "CROTA", "CD1_", "CD2_", "PC1_", "PC2_", "A_", "B_",
        "AP_", "BP_", "BAND",
    ];
    let whole = [
        "RADESYS", "EQUINOX", "LONPOLE", "LATPOLE", "BUNIT", "OBJECT", "FILTER", "SURVEY",
        "MAGZERO",
    ];
    let mut cards = Vec::new();
    for (key, value) in header.cards() {
        if !value.is_ascii() {
            continue;
        }
        if key.starts_with("CRPIX") {
            let first = match key.as_str() {
                "CRPIX1" => region.x,
                "CRPIX2" => region.y,
                _ => continue,
            };
            if let Some(place) = header.number(key) {
                cards.push(format!("{key:<8}= {:>20}", place - first as f64));
            }
        } else if whole.contains(&key.as_str()) || begins.iter().any(|start| key.starts_with(start))
        {
            // Axes beyond the second are planes without coordinates.
            if !(key.len() == 6 && key.starts_with('C') && !key.ends_with(['1', '2'])) {
                cards.push(format!("{key:<8}= {value}"));
            }
        }
    }
    cards
}
