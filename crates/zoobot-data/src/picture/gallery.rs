//! Galleries of what a network sees of a catalogue's pictures.

use super::{Augment, Recipe};
use crate::catalog::Catalog;
use image::RgbImage;
use tch::{Device, Kind, Tensor};
use zoobot_base::error::{Error, Result};
use zoobot_show::notebook::{Gallery, Tile};

impl Recipe {
    /// The first `n` pictures of a catalogue as a network with this recipe sees them; mean and standard
    /// deviation are undone, so that the pictures keep their colours.
    ///
    /// # If it cannot be drawn
    /// [`Error::Picture`] when a picture cannot be read; [`Error::Parameter`] for `n` of 0 and parameters out
    /// of range.
    pub fn gallery(&self, catalog: &Catalog, n: usize) -> Gallery {
        Augment::none().gallery(catalog, self, n)
    }
}

impl Augment {
    /// Random views of the first `n` pictures of a catalogue, as a network with this recipe sees them in
    /// training (with seed 0). Colours as in [`Recipe::gallery`].
    ///
    /// # If it cannot be drawn
    /// [`Error::Picture`] when a picture cannot be read; [`Error::Parameter`] for `n` of 0 and parameters out
    /// of range.
    pub fn gallery(&self, catalog: &Catalog, recipe: &Recipe, n: usize) -> Gallery {
        self.made(catalog, recipe, n).into()
    }

    fn made(&self, catalog: &Catalog, recipe: &Recipe, n: usize) -> Result<Gallery> {
        if n == 0 {
            return Err(Error::parameter("n", n, "at least 1"));
        }
        let first = catalog.head(n);
        let source = self.source(recipe);
        let prepared =
            first.files().iter().map(|file| source.read(file)).collect::<Result<Vec<_>>>()?;
        let views = self.apply(&source.batch(&prepared, Device::Cpu)?, recipe, 0)?;
        let tiles = first
            .ids()
            .iter()
            .enumerate()
            .map(|(i, id)| Ok(Tile::of(id, shown(&views.f_get(i as i64)?, recipe)?)))
            .collect::<Result<Vec<_>>>()?;
        let how = if *self == Self::none() { "" } else { " in training" };
        let title = format!("What the network sees{how}: {0} x {0} pixels", recipe.size);
        Ok(Gallery::new(tiles).title(title).thumbnail(recipe.size as u32))
    }
}

/// One picture of a batch (channels x height x width), with a recipe's normalisation undone.
#[doc(hidden)]
pub fn shown(view: &Tensor, recipe: &Recipe) -> Result<RgbImage> {
    let statistic = |values: &[f32; 3]| -> Result<Tensor> {
        Ok(Tensor::f_from_slice(&values[..recipe.channels()])?.f_view([-1, 1, 1])?)
    };
    let bytes = view.f_mul(&statistic(&recipe.std)?)?.f_add(&statistic(&recipe.mean)?)?;
    let bytes =
        bytes.f_mul_scalar(255.0)?.f_round()?.f_clamp(0.0, 255.0)?.f_to_kind(Kind::Uint8)?;
    let (height, width) = (view.size()[1] as u32, view.size()[2] as u32);
    let rgb = bytes.f_expand([3, -1, -1], false)?.f_permute([1, 2, 0])?.f_contiguous()?;
    let raw = Vec::<u8>::try_from(rgb.f_view(-1)?)?;
    RgbImage::from_raw(width, height, raw).ok_or_else(|| {
        Error::Internal(format!("a view of {width} x {height} pixels lacks a channel"))
    })
}

#[cfg(test)]
mod tests;
