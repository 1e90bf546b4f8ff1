//! Learning from labels and votes: [`train`] → [`model`] → [`predict`] → [`finetune`], [`few`].

pub mod few;
pub mod finetune;
pub mod model;
pub mod predict;
pub mod train;
