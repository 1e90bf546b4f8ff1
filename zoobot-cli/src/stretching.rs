//! The option `--stretch`.

use clap::Args;
use zoobot_core::Result;
use zoobot_core::encoder::Encoder;
use zoobot_core::model::Model;
use zoobot_core::picture::Stretch;

// How FITS files become pictures. Not a doc comment: clap would show it as the help of the command.
#[derive(Debug, Args)]
pub struct Stretching {
    /// How the flux of FITS files becomes brightness: asinh[:Q], log[:A], sqrt, linear, zscale, lupton or
    /// legacy, which may be followed by limits and more, as in "asinh:10, percentiles 1 to 99.5, fill
    /// smooth" (default: the stretch of the encoder or model, else asinh, from the smallest value to the
    /// 99.7th percentile). JPEG and PNG files are not changed
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
