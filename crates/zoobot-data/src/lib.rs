//! What is known of galaxies: catalogues, decision trees and votes, prepared pictures, and the data sets
//! that are at hand.

pub mod catalog;
pub mod datasets;
pub mod picture;
pub mod schema;
