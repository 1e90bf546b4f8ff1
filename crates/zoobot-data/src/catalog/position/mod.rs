//! Sky positions from the columns of a catalogue, under all usual names and in all usual forms.

mod angle;
mod names;

#[doc(hidden)]
pub use names::is_position;
#[cfg(test)]
mod tests;

use super::{Catalog, Label};
use angle::{Angle, Read, Unit};
use polars::prelude::{Column, DataFrame, DataType};
use zoobot_base::error::{Error, Result};
use zoobot_show::notes::{self, examples};

/// The sky positions of a catalogue's galaxies.
///
/// Columns are found by their names in any case: `ra` and `dec`, with an epoch, frame, unit or number
/// (`RAJ2000`, `DEJ2000`, `_RAJ2000`, `RA_ICRS`, `DE_ICRS`, `ra_deg`, `RA_1`), `right_ascension` and
/// `declination`, `ALPHA_J2000` and `DELTA_J2000`, and such names with a common prefix or suffix
/// (`target_ra`, `ra_gaia`) if both columns have it. If there are several pairs, the pair with the plainest
/// names is used, and a note says so.
///
/// Values may be in degrees, as numbers or as text; in hours, if the column's name says so (`RA_HOURS`) or
/// they have an `h`; or sexagesimal, where right ascension is in hours unless its column says degrees or it
/// has a `d` or `°`: `12:34:56.7`, `12 34 56.7`, `12h34m56.7s`, `-00 30 00`. Right ascension is between -180
/// and 360 degrees, declination between -90 and 90.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Positions {
    /// Right ascension and declination in degrees.
    values: Vec<Option<[f64; 2]>>,
    /// Rows with a value out of range, and the problem.
    outside: Vec<(usize, String)>,
    ra: Label,
}

impl Positions {
    /// The positions of a catalogue, or `None` if it has no such columns. Values that cannot be read are
    /// reported in a note and count as missing.
    pub fn of(catalog: &Catalog) -> Result<Option<Self>> {
        let table = catalog.table();
        let Some(found) = names::pair(table) else {
            if let Some(names) = names::unclear(table) {
                notes::note(format!(
                    "{} may hold positions, but not as columns of right ascension and declination, \
                     such as ra and dec: no position is known",
                    examples(&names)
                ));
            }
            return Ok(None);
        };
        if let Some([ra, dec]) = found.others.first() {
            notes::note(format!(
                "positions are taken from {:?} and {:?}; {ra:?} and {dec:?} are not used",
                found.ra.0, found.dec.0
            ));
        }
        let ra = Label::of(catalog, &found.ra.0)?;
        let dec = Label::of(catalog, &found.dec.0)?;
        let mut positions = Self { values: Vec::new(), outside: Vec::new(), ra: ra.clone() };
        let both = [(&ra, Angle::Ra, found.ra.1), (&dec, Angle::Dec, found.dec.1)];
        let mut sides = Vec::with_capacity(2);
        for (label, angle, unit) in both {
            let read = read_column(label.column(), angle, unit)?;
            let unread: Vec<usize> = (0..read.len())
                .filter(|&row| matches!(read[row], Read::NotUnderstood(_)))
                .collect();
            if let Some(Read::NotUnderstood(text)) = unread.first().map(|&row| &read[row]) {
                let names: Vec<String> = unread.iter().map(|&row| label.id(row)).collect();
                notes::note(format!(
                    "{:?} of {} of {} galaxies is not {}, such as {text:?}: {}. These galaxies are \
                     treated as having no position",
                    label.name(),
                    unread.len(),
                    read.len(),
                    angle.about(),
                    examples(&names)
                ));
            }
            for (row, read) in read.iter().enumerate() {
                if let Read::Outside(text) = read {
                    let what = format!("{:?} of {:?} is {text}", label.name(), label.id(row));
                    positions.outside.push((row, format!("{what}, not {}", angle.range())));
                }
            }
            sides.push(read);
        }
        let degrees = |read: &Read| match read {
            Read::Degrees(degrees) => Some(*degrees),
            _ => None,
        };
        let both = sides[0].iter().zip(&sides[1]);
        positions.values = both.map(|(ra, dec)| Some([degrees(ra)?, degrees(dec)?])).collect();
        Ok(Some(positions))
    }

    /// The right ascension and declination of each row, in degrees.
    pub fn values(&self) -> &[Option<[f64; 2]>] {
        &self.values
    }

    /// Fails if any of the wanted rows has a value out of range.
    ///
    /// # Errors
    /// [`Error::Catalog`](zoobot_base::Error::Catalog) with the first galaxy, the column and the value.
    pub fn check(&self, wanted: impl Fn(usize) -> bool) -> Result<()> {
        let mut outside = self.outside.iter().filter(|(row, _)| wanted(*row));
        let Some((_, problem)) = outside.next() else { return Ok(()) };
        let more = match outside.count() {
            0 => String::new(),
            more => format!(", and {more} more values are out of range"),
        };
        let hint = "Correct the position, or leave the cell empty where it is unknown";
        Err(self.ra.wrong(format!("{problem}{more}"), hint))
    }
}

/// The positions of the rows of any table, and the columns they are from.
#[derive(Debug, Clone)]
pub(crate) struct TablePositions {
    /// Right ascension and declination in degrees.
    pub values: Vec<Option<[f64; 2]>>,
    /// One column of names such as J123456.7+012345, or two of coordinates.
    pub columns: Vec<String>,
}

/// The positions of a table's rows: from the given columns, or else from columns of usual names, or else from names such
/// as `SDSS J123456.78+012345.6`.
///
/// # Errors
/// [`Error::Unsuitable`] for a table without positions, and for a value that is not one.
pub(crate) fn table_positions(
    table: &DataFrame,
    given: Option<(&str, &str)>,
) -> Result<TablePositions> {
    let pair = match given {
        Some((ra, dec)) => {
            let unit = |name: &str, angle| names::unit(name, angle).unwrap_or(Unit::Unsaid);
            for name in [ra, dec] {
                super::check::column(table, name, "the table")?;
            }
            Some(((ra.to_owned(), unit(ra, Angle::Ra)), (dec.to_owned(), unit(dec, Angle::Dec))))
        }
        None => names::pair(table).map(|found| {
            if let Some([ra, dec]) = found.others.first() {
                notes::note(format!(
                    "positions are taken from {:?} and {:?}; {ra:?} and {dec:?} are not used",
                    found.ra.0, found.dec.0
                ));
            }
            (found.ra, found.dec)
        }),
    };
    let Some((ra, dec)) = pair else {
        return designations(table);
    };
    let read = |(name, unit): &(String, Unit), angle: Angle| -> Result<Vec<Option<f64>>> {
        let cells = read_column(table.column(name)?, angle, *unit)?;
        let value = |(row, read): (usize, Read)| match read {
            Read::Missing => Ok(None),
            Read::Degrees(degrees) => Ok(Some(degrees)),
            Read::Outside(text) => Err((row, text, angle.range())),
            Read::NotUnderstood(text) => Err((row, format!("{text:?}"), angle.about())),
        };
        let values = cells.into_iter().enumerate().map(value).collect::<Result<_, _>>();
        values.map_err(|(row, text, wanted)| {
            let problem = format!("{name:?} of row {} is {text}, not {wanted}", row + 1);
            Error::unsuitable(problem, "Correct it, or leave the cell empty where it is unknown")
        })
    };
    let (ras, decs) = (read(&ra, Angle::Ra)?, read(&dec, Angle::Dec)?);
    let values = ras.into_iter().zip(decs).map(|(ra, dec)| Some([ra?, dec?])).collect();
    Ok(TablePositions { values, columns: vec![ra.0, dec.0] })
}

/// Positions from names that contain them.
fn designations(table: &DataFrame) -> Result<TablePositions> {
    for column in table.columns() {
        let Ok(texts) = column.str() else { continue };
        let known = || texts.iter().flatten().filter(|it| !super::is_missing(it));
        let (all, read) =
            (known().count(), known().filter(|it| angle::of_designation(it).is_some()).count());
        // Some names in such a column may be of another form.
        if all == 0 || read * 20 < all * 19 {
            continue;
        }
        if read < all {
            let other = known().find(|it| angle::of_designation(it).is_none()).unwrap_or_default();
            notes::note(format!(
                "{} of {all} names in {:?} contain no position, such as {other:?}",
                all - read,
                column.name()
            ));
        }
        let values = texts.iter().map(|it| angle::of_designation(it?)).collect();
        notes::note(format!("positions are read from the names in {:?}", column.name()));
        return Ok(TablePositions { values, columns: vec![column.name().to_string()] });
    }
    let names: Vec<&str> = table.get_column_names().iter().map(|it| it.as_str()).collect();
    let problem = format!("no columns of positions are known among {}", names.join(", "));
    Err(Error::unsuitable(problem, "Name the columns of right ascension and declination"))
}

/// The position of one row in degrees, if it has one.
#[doc(hidden)]
pub fn position_of(table: &DataFrame, row: usize) -> Option<(f64, f64)> {
    let found = names::pair(table)?;
    let degrees = |(name, unit): &(String, Unit), angle: Angle| {
        let cell = table.column(name).ok()?.slice(i64::try_from(row).ok()?, 1);
        match read_column(&cell, angle, *unit).ok()?.pop()? {
            Read::Degrees(degrees) => Some(degrees),
            _ => None,
        }
    };
    Some((degrees(&found.ra, Angle::Ra)?, degrees(&found.dec, Angle::Dec)?))
}

/// Reads the angles in a column.
fn read_column(column: &Column, angle: Angle, unit: Unit) -> Result<Vec<Read>> {
    if column.dtype().is_primitive_numeric() || column.dtype().is_decimal() {
        let column = column.cast(&DataType::Float64)?;
        return Ok(column.f64()?.iter().map(|it| angle.of_number(it, unit)).collect());
    }
    let column = column.cast(&DataType::String)?;
    Ok(column.str()?.iter().map(|it| angle.of_text(it.unwrap_or_default(), unit)).collect())
}
