//! The option `--stretch`.

use clap::Args;
use zoobot_core::Result;
use zoobot_core::encoder::Encoder;
use zoobot_core::model::Model;
use zoobot_core::picture::Stretch;

// How FITS files become pictures. Not a doc comment: clap would show it as the help of the command.
#[derive(Debug, Args)]
pub struct Stretching {
    /// How the flux of FITS files becomes brightness: asinh[:Q], log[:A] or linear, from the smallest
    /// value to the 99.7th percentile (default: the stretch of the encoder or model, else asinh). JPEG
    /// and PNG files are not changed
    #[arg(long)]
    pub stretch: Option<Stretch>,
}

impl Stretching {
    /// The encoder with the stretch, if one is given.
    pub fn of_encoder(&self, encoder: Encoder) -> Result<Encoder> {
        match &self.stretch {
            Some(stretch) => encoder.stretch(stretch.clone()),
            None => Ok(encoder),
        }
    }

    /// The model with the stretch, if one is given.
    pub fn of_model(&self, model: Model) -> Result<Model> {
        match &self.stretch {
            Some(stretch) => model.stretch(stretch.clone()),
            None => Ok(model),
        }
    }
}
