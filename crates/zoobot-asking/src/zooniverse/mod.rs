//! The Zooniverse: classification exports become votes, and galaxies become a subject set.

mod cells;
mod columns;
mod csv;
mod export;
mod mapping;
mod read;
mod result;
mod subjects;
mod tasks;
mod workflow;

pub use export::{Duplicates, ZooniverseExport};
pub use mapping::TaskMapping;
pub(crate) use mapping::{without_campaign, words};
pub use result::ZooniverseImport;
pub use subjects::{SubjectSet, WrittenSubjects};

#[cfg(test)]
mod tests;
