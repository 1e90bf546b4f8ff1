//! Simulated galaxies, and volunteers who look at them.
//!
//! [`Simulation`] draws galaxies of thirteen [`Kind`]s whose parts (bulge, disc, bar, arms, rings,
//! shells, tidal tails, lensed arcs) are known, shows them as one of five [`Survey`]s would, and
//! writes pictures with a catalogue of the truth. [`write_sample`] makes the 600 galaxies of eight
//! kinds that are part of the library.
//!
//! [`Volunteers`] answer the questions of a [`Schema`](zoobot_data::schema::Schema) about what they
//! see in the pictures.
//!
//! The path of the light: `draw` (parameters) → `paint` (`light`, `texture`, `encounter`) → `field`
//! (neighbours, stars) → `instrument` (seeing, noise) → `colour` (RGB).

mod artifact;
mod canvas;
mod colour;
mod draw;
mod encounter;
mod field;
mod instrument;
mod light;
mod morphology;
mod paint;
mod sample;
mod simulate;
mod surveys;
mod tags;
#[cfg(test)]
mod tests;
mod texture;
mod volunteers;

pub use instrument::Conditions;
pub use morphology::{
    Arms, Artifact, Bar, Body, BulgeShape, Colour, DiskGalaxy, EdgeOn, Encounter,
    GravitationalLens, Irregular, Jellyfish, Kind, Lens, Morphology, Peculiarity, Ring, RingPlace,
    Spheroid, Stage,
};
pub use sample::write_sample;
pub use simulate::{SimulatedGalaxy, Simulation, TrueProperties};
pub use surveys::Survey;
pub use tags::{Tag, tags, visible};
pub use volunteers::{Appearance, Crowd, View, Volunteers};
