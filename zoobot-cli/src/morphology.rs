//! `zoobot morphology`.

use crate::galaxies::Galaxies;
use crate::output::Overwrite;
use crate::report;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use zoobot_core::catalog::{TableFormat, write_table};
use zoobot_core::classical::ClassicalMorphology;
use zoobot_core::{Error, Result};

/// Measure classical morphology: Gini, M20, concentration, asymmetry, smoothness, ellipticity, Petrosian radius.
///
/// The measures are those of Lotz et al. 2004 and Conselice 2003, as statmorph defines them; lengths are in pixels. The
/// sky is subtracted, the galaxy in the middle is found, and other objects are masked. The column flag is 0 for good
/// measures, 1 for doubtful, 2 for bad ones, and 4 where nothing could be measured. FITS pictures are measured as flux;
/// JPEG and PNG pictures have been stretched, which changes the values.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot morphology sample --where 'ring = 1' --out rings.parquet
  zoobot morphology --catalog real_sample --out morphology.fits --json")]
pub struct Morphology {
    #[command(flatten)]
    galaxies: Galaxies,
    /// The table to write, in the format of its ending
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    overwrite: Overwrite,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Morphology {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        TableFormat::of(&self.out)?;
        let catalog = self.galaxies.read()?;
        let read = crate::galaxies::file(self.galaxies.path())?;
        self.overwrite.file("--out", &self.out, &[&read])?;
        let start = Instant::now();
        let (table, failed) = ClassicalMorphology::of_catalog(&catalog)?;
        let seconds = start.elapsed().as_secs_f64();
        if table.height() == 0 {
            let reason =
                failed.first().map_or(String::new(), |it| format!(", the first: {}", it.reason));
            let problem = format!("none of the {} pictures could be read{reason}", failed.len());
            return Err(Error::unsuitable(problem, "Check the paths in file_loc"));
        }
        for failed in failed.iter() {
            eprintln!("{}: {}", failed.id_str, failed.reason);
        }
        write_table(&table, &self.out)?;
        let flags = table.column("flag")?.u32()?.clone();
        let good = flags.iter().flatten().filter(|flag| *flag == 0).count();
        let figures = json!({
            "measured": table.height(), "failed": failed.len(), "good": good,
            "seconds": seconds, "out": self.out.display().to_string(),
        });
        report(self.json, &figures, || {
            Ok(format!(
                "{}: {} galaxies measured, {good} with flag 0, {} pictures could not be read",
                self.out.display(),
                table.height(),
                failed.len()
            ))
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
