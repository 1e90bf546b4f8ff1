//! Networks that turn a picture into a feature vector, and the weights they are published with.

pub mod efficientnet;
mod layers;
pub mod lite0;
mod pickle;
mod weights;

#[cfg(test)]
mod golden;

pub use layers::{Activation, Padding};
pub use weights::Weights;
