//! Data about galaxies: catalogues, decision trees and votes, the classifications of single volunteers, prepared
//! pictures, and the data sets that the library reads.

pub mod catalog;
pub mod classical;
pub mod datasets;
pub mod picture;
pub mod schema;
pub mod tables;
pub mod volunteers;
