//! What every part of the library rests on: errors, stopping, files, seeds, the processor, and what
//! counts as no value.

pub mod advice;
pub mod error;
pub mod files;
pub mod generator;
pub mod home;
pub mod interrupt;
pub mod memory;
pub mod missing;
pub mod moments;
pub mod processor;
pub mod seed;
pub mod simd;
pub mod special;
pub mod spelling;

pub use error::{Error, Result};
