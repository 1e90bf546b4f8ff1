//! Reads the labels to predict from a column of the catalogue.

use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::{Catalog, Target, labelled};

/// The rows that have a label, and their labels. Other rows are left out with a note.
pub fn read(catalog: &Catalog, name: &str, numbers: Option<bool>) -> Result<(Vec<usize>, Target)> {
    let (rows, catalog) = labelled(catalog, &[name.to_owned()])?;
    let target = match numbers {
        None => Target::either(&catalog, name)?,
        Some(true) => Target::numbers(&catalog, name)?,
        Some(false) => Target::classes(&catalog, name, None)?,
    };
    let varies = match &target {
        Target::Classes { names, .. } if names.len() > rows.len() / 2 && rows.len() > 1 => {
            let problem =
                format!("{name:?} has {} classes for {} galaxies", names.len(), rows.len());
            let hint = "Choose a label with several galaxies in each class, or a label of numbers";
            return Err(Error::unsuitable(problem, hint));
        }
        Target::Classes { names, .. } => names.len() > 1,
        Target::Numbers(values) => values.iter().any(|value| *value != values[0]),
    };
    if !varies {
        let problem = format!("{name:?} has one value for all {} galaxies", rows.len());
        return Err(Error::unsuitable(problem, "Choose a label with at least two values"));
    }
    Ok((rows, target))
}
