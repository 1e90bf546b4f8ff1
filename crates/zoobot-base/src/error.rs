//! The library's error type: each error says what was wrong, with the value, and what to do.

use crate::advice::is_for_command;
use crate::spelling;
use polars::error::PolarsError;
use polars::prelude::DataType;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The result of every call that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong in this library.
///
/// ```
/// use zoobot_core::prelude::*;
/// let error = Catalog::sample()?.column("radus").unwrap_err();
/// assert!(matches!(error, Error::Missing { .. }));
/// assert!(error.to_string().contains("radius"), "a near name is offered");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("cannot {action} {}: {}", path.display(), system_words(path, source))]
    Io {
        /// What was attempted: "read", "write", "create".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A catalogue that lacks what a catalogue needs, or holds invalid values.
    #[error("{}: {problem}. {hint}", path.display())]
    Catalog {
        /// The catalogue's file, or `<table>` for one made in memory.
        path: PathBuf,
        /// The problem, with the value.
        problem: String,
        /// What to do about it.
        hint: String,
    },
    /// An invalid decision tree, for example one with a cycle.
    #[error("schema {name}: {problem}. {hint}")]
    Schema {
        /// The schema's name.
        name: String,
        /// The problem, with the question.
        problem: String,
        /// What to do about it.
        hint: String,
    },
    /// A picture that cannot be read.
    #[error("picture {}: {reason}", path.display())]
    Picture {
        /// The picture's file.
        path: PathBuf,
        /// Why it cannot be read.
        reason: String,
    },
    /// Weights that are missing, damaged or of another architecture.
    #[error("weights {}: {problem}. {hint}", path.display())]
    Weights {
        /// The file of weights.
        path: PathBuf,
        /// The problem.
        problem: String,
        /// What to do about it.
        hint: String,
    },
    /// An encoder that could not be downloaded from the Hugging Face Hub.
    #[error("{name}: {problem}. {hint}")]
    Hub {
        /// The encoder, as `hf:OWNER/NAME`.
        name: String,
        /// The problem.
        problem: String,
        /// What to do about it.
        hint: String,
    },
    /// A parameter outside its range.
    #[error("{name} must be {range}, but it is {value}")]
    Parameter {
        /// The parameter.
        name: String,
        /// The value it was given.
        value: String,
        /// The values it may have, as they follow "must be": "at least 1", "between 0 and 1".
        range: String,
    },
    /// Several invalid settings, with one error each.
    #[error("{}", in_a_row(.0))]
    Settings(Vec<Arc<Error>>),
    /// Arrays, tables or catalogues whose sizes do not fit each other.
    #[error("{problem}. {hint}")]
    Shape {
        /// Which sizes do not fit, as a sentence: "features has 3 columns, but the model expects 640".
        problem: String,
        /// What to do about it.
        hint: String,
    },
    /// Galaxies, labels or settings that this call cannot work with.
    #[error("{problem}. {hint}")]
    Unsuitable {
        /// The problem, as a sentence with the value.
        problem: String,
        /// What to do about it.
        hint: String,
    },
    /// Something that was prepared with another recipe.
    #[error("{what}:\n{both}\n{hint}")]
    Recipe {
        /// What was prepared, and the recipe that it needs.
        what: String,
        /// Both recipes, one step per line.
        both: String,
        /// What to do about it.
        hint: String,
    },
    /// A galaxy or column that a table does not have.
    #[error("no {kind} {name:?} in {place}. {hint}")]
    Missing {
        /// "galaxy", "column", ...
        kind: &'static str,
        /// The name asked for.
        name: String,
        /// Where it was searched for.
        place: String,
        /// Similar names, or what to do.
        hint: String,
    },
    /// The user stopped the call.
    #[error("interrupted during {during}, after {done}")]
    Interrupted {
        /// The call.
        during: &'static str,
        /// What had been finished by then.
        done: String,
    },
    /// Work that stopped before its end and can be resumed.
    #[error("{cause}. {kept}. Fix the cause and repeat the call; it resumes from there")]
    Unfinished {
        /// Why it stopped.
        cause: Box<Error>,
        /// What is kept, and where.
        kept: String,
    },
    /// A background job without a result.
    #[error("the job {what:?} has no result: {reason}")]
    Job {
        /// The job's name.
        what: String,
        /// Why it has no result.
        reason: String,
    },
    /// A figure that could not be drawn.
    #[error("figure: {0}")]
    Figure(String),
    /// A fault of the library itself.
    #[error("{0}. This is a fault of zoobot, not yours: please report it")]
    Internal(String),
    /// Nothing to work on.
    #[error("{what}. {hint}")]
    Empty {
        /// What is empty, as a sentence.
        what: String,
        /// What to do about it.
        hint: String,
    },
    /// An error from polars.
    #[error("{}", table_words(.0))]
    Polars(#[from] PolarsError),
    /// An error from libtorch.
    #[error("libtorch: {}", torch_words(.0))]
    Torch(#[from] tch::TchError),
    /// An error in reading or writing JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl Error {
    /// A function for `map_err` that makes an [`Error::Io`].
    pub fn io(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Io { action, path, source }
    }

    /// Creates an [`Error::Empty`].
    pub fn empty(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Empty { what: what.into(), hint: hint.into() }
    }

    /// Creates an [`Error::Parameter`]: `name` must be `range`, but it is `value`.
    ///
    /// ```
    /// # use zoobot_base::error::Error;
    /// let error = Error::parameter("n_neighbors", 1, "at least 2");
    /// assert_eq!(error.to_string(), "n_neighbors must be at least 2, but it is 1");
    /// ```
    pub fn parameter(
        name: impl Into<String>,
        value: impl std::fmt::Display,
        range: impl Into<String>,
    ) -> Self {
        Self::Parameter { name: name.into(), value: value.to_string(), range: range.into() }
    }

    /// Combines the problems of several checks into one error: a single problem unchanged, several as
    /// [`Error::Settings`].
    ///
    /// ```
    /// # use zoobot_base::error::Error;
    /// let dropout = Err(Error::parameter("dropout", 7, "at least 0 and below 1"));
    /// let epochs = Err(Error::parameter("epochs", 0, "at least 1"));
    /// let error = Error::together([dropout, Ok(()), epochs]).unwrap_err().to_string();
    /// assert!(error.contains("it is 7; epochs must be"));
    /// ```
    ///
    /// # Errors
    /// If any check failed.
    pub fn together(checks: impl IntoIterator<Item = Result<()>>) -> Result<()> {
        let mut problems: Vec<Self> = checks.into_iter().filter_map(Result::err).collect();
        match problems.len() {
            0 => Ok(()),
            1 => Err(problems.swap_remove(0)),
            _ => Err(Self::Settings(problems.into_iter().map(Arc::new).collect())),
        }
    }

    /// Creates an [`Error::Missing`] whose hint is the known name nearest in spelling, or the known names.
    ///
    /// ```
    /// # use zoobot_base::error::Error;
    /// let error = Error::missing("galaxy", "M3", "the table", ["M31", "M51"].into_iter());
    /// assert_eq!(error.to_string(), "no galaxy \"M3\" in the table. Did you mean \"M31\"?");
    /// ```
    pub fn missing<'a>(
        kind: &'static str,
        name: &str,
        place: impl Into<String>,
        known: impl Iterator<Item = &'a str>,
    ) -> Self {
        let hint = spelling::near(name, known);
        Self::Missing { kind, name: name.to_owned(), place: place.into(), hint }
    }

    /// Creates an [`Error::Shape`].
    pub fn shape(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Shape { problem: problem.into(), hint: hint.into() }
    }

    /// Creates an [`Error::Unsuitable`].
    pub fn unsuitable(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Unsuitable { problem: problem.into(), hint: hint.into() }
    }

    /// A function for `map_err` that makes an [`Error::Internal`]; `what` says what failed.
    pub fn internal<E: std::fmt::Display>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Internal(format!("{what}: {error}"))
    }
}

/// Several problems as one text.
fn in_a_row(problems: &[Arc<Error>]) -> String {
    let each: Vec<String> = problems.iter().map(ToString::to_string).collect();
    each.join("; ")
}

/// The operating system's message without its error number, and for a missing file a similar name.
fn system_words(path: &Path, error: &std::io::Error) -> String {
    if error.kind() != std::io::ErrorKind::NotFound {
        let said = error.to_string();
        return said.split(" (os error").next().unwrap_or_default().to_owned();
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let Ok(entries) = folder.read_dir() else {
        return format!("there is no folder {}", folder.display());
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let known = entries.filter_map(|it| it.ok()?.file_name().into_string().ok());
    // A folder may hold a million pictures.
    let known: Vec<String> = known.take(10_000).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    match spelling::nearest(&name, &known) {
        Some(like) => {
            let like = path.with_file_name(like);
            format!("there is no such file or folder. Did you mean {}?", like.display())
        }
        None => "there is no such file or folder".to_owned(),
    }
}

/// The message of polars. Notebook users write polars expressions, and its plan shows where one failed;
/// at the command line only the first sentence is useful.
fn table_words(error: &PolarsError) -> String {
    let all = error.to_string();
    if !is_for_command() {
        return all;
    }
    let first = all.split("\n\n").next().unwrap_or_default();
    if first.starts_with("cannot compare string with numeric") {
        return "text cannot be compared with numbers".to_owned();
    }
    format!("the table cannot be used: {}", first.replace("polars", "the library"))
}

/// The message of libtorch, at the command line without the C++ stack trace.
fn torch_words(error: &tch::TchError) -> String {
    let all = error.to_string();
    if !is_for_command() {
        return all;
    }
    let first = all.lines().next().unwrap_or_default();
    first.split("Exception raised from").next().unwrap_or_default().trim_end().to_owned()
}

/// The type of a table's column, in words.
#[doc(hidden)]
pub fn kind_words(kind: &DataType) -> &'static str {
    match kind {
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => "text",
        DataType::Boolean => "true and false",
        DataType::Date | DataType::Datetime(..) | DataType::Time | DataType::Duration(_) => "times",
        DataType::Null => "nothing",
        kind if kind.is_integer() => "whole numbers",
        kind if kind.is_numeric() => "numbers",
        kind if kind.is_nested() => "lists",
        _ => "something else",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_is_named_with_one_like_it() {
        let folder = std::env::temp_dir().join(format!("zoobot-not-there-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("mixed.csv"), "").unwrap();
        let said = |path: &Path| {
            let error = std::fs::read(path).unwrap_err();
            Error::io("read", path)(error).to_string()
        };
        let message = said(&folder.join("mixed.cvs"));
        assert!(
            message.ends_with(&format!("Did you mean {}?", folder.join("mixed.csv").display()))
        );
        assert!(!message.contains("os error"), "{message}");
        let message = said(&folder.join("entirely-different"));
        assert!(message.ends_with("there is no such file or folder"), "{message}");
        let message = said(&folder.join("nowhere").join("mixed.csv"));
        assert!(
            message.ends_with(&format!("there is no folder {}", folder.join("nowhere").display()))
        );
        let message = said(&folder);
        assert!(message.to_lowercase().ends_with("is a directory"), "{message}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
