//! The foundation of the library: errors, interruption, files, seeds, the processor, and missing values.

pub mod advice;
pub mod error;
pub mod files;
pub mod generator;
pub mod home;
pub mod interrupt;
#[doc(hidden)]
pub mod lines;
pub mod memory;
#[doc(hidden)]
pub mod minimise;
pub mod missing;
pub mod moments;
pub mod processor;
pub mod seed;
pub mod simd;
pub mod special;
pub mod spelling;
pub mod table;

pub use error::{Error, Result};
