//! Displays: a value makes a [`Bundle`], and [`display`] passes it to the kernel, or prints its plain form if
//! there is no kernel.

pub use zoobot_show::notebook::*;

/// Functions that the compiled code of a notebook cell calls. Only the kernel inserts these calls.
pub mod cell {
    use crate::catalog::{Catalog, Split};
    use crate::map::Map;
    use crate::space::Space;
    use polars::prelude::DataFrame;
    use std::any::Any;

    pub use zoobot_show::notebook::cell::*;

    /// Starts cell number `cell`.
    pub fn begin(cell: u64) {
        look_into(table_of);
        zoobot_show::notebook::cell::begin(cell);
    }

    fn table_of(value: &dyn Any) -> Option<&DataFrame> {
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
        fn a_catalogue_tells_its_table() {
            let table = df!("id_str" => ["a"], "file_loc" => ["a.jpg"], "ring" => [1]).unwrap();
            let catalog = Catalog::from_table(table.clone(), "").unwrap();
            assert_eq!(table_of(&catalog), Some(&table));
            assert_eq!(table_of(&vec![1.0]), None);
        }
    }
}
