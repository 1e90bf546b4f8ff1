//! Recognises the format of a file by its first bytes, not by its name.

use super::wrong;
use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use zoobot_base::error::{Error, Result};
use zoobot_picture::PictureFormat;

/// The number of bytes that are enough to recognise a format.
const HEAD: u64 = 1 << 14;

/// The file formats that tables can be read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Parquet,
    Fits,
    VoTable,
}

/// A file's bytes, decompressed if the file was compressed with gzip or bzip2.
pub enum Bytes {
    /// An uncompressed regular file, of which only the start has been read.
    File { head: Vec<u8> },
    /// The full contents of a compressed file or a pipe.
    Unpacked(Vec<u8>),
}

impl Bytes {
    /// Opens a file.
    pub fn of(path: &Path) -> Result<Self> {
        let mut file = File::open(path).map_err(Error::io("read", path))?;
        let is_plain = file.metadata().is_ok_and(|it| it.is_file());
        let mut head = Vec::new();
        file.by_ref().take(HEAD).read_to_end(&mut head).map_err(Error::io("read", path))?;
        let mut all = head.as_slice().chain(file);
        let mut bytes = Vec::new();
        let read = match head[..] {
            [0x1f, 0x8b, ..] => MultiGzDecoder::new(&mut all).read_to_end(&mut bytes),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => {
                MultiBzDecoder::new(&mut all).read_to_end(&mut bytes)
            }
            _ if is_plain => return Ok(Self::File { head }),
            // A pipe can be read only once.
            _ => all.read_to_end(&mut bytes),
        };
        read.map_err(|_| {
            let problem = "the compressed file is damaged, or was cut off";
            wrong(path, problem, "Copy or download it again")
        })?;
        Ok(Self::Unpacked(bytes))
    }

    fn head(&self) -> &[u8] {
        match self {
            Self::File { head } => head,
            Self::Unpacked(bytes) => &bytes[..bytes.len().min(HEAD as usize)],
        }
    }

    /// All bytes of the file.
    pub fn whole(self, path: &Path) -> Result<Vec<u8>> {
        match self {
            Self::File { .. } => std::fs::read(path).map_err(Error::io("read", path)),
            Self::Unpacked(bytes) => Ok(bytes),
        }
    }
}

/// The table format that begins with these bytes.
///
/// # Errors
/// [`Error::Catalog`] that names the actual format, and what to do.
pub fn kind(bytes: &Bytes, path: &Path) -> Result<Kind> {
    let head = bytes.head();
    if head.starts_with(b"PAR1") {
        return Ok(Kind::Parquet);
    }
    if head.starts_with(b"SIMPLE  =") {
        return Ok(Kind::Fits);
    }
    if let Some((what, hint)) = foreign(head) {
        return Err(wrong(path, format!("it is {what}, not a catalogue that can be read"), hint));
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if text.starts_with(b"<") {
        return markup(&String::from_utf8_lossy(text), path);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let expected = [
        (".parquet", "a Parquet table: it does not begin like one"),
        (".fits", "a FITS file: it does not begin with SIMPLE"),
        (".fit", "a FITS file: it does not begin with SIMPLE"),
    ];
    if let Some((_, what)) = expected.iter().find(|(ending, _)| name.ends_with(ending)) {
        return Err(wrong(path, format!("not {what}"), "Copy or download it again"));
    }
    let utf16 = head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]);
    if head.contains(&0) && !utf16 {
        let ascii = |byte: u8| byte.is_ascii() && byte != 0;
        let pairs = || head.chunks_exact(2);
        if pairs().all(|it| ascii(it[0]) && it[1] == 0)
            || pairs().all(|it| it[0] == 0 && ascii(it[1]))
        {
            let hint = "Save the table as UTF-8 (in a spreadsheet: \"CSV UTF-8\")";
            return Err(wrong(path, "it is UTF-16 text without a byte-order mark", hint));
        }
        let hint = "Catalogues are tables of text (such as .csv), .parquet, .fits or VOTable";
        return Err(wrong(path, "it is neither text nor a table of a known kind", hint));
    }
    Ok(Kind::Text)
}

/// Recognises a VOTable among XML and HTML texts.
fn markup(text: &str, path: &Path) -> Result<Kind> {
    if text.contains("<VOTABLE") || text.contains(":VOTABLE") {
        return Ok(Kind::VoTable);
    }
    let lower = text.to_lowercase();
    if lower.starts_with("<!doctype html") || lower.contains("<html") {
        let hint =
            "A download often ends in a page of the web site: open it in a browser to see why";
        return Err(wrong(path, "it is a web page, not a catalogue", hint));
    }
    let hint = "Save it as CSV, Parquet, FITS or VOTable";
    Err(wrong(path, "it is XML, but not a VOTable", hint))
}

/// The format of a file that is not a table, and what to do.
fn foreign(head: &[u8]) -> Option<(&'static str, &'static str)> {
    const PANDAS: &str = "Read it in Python and save the table with table.to_parquet(..)";
    const SHEET: &str = "Save the sheet as CSV (\"CSV UTF-8\")";
    const PICTURE: &str =
        "A catalogue is a table that names the pictures; give their folder to use all";
    const UNPACK: &str = "Unpack it first, or pack it with gzip";
    if PictureFormat::of_content(head).is_some() {
        return Some(("a picture", PICTURE));
    }
    let known: [(&[u8], &str, &str); 17] = [
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file", PANDAS),
        (b"\xd0\xcf\x11\xe0", "an Excel workbook", SHEET),
        (b"\x93NUMPY", "a numpy array", PANDAS),
        (b"ARROW1", "an Arrow (Feather) file", PANDAS),
        (b"ORC", "an ORC file", PANDAS),
        (b"PARE", "an encrypted Parquet file", "Save it without encryption"),
        (b"SQLite format 3", "a SQLite database", "Export the table as CSV"),
        (b"zoobotV1", "a file of vectors (`zoobot vectors`)", "Give the table of galaxies"),
        (b"\x28\xb5\x2f\xfd", "packed with zstd", UNPACK),
        (b"\xfd7zXZ", "packed with xz", UNPACK),
        (b"7z\xbc\xaf", "a 7z archive", UNPACK),
        (b"\x1f\x9d", "packed with compress", UNPACK),
        (b"GIF8", "a picture", PICTURE),
        (b"II*\0", "a picture", PICTURE),
        (b"MM\0*", "a picture", PICTURE),
        (b"%PDF", "a PDF document", "Export the table as CSV"),
        (
            b"version https://git-lfs",
            "a placeholder of Git LFS, without the file's contents",
            "Fetch the contents with `git lfs pull`",
        ),
    ];
    if let Some((_, what, hint)) = known.into_iter().find(|(start, ..)| head.starts_with(start)) {
        return Some((what, hint));
    }
    let holds = |text: &[u8]| head.windows(text.len()).any(|part| part == text);
    if head.starts_with(b"PK\x03\x04") {
        return Some(if holds(b"spreadsheet") {
            ("a LibreOffice spreadsheet", SHEET)
        } else if holds(b"[Content_Types]") || holds(b"xl/") {
            ("an Excel workbook", SHEET)
        } else if holds(b".npy") {
            ("a numpy archive", PANDAS)
        } else {
            ("a zip archive", "Unpack it first")
        });
    }
    // HDF5 may begin with a user block.
    let hdf5 = |at: usize| head.get(at..).is_some_and(|it| it.starts_with(b"\x89HDF\r\n\x1a\n"));
    if [512, 1024, 2048, 4096, 8192].into_iter().any(hdf5) {
        return Some(("an HDF5 file", PANDAS));
    }
    match head {
        [0x80, 2..=5, ..] => Some(("a Python pickle", PANDAS)),
        _ if json(head) => Some(("JSON", "Save the table as CSV or Parquet")),
        _ => None,
    }
}

/// Whether text begins like a JSON object or list.
fn json(head: &[u8]) -> bool {
    let text = head.trim_ascii_start();
    match text.first() {
        Some(b'{') => matches!(text[1..].trim_ascii_start().first(), Some(b'"' | b'}')),
        Some(b'[') => matches!(text[1..].trim_ascii_start().first(), Some(b'{' | b'[' | b']')),
        _ => false,
    }
}
