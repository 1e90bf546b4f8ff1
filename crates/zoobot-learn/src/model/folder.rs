//! Model folders: the head next to its encoder, in separate files that timm does not read.

use super::{Labels, Model};
use crate::train::{HeadConfig, Output};
use serde::{Deserialize, Serialize};
use std::path::Path;
use tch::{Device, Tensor, nn::VarStore};
use zoobot_base::error::{Error, Result};
use zoobot_base::files::write_whole_at;
use zoobot_representation::encoder::{Encoder, Weights, read_json, shipped};

const WEIGHTS: &str = "head.safetensors";
const HEAD: &str = "head.json";
const SCHEMA: &str = "schema.json";
const RECALIBRATION: &str = "recalibration.json";

/// The content of `head.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Description {
    #[serde(flatten)]
    config: HeadConfig,
    /// The names of classes or values; empty for votes, whose answers are in the schema.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    names: Vec<String>,
    /// The fingerprint of the encoder that the head was trained on.
    encoder: String,
    /// The questions that were learned from simulated votes alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    simulated: Vec<String>,
    /// The number of views of each picture.
    #[serde(default = "one")]
    views: usize,
}

fn one() -> usize {
    1
}

impl Description {
    pub(super) fn of(model: &Model) -> Self {
        Self {
            config: model.config.clone(),
            names: model.labels.names().to_vec(),
            encoder: model.encoder.fingerprint().to_owned(),
            simulated: model.simulated.clone(),
            views: model.views,
        }
    }
}

/// See [`Model::load`].
pub(super) fn read(folder: &Path) -> Result<Model> {
    // The encoder is read first: its errors explain folders that are not models.
    let encoder = Encoder::load(folder).map_err(as_model)?;
    let description: Description = expected(folder, HEAD)?;
    if description.encoder != encoder.fingerprint() {
        return Err(Error::Weights {
            path: folder.join(HEAD),
            problem: "the head was trained on other weights than the encoder in this folder has"
                .into(),
            hint: "Save the whole model again, or remove the files of the head".into(),
        });
    }
    let config = description.config;
    let labels = match config.output {
        Output::Concentrations | Output::Dirichlet => Labels::Votes(expected(folder, SCHEMA)?),
        Output::Scores => Labels::Classes(description.names),
        Output::Numbers | Output::Shares | Output::Chances => Labels::Values(description.names),
    };
    labels.check(&config)?;
    let mut store = VarStore::new(Device::Cpu);
    let head = config.build(&store.root(), encoder.width() as i64, 0)?;
    if !folder.join(WEIGHTS).exists() {
        return Err(missing(folder, WEIGHTS));
    }
    Weights::read(folder.join(WEIGHTS))?.load_into(&mut store)?;
    let recalibration = read_json(&folder.join(RECALIBRATION))?;
    let model = Model::new(encoder, &head, labels)?.with_recalibration(recalibration)?;
    model.with_simulated(description.simulated)?.with_views(description.views)
}

/// Rewords errors about a missing encoder for callers who asked for a model.
fn as_model(error: Error) -> Error {
    match error {
        Error::Missing { kind: "encoder", name, place, hint } => {
            let give = format!("Give the folder of a model with a head, or {:?}", shipped::NAME);
            let hint = if hint.starts_with("This is a file") { hint } else { give };
            Error::Missing { kind: "model", name, place, hint }
        }
        other => other,
    }
}

/// Reads a file that every head must have.
fn expected<T: serde::de::DeserializeOwned>(folder: &Path, file: &str) -> Result<T> {
    read_json(&folder.join(file))?.ok_or_else(|| missing(folder, file))
}

fn missing(folder: &Path, file: &str) -> Error {
    Error::Weights {
        path: folder.into(),
        problem: format!("the folder has no {file}"),
        hint: "Give the folder of a model with a head: an encoder alone predicts nothing".into(),
    }
}

/// See [`Model::save`]. `head.json` is written last, since it names the encoder that the rest belongs to.
pub(super) fn write(model: &Model, folder: &Path) -> Result<()> {
    model.encoder.save(folder)?;
    write_whole_at(&folder.join(WEIGHTS), |partial| {
        Ok(Tensor::write_safetensors(&model.variables()?, partial)?)
    })?;
    let schema = match &model.labels {
        Labels::Votes(schema) => Some(schema.to_json()),
        _ => None,
    };
    let recalibration = model.recalibration.as_ref().map(serde_json::to_string).transpose()?;
    let head = serde_json::to_string_pretty(&Description::of(model))?;
    for (file, text) in [(SCHEMA, schema), (RECALIBRATION, recalibration), (HEAD, Some(head))] {
        let path = folder.join(file);
        match text {
            Some(text) => write_whole_at(&path, |partial| {
                std::fs::write(partial, text + "\n").map_err(Error::io("write", partial))
            })?,
            // Removes what an earlier model left here.
            None if path.exists() => {
                std::fs::remove_file(&path).map_err(Error::io("remove", &path))?;
            }
            None => {}
        }
    }
    Ok(())
}
