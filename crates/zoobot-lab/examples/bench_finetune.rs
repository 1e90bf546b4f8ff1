//! Times fine-tuning for `cargo xtask bench finetune`: steps of a whole network, and a head alone, from
//! pictures to the trained head.
//!
//! The arguments are timm's name of the architecture, and the side of the pictures in pixels. Each line of
//! standard input is answered with a line of JSON, in seconds: `full BATCH STEPS` times each step of encoder
//! and head (AdamW, layer decay 0.75), `bf16 BATCH STEPS` does so in 16 bits, and `head GALAXIES EPOCHS`
//! times encoding random pictures once and training a head on the features.

use std::io::{BufRead, Write};
use std::time::Instant;
use zoobot_core::encoder::{Architecture, Encoder, Precision, Statistics};
use zoobot_core::finetune::Finetune;
use zoobot_core::ndarray::Array2;
use zoobot_core::picture::Recipe;
use zoobot_core::polars::prelude::{Column, DataFrame};
use zoobot_core::prelude::Catalog;
use zoobot_core::space::Space;
use zoobot_core::tch::nn::VarStore;
use zoobot_core::tch::{Device, Kind, Tensor};
use zoobot_core::train::{HeadConfig, Loss, Optimizer, OptimizerConfig, groups};

type Failed = Box<dyn std::error::Error>;

fn main() -> Result<(), Failed> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let architecture = Architecture::named(words.first().map_or("", String::as_str))?;
    let side: i64 = words.get(1).map_or(Ok(224), |it| it.parse())?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let seconds = match words[..] {
            // Without hardware for bf16 there is nothing to time.
            ["bf16", ..] if !zoobot_core::processor::computes_bf16() => Vec::new(),
            [kind @ ("full" | "bf16"), batch, steps] => {
                let precision = if kind == "bf16" { Precision::Bf16 } else { Precision::Fp32 };
                full(&architecture, side, batch.parse()?, steps.parse()?, precision)?
            }
            ["head", galaxies, epochs] => {
                vec![head(&architecture, side, galaxies.parse()?, epochs.parse()?)?]
            }
            _ => return Err(format!("not understood: {line}").into()),
        };
        println!("{seconds:?}");
        std::io::stdout().flush()?;
    }
    Ok(())
}

fn pictures(count: i64, side: i64) -> Tensor {
    Tensor::rand([count, 3, side, side], (Kind::Float, Device::Cpu))
}

fn full(
    architecture: &Architecture,
    side: i64,
    batch: i64,
    steps: usize,
    precision: Precision,
) -> Result<Vec<f64>, Failed> {
    let store = VarStore::new(Device::Cpu);
    let network = architecture.build(&(store.root() / "encoder"), 0)?;
    let head = HeadConfig::scores(2).build(&(store.root() / "head"), architecture.width(), 0)?;
    let training = network.training(Statistics::Batch)?.precision(precision, Device::Cpu);
    let below = |names: Vec<String>| names.iter().map(|it| format!("encoder.{it}")).collect();
    let layers: Vec<Vec<String>> = architecture.layers().into_iter().map(below).collect();
    let groups = groups(&store, &layers, 0.75, 0.05)?;
    let mut optimizer = Optimizer::new(&store, &groups, OptimizerConfig::default())?;
    // Channels last in memory, like prepared pictures.
    let pictures = pictures(batch, side).permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]);
    let classes = Tensor::arange(batch, (Kind::Int64, Device::Cpu)).remainder(2_i64);
    let loss = Loss::classes();
    let mut seconds = Vec::with_capacity(steps);
    // The first step also allocates memory, and is not counted.
    for step in 0..=steps as u64 {
        let start = Instant::now();
        optimizer.zero_grad();
        let outputs = head.forward(&training.features(&pictures)?, Some(step))?;
        loss.of(&outputs, &classes)?.f_backward()?;
        optimizer.step(1e-4)?;
        if step > 0 {
            seconds.push(start.elapsed().as_secs_f64());
        }
    }
    Ok(seconds)
}

fn head(
    architecture: &Architecture,
    side: i64,
    galaxies: usize,
    epochs: u64,
) -> Result<f64, Failed> {
    let recipe = Recipe { size: side as usize, ..Recipe::zoobot() };
    let encoder = Encoder::untrained(architecture.clone(), recipe, 1)?;
    let batch = pictures(32, side);
    let start = Instant::now();
    let mut features: Vec<f32> = Vec::with_capacity(galaxies * encoder.width());
    while features.len() < galaxies * encoder.width() {
        let left = (galaxies - features.len() / encoder.width()).min(32) as i64;
        let some = encoder.features(&batch.narrow(0, 0, left))?;
        features.extend(Vec::<f32>::try_from(some.flatten(0, -1))?);
    }
    let features = Array2::from_shape_vec((galaxies, encoder.width()), features)?;
    let part = |from: usize, to: usize| -> Result<Space, Failed> {
        let ids: Vec<String> = (from..to).map(|i| format!("G{i}")).collect();
        let classes: Vec<i64> = (from..to).map(|i| (i % 2) as i64).collect();
        let columns = vec![
            Column::new("id_str".into(), &ids),
            Column::new("file_loc".into(), &ids),
            Column::new("ring".into(), classes),
        ];
        let catalog = Catalog::from_table(DataFrame::new(to - from, columns)?, "nowhere")?;
        let some = features.slice(zoobot_core::ndarray::s![from..to, ..]).to_owned();
        Ok(Space::new(ids, some)?.with_catalog(&catalog)?)
    };
    let learn = galaxies * 9 / 10;
    let run = Finetune::classifier("ring").encoder(&encoder).epochs(epochs).patience(None);
    run.train_encoded(&part(0, learn)?, &part(learn, galaxies)?)?;
    Ok(start.elapsed().as_secs_f64())
}
