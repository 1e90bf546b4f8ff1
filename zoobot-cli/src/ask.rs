//! `zoobot ask`.

use crate::galaxies::Galaxies;
use crate::output::Overwrite;
use crate::report;
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use zoobot_core::asking::{Asking, RaterAgreement, class_schema, read_answers};
use zoobot_core::catalog::{TableFormat, write_table};
use zoobot_core::schema::Schema;
use zoobot_core::{Error, Result, interrupt};

/// Ask a question about galaxies on a page in the browser, or count the answers.
///
/// With --browser it serves a page that shows one galaxy after another: keys 1 to 9 answer, S skips, U takes the last
/// answer back. It prints the page's address and runs until Ctrl-C. Each person gives a name on the page. Every
/// answer is on the disk, in --journal, before the next galaxy is shown; the same command again goes on from there.
///
/// Then, or without --browser, it counts the votes in --journal and tells how far people agree: Cohen's kappa of each
/// two, and Fleiss' kappa of all.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot ask --catalog sample --schema decals_dr5 --question smooth-or-featured-dr5 --journal smooth.jsonl --browser
  zoobot ask --catalog sample --classes ring,shell,neither --journal classes.jsonl --browser
  echo '{\"user\":\"ana\",\"id_str\":\"SIM000005\",\"question\":\"class\",\"answer\":\"ring\"}' > mine.jsonl
  echo '{\"user\":\"ben\",\"id_str\":\"SIM000005\",\"question\":\"class\",\"answer\":\"ring\"}' >> mine.jsonl
  zoobot ask --catalog sample --classes ring,shell,neither --journal mine.jsonl --out class_votes.csv --json")]
pub struct Ask {
    #[command(flatten)]
    galaxies: Galaxies,
    /// The decision tree: a name such as decals_dr5, or a .json file
    #[arg(long, requires = "question", required_unless_present = "classes")]
    schema: Option<String>,
    /// The question of the tree to ask
    #[arg(long, requires = "schema")]
    question: Option<String>,
    /// Classes to choose from, in place of a question of a tree
    #[arg(long, value_delimiter = ',', conflicts_with = "schema")]
    classes: Vec<String>,
    /// The file of answers, which is created if it does not exist
    #[arg(long)]
    journal: PathBuf,
    /// Ask in the browser
    #[arg(long)]
    browser: bool,
    /// Show each galaxy to at most this many people
    #[arg(long, requires = "browser")]
    people: Option<usize>,
    /// The table of votes to write: .csv, .parquet or .fits
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    overwrite: Overwrite,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Ask {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let (schema, question) = match (&self.schema, &self.question) {
            (Some(schema), Some(question)) => (Schema::load(schema)?, question.clone()),
            _ => (class_schema("class", &self.classes)?, "class".to_owned()),
        };
        let catalog = self.galaxies.read()?;
        let mut asking = Asking::new(&catalog, &schema, &question)?.journal(&self.journal);
        if let Some(people) = self.people {
            asking = asking.people(people);
        }
        self.out.as_ref().map_or(Ok(()), |it| TableFormat::of(it).map(drop))?;
        self.overwrite.any_file("--out", self.out.as_deref(), &[&self.journal])?;
        if self.browser {
            let page = asking.open()?;
            println!("{}", page.url());
            eprintln!("Open this address to answer. Press Ctrl-C to end.");
            while !interrupt::requested() {
                std::thread::sleep(Duration::from_millis(100));
            }
            // Another Ctrl-C may stop the rest of the command.
            interrupt::clear();
            page.stop();
            if page.answers().height() == 0 {
                eprintln!("No question was answered.");
                return Ok(ExitCode::SUCCESS);
            }
        }
        let all = read_answers(&self.journal, &schema)?;
        let votes = all.votes()?;
        let known = votes.ids().iter().filter(|id| catalog.ids().contains(id)).count();
        if known == 0 {
            let problem =
                format!("none of the {} galaxies in --journal is in the catalogue", votes.len());
            return Err(Error::unsuitable(problem, "Choose the catalogue that was asked about"));
        }
        if let Some(out) = &self.out {
            write_table(&votes.table(), out)?;
        }
        let agreement = RaterAgreement::of(&all, &question).ok();
        let fleiss = agreement.as_ref().map(RaterAgreement::fleiss).filter(|it| it.is_finite());
        let range = schema.question(&question)?.range();
        let totals: serde_json::Map<String, Value> =
            (schema.question(&question)?.answers().iter().zip(range))
                .map(|(answer, place)| {
                    (answer.name().to_owned(), json!(votes.counts().column(place).sum() as u64))
                })
                .collect();
        let figures = json!({
            "out": self.out, "question": question, "answers": totals, "galaxies": votes.len(),
            "people": all.volunteers(), "fleiss_kappa": fleiss,
            "compared_galaxies": agreement.as_ref().map(RaterAgreement::galaxies),
        });
        report(self.json, &figures, || {
            let mut lines = vec![format!(
                "{question}: {} answers of {} people about {} galaxies",
                all.len(),
                all.volunteers().len(),
                votes.len()
            )];
            lines.extend(totals.iter().map(|(name, count)| format!("  {name}: {count}")));
            if let Some(agreement) = &agreement {
                lines.push(format!(
                    "Fleiss' kappa {:.3} on {} galaxies",
                    agreement.fleiss(),
                    agreement.galaxies()
                ));
                lines.push(agreement.table().to_string());
            }
            Ok(lines.join("\n"))
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
