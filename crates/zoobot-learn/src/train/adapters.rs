//! Low-rank adapters (Hu et al. 2021, arXiv:2106.09685): the weights of convolutions and linear maps stay, and
//! the product of two thin matrices is added to them.
//!
//! A layer's weights `[filters, …]`, flattened to filters x n, become W + B A, with B filters x rank and A
//! rank x n. B starts at zero, so that the network starts as it was. The gradients of A and B follow from that
//! of the weights: dL/dB = G Aᵀ and dL/dA = Bᵀ G.

use super::network::Built;
use tch::{Kind, Tensor, no_grad};
use zoobot_base::error::{Error, Result};
use zoobot_base::generator;

/// The path of the adapters' variables.
const PATH: &str = "adapters";

/// The adapters of a network.
#[derive(Debug)]
pub struct Adapters {
    layers: Vec<Adapter>,
}

#[derive(Debug)]
struct Adapter {
    /// The network's variable.
    weight: Tensor,
    /// Its first value, flattened.
    start: Tensor,
    /// Rank x n.
    a: Tensor,
    /// Filters x rank.
    b: Tensor,
}

impl Adapters {
    /// Adds adapters of a rank to all weights of the encoder with at least two dimensions that are trained, and
    /// freezes everything else but the head.
    pub fn new(built: &Built, rank: usize, seed: u64) -> Result<Self> {
        if rank == 0 {
            return Err(Error::parameter("rank", rank, "at least 1"));
        }
        let variables = built.store.variables();
        let mut names: Vec<&String> = variables.keys().collect();
        names.sort();
        let path = built.store.root() / PATH;
        let mut layers = Vec::new();
        for name in names {
            let variable = &variables[name];
            if name.starts_with("head.") || !variable.requires_grad() {
                continue;
            }
            if variable.dim() < 2 {
                let _ = variable.f_set_requires_grad(false)?;
                continue;
            }
            let start = no_grad(|| variable.f_detach_copy()?.f_reshape([variable.size()[0], -1]))?;
            let (filters, inputs) = (start.size()[0], start.size()[1]);
            let rank = (rank as i64).min(filters.min(inputs));
            let below = &path / name.replace('.', "-");
            let deviation = 1.0 / (inputs as f64).sqrt();
            let normal = tch::nn::Init::Randn { mean: 0.0, stdev: deviation };
            let seed = zoobot_base::seed::mixed(seed, layers.len() as u64);
            let a = generator::seeded(seed, || below.f_var("a", &[rank, inputs], normal))?;
            let b = below.f_zeros("b", &[filters, rank])?;
            layers.push(Adapter { weight: variable.shallow_clone(), start, a, b });
        }
        match layers.is_empty() {
            true => Err(Error::empty("no layer can have adapters", "Train more of the encoder")),
            false => Ok(Self { layers }),
        }
    }

    /// Sets the network's weights from the adapters.
    pub fn apply(&self) -> Result<()> {
        no_grad(|| {
            for it in &self.layers {
                let flat = it.start.f_add(&it.b.f_matmul(&it.a)?)?;
                it.weight.shallow_clone().f_copy_(&flat.f_reshape(it.weight.size().as_slice())?)?;
            }
            Ok(())
        })
    }

    /// Turns the gradients of the weights into those of the adapters.
    pub fn pull(&self) -> Result<()> {
        let mut sum: Option<Tensor> = None;
        for it in &self.layers {
            let mut gradient = it.weight.f_grad()?;
            if !gradient.defined() {
                continue;
            }
            let flat = gradient.f_detach()?.f_reshape([it.start.size()[0], -1])?;
            let of_b = no_grad(|| flat.f_matmul(&it.a.f_tr()?))?;
            let of_a = no_grad(|| it.b.f_tr()?.f_matmul(&flat))?;
            // Its gradients are just these.
            let own = (it.a.f_mul(&of_a)?.f_sum(Kind::Float)?)
                .f_add(&it.b.f_mul(&of_b)?.f_sum(Kind::Float)?)?;
            sum = Some(match sum {
                Some(sum) => sum.f_add(&own)?,
                None => own,
            });
            // The weights themselves do not move.
            let _ = gradient.f_zero_()?;
        }
        match sum {
            Some(sum) => Ok(sum.f_backward()?),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::{HeadConfig, Plans};
    use tch::Device;
    use zoobot_representation::encoder::{Architecture, Precision, Statistics};

    fn built() -> Built {
        let plans = Plans {
            architecture: Architecture::named("resnet18").unwrap(),
            head: HeadConfig::scores(2),
            encoder: None,
            seed: 3,
            statistics: Statistics::Frozen,
            precision: Precision::Fp32,
            unfreeze_from: None,
        };
        Built::new(plans).unwrap()
    }

    #[test]
    fn adapters_start_as_the_network_and_their_gradients_are_those_of_the_product() {
        let built = built();
        let draw = || Tensor::randn([2, 3, 32, 32], (Kind::Float, Device::Cpu));
        let pictures = generator::seeded(1, draw);
        let outputs = || no_grad(|| built.judged(&pictures).unwrap());
        let before = outputs();
        let adapters = Adapters::new(&built, 2, 1).unwrap();
        adapters.apply().unwrap();
        assert!(before.equal(&outputs()));
        // With a B that is not zero, a step along the gradients of A and B changes the loss as they say.
        let it = &adapters.layers[3];
        let draw = || no_grad(|| drop(it.b.shallow_clone().uniform_(-0.1, 0.1)));
        generator::seeded(2, draw);
        adapters.apply().unwrap();
        let loss = || built.outputs(&pictures, 1).unwrap().square().sum(Kind::Float);
        loss().backward();
        adapters.pull().unwrap();
        assert_eq!(it.weight.grad().abs().max().double_value(&[]), 0.0);
        for variable in [&it.a, &it.b] {
            let gradient = variable.grad();
            let slope = gradient.square().sum(Kind::Double).double_value(&[]);
            // Short enough that few units of the network switch.
            let step = 1e-3 / slope.sqrt();
            let at = |sign: f64| {
                no_grad(|| {
                    let _ = variable.shallow_clone().g_add_(&(&gradient * (sign * step)));
                    adapters.apply().unwrap();
                    let value = loss().double_value(&[]);
                    let _ = variable.shallow_clone().g_add_(&(&gradient * (-sign * step)));
                    value
                })
            };
            let measured = (at(1.0) - at(-1.0)) / (2.0 * step);
            assert!((measured / slope - 1.0).abs() < 0.05, "{measured} {slope}");
        }
    }

    #[test]
    fn only_products_of_the_rank_are_added() {
        let built = built();
        let start = built.store.variables()["encoder.conv1.weight"].detach().copy();
        let adapters = Adapters::new(&built, 2, 1).unwrap();
        for it in &adapters.layers {
            no_grad(|| drop(it.b.shallow_clone().uniform_(-0.1, 0.1)));
        }
        adapters.apply().unwrap();
        let variables = built.store.variables();
        let change = (&variables["encoder.conv1.weight"] - start).reshape([64, -1]);
        let values = change.svd(true, true).1.to_kind(Kind::Double);
        let values = Vec::<f64>::try_from(values);
        let values = values.unwrap();
        assert!(values[1] > 1e-3 && values[2] < 1e-5, "{:?}", &values[..4]);
        assert!(!variables["encoder.bn1.weight"].requires_grad());
        assert!(Adapters::new(&built, 0, 1).is_err());
    }
}
