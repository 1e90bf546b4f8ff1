//! The Zooniverse: classification exports become votes, and galaxies become a subject set.

mod cells;
mod csv;
mod export;
mod mapping;
mod read;
mod result;
mod tasks;

pub use export::{Duplicates, ZooniverseExport};
pub use mapping::TaskMapping;
pub(crate) use mapping::words;
pub use result::ZooniverseImport;

#[cfg(test)]
mod tests;
