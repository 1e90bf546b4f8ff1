//! What the makers of the project measure with: no part of the library, and not published.
//!
//! [`Experiment`] compares ways to search for anomalies, with the [`baselines`] that others use and the
//! [`ellipse_features`] that came before representations; [`judge`] compares encoders. The command
//! `zoobot-lab` runs them, and makes the encoder that travels with the library. `examples/` holds the
//! programs that are timed beside those of Python.

mod bands;
pub mod baselines;
mod ellipse;
mod experiment;
pub mod judge;

pub use ellipse::ellipse_features;
pub use experiment::{Experiment, Method, Run, Runs};
