//! Reads the rows of exports.

use super::cells::{Times, Value, seconds_of};
use super::columns::{
    ANNOTATIONS, BROKEN, CLASSIFICATION, CREATED, DATA, METADATA, SUBJECTS, USER, USER_ID, VERSION,
    WORKFLOW, Wrong, columns, json, opened,
};
use super::csv::{Found, Row, Rows};
use super::export::ZooniverseExport;
use super::tasks::{Picked, Tasks};
use serde_json::Map;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;
use zoobot_base::spelling::near;
use zoobot_data::catalog::ID;

/// The number of rows between two looks at the stop button.
const ROWS: u64 = 1 << 14;
/// The platform's own number of a subject, as a name of galaxies.
const SUBJECT: &str = "subject_id";
/// Why a classification is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    Workflow,
    Version,
    Since,
    Fast,
    NotLoggedIn,
    Subjects,
    Galaxy,
    Unanswered,
    Unmapped,
    TwiceInFiles,
    Duplicate,
}

impl Reason {
    /// The reason, as the end of "left out: ...".
    pub fn words(self) -> &'static str {
        match self {
            Self::Workflow => "of another workflow",
            Self::Version => "of another version of the workflow",
            Self::Since => "earlier than wanted",
            Self::Fast => "faster than wanted",
            Self::NotLoggedIn => "by volunteers who were not logged in",
            Self::Subjects => "of no subject, or of several at once",
            Self::Galaxy => "of galaxies that are not in the catalogue",
            Self::Unanswered => "without an answer, such as from tutorials and Talk",
            Self::Unmapped => "without an answer to a question of the schema",
            Self::TwiceInFiles => "with the number of another",
            Self::Duplicate => "repeated by the same volunteer",
        }
    }
}

/// A classification that may count.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    pub number: u64,
    pub volunteer: u32,
    pub galaxy: u32,
    /// Its answers in [`Seen::picked`].
    pub first: usize,
    pub count: u32,
}

/// What is wanted of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Import,
    /// Only the tasks and answers.
    Tasks,
}

/// What was read.
#[derive(Debug, Default)]
pub struct Seen {
    pub rows: u64,
    pub all: Vec<Made>,
    pub picked: Vec<Picked>,
    pub tasks: Tasks,
    pub volunteers: Names,
    pub galaxies: Names,
    pub dropped: BTreeMap<Reason, u64>,
    pub versions: BTreeMap<(u64, u64), u64>,
    pub retired: u64,
    pub strangers: Vec<String>,
    pub cut_off: Vec<String>,
}

/// Names, each once.
#[derive(Debug, Default)]
pub struct Names {
    places: HashMap<Box<str>, u32>,
    pub all: Vec<String>,
}

impl Names {
    fn place(&mut self, name: &str) -> u32 {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let place = self.all.len() as u32;
        self.places.insert(name.into(), place);
        self.all.push(name.to_owned());
        place
    }
}

/// Reads files.
pub fn read(export: &ZooniverseExport, files: &[&Path], wanted: Wanted) -> Result<Seen> {
    if files.is_empty() {
        return Err(Error::empty("No export is given", "Give at least one file"));
    }
    let mut reader = Reader {
        export,
        wanted,
        seen: Seen::default(),
        subjects: HashMap::new(),
        numbers: HashSet::new(),
        workflows: BTreeMap::new(),
        since: export.since.as_deref().and_then(seconds_of),
    };
    for file in files {
        reader.file(file)?;
    }
    if reader.seen.rows == 0 {
        let problem = format!("{} has no classifications", files[0].display());
        return Err(Error::empty(
            problem,
            "Export again when volunteers have classified something",
        ));
    }
    if export.workflow.is_none() && reader.workflows.len() > 1 {
        let all =
            reader.workflows.iter().map(|(id, count)| format!("{id} ({count} classifications)"));
        let problem = format!("the export has {} workflows", reader.workflows.len());
        let hint = format!("Choose one with --workflow: {}", all.collect::<Vec<_>>().join(", "));
        return Err(Error::unsuitable(problem, hint));
    }
    if let Some(wanted) =
        export.workflow.filter(|it| !reader.workflows.contains_key(&it.to_string()))
    {
        let names = reader.workflows.keys().map(String::as_str);
        return Err(Error::missing("workflow", &wanted.to_string(), "the export", names));
    }
    Ok(reader.seen)
}

struct Reader<'a> {
    export: &'a ZooniverseExport,
    wanted: Wanted,
    seen: Seen,
    /// The galaxy of each subject; `None` for one that is not wanted.
    subjects: HashMap<u64, Option<u32>>,
    numbers: HashSet<u64>,
    workflows: BTreeMap<String, u64>,
    since: Option<f64>,
}

/// Why a row is not read.
enum Stop {
    /// It cannot be read.
    Wrong(Wrong),
    /// It can, but the file must not be used.
    Refused(Error),
}

impl From<Wrong> for Stop {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

impl Reader<'_> {
    fn file(&mut self, path: &Path) -> Result<()> {
        let wrong = |row: u64, it: Wrong| Error::Catalog {
            path: path.to_path_buf(),
            problem: format!("row {row}: {}", it.problem),
            hint: it.hint.to_owned(),
        };
        let mut rows = Rows::new(opened(path)?);
        let mut row = Row::default();
        let mut next = |row: &mut Row| rows.next(row).map_err(Error::io("read", path));
        if next(&mut row)? != Found::Row {
            let problem = format!("{} is empty", path.display());
            return Err(Error::empty(problem, "Give a classification export of the Zooniverse"));
        }
        let columns = columns(&row, path)?;
        let width = row.len();
        let mut number = 0;
        loop {
            if number % ROWS == 0 {
                interrupt::check("reading classifications", || format!("{number} rows"))?;
            }
            let found = next(&mut row)?;
            number += 1;
            let torn = match found {
                Found::End => return Ok(()),
                Found::Row if row.len() == width && row.ended => None,
                Found::Row if row.len() == width => self.whole_end(&row, &columns),
                Found::Row if row.ended => {
                    let problem = format!("it has {} cells, but the header has {width}", row.len());
                    return Err(wrong(number, Wrong::new(problem, BROKEN)));
                }
                Found::Row => Some(format!("it has {} of {width} cells", row.len())),
                Found::Torn => Some("it ends within quotes".to_owned()),
                Found::Endless => {
                    let problem = "it is longer than 32 MB: a quote is not closed";
                    return Err(wrong(number, Wrong::new(problem, BROKEN)));
                }
            };
            if let Some(why) = torn {
                let id = row.text(columns[CLASSIFICATION]);
                let file = path.display();
                self.seen
                    .cut_off
                    .push(format!("row {number} of {file} (classification {id}): {why}"));
                return Ok(());
            }
            match self.row(&row, &columns) {
                Ok(None) => {}
                Ok(Some(reason)) => *self.seen.dropped.entry(reason).or_default() += 1,
                Err(Stop::Refused(error)) => return Err(error),
                Err(Stop::Wrong(it)) => return Err(wrong(number, it)),
            }
        }
    }

    /// Why a last row without an end of line is not whole: the file may end within the number of the subject.
    fn whole_end(&self, row: &Row, columns: &[usize; 10]) -> Option<String> {
        let named = row.text(columns[SUBJECTS]);
        let data: Map<String, serde_json::Value> =
            serde_json::from_slice(row.cell(columns[DATA])).unwrap_or_default();
        let whole = named.split(';').all(|it| data.contains_key(it.trim()));
        (!whole).then(|| format!("it ends in the number of the subject, {named:?}"))
    }

    fn row(&mut self, row: &Row, columns: &[usize; 10]) -> Result<Option<Reason>, Stop> {
        let export = self.export;
        let text = |which: usize| row.text(columns[which]);
        self.seen.rows += 1;
        let workflow = text(WORKFLOW);
        match self.workflows.get_mut(&*workflow) {
            Some(count) => *count += 1,
            None => drop(self.workflows.insert(workflow.to_string(), 1)),
        }
        if export.workflow.is_some_and(|it| it.to_string() != *workflow) {
            return Ok(Some(Reason::Workflow));
        }
        let version = version(&text(VERSION))?;
        if !export.versions.is_empty() && !export.versions.iter().any(|it| is_version(it, version))
        {
            return Ok(Some(Reason::Version));
        }
        if let Some(since) = self.since {
            let created = text(CREATED);
            let at = seconds_of(&created).ok_or_else(|| {
                Wrong::new(
                    format!("created_at is {created:?}"),
                    "It must be such as 2024-05-31 12:00:00 UTC",
                )
            })?;
            if at < since {
                return Ok(Some(Reason::Since));
            }
        }
        if export.seconds > 0.0 {
            let times: Times = json(row, columns, METADATA)?;
            if times.seconds().is_some_and(|it| it < export.seconds) {
                return Ok(Some(Reason::Fast));
            }
        }
        let (user, user_id) = (text(USER), text(USER_ID));
        let anonymous = user_id.is_empty() || user.starts_with("not-logged-in");
        if anonymous && export.logged_in {
            return Ok(Some(Reason::NotLoggedIn));
        }
        let classification = text(CLASSIFICATION);
        let number = classification.parse().map_err(|_| {
            Wrong::new(
                format!("classification_id is {classification:?}"),
                "It must be a whole number",
            )
        })?;
        let subject = text(SUBJECTS);
        let Ok(subject) = subject.parse::<u64>() else {
            return Ok(Some(Reason::Subjects));
        };
        let galaxy = match self.subjects.get(&subject) {
            Some(known) => *known,
            None => {
                let data: Map<String, serde_json::Value> = json(row, columns, DATA)?;
                let galaxy = self.galaxy(subject, &data)?;
                self.subjects.insert(subject, galaxy);
                galaxy
            }
        };
        let Some(galaxy) = galaxy else { return Ok(Some(Reason::Galaxy)) };
        let annotations: Value = json(row, columns, ANNOTATIONS)?;
        let first = self.seen.picked.len();
        if !self.numbers.insert(number) {
            return Ok(Some(Reason::TwiceInFiles));
        }
        if !self.seen.tasks.read(annotations, &mut self.seen.picked) {
            return Ok(Some(Reason::Unanswered));
        }
        if self.wanted == Wanted::Tasks {
            self.seen.picked.clear();
            return Ok(None);
        }
        let name = if user.is_empty() { format!("user-{user_id}") } else { user.into_owned() };
        let volunteer = self.seen.volunteers.place(&name);
        *self.seen.versions.entry(version).or_default() += 1;
        let count = (self.seen.picked.len() - first) as u32;
        self.seen.all.push(Made { number, volunteer, galaxy, first, count });
        Ok(None)
    }

    /// The galaxy of a subject; `None` if it is not wanted.
    fn galaxy(
        &mut self,
        subject: u64,
        data: &Map<String, serde_json::Value>,
    ) -> Result<Option<u32>, Stop> {
        let known = data.get(&subject.to_string()).and_then(serde_json::Value::as_object);
        let known = known.ok_or_else(|| {
            Wrong::new(format!("subject_data does not tell about the subject {subject}"), BROKEN)
        })?;
        if known.get("retired").is_some_and(|it| !it.is_null()) {
            self.seen.retired += 1;
        }
        let wanted = self.export.id.as_deref().unwrap_or(ID);
        let name = match bare(wanted) == SUBJECT {
            true => subject.to_string(),
            false => {
                let column = known.iter().find(|(key, _)| bare(key) == bare(wanted));
                let value = column.map(|(_, value)| match value {
                    serde_json::Value::String(text) => text.trim().to_owned(),
                    serde_json::Value::Null => String::new(),
                    other => other.to_string(),
                });
                match value.filter(|it| !it.is_empty()) {
                    Some(name) => name,
                    None => return Err(Stop::Refused(no_name(subject, wanted, known))),
                }
            }
        };
        if self.export.galaxies.as_ref().is_some_and(|it| !it.contains(&name)) {
            if self.seen.strangers.len() < 3 {
                self.seen.strangers.push(name);
            }
            return Ok(None);
        }
        Ok(Some(self.seen.galaxies.place(&name)))
    }
}

/// A column's name in lower case, without what hides it.
fn bare(name: &str) -> String {
    name.trim_start_matches(['#', '/', '!', '%']).trim().to_lowercase()
}

fn no_name(subject: u64, wanted: &str, known: &Map<String, serde_json::Value>) -> Error {
    let names: Vec<&str> = known.keys().map(String::as_str).filter(|it| *it != "retired").collect();
    let hint = match names.is_empty() {
        true => String::new(),
        false => format!("{}. ", near(wanted, names.into_iter()).trim_end_matches('.')),
    };
    Error::Missing {
        kind: "name",
        name: wanted.to_owned(),
        place: format!("the metadata of the subject {subject}"),
        hint: format!("{hint}Name the column with --id, or use --id {SUBJECT}"),
    }
}

/// The major and minor number of a version such as `12.34`.
fn version(text: &str) -> Result<(u64, u64), Wrong> {
    let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
    match (major.parse(), minor.parse()) {
        (Ok(major), Ok(minor)) => Ok((major, minor)),
        _ => Err(Wrong::new(format!("workflow_version is {text:?}"), "It must be such as 12.34")),
    }
}

fn is_version(wanted: &str, version: (u64, u64)) -> bool {
    match wanted.split_once('.') {
        Some((major, minor)) => (major.parse(), minor.parse()) == (Ok(version.0), Ok(version.1)),
        None => wanted.parse() == Ok(version.0),
    }
}
