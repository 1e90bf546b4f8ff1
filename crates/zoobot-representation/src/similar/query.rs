//! What to search for: galaxies of the table, a picture, or a vector.

use crate::encoder::Encoder;
use crate::space::Space;
use polars::prelude::df;
use std::path::{Path, PathBuf};
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::{Catalog, FILE, ID};
use zoobot_show::notebook::text::plural;

/// Examples to search by. Text is an `id_str`, a path is a picture, and numbers are a representation.
///
/// ```
/// use zoobot_core::similar::Query;
/// assert_eq!(Query::from("J0001"), Query::Galaxy("J0001".into()));
/// assert_eq!(Query::from(vec![0.1, 0.2]), Query::Vector(vec![0.1, 0.2]));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Query {
    /// A galaxy of the table.
    Galaxy(String),
    /// A picture file, which is encoded with the encoder of the table.
    Picture(PathBuf),
    /// A representation with one number for each feature of the table.
    Vector(Vec<f32>),
    /// Several examples: the mean of their representations.
    Several(Vec<Query>),
}

impl Query {
    /// The name of the query in tables and errors.
    pub fn name(&self) -> String {
        match self {
            Self::Galaxy(id) => id.clone(),
            Self::Picture(path) => path.display().to_string(),
            Self::Vector(values) => format!("a vector of {} numbers", values.len()),
            Self::Several(all) if all.len() <= 3 => {
                all.iter().map(Self::name).collect::<Vec<_>>().join(", ")
            }
            Self::Several(all) => format!("{} and {} more", all[0].name(), all.len() - 1),
        }
    }

    /// The galaxies of the table among the examples.
    pub(super) fn galaxies(&self) -> Vec<&str> {
        match self {
            Self::Galaxy(id) => vec![id],
            Self::Several(all) => all.iter().flat_map(Self::galaxies).collect(),
            _ => Vec::new(),
        }
    }

    /// The representation to search for, in the space.
    pub(super) fn vector(&self, space: &Space, encoder: Option<&Encoder>) -> Result<Vec<f64>> {
        match self {
            Self::Galaxy(id) => {
                let row = space.row(id)?;
                Ok(space.features().row(row).iter().map(|&value| f64::from(value)).collect())
            }
            Self::Picture(path) => picture(path, space, encoder),
            Self::Vector(values) => {
                if values.len() != space.width() {
                    let problem = format!(
                        "the query has {}, but this representation has {}",
                        plural(values.len(), "number"),
                        plural(space.width(), "feature")
                    );
                    return Err(Error::shape(problem, "Give one number for each feature"));
                }
                match values.iter().find(|value| !value.is_finite()) {
                    Some(value) => {
                        let problem = format!("the query contains {value}");
                        let hint = "Every number of a query must be finite";
                        Err(Error::unsuitable(problem, hint))
                    }
                    None => Ok(values.iter().map(|&value| f64::from(value)).collect()),
                }
            }
            Self::Several(all) => {
                if all.is_empty() {
                    return Err(Error::empty("the query is empty", "Give at least one example"));
                }
                let mut mean = vec![0.0; space.width()];
                for one in all {
                    let vector = one.vector(space, encoder)?;
                    mean.iter_mut().zip(vector).for_each(|(mean, value)| *mean += value);
                }
                mean.iter_mut().for_each(|mean| *mean /= all.len() as f64);
                Ok(mean)
            }
        }
    }
}

/// The representation of a picture: encoded, then compressed and scaled like the space.
fn picture(path: &Path, space: &Space, encoder: Option<&Encoder>) -> Result<Vec<f64>> {
    let loaded;
    let encoder = match (encoder, space.origin()) {
        (Some(encoder), _) => encoder,
        (None, Some(origin)) => {
            loaded = Encoder::load(&origin.encoder)?.with_recipe(origin.recipe.clone())?;
            &loaded
        }
        (None, None) => {
            return Err(Error::Missing {
                kind: "encoder",
                name: "encoder".to_owned(),
                place: "this representation, and a picture needs one".to_owned(),
                hint: advice(
                    "Name it: space.search().encoder(&encoder)",
                    "Name it: --encoder ENCODER",
                ),
            });
        }
    };
    encoder.check(space)?;
    let one = df!(ID => ["picture"], FILE => [path.to_string_lossy()])?;
    let encoded = encoder.encode(&Catalog::from_table(one, "")?)?;
    let features = space.place(encoded.features())?;
    Ok(features.iter().map(|&value| f64::from(value)).collect())
}

impl From<&str> for Query {
    fn from(id: &str) -> Self {
        Self::Galaxy(id.to_owned())
    }
}

impl From<&String> for Query {
    fn from(id: &String) -> Self {
        Self::Galaxy(id.clone())
    }
}

impl From<String> for Query {
    fn from(id: String) -> Self {
        Self::Galaxy(id)
    }
}

impl From<&Path> for Query {
    fn from(path: &Path) -> Self {
        Self::Picture(path.to_path_buf())
    }
}

impl From<PathBuf> for Query {
    fn from(path: PathBuf) -> Self {
        Self::Picture(path)
    }
}

impl From<Vec<f32>> for Query {
    fn from(values: Vec<f32>) -> Self {
        Self::Vector(values)
    }
}

impl From<&[f32]> for Query {
    fn from(values: &[f32]) -> Self {
        Self::Vector(values.to_vec())
    }
}

impl From<&[String]> for Query {
    fn from(ids: &[String]) -> Self {
        Self::Several(ids.iter().map(Self::from).collect())
    }
}

impl<T: Into<Query>, const N: usize> From<[T; N]> for Query {
    fn from(all: [T; N]) -> Self {
        Self::Several(all.into_iter().map(Into::into).collect())
    }
}

impl From<Vec<String>> for Query {
    fn from(ids: Vec<String>) -> Self {
        Self::Several(ids.into_iter().map(Self::Galaxy).collect())
    }
}
