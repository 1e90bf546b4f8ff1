//! Pictures that could not be read.

use crate::catalog::{FILE, ID};
use polars::prelude::{Column, DataFrame};
use serde::{Deserialize, Serialize};
use std::ops::Deref;
use std::path::PathBuf;
use zoobot_base::table::table_of;
use zoobot_show::notebook::{Bundle, Show, Table};

/// A galaxy whose picture could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The name of the galaxy.
    pub id_str: String,
    /// The path of its picture.
    pub file_loc: PathBuf,
    /// Why the picture could not be read.
    pub reason: String,
}

/// The galaxies that a call left out because their pictures could not be read. It derefs to a slice, and is
/// displayed as a table.
///
/// ```no_run
/// use zoobot_core::prelude::*;
/// let space = Encoder::load("sample")?.encode(&Catalog::read("galaxies.csv")?)?;
/// for failed in space.failed().iter() {
///     println!("{}: {}", failed.id_str, failed.reason);
/// }
/// write_table(&space.failed().table(), "failed.csv")?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Failures(Vec<Failed>);

impl Failures {
    /// A table with the columns `id_str`, `file_loc` and `reason`.
    pub fn table(&self) -> DataFrame {
        let texts = |name: &str, of: fn(&Failed) -> String| {
            Column::new(name.into(), self.0.iter().map(of).collect::<Vec<String>>())
        };
        let columns = vec![
            texts(ID, |it| it.id_str.clone()),
            texts(FILE, |it| it.file_loc.display().to_string()),
            texts("reason", |it| it.reason.clone()),
        ];
        table_of(self.0.len(), columns)
    }
}

impl Deref for Failures {
    type Target = [Failed];

    fn deref(&self) -> &[Failed] {
        &self.0
    }
}

impl From<Vec<Failed>> for Failures {
    fn from(all: Vec<Failed>) -> Self {
        Self(all)
    }
}

impl FromIterator<Failed> for Failures {
    fn from_iter<I: IntoIterator<Item = Failed>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}

impl Extend<Failed> for Failures {
    fn extend<I: IntoIterator<Item = Failed>>(&mut self, more: I) {
        self.0.extend(more);
    }
}

impl IntoIterator for Failures {
    type Item = Failed;
    type IntoIter = std::vec::IntoIter<Failed>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Failures {
    type Item = &'a Failed;
    type IntoIter = std::slice::Iter<'a, Failed>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl Show for Failures {
    fn show(&self) -> Bundle {
        let title = match self.len() {
            0 => return Bundle::plain("All pictures could be read"),
            1 => "1 picture could not be read".to_owned(),
            all => format!("{all} pictures could not be read"),
        };
        Table::new(self.table()).title(title).show()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_show_the_galaxies_with_their_reasons() {
        let failed = |id: &str, reason: &str| Failed {
            id_str: id.to_owned(),
            file_loc: format!("{id}.jpg").into(),
            reason: reason.to_owned(),
        };
        let all = Failures::from(vec![failed("a", "no such file"), failed("b", "0 bytes")]);
        let table = all.table();
        let text = |name: &str| table.column(name).unwrap().str().unwrap().get(1).unwrap();
        assert_eq!([text("id_str"), text("file_loc"), text("reason")], ["b", "b.jpg", "0 bytes"]);
        let shown = all.show();
        let shown = shown.get("text/plain").unwrap();
        assert!(shown.contains("2 pictures could not be read") && shown.contains("0 bytes"));
        assert_eq!(Failures::default().table().height(), 0);
    }
}
