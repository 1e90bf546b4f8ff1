//! `zoobot simulate`.

use crate::output::Overwrite;
use crate::report;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use zoobot_core::survey::{Kind, Simulation, write_sample};
use zoobot_core::{Error, Result};

/// The tables beside catalog.csv in the folder of a survey.
const TABLES: [&str; 3] = ["tags.csv", "visible.csv", "fractions.csv"];

/// Make a survey of simulated galaxies: pictures and a catalogue with their true morphology.
///
/// Writes OUT/catalog.csv and OUT/images/. The same seed gives the same survey. Each core makes some
/// hundred galaxies per second.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot simulate --galaxies 24 --out survey
  zoobot simulate --galaxies 24 --seed 7 --kinds sky --survey sdss --size 224 --out sdss
  zoobot simulate --galaxies 40 --votes decals_dr5 --tags 0.5 --out voted")]
pub struct Simulate {
    /// The number of galaxies
    #[arg(long, default_value_t = 600)]
    galaxies: usize,
    /// The random seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Width and height of each picture in pixels
    #[arg(long, default_value_t = 128)]
    size: u32,
    /// Simulate the votes of volunteers for this schema: a name such as decals_dr5, or a .json file
    #[arg(long, value_name = "SCHEMA")]
    votes: Option<String>,
    /// Simulate free-text tags for this share of the galaxies, in tags.csv
    #[arg(long, value_name = "SHARE", num_args = 0..=1, default_value_t = 0.0, default_missing_value = "0.2")]
    tags: f64,
    /// The kinds of galaxies: sample (the eight kinds of the included sample), all, sky (each as often as
    /// in the sky), or a list such as ring,merger, with shares if they differ: smooth:60,ring:3
    #[arg(long, default_value = "sample", value_name = "KINDS")]
    kinds: String,
    /// The survey that takes the pictures: legacy, decals, sdss, nearby or hsc
    #[arg(long, default_value = "legacy")]
    survey: String,
    /// The folder to write catalog.csv and images/ into
    #[arg(long, required_unless_present = "sample")]
    out: Option<PathBuf>,
    /// Instead, recreate the included sample, as a zip file
    #[arg(long, value_name = "ZIP", conflicts_with_all = ["galaxies", "seed", "size", "votes", "tags", "kinds", "survey", "out"])]
    sample: Option<PathBuf>,
    #[command(flatten)]
    overwrite: Overwrite,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Simulate {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let started = Instant::now();
        let (galaxies, out) = match (&self.sample, &self.out) {
            (Some(zip), _) => {
                self.overwrite.file("--sample", zip, &[])?;
                (write_sample(zip)?, zip.clone())
            }
            (None, out) => {
                let simulation = Simulation::new(self.galaxies)
                    .seed(self.seed)
                    .size(self.size)
                    .kinds(kinds(&self.kinds)?)
                    .survey(self.survey.parse()?)
                    .tags(self.tags);
                let simulation = Simulation { votes: self.votes.clone(), ..simulation };
                let folder = out.clone().unwrap_or_default();
                let ours = |name: &str| name == "images" || TABLES.contains(&name);
                self.overwrite.folder("--out", &folder, "catalog.csv", ours)?;
                let images = folder.join("images");
                self.overwrite.folder("--out", &images, "catalog.csv", drawn)?;
                if folder.join("catalog.csv").exists() {
                    clear(&folder)?;
                }
                let catalog = simulation.write(&folder)?;
                (catalog.len(), catalog.source().to_path_buf())
            }
        };
        let seconds = started.elapsed().as_secs_f64();
        let rate = galaxies as f64 / seconds.max(1e-9);
        let figures = json!({"galaxies": galaxies, "out": out, "images_per_second": rate});
        report(self.json, &figures, || {
            Ok(format!("{galaxies} galaxies in {}, {rate:.0} a second", out.display()))
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Removes the files of an earlier survey from a folder, and nothing else.
fn clear(folder: &Path) -> Result<()> {
    let tables = TABLES.map(|name| folder.join(name));
    let images = std::fs::read_dir(folder.join("images")).into_iter().flatten().flatten();
    let images = images.filter(|entry| drawn(&entry.file_name().to_string_lossy()));
    let images = images.map(|entry| entry.path());
    for path in tables.into_iter().filter(|it| it.exists()).chain(images) {
        std::fs::remove_file(&path).map_err(Error::io("replace", &path))?;
    }
    Ok(())
}

/// Whether a picture has the name of a simulated galaxy.
fn drawn(name: &str) -> bool {
    let number = name.strip_prefix("SIM").and_then(|rest| rest.strip_suffix(".jpg"));
    number.is_some_and(|it| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The kinds that a word or a list stands for.
fn kinds(words: &str) -> Result<Vec<Kind>> {
    match words {
        "sample" => Ok(Kind::SAMPLE.to_vec()),
        "all" => Ok(Kind::ALL.to_vec()),
        "sky" => Ok(Kind::sky()),
        list => {
            let mut all = Vec::new();
            for part in list.split(',') {
                let (name, share) = part.split_once(':').unwrap_or((part, "1"));
                let wrong = || {
                    let hint = "Write KIND, or KIND:SHARE with a whole number between 1 and 1000";
                    Error::unsuitable(format!("--kinds does not understand {part:?}"), hint)
                };
                let share: usize = share.trim().parse().map_err(|_| wrong())?;
                if !(1..=1000).contains(&share) {
                    return Err(wrong());
                }
                all.extend(vec![name.trim().parse::<Kind>()?; share]);
            }
            Ok(all)
        }
    }
}
