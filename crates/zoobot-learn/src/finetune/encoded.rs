//! The features that a head learns from, computed once and kept in a run's folder.

use super::Finetune;
use super::heads::Known;
use super::truth::Truth;
use ndarray::{Array2, Axis};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use tch::{Device, Kind, Tensor};
use zoobot_base::error::{Error, Result};
use zoobot_base::files::{short_hash, write_whole_at};
use zoobot_base::seed::mixed;
use zoobot_data::catalog::Catalog;
use zoobot_data::picture::{Failed, Failures, PictureCache};
use zoobot_representation::encoder::{Encoder, array};
use zoobot_representation::space::Space;
use zoobot_show::notebook::Progress;

/// The number of pictures in a batch of augmented views.
const VIEWED: usize = 32;

/// The features and labels of the galaxies whose pictures can be read. With `learn`, appends the features of
/// random views.
pub fn features(
    finetune: &Finetune,
    encoder: &Encoder,
    catalog: &Catalog,
    truth: &Truth,
    learn: bool,
) -> Result<(Known, Failures)> {
    let space = encode(finetune, encoder, catalog)?;
    let (rows, failed) = readable(catalog, &space);
    let mut known = Known { features: space.features().to_owned(), truth: truth.select(&rows)? };
    let settings = finetune.settings();
    if learn && settings.views > 0 {
        let catalog = catalog.select(space.ids())?;
        let more = viewed(finetune, encoder, &catalog, settings.views, settings.seed)?;
        let views: Vec<_> =
            std::iter::once(known.features.view()).chain(more.iter().map(|it| it.view())).collect();
        known.features = ndarray::concatenate(Axis(0), &views)
            .map_err(Error::internal("views of different widths"))?;
        let all: Vec<usize> = (0..=settings.views).flat_map(|_| 0..known.truth.len()).collect();
        known.truth = known.truth.select(&all)?;
    }
    Ok((known, failed))
}

/// Encodes a catalogue, or reads its features from the run's folder.
fn encode(finetune: &Finetune, encoder: &Encoder, catalog: &Catalog) -> Result<Space> {
    let Some(folder) = finetune.home() else { return encoder.encode(catalog) };
    std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let path = folder.join(format!("features-{}.parquet", encoder.key(catalog)?));
    if !path.is_file() {
        encoder.encode_to(catalog, &path)?;
    }
    Space::read(&path)
}

/// The catalogue rows of the encoded galaxies, and the galaxies that were not encoded.
fn readable(catalog: &Catalog, space: &Space) -> (Vec<usize>, Failures) {
    let ids = catalog.ids();
    let places: HashMap<&str, usize> =
        ids.iter().enumerate().map(|(row, id)| (id.as_str(), row)).collect();
    let rows: Vec<usize> =
        space.ids().iter().filter_map(|id| places.get(id.as_str()).copied()).collect();
    let reason = "its picture cannot be read";
    let known: std::collections::HashSet<&String> = space.ids().iter().collect();
    let failed = ids.iter().zip(catalog.files()).filter(|(id, _)| !known.contains(id));
    let failed = failed.map(|(id, file_loc)| Failed {
        id_str: id.clone(),
        file_loc,
        reason: reason.to_owned(),
    });
    (rows, failed.collect())
}

/// The features of `views` random views of each galaxy: one array per view.
fn viewed(
    finetune: &Finetune,
    encoder: &Encoder,
    catalog: &Catalog,
    views: usize,
    seed: u64,
) -> Result<Vec<Array2<f32>>> {
    let augment = &finetune.settings().augment;
    each_view(encoder, catalog, augment, views, seed)
}

/// Like [`viewed`], but also usable for test-time augmentation.
pub fn each_view(
    encoder: &Encoder,
    catalog: &Catalog,
    augment: &zoobot_data::picture::Augment,
    views: usize,
    seed: u64,
) -> Result<Vec<Array2<f32>>> {
    let place = tempfile::tempdir().map_err(Error::io("create", "a folder"))?;
    let recipe = encoder.recipe();
    let pictures = PictureCache::open(place.path(), catalog, &augment.source(recipe))?;
    let all: Vec<usize> = (0..pictures.len()).collect();
    let progress = Progress::new("encode views", Some(views * all.len()));
    let mut arrays = Vec::with_capacity(views);
    for view in 0..views as u64 {
        let mut features = Vec::with_capacity(all.len() * encoder.width());
        for (part, some) in all.chunks(VIEWED).enumerate() {
            zoobot_base::interrupt::check("encoding of views", || {
                format!("{view} of {views} views")
            })?;
            let batch = pictures.batch(some, encoder.device())?;
            let seed = mixed(mixed(seed, view), part as u64);
            let batch = augment.apply(&batch, recipe, seed)?;
            features.extend(values(&encoder.features(&batch)?)?);
            progress.advance(some.len());
        }
        arrays.push(array(features, (all.len(), encoder.width()))?);
    }
    Ok(arrays)
}

fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    let tensor = tensor.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?;
    Ok(Vec::try_from(tensor.f_flatten(0, -1)?)?)
}

/// Fails when the folder holds a different run; the error names what differs.
pub fn same_run(
    finetune: &Finetune,
    folder: &Path,
    encoder: &Encoder,
    [train, val]: [&Catalog; 2],
    folds: Option<usize>,
) -> Result<()> {
    let labels = |catalog: &Catalog| -> Result<String> {
        let mut pieces = catalog.ids().to_vec();
        for name in finetune.question().columns() {
            pieces.extend(catalog.labels(&name)?);
        }
        Ok(short_hash(pieces.iter().map(String::as_bytes).flat_map(|it| [it, b"\n".as_slice()])))
    };
    let now = json!({
        "question": format!("{} ({})", finetune.question().kind(), finetune.question().about()),
        "settings": finetune.settings(),
        "encoder": encoder.fingerprint(),
        "recipe": encoder.recipe(),
        "galaxies": [labels(train)?, labels(val)?],
        "folds": folds,
    });
    std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let path = folder.join("run.json");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return write_whole_at(&path, |partial| {
                let text = serde_json::to_string_pretty(&now)? + "\n";
                std::fs::write(partial, text).map_err(Error::io("write", partial))
            });
        }
        Err(error) => return Err(Error::io("read", &path)(error)),
    };
    let then: Value = serde_json::from_str(&text)?;
    let parts = ["question", "settings", "encoder", "recipe", "galaxies", "folds"];
    // A round trip through text, so that numbers compare as they were written.
    let now: Value = serde_json::from_str(&serde_json::to_string(&now)?)?;
    let other: Vec<&str> = parts.into_iter().filter(|part| then[part] != now[part]).collect();
    if other.is_empty() {
        return Ok(());
    }
    let problem = format!("{} holds a run with other {}", folder.display(), other.join(", "));
    let hint = "Choose another folder, or repeat the call with what the run began with";
    Err(Error::unsuitable(problem, hint))
}
