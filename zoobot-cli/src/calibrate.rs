//! `zoobot calibrate`.

mod volunteers;

use crate::data_sets;
use crate::fractions::Fractions;
use crate::galaxies::{self, Galaxies};
use crate::output::Overwrite;
use crate::report;
use crate::stretching::Stretching;
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zoobot_core::catalog::Catalog;
use zoobot_core::encoder::Precision;
use zoobot_core::model::Model;
use zoobot_core::notes::note;
use zoobot_core::predict::{Calibration, Ensemble, Posterior, Protocol, Recalibration, agreement};
use zoobot_core::schema::{Schema, Votes};
use zoobot_core::survey::DataSet;
use zoobot_core::{Error, Result};

/// The number of bins of --by.
const BINS: usize = 3;

/// Compare the predictions of models with the votes that volunteers cast.
///
/// The catalogue has the votes in columns QUESTION_ANSWER, as whole numbers. For each question it prints
/// the coverage (how often the votes are within 0.2 of the expected fraction, and inside 90 % intervals),
/// the expected calibration error, and the accuracy for galaxies on which volunteers agree (more than
/// 80 % of the votes for one answer). Give galaxies that the models have not learnt from.
///
/// A second table compares the models with many volunteers, in the protocol of Galaxy Zoo DECaLS
/// (Walmsley et al. 2022): galaxies with at least 34 volunteers and, for each question, those of which
/// at least half were asked. It has the correlation with the votes (r, of the first answer), the mean
/// absolute deviation from the vote fractions beside the deviation that the number of votes alone would
/// cause, the accuracy, the votes inside 50 % and 90 % intervals, the distance of their probability
/// integral transform from a uniform distribution, and the number of volunteers whose vote fractions
/// err as much as the model. With --json, each value has its 95 % interval; a number without an upper
/// bound is null.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot simulate --galaxies 40 --votes decals_dr5 --tags 0.5 --out voted
  zoobot calibrate voted --model sample --schema decals_dr5 --figure calibration.pdf
  zoobot simulate --galaxies 40 --seed 2 --votes decals_dr5 --out others
  zoobot calibrate others --model sample --schema decals_dr5 --fit voted/catalog.csv --save corrected
  zoobot calibrate others --model sample --schema decals_dr5 --min-volunteers 20 --by magnitude")]
pub struct Calibrate {
    /// The folder of a model of votes, or sample (included); repeat for more models
    #[arg(long = "model", required = true, value_name = "MODEL")]
    models: Vec<PathBuf>,
    #[command(flatten)]
    galaxies: Galaxies,
    /// The schema of the catalogue's votes, if the models answer more questions: a name, or a .json file
    #[arg(long)]
    schema: Option<String>,
    #[arg(long, value_name = "NAME", conflicts_with = "schema", help = data_sets::votes())]
    data_set: Option<DataSet>,
    #[command(flatten)]
    fractions: Fractions,
    /// Ignore galaxies with fewer votes for a question than this
    #[arg(long, default_value_t = 5)]
    min_votes: u32,
    /// In the comparison with many volunteers, ignore galaxies with fewer volunteers than this
    #[arg(long, default_value_t = 34)]
    min_volunteers: u32,
    /// Repeat the comparison with many volunteers for a third of the galaxies each, from low to high values
    /// of this column, such as a magnitude or a radius
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,
    /// Correct the model first, question by question, with the votes of this catalogue of other galaxies
    #[arg(long, value_name = "CATALOG")]
    fit: Option<PathBuf>,
    /// The folder to write the corrected model into
    #[arg(long, value_name = "DIR", requires = "fit")]
    save: Option<PathBuf>,
    /// Correlate the expected fractions of this answer (question_answer) with the votes; repeat for
    /// more
    #[arg(long = "answer")]
    answers: Vec<String>,
    /// Draw calibration by question into a .svg, .pdf or .png
    #[arg(long, value_name = "FILE")]
    figure: Option<PathBuf>,
    /// Draw the votes for the first --answer against the expected fractions
    #[arg(long, value_name = "FILE", requires = "answers")]
    scatter: Option<PathBuf>,
    #[command(flatten)]
    stretching: Stretching,
    /// The number of views of each picture (turned, mirrored and magnified), 1 to 8, whose features are averaged (default:
    /// each model's own; 4 for sample)
    #[arg(long)]
    views: Option<usize>,
    /// The precision: fp32, bf16, or auto (bf16 if the hardware computes it faster and the
    /// architecture keeps its accuracy, else fp32)
    #[arg(long, default_value_t)]
    precision: Precision,
    #[command(flatten)]
    overwrite: Overwrite,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Calibrate {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let load = |folder: &PathBuf| {
            let model = self.stretching.of_model(Model::load(folder)?)?;
            self.views.map_or(Ok(model.clone()), |views| model.with_views(views))
        };
        let mut models = self.models.iter().map(load).collect::<Result<Vec<_>>>()?;
        let read = [self.galaxies.path()];
        self.overwrite.any_file("--figure", self.figure.as_deref(), &read)?;
        self.overwrite.any_file("--scatter", self.scatter.as_deref(), &read)?;
        if let Some(folder) = &self.save {
            self.overwrite.folder("--save", folder, "head.json", |_| false)?;
        }
        if let Some(path) = &self.fit {
            models = self.corrected(models, path)?;
        }
        let ensemble = Ensemble::new(models)?.precision(self.precision);
        let (catalog, schema) = self.galaxies(ensemble.schema(), self.galaxies.path())?;
        if let Some(column) = &self.by {
            // A wrong name is reported before the pictures are read.
            catalog.column(column)?;
        }
        let (posterior, votes) = compared(&ensemble, &catalog, &schema)?;
        let calibration = Calibration::measure(&posterior, &votes, self.min_votes)?;
        if let Some(path) = &self.figure {
            calibration.figure().save(path)?;
        }
        let agreements = self.answers.iter();
        let agreements = agreements
            .map(|answer| agreement(&posterior, &votes, answer, self.min_votes))
            .collect::<Result<Vec<_>>>()?;
        if let (Some(path), Some(first)) = (&self.scatter, agreements.first()) {
            first.figure().save(path)?;
        }
        let agreements = agreements.iter().map(|it| {
            json!({
                "answer": it.answer,
                "galaxies": it.expected.len(),
                "pearson": it.pearson,
                "spearman": it.spearman,
            })
        });
        let figures = json!({
            "galaxies": posterior.len(),
            "failed": posterior.failed().len(),
            "schema": posterior.schema().name(),
            "min_votes": self.min_votes,
            "questions": questions(&calibration),
            "agreement": agreements.collect::<Vec<_>>(),
            "protocol": self.protocol(&posterior, &votes, &catalog)?,
        });
        report(self.json, &figures, || text(&figures))?;
        Ok(ExitCode::SUCCESS)
    }

    /// The comparison with many volunteers; null, and a note, if no galaxy has enough of them.
    fn protocol(&self, posterior: &Posterior, votes: &Votes, catalog: &Catalog) -> Result<Value> {
        let protocol = Protocol::new().min_volunteers(self.min_volunteers);
        let all = match protocol.measure(posterior, votes) {
            Err(error @ Error::Empty { .. }) => {
                note(format!("The comparison with many volunteers is left out: {error}"));
                return Ok(Value::Null);
            }
            all => volunteers::figures(&all?),
        };
        let Some(column) = &self.by else { return Ok(all) };
        let bins = protocol.measure_by(posterior, votes, catalog, column, BINS)?;
        Ok(volunteers::with_bins(all, &bins))
    }

    /// A catalogue, and the schema of its votes.
    fn galaxies(&self, all: &Schema, path: &Path) -> Result<(Catalog, Schema)> {
        if let Some(data_set) = self.data_set {
            let schema = data_sets::schema(&data_set)?;
            let all = self.galaxies.wanted.of(data_set.read(galaxies::file(path)?)?)?;
            return Ok((data_set.unseen(&all)?, schema));
        }
        let schema = self.schema.as_deref().map_or(Ok(all.clone()), Schema::load)?;
        let catalog = self.fractions.counts(self.galaxies.other(path)?, &schema)?;
        Ok((catalog, schema))
    }

    fn corrected(&self, models: Vec<Model>, path: &Path) -> Result<Vec<Model>> {
        if let (Some(_), 2..) = (&self.save, models.len()) {
            let problem = format!("--save cannot save {} models", models.len());
            return Err(Error::unsuitable(problem, "Give one --model"));
        }
        let fit = |model: Model| {
            let (catalog, schema) = self.galaxies(model.schema()?, path)?;
            let model = corrected(model, self.precision, &catalog, &schema)?;
            self.save.as_ref().map_or(Ok(()), |folder| model.save(folder))?;
            Ok(model)
        };
        models.into_iter().map(fit).collect()
    }
}

/// The predictions for galaxies, and their votes.
fn compared(ensemble: &Ensemble, catalog: &Catalog, schema: &Schema) -> Result<(Posterior, Votes)> {
    // Invalid votes are reported before the pictures are read.
    Votes::of(catalog, schema)?;
    let posterior = ensemble.posterior(catalog)?.of_schema(schema)?;
    let votes = Votes::of(&catalog.select(posterior.ids())?, schema)?;
    Ok((posterior, votes))
}

/// The model with each question of a schema corrected by the votes for these galaxies; the correction
/// replaces an earlier one, and the questions no longer count as learned from simulated votes alone.
pub fn corrected(
    model: Model,
    precision: Precision,
    catalog: &Catalog,
    schema: &Schema,
) -> Result<Model> {
    let model = model.with_recalibration(None)?.not_simulated(schema);
    let ensemble = Ensemble::new([model.clone()])?.precision(precision);
    let (posterior, votes) = compared(&ensemble, catalog, schema)?;
    let found = Recalibration::fit(&posterior, &votes)?.within(model.schema()?)?;
    model.with_recalibration(Some(found))
}

fn questions(calibration: &Calibration) -> Vec<Value> {
    let one = |it: &zoobot_core::predict::QuestionCalibration| {
        json!({
            "question": it.question,
            "galaxies": it.coverage.galaxies,
            "within_0.2_expected": it.coverage.expected_within,
            "within_0.2_observed": it.coverage.observed_within,
            "coverage_error": it.coverage.error(),
            "votes_in_90pc": it.coverage.votes_inside,
            "calibration_error": it.error(),
            "confident_galaxies": it.confident.galaxies,
            "confident_correct": it.confident.correct,
        })
    };
    calibration.questions().iter().map(one).collect()
}

/// A line for each question and answer.
fn text(figures: &Value) -> Result<String> {
    let number = |it: &Value, name: &str| it[name].as_f64().unwrap_or(f64::NAN);
    let mut lines = vec![format!(
        "{:36} {:>8} {:>14} {:>14} {:>17} {:>22}",
        "question",
        "galaxies",
        "coverage error",
        "votes in 90 %",
        "calibration error",
        "right where they agree"
    )];
    for it in figures["questions"].as_array().into_iter().flatten() {
        let agreed = number(it, "confident_galaxies");
        let right = match agreed > 0.0 {
            true => {
                format!("{:.1} % of {agreed}", 100.0 * number(it, "confident_correct") / agreed)
            }
            false => "-".to_owned(),
        };
        lines.push(format!(
            "{:36} {:>8} {:>12.1} % {:>12.1} % {:>17.3} {right:>22}",
            it["question"].as_str().unwrap_or_default(),
            it["galaxies"].as_u64().unwrap_or_default(),
            100.0 * number(it, "coverage_error"),
            100.0 * number(it, "votes_in_90pc"),
            number(it, "calibration_error"),
        ));
    }
    for it in figures["agreement"].as_array().into_iter().flatten() {
        let with = |name: &str| {
            let at = |end: &str| number(&it[name], end);
            format!("{:.3} ({:.3} to {:.3})", at("value"), at("low"), at("high"))
        };
        lines.push(format!(
            "{}, {} galaxies: r = {}, ranks {}",
            it["answer"].as_str().unwrap_or_default(),
            it["galaxies"],
            with("pearson"),
            with("spearman"),
        ));
    }
    lines.extend(volunteers::text(&figures["protocol"]));
    Ok(lines.join("\n"))
}
