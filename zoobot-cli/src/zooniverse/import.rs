//! `zoobot zooniverse import`.

use crate::output::Overwrite;
use crate::{galaxies, report};
use clap::Args;
use serde_json::{Map, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zoobot_core::asking::{Duplicates, TaskMapping, ZooniverseExport, ZooniverseImport};
use zoobot_core::catalog::{Catalog, TableFormat, write_table};
use zoobot_core::polars::prelude::{Column, DataFrame};
use zoobot_core::schema::{Schema, Votes};
use zoobot_core::volunteers::{ArtifactFilter, Classifications, ConsistencyWeighting};
use zoobot_core::{Error, Result};

/// Count the votes in classification exports of the Zooniverse.
///
/// An export is what "Request new classification export" in the project's Lab gives: a CSV file with a row for
/// each classification, plain or packed with gzip. Rows are read one after another, so the file may be larger
/// than the memory. The result has a row for each galaxy, with the counts that `zoobot train` learns from. What is
/// left out is counted, with the reason. A longer export of the same project gives what it would have given at
/// once; several exports together count each classification once.
///
/// Tasks and answers are recognised by the schema's names. Where labels differ, --suggest-mapping writes a file
/// that says which label is which answer, to be completed and given as --mapping.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Import {
    /// The classification exports
    #[arg(required = true, value_name = "EXPORT")]
    exports: Vec<PathBuf>,
    /// The decision tree: a name such as decals_dr5, or a .json file
    #[arg(long)]
    schema: String,
    /// The table of votes to write: .csv, .parquet or .fits
    #[arg(long, required_unless_present = "suggest_mapping")]
    out: Option<PathBuf>,
    /// A .json file that says which task and label is which question and answer
    #[arg(long)]
    mapping: Option<PathBuf>,
    /// Write a mapping to complete, with "?" for what is not recognised, and end
    #[arg(long, value_name = "FILE", conflicts_with = "mapping")]
    suggest_mapping: Option<PathBuf>,
    /// The catalogue that was uploaded: other galaxies are left out, and the result has their file_loc
    #[arg(long)]
    catalog: Option<PathBuf>,
    /// The column of the subjects' metadata that names galaxies, or subject_id for the platform's numbers (default:
    /// id_str)
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    /// The number of the workflow to read
    #[arg(long)]
    workflow: Option<u64>,
    /// The versions of the workflow to read, such as 12 or 12.34,13
    #[arg(long, value_delimiter = ',')]
    versions: Vec<String>,
    /// Read only classifications since this time, such as 2024-05-31 or '2024-05-31 12:00:00' (UTC)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Which of a volunteer's classifications of a galaxy counts: first or last
    #[arg(long, default_value_t)]
    duplicates: Duplicates,
    /// Leave out classifications that took less than this time in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    fastest: f64,
    /// Leave out volunteers who were not logged in
    #[arg(long)]
    logged_in: bool,
    /// Leave out volunteers who answer "artifact" for more than half of at least 150 galaxies (with --catalog, of its
    /// galaxies)
    #[arg(long)]
    without_artifact_bots: bool,
    /// Leave out volunteers whose weight by consistency is below this, from 0 to 1
    #[arg(long, value_name = "WEIGHT", default_value_t = 0.0)]
    consistency: f64,
    /// A file for vote fractions in which volunteers count by their consistency: .csv, .parquet or .fits
    #[arg(long, value_name = "FILE")]
    weighted: Option<PathBuf>,
    /// A file for the single answers of all volunteers: .csv, .parquet or .fits
    #[arg(long, value_name = "FILE")]
    classifications: Option<PathBuf>,
    #[command(flatten)]
    overwrite: Overwrite,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  printf '%s\\n' 'classification_id,user_name,user_id,workflow_id,workflow_version,created_at,metadata,annotations,subject_data,subject_ids' > export.csv
  printf '%s\\n' '1,ann,7,12,3.4,2024-05-01 10:00:00 UTC,{},\"[{\"\"task\"\":\"\"T0\"\",\"\"task_label\"\":\"\"Ring?\"\",\"\"value\"\":\"\"Yes\"\"}]\",\"{\"\"55\"\":{\"\"#id_str\"\":\"\"g1\"\"}}\",55' >> export.csv
  zoobot zooniverse import export.csv --schema gz_rings --out zooniverse_votes.csv
  zoobot zooniverse import export.csv --schema gz_rings --suggest-mapping mapping.json
  zoobot zooniverse import export.csv --schema gz_rings --mapping mapping.json --since 2024-05-01 --fastest 2 --out recent.csv --json";

/// Why volunteers are left out, and who they are.
type LeftOut = (&'static str, Vec<String>);

impl Import {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let schema = Schema::load(&self.schema)?;
        if !(0.0..=1.0).contains(&self.consistency) {
            return Err(Error::parameter("consistency", self.consistency, "between 0 and 1"));
        }
        let catalog = self.catalog.as_ref().map(|it| galaxies::read(it)).transpose()?;
        let export = self.settings(&schema, catalog.as_ref())?;
        let outs = [
            ("--out", &self.out),
            ("--weighted", &self.weighted),
            ("--classifications", &self.classifications),
        ];
        let read = self.exports.iter().chain(&self.catalog).chain(&self.mapping);
        let read: Vec<&Path> = read.map(PathBuf::as_path).collect();
        for (option, path) in outs {
            path.as_ref().map_or(Ok(()), |it| TableFormat::of(it).map(drop))?;
            self.overwrite.any_file(option, path.as_deref(), &read)?;
        }
        if let Some(path) = &self.suggest_mapping {
            return self.suggest(&export, path, &read);
        }
        let import = export.read(&self.exports)?;
        let all = import.classifications();
        let (kept, left_out) = self.honest(all)?;
        let votes = kept.votes()?;
        if let Some(path) = &self.out {
            write_table(&with_files(&votes, catalog.as_ref())?, path)?;
        }
        if let Some(path) = &self.weighted {
            let weights = kept.weights(&ConsistencyWeighting::default())?;
            write_table(&kept.fractions(&weights)?.table(), path)?;
        }
        if let Some(path) = &self.classifications {
            write_table(&kept.table(), path)?;
        }
        self.tell(&import, &kept, &votes, &left_out)
    }

    fn settings(&self, schema: &Schema, catalog: Option<&Catalog>) -> Result<ZooniverseExport> {
        let mut export = ZooniverseExport::new(schema)
            .versions(self.versions.iter().cloned())
            .duplicates(self.duplicates)
            .fastest(self.fastest)
            .logged_in(self.logged_in);
        if let Some(mapping) = &self.mapping {
            export = export.mapping(TaskMapping::read(mapping)?);
        }
        if let Some(workflow) = self.workflow {
            export = export.workflow(workflow);
        }
        if let Some(since) = &self.since {
            export = export.since(since);
        }
        if let Some(id) = &self.id {
            export = export.id(id);
        }
        Ok(match catalog {
            Some(catalog) => export.galaxies(catalog.ids()),
            None => export,
        })
    }

    fn suggest(&self, export: &ZooniverseExport, path: &Path, read: &[&Path]) -> Result<ExitCode> {
        self.overwrite.file("--suggest-mapping", path, read)?;
        let text = export.suggest(&self.exports)?.to_json();
        std::fs::write(path, &text).map_err(Error::io("write", path))?;
        let open = text.matches("\"?\"").count();
        report(self.json, &json!({ "mapping": path, "unknown": open }), || {
            Ok(format!(
                "{} is written. Replace each \"?\" ({open}) by a name of {}, or by null, and give it as --mapping",
                path.display(),
                export_name(&self.schema)
            ))
        })?;
        Ok(ExitCode::SUCCESS)
    }

    /// The classifications without volunteers who are not trusted, and who these are.
    fn honest(&self, all: &Classifications) -> Result<(Classifications, Vec<LeftOut>)> {
        let (mut kept, mut left_out) = (all.clone(), Vec::new());
        if self.without_artifact_bots {
            let bots = ArtifactFilter::default().removed(&kept)?;
            kept = kept.without(&bots)?;
            left_out.push(("artifact_bots", bots));
        }
        if self.consistency > 0.0 {
            let weights = kept.weights(&ConsistencyWeighting::default())?;
            let below = weights.below(self.consistency);
            let below: Vec<String> = below.into_iter().map(str::to_owned).collect();
            kept = kept.without(&below)?;
            left_out.push(("inconsistent", below));
        }
        if kept.is_empty() {
            let hint = "Lower --consistency, or leave out --without-artifact-bots";
            return Err(Error::empty("No volunteer is left", hint));
        }
        Ok((kept, left_out))
    }

    fn tell(
        &self,
        import: &ZooniverseImport,
        kept: &Classifications,
        votes: &Votes,
        left_out: &[LeftOut],
    ) -> Result<ExitCode> {
        let dropped = import.dropped();
        let reasons = dropped.column("reason")?.str()?;
        let counts = dropped.column("count")?.u64()?;
        let dropped: Vec<(&str, u64)> = reasons
            .iter()
            .zip(counts.iter())
            .map(|(reason, count): (Option<&str>, Option<u64>)| {
                (reason.unwrap_or_default(), count.unwrap_or_default())
            })
            .collect();
        let map =
            |pairs: &mut dyn Iterator<Item = (String, u64)>| -> Map<String, serde_json::Value> {
                pairs.map(|(name, count)| (name, count.into())).collect()
            };
        let removed: Map<String, serde_json::Value> =
            left_out.iter().map(|(why, names)| ((*why).to_owned(), json!(names))).collect();
        let figures = json!({
            "out": self.out,
            "classifications": import.rows(),
            "kept": import.kept(),
            "dropped": map(&mut dropped.iter().map(|it| (it.0.to_owned(), it.1))),
            "versions": map(&mut import.versions().iter().cloned()),
            "galaxies": votes.len(),
            "volunteers": kept.volunteers().len(),
            "removed_volunteers": removed,
            "answers": kept.len(),
            "retired_subjects": import.retired(),
            "cut_off": import.cut_off(),
        });
        report(self.json, &figures, || {
            let mut lines = vec![format!(
                "{} of {} classifications count: {} answers of {} volunteers about {} galaxies",
                import.kept(),
                import.rows(),
                kept.len(),
                kept.volunteers().len(),
                votes.len()
            )];
            let each = dropped.iter().map(|(why, count)| format!("  left out: {count} {why}"));
            lines.extend(each);
            lines.extend(left_out.iter().map(|(why, names)| {
                let some: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
                let dots = if names.len() > 5 { ", ..." } else { "" };
                format!("  {} removed volunteers ({why}): {}{dots}", names.len(), some.join(", "))
            }));
            Ok(lines.join("\n"))
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

fn export_name(schema: &str) -> String {
    format!("the schema {schema}")
}

/// The table of votes, with the pictures of a catalogue, so that training can read it.
fn with_files(votes: &Votes, catalog: Option<&Catalog>) -> Result<DataFrame> {
    let mut table = votes.table();
    let Some(catalog) = catalog else { return Ok(table) };
    let own = catalog.select(votes.ids())?;
    let files: Vec<String> = own
        .files()
        .iter()
        .map(|file| match std::path::absolute(file) {
            Ok(whole) => whole.display().to_string(),
            Err(_) => file.display().to_string(),
        })
        .collect();
    table.insert_column(1, Column::new("file_loc".into(), files))?;
    Ok(table)
}
