//! Training: the head ([`Head`]), the loss ([`Loss`]), and the training loop ([`fit`](fit())), both from
//! scratch and for fine-tuning.

mod adapters;
mod apart;
mod average;
mod checkpoint;
mod dirichlet;
mod fit;
mod fractions;
mod galaxies;
mod grouping;
mod groups;
mod head;
mod history;
mod log;
mod loss;
mod mixing;
mod network;
mod optimizer;
mod order;
mod progress;
mod questions;
mod same_picture;
mod schedule;
mod start;
mod volunteers;
mod votes;
mod watch;

pub use average::Average;
pub use checkpoint::{Checkpoints, Saved};
pub use fit::{FitConfig, Task, fit};
pub use groups::{Group, groups};
pub use head::{Head, HeadConfig, Output, concentrations, shares_and_totals};
pub use history::{End, Epoch, Event, TrainingHistory};
pub use loss::{Distance, Loss};
pub use optimizer::{Optimizer, OptimizerConfig, Rule};
pub use order::{Order, mixed};
pub use questions::QuestionLosses;
pub use schedule::{Schedule, Shape};
pub use start::Start;
pub use volunteers::{Trained, VoteTraining};
pub use votes::{Reduction, VoteLoss};
pub use watch::Watch;

pub(crate) use adapters::Adapters;
pub(crate) use apart::on_both_sides;
#[doc(hidden)]
pub use apart::{apart, empty_side, note_copies, with_copies_together};
#[doc(hidden)]
pub use dirichlet::{ln_probability, question_loss};
pub(crate) use galaxies::{Pictured, Place};
pub(crate) use grouping::{Grouping, LayerResponses, responses};
pub(crate) use mixing::Mix;
pub(crate) use network::{Built, Constraint, Lesson, NetworkTask, Plans};

#[cfg(test)]
mod tests;
