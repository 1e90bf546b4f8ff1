//! Galaxy morphology with deep representations.
//!
//! This crate re-exports several crates, each of which depends only on crates listed before it: `zoobot-base`
//! (errors, interruption, files), `zoobot-picture` (from a file to pixels), `zoobot-show` ([`notebook`],
//! [`figure`]), `zoobot-data` ([`catalog`], [`schema`], [`volunteers`], the network's view of a [`picture`]),
//! `zoobot-nets` (the networks behind [`encoder`]) and `zoobot-simulator` (most of [`survey`]).
//!
//! Data flows in one direction: [`encoder`] → [`space`] → [`similar`], [`map`], [`tags`], [`anomaly`],
//! [`probe`]; [`asking`] → [`train`] → [`model`] → [`predict`] → [`finetune`], [`few`], [`experiment`],
//! [`active`].
//!
//! A notebook starts with `use zoobot::prelude::*;`.

pub mod experiment;
pub mod notebook;
pub mod prelude;

pub use zoobot_base::error::{Error, Result};
pub use zoobot_base::{advice, error, interrupt, processor, seed};
pub use zoobot_data::{catalog, classical, schema, tables, volunteers};
pub use zoobot_learn::{few, finetune, model, predict, train};
pub use zoobot_representation::{encoder, map, metrics, probe, similar, space, tags};
pub use zoobot_show::{figure, notes, time};

use zoobot_base::files;

/// Active learning: which galaxies volunteers should classify next, and what that saves.
pub mod active {
    pub use zoobot_active::*;
}

/// Searches for anomalies that interest one person, from a few ratings.
pub mod anomaly {
    pub use zoobot_anomaly::*;
}

/// Asking volunteers: classification exports and subject sets of the Zooniverse, when a galaxy has been seen
/// often enough, a page in the browser that asks a question, and how far people agree.
pub mod asking {
    pub use zoobot_asking::*;
}

/// From a picture file to the network's input: [`read`](picture::read) decodes pictures,
/// [`read_flux`](picture::read_flux) reads FITS files, a [`Recipe`](picture::Recipe) performs the exact
/// inference steps, with a [`Stretch`](picture::Stretch) before them for flux, and an
/// [`Augment`](picture::Augment) makes the random views for training.
pub mod picture {
    pub use zoobot_data::picture::*;
    pub use zoobot_picture::*;
}

/// Sources of galaxies: the simulator, the simulated sample, and real data sets.
pub mod survey {
    pub use zoobot_base::home::home;
    pub use zoobot_data::datasets::*;
    pub use zoobot_simulator::*;
}

pub use {image, ndarray, plotters, polars, rand, rand_distr, tch};
