//! Asking volunteers: on the Zooniverse, or on a page in the browser.

mod answers;
mod page;
mod raters;
mod retirement;
mod zooniverse;

pub use answers::{class_schema, read_answers};
pub use page::{Asking, AskingPage};
pub use raters::RaterAgreement;
pub use retirement::{Effort, Retired, Retirement, VotePrior};
pub use zooniverse::{
    Duplicates, SubjectSet, TaskMapping, WrittenSubjects, ZooniverseExport, ZooniverseImport,
};
