//! The encoder that comes with this library, with its head for volunteers' questions.
//! `data/encoder/README.md` and `docs/encoder.md` describe its training and its quality.

use std::path::PathBuf;
use zoobot_base::error::{Error, Result};
use zoobot_base::files::{filled_once, short_hash};
use zoobot_base::home::home;

/// The encoder's name, for [`Encoder::load`](super::Encoder::load) and
/// [`Model::load`](zoobot_learn::model::Model::load).
pub const NAME: &str = "sample";

/// Embeds a file of the model folder `data/encoder`.
macro_rules! file {
    ($name:literal) => {
        ($name, include_bytes!(concat!("../../../../data/encoder/", $name)).as_slice())
    };
}

/// The files of the model folder.
static FILES: [(&str, &[u8]); 8] = [
    file!("config.json"),
    file!("model.safetensors"),
    file!("recipe.json"),
    file!("card.json"),
    file!("head.safetensors"),
    file!("head.json"),
    file!("schema.json"),
    file!("recalibration.json"),
];

/// The model folder. On first use it is written into [`home`], or into the folder for temporary files if
/// that fails. Its name contains a hash, so other versions of the library use other folders.
///
/// # Errors
/// [`Error::Io`] when neither location can be written.
pub fn folder() -> Result<PathBuf> {
    let name = format!("{NAME}-{}", short_hash(FILES.map(|(_, bytes)| bytes)));
    let write = |parent: PathBuf| {
        filled_once(&parent, &name, |part| {
            FILES.iter().try_for_each(|(file, bytes)| std::fs::write(part.join(file), bytes))
        })
    };
    write(home().join("encoders"))
        .or_else(|_: Error| write(std::env::temp_dir().join("zoobot/encoders")))
}

/// The card (`card.json`) of the encoder that comes with this library: its architecture, training data,
/// licence and the fingerprint of its weights.
///
/// ```
/// assert_eq!(zoobot_core::encoder::sample_card()?["name"], "sample");
/// # Ok::<(), zoobot_core::Error>(())
/// ```
///
/// # Errors
/// Only if the card is damaged.
pub fn sample_card() -> Result<serde_json::Value> {
    let card = FILES.iter().find(|(name, _)| *name == "card.json").map_or(&b"{}"[..], |it| it.1);
    Ok(serde_json::from_slice(card)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::Encoder;
    use zoobot_learn::model::Model;

    #[test]
    fn the_encoder_that_travels_along_is_small_and_loads_with_its_head() {
        let size: usize = FILES.iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(size <= 20_000_000, "{size} bytes");
        let encoder = Encoder::load(NAME).unwrap();
        assert_eq!((encoder.name(), encoder.notes().len()), (NAME, 0), "{:?}", encoder.notes());
        let model = Model::load(NAME).unwrap();
        assert_eq!(model.encoder().fingerprint(), encoder.fingerprint());
        let campaigns = ["bar-length-efigi", "bar-gz2", "bar-dr5"];
        assert!(campaigns.iter().all(|it| model.schema().unwrap().question(it).is_ok()));
    }
}
