//! Model folders: `config.json` in the format of timm's hub, the weights under timm's names, the recipe
//! (`recipe.json`) and a description of the encoder (`card.json`). timm can read folders written here
//! (`timm.create_model("local-dir:FOLDER", pretrained=True)`), and this library can read folders written
//! by timm.

use super::Architecture;
use super::Weights;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use tch::{Device, Kind, Tensor, nn};
use zoobot_base::advice::advice;
use zoobot_base::files::write_whole_at;
use zoobot_base::{Error, Result};
use zoobot_data::picture::{Grey, Recipe};
use zoobot_nets::names::{CARD, CONFIG, RECIPE, WEIGHTS};

/// Arguments of timm that do not change what a network with given weights computes.
const HARMLESS: [&str; 9] = [
    "in_chans",
    "num_classes",
    "global_pool",
    "drop_rate",
    "drop_path_rate",
    "drop_block_rate",
    "head_init_scale",
    "pretrained",
    "features_only",
];

/// timm's argument for the side of the pictures, for networks with a fixed size.
const SIZE: &str = "img_size";

/// The contents of a folder.
pub(super) struct Contents {
    pub name: String,
    pub architecture: Architecture,
    pub weights: Weights,
    pub recipe: Recipe,
    /// The fingerprint of the weights according to `card.json`.
    pub fingerprint: Option<String>,
    /// Notes for the user.
    pub notes: Vec<String>,
}

/// The description of an encoder, for people and for loading it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Card {
    pub name: String,
    pub architecture: String,
    pub fingerprint: String,
    /// The version of the library that wrote it.
    pub version: String,
}

/// The fields of timm's `config.json` that are used.
#[derive(Debug, Deserialize)]
struct Config {
    architecture: String,
    num_features: Option<i64>,
    global_pool: Option<String>,
    model_args: Option<Map<String, Value>>,
    pretrained_cfg: Option<Pretrained>,
    /// Used by the oldest releases of timm.
    input_size: Option<Vec<i64>>,
}

#[derive(Debug, Deserialize)]
struct Pretrained {
    /// Channels, height, width.
    input_size: Option<Vec<i64>>,
    /// Whether the network accepts only this size.
    fixed_input_size: Option<bool>,
}

impl Config {
    /// The number of channels of the pictures, if the file gives it.
    fn channels(&self) -> Option<i64> {
        let argument = self.model_args.as_ref().and_then(|all| all.get("in_chans")?.as_i64());
        let pretrained = self.pretrained_cfg.as_ref().and_then(|all| all.input_size.as_ref());
        argument.or_else(|| pretrained.or(self.input_size.as_ref())?.first().copied())
    }

    /// The side of the pictures in pixels, if the file fixes it.
    fn size(&self) -> Option<i64> {
        let argument = self.model_args.as_ref().and_then(|all| all.get(SIZE));
        let side = |value: &Value| {
            value
                .as_i64()
                .or_else(|| value.get(0).filter(|first| value.get(1) == Some(first))?.as_i64())
        };
        argument.and_then(side).or_else(|| {
            let fixed = self.pretrained_cfg.as_ref()?;
            let size =
                fixed.input_size.as_ref().filter(|_| fixed.fixed_input_size == Some(true))?;
            size.get(1).copied()
        })
    }

    /// The first setting that this library would compute differently.
    fn trouble(&self, architecture: &Architecture) -> Option<String> {
        let none = Map::new();
        let arguments = self.model_args.as_ref().unwrap_or(&none);
        let pool = arguments.get("global_pool").and_then(Value::as_str);
        let (name, width) = (architecture.name(), architecture.width());
        let known =
            |key: &str| HARMLESS.contains(&key) || (key == SIZE && architecture.size().is_some());
        if let Some((key, value)) = arguments.iter().find(|(key, _)| !known(key)) {
            return Some(format!(
                "model_args has {key} = {value}, which is not supported for {name}"
            ));
        }
        if let Some(pool) = pool.or(self.global_pool.as_deref()).filter(|pool| *pool != "avg") {
            return Some(format!("global_pool is {pool:?}, but only \"avg\" is supported"));
        }
        let other = self.num_features.filter(|&features| features != width)?;
        Some(format!("num_features is {other}, but {name} has {width}"))
    }
}

/// Reads a folder. If the card has no name for the encoder, it is called `name`, or else like the
/// folder.
pub(super) fn read(folder: &Path, name: Option<String>) -> Result<Contents> {
    let path = folder.join(CONFIG);
    let config: Config = read_json(&path)?.ok_or_else(|| Error::Weights {
        path: folder.into(),
        problem: format!("the folder has no {CONFIG}"),
        hint: advice(
            "Give a folder that Encoder::save or timm wrote, or a copy of one from the Hugging Face \
             Hub",
            "Give a folder that `zoobot train`, `zoobot finetune` or timm wrote, or a copy of one \
             from the Hugging Face Hub",
        ),
    })?;
    let architecture = Architecture::named(&config.architecture)?;
    if let Some(problem) = config.trouble(&architecture) {
        let hint = "Choose an encoder without this setting".into();
        return Err(Error::Weights { path, problem, hint });
    }
    let architecture = match config.size() {
        Some(size) => architecture.sized(size),
        None => architecture,
    };
    let (weights, mut notes) = read_weights(folder, &architecture)?;
    let in_weights = || Some(*weights.get(architecture.first_weight())?.size().get(1)?);
    let channels = config.channels().or_else(in_weights).unwrap_or(architecture.channels());
    let recipe = read_json(&folder.join(RECIPE))?.unwrap_or_else(|| {
        notes.push(format!("without {RECIPE}, pictures are prepared as for the galaxy encoders"));
        let mut recipe = Recipe::zoobot();
        if let Some(size) = architecture.size().and_then(|size| size.try_into().ok()) {
            recipe.size = size;
        }
        if channels == 1 { recipe.grey(Grey::Luma) } else { recipe }
    });
    let card: Option<Card> = read_json(&folder.join(CARD))?;
    let (name, fingerprint) = match card {
        Some(card) => (card.name, Some(card.fingerprint)),
        None => (name.unwrap_or_else(|| folder_name(folder)), None),
    };
    let architecture = architecture.inputs(channels);
    Ok(Contents { name, architecture, weights, recipe, fingerprint, notes })
}

/// The weights without those of a classifier, and a note if there was one.
fn read_weights(folder: &Path, architecture: &Architecture) -> Result<(Weights, Vec<String>)> {
    let Some(path) = WEIGHTS.map(|file| folder.join(file)).into_iter().find(|path| path.exists())
    else {
        return Err(Error::Weights {
            path: folder.into(),
            problem: format!("the folder has neither {} nor {}", WEIGHTS[0], WEIGHTS[1]),
            hint: "Copy the file of weights into it".into(),
        });
    };
    let all = Weights::read(path)?;
    let before = all.len();
    let network = all.of(architecture)?;
    let within = network.len();
    let weights = network.without(architecture.classifier());
    let beside = (before > within).then(|| {
        format!("{} tensors that are not part of the network are left out", before - within)
    });
    let dropped = within - weights.len();
    let head = (dropped > 0).then(|| {
        format!("{dropped} tensors of a classifier ({}*) are left out", architecture.classifier())
    });
    Ok((weights, beside.into_iter().chain(head).collect()))
}

/// Reads a JSON file; `None` if it does not exist.
#[doc(hidden)]
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    serde_json::from_slice(&bytes).map(Some).map_err(|error| Error::Weights {
        path: path.into(),
        problem: error.to_string(),
        hint: "The file is damaged or of another kind: download it again".into(),
    })
}

fn folder_name(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.into());
    whole.file_name().map_or("encoder".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Writes a folder. `config.json`, which makes it a model folder, is written last.
pub(super) fn write(
    folder: &Path,
    architecture: &Architecture,
    store: &nn::VarStore,
    recipe: &Recipe,
    card: &Card,
) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let variables: BTreeMap<String, Tensor> = store.variables().into_iter().collect();
    let tensors = variables
        .into_iter()
        .map(|(name, tensor)| {
            let tensor = tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?;
            Ok((name, shortest(tensor)?))
        })
        .collect::<Result<Vec<_>>>()?;
    write_whole_at(&folder.join(WEIGHTS[0]), |partial| {
        // libtorch's error message names the file.
        Tensor::write_safetensors(&tensors, partial).map_err(Error::from)
    })?;
    let config = timm_config(architecture, recipe);
    let files = [(RECIPE, json!(recipe)), (CARD, json!(card)), (CONFIG, config)];
    files.into_iter().try_for_each(|(file, value)| {
        let text = serde_json::to_string_pretty(&value)? + "\n";
        write_whole_at(&folder.join(file), |partial| {
            std::fs::write(partial, text).map_err(Error::io("write", partial))
        })
    })
}

/// Converts to 16 bits if nothing is lost, as for an encoder that was rounded.
fn shortest(tensor: Tensor) -> Result<Tensor> {
    if tensor.kind() != Kind::Float || tensor.dim() < 2 {
        return Ok(tensor);
    }
    let half = tensor.f_to_kind(Kind::Half)?;
    Ok(if half.f_to_kind(Kind::Float)?.f_equal(&tensor)? { half } else { tensor })
}

/// The configuration with which timm can build the network. timm has no recipes, so the nearest
/// equivalent in its terms is written.
fn timm_config(architecture: &Architecture, recipe: &Recipe) -> Value {
    let channels = architecture.channels();
    let statistic = |values: &[f32; 3]| json!(values[..recipe.channels()]);
    let mut arguments = json!({ "num_classes": 0, "in_chans": channels, "global_pool": "avg" });
    if let Some(size) = architecture.size() {
        arguments[SIZE] = size.into();
    }
    let size = architecture.size().unwrap_or(recipe.size as i64);
    json!({
        "architecture": architecture.name(),
        "num_classes": 0,
        "num_features": architecture.width(),
        "global_pool": "avg",
        "model_args": arguments,
        "pretrained_cfg": {
            "custom_load": false,
            "input_size": [channels, size, size],
            "fixed_input_size": architecture.size().is_some(),
            "interpolation": "bilinear",
            "crop_pct": 1.0 / recipe.zoom,
            "crop_mode": "center",
            "mean": statistic(&recipe.mean),
            "std": statistic(&recipe.std),
            "num_classes": 0,
            "first_conv": architecture.first_weight().trim_end_matches(".weight"),
            "classifier": architecture.classifier().trim_end_matches('.'),
        },
    })
}

#[cfg(test)]
mod tests;
