//! Random views of pictures for training: one batch at a time, on the batch's device, with one resampling.
//!
//! * [`draw`]: the random numbers for each picture, and the affine map that they define.
//! * [`gallery`](super::gallery): shows what a network sees.

mod draw;

use super::Recipe;
use draw::Draw;
use rand::{SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};
use zoobot_base::error::{Error, Result};

/// A crop of random size, shape and position that is enlarged to fill the frame.
///
/// ```
/// use zoobot_core::picture::{Augment, RandomCrop};
/// let crop = RandomCrop { area: (0.5, 1.0), ratio: (0.9, 1.1) };
/// Augment::none().crop(Some(crop)).check()?;
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RandomCrop {
    /// The minimum and maximum share of the picture's area.
    pub area: (f64, f64),
    /// The minimum and maximum ratio of width to height; drawn uniformly in the logarithm.
    pub ratio: (f64, f64),
}

/// Rectangles that are set to black.
///
/// ```
/// use zoobot_core::picture::{Augment, Erasing};
/// let two_boxes = Erasing { count: 2, area: (0.01, 0.05), ratio: (0.5, 2.0) };
/// Augment::zoobot().erasing(Some(two_boxes)).check()?;
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Erasing {
    /// The number of rectangles in each picture.
    pub count: usize,
    /// The minimum and maximum share of the picture's area.
    pub area: (f64, f64),
    /// The minimum and maximum ratio of height to width; drawn uniformly in the logarithm.
    pub ratio: (f64, f64),
}

/// Random views of a batch of pictures, in this order: rotation, shear, scale and translation about the
/// centre (as torchvision's `RandomAffine`), a random crop, flips, erasing. Areas outside a picture are
/// black.
///
/// ```
/// use zoobot_core::picture::{Augment, Recipe};
/// use zoobot_core::tch::{Device, Kind, Tensor};
/// let (augment, recipe) = (Augment::zoobot(), Recipe::zoobot());
/// // Pictures come whole, a little larger than the network wants them.
/// let side = augment.source(&recipe).size as i64;
/// assert_eq!(side, 269);
/// let batch = Tensor::rand([2, 3, side, side], (Kind::Float, Device::Cpu));
/// let views = augment.apply(&batch, &recipe, 1)?;
/// assert_eq!(views.size(), [2, 3, 224, 224]);
/// assert_eq!(views, augment.apply(&batch, &recipe, 1)?);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Augment {
    /// The maximum rotation in either direction, in degrees (0 to 180); positive angles turn the picture
    /// clockwise.
    pub rotation: f64,
    /// The maximum shift in any direction, as a share of the picture's side (0 to 1).
    pub translation: f64,
    /// The minimum and maximum magnification; `None` means the recipe's zoom.
    pub scale: Option<(f64, f64)>,
    /// The minimum and maximum shear along each axis, in degrees, drawn independently for each axis.
    pub shear: (f64, f64),
    /// A crop that is enlarged to fill the frame.
    pub crop: Option<RandomCrop>,
    /// The probability of a horizontal flip.
    pub flip_horizontal: f64,
    /// The probability of a vertical flip.
    pub flip_vertical: f64,
    /// Rectangles that are set to black.
    pub erasing: Option<Erasing>,
}

impl Default for Augment {
    /// [`zoobot`](Self::zoobot).
    fn default() -> Self {
        Self::zoobot()
    }
}

impl Augment {
    /// The default of the current zoobot package: rotation to 90° either way, translation to 0.1, scale 1.2
    /// to 1.4, shear 0 to 20°, both flips, and 5 rectangles of 0.2 to 0.7 % each.
    pub fn zoobot() -> Self {
        Self {
            rotation: 90.0,
            translation: 0.1,
            scale: Some((1.2, 1.4)),
            shear: (0.0, 20.0),
            crop: None,
            flip_horizontal: 0.5,
            flip_vertical: 0.5,
            erasing: Some(Erasing { count: 5, area: (0.002, 0.007), ratio: (0.5, 2.0) }),
        }
    }

    /// The zoobot package's default until 2.0: any rotation, a random crop of 70 to 80 % of the area with a
    /// width of 0.9 to 1.1 times its height, vertical flip.
    pub fn classic() -> Self {
        Self {
            rotation: 180.0,
            scale: Some((1.0, 1.0)),
            crop: Some(RandomCrop { area: (0.7, 0.8), ratio: (0.9, 1.1) }),
            flip_vertical: 0.5,
            ..Self::none()
        }
    }

    /// No augmentation: exactly what the network sees at inference.
    pub fn none() -> Self {
        Self {
            rotation: 0.0,
            translation: 0.0,
            scale: None,
            shear: (0.0, 0.0),
            crop: None,
            flip_horizontal: 0.0,
            flip_vertical: 0.0,
            erasing: None,
        }
    }

    /// Sets the maximum rotation in either direction, in degrees.
    pub fn rotation(mut self, degrees: f64) -> Self {
        self.rotation = degrees;
        self
    }

    /// Sets the maximum shift, as a share of the picture's side.
    pub fn translation(mut self, share: f64) -> Self {
        self.translation = share;
        self
    }

    /// Sets the minimum and maximum magnification.
    pub fn scale(mut self, smallest: f64, largest: f64) -> Self {
        self.scale = Some((smallest, largest));
        self
    }

    /// Sets the minimum and maximum shear along each axis, in degrees.
    pub fn shear(mut self, smallest: f64, largest: f64) -> Self {
        self.shear = (smallest, largest);
        self
    }

    /// Sets the random crop; `None` for none.
    pub fn crop(mut self, crop: Option<RandomCrop>) -> Self {
        self.crop = crop;
        self
    }

    /// Sets the probabilities of a horizontal and a vertical flip.
    pub fn flips(mut self, horizontal: f64, vertical: f64) -> Self {
        (self.flip_horizontal, self.flip_vertical) = (horizontal, vertical);
        self
    }

    /// Sets the rectangles that are set to black; `None` for none.
    pub fn erasing(mut self, erasing: Option<Erasing>) -> Self {
        self.erasing = erasing;
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the parameter that is out of range.
    pub fn check(&self) -> Result<()> {
        let within = |name: &'static str, value: f64, low: f64, high: f64| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            Err(Error::parameter(name, value, format!("between {low} and {high}")))
        };
        let range = |name: &'static str, (a, b): (f64, f64), low: f64, high: f64| {
            within(name, a, low, high)?;
            within(name, b, low, high)?;
            if a <= b {
                Ok(())
            } else {
                let range = "a range with the smaller number first";
                Err(Error::parameter(name, format!("{a} to {b}"), range))
            }
        };
        within("rotation", self.rotation, 0.0, 180.0)?;
        within("translation", self.translation, 0.0, 1.0)?;
        range("scale", self.scale.unwrap_or((1.0, 1.0)), 0.1, 10.0)?;
        range("shear", self.shear, -60.0, 60.0)?;
        within("flip_horizontal", self.flip_horizontal, 0.0, 1.0)?;
        within("flip_vertical", self.flip_vertical, 0.0, 1.0)?;
        if let Some(RandomCrop { area, ratio }) = self.crop {
            range("crop area", area, 0.01, 1.0)?;
            range("crop ratio", ratio, 0.1, 10.0)?;
        }
        if let Some(Erasing { count, area, ratio }) = self.erasing {
            within("erasing count", count as f64, 0.0, 1000.0)?;
            range("erasing area", area, 0.0, 1.0)?;
            range("erasing ratio", ratio, 0.1, 10.0)?;
        }
        Ok(())
    }

    /// Whether pictures are left unchanged.
    fn is_none(&self) -> bool {
        *self == Self::none()
    }

    /// The recipe that prepares pictures for [`apply`](Self::apply): without zoom, and large enough that the
    /// smallest magnification needs no upsampling. Everything else as in `recipe`.
    pub fn source(&self, recipe: &Recipe) -> Recipe {
        if self.is_none() {
            return recipe.clone();
        }
        let (smallest, _) = self.scale.unwrap_or((recipe.zoom, recipe.zoom));
        let crop = self.crop.map_or(1.0, |crop| crop.area.1);
        let size = (recipe.size as f64 * smallest.max(1.0) / crop.sqrt()).round() as usize;
        Recipe { zoom: 1.0, size, ..recipe.clone() }
    }

    /// Random views of a batch, in the size that `recipe` gives pictures. The seed decides the views; use a
    /// different seed for each batch of a training run.
    ///
    /// The batch comes from [`Recipe::batch`] of [`source`](Self::source), on any device. `recipe` is the
    /// network's; its mean and standard deviation define black.
    ///
    /// # Shapes
    /// From pictures x channels x side x side, of any side, to pictures x channels x size x size.
    ///
    /// # Errors
    /// [`Error::Parameter`] or [`Error::Unsuitable`] for parameters out of range; [`Error::Shape`] for a
    /// batch of another shape; [`Error::Torch`] when memory runs out.
    pub fn apply(&self, batch: &Tensor, recipe: &Recipe, seed: u64) -> Result<Tensor> {
        self.check()?;
        recipe.check()?;
        let shape = batch.size();
        let [pictures, channels, height, width] = shape[..] else {
            let problem = format!("the batch has the shape {shape:?}");
            return Err(Error::shape(problem, "Give pictures x channels x side x side"));
        };
        if channels != recipe.channels() as i64 || height != width || height == 0 || pictures == 0 {
            let problem = format!("the batch has the shape {shape:?}");
            let hint = format!("Give pictures x {} x side x side", recipe.channels());
            return Err(Error::shape(problem, hint));
        }
        if self.is_none() {
            return Ok(batch.shallow_clone());
        }
        let mut rng = StdRng::seed_from_u64(seed);
        let draws: Vec<Draw> = (0..pictures).map(|_| Draw::new(self, recipe, &mut rng)).collect();
        let black = black(recipe, batch)?;
        let views = resample(&batch.f_sub(&black)?, &draws, recipe.size as i64)?;
        let kept = keep(&draws, recipe.size, batch)?;
        Ok(views.f_mul(&kept)?.f_add(&black)?)
    }
}

/// The value of black to the network, 1 x channels x 1 x 1.
fn black(recipe: &Recipe, like: &Tensor) -> Result<Tensor> {
    let black: Vec<f32> =
        recipe.mean.iter().zip(recipe.std).take(recipe.channels()).map(|(m, s)| -m / s).collect();
    let black = Tensor::f_from_slice(&black)?.f_view([1, -1, 1, 1])?;
    Ok(black.f_to_device(like.device())?.f_to_kind(like.f_kind()?)?)
}

/// Resamples every picture by its own map, black outside.
fn resample(batch: &Tensor, draws: &[Draw], size: i64) -> Result<Tensor> {
    let (pictures, channels) = (draws.len() as i64, batch.size()[1]);
    let maps: Vec<f32> =
        draws.iter().flat_map(|draw| draw.map().map(|value| value as f32)).collect();
    let maps = Tensor::f_from_slice(&maps)?.f_view([pictures, 2, 3])?;
    let maps = maps.f_to_device(batch.device())?.f_to_kind(batch.f_kind()?)?;
    let grid = Tensor::f_affine_grid_generator(&maps, [pictures, channels, size, size], false)?;
    // Bilinear; zeros outside; the frame's corners are corners of pixels, not their centres.
    Ok(batch.f_grid_sampler(&grid, 0, 0, false)?)
}

/// A mask, 0 in the erased rectangles and 1 elsewhere: pictures x 1 x size x size, or a scalar 1.
fn keep(draws: &[Draw], size: usize, like: &Tensor) -> Result<Tensor> {
    let (pictures, device) = (draws.len() as i64, like.device());
    let count = draws.first().map_or(0, |draw| draw.boxes.len());
    let ones = [pictures, 1, size as i64, size as i64];
    if count == 0 {
        return Ok(Tensor::f_ones([1, 1, 1, 1], (like.f_kind()?, device))?);
    }
    let places = Tensor::f_arange(size as i64, (Kind::Int64, device))?.f_view([1, -1])?;
    // Which rows (or columns) of each picture are inside one of its rectangles.
    let inside = |start: &[i64], length: &[i64]| -> Result<Tensor> {
        let start = Tensor::f_from_slice(start)?.f_to_device(device)?.f_view([-1, 1])?;
        let length = Tensor::f_from_slice(length)?.f_to_device(device)?.f_view([-1, 1])?;
        let from = places.f_ge_tensor(&start)?;
        Ok(from.f_logical_and(&places.f_lt_tensor(&start.f_add(&length)?)?)?)
    };
    let mut erased = Tensor::f_zeros(ones, (Kind::Bool, device))?;
    for i in 0..count {
        let field = |of: fn(&draw::Rectangle) -> usize| -> Vec<i64> {
            draws.iter().map(|draw| of(&draw.boxes[i]) as i64).collect()
        };
        let rows = inside(&field(|b| b.y), &field(|b| b.height))?.f_view([pictures, 1, -1, 1])?;
        let columns = inside(&field(|b| b.x), &field(|b| b.width))?.f_view([pictures, 1, 1, -1])?;
        erased = erased.f_logical_or(&rows.f_logical_and(&columns)?)?;
    }
    Ok(erased.f_logical_not()?.f_to_kind(like.f_kind()?)?)
}

#[cfg(test)]
mod tests;
