//! Predictions of votes: posteriors, their tables, and how far they can be trusted.

mod agreement;
mod calibration;
mod confident;
mod coverage;
mod ensemble;
mod information;
mod posterior;
mod protocol;
mod recalibrate;
mod reliability;
mod show;
mod tables;

pub use agreement::{Agreement, agreement};
pub use calibration::{Calibration, QuestionCalibration};
pub use confident::{Confident, confident};
pub use coverage::{Coverage, coverage};
pub use ensemble::Ensemble;
#[doc(hidden)]
pub use information::outcomes;
pub use information::{Information, information, information_of_fractions};
pub use posterior::{Intervals, Posterior};
pub use protocol::{BinnedComparison, ComparisonBin, Protocol, QuestionComparison, VoteComparison};
pub use recalibrate::{Recalibration, Scaling};
pub use reliability::{Bin, calibration_error, reliability};
pub use tables::{BLANK_BELOW, Columns};

#[cfg(test)]
mod tests;
