//! Common queries on tables: the highest rows, and the galaxies they contain.
//!
//! Anything that names galaxies, such as a list of names or a table, selects them: [`GalaxyNames`].

use super::check::column;
use super::{Catalog, ID};
use crate::schema::Votes;
use polars::prelude::{DataFrame, IntoLazy, SortMultipleOptions, col};
use std::collections::HashMap;
use zoobot_base::error::{Error, Result};

/// The name of a table in errors when it does not belong to a catalogue.
const PLACE: &str = "the table";

/// Methods for tables of galaxies.
///
/// ```
/// use zoobot_core::prelude::*;
/// let found = df!("id_str" => ["a", "b", "c"], "chance" => [0.2, 0.5, 0.9])?;
/// assert_eq!(found.top("chance", 2)?.ids()?, ["c", "b"]);
/// # Ok::<(), Error>(())
/// ```
pub trait Rows {
    /// The `n` rows with the highest values of a column, the highest first. Rows without a value are left
    /// out; equal values keep their order.
    ///
    /// ```
    /// use zoobot_core::prelude::*;
    /// let found = df!("id_str" => ["a", "b", "c"], "chance" => [Some(0.2), None, Some(0.9)])?;
    /// assert_eq!(found.top("chance", 2)?.ids()?, ["c", "a"]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Missing`](zoobot_base::Error::Missing) for a column that does not exist, with a similar name.
    fn top(&self, column: &str, n: usize) -> Result<DataFrame>;

    /// The galaxy names in the table's column `id_str`, row by row.
    ///
    /// # Errors
    /// [`Error::Missing`](zoobot_base::Error::Missing) for a table without that column;
    /// [`Error::Polars`](zoobot_base::Error::Polars) when it does not hold text.
    fn ids(&self) -> Result<Vec<String>>;
}

impl Rows for DataFrame {
    fn top(&self, by: &str, n: usize) -> Result<DataFrame> {
        column(self, by, PLACE)?;
        let order = SortMultipleOptions::default()
            .with_order_descending(true)
            .with_nulls_last(true)
            .with_maintain_order(true);
        let valued = col(by).is_not_null();
        let rows = u32::try_from(n).unwrap_or(u32::MAX);
        Ok(self.clone().lazy().filter(valued).sort([by], order).limit(rows).collect()?)
    }

    fn ids(&self) -> Result<Vec<String>> {
        Ok(self.galaxy_names()?.into_iter().map(str::to_owned).collect())
    }
}

/// Anything that names galaxies: a list of names, a table with the column `id_str`, a catalogue, or the
/// result of a search.
///
/// ```
/// use zoobot_core::prelude::*;
/// let galaxies = Catalog::sample()?;
/// let found = df!("id_str" => ["SIM000011", "SIM000005"])?;
/// assert_eq!(galaxies.select(&found)?.ids(), galaxies.select(&["SIM000011", "SIM000005"])?.ids());
/// # Ok::<(), Error>(())
/// ```
pub trait GalaxyNames {
    /// The names, in order.
    ///
    /// # Errors
    /// As [`Rows::ids`] for a table; none for other types.
    fn galaxy_names(&self) -> Result<Vec<&str>>;
}

impl<S: AsRef<str>> GalaxyNames for [S] {
    fn galaxy_names(&self) -> Result<Vec<&str>> {
        Ok(self.iter().map(AsRef::as_ref).collect())
    }
}

impl<S: AsRef<str>, const N: usize> GalaxyNames for [S; N] {
    fn galaxy_names(&self) -> Result<Vec<&str>> {
        self.as_slice().galaxy_names()
    }
}

impl<S: AsRef<str>> GalaxyNames for Vec<S> {
    fn galaxy_names(&self) -> Result<Vec<&str>> {
        self.as_slice().galaxy_names()
    }
}

impl<T: GalaxyNames + ?Sized> GalaxyNames for &T {
    fn galaxy_names(&self) -> Result<Vec<&str>> {
        (**self).galaxy_names()
    }
}

impl GalaxyNames for DataFrame {
    fn galaxy_names(&self) -> Result<Vec<&str>> {
        let ids = column(self, ID, PLACE)?.str()?;
        Ok(ids.iter().map(Option::unwrap_or_default).collect())
    }
}

/// Implements `GalaxyNames` for types with a method `ids()` that returns a list.
#[doc(hidden)]
#[macro_export]
macro_rules! named_by_ids {
    ($($named:ty),*) => {$(
        impl $crate::catalog::GalaxyNames for $named {
            fn galaxy_names(&self) -> zoobot_base::error::Result<Vec<&str>> {
                $crate::catalog::GalaxyNames::galaxy_names(self.ids())
            }
        }
    )*};
}

named_by_ids!(Catalog, Votes);

/// The positions of galaxies in a list of names; errors call the list `place`.
#[doc(hidden)]
pub fn places(
    known: &[String],
    galaxies: &(impl GalaxyNames + ?Sized),
    place: impl Fn() -> String,
) -> Result<Vec<usize>> {
    let places: HashMap<&str, usize> =
        known.iter().enumerate().map(|(place, id)| (id.as_str(), place)).collect();
    let missing =
        |id: &str| Error::missing("galaxy", id, place(), known.iter().map(String::as_str));
    let names = galaxies.galaxy_names()?;
    let found = names.iter().map(|id| places.get(id).copied().ok_or_else(|| missing(id)));
    found.collect()
}

impl Catalog {
    /// The `n` galaxies with the highest values of a column, the highest first: [`Rows::top`].
    ///
    /// ```
    /// use zoobot_core::prelude::*;
    /// let largest = Catalog::sample()?.top("radius", 6)?;
    /// assert_eq!(largest.len(), 6);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Rows::top`].
    pub fn top(&self, column: &str, n: usize) -> Result<Self> {
        Ok(self.with(self.table.top(column, n)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::df;

    fn table() -> DataFrame {
        df!(
            "id_str" => ["a", "b", "c", "d", "e"],
            "chance" => [Some(0.5), None, Some(0.9), Some(0.5), Some(0.1)],
            "name" => ["x", "z", "y", "w", "v"],
        )
        .unwrap()
    }

    #[test]
    fn the_highest_come_first_equal_ones_in_their_order_and_empty_ones_not_at_all() {
        let ids = |column: &str, n: usize| table().top(column, n).unwrap().ids().unwrap();
        assert_eq!(ids("chance", 3), ["c", "a", "d"]);
        assert_eq!(ids("chance", 99), ["c", "a", "d", "e"]);
        assert_eq!(ids("name", 2), ["b", "c"]);
        assert!(ids("chance", 0).is_empty());
    }

    #[test]
    fn a_catalogue_keeps_its_folder_and_its_other_columns() {
        let all = table()
            .hstack(&[df!("file_loc" => ["1", "2", "3", "4", "5"]).unwrap()["file_loc"].clone()]);
        let catalog = Catalog::from_table(all.unwrap(), "/pictures").unwrap();
        let top = catalog.top("chance", 2).unwrap();
        assert_eq!(top.ids(), ["c", "a"]);
        assert_eq!(top.files()[0], std::path::Path::new("/pictures/3"));
    }

    #[test]
    fn whatever_names_galaxies_selects_them_in_its_order() {
        let all = table()
            .hstack(&[df!("file_loc" => ["1", "2", "3", "4", "5"]).unwrap()["file_loc"].clone()]);
        let catalog = Catalog::from_table(all.unwrap(), "/pictures").unwrap();
        let top = catalog.table().top("chance", 2).unwrap();
        let owned: Vec<String> = vec!["c".into(), "a".into()];
        let by_list = [
            catalog.select(&["c", "a"]),
            catalog.select(&owned),
            catalog.select(&owned[..]),
            catalog.select(&owned.iter().collect::<Vec<_>>()),
            catalog.select(&top),
            catalog.select(&catalog.top("chance", 2).unwrap()),
        ];
        for selected in by_list {
            assert_eq!(selected.unwrap().ids(), ["c", "a"]);
        }
        let message = catalog.select(&top.drop("id_str").unwrap()).unwrap_err().to_string();
        assert!(message.contains("no column \"id_str\""), "{message}");
        let message = catalog.select(&["f"]).unwrap_err().to_string();
        assert!(message.contains("no galaxy \"f\""), "{message}");
    }

    #[test]
    fn a_column_that_is_not_there_is_told_with_a_near_one() {
        let message = table().top("chanse", 1).unwrap_err().to_string();
        assert!(message.contains("Did you mean \"chance\"?"), "{message}");
        let message = table().drop("id_str").unwrap().ids().unwrap_err().to_string();
        assert!(message.contains("no column \"id_str\""), "{message}");
    }
}
