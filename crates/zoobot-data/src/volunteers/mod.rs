//! Single classifications: who gave which answer about which galaxy, and what becomes of them.
//!
//! A [`Classifications`] holds one row for each volunteer, galaxy and question. From it come the votes of each
//! galaxy, without volunteers who answer "artifact" implausibly often ([`ArtifactFilter`]), or weighted by how
//! far volunteers agree with each other ([`ConsistencyWeighting`]). A [`Debiasing`] estimates the vote
//! fractions that distant galaxies would have at a low redshift.
//!
//! A vote loss needs whole numbers of volunteers, so not every result may be used for training:
//!
//! | result | for training |
//! |---|---|
//! | [`Classifications::votes`] | yes: whole numbers of volunteers |
//! | votes after [`ArtifactFilter::apply`] or [`Classifications::without`] | yes: fewer volunteers, still whole numbers |
//! | [`Classifications::fractions`] (weighted) | no: weighted votes are not whole numbers |
//! | [`Debiased::fractions`] | no: volunteers did not give these answers |
//!
//! A network sees the picture as it is, so it learns from the votes on that picture. Its predictions can be
//! debiased afterwards, as votes can.
//!
//! ```
//! use zoobot_core::prelude::*;
//! let rings = Schema::named("gz_rings")?;
//! let table = df!(
//!     "volunteer" => ["ann", "bob", "cy", "ann"],
//!     "id_str" => ["g1", "g1", "g1", "g2"],
//!     "question" => ["ring", "ring", "ring", "ring"],
//!     "answer" => ["yes", "yes", "no", "no"],
//! )?;
//! let classifications = Classifications::from_table(&table, &rings)?;
//! assert_eq!(classifications.votes()?.counts().row(0).to_vec(), [2.0, 1.0]);
//! let weights = classifications.weights(&ConsistencyWeighting::default())?;
//! assert!(weights.weight_of("cy")? < weights.weight_of("bob")?);
//! assert!(classifications.fractions(&weights)?.fractions()[[0, 0]] > 2.0 / 3.0);
//! # Ok::<(), Error>(())
//! ```

mod artifacts;
mod classifications;
mod debias;
pub(crate) mod fractions;
mod read;
mod weights;

pub use artifacts::ArtifactFilter;
pub use classifications::Classifications;
pub use debias::{Debiased, Debiasing};
pub use fractions::FractionTable;
pub use weights::{ConsistencyWeighting, VolunteerWeights};

#[cfg(test)]
mod tests;
