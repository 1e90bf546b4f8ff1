//! The numbers that a network computes with: 32 bits, or 16 where the hardware is made for it.

use super::network::Network;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::process::Command;
use std::str::FromStr;
use tch::{Device, Kind};

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
    /// mean over a picture in 32. Slow where the hardware does not know them.
    Bf16,
    /// [`Bf16`](Self::Bf16) where the hardware computes with them natively, else
    /// [`Fp32`](Self::Fp32).
    Auto,
}

impl Precision {
    /// What it comes to on a device: `Fp32` or `Bf16`.
    pub fn on(self, device: Device) -> Self {
        match self {
            Self::Auto if has_bf16(device) => Self::Bf16,
            Self::Auto => Self::Fp32,
            chosen => chosen,
        }
    }

    /// As it is written: `fp32`, `bf16` or `auto`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Bf16 => "bf16",
            Self::Auto => "auto",
        }
    }

    /// The network for it, of one that computes in 32 bits.
    pub(super) fn network(self, network: Network) -> Result<Network> {
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
            .ok_or_else(|| Error::invalid("precision", name, "fp32, bf16 or auto"))
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
        #[cfg(target_arch = "x86_64")]
        Device::Cpu => std::arch::is_x86_feature_detected!("avx512bf16"),
        #[cfg(target_arch = "aarch64")]
        Device::Cpu => std::arch::is_aarch64_feature_detected!("bf16"),
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
    use crate::encoder::golden::Golden;
    use crate::encoder::{Architecture, Network};
    use tch::{Tensor, nn, no_grad};

    #[test]
    fn names_are_read_back_and_others_refused_with_those_there_are() {
        for precision in [Precision::Fp32, Precision::Bf16, Precision::Auto] {
            assert_eq!(precision.to_string().parse::<Precision>().unwrap(), precision);
        }
        let message = "fp16".parse::<Precision>().unwrap_err().to_string();
        assert!(message.contains("fp16") && message.contains("fp32, bf16 or auto"), "{message}");
    }

    #[test]
    fn auto_is_one_of_the_two_and_a_choice_stays() {
        let auto = Precision::Auto.on(Device::Cpu);
        assert!(auto == Precision::Bf16 || auto == Precision::Fp32);
        assert_eq!(Precision::Fp32.on(Device::Cpu), Precision::Fp32);
        assert_eq!(Precision::Bf16.on(Device::Cpu), Precision::Bf16);
    }

    /// Blobs of many shapes and colours: pictures that differ as galaxies do.
    fn pictures(channels: i64) -> Tensor {
        let mut values = Vec::new();
        for n in 0..12 {
            let (sx, sy) = (12.0 + 4.0 * f64::from(n), 60.0 - 4.0 * f64::from(n));
            for c in 0..channels {
                let bright = 0.3 + 0.05 * f64::from((n * 7 + c as i32 * 5) % 12);
                for place in 0..224 * 224 {
                    let (x, y) = (f64::from(place % 224) - 112.0, f64::from(place / 224) - 112.0);
                    let light = (-(x / sx).powi(2) / 2.0 - (y / sy).powi(2) / 2.0).exp();
                    let ripple = 0.1 * ((x + y * f64::from(n % 4)) / 5.0).sin().abs();
                    values.push((bright * light + ripple) as f32);
                }
            }
        }
        Tensor::from_slice(&values).view([12, channels, 224, 224])
    }

    /// The mean over pictures of the cosine between their features, those of the mean picture
    /// subtracted: a plain cosine would be near 1 whatever was lost.
    fn likeness(a: &Tensor, b: &Tensor) -> f64 {
        let mean = a.mean_dim([0_i64].as_slice(), true, None);
        let cosine = Tensor::cosine_similarity(&(a - &mean), &(b - &mean), 1, 1e-12);
        cosine.mean(None).double_value(&[])
    }

    #[test]
    fn a_trained_network_in_16_bits_keeps_what_tells_galaxies_apart() {
        let galaxies = crate::catalog::Catalog::sample().unwrap().head(48);
        let features = |precision| {
            let encoder = crate::encoder::Encoder::load("imagenet").unwrap();
            let space = encoder.with_precision(precision).encode(&galaxies).unwrap();
            let flat: Vec<f32> = space.features().iter().copied().collect();
            Tensor::from_slice(&flat).view([48, -1])
        };
        let cosine = likeness(&features(Precision::Fp32), &features(Precision::Bf16));
        println!("{cosine}");
        assert!((0.99..0.999_999).contains(&cosine), "{cosine}");
    }

    #[test]
    fn golden_encoders_in_16_bits_keep_what_tells_pictures_apart() {
        for name in ["convnext_nano", "convnext_atto_c1", "resnet18"] {
            let Some(golden) = Golden::open(name) else { return };
            let architecture = Architecture::named(name.trim_end_matches("_c1")).unwrap();
            let architecture = architecture.inputs(golden.channels());
            let store = nn::VarStore::new(Device::Cpu);
            let network = architecture.build(&store.root()).unwrap();
            golden.set_variables(&store);
            let whole = network.folded().unwrap();
            let half = |whole: &Network| Precision::Bf16.network(whole.detached().unwrap());
            let half = half(&whole).unwrap();
            let pictures = pictures(golden.channels());
            let features = |network: &Network| no_grad(|| network.features(&pictures)).unwrap();
            let (a, b) = (features(&whole), features(&half));
            assert_eq!(b.kind(), Kind::Float);
            assert_ne!(a, b, "{name}: computed in 32 bits both times");
            let cosine = likeness(&a, &b);
            println!("{name}: {cosine}");
            assert!(cosine >= 0.99, "{name}: {cosine}");
        }
    }
}
