//! The sets of galaxies of the few-shot evaluation.

use crate::catalog::{Catalog, Label};
use crate::error::{Error, Result};
use crate::survey::{DataSet, Kind, Simulation, keep_out};
use polars::prelude::Column;
use std::path::Path;

/// The column with the classes.
const KIND: &str = "kshot_kind";
/// One galaxy in this number was kept out of the training of the encoder that ships.
const KEPT_OUT: u64 = 5;

/// Galaxies with classes, from which examples and queries are drawn.
#[derive(Debug, Clone)]
pub struct FewSet {
    /// The name.
    pub name: String,
    /// The column with the classes.
    pub label: String,
    /// The galaxies to draw examples from.
    pub examples: Catalog,
    /// The galaxies to draw queries from.
    pub queries: Catalog,
}

impl FewSet {
    /// Galaxies of one catalogue with the classes in a column.
    pub fn of(name: impl Into<String>, label: impl Into<String>, galaxies: &Catalog) -> Self {
        let (examples, queries) = (galaxies.clone(), galaxies.clone());
        Self { name: name.into(), label: label.into(), examples, queries }
    }

    /// EFIGI (Baillard et al. 2011) in five classes of the Hubble type T of RC3 (de Vaucouleurs et al. 1991):
    /// elliptical (-6 to -4), lenticular (-3 to -1), early spiral (S0/a to Sb, 0 to 3), late spiral (Sbc to
    /// Sdm, 4 to 8) and irregular (Sm and Im, 9 and 10). Dwarf ellipticals (11) are left out. All galaxies are
    /// among the fifth whose attributes the encoder that ships has not seen.
    ///
    /// # Errors
    /// As for [`DataSet::read`].
    pub fn efigi(table: impl AsRef<Path>) -> Result<Self> {
        let galaxies = DataSet::named("efigi")?.read(table)?;
        let types = Label::of(&galaxies, "T")?.numbers()?;
        let kind = |value: &Option<f64>| match value {
            Some(t) if *t <= -4.0 => Some("elliptical"),
            Some(t) if *t <= -1.0 => Some("lenticular"),
            Some(t) if *t <= 3.0 => Some("early spiral"),
            Some(t) if *t <= 8.0 => Some("late spiral"),
            Some(t) if *t <= 10.0 => Some("irregular"),
            _ => None,
        };
        let kinds: Vec<Option<&str>> = types.iter().map(kind).collect();
        let (_, kept) = keep_out(&labelled(&galaxies, kinds)?, KEPT_OUT)?;
        Ok(Self::of("EFIGI", KIND, &kept))
    }

    /// Galaxy Zoo 1 (Lintott et al. 2008) in four classes: smooth (elliptical), edge-on, spiral and merger.
    /// Queries are from the fifth of the galaxies whose classes the encoder that ships has not seen; examples
    /// from the others, since few mergers are among that fifth. `most` galaxies of each class take part.
    ///
    /// # Errors
    /// As for [`DataSet::read`].
    pub fn gz1(table: impl AsRef<Path>, most: usize) -> Result<Self> {
        let galaxies = DataSet::named("gz1")?.read(table)?;
        let classes = galaxies.labels("gz1_name")?;
        let kind = |class: &String| match class.as_str() {
            "elliptical" => Some("smooth"),
            "spiral_edge_on" => Some("edge-on"),
            "spiral_clockwise" | "spiral_anticlockwise" => Some("spiral"),
            "merger" => Some("merger"),
            _ => None,
        };
        let kinds: Vec<Option<&str>> = classes.iter().map(kind).collect();
        let (learnt, kept) = keep_out(&labelled(&galaxies, kinds)?, KEPT_OUT)?;
        let (examples, queries) = (at_most(&learnt, most)?, at_most(&kept, most)?);
        Ok(Self { name: "gz1".to_owned(), label: KIND.to_owned(), examples, queries })
    }

    /// Simulated galaxies of all kinds, written into a folder or read from it.
    ///
    /// # Errors
    /// As for [`Simulation::write`].
    pub fn simulated(galaxies: usize, folder: impl AsRef<Path>, seed: u64) -> Result<Self> {
        let folder = folder.as_ref();
        let path = folder.join("catalog.csv");
        let made = path.is_file().then(|| Catalog::read(&path)).transpose()?;
        let galaxies = match made.filter(|it| it.len() == galaxies) {
            Some(catalog) => catalog,
            None => Simulation::new(galaxies).seed(seed).kinds(Kind::ALL).write(folder)?,
        };
        Ok(Self::of("simulated", "class", &galaxies))
    }
}

/// The galaxies with a kind, which becomes a column.
fn labelled(galaxies: &Catalog, kinds: Vec<Option<&str>>) -> Result<Catalog> {
    let rows: Vec<usize> = (0..kinds.len()).filter(|&row| kinds[row].is_some()).collect();
    let kinds: Vec<&str> = kinds.into_iter().flatten().collect();
    if rows.is_empty() {
        return Err(Error::empty("no galaxy has a class", "Give the table of the data set"));
    }
    let some = galaxies.at(&rows)?;
    let mut table = some.table().clone();
    table.with_column(Column::new(KIND.into(), kinds))?;
    Catalog::from_table(table, some.folder())
}

/// The first galaxies of each class.
fn at_most(galaxies: &Catalog, most: usize) -> Result<Catalog> {
    let kinds = galaxies.labels(KIND)?;
    let mut counts = std::collections::HashMap::new();
    let mut wanted = |kind: &String| {
        let count = counts.entry(kind.clone()).or_insert(0);
        *count += 1;
        *count <= most
    };
    let rows: Vec<usize> = (0..kinds.len()).filter(|&row| wanted(&kinds[row])).collect();
    galaxies.at(&rows)
}
