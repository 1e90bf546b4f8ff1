//! `zoobot predict`.

use crate::encode::list_failed;
use crate::galaxies::Galaxies;
use crate::output::Overwrite;
use crate::report;
use crate::stretching::Stretching;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use zoobot_core::catalog::{Catalog, TableFormat, write_table};
use zoobot_core::encoder::Precision;
use zoobot_core::finetune::Predicted;
use zoobot_core::model::{Labels, Model};
use zoobot_core::predict::{Columns, Ensemble};
use zoobot_core::schema::Schema;
use zoobot_core::{Error, Result};

/// Predict the votes, classes or numbers of the galaxies of a catalogue.
///
/// Writes a table in the order of the catalogue. A model of classes gives the most probable class
/// (predicted) and the probability of each class (probability_CLASS, 0 to 1); a model of numbers gives
/// NAME_predicted, a multilabel model NAME_probability. For a model of votes there are two tables. The
/// friendly table has the expected vote fraction of each answer (0 to 1), blank if fewer than half of the
/// volunteers would be asked the question. The advanced table has the probability that each question is
/// asked, and for each answer the vote fraction and the ends of its 90 % interval; nothing is blank.
///
/// Several models or passes are combined with equal weights. Pictures that cannot be read are left out,
/// and listed with the reasons in a table beside it (OUT with the ending .failed.csv). Repeat the command
/// to resume a run that was stopped.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot simulate --galaxies 24 --out survey
  zoobot predict survey --model sample --out votes.fits
  zoobot predict survey --model sample --schema gz2 --passes 5 --table advanced --out advanced.parquet")]
pub struct Predict {
    /// The folder of a model, or sample (included); repeat for more models
    #[arg(long = "model", required = true, value_name = "MODEL")]
    models: Vec<PathBuf>,
    #[command(flatten)]
    galaxies: Galaxies,
    /// The file to write: .parquet, .csv or .fits
    #[arg(long)]
    out: PathBuf,
    /// For votes: the questions to predict, as a schema's name or a .json file (default: all questions of
    /// the model)
    #[arg(long)]
    schema: Option<String>,
    /// For votes: the friendly or the advanced table
    #[arg(long, default_value_t)]
    table: Columns,
    /// For votes: the number of passes of each model with dropout on; 0 for one pass without dropout
    #[arg(long, default_value_t = 0)]
    passes: usize,
    /// For votes: the number of views of each picture (turned, mirrored and magnified), 1 to 8, whose features are
    /// averaged. Fewer are faster (default: each model's own; 4 for sample)
    #[arg(long)]
    views: Option<usize>,
    /// The seed of dropout
    #[arg(long, default_value_t = zoobot_core::seed::DEFAULT)]
    seed: u64,
    /// The precision: fp32, bf16, or auto (bf16 if the hardware computes it faster and the
    /// architecture keeps its accuracy, else fp32)
    #[arg(long, default_value_t)]
    precision: Precision,
    #[command(flatten)]
    stretching: Stretching,
    /// Exit with status 2 if any picture cannot be read
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    overwrite: Overwrite,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Predict {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        TableFormat::of(&self.out)?;
        let catalog = self.galaxies.read()?;
        let load = |folder: &PathBuf| {
            let model = self.stretching.of_model(Model::load(folder)?)?;
            self.views.map_or(Ok(model.clone()), |views| model.with_views(views))
        };
        let models = self.models.iter().map(load).collect::<Result<Vec<_>>>()?;
        if models.iter().any(|model| !matches!(model.labels(), Labels::Votes(_))) {
            return self.labels(&catalog, models);
        }
        self.overwrite.file("--out", &self.out, &[self.galaxies.path()])?;
        let ensemble = Ensemble::new(models)?.passes(self.passes).seed(self.seed);
        let mut ensemble = ensemble.precision(self.precision);
        if let Some(schema) = &self.schema {
            ensemble = ensemble.of_schema(&Schema::load(schema)?)?;
        }
        for note in ensemble.models().iter().flat_map(|model| model.encoder().notes()) {
            eprintln!("zoobot: note: {note}");
        }
        let done = ensemble.posterior_to(&catalog, &self.out, self.table)?;
        list_failed(&self.out, &done.failed, catalog.len())?;
        let names = ensemble.models().iter().map(|model| model.encoder().name());
        let figures = json!({
            "out": self.out,
            "predicted": done.encoded,
            "failed": done.failed.len(),
            "resumed": done.resumed,
            "models": names.collect::<Vec<_>>(),
            "schema": ensemble.schema().name(),
            "answers": ensemble.schema().width(),
            "members": ensemble.members(),
            "table": self.table,
            "passes": self.passes,
            "views": ensemble.models().iter().map(Model::views).collect::<Vec<_>>(),
            "seed": self.seed,
            "images_per_second": done.images_per_second,
        });
        report(self.json, &figures, || {
            Ok(format!(
                "{} galaxies in {}, {:.0} pictures a second",
                done.encoded,
                self.out.display(),
                done.images_per_second
            ))
        })?;
        let bad = self.strict && !done.failed.is_empty();
        Ok(if bad { ExitCode::from(2) } else { ExitCode::SUCCESS })
    }

    /// Predicts classes or numbers.
    fn labels(&self, catalog: &Catalog, models: Vec<Model>) -> Result<ExitCode> {
        if let Some(views) = self.views {
            let problem = format!("--views {views} needs models of votes");
            return Err(Error::unsuitable(problem, "Leave --views out"));
        }
        if self.passes > 0 {
            let problem = format!("--passes {} needs models of votes", self.passes);
            return Err(Error::unsuitable(problem, "Leave --passes out"));
        }
        if let Some(schema) = &self.schema {
            let problem = format!("--schema {schema} needs models of votes");
            return Err(Error::unsuitable(problem, "Leave --schema out"));
        }
        self.overwrite.file("--out", &self.out, &[self.galaxies.path()])?;
        let models: Vec<Model> =
            models.into_iter().map(|it| it.with_precision(self.precision)).collect();
        for note in models.iter().flat_map(|model| model.encoder().notes()) {
            eprintln!("zoobot: note: {note}");
        }
        let names: Vec<&str> = models.iter().map(|model| model.encoder().name()).collect();
        let columns = match models[0].labels() {
            Labels::Classes(names) | Labels::Values(names) => names.clone(),
            Labels::Votes(_) => Vec::new(),
        };
        let started = std::time::Instant::now();
        let (done, failed, resumed) = match &models[..] {
            [model] => {
                let done = model.predict_to(catalog, &self.out)?;
                (done.encoded, done.failed, done.resumed)
            }
            several => {
                let all = several.iter().map(|model| model.predict(catalog));
                let all = all.collect::<Result<Vec<_>>>()?;
                let mean = Predicted::mean(&all)?;
                write_table(&mean.table(), &self.out)?;
                (mean.len(), all[0].failed().clone(), 0)
            }
        };
        list_failed(&self.out, &failed, catalog.len())?;
        let rate = (done - resumed) as f64 / started.elapsed().as_secs_f64().max(1e-9);
        let figures = json!({
            "out": self.out,
            "predicted": done,
            "failed": failed.len(),
            "resumed": resumed,
            "models": names,
            "names": columns,
            "images_per_second": rate,
        });
        report(self.json, &figures, || {
            Ok(format!("{done} galaxies in {}, {rate:.0} pictures a second", self.out.display()))
        })?;
        let bad = self.strict && !failed.is_empty();
        Ok(if bad { ExitCode::from(2) } else { ExitCode::SUCCESS })
    }
}
