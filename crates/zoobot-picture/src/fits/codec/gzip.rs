//! `GZIP_1` and `GZIP_2`: tiles compressed with gzip, the second sorted by the significance of bytes (FITS standard
//! 4.0, section 10.4.2).

use std::io::Read;

/// Whether gzip can pack this many bytes into so few: it packs at most 1032 into one.
pub fn packs(length: usize, bytes: usize) -> bool {
    bytes as u64 <= 1040 * (length as u64 + 1)
}

/// Unpacks one gzip stream of at most `most` bytes.
pub fn unpack(packed: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let stream = flate2::bufread::GzDecoder::new(packed);
    stream.take(most as u64 + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() <= most).then_some(bytes)
}

/// Joins bytes that were sorted by their significance.
pub fn unshuffled(bytes: &[u8], count: usize) -> Vec<u8> {
    let each = bytes.len() / count.max(1);
    let byte = |i: usize| bytes[(i % each) * count + i / each];
    (0..each * count).map(byte).collect()
}
