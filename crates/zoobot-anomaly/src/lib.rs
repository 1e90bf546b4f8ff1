//! The search for anomalies that interest one researcher: from a few ratings, a Gaussian process
//! learns which galaxies to show next (Walmsley et al. 2022, MNRAS 513, 1581, task 2).
//!
//! [`AnomalySearch`] is the entry point for notebooks.

mod acquisition;
mod browser;
pub mod gp;
mod here;
pub mod journal;
mod notes;
mod proposal;
mod ranking;
mod ratings;
mod record;
mod search;
mod show;
mod simulated;

pub use acquisition::{Acquisition, Chosen};
pub use browser::RatingPage;
pub use proposal::{Proposal, Why};
pub use ranking::Ranking;
pub use ratings::Rating;
pub use search::AnomalySearch;
pub use simulated::{Figures, Outcome, Round, Truth};
