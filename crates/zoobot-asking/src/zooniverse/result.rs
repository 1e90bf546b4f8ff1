//! What an import gives.

use super::export::{Duplicates, ZooniverseExport};
use super::mapping::TaskMapping;
use super::read::{Made, Reason, Seen};
use super::tasks::{Meaning, Picked};
use polars::prelude::{Column, DataFrame};
use std::collections::HashMap;
use zoobot_base::error::{Error, Result};
use zoobot_base::table::table_of;
use zoobot_data::schema::Schema;
use zoobot_data::volunteers::Classifications;
use zoobot_show::notebook::text::{plural, thousands};
use zoobot_show::notebook::{Bundle, Show, Table};
use zoobot_show::notes::{self, examples};

/// What was read from the exports of a Zooniverse project, and what was left out.
///
/// ```no_run
/// use zoobot_core::asking::ZooniverseExport;
/// use zoobot_core::prelude::*;
/// let import = ZooniverseExport::new(&Schema::named("decals_dr5")?).read(&["export.csv"])?;
/// let honest = ArtifactFilter::default().apply(import.classifications())?;
/// write_table(&honest.votes()?.table(), "votes.csv")?;
/// import.dropped()
/// # ;
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ZooniverseImport {
    classifications: Classifications,
    rows: u64,
    kept: u64,
    dropped: Vec<(String, u64)>,
    tasks: DataFrame,
    versions: Vec<(String, u64)>,
    retired: u64,
    cut_off: Vec<String>,
}

impl ZooniverseImport {
    /// The answers, one for each volunteer, galaxy and question, in the order in which they were given.
    pub fn classifications(&self) -> &Classifications {
        &self.classifications
    }

    /// The number of classifications in the files.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The number of classifications that count.
    pub fn kept(&self) -> u64 {
        self.kept
    }

    /// A table of what was left out: `reason` and `count`. Counts are of classifications, except for the answers
    /// that the last rows name.
    pub fn dropped(&self) -> DataFrame {
        let reasons: Vec<&str> = self.dropped.iter().map(|it| it.0.as_str()).collect();
        let counts: Vec<u64> = self.dropped.iter().map(|it| it.1).collect();
        let columns =
            vec![Column::new("reason".into(), reasons), Column::new("count".into(), counts)];
        table_of(self.dropped.len(), columns)
    }

    /// A table of the tasks and answers in the files: `task`, `label`, `answer` (as volunteers read them),
    /// `given` (how often, before duplicates are left out), `question` and `means` (the schema's names; empty for
    /// what is ignored).
    pub fn tasks(&self) -> &DataFrame {
        &self.tasks
    }

    /// The versions of the workflow, such as `12.34`, with their numbers of classifications.
    pub fn versions(&self) -> &[(String, u64)] {
        &self.versions
    }

    /// The number of subjects that the platform has retired, where the export says so.
    pub fn retired(&self) -> u64 {
        self.retired
    }

    /// The last rows that are cut off, one for each such file: where, and what is missing. All rows before are
    /// read.
    pub fn cut_off(&self) -> &[String] {
        &self.cut_off
    }
}

impl Show for ZooniverseImport {
    fn show(&self) -> Bundle {
        let title =
            format!("{} of {} classifications count", thousands(self.kept), thousands(self.rows));
        Table::new(self.dropped()).title(title).show()
    }
}

impl Seen {
    /// A mapping to complete.
    pub fn suggestion(&self, export: &ZooniverseExport) -> TaskMapping {
        self.tasks.guess(&export.schema).suggestion(&self.tasks, &export.schema)
    }

    /// The classifications that count.
    pub fn import(mut self, export: &ZooniverseExport) -> Result<ZooniverseImport> {
        let schema = &export.schema;
        for it in &self.cut_off {
            notes::note(format!("The file is cut off in its last row, which is not read: {it}"));
        }
        if self.all.is_empty() {
            return Err(self.nothing_left());
        }
        let meaning = self.tasks.meaning(schema, export.mapping.as_ref())?;
        // The order in which they were made, whatever the order of rows and files is.
        self.all.sort_unstable_by_key(|it| it.number);
        let questions: Vec<u32> = (schema.questions().iter().zip(0..))
            .flat_map(|(it, place)| it.range().map(move |_| place))
            .collect();
        let mut several = 0;
        let mut answers = Vec::new();
        let mut last: HashMap<(u32, u32), usize> = HashMap::with_capacity(self.all.len());
        let mut kept: Vec<Option<(Made, usize, u32)>> = Vec::with_capacity(self.all.len());
        for it in &self.all {
            let picked = &self.picked[it.first..it.first + it.count as usize];
            let first = answers.len();
            several += answered(picked, &meaning, &questions, &mut answers);
            let count = (answers.len() - first) as u32;
            if count == 0 {
                *self.dropped.entry(Reason::Unmapped).or_default() += 1;
                continue;
            }
            let place = kept.len();
            if let Some(before) = last.insert((it.volunteer, it.galaxy), place) {
                *self.dropped.entry(Reason::Duplicate).or_default() += 1;
                if export.duplicates == Duplicates::First {
                    last.insert((it.volunteer, it.galaxy), before);
                    continue;
                }
                kept[before] = None;
            }
            kept.push(Some((*it, first, count)));
        }
        let kept: Vec<(Made, usize, u32)> = kept.into_iter().flatten().collect();
        if kept.is_empty() {
            return Err(self.nothing_left());
        }
        let mut volunteers = Renumbered::new(self.volunteers.all);
        let mut galaxies = Renumbered::new(self.galaxies.all);
        let mut given = Vec::with_capacity(answers.len());
        for (it, first, count) in &kept {
            let (volunteer, galaxy) = (volunteers.place(it.volunteer), galaxies.place(it.galaxy));
            let own = &answers[*first..first + *count as usize];
            given.extend(own.iter().map(|answer| (volunteer, galaxy, *answer)));
        }
        let tasks = tasks_table(&self.tasks, &meaning, schema);
        let reasons = self.dropped.iter().map(|(it, count)| (it.words().to_owned(), *count));
        let mut dropped: Vec<(String, u64)> = reasons.collect();
        let answers = [
            ("answers: several to a question that takes one", several),
            ("answers: questions that were skipped", self.tasks.skipped),
        ];
        dropped.extend(answers.iter().filter(|it| it.1 > 0).map(|it| (it.0.to_owned(), it.1)));
        if !self.strangers.is_empty() {
            let count = self.dropped.get(&Reason::Galaxy).copied().unwrap_or_default();
            notes::note(format!(
                "{} of galaxies that are not in the catalogue are left out, such as {}",
                plural(count as usize, "classification"),
                examples(&self.strangers)
            ));
        }
        let asked: Vec<usize> = meaning.questions.iter().flatten().copied().collect();
        let silent: Vec<&str> = (schema.questions().iter().enumerate())
            .filter(|(place, _)| !asked.contains(place))
            .map(|(_, it)| it.name())
            .collect();
        if !silent.is_empty() {
            notes::note(format!("No task asks {}: no votes for it", examples(&silent)));
        }
        let versions = self
            .versions
            .iter()
            .map(|((major, minor), count)| (format!("{major}.{minor}"), *count));
        Ok(ZooniverseImport {
            kept: kept.len() as u64,
            classifications: Classifications::of_places(
                schema,
                volunteers.names,
                galaxies.names,
                given,
            ),
            rows: self.rows,
            dropped,
            tasks,
            versions: versions.collect(),
            retired: self.retired,
            cut_off: self.cut_off,
        })
    }

    /// The error when nothing counts, with the reasons.
    fn nothing_left(&self) -> Error {
        let reasons: Vec<String> = (self.dropped.iter())
            .map(|(it, count)| format!("{} {}", thousands(*count), it.words()))
            .collect();
        let hint = match self.strangers.as_slice() {
            [] => "Check the options that choose classifications".to_owned(),
            some => format!(
                "The export names galaxies such as {}. Check that the catalogue is the one that was \
                 uploaded, and the column of --id",
                examples(some)
            ),
        };
        let all = thousands(self.rows);
        Error::empty(format!("None of {all} classifications counts: {}", reasons.join(", ")), hint)
    }
}

/// Adds the answers of one classification, by their indices in the schema: for each question the last annotation.
/// Returns how many answers are left out because they are several to one question.
fn answered(picked: &[Picked], meaning: &Meaning, questions: &[u32], to: &mut Vec<u32>) -> u64 {
    let first = to.len();
    let known = |it: &Picked| meaning.answers.get(it.choice as usize).copied().flatten();
    let mut left_out = 0;
    // Each answer with the annotation it is of; a handful.
    let mut own: Vec<(u32, u32)> = Vec::with_capacity(picked.len());
    for it in picked {
        let Some(answer) = known(it) else { continue };
        let question = questions[answer as usize];
        own.retain(|(other, annotation)| {
            questions[*other as usize] != question || *annotation == it.annotation
        });
        if !own.contains(&(answer, it.annotation)) {
            own.push((answer, it.annotation));
        }
    }
    for (answer, _) in &own {
        let question = questions[*answer as usize];
        match own.iter().filter(|it| questions[it.0 as usize] == question).count() {
            1 => to.push(*answer),
            _ => left_out += 1,
        }
    }
    to[first..].sort_unstable();
    left_out
}

/// Names in the order in which they are first used.
struct Renumbered {
    old: Vec<String>,
    places: Vec<Option<u32>>,
    names: Vec<String>,
}

impl Renumbered {
    fn new(old: Vec<String>) -> Self {
        Self { places: vec![None; old.len()], old, names: Vec::new() }
    }

    fn place(&mut self, old: u32) -> u32 {
        let known = &mut self.places[old as usize];
        *known.get_or_insert_with(|| {
            self.names.push(std::mem::take(&mut self.old[old as usize]));
            (self.names.len() - 1) as u32
        })
    }
}

fn tasks_table(tasks: &super::tasks::Tasks, meaning: &Meaning, schema: &Schema) -> DataFrame {
    let names: Vec<&str> = schema.answers().map(|it| it.name()).collect();
    let rows = tasks.choices.iter().zip(&meaning.answers).map(|(it, answer)| {
        let task = &tasks.tasks[it.task];
        let question = meaning.questions[it.task].map(|it| schema.questions()[it].name());
        (task, it, question, answer.map(|it| names[it as usize]))
    });
    let rows: Vec<_> = rows.collect();
    let text = |name: &str, cells: Vec<Option<&str>>| Column::new(name.into(), cells);
    let columns = vec![
        text("task", rows.iter().map(|it| Some(it.0.key.as_str())).collect()),
        text("label", rows.iter().map(|it| Some(it.0.label.as_str())).collect()),
        text("answer", rows.iter().map(|it| Some(it.1.text.as_str())).collect()),
        Column::new("given".into(), rows.iter().map(|it| it.1.given).collect::<Vec<u64>>()),
        text("question", rows.iter().map(|it| it.2).collect()),
        text("means", rows.iter().map(|it| it.3).collect()),
    ];
    table_of(rows.len(), columns)
}
