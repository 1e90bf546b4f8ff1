//! `--data-set`: a published data set in place of a table of the user's own.

use zoobot_core::schema::Schema;
use zoobot_core::survey::DataSet;
use zoobot_core::{Error, Result};

/// Of commands that take votes, for `--help`.
pub fn votes() -> String {
    format!(
        "The catalogue is the table of a published data set: take its votes, of the galaxies that the \
         library's own encoder did not learn from ({})",
        DataSet::voted().join(", ")
    )
}

/// Of commands that take tags, for `--help`.
pub fn tags() -> String {
    format!(
        "Instead of --tags, the labels of a published data set, whose table is --catalog, of the \
         galaxies that the library's own encoder did not learn from ({})",
        DataSet::tagged().join(", ")
    )
}

/// The schema of a data set's votes.
pub fn schema(data_set: &DataSet) -> Result<Schema> {
    data_set.schema()?.ok_or_else(|| {
        let problem = format!("the data set {data_set} has no votes");
        Error::unsuitable(problem, format!("These have votes: {}", DataSet::voted().join(", ")))
    })
}
