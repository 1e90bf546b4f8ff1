//! Shows a polars table as HTML that scrolls, and as text for terminals. The text shows the types of the
//! columns; in HTML they are in the tooltips of the column names.

use super::cells::{self, Cell};
use super::markup::{self, Markup};
use super::text::{cut, escape, plural, thousands};
use super::{Bundle, Show, thumbnail};
use polars::prelude::{Column, DataFrame, IntoColumn, LazyFrame, Series};
use std::cmp::Reverse;
use std::path::PathBuf;

/// The number of rows shown before "… n more".
const ROWS: usize = 20;
/// The number of rows shown of a table that should be seen as a whole.
const WHOLE: usize = 60;
/// The number of columns shown at the left and at the right of a wide table.
const COLUMNS: (usize, usize) = (18, 2);
/// The maximum number of characters of a cell in a terminal.
const LONGEST: usize = 40;
/// The maximum number of characters of a column name in a terminal.
const LONGEST_NAME: usize = 26;
/// The side of a picture in a table, in pixels.
pub(super) const PICTURE: u32 = 64;
/// The column that holds pictures.
const FILES: &str = "file_loc";

/// A table that displays itself: 20 rows, aligned numbers, visible nulls, and pictures if it has a column
/// `file_loc` and knows the folder.
///
/// ```
/// use zoobot_core::prelude::*;
/// let counts = df!("class" => ["ring", "spiral"], "galaxies" => [75, 75])?;
/// let table = Table::new(counts).title("The sample").rows(10);
/// assert_eq!(table.data().height(), 2);
/// display(&table);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Table {
    data: DataFrame,
    title: String,
    pictures: Option<PathBuf>,
    rows: usize,
    types: bool,
    scrolls: bool,
}

impl Table {
    /// A table of `data`, without title and pictures.
    pub fn new(data: DataFrame) -> Self {
        Self { data, title: String::new(), pictures: None, rows: ROWS, types: true, scrolls: true }
    }

    /// Sets the title above the table (default none).
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Sets how many rows are shown before "… n more" (default 20).
    pub fn rows(mut self, rows: usize) -> Self {
        self.rows = rows;
        self
    }

    /// Shows the pictures named in the column `file_loc`; relative names start at this folder.
    pub fn pictures(mut self, folder: impl Into<PathBuf>) -> Self {
        self.pictures = Some(folder.into());
        self
    }

    /// Shows the whole table without scrolling, up to 60 rows: for tables that only make sense as a
    /// whole, such as the answers of a tree.
    #[doc(hidden)]
    pub fn whole(mut self) -> Self {
        self.rows = WHOLE;
        self.scrolls = false;
        self
    }

    /// Leaves out the types of the columns.
    pub(super) fn without_types(mut self) -> Self {
        self.types = false;
        self
    }

    /// The tooltip of a column's name: its full name and type.
    fn tip(&self, column: &Column) -> String {
        match self.types {
            true => format!("{} ({})", column.name(), cells::kind(column.dtype())),
            false => column.name().to_string(),
        }
    }

    /// The table itself.
    pub fn data(&self) -> &DataFrame {
        &self.data
    }

    /// Whether this column is shown as pictures.
    fn is_pictures(&self, column: &Column) -> bool {
        self.pictures.is_some() && column.name() == FILES && column.dtype().is_string()
    }

    /// The indices of the shown columns, pictures first; `None` marks left-out columns. If there are too
    /// many, columns that are mostly empty are left out first, then the middle ones.
    fn places(&self) -> Vec<Option<usize>> {
        let (left, right) = COLUMNS;
        let columns = self.data.columns();
        let (mut places, others): (Vec<_>, Vec<_>) =
            (0..columns.len()).partition(|place| self.is_pictures(&columns[*place]));
        places.extend(others);
        if places.len() <= left + right + 1 {
            return places.into_iter().map(Some).collect();
        }
        let empty = |place: usize| columns[place].null_count();
        let mostly_empty = |place: &usize| 2 * empty(*place) > self.data.height();
        let mut sparse: Vec<usize> = places.iter().copied().filter(mostly_empty).collect();
        sparse.sort_by_key(|place| Reverse((empty(*place), *place)));
        sparse.truncate(places.len() - left - right);
        places.retain(|place| !sparse.contains(place));
        let mut places: Vec<_> = places.into_iter().map(Some).collect();
        if places.len() > left + right {
            places.splice(left..places.len() - right, [None]);
        } else {
            places.push(None);
        }
        places
    }

    /// A text with the number of rows and columns.
    fn shape(&self) -> String {
        let columns = plural(self.data.width(), "column");
        format!("{} × {columns}", plural(self.data.height(), "row"))
    }

    fn more(&self) -> Option<String> {
        let more = self.data.height().saturating_sub(self.rows);
        (more > 0).then(|| format!("… {} more", thousands(more as u64)))
    }

    fn html(&self) -> String {
        let head = self.data.head(Some(self.rows));
        let places = self.places();
        let first = match self.more() {
            Some(_) => format!(", the first {} shown", thousands(self.rows as u64)),
            None => String::new(),
        };
        let mut table = Markup::new(&self.title, &(self.shape() + &first), self.scrolls);
        let columns: Vec<Option<Vec<String>>> = places
            .iter()
            .map(|place| {
                let column = head.columns().get((*place)?)?;
                Some(self.column(column))
            })
            .collect();
        let left_out: Vec<usize> =
            (0..self.data.width()).filter(|place| !places.contains(&Some(*place))).collect();
        for place in &places {
            match place.and_then(|place| self.data.columns().get(place)) {
                Some(column) => {
                    let right = column.dtype().is_primitive_numeric();
                    table.head(column.name(), "", right, &self.tip(column));
                }
                None => {
                    let names: Vec<&str> = left_out
                        .iter()
                        .take(WHOLE)
                        .map(|place| self.data.columns()[*place].name().as_str())
                        .collect();
                    let others = if names.len() < left_out.len() { ", …" } else { "" };
                    let more = plural(left_out.len(), "more column");
                    table.head("…", &more, false, &(names.join(", ") + others));
                }
            }
        }
        for row in 0..head.height() {
            table.row(columns.iter().map(|column| match column {
                Some(cells) => cells[row].as_str(),
                None => markup::GAP,
            }));
        }
        if let Some(more) = self.more() {
            table.more(&more, places.len());
        }
        table.finish()
    }

    /// The cells of one column, as HTML.
    fn column(&self, column: &Column) -> Vec<String> {
        if self.is_pictures(column)
            && let (Some(folder), Ok(names)) = (&self.pictures, column.str())
        {
            let files: Vec<_> = names.iter().map(|name| Some(folder.join(name?))).collect();
            let pictures = thumbnail::load_all(&files, PICTURE, &thumbnail::Look::default());
            let picture = |(name, picture): (
                Option<&str>,
                Option<zoobot_base::Result<thumbnail::Thumbnail>>,
            )| {
                match (name, picture) {
                    (Some(name), Some(picture)) => markup::picture(name, picture),
                    _ => markup::cell(&Cell::null(), false),
                }
            };
            return names.iter().zip(pictures).map(picture).collect();
        }
        // A null is aligned like the column's numbers.
        let right = column.dtype().is_primitive_numeric();
        cells::shown(column).iter().map(|cell| markup::cell(cell, right)).collect()
    }

    fn plain(&self) -> String {
        /// Terminals are narrow: show as many columns as fit, at least one.
        const WIDTH: usize = 100;
        let head = self.data.head(Some(self.rows));
        let mut columns: Vec<Vec<String>> = Vec::new();
        let mut width = 0;
        for column in head.columns() {
            let text = plain_column(column, self.types);
            let needed = 2 + text.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
            if width + needed > WIDTH && !columns.is_empty() {
                break;
            }
            width += needed;
            columns.push(text);
        }
        let mut lines = Vec::new();
        if !self.title.is_empty() {
            lines.push(self.title.clone());
        }
        for row in 0..head.height() + 1 + usize::from(self.types) {
            let line: Vec<&str> = columns.iter().map(|column| column[row].as_str()).collect();
            lines.push(line.join("  ").trim_end().to_owned());
        }
        lines.extend(self.more());
        let hidden = head.width() - columns.len();
        let hidden = if hidden > 0 { format!(", {hidden} not shown") } else { String::new() };
        lines.push(format!("({}{hidden})", self.shape()));
        lines.join("\n")
    }
}

/// The name, type and cells of a column, padded to a common width.
fn plain_column(column: &Column, types: bool) -> Vec<String> {
    let numeric = column.dtype().is_primitive_numeric();
    let mut texts = vec![cut(column.name(), LONGEST_NAME)];
    texts.extend(types.then(|| cells::kind(column.dtype())));
    texts.extend(cells::shown(column).iter().map(|cell| cut(&cell.text, LONGEST)));
    let width = texts.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    let pad = |text: &String| {
        if numeric { format!("{text:>width$}") } else { format!("{text:<width$}") }
    };
    texts.iter().map(pad).collect()
}

impl Show for Table {
    fn show(&self) -> Bundle {
        Bundle::plain(self.plain()).with("text/html", self.html())
    }
}

impl Show for DataFrame {
    fn show(&self) -> Bundle {
        Table::new(self.clone()).show()
    }
}

impl Show for Series {
    fn show(&self) -> Bundle {
        self.clone().into_column().show()
    }
}

impl Show for Column {
    fn show(&self) -> Bundle {
        self.as_materialized_series().clone().into_frame().show()
    }
}

/// A lazy table shows its columns and its query plan; nothing is computed.
impl Show for LazyFrame {
    fn show(&self) -> Bundle {
        let columns = match self.clone().collect_schema() {
            Ok(schema) => schema
                .iter()
                .map(|(name, kind)| format!("{name} ({})", cells::kind(kind)))
                .collect::<Vec<_>>()
                .join(", "),
            Err(error) => format!("columns not known: {error}"),
        };
        let plan = self.describe_plan().unwrap_or_else(|error| error.to_string());
        let note = "A lazy table: .collect()? computes it.";
        let html =
            format!("<div><b>{note}</b><br>{}</div><pre>{}</pre>", escape(&columns), escape(&plan));
        Bundle::plain(format!("{note}\n{columns}\n{plan}")).with("text/html", html)
    }
}

#[cfg(test)]
mod tests;
