//! Splitting a catalogue, and stacking several catalogues.

use super::{Catalog, FILE};
use polars::prelude::*;
use rand::seq::SliceRandom;
use rand::{SeedableRng, rngs::StdRng};
use std::path::{Path, PathBuf};
use zoobot_base::error::{Error, Result};

/// A catalogue split into three parts: see [`Catalog::split`].
///
/// ```
/// use zoobot_core::prelude::*;
/// let parts = Catalog::sample()?.split([0.7, 0.1, 0.2], 42)?;
/// assert_eq!(parts.train.len() + parts.val.len() + parts.test.len(), 600);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Split {
    /// For training.
    pub train: Catalog,
    /// For validation: choosing epochs, penalties and settings.
    pub val: Catalog,
    /// For the final test.
    pub test: Catalog,
}

impl Catalog {
    /// Splits the galaxies at random into parts of these shares, each in the catalogue's order. A seed always
    /// gives the same split.
    ///
    /// ```
    /// use zoobot_core::prelude::*;
    /// let parts = Catalog::sample()?.split([0.7, 0.1, 0.2], 42)?;
    /// assert_eq!((parts.train.len(), parts.val.len(), parts.test.len()), (420, 60, 120));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Parameter`] when a share is negative or the shares do not add up to 1.
    pub fn split(&self, shares: [f64; 3], seed: u64) -> Result<Split> {
        let sum: f64 = shares.iter().sum();
        if shares.iter().any(|share| !(0.0..=1.0).contains(share)) || (sum - 1.0).abs() > 1e-9 {
            let range = "three numbers between 0 and 1 that add up to 1";
            return Err(Error::parameter("shares", format!("{shares:?}"), range));
        }
        let count = self.len();
        let mut rows: Vec<IdxSize> = (0..count as IdxSize).collect();
        rows.shuffle(&mut StdRng::seed_from_u64(seed));
        let first = (shares[0] * count as f64).round() as usize;
        let second = ((shares[0] + shares[1]) * count as f64).round() as usize;
        let part = |from: usize, to: usize| -> Result<Self> {
            let mut rows = rows[from..to].to_vec();
            rows.sort_unstable();
            Ok(self.with(self.table().take(&IdxCa::from_vec("rows".into(), rows))?))
        };
        Ok(Split {
            train: part(0, first.min(count))?,
            val: part(first.min(count), second.min(count))?,
            test: part(second.min(count), count)?,
        })
    }

    /// Stacks several catalogues, such as galaxies of several campaigns with the votes of each. The result
    /// has every column of any of them, empty where a catalogue lacks it.
    ///
    /// # Errors
    /// [`Error::Empty`] without a catalogue; [`Error::Catalog`] when two of them contain the same galaxy, or
    /// when the types of a column differ between two of them and neither can be converted to the other.
    pub fn stack(catalogs: &[Self]) -> Result<Self> {
        let Some(first) = catalogs.first() else {
            return Err(Error::empty("there are no catalogues to stack", "Give at least one"));
        };
        let mut all = first.with_whole_paths()?;
        for catalog in &catalogs[1..] {
            let mut next = catalog.with_whole_paths()?;
            fill(&mut next, &all)?;
            fill(&mut all, &next)?;
            all.vstack_mut(&next.select(all.get_column_names_owned())?)?;
        }
        let source = first.source().to_path_buf();
        Self::checked(all.into(), PathBuf::new(), source)
    }

    /// The table with absolute paths to the pictures.
    fn with_whole_paths(&self) -> Result<DataFrame> {
        let whole = |path: &Path| match path.as_os_str().is_empty() {
            true => Ok(String::new()),
            false => std::path::absolute(path)
                .map(|path| path.to_string_lossy().into_owned())
                .map_err(Error::io("find", path)),
        };
        let files: Vec<String> = self.files().iter().map(|it| whole(it)).collect::<Result<_>>()?;
        let mut table = self.table().clone();
        table.with_column(Column::new(FILE.into(), files))?;
        Ok(table)
    }
}

/// Adds to a table, empty, the columns that only `other` has, and converts columns whose type differs:
/// numbers to double precision, all else to text.
fn fill(table: &mut DataFrame, other: &DataFrame) -> Result<()> {
    let rows = table.height();
    for column in other.columns() {
        let name = column.name();
        match table.column(name) {
            Err(_) => {
                table.with_column(Column::full_null(name.clone(), rows, column.dtype()))?;
            }
            Ok(here) if here.dtype() != column.dtype() => {
                let both =
                    here.dtype().is_primitive_numeric() && column.dtype().is_primitive_numeric();
                let kind = if both { DataType::Float64 } else { DataType::String };
                let here = here.cast(&kind)?;
                table.with_column(here)?;
            }
            Ok(_) => {}
        }
    }
    Ok(())
}
