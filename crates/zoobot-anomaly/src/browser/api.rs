//! The answers to the page's requests.

use super::super::search::AnomalySearch;
use super::desk::{Choice, Desk};
use super::galaxy;
use polars::prelude::{CsvWriter, DataFrame, SerWriter};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::Catalog;
use zoobot_show::notebook::jpeg;
use zoobot_show::web::{Method, Request, Response, Site, body, refusal};

/// The maximum number of galaxies of a ranking or of ratings in one answer.
const MOST: usize = 500;
/// The maximum number of characters of a note.
const LONGEST_NOTE: usize = 2000;
/// The allowed sides of a picture, in pixels.
const SIDES: std::ops::RangeInclusive<u32> = 32..=1024;

impl Site for Desk {
    fn answer(&self, request: &Request) -> Response {
        answer(self, request)
    }

    fn work(&self) {
        self.learn();
    }

    fn close(&self) {
        Self::close(self);
    }
}

fn answer(desk: &Desk, request: &Request) -> Response {
    let path: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
    let answered = match (request.method, path.as_slice()) {
        (Method::Get, [""]) => super::page::page(),
        (Method::Get, ["api", "state"]) => Ok(Response::json(&state(desk))),
        (Method::Get, ["api", "galaxy", row]) => about(desk, row),
        (Method::Get, ["api", "columns"]) => columns(desk),
        (Method::Get, ["api", "picture", row]) => picture(desk, row, request.query("side")),
        (Method::Get, ["api", "rated"]) => {
            Ok(Response::json(&rated(desk, number(request, "from"))))
        }
        (Method::Get, ["api", "ranking"]) => ranking(desk, request),
        (Method::Get, ["api", "ratings.csv"]) => csv(desk.search().table()),
        (Method::Get, ["api", "ranking.csv"]) => {
            desk.standing().learnt.ok_or_else(unranked).and_then(|it| csv(it.ranking.table()))
        }
        (Method::Post, ["api", "rate"]) => rate(desk, request),
        (Method::Post, ["api", "skip"]) => skip(desk, request),
        (Method::Post, ["api", "note"]) => note(desk, request),
        (Method::Post, ["api", "undo"]) => undo(desk),
        (Method::Post, ["api", "retrain"]) => retrain(desk, request),
        (Method::Get | Method::Post, _) => {
            Ok(Response::refusal(404, "this page has no such address"))
        }
    };
    answered.unwrap_or_else(|error| refusal(&error))
}

fn state(desk: &Desk) -> Value {
    let standing = desk.standing();
    let search = desk.search();
    let ratings = search.ratings();
    let said = Said::of(&search);
    let ids = search.space().ids();
    let items = standing.items.iter().map(|item| said.item(item.row, &ids[item.row], &item.why));
    let learnt = standing.learnt.as_ref().map(|learnt| {
        json!({
            "ratings": learnt.ratings, "seconds": learnt.seconds, "note": learnt.note,
            "fresh": standing.behind == 0, "behind": standing.behind,
        })
    });
    json!({
        "user": search.name(), "galaxies": ids.len(), "rated": ratings.len(),
        "skipped": said.skipped.len(),
        "batch": standing.batch, "items": items.collect::<Vec<_>>(), "choice": standing.choice,
        "training": standing.training, "problem": standing.problem, "ranking": learnt,
    })
}

/// This user's ratings, skips and notes, by the galaxies' rows.
struct Said {
    values: HashMap<usize, u8>,
    skipped: HashSet<usize>,
    notes: BTreeMap<usize, String>,
}

impl Said {
    fn of(search: &AnomalySearch) -> Self {
        let skipped = search.skipped_rows().into_iter().collect();
        let values = search.ratings().iter().map(|it| (it.row, it.value)).collect();
        Self { values, skipped, notes: search.noted() }
    }

    /// A galaxy in the form that the page receives.
    fn item(&self, row: usize, id: &str, why: &str) -> Value {
        json!({
            "row": row, "id": id, "why": why, "rating": self.values.get(&row),
            "skipped": self.skipped.contains(&row), "note": self.notes.get(&row),
        })
    }
}

/// A galaxy's row from the address (a number below the number of galaxies), and the catalogue.
fn place(desk: &Desk, row: &str) -> Result<(usize, Catalog)> {
    let search = desk.search();
    let digits = !row.is_empty() && row.bytes().all(|byte| byte.is_ascii_digit());
    let known = row.parse().ok().filter(|known| digits && *known < search.space().len());
    let known: usize = known.ok_or_else(|| Error::Missing {
        kind: "galaxy",
        name: row.to_owned(),
        place: format!("the {} that are searched", search.space().len()),
        hint: "Galaxies are named by their row here".to_owned(),
    })?;
    Ok((known, search.space().known_catalog()?.clone()))
}

fn columns(desk: &Desk) -> Result<Response> {
    let catalog = desk.search().space().known_catalog()?.clone();
    Ok(Response::json(&galaxy::columns(&catalog)))
}

fn about(desk: &Desk, row: &str) -> Result<Response> {
    let (row, catalog) = place(desk, row)?;
    Ok(Response::json(&galaxy::known(&catalog, row)?))
}

fn picture(desk: &Desk, row: &str, side: Option<&str>) -> Result<Response> {
    let (row, catalog) = place(desk, row)?;
    let wrong = |side: &str| {
        let range = format!("between {} and {} pixels", SIDES.start(), SIDES.end());
        Error::parameter("side", format!("{side:?}"), range)
    };
    let side = side.unwrap_or("256");
    let pixels = side.parse().ok().filter(|pixels| SIDES.contains(pixels));
    let pixels = pixels.ok_or_else(|| wrong(side))?;
    let files = catalog.at(&[row])?.files();
    let file = files.first().filter(|file| !file.as_os_str().is_empty());
    let no_file = || Error::Picture {
        path: "".into(),
        reason: "the catalogue has no file for this galaxy".into(),
    };
    Ok(Response::of("image/jpeg", jpeg(file.ok_or_else(no_file)?, pixels)?))
}

/// The ratings and the skipped galaxies, the last first.
fn rated(desk: &Desk, from: usize) -> Value {
    let search = desk.search();
    let (ratings, skipped, said) = (search.ratings(), search.skipped_rows(), Said::of(&search));
    let ids = search.space().ids();
    let shown = ratings.iter().rev().skip(from).take(MOST).map(|it| {
        said.item(it.row, &ids[it.row], if it.liked { "an example to begin with" } else { "" })
    });
    let passed = skipped.iter().rev().take(MOST).map(|&row| said.item(row, &ids[row], ""));
    json!({
        "items": shown.collect::<Vec<_>>(), "all": ratings.len(),
        "skipped": passed.collect::<Vec<_>>(),
    })
}

fn ranking(desk: &Desk, request: &Request) -> Result<Response> {
    let learnt = desk.standing().learnt.ok_or_else(unranked)?;
    let open = request.query("unrated") == Some("true");
    let ranking = if open { Arc::new(learnt.ranking.unrated()) } else { learnt.ranking };
    let search = desk.search();
    let said = Said::of(&search);
    let from = number(request, "from");
    let count = match number(request, "count") {
        0 => 48,
        count => count.min(MOST),
    };
    let rows = ranking.rows().iter().enumerate().skip(from).take(count);
    let shown = rows.map(|(place, &row)| {
        let (mean, std) = ranking.expectation(row);
        let why = format!("expected {mean:.1}\u{a0}±\u{a0}{std:.1}");
        let mut item = said.item(row, &search.space().ids()[row], &why);
        item["rank"] = json!(place + 1);
        item
    });
    Ok(Response::json(&json!({ "items": shown.collect::<Vec<_>>(), "all": ranking.len() })))
}

fn unranked() -> Error {
    Error::empty("no galaxies are rated yet", "Rate at least one")
}

fn number(request: &Request, name: &str) -> usize {
    request.query(name).and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rate {
    id: String,
    rating: Value,
}

fn rate(desk: &Desk, request: &Request) -> Result<Response> {
    let Rate { id, rating } = body(request)?;
    let rating = match rating {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let rated = desk.tell(|search| search.rate(&id, &rating))?;
    Ok(Response::json(&json!({ "id": id, "rated": rated })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Skip {
    id: String,
}

fn skip(desk: &Desk, request: &Request) -> Result<Response> {
    let Skip { id } = body(request)?;
    let rated = desk.tell(|search| search.skip(&id))?;
    Ok(Response::json(&json!({ "id": id, "rated": rated })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    id: String,
    note: String,
}

fn note(desk: &Desk, request: &Request) -> Result<Response> {
    let Note { id, note } = body(request)?;
    if note.chars().count() > LONGEST_NOTE {
        let problem = format!(
            "the note has {} characters, but at most {LONGEST_NOTE} can be kept",
            note.chars().count()
        );
        return Err(Error::unsuitable(problem, "Shorten it"));
    }
    desk.search().note(&id, &note)?;
    Ok(Response::json(&json!({ "id": id, "note": note.trim() })))
}

fn undo(desk: &Desk) -> Result<Response> {
    let undone = desk.undo()?.map(|(id, row)| json!({ "id": id, "row": row }));
    Ok(Response::json(&json!({ "undone": undone })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Retrain {
    #[serde(default)]
    choice: Choice,
}

fn retrain(desk: &Desk, request: &Request) -> Result<Response> {
    let Retrain { choice } = body(request)?;
    desk.retrain(choice);
    Ok(Response::json(&json!({ "training": true })))
}

fn csv(mut table: DataFrame) -> Result<Response> {
    let mut bytes = Vec::new();
    CsvWriter::new(&mut bytes).finish(&mut table)?;
    Ok(Response::of("text/csv; charset=utf-8", bytes))
}
