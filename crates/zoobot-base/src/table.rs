//! Tables for showing values; creating one cannot fail.

use polars::prelude::{Column, DataFrame};
use std::collections::HashSet;

/// A table of these columns, with `rows` rows each.
///
/// Names are made unique: a column with the name of an earlier column, such as a catalogue's column
/// beside a column of the library, becomes `NAME_2`. Columns of other lengths are a fault of the library;
/// the table then has one row, with the reason in the column `problem`.
#[doc(hidden)]
pub fn table_of(rows: usize, columns: Vec<Column>) -> DataFrame {
    let mut names = HashSet::new();
    let unique = |mut column: Column| {
        let name = column.name().to_string();
        let mut place = 2;
        while !names.insert(column.name().clone()) {
            column.rename(format!("{name}_{place}").into());
            place += 1;
        }
        column
    };
    let columns = columns.into_iter().map(unique).collect();
    DataFrame::new(rows, columns).unwrap_or_else(|error| {
        let reason = Column::new("problem".into(), [error.to_string()]);
        DataFrame::new(1, vec![reason]).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_columns_stay_unique_and_values_stay_as_they_are() {
        let column = |name: &str, value: i32| Column::new(name.into(), [value, value]);
        let columns = vec![column("a", 1), column("a", 2), column("b", 3), column("a", 4)];
        let table = table_of(2, columns);
        let names: Vec<String> = table.columns().iter().map(|it| it.name().to_string()).collect();
        assert_eq!(names, ["a", "a_2", "b", "a_3"]);
        assert_eq!(table.column("a_3").unwrap().i32().unwrap().get(1), Some(4));
    }

    #[test]
    fn columns_of_other_lengths_give_the_reason() {
        let table = table_of(2, vec![Column::new("a".into(), [1, 2, 3])]);
        assert_eq!((table.height(), table.width()), (1, 1));
        assert!(table.column("problem").is_ok());
    }
}
