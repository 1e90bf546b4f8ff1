//! Test-time views: the mean representation of a picture that is turned and mirrored.

use ndarray::Array2;
use tch::{Device, Kind, Tensor};
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;
use zoobot_data::catalog::Catalog;
use zoobot_data::picture::PictureCache;
use zoobot_representation::encoder::{Encoder, array};
use zoobot_representation::space::Space;
use zoobot_show::notebook::Progress;

/// The number of pictures that are encoded at a time.
const BATCH: usize = 16;
/// The number of symmetries of a square.
pub const MOST: usize = 8;

/// The mean representation of the first `views` of each picture's views: quarter turns, then their mirror
/// images. One view is the picture itself.
pub fn encode_views(encoder: &Encoder, catalog: &Catalog, views: usize) -> Result<Space> {
    if !(1..=MOST).contains(&views) {
        return Err(Error::parameter("views", views, format!("between 1 and {MOST}")));
    }
    if views == 1 {
        return encoder.encode(catalog);
    }
    let place = tempfile::tempdir().map_err(Error::io("create", "a folder"))?;
    let pictures = PictureCache::open(place.path(), catalog, encoder.recipe())?;
    if pictures.is_empty() {
        return encoder.encode(catalog);
    }
    let all: Vec<usize> = (0..pictures.len()).collect();
    let progress = Progress::new("encode views", Some(all.len()));
    let mut features: Vec<f32> = Vec::with_capacity(all.len() * encoder.width());
    for some in all.chunks(BATCH) {
        interrupt::check("encoding of views", || {
            format!("{} galaxies", features.len() / encoder.width())
        })?;
        let batch = pictures.batch(some, encoder.device())?;
        let mut sum: Option<Tensor> = None;
        for view in 0..views {
            let found = encoder.features(&seen(&batch, view)?)?;
            sum = Some(match sum {
                Some(sum) => sum.f_add(&found)?,
                None => found,
            });
        }
        let Some(sum) = sum else { continue };
        let mean = sum.f_div_scalar(views as f64)?.f_to_device(Device::Cpu)?;
        let mean = mean.f_to_kind(Kind::Float)?.f_contiguous()?.f_flatten(0, -1)?;
        features.extend(Vec::<f32>::try_from(mean)?);
        progress.advance(some.len());
    }
    let features: Array2<f32> = array(features, (all.len(), encoder.width()))?;
    Space::new(pictures.ids().to_vec(), features)?
        .with_origin(encoder.origin())
        .with_catalog(catalog)
}

/// A view of pictures `[n, channels, h, w]`.
pub fn seen(batch: &Tensor, view: usize) -> Result<Tensor> {
    let turned = batch.f_rot90((view % 4) as i64, [2, 3])?;
    Ok(if view >= 4 { turned.f_flip([3])? } else { turned })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eight_views_are_the_symmetries_of_a_square() {
        let picture = Tensor::arange(9, (Kind::Float, Device::Cpu)).view([1, 1, 3, 3]);
        let views: Vec<Vec<f32>> = (0..MOST)
            .map(|view| {
                Vec::try_from(seen(&picture, view).unwrap().contiguous().flatten(0, -1)).unwrap()
            })
            .collect();
        for (i, a) in views.iter().enumerate() {
            assert_eq!(a[4], 4.0);
            assert!(views.iter().skip(i + 1).all(|b| a != b), "{i}");
            // Corners stay corners.
            let mut corners = [a[0], a[2], a[6], a[8]];
            corners.sort_by(f32::total_cmp);
            assert_eq!(corners, [0.0, 2.0, 6.0, 8.0]);
        }
    }
}
