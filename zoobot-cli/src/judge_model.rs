//! `zoobot judge`.

use crate::finetune::measures;
use crate::galaxies::Galaxies;
use crate::output::Overwrite;
use crate::report;
use crate::stretching::Stretching;
use clap::Args;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;
use zoobot_core::catalog::write_table;
use zoobot_core::model::{Labels, Model};
use zoobot_core::notes::note;
use zoobot_core::picture::Augment;
use zoobot_core::train::Output;
use zoobot_core::{Error, Result};

/// Measure how good a model of classes or numbers is, on galaxies whose labels are known.
///
/// Give galaxies that the model has not learnt from; galaxies without a label are left out. Each measure
/// comes with its 95 % confidence interval (1,000 bootstrap samples of the galaxies): accuracy, auc,
/// average_precision, f1 and log_loss for classes; rmse, r2 and spearman for numbers. For a model of
/// votes, use `zoobot calibrate`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot simulate --galaxies 40 --kinds ring,spiral --out disks
  zoobot finetune classifier disks --label ring --out rings
  zoobot simulate --galaxies 24 --out survey
  zoobot judge survey --model rings --label ring")]
pub struct Judge {
    /// The folder of the model, as `zoobot finetune` writes it
    #[arg(long)]
    model: PathBuf,
    #[command(flatten)]
    galaxies: Galaxies,
    /// The column with the true labels; may be left out for a model of numbers, which knows the name
    #[arg(long)]
    label: Option<String>,
    /// The number of random views of each picture to average over, besides the unchanged picture
    #[arg(long, default_value_t = 0)]
    views: usize,
    #[command(flatten)]
    stretching: Stretching,
    /// A file to write each galaxy's prediction and label into: .parquet, .csv or .fits
    #[arg(long)]
    out: Option<PathBuf>,
    /// The seed of the views
    #[arg(long, default_value_t = zoobot_core::seed::DEFAULT)]
    seed: u64,
    #[command(flatten)]
    overwrite: Overwrite,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Judge {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let all = self.galaxies.read()?;
        let model = self.stretching.of_model(Model::load(&self.model)?)?;
        let label = match (&self.label, model.labels()) {
            (_, Labels::Votes(schema)) => {
                let problem = format!("--model predicts votes for {}", schema.name());
                let hint = "Use `zoobot calibrate` for a model of votes";
                return Err(Error::unsuitable(problem, hint));
            }
            (Some(label), _) => label.clone(),
            (None, Labels::Values(names)) => names.first().cloned().unwrap_or_default(),
            (None, Labels::Classes(names)) => {
                let hint = format!("Name the column with the classes {}", names.join(", "));
                return Err(Error::empty("--label is missing", hint));
            }
        };
        // Problems with the labels are reported before the pictures are read.
        let labels = match (model.labels(), model.head().output) {
            (Labels::Values(names), Output::Chances) => names.clone(),
            _ => vec![label.clone()],
        };
        let mut catalog = all.clone();
        for label in &labels {
            all.note_sentinels(label)?;
            catalog = catalog.labelled(label)?;
        }
        let known: HashSet<&String> = catalog.ids().iter().collect();
        let without: Vec<&String> = all.ids().iter().filter(|id| !known.contains(id)).collect();
        if catalog.is_empty() {
            let problem = format!("no galaxy has a label in {:?}", labels.join(", "));
            return Err(Error::empty(problem, "Choose a column with labels"));
        }
        if !without.is_empty() {
            let first: Vec<&str> = without.iter().take(3).map(|id| id.as_str()).collect();
            note(format!(
                "{} of {} galaxies have no label in {:?} and are left out: {}{}",
                without.len(),
                all.len(),
                labels.join(", "),
                first.join(", "),
                if without.len() > 3 { ", ..." } else { "" }
            ));
        }
        self.overwrite.any_file("--out", self.out.as_deref(), &[self.galaxies.path()])?;
        let predicted = match self.views {
            0 => model.predict(&catalog)?,
            views => model.predict_by_views(&catalog, &Augment::zoobot(), views, self.seed)?,
        };
        if !predicted.failed().is_empty() {
            let (failed, all) = (predicted.failed().len(), catalog.len());
            eprintln!("zoobot: warning: {failed} of {all} pictures could not be read");
        }
        let predicted = predicted.against(&catalog, &label)?;
        if let Some(out) = &self.out {
            write_table(&predicted.table(), out)?;
        }
        let mut figures = json!({
            "model": self.model,
            "label": label,
            "galaxies": predicted.len(),
            "failed": predicted.failed().len(),
            "unlabelled": without.len(),
            "names": predicted.names(),
        });
        if let Value::Object(all) = &mut figures {
            all.extend(measures(&predicted)?);
        }
        if let Ok(counts) = predicted.confusion() {
            figures["confusion"] =
                counts.rows().into_iter().map(|row| json!(row.to_vec())).collect();
        }
        report(self.json, &figures, || {
            let mut text = format!("{} galaxies, {label}:", predicted.len());
            for name in predicted.measures() {
                text += &format!("\n  {name:<18} {}", predicted.measure(name)?);
            }
            if let Ok(counts) = predicted.confusion() {
                text += "\n  true class, and how many were predicted as each:";
                for (name, row) in predicted.names().iter().zip(counts.rows()) {
                    text += &format!("\n    {name:<16}");
                    row.iter().for_each(|count| text += &format!(" {count:>6}"));
                }
            }
            Ok(text)
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
