//! Settings for reading a classification export.

use super::cells::seconds_of;
use super::mapping::TaskMapping;
use super::read;
use super::result::ZooniverseImport;
use std::collections::HashSet;
use std::path::Path;
use zoobot_base::error::{Error, Result};
use zoobot_data::schema::Schema;

/// Which of a volunteer's several classifications of a galaxy counts.
///
/// ```
/// use zoobot_core::asking::Duplicates;
/// assert_eq!("first".parse::<Duplicates>()?, Duplicates::First);
/// assert!("both".parse::<Duplicates>().is_err());
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// The first one.
    First,
    /// The last one, as in Galaxy Zoo 2 (Willett et al. 2013, section 3.1).
    #[default]
    Last,
}

impl std::str::FromStr for Duplicates {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "first" => Ok(Self::First),
            "last" => Ok(Self::Last),
            _ => Err(Error::missing(
                "rule",
                text,
                "the rules for duplicates",
                ["first", "last"].into_iter(),
            )),
        }
    }
}

impl std::fmt::Display for Duplicates {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str(if *self == Self::First { "first" } else { "last" })
    }
}

/// Reads the "classification export" of the Zooniverse, a CSV file with a row for each classification.
///
/// Rows are read one after another, so the file may be larger than the memory; what is kept is about 40 bytes for
/// each classification. Classifications count in the order of their numbers, whatever the order of the rows and
/// files is, so a longer export of the same project gives what it would have given at once.
///
/// ```
/// use zoobot_core::asking::ZooniverseExport;
/// use zoobot_core::schema::Schema;
/// let file = std::env::temp_dir().join(format!("zoobot-export-{}.csv", std::process::id()));
/// std::fs::write(&file, "\
/// classification_id,user_name,user_id,workflow_id,workflow_version,created_at,metadata,annotations,subject_data,subject_ids
/// 1,ann,7,12,3.4,2024-05-01 10:00:00 UTC,{},\"[{\"\"task\"\":\"\"T0\"\",\"\"task_label\"\":\"\"Ring?\"\",\"\"value\"\":\"\"Yes\"\"}]\",\"{\"\"55\"\":{\"\"#id_str\"\":\"\"g1\"\"}}\",55
/// 2,not-logged-in-0a,,12,3.4,2024-05-01 10:01:00 UTC,{},\"[{\"\"task\"\":\"\"T0\"\",\"\"task_label\"\":\"\"Ring?\"\",\"\"value\"\":\"\"No\"\"}]\",\"{\"\"55\"\":{\"\"#id_str\"\":\"\"g1\"\"}}\",55
/// ").expect("written");
/// let import = ZooniverseExport::new(&Schema::named("gz_rings")?).read(&[&file])?;
/// assert_eq!(import.classifications().votes()?.counts().row(0).to_vec(), [1.0, 1.0]);
/// # std::fs::remove_file(file).expect("it is there");
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ZooniverseExport {
    pub(super) schema: Schema,
    pub(super) mapping: Option<TaskMapping>,
    pub(super) workflow: Option<u64>,
    pub(super) versions: Vec<String>,
    pub(super) since: Option<String>,
    pub(super) duplicates: Duplicates,
    pub(super) seconds: f64,
    pub(super) id: Option<String>,
    pub(super) galaxies: Option<HashSet<String>>,
    pub(super) logged_in: bool,
}

impl ZooniverseExport {
    /// Reads exports of a workflow that asks the questions of a schema.
    pub fn new(schema: &Schema) -> Self {
        Self {
            schema: schema.clone(),
            mapping: None,
            workflow: None,
            versions: Vec::new(),
            since: None,
            duplicates: Duplicates::default(),
            seconds: 0.0,
            id: None,
            galaxies: None,
            logged_in: false,
        }
    }

    /// Says which task is which question. Without a mapping, tasks are recognised by their names and answers: see
    /// [`read`](Self::read).
    #[must_use]
    pub fn mapping(self, mapping: TaskMapping) -> Self {
        Self { mapping: Some(mapping), ..self }
    }

    /// Reads only the workflow with this number. Without it, the export must be of one workflow.
    #[must_use]
    pub fn workflow(self, workflow: u64) -> Self {
        Self { workflow: Some(workflow), ..self }
    }

    /// Reads only these versions of the workflow: `12` stands for `12.1`, `12.2` and so on.
    #[must_use]
    pub fn versions<T: Into<String>>(self, versions: impl IntoIterator<Item = T>) -> Self {
        Self { versions: versions.into_iter().map(Into::into).collect(), ..self }
    }

    /// Reads only classifications since a time, such as `2024-05-31` or `2024-05-31 12:00:00` (UTC).
    #[must_use]
    pub fn since(self, time: impl Into<String>) -> Self {
        Self { since: Some(time.into()), ..self }
    }

    /// Which of a volunteer's several classifications of a galaxy counts. Default the last.
    #[must_use]
    pub fn duplicates(self, duplicates: Duplicates) -> Self {
        Self { duplicates, ..self }
    }

    /// Leaves out classifications that took less than this time in seconds, 0 or more. Default 0. A
    /// classification whose metadata do not tell the time counts.
    #[must_use]
    pub fn fastest(self, seconds: f64) -> Self {
        Self { seconds, ..self }
    }

    /// The column of the subjects' metadata that names galaxies, without the `#`, `//` or `!` that hides it; or
    /// `subject_id` for the platform's own numbers. Default `id_str`.
    #[must_use]
    pub fn id(self, column: impl Into<String>) -> Self {
        Self { id: Some(column.into()), ..self }
    }

    /// Leaves out galaxies that are not among these.
    #[must_use]
    pub fn galaxies(self, ids: &[String]) -> Self {
        Self { galaxies: Some(ids.iter().cloned().collect()), ..self }
    }

    /// Whether to leave out volunteers who were not logged in. Default false: each counts as a volunteer, named
    /// `not-logged-in-` and a hash of the address.
    #[must_use]
    pub fn logged_in(self, logged_in: bool) -> Self {
        Self { logged_in, ..self }
    }

    /// Reads one or several exports, plain or packed with gzip. A classification that is in several of them
    /// counts once.
    ///
    /// Without a [`mapping`](Self::mapping), a task is the question whose name is its text or its key, or else
    /// the only question that has all of its answers. Names are compared without punctuation, pictures and
    /// capitals, and with or without the ending that names a campaign, such as `-dr5`.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] for a file that is no classification export, for several workflows, and when tasks
    /// and answers do not fit the schema, with what was not recognised and similar names; [`Error::Missing`]
    /// for a mapping that the schema does not fit, and for a column that subjects lack; [`Error::Empty`] when
    /// there is no classification, or none is left, with what was left out; [`Error::Catalog`], with the row,
    /// for a row in the middle that cannot be read. A last row that is cut off is no error: see
    /// [`ZooniverseImport::cut_off`].
    pub fn read<P: AsRef<Path>>(&self, files: &[P]) -> Result<ZooniverseImport> {
        self.check()?;
        let files: Vec<&Path> = files.iter().map(AsRef::as_ref).collect();
        read::read(self, &files, read::Wanted::Import)?.import(self)
    }

    /// Reads exports, and returns a mapping to complete: the questions and answers that were recognised, and `?`
    /// for the others.
    ///
    /// # Errors
    /// As [`read`](Self::read), except that nothing needs to fit the schema.
    pub fn suggest<P: AsRef<Path>>(&self, files: &[P]) -> Result<TaskMapping> {
        self.check()?;
        let files: Vec<&Path> = files.iter().map(AsRef::as_ref).collect();
        Ok(read::read(self, &files, read::Wanted::Tasks)?.suggestion(self))
    }

    fn check(&self) -> Result<()> {
        if !(self.seconds >= 0.0 && self.seconds.is_finite()) {
            return Err(Error::parameter("fastest", self.seconds, "at least 0 and finite"));
        }
        if let Some(since) = self.since.as_ref().filter(|it| seconds_of(it).is_none()) {
            let range = "a date such as 2024-05-31, or a time such as 2024-05-31 12:00:00";
            return Err(Error::parameter("since", format!("{since:?}"), range));
        }
        for version in &self.versions {
            let mut parts = version.splitn(2, '.');
            if !parts.all(|it| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit())) {
                return Err(Error::parameter(
                    "versions",
                    format!("{version:?}"),
                    "numbers such as 12 or 12.34",
                ));
            }
        }
        self.mapping.as_ref().map_or(Ok(()), |it| it.check(&self.schema))
    }
}
