//! The exact steps from a picture to a network's input, stored beside its weights.

mod compare;
mod crop;

pub use crop::Crop;

use image::RgbImage;
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use std::path::Path;
use tch::{Device, Kind, Tensor};
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};
use zoobot_picture::Stretch;
use zoobot_picture::resample::{self, Pixels, Window};
use zoobot_picture::{Decoded, open};

/// How colours are combined into one channel.
///
/// ```
/// use zoobot_core::picture::{Grey, Recipe};
/// assert_eq!(Recipe::zoobot().grey(Grey::Luma).channels(), 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grey {
    /// The plain mean of the three finished channels, as in Walmsley et al. (2022).
    Mean,
    /// Luminance (0.299 R + 0.587 G + 0.114 B), computed first, as in the zoobot package 2.9.
    Luma,
}

/// The inference steps: stretch the flux; cut out a fixed part, if one is set; zoom about the centre at the
/// picture's own size; resize the short side to `size`; cut out the centre; divide by 255; and, if the
/// network needs it, subtract a mean and divide by a standard deviation.
///
/// ```
/// use zoobot_core::picture::Recipe;
/// let recipe = Recipe::zoobot();
/// assert_eq!((recipe.zoom, recipe.size), (1.2, 224));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// How flux becomes a picture, for FITS files; JPEG and PNG files are pictures already. Default
    /// [`Stretch::default`]: asinh, from the minimum to the 99.7th percentile.
    #[serde(default, skip_serializing_if = "Stretch::is_default")]
    pub stretch: Stretch,
    /// The part of the picture that is cut out before the zoom. Default: the whole picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<Crop>,
    /// Magnification about the centre; 1 keeps the whole picture. Default 1.2.
    pub zoom: f64,
    /// Width and height of the result in pixels. Default 224.
    pub size: usize,
    /// How to make one channel instead of three. Default none.
    pub grey: Option<Grey>,
    /// Subtracted from each channel after the division by 255. Default 0.
    pub mean: [f32; 3],
    /// Each channel is divided by this after subtracting the mean. Default 1.
    pub std: [f32; 3],
}

/// A picture after a recipe's steps up to cutting out the centre; [`Recipe::batch`] does the remaining steps.
///
/// ```
/// use zoobot_core::prelude::*;
/// let recipe = Recipe::zoobot();
/// let prepared = recipe.read(&Catalog::sample()?.files()[0])?;
/// assert_eq!(prepared.bytes().len(), 224 * 224 * 3);
/// assert_eq!(recipe.batch(&[prepared], tch::Device::Cpu)?.size(), [1, 3, 224, 224]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    pixels: Vec<u8>,
    /// The recipe that prepared it.
    recipe: Recipe,
}

impl Prepared {
    /// Its pixels row by row, with the channels of each pixel next to each other.
    pub fn bytes(&self) -> &[u8] {
        &self.pixels
    }
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            stretch: Stretch::default(),
            crop: None,
            zoom: 1.2,
            size: 224,
            grey: None,
            mean: [0.0; 3],
            std: [1.0; 3],
        }
    }
}

impl Recipe {
    /// The steps of the published galaxy encoders: zoom 1.2, 224 pixels, values from 0 to 1.
    pub fn zoobot() -> Self {
        Self::default()
    }

    /// The steps of [`zoobot`](Self::zoobot), then the mean and standard deviation that EfficientNet-Lite was
    /// trained with on ImageNet. A galaxy fills the same share of the frame for every encoder.
    pub fn imagenet_lite() -> Self {
        Self { mean: [0.5; 3], std: [0.5; 3], ..Self::default() }
    }

    /// Combines the colours into one channel.
    pub fn grey(mut self, grey: Grey) -> Self {
        self.grey = Some(grey);
        self
    }

    /// Cuts out the middle `width` x `height` pixels of each picture.
    pub fn centre(mut self, width: u32, height: u32) -> Self {
        self.crop = Some(Crop::Centre(width, height));
        self
    }

    /// Sets the stretch, which turns flux in FITS files into pictures.
    pub fn stretch(mut self, stretch: Stretch) -> Self {
        self.stretch = stretch;
        self
    }

    /// The number of channels of the result: 3, or 1 for grey.
    pub fn channels(&self) -> usize {
        if self.grey.is_some() { 1 } else { 3 }
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Error::Parameter`] or [`Error::Unsuitable`], naming the parameter that is out of range.
    pub fn check(&self) -> Result<()> {
        self.stretch.check()?;
        self.crop.map_or(Ok(()), Crop::check)?;
        if !(1.0..=100.0).contains(&self.zoom) {
            return Err(Error::parameter("zoom", self.zoom, "between 1 and 100"));
        }
        if !(8..=4096).contains(&self.size) {
            return Err(Error::parameter("size", self.size, "between 8 and 4096 pixels"));
        }
        if !self.mean.iter().chain(&self.std).all(|value| value.is_finite())
            || self.std.contains(&0.0)
        {
            let problem = format!(
                "pictures cannot be normalised with the mean {:?} and the standard deviation {:?}",
                self.mean, self.std
            );
            let hint = "Choose finite numbers, and standard deviations that are not 0";
            return Err(Error::unsuitable(problem, hint));
        }
        Ok(())
    }

    /// A picture after crop, zoom and resize, still in bytes: the part that is done once per picture, on any
    /// thread.
    ///
    /// # Errors
    /// [`Error::Parameter`] or [`Error::Unsuitable`] for parameters out of range and a picture that is
    /// smaller than the crop; [`Error::Empty`] for a picture without pixels.
    pub fn prepare(&self, picture: &RgbImage) -> Result<Prepared> {
        self.check()?;
        self.finish(picture)
    }

    /// Flux after stretch, crop, zoom and resize: one plane, or red, green and blue. See
    /// [`Stretch::picture`].
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare) and [`Stretch::picture`].
    pub fn prepare_flux(&self, planes: &[Array2<f32>]) -> Result<Prepared> {
        self.check()?;
        self.finish(&self.stretch.picture(planes)?)
    }

    /// Prepares the decoded content of a file: a picture directly, flux through the stretch.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare) and [`prepare_flux`](Self::prepare_flux).
    pub fn prepare_any(&self, decoded: &Decoded) -> Result<Prepared> {
        match decoded {
            Decoded::Picture(picture) => self.prepare(picture),
            Decoded::Flux(planes) => self.prepare_flux(planes),
        }
    }

    /// Reads and prepares a picture file.
    ///
    /// # Errors
    /// As [`open`]; [`Error::Picture`] with the reason when [`prepare_any`](Self::prepare_any) fails.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Prepared> {
        let path = path.as_ref();
        self.prepare_any(&open(path)?)
            .map_err(|error| Error::Picture { path: path.to_path_buf(), reason: error.to_string() })
    }

    fn finish(&self, picture: &RgbImage) -> Result<Prepared> {
        let pixels = match self.crop {
            Some(crop) => self.bytes(&crop.of(picture)?)?,
            None => self.bytes(picture)?,
        };
        Ok(Prepared { pixels, recipe: self.clone() })
    }

    /// What a network sees of some prepared pictures.
    ///
    /// # Shapes
    /// float32, pictures x channels x size x size, on `device`, channels last in memory.
    ///
    /// # Errors
    /// [`Error::Empty`] without a picture; [`Error::Recipe`] when a picture was prepared with other steps;
    /// [`Error::Torch`] when memory runs out.
    pub fn batch(&self, pictures: &[Prepared], device: Device) -> Result<Tensor> {
        if pictures.is_empty() {
            return Err(Error::empty("the batch has no pictures", "Give at least one"));
        }
        if let Some(other) = pictures.iter().find(|picture| !self.same_pixels(&picture.recipe)) {
            let what = "the pictures were prepared by another recipe than this one (on the left)";
            let hint = advice(
                "Prepare them with this recipe, or use the other: encoder.with_recipe(…)",
                "Prepare them again with this recipe",
            );
            self.expect(&other.recipe, what, &hint)?;
        }
        self.seen(&self.pack(pictures, device)?, device)
    }

    /// The number of bytes of a prepared picture.
    pub(super) fn bytes_each(&self) -> usize {
        self.size * self.size * self.bytes_each_pixel()
    }

    fn bytes_each_pixel(&self) -> usize {
        if self.grey == Some(Grey::Luma) { 1 } else { 3 }
    }

    /// Like [`batch`](Self::batch), from the concatenated bytes of prepared pictures.
    pub(super) fn tensor(&self, bytes: &[u8], device: Device) -> Result<Tensor> {
        self.seen(&self.packed(bytes, device)?, device)
    }

    /// The bytes of prepared pictures, pictures x size x size x channels, still on the CPU and ready to be
    /// copied to `device`.
    fn packed(&self, bytes: &[u8], device: Device) -> Result<Tensor> {
        let each = [self.size, self.size, self.bytes_each_pixel()].map(|n| n as i64);
        let pixels = Tensor::f_from_slice(bytes)?.f_view([-1, each[0], each[1], each[2]])?;
        ready(pixels, device)
    }

    /// The part of [`batch`](Self::batch) that can run on any thread.
    #[doc(hidden)]
    pub fn pack(&self, pictures: &[Prepared], device: Device) -> Result<Tensor> {
        let bytes: Vec<&[u8]> = pictures.iter().map(Prepared::bytes).collect();
        self.packed(&bytes.concat(), device)
    }

    /// What a network sees of the pictures in `packed`, which [`pack`](Self::pack) made: see
    /// [`batch`](Self::batch). On a GPU this does not block.
    #[doc(hidden)]
    pub fn seen(&self, packed: &Tensor, device: Device) -> Result<Tensor> {
        // Height x width x channels in memory is what "channels last" means.
        let pixels = sent(packed, device)?.f_permute([0, 3, 1, 2])?;
        let mut pixels = pixels.f_to_kind(Kind::Float)?.f_div_scalar(255.0)?;
        if self.grey == Some(Grey::Mean) {
            pixels = pixels.f_mean_dim([1_i64].as_slice(), true, Kind::Float)?;
        }
        if (self.mean, self.std) == ([0.0; 3], [1.0; 3]) {
            return Ok(pixels);
        }
        let statistic = |values: &[f32; 3]| -> Result<Tensor> {
            let values = Tensor::f_from_slice(&values[..self.channels()])?.f_view([1, -1, 1, 1])?;
            sent(&ready(values, device)?, device)
        };
        Ok(pixels.f_sub(&statistic(&self.mean)?)?.f_div(&statistic(&self.std)?)?)
    }

    /// The bytes of the picture after zoom, resize and crop.
    fn bytes(&self, picture: &RgbImage) -> Result<Vec<u8>> {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        if width == 0 || height == 0 {
            let what = format!("the picture has no pixels ({width} x {height})");
            return Err(Error::empty(what, "Check how it was cut out"));
        }
        let grey = (self.grey == Some(Grey::Luma)).then(|| resample::luma(picture.as_raw()));
        let data = grey.as_deref().unwrap_or(picture.as_raw());
        let pixels = Pixels { width, height, channels: self.bytes_each_pixel(), data };
        let long =
            |long: usize, short: usize| (self.size as f64 * long as f64 / short as f64) as usize;
        let to = if height <= width {
            (long(width, height), self.size)
        } else {
            (self.size, long(height, width))
        };
        let offset = |n: usize| ((n - self.size) as f64 / 2.0).round_ties_even() as usize;
        let window =
            Window { x: offset(to.0), y: offset(to.1), width: self.size, height: self.size };
        // The original rounds the zoom factor to single precision.
        Ok(resample::resample(pixels, f64::from(self.zoom as f32), to, window))
    }
}

/// A CPU tensor; for a GPU in pinned (page-locked) memory, the only kind that is copied without blocking
/// until the GPU has finished its queued work.
fn ready(tensor: Tensor, device: Device) -> Result<Tensor> {
    match device {
        // `pin_memory` itself warns at each call when it is given a device, and tch always passes one.
        Device::Cuda(_) => Ok(tensor.f_internal_pin_memory(device)?),
        _ => Ok(tensor),
    }
}

/// Copies a tensor from [`ready`] to the device.
fn sent(tensor: &Tensor, device: Device) -> Result<Tensor> {
    match device {
        Device::Cuda(_) => Ok(tensor.f_to_device_(device, tensor.kind(), true, false)?),
        _ => Ok(tensor.f_to_device(device)?),
    }
}

#[cfg(test)]
mod tests;
