//! HATS (Hierarchical Adaptive Tiling Scheme): Parquet files that are partitioned on the sky by HEALPix, which LSDB
//! opens and cross-matches.

mod write;

pub use write::HatsWriter;

use super::healpix::{FINEST, centre, vector};
use super::info::Infos;
use super::sky_table::SkyTable;
use crate::catalog::{read_joined, read_parquet_lined};
use polars::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;

/// The files that describe a HATS catalogue.
pub(crate) const PROPERTIES: [&str; 2] = ["hats.properties", "properties"];
/// The file that describes a HATS catalogue with its margin caches.
const COLLECTION: &str = "collection.properties";
/// The column with the finest pixel of each row.
const PIXEL: &str = "_healpix_29";

/// A HATS catalogue on disk, whose rows are read when they are asked for.
///
/// ```
/// use zoobot_core::prelude::*;
/// use zoobot_core::tables::{Hats, HatsWriter, SkyTable};
/// let folder = std::env::temp_dir().join(format!("zoobot-hats-{}", std::process::id()));
/// let sky = df!("id_str" => ["a", "b", "c"], "ra" => [10.0, 10.001, 200.0], "dec" => [5.0, 5.0, -30.0])?;
/// HatsWriter::new().write(&SkyTable::new(sky), &folder)?;
/// let hats = Hats::open(&folder)?;
/// assert_eq!((hats.len(), hats.pixels().len()), (3, 2));
/// assert_eq!(hats.cone(10.0, 5.0, 10.0)?.frame().height(), 2);
/// # std::fs::remove_dir_all(folder).expect("just written");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Hats {
    folder: PathBuf,
    properties: HashMap<String, String>,
    /// The order and number of each partition's pixel.
    pixels: Vec<(u8, u64)>,
}

impl Hats {
    /// Opens a HATS catalogue, or the main catalogue of a collection; no rows are read.
    ///
    /// # Errors
    /// [`Error::Catalog`] when the folder is not a HATS catalogue; [`Error::Io`] when it cannot be read.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = main(folder.as_ref())?;
        let wrong = |problem: String, hint: &str| Error::Catalog {
            path: folder.clone(),
            problem,
            hint: hint.to_owned(),
        };
        let Some(file) = PROPERTIES.iter().map(|name| folder.join(name)).find(|it| it.is_file())
        else {
            let problem = "it is no HATS catalogue: there is no hats.properties".to_owned();
            return Err(wrong(problem, "Give the folder that contains it"));
        };
        let properties = properties(&file)?;
        let list = folder.join("partition_info.csv");
        let mut pixels = match list.is_file() {
            true => {
                let table = crate::catalog::read_table(&list)?;
                let numbers = |name: &str| -> Result<Vec<u64>> {
                    let column = table.column(name).map_err(|_| {
                        let problem = format!("partition_info.csv has no column {name}");
                        wrong(problem, "Write the catalogue again")
                    })?;
                    let column = column.cast(&DataType::UInt64)?;
                    Ok(column.u64()?.iter().flatten().collect())
                };
                let orders = numbers("Norder")?.into_iter().map(|it| it.min(255) as u8);
                orders.zip(numbers("Npix")?).collect()
            }
            false => found(&folder.join("dataset"))?,
        };
        pixels
            .sort_by_key(|&(order, pixel)| pixel << (2 * u32::from(FINEST.saturating_sub(order))));
        if let Some((order, pixel)) =
            pixels.iter().find(|(order, pixel)| *order > FINEST || *pixel >= 12 << (2 * order))
        {
            let problem = format!("there is no HEALPix pixel {pixel} of order {order}");
            return Err(wrong(
                problem,
                "Its partition_info.csv is damaged; delete it, or download it again",
            ));
        }
        Ok(Self { folder, properties, pixels })
    }

    /// The number of rows that the catalogue announces.
    pub fn len(&self) -> usize {
        self.property("hats_nrows").and_then(|it| it.parse().ok()).unwrap_or(0)
    }

    /// Whether the catalogue announces no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The order and number (nested) of each partition's HEALPix pixel, in the order of the sky.
    pub fn pixels(&self) -> &[(u8, u64)] {
        &self.pixels
    }

    /// A line of `hats.properties`.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }

    /// Reads all rows.
    ///
    /// # Errors
    /// [`Error::Catalog`] or [`Error::Io`] when a partition cannot be read.
    pub fn read(&self) -> Result<SkyTable> {
        self.of(&self.pixels)
    }

    /// Reads the rows within `radius` arcseconds of a position in degrees, and only the partitions that have any.
    ///
    /// # Errors
    /// As [`read`](Self::read); [`Error::Parameter`] for a position or radius out of range.
    pub fn cone(&self, ra: f64, dec: f64, radius: f64) -> Result<SkyTable> {
        super::matching::check_position(ra, dec)?;
        super::matching::check_radius(radius)?;
        let around = vector(ra, dec);
        let radians = (radius / 3600.0).to_radians();
        let is_near = |&(order, pixel): &(u8, u64)| near(around, radians, order, pixel);
        let pixels: Vec<(u8, u64)> = self.pixels.iter().copied().filter(is_near).collect();
        let table = self.of(&pixels)?;
        if pixels.is_empty() {
            return Ok(table);
        }
        let columns = (self.property("hats_col_ra"), self.property("hats_col_dec"));
        let (ra_of, dec_of) = (columns.0.unwrap_or("ra"), columns.1.unwrap_or("dec"));
        let numbers = |name: &str| -> Result<Vec<f64>> {
            let column = table.frame().column(name)?.cast(&DataType::Float64)?;
            Ok(column.f64()?.iter().map(|it| it.unwrap_or(f64::NAN)).collect())
        };
        let chord = super::matching::chord(radius);
        let places = numbers(ra_of)?.into_iter().zip(numbers(dec_of)?);
        let inside: BooleanChunked = places
            .map(|(ra, dec)| super::matching::apart(around, vector(ra, dec)) <= chord)
            .collect();
        Ok(table.with_frame(table.frame().filter(&inside)?))
    }

    fn of(&self, pixels: &[(u8, u64)]) -> Result<SkyTable> {
        let suffix = self.property("hats_npix_suffix").unwrap_or(".parquet").to_owned();
        let mut files = Vec::new();
        for &(order, pixel) in pixels {
            let path = leaf(&self.folder, order, pixel, &suffix);
            match path.is_dir() {
                true => {
                    let entries = std::fs::read_dir(&path).map_err(Error::io("read", &path))?;
                    let mut inner: Vec<PathBuf> = entries.flatten().map(|it| it.path()).collect();
                    inner.sort();
                    files.extend(inner);
                }
                false => files.push(path),
            }
        }
        let mut tables = Vec::new();
        let mut infos = Infos::new();
        for (done, file) in files.iter().enumerate() {
            interrupt::check("reading partitions", || format!("{done} of {}", files.len()))?;
            let read = read_parquet_lined(file)?;
            infos.extend(read.infos);
            tables.push(read.table);
        }
        if tables.is_empty() {
            let schema = self.folder.join("dataset/_common_metadata");
            if schema.is_file() {
                let read = read_parquet_lined(&schema)?;
                return Ok(SkyTable::with_infos(read.table, read.infos));
            }
        }
        Ok(SkyTable::with_infos(read_joined(&self.folder, &files, tables)?, infos))
    }
}

/// Whether a pixel may contain a point of a cone.
fn near(around: [f64; 3], radius: f64, order: u8, pixel: u64) -> bool {
    // No point of a pixel is farther from its centre than 0.85 / side.
    let reach = radius + 0.9 / (1_u64 << order) as f64;
    super::matching::apart(around, centre(order, pixel))
        <= 2.0 * (reach.min(std::f64::consts::PI) / 2.0).sin()
}

/// The file of a partition.
pub(super) fn leaf(folder: &Path, order: u8, pixel: u64, suffix: &str) -> PathBuf {
    let dir = pixel / 10_000 * 10_000;
    let suffix = if suffix == "/" { "" } else { suffix };
    folder.join(format!("dataset/Norder={order}/Dir={dir}/Npix={pixel}{suffix}"))
}

/// Whether a folder is a HATS catalogue or a collection of some.
pub(crate) fn is_hats(folder: &Path) -> bool {
    PROPERTIES.iter().chain([&COLLECTION]).any(|name| folder.join(name).is_file())
}

/// The folder of the main catalogue: the folder itself, or the one that a collection names.
pub(crate) fn main(folder: &Path) -> Result<PathBuf> {
    let collection = folder.join(COLLECTION);
    if PROPERTIES.iter().any(|name| folder.join(name).is_file()) || !collection.is_file() {
        return Ok(folder.to_path_buf());
    }
    let said = properties(&collection)?;
    match said.get("hats_primary_table_url").filter(|it| !it.contains("://")) {
        Some(inner) => Ok(folder.join(inner)),
        None => Err(Error::Catalog {
            path: collection,
            problem: "it names no main catalogue in a folder".to_owned(),
            hint: "Give the folder that contains hats.properties".to_owned(),
        }),
    }
}

/// The table of a HATS catalogue, without the columns that only partition it.
pub(crate) fn table(folder: &Path) -> Result<(DataFrame, Infos)> {
    let read = Hats::open(folder)?.read()?;
    let infos = read.infos().clone();
    Ok((read.frame().drop_many([PIXEL]), infos))
}

/// Java's properties: `name=value`, with comments.
fn properties(path: &Path) -> Result<HashMap<String, String>> {
    let text = std::fs::read(path).map_err(Error::io("read", path))?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', '!']));
    let pairs = lines.filter_map(|line| line.split_once(['=', ':']));
    let plain =
        |text: &str| text.trim().replace("\\:", ":").replace("\\=", "=").replace("\\ ", " ");
    Ok(pairs.map(|(name, value)| (name.trim().to_owned(), plain(value))).collect())
}

/// The partitions in a folder without a list of them.
fn found(dataset: &Path) -> Result<Vec<(u8, u64)>> {
    let mut pixels = BTreeSet::new();
    let inside = |folder: &Path| -> Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(folder).map_err(Error::io("read", folder))?;
        Ok(entries.flatten().map(|it| it.path()).collect())
    };
    let value = |path: &Path, key: &str| -> Option<u64> {
        let name = path.file_name()?.to_str()?.strip_prefix(key)?.split('.').next()?;
        name.parse().ok()
    };
    for order in inside(dataset)? {
        let Some(number) = value(&order, "Norder=").and_then(|it| u8::try_from(it).ok()) else {
            continue;
        };
        for dir in inside(&order)?.iter().filter(|it| it.is_dir()) {
            pixels.extend(inside(dir)?.iter().filter_map(|it| Some((number, value(it, "Npix=")?))));
        }
    }
    Ok(pixels.into_iter().collect())
}

#[cfg(test)]
mod tests;
