//! Part of the stand-in for rust-analyzer: see `ra_ap_ide`.

pub use ra_ap_ide::hir::*;
