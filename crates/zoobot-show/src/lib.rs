//! How things show themselves: in a notebook as tables, galleries and figures, elsewhere as text.

pub mod figure;
pub mod notebook;
pub mod notes;
