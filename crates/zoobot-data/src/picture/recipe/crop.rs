//! The part of a picture that is cut out before all other steps.

use image::RgbImage;
use serde::{Deserialize, Serialize};
use zoobot_base::error::{Error, Result};

/// A fixed part of every picture, in the picture's own pixels.
///
/// ```
/// use zoobot_core::picture::{Crop, Recipe};
/// let recipe = Recipe { crop: Some(Crop::Centre(200, 200)), ..Recipe::zoobot() };
/// assert_eq!(recipe, Recipe::zoobot().centre(200, 200));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Crop {
    /// The middle: width, height. Half a pixel is rounded to even, as in torchvision.
    Centre(u32, u32),
    /// A box: first column, first row (from the top), width, height.
    Box(u32, u32, u32, u32),
}

impl Crop {
    /// Checks the sizes.
    pub(super) fn check(self) -> Result<()> {
        let (Self::Centre(width, height) | Self::Box(_, _, width, height)) = self;
        if width == 0 || height == 0 {
            let value = format!("{width} x {height}");
            return Err(Error::parameter("crop", value, "at least 1 x 1 pixels"));
        }
        Ok(())
    }

    /// Cuts the part out of a picture.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] when the part reaches beyond the picture.
    pub(super) fn of(self, picture: &RgbImage) -> Result<RgbImage> {
        let (all_wide, all_high) = picture.dimensions();
        let middle = |all: u32, part: u32| {
            (f64::from(all.saturating_sub(part)) / 2.0).round_ties_even() as u32
        };
        let (x, y, width, height) = match self {
            Self::Centre(w, h) => (middle(all_wide, w), middle(all_high, h), w, h),
            Self::Box(x, y, w, h) => (x, y, w, h),
        };
        let fits =
            |start: u32, part: u32, all: u32| start.checked_add(part).is_some_and(|end| end <= all);
        if !fits(x, width, all_wide) || !fits(y, height, all_high) {
            let problem = format!(
                "the crop of {width} x {height} pixels at ({x}, {y}) does not fit into the picture of \
                 {all_wide} x {all_high} pixels"
            );
            return Err(Error::unsuitable(problem, "Choose a smaller crop, or larger pictures"));
        }
        Ok(image::imageops::crop_imm(picture, x, y, width, height).to_image())
    }
}
