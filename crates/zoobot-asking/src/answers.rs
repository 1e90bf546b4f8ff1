//! The answers of people on this machine, on disk: one line of JSON each, flushed to the disk before an answer
//! counts.
//!
//! ```text
//! {"user":"ana","id_str":"G000123","question":"ring","answer":"yes","at":1767225600}
//! {"user":"ben","id_str":"G000123","question":"ring","skip":true,"at":1767225601}
//! {"user":"ana","id_str":"G000123","question":"ring","undo":true,"at":1767225602}
//! ```

use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;
use zoobot_base::error::{Error, Result};
use zoobot_base::lines::{self, JsonLine};
use zoobot_data::schema::Schema;
use zoobot_data::volunteers::Classifications;

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct AnswerLine {
    /// The person; empty without a name.
    #[serde(default)]
    pub user: String,
    pub id_str: String,
    pub question: String,
    /// The answer; `None` for a skip or an undo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Whether the person skips this galaxy.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip: bool,
    /// Whether this line takes back the person's last answer or skip to the question.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undo: bool,
    /// The time, in seconds since 1970.
    #[serde(default)]
    pub at: u64,
}

impl JsonLine for AnswerLine {
    const FORM: &'static str =
        "Each line is {\"id_str\":\"NAME\",\"question\":\"NAME\",\"answer\":\"NAME\"}";

    fn problem(&self) -> Option<String> {
        let kinds = u8::from(self.answer.is_some()) + u8::from(self.skip) + u8::from(self.undo);
        match kinds {
            1 => None,
            0 => Some("it has no answer".to_owned()),
            _ => Some("it is more than one of an answer, a skip and an undo".to_owned()),
        }
    }
}

/// What a person says about a galaxy: an answer, or a skip.
pub(crate) type Said = Option<String>;

/// A galaxy whose turn it was, and what was said about it before.
type Turn = (String, Option<Said>);

/// What each person says, after undoing.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// By person and question: what is said about each galaxy.
    said: HashMap<(String, String), HashMap<String, Said>>,
    /// By person and question: the galaxies in turn.
    turns: HashMap<(String, String), Vec<Turn>>,
}

impl Record {
    /// Takes a line into account. Returns the galaxy whose answer is taken back by an undo.
    pub fn take(&mut self, line: &AnswerLine) -> Option<String> {
        let key = (line.user.clone(), line.question.clone());
        if line.undo {
            let (galaxy, before) = self.turns.get_mut(&key)?.pop()?;
            let said = self.said.entry(key).or_default();
            match before {
                Some(before) => drop(said.insert(galaxy.clone(), before)),
                None => drop(said.remove(&galaxy)),
            }
            return Some(galaxy);
        }
        let said = self.said.entry(key.clone()).or_default();
        let before = said.insert(line.id_str.clone(), line.answer.clone());
        self.turns.entry(key).or_default().push((line.id_str.clone(), before));
        None
    }

    /// What a person says about a galaxy.
    pub fn said(&self, user: &str, question: &str) -> Option<&HashMap<String, Said>> {
        self.said.get(&(user.to_owned(), question.to_owned()))
    }

    /// The galaxy that an undo would take back.
    pub fn last(&self, user: &str, question: &str) -> Option<&str> {
        let turns = self.turns.get(&(user.to_owned(), question.to_owned()))?;
        turns.last().map(|it| it.0.as_str())
    }

    /// Everyone who said something about a question, sorted.
    pub fn people(&self, question: &str) -> Vec<&str> {
        let all = self.said.iter().filter(|((_, it), said)| it == question && !said.is_empty());
        let mut people: Vec<&str> = all.map(|((user, _), _)| user.as_str()).collect();
        people.sort_unstable();
        people
    }

    /// The answers to the questions of a schema, in the order in which they were given.
    pub fn classifications(&self, schema: &Schema, place: &str) -> Result<Classifications> {
        let (mut volunteers, mut ids) = (Vec::new(), Vec::new());
        let (mut users, mut galaxies) = (HashMap::new(), HashMap::new());
        let mut given = Vec::new();
        let mut keys: Vec<&(String, String)> = self.said.keys().collect();
        keys.sort_unstable();
        for key in keys {
            let Ok(question) = schema.question(&key.1) else { continue };
            let mut seen = std::collections::HashSet::new();
            // Each galaxy once, where it was answered last.
            let turns = self.turns.get(key).into_iter().flatten().rev();
            let mut galaxies_in_turn: Vec<&str> =
                turns.filter(|it| seen.insert(&it.0)).map(|it| it.0.as_str()).collect();
            galaxies_in_turn.reverse();
            for galaxy in galaxies_in_turn {
                let Some(Some(name)) = self.said.get(key).and_then(|it| it.get(galaxy)) else {
                    continue;
                };
                let answer = question.answers().iter().find(|it| it.name() == name);
                let Some(answer) = answer else {
                    let names = question.answers().iter().map(|it| it.name());
                    let place = format!("the question {:?}, for {galaxy:?} in {place}", key.1);
                    return Err(Error::missing("answer", name, place, names));
                };
                let user = *users.entry(&key.0).or_insert_with(|| {
                    volunteers.push(if key.0.is_empty() {
                        UNNAMED.to_owned()
                    } else {
                        key.0.clone()
                    });
                    (volunteers.len() - 1) as u32
                });
                let row = *galaxies.entry(galaxy).or_insert_with(|| {
                    ids.push(galaxy.to_owned());
                    (ids.len() - 1) as u32
                });
                given.push((user, row, answer.index() as u32));
            }
        }
        Ok(Classifications::of_places(schema, volunteers, ids, given))
    }
}

/// The name of a person without a name, as a volunteer.
const UNNAMED: &str = "unnamed";

/// Reads the answers in a journal of the page that asks a question, as classifications: one for each person,
/// galaxy and question of the schema. Answers that were taken back and galaxies that were skipped are left out, and
/// so are questions that the schema lacks.
///
/// ```
/// use zoobot_core::asking::read_answers;
/// use zoobot_core::schema::Schema;
/// let file = std::env::temp_dir().join(format!("zoobot-answers-{}.jsonl", std::process::id()));
/// std::fs::write(&file, "{\"user\":\"ana\",\"id_str\":\"g1\",\"question\":\"ring\",\"answer\":\"yes\"}\n")
///     .expect("written");
/// let answers = read_answers(&file, &Schema::named("gz_rings")?)?;
/// assert_eq!(answers.votes()?.counts().row(0).to_vec(), [1.0, 0.0]);
/// # std::fs::remove_file(file).expect("it is there");
/// # Ok::<(), zoobot_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Io`] when the file cannot be read; [`Error::Catalog`] for a line that is no answer;
/// [`Error::Missing`] for an answer that the schema lacks; [`Error::Empty`] without any answer.
pub fn read_answers(journal: impl AsRef<Path>, schema: &Schema) -> Result<Classifications> {
    let path = journal.as_ref();
    let mut record = Record::default();
    for line in lines::read::<AnswerLine>(path)? {
        record.take(&line);
    }
    let place = path.display().to_string();
    let read = record.classifications(schema, &place)?;
    match read.is_empty() {
        false => Ok(read),
        true => Err(Error::empty(
            format!("{place} has no answer to a question of {}", schema.name()),
            "Answer at least one, or choose another schema",
        )),
    }
}

/// A schema with one question whose answers are the classes.
///
/// ```
/// use zoobot_core::asking::class_schema;
/// let schema = class_schema("kind", &["ring", "shell", "neither"])?;
/// assert_eq!(schema.columns(), ["kind_ring", "kind_shell", "kind_neither"]);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Schema`] for fewer than two classes, or one that occurs twice.
pub fn class_schema(question: &str, classes: &[impl AsRef<str>]) -> Result<Schema> {
    let answers: Vec<&str> = classes.iter().map(|it| it.as_ref().trim()).collect();
    let question = serde_json::json!({ "question": question, "answers": answers });
    Schema::from_json(
        &serde_json::json!({ "name": "classes", "questions": [question] }).to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(user: &str, galaxy: &str, answer: &str) -> AnswerLine {
        let mut line = AnswerLine {
            user: user.into(),
            id_str: galaxy.into(),
            question: "ring".into(),
            ..AnswerLine::default()
        };
        match answer {
            "skip" => line.skip = true,
            "undo" => line.undo = true,
            answer => line.answer = Some(answer.into()),
        }
        line
    }

    #[test]
    fn the_last_answer_counts_and_undoing_restores_the_one_before() {
        let schema = Schema::named("gz_rings").unwrap();
        let mut record = Record::default();
        for (user, galaxy, answer) in [
            ("ana", "g1", "yes"),
            ("ben", "g1", "no"),
            ("ana", "g2", "skip"),
            ("ana", "g3", "yes"),
            ("ana", "g1", "no"),
            ("ben", "g2", "yes"),
        ] {
            assert_eq!(record.take(&line(user, galaxy, answer)), None);
        }
        let counts = |record: &Record| {
            let votes = record.classifications(&schema, "here").unwrap().votes().unwrap();
            let row = |id: &str| votes.ids().iter().position(|it| it == id);
            ["g1", "g2", "g3"].map(|id| {
                row(id).map_or([0.0; 2], |it| [votes.counts()[[it, 0]], votes.counts()[[it, 1]]])
            })
        };
        assert_eq!(counts(&record), [[0.0, 2.0], [1.0, 0.0], [1.0, 0.0]]);
        assert_eq!(record.take(&line("ana", "", "undo")).as_deref(), Some("g1"));
        assert_eq!(counts(&record)[0], [1.0, 1.0]);
        assert_eq!(record.take(&line("ana", "", "undo")).as_deref(), Some("g3"));
        assert_eq!(record.last("ana", "ring"), Some("g2"));
        assert_eq!(counts(&record)[2], [0.0, 0.0]);
        assert_eq!(record.people("ring"), ["ana", "ben"]);
        for _ in 0..2 {
            record.take(&line("ana", "", "undo"));
        }
        assert_eq!(record.take(&line("ana", "", "undo")), None);
        assert_eq!(record.people("ring"), ["ben"]);
    }

    #[test]
    fn wrong_lines_and_unknown_answers_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let schema = Schema::named("gz_rings").unwrap();
        let path = dir.path().join("answers.jsonl");
        let says = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read_answers(&path, &schema).unwrap_err().to_string()
        };
        assert!(
            says("{\"id_str\":\"a\",\"question\":\"ring\"}\n").contains("line 1: it has no answer")
        );
        assert!(
            says("{\"id_str\":\"a\",\"question\":\"ring\",\"answer\":\"yes\",\"skip\":true}\n")
                .contains("more than one")
        );
        let message = says("{\"id_str\":\"a\",\"question\":\"ring\",\"answer\":\"yess\"}\n");
        assert!(
            message.contains("Did you mean \"yes\"?") && message.contains("answers.jsonl"),
            "{message}"
        );
        assert!(
            says("{\"id_str\":\"a\",\"question\":\"bar\",\"answer\":\"yes\"}\n")
                .contains("no answer to a question of")
        );
        assert!(says("").contains("no answer"));
        assert!(class_schema("kind", &["one"]).is_err());
    }
}
