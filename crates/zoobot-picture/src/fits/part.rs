//! The parts (HDUs) of a FITS file, read one after the other.

use super::BEGINNING;
use super::header::{BLOCK, Header};
use super::source::Source;

/// A part of a file: a header, and where its data are.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// Its number, counted from 0.
    pub number: usize,
    pub header: Header,
    /// Where the data begin.
    pub start: u64,
    /// The number of bytes of the data.
    pub length: u64,
}

impl Part {
    /// The first part of a file.
    pub fn first(source: &Source) -> Result<Self, String> {
        let length = source.len().min(BEGINNING.len() as u64) as usize;
        if *source.read(0, length)? != *BEGINNING {
            return Err("it is not a FITS file".to_owned());
        }
        Self::at(source, 0, 0)
    }

    /// The part after this one, if there is one.
    pub fn next(&self, source: &Source) -> Result<Option<Self>, String> {
        let place =
            self.length.checked_next_multiple_of(BLOCK).and_then(|it| it.checked_add(self.start));
        let Some(place) = place.filter(|place| place.saturating_add(BLOCK) <= source.len()) else {
            return Ok(None);
        };
        // Some programs leave other bytes at the end of a file.
        match &*source.read(place, 8)? {
            b"XTENSION" => Self::at(source, place, self.number + 1).map(Some),
            _ => Ok(None),
        }
    }

    fn at(source: &Source, place: u64, number: usize) -> Result<Self, String> {
        let (header, start) = Header::read(source, place)?;
        let length = size(&header)?;
        Ok(Self { number, header, start, length })
    }

    /// The name of the part, from `EXTNAME`.
    pub fn name(&self) -> Option<String> {
        self.header.text("EXTNAME").filter(|name| !name.is_empty())
    }

    /// The kind of the part: "IMAGE", "BINTABLE", "TABLE".
    pub fn kind(&self) -> String {
        self.header.text("XTENSION").unwrap_or_else(|| "IMAGE".to_owned())
    }

    /// Whether it is an image in compressed tiles.
    pub fn is_tiled(&self) -> bool {
        self.header.truth("ZIMAGE") && self.kind() == "BINTABLE"
    }

    /// The lengths of the image's axes, the fastest first; none if it is no image.
    pub fn axes(&self) -> Result<Vec<usize>, String> {
        match (self.is_tiled(), self.kind().as_str()) {
            (true, _) => axes(&self.header, "ZNAXIS"),
            (false, "IMAGE") if !self.header.truth("GROUPS") => axes(&self.header, "NAXIS"),
            _ => Ok(Vec::new()),
        }
    }

    /// Fails if the file ends before the data.
    pub fn check_length(&self, source: &Source) -> Result<(), String> {
        if self.start.saturating_add(self.length) <= source.len() {
            return Ok(());
        }
        let (there, bytes) = (source.len().saturating_sub(self.start), self.length);
        Err(format!("the FITS file is cut off: it holds {there} of the {bytes} bytes of the image"))
    }
}

/// The lengths in cards such as `NAXIS1`.
fn axes(header: &Header, key: &str) -> Result<Vec<usize>, String> {
    let wrong = |key: &str, value: Option<i64>| {
        let value = value.map_or("absent".to_owned(), |value| value.to_string());
        format!("damaged FITS file: {key} is {value}")
    };
    let count = header.whole(key);
    let some = count.filter(|count| (0..=999).contains(count)).ok_or_else(|| wrong(key, count))?;
    let axis = |i: i64| {
        let key = format!("{key}{i}");
        let length = header.whole(&key);
        length.and_then(|it| usize::try_from(it).ok()).ok_or_else(|| wrong(&key, length))
    };
    (1..=some).map(axis).collect()
}

/// The number of bytes of the data (FITS standard 4.0, section 4.4.1.2).
fn size(header: &Header) -> Result<u64, String> {
    let bits = header.whole("BITPIX");
    if !matches!(bits, Some(8 | 16 | 32 | 64 | -32 | -64)) {
        let bits = bits.map_or("absent".to_owned(), |bits| bits.to_string());
        return Err(format!("damaged FITS file: BITPIX is {bits}"));
    }
    let each = bits.unwrap_or(8).unsigned_abs() / 8;
    let axes = axes(header, "NAXIS")?;
    let values = match (&axes[..], header.truth("GROUPS")) {
        ([], _) => 0,
        ([0, rest @ ..], true) => product(rest),
        (all, _) => product(all),
    };
    let card = |key: &str, default: i64| match header.whole(key).unwrap_or(default) {
        value @ 0.. => Ok(value as u64),
        value => Err(format!("damaged FITS file: {key} is {value}")),
    };
    let (more, groups) = (card("PCOUNT", 0)?, card("GCOUNT", 1)?);
    let all = values.saturating_add(more).saturating_mul(each).saturating_mul(groups);
    Ok(all.min(i64::MAX as u64))
}

/// The product of lengths, at most the largest number.
pub(super) fn product(axes: &[usize]) -> u64 {
    axes.iter().fold(1, |all: u64, axis| all.saturating_mul(*axis as u64))
}
