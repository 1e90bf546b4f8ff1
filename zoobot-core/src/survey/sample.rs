//! The sample survey.
use std::path::{Path,PathBuf};
use crate::error::Result;
/// x
pub fn sample_folder() -> Result<PathBuf> { todo!() }
/// x
pub fn write_sample(_p:&Path) -> Result<()> { todo!() }
