//! Galaxy morphology with deep representations.
//!
//! Data flows one way, and each module uses only what is above it:
//! [`catalog`] → [`schema`] → [`picture`] → [`survey`] → [`encoder`] → [`train`] → [`model`] →
//! [`predict`] → [`metrics`] → [`space`] → [`similar`], [`map`], [`tags`], [`anomaly`], [`probe`],
//! [`finetune`], [`experiment`], [`judge`] → tables and figures.
//! [`notebook`] and [`figure`] show things; nothing is
//! computed there.
//!
//! A notebook starts with `use zoobot::prelude::*;`.

// cfitsio and the bzip2 crate both define `bz_internal_error`. Loaded first, the crate is linked last,
// and the linker leaves its own out because it has cfitsio's by then.
extern crate bzip2 as _;

pub mod advice;
pub mod anomaly;
pub mod catalog;
pub mod encoder;
pub mod error;
pub mod experiment;
pub mod figure;
mod files;
pub mod finetune;
mod generator;
#[cfg(test)]
mod golden;
pub mod interrupt;
pub mod judge;
pub mod map;
mod memory;
pub mod metrics;
pub mod model;
pub mod notebook;
pub mod notes;
pub mod picture;
pub mod predict;
pub mod prelude;
pub mod probe;
pub mod processor;
pub mod schema;
pub mod similar;
pub mod space;
mod special;
mod spelling;
pub mod survey;
pub mod tags;
pub mod train;

pub use error::{Error, Result};
pub use {image, ndarray, plotters, polars, rand, rand_distr, tch};
