//! Who is asked: a table of votes, or a table that people fill in.

use polars::prelude::{Column, DataFrame};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use zoobot_base::error::{Error, Result};
use zoobot_base::missing::is_missing;
use zoobot_data::catalog::{Catalog, ID, read_table, write_table};
use zoobot_data::schema::{Schema, Votes};

/// What answers questions about galaxies: real or simulated volunteers.
///
/// ```
/// use zoobot_core::active::Oracle;
/// use zoobot_core::prelude::*;
/// let rings = Schema::named("gz_rings")?;
/// let table = df!("id_str" => ["a", "b"], "ring_yes" => [9, 0], "ring_no" => [1, 12])?;
/// let mut known = Votes::from_table(&table, &rings)?;
/// let mut told = Vec::new();
/// known.ask(&rings, &["b".to_owned()], &mut |id, votes| {
///     told.push((id.to_owned(), votes.to_vec()));
///     Ok(())
/// })?;
/// assert_eq!(told, [("b".to_owned(), vec![0.0, 12.0])]);
/// # Ok::<(), Error>(())
/// ```
pub trait Oracle {
    /// Asks the questions of a schema about galaxies, and hands over each answer as it comes: the galaxy's name and
    /// the number of votes for each answer of the schema. Galaxies that are not answered yet are left out; a later
    /// call asks about them again.
    ///
    /// # Errors
    /// When answers cannot be read or are not votes, and the errors of `answer`.
    fn ask(
        &mut self,
        schema: &Schema,
        ids: &[String],
        answer: &mut dyn FnMut(&str, &[f64]) -> Result<()>,
    ) -> Result<()>;
}

/// Votes that are known already, real or simulated: each question is answered at once.
impl Oracle for Votes {
    fn ask(
        &mut self,
        schema: &Schema,
        ids: &[String],
        answer: &mut dyn FnMut(&str, &[f64]) -> Result<()>,
    ) -> Result<()> {
        let places = self.schema().places_of(schema)?;
        let rows: HashMap<&str, usize> =
            self.ids().iter().enumerate().map(|(row, id)| (id.as_str(), row)).collect();
        for id in ids {
            let Some(row) = rows.get(id.as_str()) else {
                let known = self.ids().iter().map(String::as_str);
                return Err(Error::missing("galaxy", id, "the table of votes", known));
            };
            let votes: Vec<f64> = places.iter().map(|at| self.counts()[[*row, *at]]).collect();
            answer(id, &votes)?;
        }
        Ok(())
    }
}

/// A table to fill in: galaxies that are asked about are added to a CSV file, with an empty cell for each answer.
/// Enter the number of volunteers who gave each answer, or 1 for your own, and repeat the call.
///
/// ```
/// use zoobot_core::active::{AskSheet, Oracle};
/// use zoobot_core::prelude::*;
/// let path = std::env::temp_dir().join(format!("doc-ask-{}.csv", std::process::id()));
/// let rings = Schema::named("gz_rings")?;
/// let mut sheet = AskSheet::new(&path);
/// let mut told = 0;
/// sheet.ask(&rings, &["G1".to_owned()], &mut |_, _| Ok(told += 1))?;
/// assert_eq!(told, 0);
/// std::fs::write(&path, "id_str,ring_yes,ring_no\nG1,1,0\n").expect("a file");
/// sheet.ask(&rings, &["G1".to_owned()], &mut |_, _| Ok(told += 1))?;
/// assert_eq!(told, 1);
/// # std::fs::remove_file(path).expect("it is there");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct AskSheet {
    path: PathBuf,
    pictures: HashMap<String, String>,
}

impl AskSheet {
    /// A table at this path, which is created when the first question is asked.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().to_path_buf(), pictures: HashMap::new() }
    }

    /// Adds the path of each galaxy's picture to the table.
    pub fn with_pictures(mut self, catalog: &Catalog) -> Self {
        let files = catalog.files().into_iter().map(|it| it.display().to_string());
        self.pictures = catalog.ids().iter().cloned().zip(files).collect();
        self
    }

    /// The path of the table.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The cells of the answers of each galaxy, as text.
    fn read(&self, schema: &Schema) -> Result<Vec<(String, Vec<String>)>> {
        let table = read_table(&self.path)?;
        let place = self.path.display().to_string();
        let names: Vec<String> = table.get_column_names().iter().map(|it| it.to_string()).collect();
        let cells = |name: &str| -> Result<Vec<String>> {
            let column = table.column(name).map_err(|_| {
                let known = names.iter().map(String::as_str);
                Error::missing("column", name, place.clone(), known)
            })?;
            let text = column.cast(&polars::prelude::DataType::String)?;
            Ok(text.str()?.iter().map(|it| it.unwrap_or_default().trim().to_owned()).collect())
        };
        let ids = cells(ID)?;
        let answers =
            schema.columns().iter().map(|it| cells(it)).collect::<Result<Vec<Vec<String>>>>()?;
        if let Some(odd) = names.iter().find(|name| {
            let is_ours = [ID, "file_loc"].contains(&name.as_str());
            !is_ours
                && schema.answer(name).is_err()
                && schema.questions().iter().any(|it| name.starts_with(it.name()))
        }) {
            // A column such as ring_maybe would be ignored silently.
            schema.answer(odd)?;
        }
        Ok(ids
            .into_iter()
            .enumerate()
            .map(|(row, id)| (id, answers.iter().map(|it| it[row].clone()).collect()))
            .collect())
    }

    fn write(&self, schema: &Schema, rows: &[(String, Vec<String>)]) -> Result<()> {
        let mut columns =
            vec![Column::new(ID.into(), rows.iter().map(|it| it.0.as_str()).collect::<Vec<_>>())];
        if !self.pictures.is_empty() {
            let file = |id: &String| self.pictures.get(id).map_or("", String::as_str);
            let files: Vec<&str> = rows.iter().map(|it| file(&it.0)).collect();
            columns.push(Column::new("file_loc".into(), files));
        }
        for (place, name) in schema.columns().iter().enumerate() {
            let cells: Vec<Option<&str>> = rows
                .iter()
                .map(|it| it.1.get(place).map(String::as_str).filter(|cell| !cell.is_empty()))
                .collect();
            columns.push(Column::new(name.as_str().into(), cells));
        }
        write_table(&DataFrame::new(rows.len(), columns)?, &self.path)
    }
}

impl Oracle for AskSheet {
    fn ask(
        &mut self,
        schema: &Schema,
        ids: &[String],
        answer: &mut dyn FnMut(&str, &[f64]) -> Result<()>,
    ) -> Result<()> {
        let mut rows = if self.path.exists() { self.read(schema)? } else { Vec::new() };
        let wanted: HashSet<&str> = ids.iter().map(String::as_str).collect();
        let columns = schema.columns();
        for (id, cells) in rows.iter().filter(|it| wanted.contains(it.0.as_str())) {
            if cells.iter().all(|cell| is_missing(cell)) {
                continue;
            }
            let mut votes = Vec::with_capacity(cells.len());
            for (cell, column) in cells.iter().zip(&columns) {
                let number = if is_missing(cell) { Some(0.0) } else { cell.parse::<f64>().ok() };
                match number.filter(|it| *it >= 0.0 && it.is_finite() && it.fract() == 0.0) {
                    Some(number) => votes.push(number),
                    None => {
                        let problem = format!("{column} is {cell:?} for {id:?}");
                        let hint =
                            "Enter a whole number of votes, or leave the cell empty".to_owned();
                        return Err(Error::Catalog { path: self.path.clone(), problem, hint });
                    }
                }
            }
            answer(id, &votes)?;
        }
        let known: HashSet<&str> = rows.iter().map(|it| it.0.as_str()).collect();
        let new: Vec<String> =
            ids.iter().filter(|id| !known.contains(id.as_str())).cloned().collect();
        if !new.is_empty() {
            rows.extend(new.into_iter().map(|id| (id, Vec::new())));
            self.write(schema, &rows)?;
        }
        Ok(())
    }
}
