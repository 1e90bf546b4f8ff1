//! Networks of timm, their weights, and where those come from.

pub mod batch;
pub mod convnext;
pub mod efficientnet;
pub mod family;
#[cfg(test)]
mod golden;
pub mod hub;
pub mod layers;
pub mod lite0;
pub mod maxvit;
pub mod names;
pub mod network;
mod pickle;
pub mod precision;
pub mod resnet;
pub mod weights;
