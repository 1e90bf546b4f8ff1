//! The option `--stretch`.

use clap::Args;
use zoobot_core::Result;
use zoobot_core::encoder::Encoder;
use zoobot_core::model::Model;
use zoobot_core::picture::Stretch;

// How FITS files become pictures. No documentation: clap would show it as that of the command.
#[derive(Debug, Args)]
pub struct Stretching {
    /// How flux becomes a picture, for FITS files: asinh[:Q], log[:A] or linear, from the least value
    /// to the percentile 99.7 (default: as the encoder or model has it, else asinh). JPEG and PNG files
    /// stay as they are
    #[arg(long)]
    pub stretch: Option<Stretch>,
}

impl Stretching {
    /// The encoder with the stretch, where one is given.
    pub fn of_encoder(&self, encoder: Encoder) -> Result<Encoder> {
        match &self.stretch {
            Some(stretch) => encoder.stretch(stretch.clone()),
            None => Ok(encoder),
        }
    }

    /// The same of a model.
    pub fn of_model(&self, model: Model) -> Result<Model> {
        match &self.stretch {
            Some(stretch) => model.stretch(stretch.clone()),
            None => Ok(model),
        }
    }
}
