//! How the tiles of a compressed image are compressed (FITS standard 4.0, section 10.4).
//!
//! Files come from anywhere, so each reads only what is there, and checks sizes before it takes memory.

pub(super) mod gzip;
pub(super) mod hcompress;
pub(super) mod plio;
pub(super) mod rice;
