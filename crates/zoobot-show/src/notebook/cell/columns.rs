//! The column names of a notebook's tables, which the kernel suggests inside texts.

use crate::notebook::Table;
use polars::prelude::DataFrame;
use std::any::Any;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// The maximum number of column names kept for suggestions.
const NAMES: usize = 2_000;

/// The tables that the running cell gave back or made: name, columns, whether it is new.
static NOTED: Mutex<Vec<(String, Vec<String>, bool)>> = Mutex::new(Vec::new());

/// Finds the table in a value of a type that other crates define, such as a catalogue.
pub type TableOf = fn(&dyn Any) -> Option<&DataFrame>;

static TABLE_OF: OnceLock<TableOf> = OnceLock::new();

/// Sets the function that finds the tables in values of other types.
pub fn look_into(table_of: TableOf) {
    TABLE_OF.get_or_init(|| table_of);
}

/// Records the columns of a variable, if it is or contains a table.
pub(super) fn note(name: &str, value: &dyn Any, new: bool) {
    if let Some(columns) = columns_of(value) {
        noted().push((name.to_owned(), columns, new));
    }
}

/// The columns of the tables that the cell gave back and, if it succeeded, of those it made.
pub(super) fn take(succeeded: bool) -> HashMap<String, Vec<String>> {
    let mut noted = std::mem::take(&mut *noted());
    // A new variable replaces an old one with its name, in whichever order they were recorded.
    noted.sort_by_key(|(_, _, new)| *new);
    let kept = noted.into_iter().filter(|(_, _, new)| succeeded || !new);
    kept.map(|(name, columns, _)| (name, columns)).collect()
}

fn noted() -> MutexGuard<'static, Vec<(String, Vec<String>, bool)>> {
    NOTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The columns of a value that is or contains a table.
fn columns_of(value: &dyn Any) -> Option<Vec<String>> {
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
    TABLE_OF.get().and_then(|table_of| table_of(value))
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
        assert_eq!(columns_of(&Table::new(table)), wanted);
        assert_eq!(columns_of(&vec![1.0]), None);
    }

    #[test]
    fn the_columns_of_a_cells_tables_are_told_once_and_new_ones_only_when_it_ends_well() {
        let table = df!("ra" => [1.0], "dec" => [2.0]).unwrap();
        let cell = |succeeded: bool| {
            note("old", &table, false);
            note("new", &table, true);
            note("number", &1, true);
            let mut names: Vec<String> = take(succeeded).into_keys().collect();
            names.sort();
            names
        };
        assert_eq!(cell(true), ["new", "old"]);
        assert_eq!(cell(false), ["old"]);
        note("table", &df!("after" => [1]).unwrap(), true);
        note("table", &table, false);
        assert_eq!(take(true)["table"], ["after"]);
        assert!(take(true).is_empty());
    }
}
