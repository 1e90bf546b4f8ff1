//! A table that describes the columns of a table: names, types, missing values.

use super::Table;
use super::cells;
use super::text::plural;
use polars::prelude::{Column, DataFrame, IdxSize};
use zoobot_base::table::table_of;

/// The number of example values per column.
const EXAMPLES: usize = 3;

/// One row for each column of `data`: its name, type, number of nulls and first distinct values.
pub fn schema_of(data: &DataFrame) -> Table {
    let columns = data.columns();
    let texts = |name: &str, of: &dyn Fn(&Column) -> String| {
        Column::new(name.into(), columns.iter().map(of).collect::<Vec<_>>())
    };
    let nulls: Vec<IdxSize> = columns.iter().map(|it| it.null_count() as IdxSize).collect();
    let table = table_of(
        columns.len(),
        vec![
            texts("column", &|it| it.name().to_string()),
            texts("type", &|it| cells::kind(it.dtype())),
            Column::new("nulls".into(), nulls),
            texts("examples", &examples),
        ],
    );
    let rows = plural(data.height(), "row");
    Table::new(table)
        .without_types()
        .rows(usize::MAX)
        .title(format!("Columns of a table of {rows}"))
}

fn examples(column: &Column) -> String {
    let mut found: Vec<String> = Vec::new();
    for cell in cells::shown(&column.head(Some(100)).drop_nulls()) {
        if !found.contains(&cell.text) {
            found.push(cell.text);
        }
        if found.len() == EXAMPLES {
            break;
        }
    }
    found.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::*;

    #[test]
    fn each_column_is_described_by_name_type_nulls_and_values() {
        let data = df!(
            "id_str" => ["a", "b", "a"],
            "size" => [Some(1.5), None, Some(2.25)],
        )
        .unwrap();
        let table = schema_of(&data);
        let text = |name, row| table.data().column(name).unwrap().str().unwrap().get(row).unwrap();
        assert_eq!(text("column", 0), "id_str");
        assert_eq!(text("type", 1), "f64");
        assert_eq!(text("examples", 0), "a, b");
        assert_eq!(text("examples", 1), "1.50, 2.25");
        assert_eq!(table.data().column("nulls").unwrap().u32().unwrap().get(1), Some(1));
    }
}
