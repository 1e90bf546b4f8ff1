//! Baselines for the comparison of searches: outlier scores that do not use ratings, and Astronomaly's method
//! of correcting them with ratings.

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
