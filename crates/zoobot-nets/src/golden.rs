//! Known answers of timm's encoders, for the tests. They come from `ZOOBOT_GOLDEN`, whose README defines
//! the formulas used here, and smaller ones from `tests/fixtures/timm`, with the same formulas.

use super::layers::{Form, Layer};
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor, nn};
use zoobot_base::Result;

/// The known answer of one encoder.
pub(super) struct Golden {
    folder: PathBuf,
    json: serde_json::Value,
}

impl Golden {
    /// Reads `NAME.json`; skips with a message and returns `None` if it is missing.
    pub fn open(name: &str) -> Option<Self> {
        let folder = zoobot_testing::folder("encoders")?;
        let Ok(text) = std::fs::read_to_string(folder.join(format!("{name}.json"))) else {
            zoobot_testing::skip(&format!("no {name}.json in {}", folder.display()));
            return None;
        };
        Some(Self { folder, json: serde_json::from_str(&text).unwrap() })
    }

    /// Reads `NAME.json` from this repository, written by `make_timm.py`.
    pub fn fixture(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/timm");
        let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        Self { folder, json: serde_json::from_str(&text).unwrap() }
    }

    /// Compares all recorded answers with the network that `build` makes, plain and folded.
    pub fn check<N: Layer>(
        &self,
        build: impl Fn(&nn::Path) -> Result<N>,
        features: impl Fn(&N, &Tensor) -> Result<Tensor>,
    ) {
        let store = nn::VarStore::new(Device::Cpu);
        let network = build(&store.root()).unwrap();
        self.set_variables(&store);
        let (input, expected) = (self.input(), self.features());
        let _guard = tch::no_grad_guard();
        for network in [&network, &network.in_form(Form::Folded).unwrap()] {
            let features = features(network, &input).unwrap();
            let features = features.narrow(1, 0, expected.size()[1]);
            let difference = relative_difference(&features, &expected);
            println!("max|a-b|/max|b| = {difference:.1e}");
            assert!(difference <= 1e-4, "{difference}");
        }
    }

    /// The names, shapes and (if recorded) sums of the tensors.
    fn state_dict(&self) -> Vec<(String, Vec<i64>, Option<f64>)> {
        let shape = |value: &serde_json::Value| serde_json::from_value(value.clone()).unwrap();
        match &self.json["state_dict"] {
            serde_json::Value::Object(all) => {
                all.iter().map(|(name, dims)| (name.clone(), shape(dims), None)).collect()
            }
            list => {
                let entry = |entry: &serde_json::Value| {
                    let name = entry["name"].as_str().unwrap().to_owned();
                    (name, shape(&entry["shape"]), entry["sum"].as_f64())
                };
                list.as_array().unwrap().iter().map(entry).collect()
            }
        }
    }

    pub fn channels(&self) -> i64 {
        self.json["in_chans"].as_i64().unwrap()
    }

    /// Compares names and shapes with those of timm, and sets every variable by the formula.
    pub fn set_variables(&self, store: &nn::VarStore) {
        let gain = self.json["gain"].as_f64().unwrap();
        let mut variables = store.variables();
        for (name, shape, sum) in self.state_dict() {
            let mut variable =
                variables.remove(&name).unwrap_or_else(|| panic!("no variable {name}"));
            assert_eq!(variable.size(), shape, "{name}");
            if name.ends_with("num_batches_tracked") {
                assert_eq!(variable.kind(), Kind::Int64);
                continue;
            }
            let hash = self.hash(&name);
            let count = variable.numel() as u32;
            let fan_in = f64::from(count) / shape[0] as f64;
            let value = |i| {
                let u = uniform(hash, i);
                if name.ends_with("running_var") {
                    1.0 + 0.1 * u
                } else if name.ends_with("gamma") {
                    0.5 + 0.1 * u
                } else if name.ends_with("bias") || name.ends_with("running_mean") {
                    0.1 * u
                } else if shape.len() >= 2 {
                    u * (gain / fan_in).sqrt()
                } else {
                    1.0 + 0.1 * u
                }
            };
            let values: Vec<f32> = (0..count).map(|i| value(i) as f32).collect();
            if let Some(expected) = sum {
                let sum: f64 = values.iter().copied().map(f64::from).sum();
                assert!((sum - expected).abs() <= 1e-5 * expected.abs() + 1e-6, "{name}: {sum}");
            }
            tch::no_grad(|| variable.copy_(&Tensor::from_slice(&values).view(shape.as_slice())));
        }
        let unknown: Vec<_> = variables.keys().collect();
        assert!(unknown.is_empty(), "timm has no {unknown:?}");
    }

    /// The pictures `[2, channels, height, width]` by the formula, 224 x 224 pixels unless the file
    /// gives another size.
    pub fn input(&self) -> Tensor {
        let size: Option<[i64; 2]> = serde_json::from_value(self.json["size"].clone()).unwrap();
        let ([height, width], channels) = (size.unwrap_or([224; 2]), self.channels());
        let scale = |place: i64, side: i64| place as f64 * (224.0 / side as f64);
        let hash = self.hash("input");
        let mut values = Vec::new();
        for (cx, cy, sx, sy) in [(112.0, 112.0, 30.0, 30.0), (90.0, 130.0, 60.0, 15.0)] {
            for c in 0..channels {
                for y in 0..height {
                    for x in 0..width {
                        let (dx, dy) = (scale(x, width) - cx, scale(y, height) - cy);
                        let blob = (-(dx * dx / (2.0 * sx * sx) + dy * dy / (2.0 * sy * sy))).exp();
                        let u = uniform(hash, values.len() as u32);
                        let value = 0.7 * (1.0 - 0.2 * c as f64) * blob + 0.3 * (u + 1.0) / 2.0;
                        values.push(value as f32);
                    }
                }
            }
        }
        Tensor::from_slice(&values).view([2, channels, height, width])
    }

    /// timm's features; fixtures have only the first of them.
    pub fn features(&self) -> Tensor {
        if let Some(rows) = self.json["features"].as_array() {
            let rows: Vec<Vec<f32>> =
                rows.iter().map(|row| serde_json::from_value(row.clone()).unwrap()).collect();
            return Tensor::from_slice(&rows.concat()).view([rows.len() as i64, -1]);
        }
        let file = self.json["features_file"].as_str().unwrap();
        let tensor = Tensor::read_npy(self.folder.join(file)).unwrap();
        tensor.to_device(Device::Cpu)
    }

    /// Fails unless the output of a timm module agrees at the recorded indices.
    pub fn check_probe(&self, module: &str, output: &Tensor) {
        let probes = self.json["probes"].as_array().unwrap();
        let probe = probes.iter().find(|probe| probe["module"] == module).unwrap();
        let shape: Vec<i64> = serde_json::from_value(probe["shape"].clone()).unwrap();
        assert_eq!(output.size(), shape, "{module}");
        let places: Vec<i64> = serde_json::from_value(probe["flat_index"].clone()).unwrap();
        let expected: Vec<f64> = serde_json::from_value(probe["value"].clone()).unwrap();
        let limit = 1e-4 * probe["max_abs"].as_f64().unwrap();
        let flat = output.contiguous().view(-1);
        for (place, expected) in places.into_iter().zip(expected) {
            let value = flat.double_value(&[place]);
            assert!((value - expected).abs() <= limit, "{module} [{place}]: {value}, {expected}");
        }
    }

    /// timm's factor on the learning rate of each parameter, for a recorded decay.
    pub fn learning_rates(&self, decay: f64) -> Vec<(String, f64)> {
        let record = &self.json["layer_decay"];
        let what = record["what"].as_str().unwrap();
        assert!(what.contains(&format!("layer_decay={decay}")), "{what}");
        let all = record["params"].as_object().unwrap();
        all.iter().map(|(name, rate)| (name.clone(), rate[0].as_f64().unwrap())).collect()
    }

    /// The learning rates in a fixture, by name prefix of the parameters, for a decay of 0.75.
    pub fn rates(&self) -> Vec<(String, f64)> {
        let all = self.json["rates_of_decay_0.75"].as_object().unwrap();
        all.iter().map(|(before, rate)| (before.clone(), rate.as_f64().unwrap())).collect()
    }

    fn hash(&self, name: &str) -> u32 {
        fnv1a(&format!("{}/{name}", self.json["seed"]))
    }
}

/// `max|a - b| / max|b|`.
pub(super) fn relative_difference(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.size(), b.size());
    ((a - b).abs().max() / b.abs().max()).double_value(&[])
}

fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811C_9DC5, |h, byte| (h ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn uniform(hash: u32, i: u32) -> f64 {
    let mut x = hash.wrapping_add(i.wrapping_mul(0x9E37_79B9));
    x = (x ^ (x >> 16)).wrapping_mul(0x7FEB_352D);
    x = (x ^ (x >> 15)).wrapping_mul(0x846C_A68B);
    x ^= x >> 16;
    f64::from(x) / f64::from(1u32 << 31) - 1.0
}

#[test]
fn golden_formula_gives_the_published_numbers() {
    assert_eq!(fnv1a("a"), 3_826_002_220);
    let expected = [-0.15386296, 0.27544278, 0.14608190, 0.73302543];
    for (i, expected) in (0..).zip(expected) {
        assert!((uniform(fnv1a("a"), i) - expected).abs() < 1e-8);
    }
}
