//! Displays: tables, galleries and figures in a notebook, text elsewhere.

pub mod figure;
pub mod notebook;
pub mod notes;
#[doc(hidden)]
pub mod web;
