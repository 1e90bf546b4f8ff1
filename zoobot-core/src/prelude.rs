//! What a notebook cell needs: `use zoobot::prelude::*;`.

pub use crate::error::{Error, Result};
pub use crate::notebook::{Show, display};
pub use crate::{ndarray, plotters, polars, tch};
