//! The format FITS, which holds flux.

use super::{PictureFormat, Reader};
use crate::fits::{BEGINNING, flux};

pub(super) const FITS: PictureFormat = PictureFormat {
    name: "FITS",
    endings: &[".fits", ".fit", ".fts"],
    packed: &[".fz", ".gz", ".bz2"],
    begins: |bytes| bytes.starts_with(BEGINNING),
    reader: Reader::Flux(flux),
};
