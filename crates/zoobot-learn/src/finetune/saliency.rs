//! Which parts of a picture a prediction comes from: gradient-weighted class activation mapping (Grad-CAM,
//! Selvaraju et al. 2017, arXiv:1610.02391).

use crate::model::{Labels, Model};
use crate::train::Output;
use image::RgbImage;
use ndarray::{Array3, ArrayView2, ArrayView3, Axis};
use tch::{Device, Kind, Tensor, no_grad};
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::Catalog;
use zoobot_data::picture::{Failed, Failures, Prepared, Recipe, shown};
use zoobot_representation::encoder::Network;
use zoobot_show::figure::{self, Figure, style};
use zoobot_show::notebook::{Bundle, Gallery, Progress, Show, Tile};

/// The batch size in pictures.
const BATCH: usize = 16;
/// The number of galaxies that a notebook shows by default.
const SHOWN: usize = 12;
/// The maximum number of galaxies that can be shown.
const MOST: usize = 100;
/// The number of views: four rotations by quarter turns, each with and without mirroring.
const VIEWS: i64 = 8;
/// The opacity of the heat map where it is strongest.
const OPACITY: f64 = 0.65;

/// Heat maps of galaxies: which parts of the pictures support one output of a model.
///
/// A map is the sum of the network's last feature maps, each weighted by the mean gradient of the output's
/// score with respect to it; negative sums are set to 0. The score is the output of the head's linear layer,
/// before softmax or sigmoid. ResNets and EfficientNets pass the mean of the feature maps to the head
/// unchanged. For them, the map before negative values are set to 0 adds up to the score without its bias:
/// the class activation of Zhou et al. (2016).
///
/// The map is averaged over the eight rotated and mirrored views of a picture. A galaxy has no preferred
/// orientation, but a network whose convolutions pad one side more than the other (timm's `tf_` models)
/// favours a corner.
///
/// A map is coarse: each value covers about 32 x 32 pixels, and its receptive field extends far beyond them.
///
/// ```no_run
/// use zoobot_core::prelude::*;
/// let galaxies = Catalog::read("rings/catalog.csv")?;
/// let saliency = Model::load("rings-model")?.saliency(&galaxies.head(12), "1")?;
/// saliency.figure(12).save("saliency.pdf")?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Saliency {
    of: String,
    ids: Vec<String>,
    maps: Array3<f32>,
    answers: Vec<f64>,
    /// Whether the predictions are vote fractions or probabilities.
    shares: bool,
    catalog: Catalog,
    recipe: Recipe,
    failed: Failures,
}

impl Model {
    /// Heat maps of galaxies for one of the model's outputs, chosen by name: a class, a value, or an answer
    /// of a schema (`question_answer`).
    ///
    /// # Errors
    /// [`Error::Missing`] for another name, with the nearest one; [`Error::Picture`] when no picture can be
    /// read, and [`Error::Interrupted`] when stopped.
    pub fn saliency(&self, catalog: &Catalog, of: &str) -> Result<Saliency> {
        let names = self.names();
        let Some(place) = names.iter().position(|name| name == of) else {
            return Err(Error::missing(
                "output",
                of,
                format!("what {} predicts ({})", self.encoder().name(), names.join(", ")),
                names.iter().map(String::as_str),
            ));
        };
        let recipe = self.encoder().recipe().clone();
        let network = self.encoder().exact_network()?;
        let (ids, files) = (catalog.ids(), catalog.files());
        let (mut found, mut failed) = (Vec::new(), Vec::new());
        let (mut maps, mut answers) = (Vec::new(), Vec::new());
        let progress = Progress::new("saliency", Some(ids.len()));
        let all: Vec<usize> = (0..ids.len()).collect();
        for some in all.chunks(BATCH) {
            zoobot_base::interrupt::check("saliency", || format!("{} galaxies", found.len()))?;
            let mut pictures: Vec<Prepared> = Vec::new();
            for &row in some {
                match recipe.read(&files[row]) {
                    Ok(picture) => {
                        pictures.push(picture);
                        found.push(row);
                    }
                    Err(error) => failed.push(Failed {
                        id_str: ids[row].clone(),
                        file_loc: files[row].clone(),
                        reason: error.to_string(),
                    }),
                }
            }
            if !pictures.is_empty() {
                let batch = recipe.batch(&pictures, self.encoder().device())?;
                let (heat, features) = self.heat_of_views(&network, &batch, place)?;
                maps.push(heat.f_relu()?);
                answers.extend(self.said(&features, place)?);
            }
            progress.advance(some.len());
        }
        if let (true, Some(first)) = (found.is_empty(), failed.first()) {
            let reason = format!("no picture can be read; the first: {}", first.reason);
            return Err(Error::Picture { path: first.id_str.as_str().into(), reason });
        }
        if found.is_empty() {
            return Err(Error::empty("there are no galaxies to explain", "Give at least one"));
        }
        Ok(Saliency {
            of: of.to_owned(),
            ids: found.iter().map(|&row| ids[row].clone()).collect(),
            maps: array(&Tensor::f_cat(&maps, 0)?)?,
            answers,
            shares: self.head().output != Output::Numbers,
            catalog: catalog.at(&found)?,
            recipe,
            failed: failed.into(),
        })
    }

    /// The heat maps of a batch, averaged over the eight rotated and mirrored views, each rotated back; and
    /// the features of the original pictures.
    fn heat_of_views(
        &self,
        network: &Network,
        batch: &Tensor,
        place: usize,
    ) -> Result<(Tensor, Tensor)> {
        let (mut sum, features) = self.heat(network, batch, place)?;
        for view in 1..VIEWS {
            let (heat, _) = self.heat(network, &turned(batch, view)?, place)?;
            sum = sum.f_add(&turned_back(&heat, view)?)?;
        }
        Ok((sum.f_div_scalar(VIEWS)?, features))
    }

    /// The heat maps of a batch, `[n, rows, columns]`, and its features, both on the CPU. Evidence against
    /// the output is negative.
    fn heat(&self, network: &Network, batch: &Tensor, place: usize) -> Result<(Tensor, Tensor)> {
        let maps = no_grad(|| network.maps(batch))?.f_to_kind(Kind::Float)?.f_detach()?;
        let maps = maps.f_set_requires_grad(true)?;
        let features = network.pooled(&maps)?;
        let score = self.scores(&features)?.f_select(1, place as i64)?.f_sum(Kind::Float)?;
        let slopes = Tensor::f_run_backward(&[score], &[&maps], false, false)?;
        let [slopes] = &slopes[..] else {
            let found = format!("{} gradients of one tensor", slopes.len());
            return Err(Error::Internal(found));
        };
        no_grad(|| {
            let weights = slopes.f_mean_dim([2_i64, 3].as_slice(), true, Kind::Float)?;
            let heat = maps.f_mul(&weights)?;
            let heat = heat.f_sum_dim_intlist([1_i64].as_slice(), false, Kind::Float)?;
            Ok((heat.f_to_device(Device::Cpu)?, features.f_detach()?.f_to_device(Device::Cpu)?))
        })
    }

    /// The model's prediction for one output: a probability, a vote fraction, or a number.
    fn said(&self, features: &Tensor, place: usize) -> Result<Vec<f64>> {
        let outputs = match self.labels() {
            Labels::Votes(schema) => {
                let mut outputs = self.outputs(features, None)?;
                for question in schema.questions() {
                    for mut row in outputs.axis_iter_mut(Axis(0)) {
                        let mut of = row.slice_mut(ndarray::s![question.range()]);
                        let sum = of.sum();
                        of /= sum;
                    }
                }
                outputs
            }
            _ => self.answers_to(features)?,
        };
        Ok(outputs.column(place).to_vec())
    }
}

/// Rotates pictures `[…, rows, columns]` by quarter turns; the last four views are mirrored first.
fn turned(pictures: &Tensor, view: i64) -> Result<Tensor> {
    let pictures = match view >= VIEWS / 2 {
        true => pictures.f_flip([-1])?,
        false => pictures.shallow_clone(),
    };
    Ok(pictures.f_rot90(view % 4, [-2, -1])?)
}

/// The inverse of [`turned`].
fn turned_back(maps: &Tensor, view: i64) -> Result<Tensor> {
    let maps = maps.f_rot90(-(view % 4), [-2, -1])?;
    Ok(if view >= VIEWS / 2 { maps.f_flip([-1])? } else { maps })
}

/// Maps `[n, rows, columns]` as an array.
fn array(maps: &Tensor) -> Result<Array3<f32>> {
    let size = maps.size();
    let values: Vec<f32> = Vec::try_from(maps.f_contiguous()?.f_flatten(0, -1)?)?;
    let shape = (size[0] as usize, size[1] as usize, size[2] as usize);
    Array3::from_shape_vec(shape, values)
        .map_err(Error::internal("the heat maps do not fill their array"))
}

impl Saliency {
    /// The name of the output that the maps explain.
    pub fn of(&self) -> &str {
        &self.of
    }

    /// The galaxies, in order.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The model's prediction for each galaxy: a probability, a vote fraction, or a number.
    pub fn answers(&self) -> &[f64] {
        &self.answers
    }

    /// Galaxies x rows x columns, at least 0. The first value is the upper left corner of the picture.
    pub fn maps(&self) -> ArrayView3<'_, f32> {
        self.maps.view()
    }

    /// The galaxies whose pictures could not be read, each with the reason.
    pub fn failed(&self) -> &Failures {
        &self.failed
    }

    /// The first `n` galaxies as the network sees them, each next to a copy with its heat map. Yellow marks
    /// the maximum of that galaxy.
    ///
    /// # If it cannot be drawn
    /// [`Error::Parameter`] for an `n` of 0 or above 100; [`Error::Picture`] when a picture can no longer
    /// be read.
    pub fn gallery(&self, n: usize) -> Gallery {
        self.in_rows(n).into()
    }

    fn in_rows(&self, n: usize) -> Result<Gallery> {
        let mut tiles = Vec::new();
        for (row, (plain, heated)) in self.pictures(n)?.into_iter().enumerate() {
            tiles.push(Tile::of(self.ids[row].as_str(), plain).caption("as the network sees it"));
            tiles.push(Tile::of(self.ids[row].as_str(), heated).caption(self.caption(row)));
        }
        Ok(Gallery::new(tiles)
            .title(format!("Where {:?} is seen: yellow is the strongest evidence", self.of)))
    }

    /// The [`gallery`](Self::gallery) as a figure that can be saved.
    ///
    /// # If it cannot be drawn
    /// As for [`gallery`](Self::gallery).
    pub fn figure(&self, n: usize) -> Figure {
        self.drawn(n).into()
    }

    fn drawn(&self, n: usize) -> Result<Figure> {
        let mut tiles = Vec::new();
        for (row, (plain, heated)) in self.pictures(n)?.into_iter().enumerate() {
            tiles.push((plain, self.ids[row].clone()));
            tiles.push((heated, self.caption(row)));
        }
        Ok(figure::pictures(&tiles, 6, &format!("where {:?} is seen", self.of)))
    }

    fn caption(&self, row: usize) -> String {
        match self.shares {
            true => format!("{}: {:.0} %", self.of, 100.0 * self.answers[row]),
            false => format!("{}: {:.4}", self.of, self.answers[row]),
        }
    }

    /// The first galaxies, without and with their heat maps.
    fn pictures(&self, n: usize) -> Result<Vec<(RgbImage, RgbImage)>> {
        if n == 0 || n > MOST {
            return Err(Error::parameter("n", n, format!("between 1 and {MOST}")));
        }
        let files = self.catalog.files();
        let one = |(file, map): (&std::path::PathBuf, ArrayView2<f32>)| {
            let prepared = self.recipe.read(file)?;
            let batch = self.recipe.batch(&[prepared], Device::Cpu)?;
            let plain = shown(&batch.f_get(0)?, &self.recipe)?;
            let heated = over(&plain, map)?;
            Ok((plain, heated))
        };
        files.iter().zip(self.maps.outer_iter()).take(n).map(one).collect()
    }
}

/// A picture overlaid with a heat map, which is brightest where the map is largest.
fn over(picture: &RgbImage, map: ArrayView2<f32>) -> Result<RgbImage> {
    let (rows, columns) = map.dim();
    let flat: Vec<f32> = map.iter().copied().collect();
    let heat = Tensor::f_from_slice(&flat)?.f_view([1, 1, rows as i64, columns as i64])?;
    let size = [i64::from(picture.height()), i64::from(picture.width())];
    let heat = heat.f_upsample_bilinear2d(size, false, None, None)?;
    let heat: Vec<f32> = Vec::try_from(heat.f_contiguous()?.f_flatten(0, -1)?)?;
    let most = heat.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    let mut heated = picture.clone();
    for (pixel, heat) in heated.pixels_mut().zip(heat) {
        let share = f64::from(heat / most);
        let colour = style::colour_of(share);
        let cover = OPACITY * share;
        for (part, ink) in pixel.0.iter_mut().zip([colour.0, colour.1, colour.2]) {
            *part = (f64::from(*part) * (1.0 - cover) + f64::from(ink) * cover).round() as u8;
        }
    }
    Ok(heated)
}

impl Show for Saliency {
    fn show(&self) -> Bundle {
        self.gallery(self.ids.len().min(SHOWN)).show()
    }
}

#[cfg(test)]
mod tests;
