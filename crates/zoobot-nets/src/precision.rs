//! The precision of a network: 32 bits, or 16 where the hardware supports it well.

use super::network::{Architecture, Network};
use serde::{Deserialize, Serialize};
use std::process::Command;
use std::str::FromStr;
use tch::{Device, Kind};
use zoobot_base::error::{Error, Result};
use zoobot_base::processor;

/// The numbers that a network computes with.
///
/// ```
/// use zoobot_core::encoder::Precision;
/// assert_eq!("bf16".parse::<Precision>()?, Precision::Bf16);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32 bits throughout: the features of Python, to 1e-6 of the largest. The default.
    #[default]
    Fp32,
    /// 16 bits of the same range ("bfloat16") between the layers, with sums, normalisations and the
    /// mean over a picture in 32. Slow where the hardware does not support it.
    Bf16,
    /// [`Bf16`](Self::Bf16) where the hardware computes with it natively and the network tolerates it,
    /// else [`Fp32`](Self::Fp32). A network tolerates it when features still tell galaxies apart: the
    /// cosine between a galaxy's features in 16 and in 32 bits, each set less its own mean over
    /// galaxies, is at least 0.99. ConvNeXts pass in all measurements, which used random weights;
    /// EfficientNet and MaxViT fail with some weights, and ResNet passes narrowly. The two means
    /// differ by more: do not mix features of both precisions.
    Auto,
}

impl Precision {
    /// The resulting precision for a network on a device: `Fp32` or `Bf16`.
    #[doc(hidden)]
    pub fn of(self, architecture: &Architecture, device: Device) -> Self {
        match self {
            Self::Auto if architecture.bears_16_bits() && has_bf16(device) => Self::Bf16,
            Self::Auto => Self::Fp32,
            chosen => chosen,
        }
    }

    /// The numbers between the layers of a network that is trained on a device. Rounding that moves
    /// all galaxies alike does no harm there: what comes behind learns with it.
    pub(super) fn in_training(self, device: Device) -> Kind {
        match self {
            Self::Bf16 => Kind::BFloat16,
            Self::Auto if has_bf16(device) => Kind::BFloat16,
            Self::Auto | Self::Fp32 => Kind::Float,
        }
    }

    /// Fails where 16 bits were requested and are not supported.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] on a processor on which libtorch has no convolution in 16 bits.
    #[doc(hidden)]
    pub fn check(self, device: Device) -> Result<()> {
        if self == Self::Bf16 && device == Device::Cpu && !processor::computes_bf16() {
            let problem = "this processor cannot compute with the precision bf16 (16 bits), which \
                           needs AVX-512";
            return Err(Error::unsuitable(problem, "Choose fp32 or auto"));
        }
        Ok(())
    }

    /// As it is written: `fp32`, `bf16` or `auto`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Bf16 => "bf16",
            Self::Auto => "auto",
        }
    }

    /// A network that computes in 32 bits, in this precision on a device.
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

/// Whether the device multiplies bfloat16 numbers itself.
fn has_bf16(device: Device) -> bool {
    match device {
        Device::Cpu => processor::has_bf16(),
        Device::Cuda(index) => gpu_generation(index).is_some_and(|generation| generation >= 8.0),
        _ => false,
    }
}

/// The "compute capability" of a GPU, which libtorch's C interface does not tell.
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

    /// The least cosine between the features of a picture in 32 and in 16 bits, the mean over
    /// pictures subtracted: a plain cosine would be near 1 whatever was lost. First by the mean of
    /// the former for both, then by the mean of each.
    fn likeness(whole: &Tensor, half: &Tensor) -> [f64; 2] {
        let mean = |features: &Tensor| features.mean_dim([0_i64].as_slice(), true, None);
        let least = |mean_of_half: &Tensor| {
            let (a, b) = (whole - mean(whole), half - mean_of_half);
            Tensor::cosine_similarity(&a, &b, 1, 1e-12).min().double_value(&[])
        };
        [least(&mean(whole)), least(&mean(half))]
    }

    /// 64 galaxies of the sample, as a network of so many channels sees them.
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

    /// [`likeness`] of a network and its form in 16 bits, which is computed with as such wherever
    /// this runs.
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

    /// The golden weights are random, of a gain by which the features depend on the picture.
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

    /// The same without the golden folder: weights as a training begins with, and shares of the
    /// blocks as it ends with, which begin near nothing.
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
