//! timm's networks, their weights, and downloads from the Hugging Face Hub.

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
