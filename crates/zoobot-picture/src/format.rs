//! The formats of picture files: one file for each, and one line in `FORMATS`.

mod fits;
mod jpeg;
mod png;

use image::RgbImage;
use ndarray::Array2;

/// The formats there are: one line for each.
static FORMATS: [PictureFormat; 3] = [jpeg::JPEG, png::PNG, fits::FITS];

/// A format of picture files.
///
/// Reading goes by the content of a file ([`of_content`](Self::of_content)), whatever its name. Only
/// where files are looked for, as in a folder, the name decides ([`of_name`](Self::of_name)).
///
/// ```
/// use zoobot_core::picture::PictureFormat;
/// let (format, id) = PictureFormat::of_name("M51.fits.gz").expect("FITS");
/// assert_eq!((format.name(), id), ("FITS", "M51"));
/// assert_eq!(PictureFormat::of_content(b"\xff\xd8\xff\xe0").expect("JPEG").name(), "JPEG");
/// ```
#[derive(Debug)]
pub struct PictureFormat {
    /// As people call it.
    name: &'static str,
    /// What names of its files end in, in small letters, the usual ending first.
    endings: &'static [&'static str],
    /// What may follow these endings in names of files that are looked for: a compression.
    packed: &'static [&'static str],
    /// Whether a file begins as one of this format.
    begins: fn(&[u8]) -> bool,
    reader: Reader,
}

/// One plane of flux, or red, green and blue.
type Planes = Vec<Array2<f32>>;

/// What reads the bytes of a file; fails with the reason.
#[derive(Debug, Clone, Copy)]
pub enum Reader {
    /// Of a picture.
    Picture(fn(&[u8]) -> Result<RgbImage, String>),
    /// Of flux.
    Flux(fn(Vec<u8>) -> Result<Planes, String>),
}

impl PictureFormat {
    /// Every format that is read.
    pub fn all() -> &'static [Self] {
        &FORMATS
    }

    /// What people call it: "JPEG".
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What the names of its files end in, in small letters and with the dot, the usual ending first.
    pub fn endings(&self) -> &'static [&'static str] {
        self.endings
    }

    /// Whether its pixels are flux, of which a [`Stretch`](crate::Stretch) makes a picture.
    pub fn is_flux(&self) -> bool {
        matches!(self.reader, Reader::Flux(_))
    }

    /// The format that the first bytes of a file show; `None` for what is not read.
    pub fn of_content(bytes: &[u8]) -> Option<&'static Self> {
        FORMATS.iter().find(|format| (format.begins)(bytes))
    }

    /// The format that a file's name promises, in small or capital letters, and the name without its
    /// ending; `None` for another ending.
    pub fn of_name(name: &str) -> Option<(&'static Self, &str)> {
        // Of the same length, whatever else the name holds.
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

    /// What reads it.
    pub(super) fn reader(&self) -> Reader {
        self.reader
    }

    /// The names of all formats: "JPEG, PNG and FITS".
    #[doc(hidden)]
    pub fn names() -> String {
        list(FORMATS.iter().map(|format| format.name.to_owned()).collect(), "and")
    }

    /// The usual endings of all formats, for people who look for pictures in a folder.
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

/// "a, b and c".
fn list(mut words: Vec<String>, last_word: &str) -> String {
    match words.pop() {
        Some(last) if words.is_empty() => last,
        Some(last) => format!("{} {last_word} {last}", words.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests;
