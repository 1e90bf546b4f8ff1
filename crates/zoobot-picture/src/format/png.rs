//! The format PNG.

use super::{PictureFormat, Reader};
use crate::decode::decoded;
use image::ImageFormat;

pub(super) const PNG: PictureFormat = PictureFormat {
    name: "PNG",
    endings: &[".png"],
    packed: &[],
    begins: |bytes| bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
    reader: Reader::Picture(|bytes| decoded(bytes, ImageFormat::Png)),
};
