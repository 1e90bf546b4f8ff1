//! Simulated volunteers: votes for simulated galaxies, like the votes of Galaxy Zoo volunteers for
//! real galaxies.
//!
//! The path of a vote: [`Appearance`] (the visible features of a galaxy in its picture) → `questions` (the
//! probability of each answer to each question) → [`Volunteers`] (a number of people, each with a skill, walk
//! the decision tree) → `record` (the columns and files of a survey).

mod appearance;
mod crowd;
mod evidence;
mod oddities;
mod questions;
mod record;
#[cfg(test)]
mod tests;

pub use appearance::Appearance;
pub(super) use crowd::stream;
pub use crowd::{Crowd, Volunteers};
pub use evidence::View;
pub(super) use questions::yes;
pub(super) use record::Labels;
