//! Matches of two tables by their positions on the sky.
//!
//! Both sides are sorted into zones of declination and, within a zone, by right ascension (Gray et al. 2006, "The Zones
//! Algorithm"). A row is compared with the part of each near zone that its window of right ascension allows. Distances
//! are those of unit vectors, so that poles and the meridian 0 need no exception.

use super::healpix::vector;
use super::info::Infos;
use super::sky_table::SkyTable;
use crate::catalog::table_positions;
use polars::prelude::*;
use rayon::prelude::*;
use std::collections::HashSet;
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;

/// The rows of a part between two looks at the stop button.
const PART: usize = 1 << 16;

/// A match of two tables by position, or of a table with itself.
///
/// ```
/// use zoobot_core::prelude::*;
/// use zoobot_core::tables::{SkyMatch, SkyTable};
/// let ours = SkyTable::new(df!("name" => ["a", "b"], "ra" => [359.9999, 120.0], "dec" => [0.0, 45.0])?);
/// let theirs = SkyTable::new(df!("z" => [0.1, 0.2], "RAJ2000" => [0.0001, 10.0], "DEJ2000" => [0.0, 45.0])?);
/// let found = SkyMatch::new(1.0).pairs(&ours, &theirs)?;
/// assert_eq!(found.len(), 1);
/// assert!((found.separations()[0] - 0.72).abs() < 1e-6);
/// let joined = found.joined(&ours, &theirs)?;
/// assert_eq!(joined.frame().column("z")?.f64()?.get(0), Some(0.1));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SkyMatch {
    radius: f64,
    nearest: bool,
    columns: [Option<(String, String)>; 2],
}

impl SkyMatch {
    /// All pairs within `radius` arcseconds, the radius included.
    pub fn new(radius: f64) -> Self {
        Self { radius, nearest: false, columns: [None, None] }
    }

    /// Keeps only the nearest partner of each row of the first table.
    #[must_use]
    pub fn nearest(mut self) -> Self {
        self.nearest = true;
        self
    }

    /// The columns of right ascension and declination of the first table (default: those of usual names).
    #[must_use]
    pub fn columns(mut self, ra: &str, dec: &str) -> Self {
        self.columns[0] = Some((ra.to_owned(), dec.to_owned()));
        self
    }

    /// The columns of right ascension and declination of the second table.
    #[must_use]
    pub fn other_columns(mut self, ra: &str, dec: &str) -> Self {
        self.columns[1] = Some((ra.to_owned(), dec.to_owned()));
        self
    }

    /// Finds the pairs of rows of two tables. Rows without a position have no partner.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a radius that is negative or above 648000 arcseconds (180 degrees);
    /// [`Error::Unsuitable`] for a table without positions, or with a position that cannot be read.
    pub fn pairs(&self, first: &SkyTable, second: &SkyTable) -> Result<SkyPairs> {
        let [a, b] = [self.positions(first, 0)?, self.positions(second, 1)?];
        self.of(&a, &b, false)
    }

    /// Finds the pairs of different rows of one table, each pair once. With [`nearest`](Self::nearest), the nearest
    /// other row of each.
    ///
    /// # Errors
    /// As [`pairs`](Self::pairs).
    pub fn duplicates(&self, table: &SkyTable) -> Result<SkyPairs> {
        let places = self.positions(table, 0)?;
        self.of(&places, &places, true)
    }

    /// Finds the pairs of positions in degrees: right ascension and declination.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a radius or a position out of range.
    pub fn pairs_of(&self, first: &[[f64; 2]], second: &[[f64; 2]]) -> Result<SkyPairs> {
        first.iter().chain(second).try_for_each(|&[ra, dec]| check_position(ra, dec))?;
        let some = |places: &[[f64; 2]]| places.iter().copied().map(Some).collect::<Vec<_>>();
        self.of(&some(first), &some(second), false)
    }

    fn positions(&self, table: &SkyTable, side: usize) -> Result<Vec<Option<[f64; 2]>>> {
        let columns = self.columns[side].as_ref().map(|(ra, dec)| (ra.as_str(), dec.as_str()));
        Ok(table_positions(table.frame(), columns)?.values)
    }

    fn of(
        &self,
        first: &[Option<[f64; 2]>],
        second: &[Option<[f64; 2]>],
        same: bool,
    ) -> Result<SkyPairs> {
        check_radius(self.radius)?;
        for rows in [first.len(), second.len()] {
            if u32::try_from(rows).is_err() {
                return Err(Error::parameter("rows", rows, "below 4294967296"));
            }
        }
        let zones = Zones::of(second, self.radius);
        let mut order: Vec<(u64, u32)> = (0..first.len() as u32)
            .into_par_iter()
            .filter_map(|row| {
                let [ra, dec] = first[row as usize]?;
                Some((((zones.zone(dec) as u64) << 32) | (ra.rem_euclid(360.0) * 1e7) as u64, row))
            })
            .collect();
        // Neighbours on the sky read the same zones.
        order.par_sort_unstable();
        let chord = chord(self.radius);
        let of_row = |row: u32, found: &mut Vec<Pair>| {
            let Some([ra, dec]) = first[row as usize] else { return };
            let here = vector(ra, dec);
            let (mut best, from) = (None::<Pair>, found.len());
            zones.each_near(ra, dec, self.radius, |place| {
                let other = zones.rows[place];
                if same && (other == row || (!self.nearest && other < row)) {
                    return;
                }
                let distance = apart(here, zones.vectors[place]);
                if distance > chord {
                    return;
                }
                let pair = Pair { first: row, second: other, separation: distance };
                match self.nearest {
                    false => found.push(pair),
                    true => {
                        let nearer =
                            best.is_none_or(|it| (distance, other) < (it.separation, it.second));
                        if nearer {
                            best = Some(pair);
                        }
                    }
                }
            });
            found.extend(best);
            for pair in &mut found[from..] {
                let there = second[pair.second as usize].unwrap_or_default();
                pair.separation = separation([ra, dec], there);
            }
        };
        let parts: Vec<Result<Vec<Pair>>> = order
            .par_chunks(PART.min(order.len() / 64 + 1))
            .map(|part| {
                interrupt::check("matching", || "some of the rows".to_owned())?;
                let mut found = Vec::new();
                part.iter().for_each(|&(_, row)| of_row(row, &mut found));
                Ok(found)
            })
            .collect();
        let mut pairs = Vec::new();
        for part in parts {
            pairs.extend(part?);
        }
        pairs.par_sort_unstable_by_key(|pair| (pair.first, pair.second));
        Ok(SkyPairs { pairs, radius: self.radius })
    }
}

#[derive(Debug, Clone, Copy)]
struct Pair {
    first: u32,
    second: u32,
    separation: f64,
}

/// Pairs of rows that are near each other on the sky, by rows of the first table.
#[derive(Debug, Clone)]
pub struct SkyPairs {
    pairs: Vec<Pair>,
    radius: f64,
}

impl SkyPairs {
    /// The number of pairs.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The radius in arcseconds.
    pub fn radius(&self) -> f64 {
        self.radius
    }

    /// The rows of the first table, from 0.
    pub fn first(&self) -> Vec<usize> {
        self.pairs.iter().map(|pair| pair.first as usize).collect()
    }

    /// The rows of the second table, from 0.
    pub fn second(&self) -> Vec<usize> {
        self.pairs.iter().map(|pair| pair.second as usize).collect()
    }

    /// The separations in arcseconds.
    pub fn separations(&self) -> Vec<f64> {
        self.pairs.iter().map(|pair| pair.separation).collect()
    }

    /// The number of rows of the first and of the second table that have a partner.
    pub fn matched(&self) -> [usize; 2] {
        let count = |of: fn(&Pair) -> u32| self.pairs.iter().map(of).collect::<HashSet<_>>().len();
        [count(|pair| pair.first), count(|pair| pair.second)]
    }

    /// A table of the pairs: `row_1` and `row_2`, counted from 1, all columns of both tables, and
    /// `separation_arcsec`. Names that both tables have end in `_1` and `_2`.
    ///
    /// # Errors
    /// [`Error::Polars`] when the tables are not those that were matched.
    pub fn joined(&self, first: &SkyTable, second: &SkyTable) -> Result<SkyTable> {
        let rows = |of: fn(&Pair) -> u32| self.pairs.iter().map(of).collect::<Vec<u32>>();
        let sides = [(first, rows(|pair| pair.first)), (second, rows(|pair| pair.second))];
        let mut columns: Vec<Column> = Vec::new();
        for (name, (_, rows)) in ["row_1", "row_2"].iter().zip(&sides) {
            let counted: Vec<u32> = rows.iter().map(|row| row + 1).collect();
            columns.push(Column::new((*name).into(), counted));
        }
        let mut infos = Infos::new();
        let taken = |name: &str| ["row_1", "row_2", "separation_arcsec"].contains(&name);
        for (side, (table, rows)) in sides.into_iter().enumerate() {
            let other = if side == 0 { second } else { first };
            let frame = table.frame().take(&IdxCa::from_vec("rows".into(), rows))?;
            for column in frame.columns() {
                let name = column.name().to_string();
                let mut new = name.clone();
                let both = other.frame().column(&name).is_ok() || taken(&name);
                while (both && new == name) || columns.iter().any(|it| it.name().as_str() == new) {
                    new = format!("{new}_{}", side + 1);
                }
                if let Some(info) = table.infos().get(&name) {
                    infos.insert(new.clone(), info.clone());
                }
                columns.push(column.clone().with_name(new.into()));
            }
        }
        let unit = Some("arcsec".to_owned());
        let info = super::ColumnInfo { unit, ..super::ColumnInfo::default() };
        infos.insert("separation_arcsec".to_owned(), info);
        columns.push(Column::new("separation_arcsec".into(), self.separations()));
        Ok(SkyTable::with_infos(DataFrame::new(self.len(), columns)?, infos))
    }
}

/// Positions in zones of declination, within a zone by right ascension.
struct Zones {
    /// The height of a zone in degrees.
    height: f64,
    /// Where each zone begins; one more than zones.
    starts: Vec<u32>,
    ras: Vec<f64>,
    vectors: Vec<[f64; 3]>,
    rows: Vec<u32>,
}

impl Zones {
    fn of(places: &[Option<[f64; 2]>], radius: f64) -> Self {
        // Not more zones than rows: most would be empty.
        let most = places.len().clamp(1, 1 << 20) as f64;
        let height = (radius / 3600.0).max(180.0 / most).min(180.0);
        let count = (180.0 / height).ceil() as usize;
        let mut zones = Self {
            height,
            starts: vec![0; count + 1],
            ras: Vec::new(),
            vectors: Vec::new(),
            rows: Vec::new(),
        };
        let mut order: Vec<(u32, f64, u32)> = (0..places.len() as u32)
            .into_par_iter()
            .filter_map(|row| {
                let [ra, dec] = places[row as usize]?;
                Some((zones.zone(dec) as u32, ra.rem_euclid(360.0), row))
            })
            .collect();
        order.par_sort_unstable_by(|a, b| {
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2))
        });
        for (zone, ..) in &order {
            zones.starts[*zone as usize + 1] += 1;
        }
        for zone in 0..count {
            zones.starts[zone + 1] += zones.starts[zone];
        }
        zones.ras = order.iter().map(|it| it.1).collect();
        zones.rows = order.iter().map(|it| it.2).collect();
        zones.vectors = order
            .par_iter()
            .map(|&(_, ra, row)| vector(ra, places[row as usize].map_or(0.0, |[_, dec]| dec)))
            .collect();
        zones
    }

    fn zone(&self, dec: f64) -> usize {
        (((dec + 90.0) / self.height) as usize).min(self.starts.len() - 2)
    }

    /// Calls a function with each place that may be within the radius (arcseconds) of a position.
    fn each_near(&self, ra: f64, dec: f64, radius: f64, mut each: impl FnMut(usize)) {
        // A little wider than the radius: distances are decided by vectors.
        let reach = radius / 3600.0 + 1e-9;
        let (low, high) = (dec - reach, dec + reach);
        let half = match low <= -90.0 || high >= 90.0 {
            true => 180.0,
            // The widest right ascension of a circle on the sphere.
            false => {
                let ratio = reach.to_radians().sin() / dec.to_radians().cos();
                if ratio >= 1.0 { 180.0 } else { ratio.asin().to_degrees() * (1.0 + 1e-9) + 1e-9 }
            }
        };
        let ra = ra.rem_euclid(360.0);
        let (from, to) = (ra - half, ra + half);
        let windows = match half >= 180.0 {
            true => [Some((0.0, 360.0)), None],
            false if from < 0.0 => [Some((0.0, to)), Some((from + 360.0, 360.0))],
            false if to >= 360.0 => [Some((from, 360.0)), Some((0.0, to - 360.0))],
            false => [Some((from, to)), None],
        };
        for zone in self.zone(low.max(-90.0))..=self.zone(high.min(90.0)) {
            let range = self.starts[zone] as usize..self.starts[zone + 1] as usize;
            let ras = &self.ras[range.clone()];
            if ras.is_empty() {
                continue;
            }
            for (from, to) in windows.iter().flatten() {
                let begin = ras.partition_point(|it| it < from);
                let near = ras[begin..].iter().take_while(|it| *it <= to).count();
                (range.start + begin..range.start + begin + near).for_each(&mut each);
            }
        }
    }
}

/// The distance of two unit vectors in a straight line.
pub(super) fn apart(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (x, y, z) = (a[0] - b[0], a[1] - b[1], a[2] - b[2]);
    (x * x + y * y + z * z).sqrt()
}

/// The straight distance of two points on the unit sphere that are this many arcseconds apart.
pub(super) fn chord(arcsec: f64) -> f64 {
    2.0 * (arcsec / 3600.0).to_radians().mul_add(0.5, 0.0).sin()
}

/// The separation of two positions in arcseconds, by Vincenty's formula, which is exact at all distances.
fn separation([ra, dec]: [f64; 2], [other_ra, other_dec]: [f64; 2]) -> f64 {
    let (sin, cos) = (other_ra - ra).to_radians().sin_cos();
    let ((s1, c1), (s2, c2)) = (dec.to_radians().sin_cos(), other_dec.to_radians().sin_cos());
    let across = (c2 * sin).hypot(c1 * s2 - s1 * c2 * cos);
    across.atan2(s1 * s2 + c1 * c2 * cos).to_degrees() * 3600.0
}

/// Fails for a position that is not on the sky.
pub(super) fn check_position(ra: f64, dec: f64) -> Result<()> {
    if !(-180.0..=360.0).contains(&ra) {
        return Err(Error::parameter("right ascension", ra, "between -180 and 360 degrees"));
    }
    if !(-90.0..=90.0).contains(&dec) {
        return Err(Error::parameter("declination", dec, "between -90 and 90 degrees"));
    }
    Ok(())
}

/// Fails for a radius that is not one.
pub(super) fn check_radius(arcsec: f64) -> Result<()> {
    match (0.0..=648_000.0).contains(&arcsec) {
        true => Ok(()),
        false => Err(Error::parameter("radius", arcsec, "between 0 and 648000 arcseconds")),
    }
}

#[cfg(test)]
mod tests;
