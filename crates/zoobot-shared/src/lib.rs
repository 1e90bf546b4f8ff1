//! The library as one shared library, which notebook cells link under the name `zoobot`.
//!
//! It is a crate of its own so that programs and tests, which link the library statically, do not wait
//! for the shared library: making it takes longer than compiling most of the crates in it.

pub use zoobot_core::*;
