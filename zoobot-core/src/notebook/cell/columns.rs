//! The names of the columns of a notebook's tables, which the kernel offers inside of texts.

use crate::catalog::{Catalog, Split};
use crate::map::Map;
use crate::notebook::Table;
use crate::space::Space;
use polars::prelude::DataFrame;
use std::any::Any;

/// More names than this are nobody's to choose from.
const NAMES: usize = 2_000;

/// The columns of a variable that is a table or has one.
pub(super) fn columns_of(value: &dyn Any) -> Option<Vec<String>> {
    let names = table_of(value)?.get_column_names();
    Some(names.iter().take(NAMES).map(|name| name.to_string()).collect())
}

fn table_of(value: &dyn Any) -> Option<&DataFrame> {
    if let Some(table) = value.downcast_ref::<DataFrame>() {
        return Some(table);
    }
    if let Some(table) = value.downcast_ref::<Table>() {
        return Some(table.data());
    }
    let catalog = if let Some(catalog) = value.downcast_ref::<Catalog>() {
        Some(catalog)
    } else if let Some(parts) = value.downcast_ref::<Split>() {
        Some(&parts.train)
    } else if let Some(space) = value.downcast_ref::<Space>() {
        space.catalog()
    } else if let Some(map) = value.downcast_ref::<Map>() {
        map.space().catalog()
    } else {
        None
    };
    catalog.map(Catalog::table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::df;

    #[test]
    fn tables_tell_their_columns_and_other_values_nothing() {
        let table = df!("id_str" => ["a"], "file_loc" => ["a.jpg"], "ring" => [1]).unwrap();
        let wanted = Some(vec!["id_str".to_owned(), "file_loc".to_owned(), "ring".to_owned()]);
        assert_eq!(columns_of(&table), wanted);
        let catalog = Catalog::from_table(table.clone(), "").unwrap();
        assert_eq!(columns_of(&catalog), wanted);
        assert_eq!(columns_of(&Table::new(table)), wanted);
        assert_eq!(columns_of(&vec![1.0]), None);
    }
}
