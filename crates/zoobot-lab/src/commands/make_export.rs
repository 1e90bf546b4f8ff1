//! `zoobot-lab make-export`: a classification export of a project that does not exist, with what is odd about real
//! ones, and what an import of it must give.

use clap::Args;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zoobot_cli::report;
use zoobot_core::asking::TaskMapping;
use zoobot_core::catalog::write_table;
use zoobot_core::ndarray::Array2;
use zoobot_core::schema::{Schema, Votes};
use zoobot_core::{Error, Result, interrupt};

const WORKFLOW: u64 = 10_582;
const HEADER: &str = "classification_id,user_name,user_id,user_ip,workflow_id,workflow_name,workflow_version,created_at,\
gold_standard,expert,metadata,annotations,subject_data,subject_ids\n";
/// The volunteers who always answer "artifact".
const BOTS: u32 = 5;
/// What an import must be given so that it follows the plan.
const OPTIONS: &str = "--schema decals_dr5 --mapping mapping.json --workflow 10582 --versions 12 --fastest 1 --without-artifact-bots";

/// Make a classification export as the Zooniverse's, and the votes that it contains.
///
/// Writes export.csv, mapping.json, plan.csv (the votes, by the questions of decals_dr5) and plan.json (what is left
/// out, and why) into a folder. Import it with the options that plan.json names.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  zoobot-lab make-export --classifications 1000000 --galaxies 25000 --volunteers 20000 --out made")]
pub struct MakeExport {
    /// The number of rows
    #[arg(long, default_value_t = 100_000)]
    classifications: u64,
    /// The number of galaxies
    #[arg(long, default_value_t = 2_500)]
    galaxies: u32,
    /// The number of volunteers
    #[arg(long, default_value_t = 2_000)]
    volunteers: u32,
    /// The random seed
    #[arg(long, default_value_t = zoobot_core::seed::DEFAULT)]
    seed: u64,
    /// The folder to write into
    #[arg(long)]
    out: PathBuf,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

/// The answers of each volunteer about each galaxy, by the indices of the schema.
type Answers = HashMap<(u32, u32), Vec<u32>>;

impl MakeExport {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        if self.galaxies == 0 || self.volunteers <= BOTS {
            return Err(Error::parameter("volunteers and galaxies", 0, "above 5 and 0"));
        }
        let schema = Schema::named("decals_dr5")?;
        std::fs::create_dir_all(&self.out).map_err(Error::io("create", &self.out))?;
        let mapping = self.out.join("mapping.json");
        std::fs::write(&mapping, mapping_of(&schema)?.to_json())
            .map_err(Error::io("write", &mapping))?;
        let mut maker = Maker {
            draw: StdRng::seed_from_u64(self.seed),
            schema,
            kept: Answers::new(),
            dropped: Map::new(),
            recent: Vec::new(),
        };
        let path = self.out.join("export.csv");
        maker.write(&path, self)?;
        write_table(&maker.votes()?.table(), self.out.join("plan.csv"))?;
        let bots: Vec<String> = (0..BOTS).map(name).collect();
        let figures = json!({
            "classifications": self.classifications, "dropped": maker.dropped, "bots": bots,
            "options": OPTIONS,
        });
        let plan = self.out.join("plan.json");
        std::fs::write(&plan, figures.to_string()).map_err(Error::io("write", &plan))?;
        report(self.json, &figures, || {
            Ok(format!("zoobot zooniverse import {} {OPTIONS}", path.display()))
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The label of an answer, which is not its name in the schema.
fn label(answer: &str) -> String {
    format!(
        "![{answer}.png](https://panoptes-uploads.zooniverse.org/{answer}.png =60x) {}, \"{answer}\"",
        answer.to_uppercase()
    )
}

fn mapping_of(schema: &Schema) -> Result<TaskMapping> {
    let tasks = schema.questions().iter().enumerate().map(|(place, question)| {
        let answers = question.answers().iter().map(|it| (label(it.name()), json!(it.name())));
        let answers: Map<String, Value> = answers.collect();
        (format!("T{place}"), json!({ "question": question.name(), "answers": answers }))
    });
    let tasks: Map<String, Value> = tasks.collect();
    TaskMapping::from_json(&json!({ "tasks": tasks }).to_string())
}

fn name(volunteer: u32) -> String {
    match volunteer % 7 {
        _ if volunteer < BOTS => format!("bot {volunteer}, the \"fast\""),
        3 => format!("not-logged-in-{volunteer:020x}"),
        _ => format!("volunteer {volunteer}"),
    }
}

/// A cell in quotes.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

struct Maker {
    draw: StdRng,
    schema: Schema,
    kept: Answers,
    dropped: Map<String, Value>,
    /// Volunteers and galaxies of some time ago, for repetitions.
    recent: Vec<(u32, u32)>,
}

impl Maker {
    fn drop(&mut self, reason: &str) {
        let count = self.dropped.get(reason).and_then(Value::as_u64).unwrap_or_default();
        self.dropped.insert(reason.to_owned(), (count + 1).into());
    }

    fn write(&mut self, path: &Path, settings: &MakeExport) -> Result<()> {
        let failed = || Error::io("write", path);
        let mut file = BufWriter::new(File::create(path).map_err(failed())?);
        file.write_all(HEADER.as_bytes()).map_err(failed())?;
        for row in 0..settings.classifications {
            if row % 4096 == 0 {
                interrupt::check("making an export", || format!("{row} rows"))?;
            }
            let line = self.row(row, settings)?;
            file.write_all(line.as_bytes()).map_err(failed())?;
        }
        file.flush().map_err(failed())
    }

    fn row(&mut self, row: u64, settings: &MakeExport) -> Result<String> {
        let chance = self.draw.random::<f64>();
        let (mut volunteer, mut galaxy) = (
            self.draw.random_range(BOTS..settings.volunteers),
            self.draw.random_range(0..settings.galaxies),
        );
        if self.draw.random::<f64>() < 0.03 {
            volunteer = self.draw.random_range(0..BOTS);
        } else if self.draw.random::<f64>() < 0.02
            && let Some(again) =
                self.recent.get(self.draw.random_range(0..self.recent.len().max(1)))
        {
            (volunteer, galaxy) = *again;
        }
        let (mut workflow, mut version) = (WORKFLOW, format!("12.{}", row % 40));
        let mut seconds = 1.5 + 20.0 * self.draw.random::<f64>();
        let answers = if volunteer < BOTS { vec![2] } else { self.answers(galaxy) };
        let (annotations, counted) = match chance {
            it if it < 0.01 => {
                self.drop("of another workflow");
                workflow = 777;
                (json!([{ "task": "T0", "task_label": "Whale?", "value": "Yes" }]), None)
            }
            it if it < 0.02 => {
                self.drop("of another version of the workflow");
                version = "9.3".into();
                (json!([{ "task": "T0", "task_label": "Old?", "value": "Yes" }]), None)
            }
            it if it < 0.04 => {
                self.drop("faster than wanted");
                seconds = 0.4;
                (self.annotations(&answers).0, None)
            }
            it if it < 0.05 => {
                self.drop("without an answer, such as from tutorials and Talk");
                (json!([]), None)
            }
            it if it < 0.06 => {
                self.drop("without an answer to a question of the schema");
                let comment = format!("I like this one ({row}).\nDo \"you\"?");
                (json!([{ "task": "T99", "task_label": "Anything else?", "value": comment }]), None)
            }
            it if it < 0.07 => {
                self.drop("without an answer, such as from tutorials and Talk");
                (
                    json!([{ "task": "T0", "task_label": "Smooth?", "value": null },
                    { "task": "T50", "value": [{ "x": 1.5, "y": 20.0, "tool": 0, "frame": 0, "details": [] }] }]),
                    None,
                )
            }
            _ => {
                let (annotations, counted) = self.annotations(&answers);
                (annotations, Some(counted))
            }
        };
        if let Some(answers) = counted {
            if self.kept.insert((volunteer, galaxy), answers).is_some() {
                self.drop("repeated by the same volunteer");
            }
            match self.recent.len() {
                1000 => {
                    let place = self.draw.random_range(0..1000);
                    self.recent[place] = (volunteer, galaxy);
                }
                _ => self.recent.push((volunteer, galaxy)),
            }
        }
        Ok(line(row, volunteer, galaxy, workflow, &version, seconds, &annotations))
    }

    /// The path of a volunteer through the tree. Answers depend on the galaxy; the answer "artifact" is rare.
    fn answers(&mut self, galaxy: u32) -> Vec<u32> {
        let mut given: Vec<u32> = Vec::new();
        for (place, question) in self.schema.questions().iter().enumerate() {
            let asked = match question.depends_on().map(|it| self.schema.answer(it)) {
                Some(Ok(parent)) => given.contains(&(parent.index() as u32)),
                _ => true,
            };
            if !asked {
                continue;
            }
            let range = question.range();
            let usual = (galaxy as usize * 7 + place * 3) % range.len();
            let other = self.draw.random_range(0..range.len());
            let mut answer = if self.draw.random::<f64>() < 0.75 { usual } else { other };
            if place == 0 && answer == 2 && self.draw.random::<f64>() < 0.8 {
                answer = 1;
            }
            given.push((range.start + answer) as u32);
        }
        given
    }

    /// The annotations of a classification in one of the platform's forms, and the answers that count.
    fn annotations(&mut self, answers: &[u32]) -> (Value, Vec<u32>) {
        let mut all = Vec::new();
        let mut counted = Vec::new();
        let in_parts = self.draw.random::<f64>() < 0.1;
        for answer in answers {
            let found = self.schema.questions().iter().enumerate();
            let mut found = found.filter(|(_, it)| it.range().contains(&(*answer as usize)));
            let Some((place, question)) = found.next() else { continue };
            let own = *answer as usize - question.range().start;
            let text = |place: usize| label(question.answers()[place].name());
            let task = |value: Value| json!({ "task": format!("T{place}"), "task_label": format!("Is it \"{}\"?", question.name()), "value": value });
            let other = (own + 1) % question.answers().len();
            match self.draw.random::<f64>() {
                // The volunteer went back, and answered differently.
                it if it < 0.02 => {
                    all.push(task(json!(text(other))));
                    all.push(task(json!(text(own))));
                    counted.push(*answer);
                }
                // Skipped, but not the first.
                it if it < 0.03 && !counted.is_empty() => all.push(task(Value::Null)),
                it if it < 0.04 && !counted.is_empty() => {
                    all.push(task(json!([text(own), text(other)])));
                }
                it if it < 0.09 => {
                    all.push(task(json!([text(own)])));
                    counted.push(*answer);
                }
                it if it < 0.14 => {
                    all.push(task(json!(own)));
                    counted.push(*answer);
                }
                it if it < 0.16 => {
                    all.push(task(json!([{ "value": own }])));
                    counted.push(*answer);
                }
                _ => {
                    all.push(task(json!(text(own))));
                    counted.push(*answer);
                }
            }
        }
        let value = match in_parts {
            true => json!([{ "task": "T30", "task_label": null, "value": all }]),
            false => Value::Array(all),
        };
        (value, counted)
    }

    /// The votes of the plan.
    fn votes(&self) -> Result<Votes> {
        let mut galaxies: Vec<u32> = self
            .kept
            .iter()
            .filter(|((who, _), _)| *who >= BOTS)
            .map(|((_, galaxy), _)| *galaxy)
            .collect();
        galaxies.sort_unstable();
        galaxies.dedup();
        let mut counts = Array2::zeros((galaxies.len(), self.schema.width()));
        for ((volunteer, galaxy), answers) in &self.kept {
            if let (true, Ok(row)) = (*volunteer >= BOTS, galaxies.binary_search(galaxy)) {
                answers.iter().for_each(|answer| counts[[row, *answer as usize]] += 1.0);
            }
        }
        Votes::new(&self.schema, galaxies.iter().map(|it| id(*it)).collect(), counts)
    }
}

fn id(galaxy: u32) -> String {
    format!("J{galaxy:06}.00+{:06}.0", galaxy / 3)
}

/// A row of the file.
fn line(
    row: u64,
    volunteer: u32,
    galaxy: u32,
    workflow: u64,
    version: &str,
    seconds: f64,
    annotations: &Value,
) -> String {
    let at = |seconds: f64| {
        let (minute, second) = ((seconds / 60.0) as u64, seconds % 60.0);
        let (day, hour, minute) = (1 + minute / 1440 % 28, minute / 60 % 24, minute % 60);
        (format!("2021-03-{day:02}"), format!("{hour:02}:{minute:02}:{second:06.3}"))
    };
    let begun = 2.0 * row as f64 % 2_000_000.0;
    let (date, time) = at(begun);
    let (to_date, to_time) = at(begun + seconds);
    let metadata = json!({
        "source": "api", "session": format!("{:064x}", u64::from(volunteer) * 7919), "viewport": { "width": 1583, "height": 789 },
        "started_at": format!("{date}T{time}Z"), "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:86.0) Gecko/20100101 Firefox/86.0",
        "utc_offset": "-3600", "finished_at": format!("{to_date}T{to_time}Z"), "live_project": true,
        "user_language": "en", "user_group_ids": [], "subject_dimensions": [{ "clientWidth": 424, "clientHeight": 424, "naturalWidth": 424, "naturalHeight": 424 }],
        "subject_selection_state": { "retired": false, "selected_at": format!("{date}T{time}Z"), "already_seen": false, "selection_state": "normal", "finished_workflow": false, "user_has_finished_workflow": false },
        "workflow_version": version
    });
    let subject = 50_000_000 + u64::from(galaxy);
    let retired = match galaxy % 4 {
        0 => json!({ "id": subject, "workflow_id": workflow, "classifications_count": 40,
            "created_at": "2021-02-01T10:00:00.000Z", "updated_at": "2021-03-11T10:00:00.000Z",
            "retired_at": "2021-03-11T10:00:00.000Z", "subject_id": subject, "retirement_reason": "classification_count" }),
        _ => Value::Null,
    };
    let data = json!({ subject.to_string(): {
        "retired": retired, "ra": "184.7402", "dec": "-5.2500", "#id_str": id(galaxy), "//survey": "DECaLS, \"DR5\"",
        "!nsa_id": galaxy.to_string(), "Filename": format!("{}.jpg", id(galaxy)) } });
    let (user_id, user) = match name(volunteer) {
        it if it.starts_with("not-logged-in") => (String::new(), it),
        it => ((volunteer + 1000).to_string(), it),
    };
    let user = quoted(&user);
    format!(
        "{},{user},{user_id},{:016x},{workflow},\"Galaxy Zoo, \"\"DECaLS\"\"\",{version},{} {} UTC,,,{},{},{},{subject}\n",
        200_000_000 + row,
        volunteer,
        date,
        &time[..8],
        quoted(&metadata.to_string()),
        quoted(&annotations.to_string()),
        quoted(&data.to_string()),
    )
}
