//! Tools with which the project measures itself. This crate is not part of the library, and not published.
//!
//! [`Experiment`] compares ways to search for anomalies, including common [`baselines`] and the
//! [`ellipse_features`] that were used before learnt representations; [`judge`] compares encoders. The
//! command `zoobot-lab` runs them, and makes the encoder that is shipped with the library. `examples/` holds
//! the programs that are timed against Python.

mod bands;
pub mod baselines;
mod ellipse;
mod experiment;
pub mod judge;

pub use ellipse::ellipse_features;
pub use experiment::{Experiment, Method, Run, Runs};
