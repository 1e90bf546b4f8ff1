//! Active learning: which galaxies volunteers should classify next, and what that saves.
//!
//! [`ActiveLearning`] runs the loop of Walmsley et al. 2020 (MNRAS 491, 1554) on frozen features: fit an ensemble
//! of heads ([`VoteHeads`]), value the pool ([`VoteAcquisition`]), choose a batch ([`BatchChoice`]), ask an
//! [`Oracle`], and fit again. Galaxies that are drawn with known probabilities stand for the whole pool by their
//! weights ([`lure_weights`], [`pool_mean`]). [`ActiveExperiment`] measures how many labels a method saves.

mod acquisition;
mod choice;
mod experiment;
mod fit;
mod folder;
mod heads;
mod learning;
mod members;
mod oracle;
mod outcome;
mod saved;
mod weights;

pub use acquisition::VoteAcquisition;
pub use choice::{BatchChoice, ChosenGalaxy};
pub use experiment::{ActiveExperiment, ActiveMethod, ActiveRun};
pub use heads::VoteHeads;
pub use learning::ActiveLearning;
pub use members::Members;
pub use oracle::{AskSheet, Oracle};
pub use outcome::{ActiveOutcome, ActiveRound, StopAdvice};
pub use saved::{ActiveComparison, LabelsSaved};
pub use weights::{lure_weights, pool_mean};
