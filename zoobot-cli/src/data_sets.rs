//! `--data-set`: a published data set in place of the user's own table.

use zoobot_core::schema::Schema;
use zoobot_core::survey::DataSet;
use zoobot_core::{Error, Result};

/// The help of `--data-set` for commands that need votes.
pub fn votes() -> String {
    format!(
        "The catalogue is the table of a published data set: take its votes, of the galaxies that the \
         library's own encoder did not learn from ({})",
        DataSet::voted().join(", ")
    )
}

/// The help of `--data-set` for commands that need tags.
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
