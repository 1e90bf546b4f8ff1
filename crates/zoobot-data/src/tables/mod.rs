//! Tables as astronomers have them: FITS, VOTable, ECSV, Parquet and text, with the units and descriptions of
//! their columns; matches of two tables on the sky; and HATS, Parquet that is partitioned on the sky.

mod ecsv;
mod hats;
mod healpix;
mod info;
mod matching;
mod sky_table;
mod votable;

use polars::prelude::{Column, PolarsResult, Series};

pub use hats::{Hats, HatsWriter};
pub use info::{ColumnInfo, ColumnShape};
pub use matching::{SkyMatch, SkyPairs};
pub use sky_table::SkyTable;

pub(crate) use ecsv::{Entry, entries, write_ecsv, yaml};
pub(crate) use hats::{
    PROPERTIES as HATS_PROPERTIES, is_hats, main as hats_main, table as hats_table,
};
pub(crate) use info::Infos;
pub(crate) use votable::{VoTableWriter, seen as votable_kinds};

/// The list in each cell of a column.
pub(crate) fn lists(column: &Column) -> PolarsResult<Vec<Option<Series>>> {
    let lists = column.list()?;
    Ok(lists.series_iter().collect())
}

#[cfg(test)]
mod tests;
