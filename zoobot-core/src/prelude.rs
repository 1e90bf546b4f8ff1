//! The names that most notebook cells need: `use zoobot::prelude::*;`.

pub use crate::active::{ActiveLearning, BatchChoice, VoteAcquisition};
pub use crate::anomaly::{Acquisition, AnomalySearch, RatingPage, Truth};
pub use crate::asking::{
    Asking, AskingPage, RaterAgreement, Retirement, SubjectSet, ZooniverseExport, read_answers,
};
pub use crate::catalog::{Catalog, Rows, write_table};
pub use crate::encoder::{Architecture, Encoder};
pub use crate::error::{Error, Result};
pub use crate::few::{Episodes, FewMethod, FewRanking, FewShot};
pub use crate::figure::{Figure, histogram, lines, scatter};
pub use crate::finetune::{Finetune, Finetuned, Predicted};
pub use crate::map::{Map, MapConfig};
pub use crate::model::Model;
pub use crate::notebook::{
    Gallery, Job, Live, Progress, Show, Table, Tile, display, input, password, schema_of,
};
pub use crate::picture::{Augment, Recipe, Stretch};
pub use crate::predict::{
    Agreement, Calibration, Columns, Ensemble, Posterior, Protocol, Recalibration, VoteComparison,
    agreement,
};
pub use crate::probe::Probe;
pub use crate::schema::{Schema, VoteFractions, Votes};
pub use crate::similar::{Index, IndexConfig, Metric, Neighbours, VectorFile};
pub use crate::space::{Pca, Space};
pub use crate::survey::{DataSet, Kind, Simulation, Survey, Volunteers};
pub use crate::tags::{Cleaning, Tags, TextEncoder, TopicConfig};
pub use crate::train::{FitConfig, VoteTraining};
pub use crate::volunteers::{
    ArtifactFilter, Classifications, ConsistencyWeighting, Debiasing, FractionTable,
};
pub use crate::{ndarray, plotters, polars, tch, time};
pub use polars::prelude::{DataFrame, IntoLazy, LazyFrame, NamedFrom, Series, col, df, len, lit};
