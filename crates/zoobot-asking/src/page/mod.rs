//! A page in the browser that asks a question about galaxies, served by this process on this machine.

mod site;

use crate::answers::class_schema;
use polars::prelude::DataFrame;
use site::Desk;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::Catalog;
use zoobot_data::schema::{Schema, Votes};
use zoobot_data::volunteers::Classifications;
use zoobot_show::notebook::text::{escape, plural};
use zoobot_show::notebook::{Bundle, Show};
use zoobot_show::web::Server;

/// The maximum number of answers: one key each.
const KEYS: usize = 9;

/// A question about the galaxies of a catalogue, for people on this machine.
///
/// Galaxies are shown in the order of the catalogue, to each person those that the person has not answered yet.
///
/// ```no_run
/// use zoobot_core::asking::Asking;
/// use zoobot_core::prelude::*;
/// let galaxies = Catalog::sample()?;
/// let page = Asking::new(&galaxies, &Schema::named("decals_dr5")?, "bar-dr5")?.journal("bars.jsonl").open()?;
/// println!("answer at {}", page.url());
/// page.votes()?.fractions();
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Asking {
    catalog: Catalog,
    schema: Schema,
    question: String,
    journal: Option<PathBuf>,
    people: Option<usize>,
}

impl Asking {
    /// Asks a question of a schema.
    ///
    /// # Errors
    /// [`Error::Missing`] for an unknown question, with a similar one; [`Error::Unsuitable`] for a question with
    /// more than 9 answers, the number of keys; [`Error::Empty`] for an empty catalogue.
    pub fn new(catalog: &Catalog, schema: &Schema, question: &str) -> Result<Self> {
        let answers = schema.question(question)?.answers().len();
        if answers > KEYS {
            let problem = format!("the question {question:?} has {answers} answers");
            return Err(Error::unsuitable(problem, format!("The page has keys for {KEYS}")));
        }
        if catalog.is_empty() {
            return Err(Error::empty("The catalogue has no galaxies", "Give some to ask about"));
        }
        let (catalog, schema, question) = (catalog.clone(), schema.clone(), question.to_owned());
        Ok(Self { catalog, schema, question, journal: None, people: None })
    }

    /// Asks which of some classes a galaxy belongs to. The question is called `class`.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`class_schema`].
    pub fn classes(catalog: &Catalog, classes: &[impl AsRef<str>]) -> Result<Self> {
        Self::new(catalog, &class_schema("class", classes)?, "class")
    }

    /// Keeps answers in a file, and begins with those that are in it: see [`read_answers`](crate::read_answers).
    /// Each answer is on the disk before the page shows the next galaxy. Default: only in memory.
    #[must_use]
    pub fn journal(self, path: impl AsRef<Path>) -> Self {
        Self { journal: Some(path.as_ref().to_path_buf()), ..self }
    }

    /// Shows a galaxy to at most this many people. Default: to everyone.
    #[must_use]
    pub fn people(self, people: usize) -> Self {
        Self { people: Some(people), ..self }
    }

    /// Opens the page, and returns a handle that shows its address. The page closes on
    /// [`stop`](AskingPage::stop), or when the handle is dropped.
    ///
    /// Only this machine can reach the page, and only by its full address. If this process runs on a remote
    /// machine, forward the port first: `ssh -L PORT:127.0.0.1:PORT machine`.
    ///
    /// # Errors
    /// [`Error::Parameter`] for 0 people; [`Error::Io`] when the journal cannot be written or no port can be
    /// opened; [`Error::Catalog`] and [`Error::Missing`] for a journal as in
    /// [`read_answers`](crate::read_answers).
    pub fn open(&self) -> Result<AskingPage> {
        if self.people == Some(0) {
            return Err(Error::parameter("people", 0, "at least 1"));
        }
        Ok(AskingPage { server: Arc::new(Server::start(Desk::new(self)?)?) })
    }
}

/// An open page that asks a question, from [`Asking::open`].
///
/// ```
/// use zoobot_core::asking::Asking;
/// use zoobot_core::prelude::*;
/// let page = Asking::classes(&Catalog::sample()?.head(20), &["ring", "other"])?.open()?;
/// assert!(page.url().starts_with("http://127.0.0.1:"));
/// assert_eq!(page.answers().height(), 0);
/// page.stop();
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct AskingPage {
    server: Arc<Server<Desk>>,
}

impl AskingPage {
    /// The page's address. Anyone with the address and an account on this machine can answer.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The answers so far, one for each person and galaxy.
    ///
    /// # Errors
    /// [`Error::Missing`] for an answer of the journal that the schema lacks.
    pub fn classifications(&self) -> Result<Classifications> {
        self.server.site().classifications()
    }

    /// The number of people who gave each answer, for each galaxy that was answered.
    ///
    /// # Errors
    /// As [`classifications`](Self::classifications).
    pub fn votes(&self) -> Result<Votes> {
        self.classifications()?.votes()
    }

    /// A table of the answers: `volunteer`, `id_str`, `question` and `answer`.
    pub fn answers(&self) -> DataFrame {
        self.classifications().map(|it| it.table()).unwrap_or_default()
    }

    /// Whether the page is open.
    pub fn is_running(&self) -> bool {
        self.server.is_running()
    }

    /// Closes the page. Its answers are kept.
    pub fn stop(&self) {
        self.server.stop();
    }
}

impl Show for AskingPage {
    fn show(&self) -> Bundle {
        let said = plural(self.answers().height(), "answer");
        if !self.is_running() {
            return Bundle::plain(format!("The page is closed. {said}."));
        }
        let url = self.url();
        let link = format!(
            "<div><a href=\"{0}\" target=\"_blank\" rel=\"noopener noreferrer\">Answer in the browser</a> \
             <span style=\"opacity:.65\">{said}. It stays open until page.stop() or until the kernel ends; only \
             this machine can reach it.</span></div>",
            escape(&url),
        );
        Bundle::plain(format!("Answer at {url}\n{said}.")).with("text/html", link)
    }
}

#[cfg(test)]
mod tests;
