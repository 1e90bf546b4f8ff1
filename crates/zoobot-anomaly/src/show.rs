//! How a search looks in a notebook.

use super::search::AnomalySearch;
use polars::prelude::{Column, DataFrame};
use zoobot_base::table::table_of;
use zoobot_data::catalog;
use zoobot_show::notebook::{Bundle, Show, Table};

impl AnomalySearch {
    /// The ratings in effect, in the order in which the galaxies were first rated or skipped: a table
    /// with the columns `id_str`, `rating`, `liked` (whether it was an example to begin with), and `note`
    /// if there are [notes](Self::note).
    pub fn table(&self) -> DataFrame {
        let ratings = self.ratings();
        let ids: Vec<&str> = ratings.iter().map(|it| self.space().ids()[it.row].as_str()).collect();
        let values: Vec<u32> = ratings.iter().map(|it| u32::from(it.value)).collect();
        let liked: Vec<bool> = ratings.iter().map(|it| it.liked).collect();
        let mut columns = vec![
            Column::new(catalog::ID.into(), ids),
            Column::new("rating".into(), values),
            Column::new("liked".into(), liked),
        ];
        let noted = self.noted();
        if !noted.is_empty() {
            let texts: Vec<Option<&str>> =
                ratings.iter().map(|it| noted.get(&it.row).map(String::as_str)).collect();
            columns.push(Column::new("note".into(), texts));
        }
        table_of(ratings.len(), columns)
    }
}

impl Show for AnomalySearch {
    fn show(&self) -> Bundle {
        let table = self.table();
        let by =
            if self.name().is_empty() { String::new() } else { format!(" by {}", self.name()) };
        let title = format!("{} of {} galaxies rated{by}", table.height(), self.space().len());
        Table::new(table).title(title).show()
    }
}
