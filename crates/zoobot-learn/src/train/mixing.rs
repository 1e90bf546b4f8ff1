//! Mixup: blending galaxies with each other, including their labels (Zhang et al. 2018, arXiv:1710.09412).

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand_distr::{Beta, Distribution};
use tch::Tensor;
use zoobot_base::error::{Error, Result};
use zoobot_base::seed::mixed;

/// Separates the random numbers of mixup from those of augmentation and dropout in the same step.
const STREAM: u64 = 0x6d69_7875_7000;

/// How the galaxies of a batch are blended: each keeps the fraction `share` of itself, and another galaxy
/// provides the rest.
#[derive(Debug)]
pub struct Mix {
    share: f64,
    others: Tensor,
}

impl Mix {
    /// Draws the share from Beta(strength, strength) and pairs the galaxies of a batch at random; `None` for
    /// a strength of 0.
    pub fn draw(strength: f64, galaxies: usize, seed: u64) -> Result<Option<Self>> {
        if strength == 0.0 {
            return Ok(None);
        }
        let mut rng = StdRng::seed_from_u64(mixed(seed, STREAM));
        let beta = Beta::new(strength, strength)
            .map_err(|_| Error::parameter("mixup", strength, "between 0 (none) and 100"))?;
        let share = beta.sample(&mut rng);
        let mut others: Vec<i64> = (0..galaxies as i64).collect();
        others.shuffle(&mut rng);
        Ok(Some(Self { share, others: Tensor::f_from_slice(&others)? }))
    }

    /// Blends pictures or features.
    pub fn blend(&self, inputs: &Tensor) -> Result<Tensor> {
        Ok(inputs.f_lerp(&self.of_others(inputs)?, 1.0 - self.share)?)
    }

    /// The loss against both labels, weighted by their shares.
    pub fn loss(&self, targets: &Tensor, of: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
        let (own, other) = (of(targets)?, of(&self.of_others(targets)?)?);
        Ok(own.f_mul_scalar(self.share)?.f_add(&other.f_mul_scalar(1.0 - self.share)?)?)
    }

    fn of_others(&self, rows: &Tensor) -> Result<Tensor> {
        Ok(rows.f_index_select(0, &self.others.f_to_device(rows.device())?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_and_labels_are_blended_by_the_same_share() {
        assert!(Mix::draw(0.0, 4, 1).unwrap().is_none());
        let mix = Mix::draw(0.4, 4, 1).unwrap().unwrap();
        let same = Mix::draw(0.4, 4, 1).unwrap().unwrap();
        assert!((0.0..=1.0).contains(&mix.share));
        assert_eq!((mix.share, &mix.others), (same.share, &same.others));
        // The squared error against blended numbers has this gradient, so labels are blended like the
        // pictures: the loss of a prediction for a blend is smallest at the blend of the labels.
        let labels = Tensor::from_slice(&[1.0_f32, 2.0, 4.0, 8.0]).view([4, 1]);
        let outputs = mix.blend(&labels).unwrap().set_requires_grad(true);
        let square =
            |targets: &Tensor| Ok((&outputs - targets).f_square()?.f_sum(tch::Kind::Float)?);
        mix.loss(&labels, square).unwrap().backward();
        assert!(outputs.grad().abs().max().double_value(&[]) < 1e-5);
        // The shares spread over 0 to 1, symmetrically about a half.
        let shares: Vec<f64> =
            (0..400).map(|seed| Mix::draw(0.4, 4, seed).unwrap().unwrap().share).collect();
        let mean = shares.iter().sum::<f64>() / 400.0;
        assert!((mean - 0.5).abs() < 0.06, "{mean}");
        assert!(shares.iter().any(|it| *it < 0.05) && shares.iter().any(|it| *it > 0.95));
    }
}
