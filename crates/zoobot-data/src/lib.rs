//! What is known of galaxies: catalogues, decision trees and votes, prepared pictures, and data sets.

pub mod catalog;
pub mod datasets;
pub mod picture;
pub mod schema;
