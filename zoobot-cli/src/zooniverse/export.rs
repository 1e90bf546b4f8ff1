//! `zoobot zooniverse export`.

use crate::galaxies::Galaxies;
use crate::report;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use zoobot_core::asking::SubjectSet;
use zoobot_core::schema::Schema;
use zoobot_core::{Error, Result};

/// Write a subject set for the Zooniverse: pictures, manifests, and the tasks of the workflow.
///
/// The folder gets part-001, part-002 and so on, each with at most --part pictures and a manifest.csv that the
/// platform's uploaders read: the column image names the picture, and columns that begin with # are hidden from
/// volunteers. workflow.txt says which tasks to set up, mapping.json reads the export back. Files appear whole, and
/// the same command again writes what is missing, for example after it was killed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot zooniverse export --catalog sample --where 'magnitude < 17' --schema gz_rings --out bright_subjects
  zoobot zooniverse export sample --schema decals_dr5 --pixels 424 --part 300 --columns class --out subjects --json")]
pub struct Export {
    #[command(flatten)]
    galaxies: Galaxies,
    /// The decision tree: a name such as decals_dr5, or a .json file
    #[arg(long)]
    schema: String,
    /// The folder to write into, or to complete
    #[arg(long)]
    out: PathBuf,
    /// The maximum side of a picture, in pixels
    #[arg(long, default_value_t = 512)]
    pixels: u32,
    /// Write PNG files (default: JPEG files)
    #[arg(long)]
    png: bool,
    /// The maximum size of a picture's file; larger ones are made smaller
    #[arg(long, default_value_t = 1_000_000)]
    bytes: usize,
    /// The maximum number of subjects in a part
    #[arg(long, default_value_t = 500)]
    part: usize,
    /// Columns of the catalogue to add to the manifest, hidden from volunteers
    #[arg(long, value_delimiter = ',')]
    columns: Vec<String>,
    /// Fail if a picture cannot be read (default: list it, and process the others)
    #[arg(long)]
    strict: bool,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Export {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let catalog = self.galaxies.read()?;
        let schema = Schema::load(&self.schema)?;
        let set = SubjectSet::new(&catalog, &schema)
            .pixels(self.pixels)
            .png(self.png)
            .bytes(self.bytes)
            .part(self.part)
            .columns(self.columns.iter().cloned());
        let written = set.write(&self.out)?;
        let failed = written.failed();
        for it in failed.iter().take(10) {
            eprintln!("{}: {}", it.id_str, it.reason);
        }
        if let (true, Some(first)) = (self.strict, failed.first()) {
            let problem = format!(
                "{} of {} pictures cannot be read, such as that of {:?}",
                failed.len(),
                catalog.len(),
                first.id_str
            );
            return Err(Error::unsuitable(problem, "Repair them and repeat the command"));
        }
        let figures = json!({
            "out": self.out, "subjects": written.subjects(), "written": written.written(),
            "parts": written.parts(), "failed": failed.len(),
        });
        report(self.json, &figures, || {
            let failed = match failed.len() {
                0 => String::new(),
                count => format!(", {count} pictures cannot be read"),
            };
            Ok(format!(
                "{} subjects in {} parts in {}: {} written now{failed}",
                written.subjects(),
                written.parts(),
                self.out.display(),
                written.written()
            ))
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
