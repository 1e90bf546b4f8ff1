//! The baselines that searches are compared with: outlier scores that know nothing of a person's
//! interest, and Astronomaly's way of correcting them by ratings.

mod forest;
mod isolation;
mod lof;
mod neighbour;

pub use forest::RandomForest;
pub use isolation::IsolationForest;
pub use lof::local_outlier_factor;
pub use neighbour::NeighbourScore;

#[cfg(test)]
mod tests;
