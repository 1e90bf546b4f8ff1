//! The formats of picture files: one file for each, and one line in `FORMATS`.

mod fits;
mod jpeg;
mod png;

use image::RgbImage;
use ndarray::Array2;

/// All formats, one line each.
static FORMATS: [PictureFormat; 3] = [jpeg::JPEG, png::PNG, fits::FITS];

/// A format of picture files.
///
/// Reading recognises the format by the file's content ([`of_content`](Self::of_content)), whatever its
/// name. The name decides only when files are searched for, as in a folder ([`of_name`](Self::of_name)).
///
/// ```
/// use zoobot_core::picture::PictureFormat;
/// let (format, id) = PictureFormat::of_name("M51.fits.gz").expect("FITS");
/// assert_eq!((format.name(), id), ("FITS", "M51"));
/// assert_eq!(PictureFormat::of_content(b"\xff\xd8\xff\xe0").expect("JPEG").name(), "JPEG");
/// ```
#[derive(Debug)]
pub struct PictureFormat {
    /// The usual name.
    name: &'static str,
    /// The file name endings in lower case, the usual ending first.
    endings: &'static [&'static str],
    /// The endings of compressed files, which may follow `endings` when files are searched for.
    packed: &'static [&'static str],
    /// Whether a file begins as this format requires.
    begins: fn(&[u8]) -> bool,
    reader: Reader,
}

/// One plane of flux, or red, green and blue.
type Planes = Vec<Array2<f32>>;

/// The function that reads the bytes of a file; it fails with the reason.
#[derive(Debug, Clone, Copy)]
pub enum Reader {
    /// Reads a picture.
    Picture(fn(&[u8]) -> Result<RgbImage, String>),
    /// Reads flux.
    Flux(fn(Vec<u8>) -> Result<Planes, String>),
}

impl PictureFormat {
    /// Every format that can be read.
    pub fn all() -> &'static [Self] {
        &FORMATS
    }

    /// The usual name, such as "JPEG".
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The file name endings in lower case and with the dot, the usual ending first.
    pub fn endings(&self) -> &'static [&'static str] {
        self.endings
    }

    /// Whether its pixels are flux, which a [`Stretch`](crate::Stretch) turns into a picture.
    pub fn is_flux(&self) -> bool {
        matches!(self.reader, Reader::Flux(_))
    }

    /// The format of a file, from its first bytes; `None` for a format that cannot be read.
    pub fn of_content(bytes: &[u8]) -> Option<&'static Self> {
        FORMATS.iter().find(|format| (format.begins)(bytes))
    }

    /// The format of a file, from the ending of its name in any case, and the name without the ending;
    /// `None` for an unknown ending.
    pub fn of_name(name: &str) -> Option<(&'static Self, &str)> {
        // ASCII lower case keeps the length in bytes, whatever else the name contains.
        let lower = name.to_ascii_lowercase();
        let length = |format: &Self| {
            let packings = std::iter::once(&"").chain(format.packed);
            let cut = packings.filter_map(|packed| {
                let plain = lower.strip_suffix(packed)?;
                let ending = format.endings.iter().filter(|ending| plain.ends_with(**ending));
                ending.map(|ending| ending.len() + packed.len()).max()
            });
            cut.max()
        };
        let found = FORMATS.iter().filter_map(|format| Some((length(format)?, format)));
        let (ending, format) = found.max_by_key(|(length, _)| *length)?;
        Some((format, name.get(..name.len() - ending)?))
    }

    /// The function that reads this format.
    pub(super) fn reader(&self) -> Reader {
        self.reader
    }

    /// The names of all formats as text: "JPEG, PNG and FITS".
    #[doc(hidden)]
    pub fn names() -> String {
        list(FORMATS.iter().map(|format| format.name.to_owned()).collect(), "and")
    }

    /// The endings of all formats as text, for messages about pictures in a folder.
    #[doc(hidden)]
    pub fn usual_endings() -> String {
        let endings = FORMATS.iter().flat_map(|format| format.endings).map(|&it| it.to_owned());
        let packed: Vec<String> = FORMATS
            .iter()
            .flat_map(|format| format.packed.iter().map(|it| format!("{}{it}", format.endings[0])))
            .collect();
        let endings = list(endings.collect(), "or");
        if packed.is_empty() {
            endings
        } else {
            format!("{endings} (also {})", list(packed, "and"))
        }
    }
}

/// Joins words as in "a, b and c".
fn list(mut words: Vec<String>, last_word: &str) -> String {
    match words.pop() {
        Some(last) if words.is_empty() => last,
        Some(last) => format!("{} {last_word} {last}", words.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests;
