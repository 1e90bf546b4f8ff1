//! Networks that turn a picture into a representation, their weights, and encoding a catalogue.

mod change;
mod encode;
mod folder;
mod identity;
mod parts;
#[doc(hidden)]
pub mod shipped;
mod speed;
mod together;
mod views;

pub use parts::Report;
pub use shipped::sample_card;
pub use speed::Speed;
pub use together::encode_all;
#[doc(hidden)]
pub use zoobot_nets::layers::Responses;
pub use zoobot_nets::layers::Statistics;
pub use zoobot_nets::network::{Architecture, Network, Training};
pub use zoobot_nets::precision::Precision;
pub use zoobot_nets::weights::Weights;
use zoobot_nets::{batch, hub, lite0};

#[doc(hidden)]
pub use encode::{Rows, encode_rows, nothing_readable};
#[doc(hidden)]
pub use folder::read_json;
#[doc(hidden)]
pub use parts::{TableJob, array, catalog_key};

use crate::space::{Origin, Space};
use folder::Card;
use identity::{fingerprint, fits};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tch::{Device, Tensor, nn};
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::Catalog;
use zoobot_data::picture::{Failures, Prepared, Recipe};
use zoobot_picture::Stretch;
use zoobot_show::notebook::{Bundle, Show};

/// The name of the encoder that `cargo xtask setup` downloads: EfficientNet-Lite0 trained on ImageNet.
const IMAGENET: &str = "imagenet";

/// A network that computes a representation of each picture, together with the [`Recipe`] that prepares
/// pictures for it.
///
/// ```no_run
/// use zoobot_core::prelude::*;
/// let galaxies = Catalog::sample()?;
/// let encoder = Encoder::load("imagenet")?;
/// let space = encoder.encode(&galaxies)?;
/// assert_eq!((space.len(), space.width()), (600, 1280));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Encoder {
    name: String,
    architecture: Architecture,
    /// The network with its normalisations folded. Each thread detaches its own copy.
    network: Arc<Mutex<Network>>,
    /// The weights as loaded, for saving.
    weights: Arc<Mutex<nn::VarStore>>,
    recipe: Recipe,
    views: usize,
    device: Device,
    precision: Precision,
    fingerprint: String,
    notes: Vec<String>,
    /// The result of an interrupted [`encode`](Self::encode), from which the next call resumes.
    kept: Arc<Mutex<Option<(String, Rows)>>>,
}

/// The folder in the cache for `hf:OWNER/NAME`, which is downloaded if it is missing.
pub(crate) fn hub_folder(name: &str) -> Result<std::path::PathBuf> {
    let address = hub::Address::parse(name).unwrap_or_else(|| {
        Err(Error::parameter("name", format!("{name:?}"), "of the form hf:OWNER/NAME"))
    })?;
    Ok(hub::fetch(&address, &hub::Settings::from_env())?.folder)
}

impl Encoder {
    /// Loads an encoder from a folder, from the Hugging Face Hub or by name, onto the GPU if there is
    /// one.
    ///
    /// A folder is a model folder that [`save`](Self::save) or timm wrote, such as a copy of an encoder
    /// from the Hugging Face Hub: `config.json` and `model.safetensors` or `pytorch_model.bin`. Pictures
    /// are prepared with its `recipe.json`, or if there is none with [`Recipe::zoobot`] (in luminance
    /// for a network with one channel). The weights of a classifier are left out, and [`notes`] says so.
    ///
    /// `"hf:OWNER/NAME"`, or `"hf:OWNER/NAME@REVISION"` with a branch, a tag or a commit, is such a
    /// folder on the Hugging Face Hub: `"hf:mwalmsley/zoobot-encoder-convnext_nano"`. It is downloaded
    /// once, into Hugging Face's own cache; interrupted downloads are resumed, and files are verified.
    /// `HF_HOME`, `HF_HUB_CACHE`, `HF_ENDPOINT`, `HF_TOKEN` and `HF_HUB_OFFLINE` have the same meaning
    /// as for Hugging Face's programs. Without a connection, the copy in the cache is used, and
    /// [`notes`] says so.
    ///
    /// `"sample"` comes with this library: EfficientNet-Lite0 with 1280 features, trained on the
    /// attributes of EFIGI, votes of Galaxy Zoo 2 and simulated galaxies. `docs/encoder.md` describes
    /// its training and compares it with others.
    ///
    /// `"imagenet"` is EfficientNet-Lite0 trained on ImageNet, with 1280 features. It has never seen a
    /// labelled galaxy and is the baseline of Walmsley et al. (2022).
    ///
    /// [`notes`]: Self::notes
    ///
    /// # Errors
    /// [`Error::Hub`] when it is not on the Hub or the Hub cannot be reached; [`Error::Interrupted`]
    /// when the download was stopped; [`Error::Missing`] for a name that is neither a folder nor an
    /// encoder, and for an architecture that is not in [`Architecture::names`]; [`Error::Weights`] when
    /// files are missing, are damaged or do not fit, with the names of all tensors that do not fit.
    pub fn load(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let name = folder.to_string_lossy();
        if name == shipped::NAME {
            return Self::of_folder(&shipped::folder()?, None, Vec::new());
        }
        if name == IMAGENET {
            let architecture = Architecture::named(lite0::ARCHITECTURE)?;
            return Self::new(IMAGENET, architecture, &lite0::weights()?, Recipe::imagenet_lite());
        }
        if let Some(address) = hub::Address::parse(&name) {
            let address = address?;
            let fetched = hub::fetch(&address, &hub::Settings::from_env())?;
            return Self::of_folder(&fetched.folder, Some(address.to_string()), fetched.notes);
        }
        if folder.is_dir() {
            return Self::of_folder(folder, None, Vec::new());
        }
        let (place, hint) = if folder.is_file() {
            ("the model folders", "This is a file: give the folder that it is in".to_owned())
        } else {
            let near = zoobot_base::spelling::near(&name, [shipped::NAME, IMAGENET].into_iter());
            ("the encoders that come with zoobot, and there is no such folder", near)
        };
        Err(Error::Missing {
            kind: "encoder",
            name: name.into_owned(),
            place: place.to_owned(),
            hint,
        })
    }

    /// Loads an encoder from a model folder; `notes` precede those of the folder.
    fn of_folder(folder: &Path, name: Option<String>, mut notes: Vec<String>) -> Result<Self> {
        let read = folder::read(folder, name)?;
        let mut encoder = Self::new(read.name, read.architecture, &read.weights, read.recipe)?;
        notes.extend(read.notes);
        if read.fingerprint.is_some_and(|print| print != encoder.fingerprint) {
            notes.push("the weights do not match the fingerprint in card.json".to_owned());
        }
        encoder.notes = notes;
        Ok(encoder)
    }

    /// Creates an encoder from weights under timm's names, on the GPU if there is one. Use it for
    /// networks that do not come as a folder.
    ///
    /// ```no_run
    /// use zoobot_core::encoder::{Architecture, Weights};
    /// use zoobot_core::picture::Recipe;
    /// use zoobot_core::prelude::*;
    /// let weights = Weights::read("last.ckpt")?.within("state_dict.encoder.")?;
    /// let nano = Architecture::named("convnext_nano")?;
    /// Encoder::new("mine", nano, &weights, Recipe::zoobot())?.save("mine")?;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Weights`] with all tensors that do not fit; [`Error::Parameter`] when the recipe is out
    /// of range; [`Error::Shape`] when it makes pictures with another number of channels or of another
    /// size.
    pub fn new(
        name: impl Into<String>,
        architecture: Architecture,
        weights: &Weights,
        recipe: Recipe,
    ) -> Result<Self> {
        fits(&recipe, &architecture)?;
        let mut store = nn::VarStore::new(Device::cuda_if_available());
        let network = architecture.build(&store.root(), 0)?;
        weights.load_into(&mut store)?;
        Self::of_store(name, architecture, network, store, recipe)
    }

    /// Creates a network with random weights, as a baseline that shows what training adds. A seed always
    /// gives the same weights.
    ///
    /// # Errors
    /// [`Error::Parameter`] when the recipe is out of range; [`Error::Shape`] when it makes pictures
    /// with another number of channels or of another size.
    pub fn untrained(architecture: Architecture, recipe: Recipe, seed: u64) -> Result<Self> {
        fits(&recipe, &architecture)?;
        let store = nn::VarStore::new(Device::cuda_if_available());
        let network = architecture.build(&store.root(), seed)?;
        let name = format!("untrained {}", architecture.name());
        Self::of_store(name, architecture, network, store, recipe)
    }

    /// Creates an encoder from a network and its variables.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory runs out.
    #[doc(hidden)]
    pub fn of_store(
        name: impl Into<String>,
        architecture: Architecture,
        network: Network,
        store: nn::VarStore,
        recipe: Recipe,
    ) -> Result<Self> {
        let device = store.device();
        Ok(Self {
            name: name.into(),
            network: Arc::new(Mutex::new(network.folded()?)),
            fingerprint: fingerprint(&architecture, &store)?,
            weights: Arc::new(Mutex::new(store)),
            architecture,
            recipe,
            views: 1,
            device,
            precision: Precision::default(),
            notes: Vec::new(),
            kept: Arc::default(),
        })
    }

    /// Gives access to the variables, to initialise another network with them.
    #[doc(hidden)]
    pub fn with_store<T>(&self, look: impl FnOnce(&nn::VarStore) -> T) -> T {
        look(&self.weights.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes a folder that [`load`](Self::load) and timm (`timm.create_model("local-dir:FOLDER",
    /// pretrained=True)`) can read: `config.json`, `model.safetensors`, `recipe.json` and `card.json`.
    /// Existing files of these names are replaced.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Torch`] when a file cannot be written.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        let card = Card {
            name: self.name.clone(),
            architecture: self.architecture.name().to_owned(),
            fingerprint: self.fingerprint.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let store = self.weights.lock().unwrap_or_else(PoisonError::into_inner);
        folder::write(folder.as_ref(), &self.architecture, &store, &self.recipe, &card)
    }

    /// The encoder's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Renames the encoder.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The architecture of the network.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Notes on loading the encoder, such as which weights were left out.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The recipe that prepares pictures for the encoder.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Returns the encoder with another recipe, for pictures that have to be prepared differently. Its
    /// features can then not be compared with published tables.
    ///
    /// # Errors
    /// [`Error::Parameter`] when the recipe is out of range; [`Error::Shape`] when it makes pictures
    /// with another number of channels or of another size.
    pub fn with_recipe(mut self, recipe: Recipe) -> Result<Self> {
        fits(&recipe, &self.architecture)?;
        self.recipe = recipe;
        Ok(self)
    }

    /// Returns the encoder with another stretch for the flux of FITS pictures; other pictures are not
    /// affected. The default stretch is asinh, from the minimum of each picture to its 99.7th
    /// percentile. Representations made with different stretches cannot be compared (see
    /// [`check`](Self::check)).
    ///
    /// ```no_run
    /// use zoobot_core::prelude::*;
    /// let encoder = Encoder::load("sample")?.stretch(Stretch::log(1000.0).percentiles(1.0, 99.5))?;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Parameter`] when the stretch is out of range.
    pub fn stretch(self, stretch: Stretch) -> Result<Self> {
        let recipe = self.recipe.clone().stretch(stretch);
        self.with_recipe(recipe)
    }

    /// The origin that representations by this encoder record.
    pub fn origin(&self) -> Origin {
        Origin {
            encoder: self.name.clone(),
            fingerprint: self.fingerprint.clone(),
            recipe: self.recipe.clone(),
            views: self.views,
        }
    }

    /// Fails when a representation is known to come from other weights or from pictures that were
    /// prepared differently, since its features cannot be compared with those of this encoder. A
    /// representation of unknown origin passes.
    ///
    /// # Errors
    /// [`Error::Recipe`] with both recipes side by side; [`Error::Weights`] with the names of both
    /// encoders.
    pub fn check(&self, space: &Space) -> Result<()> {
        let Some(origin) = space.origin() else { return Ok(()) };
        if origin.fingerprint != self.fingerprint {
            return Err(Error::Weights {
                path: origin.encoder.clone().into(),
                problem: format!(
                    "the representation was made with these weights, not with {}",
                    self.name
                ),
                hint: "Load that encoder, or encode the galaxies again with this one".into(),
            });
        }
        let what = format!(
            "the representation was made with another recipe than the one of {} (on the left)",
            self.name
        );
        let other_stretch = self.recipe.clone().stretch(origin.recipe.stretch.clone());
        let hint = match other_stretch == origin.recipe {
            true => advice(
                "Encode the galaxies again, or use the other stretch: encoder.stretch(…)",
                "Encode the galaxies again, or use the other stretch: --stretch",
            ),
            false => advice(
                "Encode the galaxies again, or use the other recipe: encoder.with_recipe(…)",
                "Encode the galaxies again with this encoder",
            ),
        };
        self.recipe.expect(&origin.recipe, &what, &hint)
    }

    /// The number of features of each galaxy.
    pub fn width(&self) -> usize {
        self.architecture.width() as usize
    }

    /// The device that computes.
    pub fn device(&self) -> Device {
        self.device
    }

    /// The precision of the network: [`Precision::Fp32`], which is the default, or [`Precision::Bf16`].
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Returns the encoder with another precision. [`Precision::Auto`] is resolved here, according to
    /// the architecture and the hardware; [`precision`](Self::precision) returns the result.
    ///
    /// ```no_run
    /// use zoobot_core::encoder::Precision;
    /// use zoobot_core::prelude::*;
    /// let encoder = Encoder::load("imagenet")?.with_precision(Precision::Auto);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.precision = precision.of(&self.architecture, self.device);
        self
    }

    /// The SHA-256 of the architecture and the weights, independent of the file format. Two encoders
    /// with the same fingerprint and the same recipe are the same.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Encodes every galaxy of a catalogue, in catalogue order.
    ///
    /// Pictures that cannot be read are left out and listed in [`Space::failed`] with the reason. After
    /// an interruption with the stop button, a repeated call on the same catalogue resumes.
    ///
    /// # Errors
    /// [`Error::Interrupted`] when it was stopped; [`Error::Picture`], with the first reason, when no
    /// picture could be read.
    pub fn encode(&self, catalog: &Catalog) -> Result<Space> {
        let key = self.key(catalog)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows = match kept.take() {
            Some((of, rows)) if of == key => rows,
            _ => Rows::default(),
        };
        if let Err(error) = encode::encode_all(&[self], catalog, std::slice::from_mut(&mut rows)) {
            *kept = Some((key, rows));
            return Err(error);
        }
        self.space(rows, catalog)
    }

    /// Converts encoded rows to a space.
    fn space(&self, rows: Rows, catalog: &Catalog) -> Result<Space> {
        if rows.ids.is_empty() {
            return Err(encode::nothing_readable(&rows.failed));
        }
        let failed = Failures::from(rows.failed);
        let features = parts::array(rows.features, (rows.ids.len(), self.width()))?;
        let space = Space::new(rows.ids, features)?.with_catalog(catalog)?.with_failed(failed);
        Ok(space.with_origin(self.origin()))
    }

    /// Encodes a catalogue of any length into a Parquet file of `id_str, feat_0, ...`. Memory does not
    /// grow with the catalogue, and if the call stops for any reason, the next call resumes.
    ///
    /// # Errors
    /// When the file cannot be written, which is checked before the work starts; [`Error::Unfinished`],
    /// with the location of the finished part, when the work stopped after a part was finished.
    pub fn encode_to(&self, catalog: &Catalog, out: impl AsRef<Path>) -> Result<Report> {
        parts::encode_to(self, catalog, out.as_ref())
    }

    /// A network for one thread.
    fn network(&self) -> Result<Network> {
        let network = self.network.lock().unwrap_or_else(PoisonError::into_inner).detached()?;
        self.precision.network(network, self.device)
    }

    /// The network in 32 bits, for gradients.
    #[doc(hidden)]
    pub fn exact_network(&self) -> Result<Network> {
        self.network.lock().unwrap_or_else(PoisonError::into_inner).detached()
    }

    /// The number of pictures per batch.
    fn batch(&self) -> usize {
        batch::length(self.recipe.size, self.device, self.precision)
    }

    /// The features of prepared pictures, one galaxy after another, computed with a network from
    /// [`network`](Self::network).
    fn features_of(&self, network: &Network, pictures: &[Prepared]) -> Result<Vec<f32>> {
        let batch = self.recipe.batch(pictures, self.device)?;
        numbers(&tch::no_grad(|| views::features(network, &batch, self.views))?)
    }

    /// The features of a batch made by [`Recipe::batch`], of one view.
    ///
    /// # Shapes
    /// pictures x channels x size x size to pictures x [`width`](Self::width).
    ///
    /// # Errors
    /// [`Error::Torch`] for a tensor of another shape.
    pub fn features(&self, batch: &Tensor) -> Result<Tensor> {
        let network = self.network()?;
        tch::no_grad(|| network.features(batch))
    }
}

/// Copies features to a vector, one galaxy after another.
fn numbers(features: &Tensor) -> Result<Vec<f32>> {
    let flat = features.f_to_device(Device::Cpu)?.f_contiguous()?.f_flatten(0, -1)?;
    Ok(Vec::try_from(flat)?)
}

impl Show for Encoder {
    fn show(&self) -> Bundle {
        let Recipe { size, .. } = self.recipe;
        let channels = match self.recipe.channels() {
            1 => "1 channel".to_owned(),
            several => format!("{several} channels"),
        };
        let notes: String = self.notes.iter().map(|note| format!("\nNote: {note}")).collect();
        Bundle::plain(format!(
            "Encoder {}: {}, {channels} of {size} x {size} pixels to {} features, on {:?}{notes}",
            self.name,
            self.architecture.name(),
            self.width(),
            self.device,
        ))
    }
}

#[cfg(test)]
mod tests;
