//! Learning from labels and votes: [`train`] → [`model`] → [`predict`] → [`finetune`].

pub mod finetune;
pub mod model;
pub mod predict;
pub mod train;
