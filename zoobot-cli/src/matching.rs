//! `zoobot match`.

use crate::output::Overwrite;
use crate::report;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use zoobot_core::Result;
use zoobot_core::catalog::TableFormat;
use zoobot_core::tables::{SkyMatch, SkyTable};

/// Match two tables by their positions on the sky.
///
/// All pairs within the radius are found, or with --nearest the nearest row of B for each row of A. Without B, or with A
/// twice, pairs of different rows of A are found: duplicates. Positions are columns under their usual names, in degrees
/// or sexagesimal, or names such as SDSS J123456.78+012345.6. OUT has the columns of both tables, row_1 and row_2
/// (counted from 1) and separation_arcsec.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot table real_sample galaxies.parquet
  zoobot match galaxies.parquet real_sample --radius 1 --out both.csv --json
  zoobot match galaxies.parquet --radius 30 --out pairs.csv")]
pub struct Match {
    /// The first table
    #[arg(value_name = "A")]
    first: PathBuf,
    /// The second table
    #[arg(value_name = "B")]
    second: Option<PathBuf>,
    /// The radius in arcseconds
    #[arg(long, value_name = "ARCSEC", default_value_t = 1.0)]
    radius: f64,
    /// Keep only the nearest row of B for each row of A
    #[arg(long)]
    nearest: bool,
    /// The columns of right ascension and declination of A, if their names do not say so
    #[arg(long, value_name = "RA,DEC", value_parser = pair)]
    columns: Option<(String, String)>,
    /// The columns of right ascension and declination of B
    #[arg(long, value_name = "RA,DEC", value_parser = pair, requires = "second")]
    other_columns: Option<(String, String)>,
    /// The table of pairs to write, in the format of its ending
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    overwrite: Overwrite,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

/// Two names of columns, separated by a comma.
pub fn pair(text: &str) -> std::result::Result<(String, String), String> {
    let named = text.split_once(',').map(|(ra, dec)| (ra.trim(), dec.trim()));
    match named {
        Some((ra, dec)) if !ra.is_empty() && !dec.is_empty() => Ok((ra.to_owned(), dec.to_owned())),
        _ => Err("write two names with a comma between them, such as ra1,dec1".to_owned()),
    }
}

impl Match {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        if let Some(out) = &self.out {
            TableFormat::of(out)?;
        }
        let mut search = SkyMatch::new(self.radius);
        if self.nearest {
            search = search.nearest();
        }
        if let Some((ra, dec)) = &self.columns {
            search = search.columns(ra, dec);
        }
        if let Some((ra, dec)) = &self.other_columns {
            search = search.other_columns(ra, dec);
        }
        let of = |path: &PathBuf| -> Result<PathBuf> { crate::galaxies::file(path) };
        let file = of(&self.first)?;
        let first = SkyTable::read(&file)?;
        let same = |path: &PathBuf| {
            path.canonicalize().is_ok_and(|it| file.canonicalize().is_ok_and(|own| own == it))
        };
        let other = self.second.as_ref().map(of).transpose()?;
        let other = other.filter(|path| !same(path) || self.other_columns.is_some());
        let second = other.as_ref().map(SkyTable::read).transpose()?;
        let found = match &second {
            Some(second) => search.pairs(&first, second)?,
            None => search.duplicates(&first)?,
        };
        let mut out = None;
        if let Some(path) = &self.out {
            let read: Vec<&std::path::Path> =
                std::iter::once(file.as_path()).chain(other.as_deref()).collect();
            self.overwrite.file("--out", path, &read)?;
            found.joined(&first, second.as_ref().unwrap_or(&first))?.write(path)?;
            out = Some(path.display().to_string());
        }
        let [matched, matched_other] = found.matched();
        let rows = |table: &SkyTable| table.frame().height();
        let figures = json!({
            "pairs": found.len(), "matched_1": matched, "matched_2": matched_other,
            "rows_1": rows(&first), "rows_2": second.as_ref().map(rows), "radius_arcsec": self.radius,
            "duplicates": second.is_none(), "out": out,
        });
        report(self.json, &figures, || {
            Ok(match &second {
                Some(second) => format!(
                    "{} pairs within {} arcsec: {matched} of {} rows of A, {matched_other} of {} rows of B",
                    found.len(),
                    self.radius,
                    rows(&first),
                    rows(second)
                ),
                None => {
                    let rows = rows(&first);
                    format!("{} pairs within {} arcsec among {rows} rows", found.len(), self.radius)
                }
            })
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
