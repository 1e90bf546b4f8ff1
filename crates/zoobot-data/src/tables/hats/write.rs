//! Writes a HATS catalogue.

use super::super::healpix::{FINEST, Place, circle, vector};
use super::super::sky_table::SkyTable;
use super::{COLLECTION, PIXEL, PROPERTIES, leaf};
use crate::catalog::{TableFormat, table_positions, write_described};
use polars::prelude::*;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use zoobot_base::error::{Error, Result};
use zoobot_base::files::unfinished;
use zoobot_base::interrupt;

/// The finest order of partitions.
const DEEPEST: u8 = 10;
/// The points of the circle around a row that decide whose margin it is in.
const DIRECTIONS: usize = 64;

/// Writes a table as a HATS catalogue, with a margin cache.
///
/// A partition is split into four until it has at most [`rows`](Self::rows) rows (at most order 10). The margin cache
/// has, for each partition, the rows of other partitions that are within [`margin`](Self::margin) arcseconds of it,
/// so that LSDB finds all pairs of a cross-match. With a margin, the folder is a collection of the two.
///
/// ```no_run
/// # use zoobot_core::tables::{HatsWriter, SkyTable};
/// let galaxies = SkyTable::read("representations.parquet")?;
/// HatsWriter::new().rows(500_000).margin(10.0).write(&galaxies, "representations.hats")?;
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct HatsWriter {
    rows: usize,
    margin: f64,
    columns: Option<(String, String)>,
}

impl Default for HatsWriter {
    fn default() -> Self {
        Self::new()
    }
}

impl HatsWriter {
    /// Partitions of at most 1,000,000 rows, and no margin cache.
    pub fn new() -> Self {
        Self { rows: 1_000_000, margin: 0.0, columns: None }
    }

    /// The largest number of rows of a partition (default 1,000,000).
    #[must_use]
    pub fn rows(mut self, rows: usize) -> Self {
        self.rows = rows;
        self
    }

    /// The width of the margin cache in arcseconds; 0, the default, writes none.
    #[must_use]
    pub fn margin(mut self, arcsec: f64) -> Self {
        self.margin = arcsec;
        self
    }

    /// The columns of right ascension and declination, in degrees, if their names do not say so.
    #[must_use]
    pub fn columns(mut self, ra: &str, dec: &str) -> Self {
        self.columns = Some((ra.to_owned(), dec.to_owned()));
        self
    }

    /// Writes the catalogue into a new folder, completely or not at all.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a setting out of range; [`Error::Unsuitable`] for a table without positions in
    /// degrees in every row, and for a folder that is not empty; [`Error::Io`] when it cannot be written.
    pub fn write(&self, table: &SkyTable, folder: impl AsRef<Path>) -> Result<()> {
        let folder = folder.as_ref();
        if self.rows == 0 {
            return Err(Error::parameter("rows", self.rows, "at least 1"));
        }
        if !(0.0..=3600.0).contains(&self.margin) {
            return Err(Error::parameter("margin", self.margin, "between 0 and 3600 arcseconds"));
        }
        if std::fs::read_dir(folder).is_ok_and(|mut it| it.next().is_some()) {
            let problem = format!("the folder {} is not empty", folder.display());
            return Err(Error::unsuitable(problem, "Choose a new folder"));
        }
        let sorted = self.sorted(table)?;
        let part = unfinished(folder);
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = if name.is_empty() { "catalogue".to_owned() } else { name };
        let written = self.fill(&sorted, &part, &name).and_then(|()| {
            // An empty folder may be there.
            let _ = std::fs::remove_dir(folder);
            std::fs::rename(&part, folder).map_err(Error::io("write", folder))
        });
        if written.is_err() {
            let _ = std::fs::remove_dir_all(&part);
        }
        written
    }

    /// The rows in the order of the sky.
    fn sorted(&self, table: &SkyTable) -> Result<Sorted> {
        let frame = table.frame();
        let given = self.columns.as_ref().map(|(ra, dec)| (ra.as_str(), dec.as_str()));
        let positions = table_positions(frame, given)?;
        let named = |names: &[String; 2]| {
            names
                .iter()
                .all(|name| frame.column(name).is_ok_and(|it| it.dtype().is_primitive_numeric()))
        };
        if positions.columns.len() != 2
            || !named(&[positions.columns[0].clone(), positions.columns[1].clone()])
        {
            let problem =
                "HATS needs columns of right ascension and declination in degrees, as numbers";
            return Err(Error::unsuitable(problem, "Write them as numbers, such as ra and dec"));
        }
        let mut places: Vec<(u64, u32, [f64; 2])> = Vec::with_capacity(frame.height());
        for (row, position) in (0..).zip(&positions.values) {
            let Some([ra, dec]) = *position else {
                let problem = format!("row {} has no position", row + 1);
                return Err(Error::unsuitable(problem, "Leave out rows without a position"));
            };
            places.push((Place::of(ra, dec).pixel(), row, [ra, dec]));
        }
        places.par_sort_unstable_by_key(|&(pixel, row, _)| (pixel, row));
        let rows = IdxCa::from_vec("rows".into(), places.iter().map(|it| it.1).collect());
        let mut frame = frame.take(&rows)?.drop_many([PIXEL]);
        let pixels: Vec<i64> = places.iter().map(|it| it.0 as i64).collect();
        frame.insert_column(0, Column::new(PIXEL.into(), &pixels))?;
        let [ra, dec] = [0, 1].map(|side| positions.columns[side].clone());
        Ok(Sorted {
            table: table.with_frame(frame),
            pixels: places.iter().map(|it| it.0).collect(),
            positions: places.iter().map(|it| it.2).collect(),
            ra,
            dec,
        })
    }

    fn fill(&self, sorted: &Sorted, part: &Path, name: &str) -> Result<()> {
        let partitions = sorted.partitions(self.rows);
        let main = if self.margin > 0.0 { part.join(name) } else { part.to_path_buf() };
        let ranges = partitions.iter().map(|(key, rows)| {
            let rows = (rows.start as u32..rows.end as u32).collect();
            (*key, rows)
        });
        let about = |kind: &str, name: &str, rows: usize| -> Vec<(&str, String)> {
            let deepest = partitions.keys().map(|(order, _)| *order).max().unwrap_or(0);
            vec![
                ("obs_collection", name.to_owned()),
                ("dataproduct_type", kind.to_owned()),
                ("hats_nrows", rows.to_string()),
                ("hats_col_ra", sorted.ra.clone()),
                ("hats_col_dec", sorted.dec.clone()),
                ("hats_col_healpix", PIXEL.to_owned()),
                ("hats_col_healpix_order", FINEST.to_string()),
                ("hats_npix_suffix", ".parquet".to_owned()),
                ("hats_max_rows", self.rows.to_string()),
                ("hats_order", deepest.to_string()),
                ("hats_version", "v1.0".to_owned()),
                ("hats_builder", concat!("zoobot ", env!("CARGO_PKG_VERSION")).to_owned()),
            ]
        };
        write_catalogue(
            &main,
            sorted,
            ranges.collect(),
            &about("object", name, sorted.pixels.len()),
        )?;
        if self.margin == 0.0 {
            return Ok(());
        }
        let margin = format!("{name}_{}arcs", self.margin);
        let rows = sorted.margins(&partitions, self.margin)?;
        let count = rows.values().map(Vec::len).sum();
        let mut lines = about("margin", &margin, count);
        lines.push(("hats_primary_table_url", name.to_owned()));
        lines.push(("hats_margin_threshold", self.margin.to_string()));
        write_catalogue(&part.join(&margin), sorted, rows, &lines)?;
        let lines = [
            ("obs_collection", name.to_owned()),
            ("hats_primary_table_url", name.to_owned()),
            ("all_margins", margin.clone()),
            ("default_margin", margin),
        ];
        write_properties(&part.join(COLLECTION), &lines)
    }
}

/// A partition: the order and the number of its pixel.
type Pixel = (u8, u64);

/// A table in the order of the sky.
struct Sorted {
    table: SkyTable,
    pixels: Vec<u64>,
    positions: Vec<[f64; 2]>,
    ra: String,
    dec: String,
}

impl Sorted {
    /// The partitions, each with the range of its rows.
    fn partitions(&self, most: usize) -> BTreeMap<Pixel, std::ops::Range<usize>> {
        let mut found = BTreeMap::new();
        let mut open: Vec<Pixel> = (0..12).map(|pixel| (0, pixel)).collect();
        while let Some((order, pixel)) = open.pop() {
            let shift = 2 * (FINEST - order);
            let start = self.pixels.partition_point(|&it| it >> shift < pixel);
            let end = self.pixels.partition_point(|&it| it >> shift <= pixel);
            if end == start {
                continue;
            }
            match end - start > most && order < DEEPEST {
                true => open.extend((0..4).map(|part| (order + 1, 4 * pixel + part))),
                false => {
                    found.insert((order, pixel), start..end);
                }
            }
        }
        found
    }

    /// For each partition, the rows of others that are within the margin of it.
    fn margins(
        &self,
        partitions: &BTreeMap<Pixel, std::ops::Range<usize>>,
        arcsec: f64,
    ) -> Result<BTreeMap<Pixel, Vec<u32>>> {
        // A little more, because a corner may reach between two directions.
        let radius = (arcsec / 3600.0).to_radians() * 1.003;
        // Sorted by their first finest pixel, so that the partition of a pixel is found by bisection.
        let mut starts: Vec<(u64, Pixel)> = partitions
            .keys()
            .map(|&(order, pixel)| (pixel << (2 * (FINEST - order)), (order, pixel)))
            .collect();
        starts.sort_unstable();
        let owner = |finest: u64| -> Option<Pixel> {
            let place = starts.partition_point(|(start, _)| *start <= finest).checked_sub(1)?;
            let (_, (order, pixel)) = starts[place];
            (finest >> (2 * (FINEST - order)) == pixel).then_some((order, pixel))
        };
        let of_row = |row: usize| -> Vec<(Pixel, u32)> {
            let [ra, dec] = self.positions[row];
            let own = owner(self.pixels[row]);
            // Empty pixels are no partitions, but partitions may be beside them: only the row's own border counts.
            if own.is_some_and(|(order, _)| Place::of(ra, dec).to_border(order) > radius) {
                return Vec::new();
            }
            let around = circle(vector(ra, dec), radius, DIRECTIONS);
            let mut found: Vec<Pixel> =
                around.filter_map(|it| owner(Place::of_vector(it).pixel())).collect();
            found.sort_unstable();
            found.dedup();
            found.into_iter().filter(|it| Some(*it) != own).map(|it| (it, row as u32)).collect()
        };
        interrupt::check("writing a margin cache", || "the catalogue".to_owned())?;
        let pairs: Vec<(Pixel, u32)> =
            (0..self.pixels.len()).into_par_iter().flat_map_iter(of_row).collect();
        let mut rows: BTreeMap<Pixel, Vec<u32>> = BTreeMap::new();
        pairs.into_iter().for_each(|(pixel, row)| rows.entry(pixel).or_default().push(row));
        Ok(rows)
    }
}

/// Writes the partitions of a catalogue and the files that describe it.
fn write_catalogue(
    folder: &Path,
    sorted: &Sorted,
    partitions: BTreeMap<Pixel, Vec<u32>>,
    lines: &[(&str, String)],
) -> Result<()> {
    let (frame, infos) = (sorted.table.frame(), sorted.table.infos());
    let write = |path: &Path, table: &DataFrame| {
        let empty = table.clear();
        write_described(path, TableFormat::Parquet, &empty, Some(infos), None, &|each| each(table))
    };
    for (done, (&(order, pixel), rows)) in partitions.iter().enumerate() {
        interrupt::check("writing partitions", || format!("{done} of {}", partitions.len()))?;
        let rows = IdxCa::from_vec("rows".into(), rows.clone());
        write(&leaf(folder, order, pixel, ".parquet"), &frame.take(&rows)?)?;
    }
    let dataset = folder.join("dataset");
    write(&dataset.join("common.parquet"), &frame.clear())?;
    let common = dataset.join("_common_metadata");
    std::fs::rename(dataset.join("common.parquet"), &common)
        .map_err(Error::io("write", &common))?;
    let mut list = "Norder,Npix\n".to_owned();
    partitions.keys().for_each(|(order, pixel)| list.push_str(&format!("{order},{pixel}\n")));
    let path = folder.join("partition_info.csv");
    std::fs::write(&path, list).map_err(Error::io("write", &path))?;
    // The second is the name that earlier versions of HATS look for.
    PROPERTIES.iter().try_for_each(|name| write_properties(&folder.join(name), lines))
}

fn write_properties(path: &Path, lines: &[(&str, String)]) -> Result<()> {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace(':', "\\:").replace('=', "\\=");
    let text: String =
        lines.iter().map(|(key, value)| format!("{key}={}\n", escaped(value))).collect();
    zoobot_base::files::make_folder_of(path)?;
    std::fs::write(path, format!("#HATS catalogue\n{text}")).map_err(Error::io("write", path))
}
