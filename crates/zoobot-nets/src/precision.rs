//! The precision of a network: 32 bits, or 16 bits on hardware that supports them well.

use super::network::{Architecture, Network};
use serde::{Deserialize, Serialize};
use std::process::Command;
use std::str::FromStr;
use tch::{Device, Kind};
use zoobot_base::error::{Error, Result};
use zoobot_base::processor;

/// The precision with which a network computes.
///
/// ```
/// use zoobot_core::encoder::Precision;
/// assert_eq!("bf16".parse::<Precision>()?, Precision::Bf16);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32 bits throughout. Features equal those of Python to 1e-6 of the largest. The default.
    #[default]
    Fp32,
    /// 16 bits with the range of 32 ("bfloat16") between the layers. Sums, normalisations and the mean
    /// over a picture stay in 32 bits. It is slow on hardware without support for it.
    Bf16,
    /// [`Bf16`](Self::Bf16) if the hardware supports it natively and the network tolerates it, otherwise
    /// [`Fp32`](Self::Fp32). A network tolerates it if the cosine between a galaxy's features in 16 and
    /// in 32 bits is at least 0.99, after subtracting from each set its own mean over galaxies.
    /// ConvNeXts pass in all measurements, which used random weights; EfficientNet and MaxViT fail with
    /// some weights, and ResNet passes narrowly. The two means differ by more, so do not mix features of
    /// both precisions.
    Auto,
}

impl Precision {
    /// Resolves the precision of a network on a device to `Fp32` or `Bf16`.
    #[doc(hidden)]
    pub fn of(self, architecture: &Architecture, device: Device) -> Self {
        match self {
            Self::Auto if architecture.bears_16_bits() && has_bf16(device) => Self::Bf16,
            Self::Auto => Self::Fp32,
            chosen => chosen,
        }
    }

    /// The kind of numbers between the layers of a network in training. Rounding that shifts all
    /// galaxies alike does no harm in training, since later layers adapt to it.
    pub(super) fn in_training(self, device: Device) -> Kind {
        match self {
            Self::Bf16 => Kind::BFloat16,
            Self::Auto if has_bf16(device) => Kind::BFloat16,
            Self::Auto | Self::Fp32 => Kind::Float,
        }
    }

    /// Fails if 16 bits were requested and are not supported.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] on a processor for which libtorch has no convolution in 16 bits.
    #[doc(hidden)]
    pub fn check(self, device: Device) -> Result<()> {
        if self == Self::Bf16 && device == Device::Cpu && !processor::computes_bf16() {
            let problem = "this processor cannot compute with the precision bf16 (16 bits), which \
                           needs AVX-512";
            return Err(Error::unsuitable(problem, "Choose fp32 or auto"));
        }
        Ok(())
    }

    /// The name: `fp32`, `bf16` or `auto`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Bf16 => "bf16",
            Self::Auto => "auto",
        }
    }

    /// Converts a network that computes in 32 bits to this precision on a device.
    #[doc(hidden)]
    pub fn network(self, network: Network, device: Device) -> Result<Network> {
        self.check(device)?;
        match self {
            Self::Bf16 => network.of_kind(Kind::BFloat16),
            _ => Ok(network),
        }
    }
}

impl FromStr for Precision {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let known = [Self::Fp32, Self::Bf16, Self::Auto];
        known
            .into_iter()
            .find(|precision| precision.name() == name)
            .ok_or_else(|| Error::parameter("precision", format!("{name:?}"), "fp32, bf16 or auto"))
    }
}

impl std::fmt::Display for Precision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether the device supports bfloat16 natively.
fn has_bf16(device: Device) -> bool {
    match device {
        Device::Cpu => processor::has_bf16(),
        Device::Cuda(index) => gpu_generation(index).is_some_and(|generation| generation >= 8.0),
        _ => false,
    }
}

/// The compute capability of a GPU, which libtorch's C interface does not provide.
fn gpu_generation(index: usize) -> Option<f64> {
    let output = Command::new("nvidia-smi")
        .args(["--query-gpu=compute_cap", "--format=csv,noheader"])
        .arg(format!("--id={index}"))
        .output()
        .ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::Golden;
    use tch::{Tensor, nn, no_grad};
    use zoobot_data::catalog::Catalog;
    use zoobot_data::picture::{Grey, Recipe};
    use zoobot_testing::skip;

    #[test]
    fn names_are_read_back_and_others_refused_with_those_there_are() {
        for precision in [Precision::Fp32, Precision::Bf16, Precision::Auto] {
            assert_eq!(precision.to_string().parse::<Precision>().unwrap(), precision);
        }
        let message = "fp16".parse::<Precision>().unwrap_err().to_string();
        assert!(message.contains("fp16") && message.contains("fp32, bf16 or auto"), "{message}");
    }

    #[test]
    fn auto_takes_16_bits_only_where_network_and_hardware_bear_them_and_a_choice_stays() {
        for name in Architecture::names() {
            let architecture = Architecture::named(name).unwrap();
            let of = |precision: Precision| precision.of(&architecture, Device::Cpu);
            let auto = of(Precision::Auto);
            let both = name.contains("convnext") && has_bf16(Device::Cpu);
            assert_eq!(auto, if both { Precision::Bf16 } else { Precision::Fp32 }, "{name}");
            assert_eq!(of(Precision::Fp32), Precision::Fp32);
            assert_eq!(of(Precision::Bf16), Precision::Bf16);
        }
    }

    #[test]
    fn what_a_processor_cannot_compute_is_refused_in_a_sentence_and_auto_takes_32_bits() {
        for precision in [Precision::Fp32, Precision::Auto] {
            precision.check(Device::Cpu).unwrap();
        }
        match Precision::Bf16.check(Device::Cpu) {
            Ok(()) => assert!(processor::computes_bf16()),
            Err(error) => {
                assert!(!processor::computes_bf16());
                let message = error.to_string();
                assert!(message.contains("cannot compute with the precision bf16"), "{message}");
                assert!(message.ends_with("Choose fp32 or auto"), "{message}");
            }
        }
    }

    /// The smallest cosine between the features of a picture in 32 and in 16 bits, after subtracting the
    /// mean over pictures (otherwise it would always be near 1). The first value subtracts the mean in
    /// 32 bits from both, the second subtracts from each its own mean.
    fn likeness(whole: &Tensor, half: &Tensor) -> [f64; 2] {
        let mean = |features: &Tensor| features.mean_dim([0_i64].as_slice(), true, None);
        let least = |mean_of_half: &Tensor| {
            let (a, b) = (whole - mean(whole), half - mean_of_half);
            Tensor::cosine_similarity(&a, &b, 1, 1e-12).min().double_value(&[])
        };
        [least(&mean(whole)), least(&mean(half))]
    }

    /// 64 galaxies of the sample, prepared for a network with this number of channels.
    fn galaxies(channels: i64) -> Tensor {
        let recipe = match channels {
            1 => Recipe::zoobot().grey(Grey::Luma),
            _ => Recipe::zoobot(),
        };
        let files = Catalog::sample().unwrap().head(64).files();
        let prepare = |file| recipe.prepare(&zoobot_picture::read(file).unwrap()).unwrap();
        let prepared: Vec<_> = files.iter().map(prepare).collect();
        recipe.batch(&prepared, Device::Cpu).unwrap()
    }

    /// The [`likeness`] of a network and its form in 16 bits, which is always computed in 16 bits.
    fn likeness_in_16_bits(network: &Network, channels: i64) -> [f64; 2] {
        let whole = network.folded().unwrap();
        let half = Precision::Bf16.network(whole.detached().unwrap(), Device::Cpu).unwrap();
        let galaxies = galaxies(channels);
        let features = |network: &Network| no_grad(|| network.features(&galaxies)).unwrap();
        let (a, b) = (features(&whole), features(&half));
        assert_eq!(b.kind(), Kind::Float);
        assert_ne!(a, b, "computed in 32 bits both times");
        likeness(&a, &b)
    }

    /// The golden weights are random, with a gain that makes the features depend on the picture.
    #[test]
    fn golden_networks_for_which_auto_takes_16_bits_keep_what_tells_galaxies_apart() {
        if !processor::computes_bf16() {
            return skip("this processor cannot compute in 16 bits");
        }
        for (name, tag) in [
            ("convnext_nano", "convnext_nano"),
            ("convnext_atto", "convnext_atto_c1"),
            ("efficientnet_b0", "efficientnet_b0"),
            ("resnet18", "resnet18"),
        ] {
            let Some(golden) = Golden::open(tag) else { return };
            let architecture = Architecture::named(name).unwrap().inputs(golden.channels());
            let store = nn::VarStore::new(Device::Cpu);
            let network = architecture.build(&store.root(), 0).unwrap();
            golden.set_variables(&store);
            let [same, own] = likeness_in_16_bits(&network, golden.channels());
            println!("{tag}: {same} {own}");
            assert!(!architecture.bears_16_bits() || same.min(own) >= 0.99, "{tag}: {same} {own}");
        }
    }

    /// Like the test above, but without the golden folder: initial weights, and scales of the blocks as
    /// after training, since they start near 0.
    #[test]
    fn convnexts_at_the_start_of_a_training_keep_what_tells_galaxies_apart_in_16_bits() {
        if !processor::computes_bf16() {
            return skip("this processor cannot compute in 16 bits");
        }
        for name in ["convnext_atto", "convnext_pico"] {
            let store = nn::VarStore::new(Device::Cpu);
            let network = Architecture::named(name).unwrap().build(&store.root(), 3).unwrap();
            for (of, mut variable) in store.variables() {
                if of.ends_with("gamma") {
                    let _ = no_grad(|| variable.f_uniform_(0.1, 1.0)).unwrap();
                }
            }
            let [same, own] = likeness_in_16_bits(&network, 3);
            println!("{name}: {same} {own}");
            assert!(same.min(own) >= 0.99, "{name}: {same} {own}");
        }
    }
}
