//! The interface of a family of networks. Each family has a file of its own: the configuration
//! implements [`Family`], the network implements [`Trunk`], and one line in `network.rs` registers it.

use crate::layers::Layer;
use crate::network::in_chunks;
use std::fmt::Debug;
use tch::Tensor;
use tch::nn::Path;
use zoobot_base::Result;

/// The name prefixes of the variables in one group.
pub type Group = Vec<String>;

/// timm's name of a network, and its configuration.
pub type Named<F> = (&'static str, fn() -> F);
/// A name under which galaxy encoders are published, timm's name of the network, and its configuration.
pub type Published<F> = (&'static str, &'static str, fn() -> F);

/// The configuration of a network of one family, with everything that depends on the family.
pub trait Family: Clone + Debug + PartialEq + Sized + 'static {
    /// The type of network that it builds.
    type Network: Trunk;
    /// timm's names and their configurations.
    const NAMES: &'static [Named<Self>];
    /// Other names under which galaxy encoders are published.
    const PUBLISHED: &'static [Published<Self>] = &[];
    /// timm's name of the first convolution's weights, whose second dimension is the channels.
    const FIRST_WEIGHT: &'static str;
    /// The name prefix of the classifier's tensors in timm.
    const CLASSIFIER: &'static str;
    /// Whether features in 16 bits keep the cosine that
    /// [`Precision::Auto`](crate::precision::Precision::Auto) promises. This was measured, not derived:
    /// `docs/encoding.md` has the figures. In families that fail, rounding the weights shifts the
    /// features of all galaxies by as much as two galaxies differ.
    const BEARS_16_BITS: bool = false;

    /// Sets the number of channels of the pictures.
    fn inputs(self, channels: i64) -> Self;

    /// The number of channels of the pictures.
    fn channels(&self) -> i64;

    /// The length of the feature vector.
    fn width(&self) -> i64;

    /// The side in pixels for which the network is built; `None` if it accepts any size.
    fn size(&self) -> Option<i64> {
        None
    }

    /// Sets the side of the pictures in pixels, for networks built for one size.
    fn sized(self, _pixels: i64) -> Self {
        self
    }

    /// Builds a network with random weights. Its variables are named below `path` as in timm.
    ///
    /// # Errors
    /// [`Error::Parameter`](zoobot_base::Error::Parameter) for a configuration that is out of range.
    fn build(&self, path: &Path) -> Result<Self::Network>;

    /// Groups of variables by resolution, from the pictures to the features.
    fn stages(&self) -> Vec<Group>;

    /// Groups of variables by block, as in timm.
    fn layers(&self) -> Vec<Group>;
}

/// A network without a classifier: pictures to feature vectors.
pub trait Trunk: Layer {
    /// The number of channels of the pictures.
    fn channels(&self) -> i64;

    /// The last feature map, before pooling: `[n, channels, h, w]` to `[n, maps, rows, columns]`.
    ///
    /// # Errors
    /// As [`features`](Self::features).
    fn maps(&self, pictures: &Tensor) -> Result<Tensor>;

    /// Computes feature vectors from the feature maps of [`maps`](Self::maps).
    ///
    /// # Errors
    /// [`Error::Torch`](zoobot_base::Error::Torch) for a tensor of another shape.
    fn pooled(&self, maps: &Tensor) -> Result<Tensor>;

    /// Feature vectors of a batch, computed in one pass.
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
    /// [`Error::Torch`](zoobot_base::Error::Torch) for pictures that are too small.
    fn features(&self, pictures: &Tensor) -> Result<Tensor> {
        in_chunks(pictures, self.channels(), |chunk| self.forward(chunk))
    }
}

/// A group of the variables whose names begin with any of these prefixes.
pub fn group(names: &[&str]) -> Vec<Group> {
    vec![names.iter().map(|&name| name.to_owned()).collect()]
}

/// One group per number.
pub fn numbered(before: &str, numbers: std::ops::Range<usize>) -> Vec<Group> {
    numbers.map(|i| vec![format!("{before}{i}.")]).collect()
}
