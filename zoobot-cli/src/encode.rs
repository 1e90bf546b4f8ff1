//! `zoobot encode`.

use crate::galaxies::Galaxies;
use crate::output::Overwrite;
use crate::report;
use crate::stretching::Stretching;
use clap::Args;
use serde_json::json;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zoobot_core::catalog::{Catalog, write_table};
use zoobot_core::encoder::{Encoder, Precision};
use zoobot_core::picture::Failures;
use zoobot_core::space::Space;
use zoobot_core::{Error, Result};

/// Encode the pictures of a catalogue into representations.
///
/// Writes a Parquet table with the columns id_str, feat_0, feat_1, ... in the order of the catalogue:
/// 1,280 features for each galaxy with the included encoder. Pictures that cannot be read are left out,
/// and listed with the reasons in a table beside it (OUT with the ending .failed.csv). Repeat the command
/// to resume a run that was stopped. An earlier table of these galaxies by this encoder is replaced; any
/// other existing file is replaced only with --overwrite.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot encode sample --out reps.parquet
  zoobot simulate --galaxies 24 --out survey
  zoobot encode survey/images --encoder imagenet --out folder.parquet --json

An encoder from the Hugging Face Hub: --encoder hf:mwalmsley/zoobot-encoder-convnext_nano")]
pub struct Encode {
    /// The encoder: sample (included, trained on galaxies), imagenet, the folder of a model (timm's
    /// config.json and weights), or hf:OWNER/NAME[@REVISION] on the Hugging Face Hub
    #[arg(long, default_value = "sample")]
    encoder: String,
    #[command(flatten)]
    galaxies: Galaxies,
    /// The Parquet file to write
    #[arg(long)]
    out: PathBuf,
    /// The number of views of each picture, 1 to 8, whose features are averaged: turned, mirrored and magnified
    #[arg(long, default_value_t = 1)]
    views: usize,
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

impl Encode {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        if self.out.extension().is_none_or(|ending| ending != "parquet") {
            let problem = format!("--out {} is not a .parquet file", self.out.display());
            return Err(Error::unsuitable(problem, "Choose a name that ends in .parquet"));
        }
        let catalog = self.galaxies.read()?;
        let encoder = Encoder::load(&self.encoder)?.with_precision(self.precision);
        let encoder = self.stretching.of_encoder(encoder)?.with_views(self.views)?;
        if !self.is_made_again(&catalog, &encoder) {
            self.overwrite.file("--out", &self.out, &[self.galaxies.path()])?;
        }
        for note in encoder.notes() {
            eprintln!("zoobot: note: {note}");
        }
        let done = encoder.encode_to(&catalog, &self.out)?;
        list_failed(&self.out, &done.failed, catalog.len())?;
        let figures = json!({
            "out": self.out,
            "encoded": done.encoded,
            "failed": done.failed.len(),
            "resumed": done.resumed,
            "features": encoder.width(),
            "encoder": encoder.name(),
            "recipe": encoder.recipe(),
            "device": format!("{:?}", encoder.device()),
            "precision": encoder.precision(),
            "views": encoder.views(),
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
}

impl Encode {
    /// Whether the existing file holds only galaxies of this catalogue by this encoder, so that replacing
    /// it loses nothing.
    fn is_made_again(&self, catalog: &Catalog, encoder: &Encoder) -> bool {
        if !self.out.is_file() {
            return false;
        }
        let Ok(there) = Space::read(&self.out) else { return false };
        let known: HashSet<&String> = catalog.ids().iter().collect();
        let by_this = there.origin().is_some() && encoder.check(&there).is_ok();
        by_this && there.ids().iter().all(|id| known.contains(id))
    }
}

/// Lists the pictures that could not be read in a table beside `out`, and warns about them; without
/// such pictures, removes the table of an earlier run.
pub fn list_failed(out: &Path, failed: &Failures, all: usize) -> Result<()> {
    let list = out.with_extension("failed.csv");
    if let Some(first) = failed.first() {
        write_table(&failed.table(), &list)?;
        eprintln!(
            "zoobot: warning: {} of {all} pictures could not be read, such as {} ({}); all are listed in {}",
            failed.len(),
            first.file_loc.display(),
            first.reason,
            list.display(),
        );
    } else if list.exists() {
        std::fs::remove_file(&list).map_err(Error::io("remove", &list))?;
    }
    Ok(())
}
