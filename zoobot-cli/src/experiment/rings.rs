//! `zoobot experiment rings`.

use crate::{galaxies, report};
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use zoobot_core::Result;
use zoobot_core::catalog::{Catalog, write_table};
use zoobot_core::encoder::Encoder;
use zoobot_core::experiment::FewLabels;
use zoobot_core::survey::{Kind, Simulation};

/// Find rings from few labels, as in Walmsley et al. (2022): how the accuracy depends on the number of
/// labels and on what the network learnt before.
///
/// Writes OUT/results.csv (a row for each run as it ends), OUT/table.csv and OUT/figure.svg, which shows
/// the paper's own curves, for other galaxies, in grey for comparison. Repeat the command to resume an
/// experiment that was stopped; you may add sizes, repeats and modes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot experiment rings --simulate 60 --sizes 8,16 --repeats 1 --test 20 --val 10 --encoders galaxies=sample --no-scratch --out grid

With the included galaxies: zoobot experiment rings sample --out grid. Whole networks as well
as heads: --mode both --epochs 10")]
pub struct Rings {
    /// The galaxies: a table with the columns id_str and file_loc and a column of two classes, or sample
    #[arg(value_name = "CATALOG", required_unless_present_any = ["catalog", "simulate"])]
    galaxies: Option<PathBuf>,
    /// The galaxies, given as an option
    #[arg(long, value_name = "CATALOG", conflicts_with = "galaxies")]
    catalog: Option<PathBuf>,
    /// Simulate this number of galaxies instead, half of them rings
    #[arg(long, value_name = "GALAXIES", conflicts_with_all = ["galaxies", "catalog"])]
    simulate: Option<usize>,
    /// The column with the classes
    #[arg(long, default_value = "ring")]
    label: String,
    /// Numbers of galaxies to learn from
    #[arg(long, value_delimiter = ',', default_value = "10,30,100,200")]
    sizes: Vec<usize>,
    /// The number of repeats of each size, each with different galaxies
    #[arg(long, default_value_t = 5)]
    repeats: u64,
    /// Encoders to start from; NAME=ENCODER names an encoder
    #[arg(long, value_delimiter = ',', default_value = "galaxies=sample,ImageNet=imagenet")]
    encoders: Vec<String>,
    /// Leave out the network with random weights
    #[arg(long)]
    no_scratch: bool,
    /// Train heads on frozen encoders, whole networks, or both
    #[arg(long, value_enum, default_value = "frozen")]
    mode: Mode,
    /// The number of galaxies in each repeat to judge the networks on
    #[arg(long, default_value_t = 100)]
    test: usize,
    /// The number of galaxies in each repeat for early stopping
    #[arg(long, default_value_t = 30)]
    val: usize,
    /// The maximum number of epochs for a whole network
    #[arg(long, default_value_t = 20)]
    epochs: u64,
    /// The random seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The folder to write into
    #[arg(long)]
    out: PathBuf,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mode {
    Frozen,
    Full,
    Both,
}

impl Rings {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let catalog = match (self.galaxies.as_ref().or(self.catalog.as_ref()), self.simulate) {
            (Some(path), _) => galaxies::read(path)?,
            (None, galaxies) => self.simulated(galaxies.unwrap_or_default())?,
        };
        let mut run = FewLabels::of(&catalog, &self.label)
            .sizes(self.sizes.clone())
            .repeats(self.repeats)
            .aside(self.test, self.val)
            .epochs(self.epochs)
            .seed(self.seed)
            .modes(!matches!(self.mode, Mode::Full), !matches!(self.mode, Mode::Frozen));
        let mut first = None;
        for text in &self.encoders {
            let (name, address) = text.split_once('=').unwrap_or((text, text));
            let encoder = Encoder::load(address)?;
            run = run.start(name, &encoder);
            first = first.or(Some(encoder));
        }
        if let Some(encoder) = first.filter(|_| !self.no_scratch) {
            run = run.scratch(&encoder);
        }
        let outcome = run.run(&self.out)?;
        write_table(&outcome.table(), self.out.join("table.csv"))?;
        outcome.figure().save(self.out.join("figure.svg"))?;
        let figures = json!({ "out": self.out, "label": outcome.label, "runs": outcome.rows });
        report(self.json, &figures, || Ok(outcome.markdown()))?;
        Ok(ExitCode::SUCCESS)
    }

    /// Simulated galaxies, half of them rings, or those of an earlier run.
    fn simulated(&self, galaxies: usize) -> Result<Catalog> {
        let folder = self.out.join("galaxies");
        let path = folder.join("catalog.csv");
        let made = path.is_file().then(|| Catalog::read(&path)).transpose()?;
        match made.filter(|it| it.len() == galaxies) {
            Some(catalog) => Ok(catalog),
            None => {
                let kinds = [Kind::Ring, Kind::Spiral, Kind::Ring, Kind::BarredSpiral];
                let survey = Simulation::new(galaxies).seed(self.seed).kinds(kinds);
                survey.write(&folder)
            }
        }
    }
}
