//! Simulated volunteers: votes for simulated galaxies, like the votes of Galaxy Zoo volunteers for
//! real galaxies.
//!
//! The path of a vote: [`Appearance`] (what can be seen of a morphology through a telescope) →
//! `questions` (how likely each answer to each question is) → [`Volunteers`] (a number of people,
//! each with a skill, walk the decision tree) → `record` (the columns and files of a survey).

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
