//! The interface of a family of networks. Each family has its own file: the configuration
//! implements [`Family`], the network [`Trunk`], and one line in `network.rs` registers it.

use crate::layers::Layer;
use crate::network::in_chunks;
use std::fmt::Debug;
use tch::Tensor;
use tch::nn::Path;
use zoobot_base::Result;

/// The prefixes of the names of the variables in one group.
pub type Group = Vec<String>;

/// timm's name of a network, and its configuration.
pub type Named<F> = (&'static str, fn() -> F);
/// A name under which galaxy encoders are published, timm's for the network, and its configuration.
pub type Published<F> = (&'static str, &'static str, fn() -> F);

/// The configuration of a network of one family, with everything that depends on the family.
pub trait Family: Clone + Debug + PartialEq + Sized + 'static {
    /// The network that is built from it.
    type Network: Trunk;
    /// timm's names, each with the configuration that it means.
    const NAMES: &'static [Named<Self>];
    /// Other names under which galaxy encoders are published.
    const PUBLISHED: &'static [Published<Self>] = &[];
    /// timm's name of the first convolution's weights, whose second dimension is the channels.
    const FIRST_WEIGHT: &'static str;
    /// What the names of the classifier's tensors begin with in timm.
    const CLASSIFIER: &'static str;
    /// Whether features in 16 bits keep the cosine that [`Precision::Auto`](crate::precision::Precision::Auto)
    /// promises. Measured, not derived: `docs/encoding.md` has the figures. Where it is missed, rounding the
    /// weights moves the features of all galaxies alike, by as much as two galaxies differ.
    const BEARS_16_BITS: bool = false;

    /// The configuration for pictures with this number of channels.
    fn inputs(self, channels: i64) -> Self;

    /// Channels of the pictures.
    fn channels(&self) -> i64;

    /// Length of the feature vector.
    fn width(&self) -> i64;

    /// The side in pixels for which the network is built; `None` where it takes any.
    fn size(&self) -> Option<i64> {
        None
    }

    /// The configuration for pictures of another side, where it matters.
    fn sized(self, _pixels: i64) -> Self {
        self
    }

    /// A network with random weights, whose variables are named below `path` as timm names them.
    ///
    /// # Errors
    /// [`Error::Parameter`](zoobot_base::Error::Parameter) for a configuration that is out of range.
    fn build(&self, path: &Path) -> Result<Self::Network>;

    /// The variables in groups by resolution, from the pictures to the features.
    fn stages(&self) -> Vec<Group>;

    /// The variables in groups by block, as timm groups them.
    fn layers(&self) -> Vec<Group>;
}

/// A network without a classifier: pictures to feature vectors.
pub trait Trunk: Layer {
    /// Channels of the pictures.
    fn channels(&self) -> i64;

    /// The last feature map, before pooling: `[n, channels, h, w]` to `[n, maps, rows, columns]`.
    ///
    /// # Errors
    /// As [`features`](Self::features).
    fn maps(&self, pictures: &Tensor) -> Result<Tensor>;

    /// The feature vectors of what [`maps`](Self::maps) gives.
    ///
    /// # Errors
    /// [`Error::Torch`](zoobot_base::Error::Torch) for a tensor of another shape.
    fn pooled(&self, maps: &Tensor) -> Result<Tensor>;

    /// Feature vectors of a batch, all at once.
    ///
    /// # Errors
    /// As [`features`](Self::features).
    fn forward(&self, pictures: &Tensor) -> Result<Tensor> {
        self.pooled(&self.maps(pictures)?)
    }

    /// Feature vectors of prepared pictures, in evaluation mode: batch normalisation uses its running
    /// statistics. Call it within [`tch::no_grad`] unless gradients are wanted.
    ///
    /// # Shapes
    /// `[n, channels, h, w]`, at least 32 pixels a side, to `[n, width]`.
    ///
    /// # Errors
    /// [`Error::Shape`](zoobot_base::Error::Shape) when `pictures` has another shape;
    /// [`Error::Torch`](zoobot_base::Error::Torch) for a smaller one.
    fn features(&self, pictures: &Tensor) -> Result<Tensor> {
        in_chunks(pictures, self.channels(), |chunk| self.forward(chunk))
    }
}

/// One group, of the variables whose names begin so.
pub fn group(names: &[&str]) -> Vec<Group> {
    vec![names.iter().map(|&name| name.to_owned()).collect()]
}

/// A group for each number.
pub fn numbered(before: &str, numbers: std::ops::Range<usize>) -> Vec<Group> {
    numbers.map(|i| vec![format!("{before}{i}.")]).collect()
}
