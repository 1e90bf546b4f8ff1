//! The simulator: a survey of galaxies whose true morphology is known.

use super::canvas::Canvas;
use super::instrument::Conditions;
use super::morphology::{Body, Kind, Morphology};
use super::surveys::{Frame, Survey};
use super::volunteers::Labels;
use super::{artifact, draw, field, paint};
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng, rngs::StdRng};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::Catalog;
use zoobot_show::notebook::Progress;

/// Angular resolution of the default pictures, in arcsec per pixel.
const PIXEL_SCALE: f64 = 0.6;

/// The field of view in which galaxies have their usual sizes, and the minimum field of a frame that follows
/// the galaxy, in arcsec.
const USUAL_FIELD: f64 = 77.0;
const MIN_FIELD: f64 = 12.0;

/// A survey to simulate: the number of galaxies, the seed, and settings of the pictures.
///
/// ```
/// use zoobot_core::survey::Simulation;
/// let survey = Simulation::new(16).seed(7).size(64);
/// let first = survey.galaxy(0)?;
/// assert_eq!(first.picture.dimensions(), (64, 64));
/// assert_eq!(first.picture, survey.galaxy(0)?.picture);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Simulation {
    /// The number of galaxies. Default 600.
    pub galaxies: usize,
    /// The seed of all random numbers. Default 1.
    pub seed: u64,
    /// Width and height of a picture in pixels, 16 to 2048. Default 128.
    pub size: u32,
    /// JPEG quality, 1 to 100. Default 90.
    pub quality: u8,
    /// Width of the field of view in arcsec, for any number of pixels; the sizes of galaxies on the sky scale
    /// with it. Default 76.8, which is 0.6 arcsec per pixel at 128 pixels. In surveys whose frame follows the
    /// galaxy, it sets only the sizes.
    pub field_of_view: f64,
    /// The kinds to draw from, each as often as it occurs in the list. Default: [`Kind::SAMPLE`].
    pub kinds: Vec<Kind>,
    /// The survey that takes the pictures. Default [`Survey::Legacy`].
    pub survey: Survey,
    /// The schema that volunteers answer about every galaxy, as a name or the path of a `.json` file. Default
    /// none.
    pub votes: Option<String>,
    /// The share of galaxies that get free-text tags, 0 to 1. Default 0.
    pub tags: f64,
}

impl Default for Simulation {
    fn default() -> Self {
        Self {
            galaxies: 600,
            seed: 1,
            size: 128,
            quality: 90,
            field_of_view: 128.0 * PIXEL_SCALE,
            kinds: Kind::SAMPLE.to_vec(),
            survey: Survey::Legacy,
            votes: None,
            tags: 0.0,
        }
    }
}

/// A galaxy of a [`Simulation`]: its true properties and its picture.
#[derive(Debug, Clone)]
pub struct SimulatedGalaxy {
    /// The name; `SIM000001` for the first galaxy.
    pub id_str: String,
    /// The parameters of its parts.
    pub morphology: Morphology,
    /// The conditions under which its picture was taken.
    pub conditions: Conditions,
    /// Measurements of its light before telescope, neighbours and noise.
    pub truth: TrueProperties,
    /// Width of the picture on the sky, in arcsec.
    pub field_of_view: f64,
    /// The picture, with the survey's reddest band as red and its bluest as blue.
    pub picture: RgbImage,
}

/// Measurements of a galaxy's own light, before telescope, neighbours and noise; `None` for objects
/// that are not galaxies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TrueProperties {
    /// Radius of the circle that contains half of the r light in the picture, in arcsec.
    pub radius: Option<f64>,
    /// r magnitude of the light in the picture, including extinction by the galaxy's own dust.
    pub magnitude: Option<f64>,
    /// `g - r` of that light.
    pub colour: Option<f64>,
    /// Axis ratio (minor over major), from the second moments of the r light.
    pub axis_ratio: Option<f64>,
}

impl Simulation {
    /// A survey of this many galaxies, with default settings.
    pub fn new(galaxies: usize) -> Self {
        Self { galaxies, ..Self::default() }
    }

    /// Sets the seed.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Sets the width and height in pixels, 16 to 2048; the field of view is unchanged.
    pub fn size(self, size: u32) -> Self {
        Self { size, ..self }
    }

    /// Sets the JPEG quality, 1 to 100.
    pub fn quality(self, quality: u8) -> Self {
        Self { quality, ..self }
    }

    /// Sets the kinds to draw from, each as often as it occurs in the list.
    pub fn kinds(self, kinds: impl Into<Vec<Kind>>) -> Self {
        Self { kinds: kinds.into(), ..self }
    }

    /// Makes volunteers answer the questions of a schema, given as a name or the path of a `.json` file.
    pub fn volunteers(self, schema: impl Into<String>) -> Self {
        Self { votes: Some(schema.into()), ..self }
    }

    /// Adds free-text tags to a share of the galaxies, 0 to 1; 0.2 is already a lot.
    pub fn tags(self, share: f64) -> Self {
        Self { tags: share, ..self }
    }

    /// Sets the survey that takes the pictures. A given seed produces the same galaxies in every survey.
    pub fn survey(self, survey: Survey) -> Self {
        Self { survey, ..self }
    }

    /// Draws the kinds with their frequencies in the sky: [`Kind::sky`].
    pub fn realistic(self) -> Self {
        self.kinds(Kind::sky())
    }

    /// Creates galaxy `i`, from 0. It depends only on the seed, `i` and the settings, not on the number of
    /// galaxies or threads.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a setting out of range or `i` beyond the last galaxy; [`Error::Empty`]
    /// without a kind.
    pub fn galaxy(&self, i: usize) -> Result<SimulatedGalaxy> {
        self.check()?;
        if i >= self.galaxies {
            return Err(Error::parameter("i", i, format!("between 0 and {}", self.galaxies - 1)));
        }
        Ok(self.make(i))
    }

    /// Writes `images/ID.jpg` and `catalog.csv` under a folder and returns the catalogue.
    ///
    /// With [`volunteers`](Self::volunteers) the catalogue has a column of counts for each answer, and
    /// `fractions.csv` the fractions that a very large number of volunteers would give. With
    /// [`tags`](Self::tags) there is a `tags.csv` with `id_str`, `tag`, `user` and `time`, and a
    /// `visible.csv` with `id_str` and `tag` that lists everything that people could have tagged: see
    /// [`visible`].
    ///
    /// [`visible`]: super::visible
    ///
    /// # Errors
    /// [`Error::Parameter`] for a setting out of range, [`Error::Missing`] or [`Error::Schema`] for a schema
    /// that is unknown or cannot be answered, [`Error::Io`] when a file cannot be written,
    /// [`Error::Interrupted`] when stopped. The catalogue is written last, so a folder that contains one is
    /// complete.
    pub fn write(&self, folder: impl AsRef<Path>) -> Result<Catalog> {
        self.check()?;
        let labels = Labels::of(self)?;
        let folder = folder.as_ref();
        let images = folder.join("images");
        fs::create_dir_all(&images).map_err(Error::io("create", &images))?;
        let path = folder.join("catalog.csv");
        // The catalogue of an older survey must not remain beside the new pictures.
        if path.exists() {
            fs::remove_file(&path).map_err(Error::io("replace", &path))?;
        }
        let rows = self.each(|galaxy| {
            let file = folder.join(galaxy.file_loc());
            fs::write(&file, galaxy.jpeg(self.quality)?).map_err(Error::io("write", &file))?;
            Ok(labels.row(&galaxy))
        })?;
        fs::write(&path, labels.write(&rows, folder)?).map_err(Error::io("write", &path))?;
        Catalog::read(path)
    }

    /// Creates every galaxy, in parallel, and collects the result of a function for each, in order.
    pub(crate) fn each<T: Send>(
        &self,
        keep: impl Fn(SimulatedGalaxy) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        self.check()?;
        let progress = Progress::new("simulate", Some(self.galaxies));
        let one = |i| {
            let so_far = || format!("{} of {} galaxies", progress.done(), self.galaxies);
            zoobot_base::interrupt::check("simulate", so_far)?;
            let kept = keep(self.make(i))?;
            progress.advance(1);
            Ok(kept)
        };
        (0..self.galaxies).into_par_iter().map(one).collect()
    }

    fn check(&self) -> Result<()> {
        if self.galaxies == 0 {
            return Err(Error::parameter("galaxies", 0, "at least 1"));
        }
        if !(16..=2048).contains(&self.size) {
            return Err(Error::parameter("size", self.size, "between 16 and 2048 pixels"));
        }
        if !(1..=100).contains(&self.quality) {
            return Err(Error::parameter("quality", self.quality, "between 1 and 100"));
        }
        if !(10.0..=1000.0).contains(&self.field_of_view) {
            let range = "between 10 and 1000 arcsec";
            return Err(Error::parameter("field_of_view", self.field_of_view, range));
        }
        if !(0.0..=1.0).contains(&self.tags) {
            return Err(Error::parameter("tags", self.tags, "between 0 and 1"));
        }
        if self.kinds.is_empty() {
            return Err(Error::empty("there are no kinds to simulate", "Give at least one kind"));
        }
        Ok(())
    }

    /// The kind of galaxy `i`: a block with one galaxy per entry of `kinds` contains every entry once, in its
    /// own random order.
    pub(crate) fn kind(&self, i: usize) -> Kind {
        let (block, place) = (i / self.kinds.len(), i % self.kinds.len());
        let mut order = self.kinds.clone();
        order.shuffle(&mut self.stream(block, 0));
        order[place]
    }

    /// A stream of random numbers for one purpose.
    fn stream(&self, i: usize, purpose: u64) -> StdRng {
        // Each argument has its own bytes in the seed, so that no two streams coincide.
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        seed[8..16].copy_from_slice(&(i as u64).to_le_bytes());
        seed[16..24].copy_from_slice(&purpose.to_le_bytes());
        StdRng::from_seed(seed)
    }

    fn make(&self, i: usize) -> SimulatedGalaxy {
        let instrument = self.survey.instrument();
        let mut rng = self.stream(i, 2);
        let conditions = Conditions::draw(self.survey, &mut rng);
        let usual = self.field_of_view / USUAL_FIELD;
        let draw = |unit: f64| draw::morphology(self.kind(i), unit, &mut self.stream(i, 1));
        let (morphology, field_of_view) = match instrument.frame {
            Frame::Fixed => (draw(usual), self.field_of_view),
            Frame::Galaxy { unit, from, to } => {
                let galaxy = draw(usual * unit);
                let frame = self.stream(i, 3).random_range(from..to) * galaxy.extent();
                // An object without an extent is not a galaxy, and gets the frame that it would have had.
                let width = if frame > 0.0 { frame } else { self.field_of_view * unit };
                (galaxy, width.max(MIN_FIELD))
            }
        };
        let mut canvas = Canvas::new(self.size as usize, field_of_view / f64::from(self.size));
        paint::paint(&morphology, &mut canvas);
        let truth = TrueProperties::measure(&morphology, &canvas);
        field::paint_galaxies(&mut canvas, instrument.faint, &mut rng);
        conditions.blur(&mut canvas);
        field::paint_stars(&mut canvas, &conditions, &mut rng);
        if let Body::Artifact(artifact) = &morphology.body {
            artifact::paint(artifact, &morphology, &conditions, &mut canvas, &mut rng);
        }
        instrument.filter(&mut canvas);
        conditions.expose(&mut canvas, &mut rng);
        let picture = instrument.stretch.picture(&canvas);
        let id_str = format!("SIM{:06}", i + 1);
        SimulatedGalaxy { id_str, morphology, conditions, truth, field_of_view, picture }
    }
}

impl TrueProperties {
    fn measure(morphology: &Morphology, canvas: &Canvas) -> Self {
        let [g, r] = [canvas.flux(0), canvas.flux(1)];
        if r <= 0.0 {
            return Self { radius: None, magnitude: None, colour: None, axis_ratio: None };
        }
        Self {
            radius: canvas.half_light_radius(1, morphology.centre),
            magnitude: Some(22.5 - 2.5 * r.log10()),
            colour: Some(-2.5 * (g / r).log10()),
            axis_ratio: Some(canvas.axis_ratio(1)),
        }
    }
}

/// The catalogue as CSV, from its rows.
pub(crate) fn table(rows: &[String]) -> String {
    format!("{COLUMNS}\n{}", rows.concat())
}

/// Columns of the catalogue.
pub(super) const COLUMNS: &str = "id_str,file_loc,class,ring,bar,spiral_arms,merger,tidal,shells,dust_lane,\
    survey,rings,bulge_shape,merger_stage,bulge_fraction,axis_ratio,radius,magnitude,colour,\
    redshift,inclination,pitch,einstein_radius,pixel_scale";

impl SimulatedGalaxy {
    /// The path of its picture, relative to the catalogue's folder: `images/SIM000001.jpg`.
    pub fn file_loc(&self) -> String {
        format!("images/{}.jpg", self.id_str)
    }

    /// The picture as a JPEG file.
    ///
    /// # Errors
    /// [`Error::Picture`] when the encoder fails.
    pub fn jpeg(&self, quality: u8) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, quality)
            .encode_image(&self.picture)
            .map_err(|e| Error::Picture { path: self.file_loc().into(), reason: e.to_string() })?;
        Ok(bytes)
    }

    /// Its row in the catalogue, including the line break.
    pub(crate) fn row(&self) -> String {
        let m = &self.morphology;
        let flags = [
            usize::from(m.has_ring()),
            usize::from(m.has_bar()),
            m.spiral_arms(),
            usize::from(m.is_merger()),
            usize::from(m.is_tidal()),
            usize::from(m.has_shells()),
            usize::from(m.has_dust_lane()),
        ];
        let mut row = format!("{},{},{}", self.id_str, self.file_loc(), m.kind);
        // Writing to a string cannot fail.
        flags.iter().for_each(|flag| _ = write!(row, ",{flag}"));
        let (rings, bulge, stage) = names(m);
        _ = write!(row, ",{},{rings},{bulge},{stage}", self.conditions.survey);
        let t = &self.truth;
        let disk = m.disk();
        let numbers = [
            m.bulge_fraction(),
            t.axis_ratio,
            t.radius,
            t.magnitude,
            t.colour,
            (m.redshift > 0.0).then_some(m.redshift),
            disk.map(|disk| disk.inclination.to_degrees()),
            disk.and_then(|disk| disk.arms).map(|arms| arms.pitch.abs().to_degrees()),
            match &m.body {
                Body::Lens(lens) => Some(lens.einstein_radius),
                _ => None,
            },
            Some(self.field_of_view / f64::from(self.picture.width())),
        ];
        for value in numbers {
            row.push(',');
            if let Some(value) = value {
                _ = write!(row, "{value:.3}");
            }
        }
        row.push('\n');
        row
    }
}

/// The rings' places, such as `inner+outer`, the outline of an edge-on bulge and the stage of a merger, as
/// written in the catalogue; empty where they do not apply.
fn names(morphology: &Morphology) -> (String, &'static str, &'static str) {
    let rings = morphology.disk().map_or(&[][..], |disk| &disk.rings);
    let rings: Vec<&str> = rings.iter().map(|ring| ring.place.name()).collect();
    let (bulge, stage) = match &morphology.body {
        Body::EdgeOn(disk) => (disk.bulge_shape.name(), ""),
        Body::Pair(pair) => ("", pair.stage().name()),
        _ => ("", ""),
    };
    (rings.join("+"), bulge, stage)
}
