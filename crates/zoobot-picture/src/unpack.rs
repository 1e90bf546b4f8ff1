//! Decompression of files that are compressed as a whole with gzip or bzip2, whatever their names.

use std::borrow::Cow;
use std::io::{self, Read};

/// The maximum number of bytes to unpack: three planes of 64 million numbers of 8 bytes, and headers.
const MOST_BYTES: u64 = 2 << 30;

/// Whether a file that begins with these bytes is compressed as a whole.
pub(super) fn is_packed(bytes: &[u8]) -> bool {
    let kinds: [&[u8]; 6] = [
        &[0x1f, 0x8b],
        b"BZh",
        &[0x1f, 0x9d],
        b"\xfd7zXZ\0",
        &[0x28, 0xb5, 0x2f, 0xfd],
        b"PK\x03\x04",
    ];
    kinds.iter().any(|kind| bytes.starts_with(kind))
}

/// The content of a file, unpacked if it is compressed. Fails with the reason.
pub(super) fn unpacked(bytes: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    match bytes {
        [0x1f, 0x8b, ..] => streams("gzip", bytes, &[0x1f, 0x8b], |rest, out| {
            let mut stream = flate2::bufread::GzDecoder::new(rest);
            read(&mut stream, out).map(|()| stream.into_inner())
        }),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => streams("bzip2", bytes, b"BZh", |rest, out| {
            let mut stream = bzip2::bufread::BzDecoder::new(rest);
            read(&mut stream, out).map(|()| stream.into_inner())
        }),
        [0x1f, 0x9d, ..] => Err(other("compress (.Z)")),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Err(other("xz")),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Err(other("Zstandard")),
        [b'P', b'K', 3, 4, ..] => Err(other("zip")),
        _ => Ok(Cow::Borrowed(bytes)),
    }
}

fn other(method: &str) -> String {
    format!("the file is compressed with {method}: unpack it, or compress it with gzip or bzip2")
}

/// Unpacks one stream after the other, because compressed files may be concatenated. Trailing bytes that
/// are not a stream are ignored, as by the tools gzip and bzip2.
fn streams<'a>(
    method: &str,
    mut rest: &'a [u8],
    magic: &[u8],
    unpack: impl Fn(&'a [u8], &mut Vec<u8>) -> io::Result<&'a [u8]>,
) -> Result<Cow<'a, [u8]>, String> {
    let mut out = Vec::new();
    while rest.starts_with(magic) {
        rest = unpack(rest, &mut out).map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge => {
                format!("the {method} file holds more than {} GB", MOST_BYTES >> 30)
            }
            io::ErrorKind::UnexpectedEof => format!("the {method} file is cut off before its end"),
            _ => format!("damaged {method} file"),
        })?;
    }
    Ok(Cow::Owned(out))
}

fn read(stream: &mut impl Read, out: &mut Vec<u8>) -> io::Result<()> {
    stream.take(MOST_BYTES - out.len() as u64).read_to_end(out)?;
    match out.len() as u64 == MOST_BYTES {
        true => Err(io::ErrorKind::FileTooLarge.into()),
        false => Ok(()),
    }
}
