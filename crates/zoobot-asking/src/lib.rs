//! Asking volunteers: on the Zooniverse, or on a page in the browser.

mod answers;
mod page;
mod zooniverse;

pub use answers::{class_schema, read_answers};
pub use page::{Asking, AskingPage};
pub use zooniverse::{Duplicates, TaskMapping, ZooniverseExport, ZooniverseImport};
