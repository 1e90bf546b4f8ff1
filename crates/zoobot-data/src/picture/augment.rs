//! Random views of pictures for training: a batch at once, on the batch's device, in one resampling.
//!
//! * [`draw`]: the random numbers of each picture, and the affine map that they make.
//! * [`gallery`](super::gallery): what a network sees.

mod draw;

use super::Recipe;
use draw::Draw;
use rand::{SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};
use zoobot_base::error::{Error, Result};

/// A part of random size, shape and place that is cut out and fills the frame.
///
/// ```
/// use zoobot_core::picture::{Augment, RandomCrop};
/// let crop = RandomCrop { area: (0.5, 1.0), ratio: (0.9, 1.1) };
/// Augment::none().crop(Some(crop)).check()?;
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RandomCrop {
    /// Its smallest and largest share of the picture's area.
    pub area: (f64, f64),
    /// Its smallest and largest width over height; even chances on a logarithmic scale.
    pub ratio: (f64, f64),
}

/// Rectangles that are blackened.
///
/// ```
/// use zoobot_core::picture::{Augment, Erasing};
/// let two_boxes = Erasing { count: 2, area: (0.01, 0.05), ratio: (0.5, 2.0) };
/// Augment::zoobot().erasing(Some(two_boxes)).check()?;
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Erasing {
    /// How many in each picture.
    pub count: usize,
    /// Smallest and largest share of the picture's area.
    pub area: (f64, f64),
    /// Smallest and largest height over width; even chances on a logarithmic scale.
    pub ratio: (f64, f64),
}

/// Random views of a batch of pictures, in this order: rotation, shear, scale and translation about
/// the centre (as torchvision's `RandomAffine`), a random crop, flips, erasing. Areas
/// outside a picture are black.
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
    /// The largest rotation to either side, in degrees (0 to 180); positive turns the picture
    /// clockwise.
    pub rotation: f64,
    /// The largest shift to any side, as a share of the picture's side (0 to 1).
    pub translation: f64,
    /// Smallest and largest magnification; `None` is the recipe's zoom.
    pub scale: Option<(f64, f64)>,
    /// Smallest and largest shear along each axis, in degrees, drawn for each by itself.
    pub shear: (f64, f64),
    /// A part that is cut out and fills the frame.
    pub crop: Option<RandomCrop>,
    /// The probability that left and right change places.
    pub flip_horizontal: f64,
    /// The probability that top and bottom change places.
    pub flip_vertical: f64,
    /// Rectangles that are blackened.
    pub erasing: Option<Erasing>,
}

impl Default for Augment {
    /// [`zoobot`](Self::zoobot).
    fn default() -> Self {
        Self::zoobot()
    }
}

impl Augment {
    /// The default of today's zoobot package: rotation to 90° either way, translation to 0.1,
    /// scale 1.2 to 1.4, shear 0 to 20°, both flips, and 5 rectangles of 0.2 to 0.7 % each.
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

    /// The default until 2.0: any rotation, a random crop of 70 to 80 % of the area with sides
    /// 0.9 to 1.1 of each other, vertical flip.
    pub fn classic() -> Self {
        Self {
            rotation: 180.0,
            scale: Some((1.0, 1.0)),
            crop: Some(RandomCrop { area: (0.7, 0.8), ratio: (0.9, 1.1) }),
            flip_vertical: 0.5,
            ..Self::none()
        }
    }

    /// What the network sees at inference, unchanged.
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

    /// Sets the largest rotation to either side, in degrees.
    pub fn rotation(mut self, degrees: f64) -> Self {
        self.rotation = degrees;
        self
    }

    /// Sets the largest shift, as a share of the picture's side.
    pub fn translation(mut self, share: f64) -> Self {
        self.translation = share;
        self
    }

    /// Sets the smallest and the largest magnification.
    pub fn scale(mut self, smallest: f64, largest: f64) -> Self {
        self.scale = Some((smallest, largest));
        self
    }

    /// Sets the smallest and the largest shear along each axis, in degrees.
    pub fn shear(mut self, smallest: f64, largest: f64) -> Self {
        self.shear = (smallest, largest);
        self
    }

    /// Sets the part that is cut out; `None` for none.
    pub fn crop(mut self, crop: Option<RandomCrop>) -> Self {
        self.crop = crop;
        self
    }

    /// Sets the probabilities of a horizontal and a vertical flip.
    pub fn flips(mut self, horizontal: f64, vertical: f64) -> Self {
        (self.flip_horizontal, self.flip_vertical) = (horizontal, vertical);
        self
    }

    /// Sets the rectangles that are blackened; `None` for none.
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

    /// Whether nothing is done to a picture.
    fn is_none(&self) -> bool {
        *self == Self::none()
    }

    /// The recipe by which pictures are prepared for [`apply`](Self::apply): whole, and so large
    /// that the smallest magnification needs no pixels between theirs. Everything else as `recipe`.
    pub fn source(&self, recipe: &Recipe) -> Recipe {
        if self.is_none() {
            return recipe.clone();
        }
        let (smallest, _) = self.scale.unwrap_or((recipe.zoom, recipe.zoom));
        let crop = self.crop.map_or(1.0, |crop| crop.area.1);
        let size = (recipe.size as f64 * smallest.max(1.0) / crop.sqrt()).round() as usize;
        Recipe { zoom: 1.0, size, ..recipe.clone() }
    }

    /// Random views of a batch, as large as `recipe` makes pictures. The seed decides the views; use
    /// another seed for each batch of a training.
    ///
    /// The batch is what [`Recipe::batch`] of [`source`](Self::source) makes, on any device. `recipe`
    /// is the network's; its mean and standard deviation say what black is.
    ///
    /// # Shapes
    /// pictures x channels x side x side, of any side, to pictures x channels x size x size.
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

/// What black is to the network, 1 x channels x 1 x 1.
fn black(recipe: &Recipe, like: &Tensor) -> Result<Tensor> {
    let black: Vec<f32> =
        recipe.mean.iter().zip(recipe.std).take(recipe.channels()).map(|(m, s)| -m / s).collect();
    let black = Tensor::f_from_slice(&black)?.f_view([1, -1, 1, 1])?;
    Ok(black.f_to_device(like.device())?.f_to_kind(like.f_kind()?)?)
}

/// Every picture seen through its own map, black outside.
fn resample(batch: &Tensor, draws: &[Draw], size: i64) -> Result<Tensor> {
    let (pictures, channels) = (draws.len() as i64, batch.size()[1]);
    let maps: Vec<f32> =
        draws.iter().flat_map(|draw| draw.map().map(|value| value as f32)).collect();
    let maps = Tensor::f_from_slice(&maps)?.f_view([pictures, 2, 3])?;
    let maps = maps.f_to_device(batch.device())?.f_to_kind(batch.f_kind()?)?;
    let grid = Tensor::f_affine_grid_generator(&maps, [pictures, channels, size, size], false)?;
    // Bilinear; zeros outside; the corners of the frame are those of the pixels, not their centres.
    Ok(batch.f_grid_sampler(&grid, 0, 0, false)?)
}

/// 0 in the rectangles that are erased and 1 elsewhere: pictures x 1 x size x size, or 1.
fn keep(draws: &[Draw], size: usize, like: &Tensor) -> Result<Tensor> {
    let (pictures, device) = (draws.len() as i64, like.device());
    let count = draws.first().map_or(0, |draw| draw.boxes.len());
    let ones = [pictures, 1, size as i64, size as i64];
    if count == 0 {
        return Ok(Tensor::f_ones([1, 1, 1, 1], (like.f_kind()?, device))?);
    }
    let places = Tensor::f_arange(size as i64, (Kind::Int64, device))?.f_view([1, -1])?;
    // Which rows (or columns) of each picture lie within one of its rectangles.
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
