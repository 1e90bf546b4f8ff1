//! The state that all tabs share, and the answers to the page's requests.

use super::Asking;
use crate::answers::{AnswerLine, Record};
use crate::zooniverse::{without_campaign, words};
use polars::prelude::{CsvWriter, DataFrame, SerWriter};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use zoobot_base::error::{Error, Result};
use zoobot_base::lines::JsonLines;
use zoobot_data::catalog::Catalog;
use zoobot_data::schema::Schema;
use zoobot_data::volunteers::Classifications;
use zoobot_show::notebook::jpeg;
use zoobot_show::web::{self, Method, Request, Response, Site, body, refusal};

const HTML: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");
/// The allowed sides of a picture, in pixels.
const SIDES: std::ops::RangeInclusive<u32> = 32..=1024;
/// The maximum number of characters of a name.
const LONGEST_NAME: usize = 64;
/// How many of the next galaxies the page hears of, to load their pictures early.
const AHEAD: usize = 4;

#[derive(Debug)]
pub struct Desk {
    catalog: Catalog,
    schema: Schema,
    question: String,
    people: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    record: Record,
    journal: Option<JsonLines<AnswerLine>>,
    /// The galaxies whose answers were taken back last, by person: they come first.
    back: Vec<(String, String)>,
}

impl Desk {
    pub fn new(asking: &Asking) -> Result<Self> {
        let mut record = Record::default();
        let journal = match &asking.journal {
            Some(path) => {
                let (journal, lines) = JsonLines::open(path)?;
                lines.iter().for_each(|line| drop(record.take(line)));
                Some(journal)
            }
            None => None,
        };
        let state = Mutex::new(State { record, journal, back: Vec::new() });
        let desk = Self {
            catalog: asking.catalog.clone(),
            schema: asking.schema.clone(),
            question: asking.question.clone(),
            people: asking.people.unwrap_or(usize::MAX),
            state,
        };
        // An answer that the schema lacks would be found too late.
        desk.classifications()?;
        Ok(desk)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answers to the question so far.
    pub fn classifications(&self) -> Result<Classifications> {
        let state = self.state();
        let place = state.journal.as_ref().map(|it| it.path().display().to_string());
        state.record.classifications(&self.schema, &place.unwrap_or_else(|| "this page".to_owned()))
    }

    /// The rows of the galaxies that a person is asked next.
    fn next(&self, state: &State, user: &str) -> Vec<usize> {
        let said = state.record.said(user, &self.question);
        let ids = self.catalog.ids();
        let open = |row: &usize| !said.is_some_and(|it| it.contains_key(&ids[*row]));
        let others: Vec<_> = match self.people {
            usize::MAX => Vec::new(),
            _ => {
                let people =
                    state.record.people(&self.question).into_iter().filter(|it| *it != user);
                people.filter_map(|it| state.record.said(it, &self.question)).collect()
            }
        };
        let wanted = |row: &usize| {
            let seen = others.iter().filter(|it| it.get(&ids[*row]).is_some_and(Option::is_some));
            seen.count() < self.people
        };
        let back = state.back.iter().rev().filter(|it| it.0 == user);
        let back = back.filter_map(|it| ids.iter().position(|id| *id == it.1)).filter(open);
        let mut rows: Vec<usize> = back.take(1).collect();
        let first = rows.first().copied();
        rows.extend(
            (0..ids.len()).filter(|it| Some(*it) != first && open(it) && wanted(it)).take(AHEAD),
        );
        rows
    }

    fn standing(&self, user: &str) -> Result<Value> {
        let question = self.schema.question(&self.question)?;
        let state = self.state();
        let rows = self.next(&state, user);
        let ids = self.catalog.ids();
        let known = state.record.said(user, &self.question);
        let own = |answered: bool| {
            known.map_or(0, |it| it.values().filter(|it| it.is_some() == answered).count())
        };
        let answers = question.answers().iter();
        let answers = answers.map(|it| json!({ "name": it.name(), "words": words(it.name()) }));
        Ok(json!({
            "user": user, "question": self.question, "words": words(without_campaign(&self.question)),
            "answers": answers.collect::<Vec<_>>(), "galaxies": ids.len(), "answered": own(true),
            "skipped": own(false), "last": state.record.last(user, &self.question),
            "people": state.record.people(&self.question),
            "next": rows.iter().map(|row| json!({ "row": row, "id": ids[*row] })).collect::<Vec<_>>(),
        }))
    }

    /// Adds a line to the journal, and takes it into account once it is on the disk.
    fn keep(&self, line: AnswerLine) -> Result<Option<String>> {
        let mut state = self.state();
        if let Some(journal) = &mut state.journal {
            journal.append(std::slice::from_ref(&line))?;
        }
        let back = state.record.take(&line);
        state.back.retain(|it| it.0 != line.user);
        if let Some(galaxy) = &back {
            state.back.push((line.user.clone(), galaxy.clone()));
        }
        Ok(back)
    }

    fn known(&self, id: &str) -> Result<()> {
        self.catalog.select(&[id]).map(drop)
    }
}

impl Site for Desk {
    fn answer(&self, request: &Request) -> Response {
        self.answered(request).unwrap_or_else(|error| refusal(&error))
    }
}

/// Who asks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    #[serde(default)]
    user: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    #[serde(default)]
    user: String,
    id: String,
    answer: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Skipped {
    #[serde(default)]
    user: String,
    id: String,
}

impl Desk {
    fn answered(&self, request: &Request) -> Result<Response> {
        let path: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
        match (request.method, path.as_slice()) {
            (Method::Get, [""]) => web::page(HTML, SCRIPT),
            (Method::Get, ["api", "picture", row]) => self.picture(row, request.query("side")),
            (Method::Get, ["api", "answers.csv"]) => csv(self.classifications()?.table()),
            (Method::Get, ["api", "votes.csv"]) => csv(self.classifications()?.votes()?.table()),
            (Method::Post, ["api", "state"]) => {
                let Person { user } = body(request)?;
                Ok(Response::json(&self.standing(name(&user)?)?))
            }
            (Method::Post, ["api", "answer"]) => {
                let Given { user, id, answer } = body(request)?;
                self.known(&id)?;
                let answers = self.schema.question(&self.question)?.answers();
                if !answers.iter().any(|it| it.name() == answer) {
                    let place = format!("the question {:?}", self.question);
                    return Err(Error::missing(
                        "answer",
                        &answer,
                        place,
                        answers.iter().map(|it| it.name()),
                    ));
                }
                self.said(
                    &user,
                    AnswerLine { id_str: id, answer: Some(answer), ..AnswerLine::default() },
                )
            }
            (Method::Post, ["api", "skip"]) => {
                let Skipped { user, id } = body(request)?;
                self.known(&id)?;
                self.said(&user, AnswerLine { id_str: id, skip: true, ..AnswerLine::default() })
            }
            (Method::Post, ["api", "undo"]) => {
                let Person { user } = body(request)?;
                let user = name(&user)?;
                let last = self.state().record.last(user, &self.question).map(str::to_owned);
                match last {
                    Some(id_str) => {
                        self.said(user, AnswerLine { id_str, undo: true, ..AnswerLine::default() })
                    }
                    None => Ok(Response::json(&self.standing(user)?)),
                }
            }
            _ => Ok(Response::refusal(404, "this page has no such address")),
        }
    }

    fn said(&self, user: &str, line: AnswerLine) -> Result<Response> {
        let user = name(user)?;
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_secs());
        let question = self.question.clone();
        let undone = self.keep(AnswerLine { user: user.to_owned(), question, at, ..line })?;
        let mut standing = self.standing(user)?;
        standing["undone"] = json!(undone);
        Ok(Response::json(&standing))
    }

    fn picture(&self, row: &str, side: Option<&str>) -> Result<Response> {
        let digits = !row.is_empty() && row.bytes().all(|byte| byte.is_ascii_digit());
        let known = row.parse().ok().filter(|known| digits && *known < self.catalog.len());
        let row: usize = known.ok_or_else(|| Error::Missing {
            kind: "galaxy",
            name: row.to_owned(),
            place: format!("the {} of the catalogue", self.catalog.len()),
            hint: "Galaxies are named by their row here".to_owned(),
        })?;
        let side = side.unwrap_or("512");
        let pixels =
            side.parse().ok().filter(|pixels| SIDES.contains(pixels)).ok_or_else(|| {
                let range = format!("between {} and {} pixels", SIDES.start(), SIDES.end());
                Error::parameter("side", format!("{side:?}"), range)
            })?;
        let files = self.catalog.at(&[row])?.files();
        let file = files.first().filter(|file| !file.as_os_str().is_empty());
        let file = file.ok_or_else(|| Error::Picture {
            path: "".into(),
            reason: "the catalogue has no file for this galaxy".into(),
        })?;
        Ok(Response::of("image/jpeg", jpeg(file, pixels)?))
    }
}

/// A person's name without blanks at its ends.
fn name(user: &str) -> Result<&str> {
    let user = user.trim();
    match user.chars().count() > LONGEST_NAME || user.chars().any(char::is_control) {
        true => Err(Error::unsuitable(
            format!(
                "the name is longer than {LONGEST_NAME} characters, or contains an end of line"
            ),
            "Choose a shorter name",
        )),
        false => Ok(user),
    }
}

fn csv(mut table: DataFrame) -> Result<Response> {
    let mut bytes = Vec::new();
    CsvWriter::new(&mut bytes).finish(&mut table)?;
    Ok(Response::of("text/csv; charset=utf-8", bytes))
}
