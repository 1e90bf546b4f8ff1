//! What a machine needs beside Zoobot's own programs: libtorch, JupyterLab, weights, and a Jupyter
//! that knows the kernel. `cargo xtask` uses it for a checkout, the launcher for an installed
//! distribution. It depends on neither torch nor polars, so that it builds in seconds.

pub mod download;
pub mod home;
pub mod installed;
pub mod kernelspec;
pub mod libtorch;
pub mod python;
pub mod setup;
pub mod shell;
pub mod stages;
pub mod start;
pub mod toolchain;
pub mod tools;
pub mod tutorials;
pub mod weights;
pub mod wheels;
