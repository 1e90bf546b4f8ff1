//! Networks that turn a picture into a feature vector, and the weights they are published with.

pub mod efficientnet;
#[cfg(test)]
mod golden;
mod layers;
pub mod lite0;
mod pickle;
mod weights;

pub use layers::{Activation, Padding};
pub use weights::Weights;
