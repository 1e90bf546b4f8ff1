//! Representations: encoders, and tools for the features that they give. [`encoder`] → [`space`] →
//! [`similar`], [`map`], [`tags`], [`probe`], and the [`metrics`] by which they are judged.

pub mod encoder;
pub mod map;
pub mod metrics;
pub mod probe;
pub mod similar;
pub mod space;
pub mod tags;
