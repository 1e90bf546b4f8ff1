//! `zoobot table`.

use crate::output::Overwrite;
use crate::report;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zoobot_core::catalog::TableFormat;
use zoobot_core::tables::{Hats, HatsWriter, SkyTable};
use zoobot_core::{Error, Result};

/// The files by which a folder is known as a HATS catalogue.
const MARKS: [&str; 2] = ["collection.properties", "hats.properties"];

/// Convert a table from one format to another, with units, empty cells and all digits.
///
/// IN is FITS, VOTable, Parquet, ECSV or text of any kind, recognised by its contents; a folder of Parquet files (also
/// with folders such as year=2020, as Hive writes them); or a HATS catalogue. The ending of OUT decides what is
/// written: .fits, .fits.gz, .vot, .xml, .parquet, .ecsv, .csv or .tsv. Units and descriptions are kept by all but
/// .csv and .tsv.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot simulate --galaxies 40 --out converted
  zoobot table converted/catalog.csv galaxies.fits
  zoobot table galaxies.fits galaxies.vot
  zoobot table galaxies.vot again.parquet --json")]
pub struct Table {
    /// The table to read
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The file to write; with --hats, the folder
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// Write a HATS catalogue: Parquet partitioned on the sky, which LSDB reads
    #[arg(long)]
    hats: bool,
    /// The width in arcseconds of the margin cache of --hats; 0 writes none
    #[arg(long, value_name = "ARCSEC", default_value_t = 10.0, requires = "hats")]
    margin: f64,
    /// The most rows of a partition of --hats
    #[arg(long, value_name = "N", default_value_t = 1_000_000, requires = "hats")]
    rows: usize,
    /// The columns of right ascension and declination in degrees, if their names do not say so
    #[arg(long, value_name = "RA,DEC", value_parser = crate::matching::pair, requires = "hats")]
    columns: Option<(String, String)>,
    #[command(flatten)]
    overwrite: Overwrite,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Table {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let (input, out) = (self.input.as_path(), self.output.as_path());
        if !self.hats {
            TableFormat::of(out)?;
        }
        let table = SkyTable::read(crate::galaxies::file(input)?)?;
        let (rows, columns) = table.frame().shape();
        let units = table
            .frame()
            .get_column_names()
            .iter()
            .filter(|it| table.info(it).unit.is_some())
            .count();
        let mut figures = json!({
            "rows": rows, "columns": columns, "units": units, "out": out.display().to_string(),
        });
        match self.hats {
            false => {
                self.overwrite.file("OUT", out, &[input])?;
                table.write(out)?;
            }
            true => figures["partitions"] = self.write_hats(&table)?.into(),
        }
        report(self.json, &figures, || {
            Ok(format!("{}: {rows} rows, {columns} columns, {units} with a unit", out.display()))
        })?;
        Ok(ExitCode::SUCCESS)
    }

    /// Writes a HATS catalogue; returns the number of its partitions.
    fn write_hats(&self, table: &SkyTable) -> Result<usize> {
        let out = self.output.as_path();
        let mark = MARKS.into_iter().find(|mark| out.join(mark).is_file()).unwrap_or(MARKS[0]);
        self.overwrite.folder("OUT", out, mark, |_| false)?;
        let mut writer = HatsWriter::new().rows(self.rows).margin(self.margin);
        if let Some((ra, dec)) = &self.columns {
            writer = writer.columns(ra, dec);
        }
        let old = out.join(mark).is_file().then(|| beside(out));
        if let Some(old) = &old {
            std::fs::rename(out, old).map_err(Error::io("replace", out))?;
        }
        let written = writer.write(table, out);
        if let Some(old) = old {
            match written.is_ok() {
                true => std::fs::remove_dir_all(&old).map_err(Error::io("remove", &old))?,
                false => std::fs::rename(&old, out).map_err(Error::io("write", out))?,
            }
        }
        written?;
        Ok(Hats::open(out)?.pixels().len())
    }
}

/// A name beside a folder for what it held.
fn beside(folder: &Path) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    folder.with_file_name(format!(".{name}.{}.old", std::process::id()))
}
