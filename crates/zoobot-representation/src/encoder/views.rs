//! Views: a picture that is turned, mirrored and magnified, and the mean of its views' features.

use super::{Encoder, Network};
use tch::Tensor;
use zoobot_base::error::{Error, Result};

/// The largest number of views: the symmetries of a square.
const MOST: usize = 8;
/// How much every second view is magnified about its centre: the strongest magnification of the training views.
const MAGNIFICATION: f64 = 1.4;

impl Encoder {
    /// Returns the encoder with a number of views of each picture, 1 to 8, whose features it averages. Encoding then takes
    /// as many times longer. Default 1, the picture as it is.
    ///
    /// The views are quarter turns, then quarter turns of the mirror image; every second one is magnified 1.4 times.
    /// Means are comparable with the features of single views and scatter less about what the galaxy looks like.
    ///
    /// ```no_run
    /// use zoobot_core::prelude::*;
    /// let encoder = Encoder::load("sample")?.with_views(4)?;
    /// let space = encoder.encode(&Catalog::sample()?)?;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Parameter`] for another number.
    pub fn with_views(mut self, views: usize) -> Result<Self> {
        if !(1..=MOST).contains(&views) {
            return Err(Error::parameter("views", views, format!("between 1 and {MOST}")));
        }
        self.views = views;
        Ok(self)
    }

    /// The number of views of each picture.
    pub fn views(&self) -> usize {
        self.views
    }
}

/// The mean features of the first views of pictures, `[n, channels, h, w]`.
pub(super) fn features(network: &Network, pictures: &Tensor, views: usize) -> Result<Tensor> {
    let mut sum = network.features(pictures)?;
    if views == 1 {
        return Ok(sum);
    }
    for view in 1..views {
        sum = sum.f_add(&network.features(&seen(pictures, view)?)?)?;
    }
    Ok(sum.f_div_scalar(views as f64)?)
}

/// A view of pictures, `[n, channels, size, size]`.
fn seen(pictures: &Tensor, view: usize) -> Result<Tensor> {
    let mut seen = pictures.f_rot90((view % 4) as i64, [2, 3])?;
    if view >= 4 {
        seen = seen.f_flip([3])?;
    }
    if view.is_multiple_of(2) {
        return Ok(seen);
    }
    let size = pictures.size()[3];
    let part = (size as f64 / MAGNIFICATION).round() as i64;
    let first = (size - part) / 2;
    let middle = seen.f_narrow(2, first, part)?.f_narrow(3, first, part)?;
    Ok(middle.f_upsample_bilinear2d([size, size], false, None, None)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind};
    use zoobot_data::picture::Recipe;
    use zoobot_nets::network::Architecture;

    fn encoder() -> Encoder {
        let network = Architecture::named("tf_efficientnet_lite0").unwrap();
        Encoder::untrained(network, Recipe { size: 64, ..Recipe::imagenet_lite() }, 1).unwrap()
    }

    #[test]
    fn views_are_different_symmetries_and_every_second_is_the_magnified_middle() {
        let size = 14_i64;
        let pictures = Tensor::arange(size * size, (Kind::Float, Device::Cpu));
        let pictures = pictures.view([1, 1, size, size]);
        let views: Vec<Tensor> = (0..MOST).map(|view| seen(&pictures, view).unwrap()).collect();
        for (i, a) in views.iter().enumerate() {
            assert_eq!(a.size(), pictures.size());
            assert!(views[..i].iter().all(|b| !a.equal(b)));
        }
        assert!(views[0].equal(&pictures));
        assert!(views[2].equal(&pictures.flip([2, 3])));
        assert!(views[4].equal(&pictures.flip([3])));
        // The ramp is 10 / 14 as steep in both directions, about the same middle.
        let of = |y: i64, x: i64| views[5].double_value(&[0, 0, y, x]);
        let mut slopes = [of(7, 7) - of(7, 6), of(7, 7) - of(6, 7)].map(f64::abs);
        slopes.sort_by(f64::total_cmp);
        assert!((slopes[0] - 10.0 / 14.0).abs() < 1e-3 && (slopes[1] - 10.0).abs() < 1e-3);
        assert!((views[5].mean(Kind::Double).double_value(&[]) - 97.5).abs() < 1e-3);
    }

    #[test]
    fn features_are_the_mean_of_those_of_the_views() {
        let encoder = encoder();
        let pictures = Tensor::rand([2, 3, 64, 64], (Kind::Float, Device::Cpu));
        let network = encoder.network().unwrap();
        let found = tch::no_grad(|| features(&network, &pictures, 3).unwrap());
        let each: Vec<Tensor> =
            (0..3).map(|view| encoder.features(&seen(&pictures, view).unwrap()).unwrap()).collect();
        let mean = Tensor::stack(&each, 0).mean_dim([0].as_slice(), false, Kind::Float);
        assert!((found - mean).abs().max().double_value(&[]) < 1e-5);
    }

    #[test]
    fn a_number_of_views_out_of_range_is_refused() {
        for views in [0, 9] {
            let message = encoder().with_views(views).unwrap_err().to_string();
            assert!(message.contains("views") && message.contains(&views.to_string()), "{message}");
        }
        assert_ne!(encoder().mark().unwrap(), encoder().with_views(2).unwrap().mark().unwrap());
    }
}
