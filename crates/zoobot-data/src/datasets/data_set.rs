//! The description of a data set, and lookup by name.

use super::{DATA_SETS, keep_out};
use crate::catalog::Catalog;
use crate::schema::Schema;
use polars::prelude::{DataFrame, df};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use zoobot_base::error::{Error, Result};
use zoobot_show::notebook::{Bundle, Show};

/// The catalogue in the folder of a data set.
const CATALOG: &str = "catalog.csv";

/// Tags of galaxies, as pairs of a galaxy's name and one of its tags.
pub(super) type GalaxyTags = Vec<(String, &'static str)>;

/// A published set of galaxies with human classifications: its source, how to read it, and its votes, labels
/// and tags.
///
/// ```
/// use zoobot_core::survey::DataSet;
/// let sample = DataSet::named("sample")?;
/// let folder = sample.folder()?.expect("it travels inside the library");
/// assert_eq!(sample.read(folder)?.len(), 600);
/// let error = DataSet::named("efigy").unwrap_err().to_string();
/// assert!(error.contains("Did you mean \"efigi\"?"));
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct DataSet {
    /// The name for lookup.
    pub(super) name: &'static str,
    /// A description of its contents.
    pub(super) about: &'static str,
    /// The paper to cite.
    pub(super) citation: &'static str,
    /// The terms of use.
    pub(super) terms: &'static str,
    /// Reads the table.
    pub(super) read: fn(&Path) -> Result<Catalog>,
    /// The folder of a data set that is bundled with the library.
    pub(super) folder: Option<fn() -> Result<PathBuf>>,
    /// The schema of the votes.
    pub(super) schema: Option<fn() -> Result<Schema>>,
    /// Columns of labels that a model can be fine-tuned on.
    pub(super) labels: &'static [&'static str],
    /// Converts the labels to tags.
    pub(super) tags: Option<fn(&Catalog) -> Result<GalaxyTags>>,
    /// One galaxy in this number is kept out of the training of the library's own encoder.
    pub(super) kept_out: Option<u64>,
}

impl DataSet {
    /// Every data set that the library knows.
    pub fn all() -> &'static [Self] {
        &DATA_SETS
    }

    /// The names of all data sets.
    pub fn names() -> Vec<&'static str> {
        DATA_SETS.iter().map(|it| it.name).collect()
    }

    /// The names of the data sets that have tags.
    #[doc(hidden)]
    pub fn tagged() -> Vec<&'static str> {
        DATA_SETS.iter().filter(|it| it.tags.is_some()).map(|it| it.name).collect()
    }

    /// The names of the data sets that have votes.
    #[doc(hidden)]
    pub fn voted() -> Vec<&'static str> {
        DATA_SETS.iter().filter(|it| it.schema.is_some()).map(|it| it.name).collect()
    }

    /// Looks up a data set by name.
    ///
    /// # Errors
    /// [`Error::Missing`] for an unknown name, with a similar one.
    pub fn named(name: &str) -> Result<Self> {
        let found = DATA_SETS.iter().find(|it| it.name == name);
        found.copied().ok_or_else(|| {
            Error::missing("data set", name, "this library", DATA_SETS.iter().map(|it| it.name))
        })
    }

    /// The data sets as a table: `name`, `about`, `schema` (empty without votes), `labels`, `citation`
    /// and `terms`.
    ///
    /// # Errors
    /// [`Error::Polars`] when there is not enough memory for the columns.
    pub fn table() -> Result<DataFrame> {
        let column = |of: fn(&Self) -> &'static str| DATA_SETS.iter().map(of).collect::<Vec<_>>();
        let schemas = DATA_SETS.iter().map(|it| Ok(it.schema()?.map(|it| it.name().to_owned())));
        let labels = DATA_SETS.iter().map(|it| it.labels.join(", "));
        Ok(df!(
            "name" => column(|it| it.name), "about" => column(|it| it.about),
            "schema" => schemas.collect::<Result<Vec<_>>>()?, "labels" => labels.collect::<Vec<_>>(),
            "citation" => column(|it| it.citation), "terms" => column(|it| it.terms),
        )?)
    }

    /// The name for [`named`](Self::named).
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// A description of its contents.
    pub fn about(&self) -> &'static str {
        self.about
    }

    /// The paper to cite when you use it.
    pub fn citation(&self) -> &'static str {
        self.citation
    }

    /// Its licence, or what is known about its terms.
    pub fn terms(&self) -> &'static str {
        self.terms
    }

    /// Columns of labels that a model can be fine-tuned on, besides its votes.
    pub fn labels(&self) -> &'static [&'static str] {
        self.labels
    }

    /// The schema of its votes; `None` for a data set without votes.
    ///
    /// # Errors
    /// None for the current data sets: their schemas are part of the library.
    pub fn schema(&self) -> Result<Option<Schema>> {
        self.schema.map(|schema| schema()).transpose()
    }

    /// The folder of a data set that is bundled with the library, unpacked on first use; `None` if the user
    /// must provide the files.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be unpacked.
    pub fn folder(&self) -> Result<Option<PathBuf>> {
        self.folder.map(|folder| folder()).transpose()
    }

    /// Reads its table, or the `catalog.csv` in a folder, and adds the vote columns of its
    /// [`schema`](Self::schema).
    ///
    /// # Errors
    /// As [`Catalog::read`]; [`Error::Missing`] for a column of the data set that the table lacks,
    /// [`Error::Catalog`] for an impossible value, naming the galaxy.
    pub fn read(&self, folder: impl AsRef<Path>) -> Result<Catalog> {
        let folder = folder.as_ref();
        let inside = folder.join(CATALOG);
        (self.read)(if inside.is_file() { &inside } else { folder })
    }

    /// Tags from the labels, which every galaxy has; `None` for a data set without tags.
    ///
    /// # Errors
    /// [`Error::Missing`] for a column that the catalogue lacks.
    #[doc(hidden)]
    pub fn tags(&self, catalog: &Catalog) -> Result<Option<GalaxyTags>> {
        self.tags.map(|tags| tags(catalog)).transpose()
    }

    /// One galaxy in this number is kept out of the training of the library's own encoder, for testing (see
    /// [`is_kept_out`](super::is_kept_out)); `None` if the encoder was trained on none of them.
    pub fn kept_out(&self) -> Option<u64> {
        self.kept_out
    }

    /// The galaxies that the library's own encoder was not trained on.
    ///
    /// # Errors
    /// [`Error::Missing`] for a catalogue without `id_str`.
    pub fn unseen(&self, catalog: &Catalog) -> Result<Catalog> {
        match self.kept_out {
            Some(one_in) => Ok(keep_out(catalog, one_in)?.1),
            None => Ok(catalog.clone()),
        }
    }
}

impl fmt::Debug for DataSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("DataSet");
        fields.field("name", &self.name).field("citation", &self.citation).finish_non_exhaustive()
    }
}

impl fmt::Display for DataSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl FromStr for DataSet {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::named(name)
    }
}

impl Show for DataSet {
    fn show(&self) -> Bundle {
        let Self { name, about, citation, terms, .. } = self;
        Bundle::plain(format!("{name}: {about}. Cite {citation}. Terms: {terms}."))
    }
}
