//! The format JPEG.

use super::{PictureFormat, Reader};
use crate::decode::decoded;
use image::{ImageFormat, RgbImage};

pub(super) const JPEG: PictureFormat = PictureFormat {
    name: "JPEG",
    endings: &[".jpg", ".jpeg"],
    packed: &[],
    begins: |bytes| bytes.starts_with(b"\xff\xd8\xff"),
    reader: Reader::Picture(jpeg),
};

fn jpeg(bytes: &[u8]) -> Result<RgbImage, String> {
    if !is_whole(bytes) {
        return Err("the JPEG is cut off before its end".to_owned());
    }
    decoded(bytes, ImageFormat::Jpeg)
}

/// Whether a JPEG is complete: follows its segments to the end marker.
///
/// Decoders silently fill the missing part of a truncated file with grey, which a network would take
/// for part of the galaxy.
fn is_whole(bytes: &[u8]) -> bool {
    const END: u8 = 0xd9;
    const SCAN: u8 = 0xda;
    let mut at = 2;
    while let Some(pair) = bytes.get(at..at + 2) {
        if pair[0] != 0xff {
            return false;
        }
        match pair[1] {
            END => return true,
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            marker => {
                let Some(length) = bytes.get(at + 2..at + 4) else { return false };
                at += 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
                if marker == SCAN {
                    match end_of_scan(bytes, at) {
                        Some(end) => at = end,
                        None => return false,
                    }
                }
            }
        }
    }
    false
}

/// Where the entropy-coded bytes that begin at `start` end: at a marker that is neither an escaped 0xff
/// nor a restart.
fn end_of_scan(bytes: &[u8], start: usize) -> Option<usize> {
    let scan = bytes.get(start..)?;
    let is_marker = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0xd0..=0xd7 | 0xff);
    scan.windows(2).position(is_marker).map(|at| start + at)
}
