//! Training: what a network's output means ([`Head`]) and how wrong it is ([`Loss`]).

mod dirichlet;
mod head;
mod loss;
mod votes;

pub use head::{Head, HeadConfig, Output, concentrations};
pub use loss::{Distance, Loss};
pub use votes::{Reduction, VoteLoss};

pub(crate) use dirichlet::ln_probability;

#[cfg(test)]
mod tests;
