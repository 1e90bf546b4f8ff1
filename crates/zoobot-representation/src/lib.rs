//! Representations: encoders, and tools for the features that they produce. [`encoder`] → [`space`] →
//! [`similar`], [`map`], [`tags`], [`probe`], and the [`metrics`] that evaluate them.

pub mod encoder;
pub mod map;
pub mod metrics;
pub mod probe;
pub mod similar;
pub mod space;
pub mod tags;
