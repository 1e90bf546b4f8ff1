//! What is predicted: the labels of a column of the catalogue.

use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::{Catalog, Target, labelled};

/// The rows that have a label, and their labels; the others are left out, which is said.
pub fn read(catalog: &Catalog, name: &str, numbers: Option<bool>) -> Result<(Vec<usize>, Target)> {
    let (rows, catalog) = labelled(catalog, &[name.to_owned()])?;
    let target = match numbers {
        None => Target::either(&catalog, name)?,
        Some(true) => Target::numbers(&catalog, name)?,
        Some(false) => Target::classes(&catalog, name, None)?,
    };
    let varies = match &target {
        Target::Classes { names, .. } if names.len() > rows.len() / 2 && rows.len() > 1 => {
            let value =
                format!("{name:?} with {} classes for {} galaxies", names.len(), rows.len());
            let expected = "classes of several galaxies, or numbers";
            return Err(Error::invalid("the label", value, expected));
        }
        Target::Classes { names, .. } => names.len() > 1,
        Target::Numbers(values) => values.iter().any(|value| *value != values[0]),
    };
    if !varies {
        let value = format!("{name:?} with one value for all of {} galaxies", rows.len());
        return Err(Error::invalid("the label", value, "one with at least two values"));
    }
    Ok((rows, target))
}
