//! Times a complete search for anomalies by a simulated user, for `cargo xtask bench anomaly`.
//!
//! `bench_anomaly POOL.npy SCORE.npy LABELS` reads the galaxies (float64, rows x features) and the ratings
//! that a user would give, 0 to 5; galaxies rated 5 are interesting. Each line of standard input is the seed
//! of a search, or `predict`; the answer is a line of JSON.

use std::io::{BufRead, Write};
use std::time::Instant;
use zoobot_core::anomaly::gp::{GaussianProcess, Kernel};
use zoobot_core::anomaly::{AnomalySearch, Truth};
use zoobot_core::ndarray::{Array2, s};
use zoobot_core::space::Space;
use zoobot_core::tch::{Kind, Tensor};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn read(path: &str) -> Outcome<Tensor> {
    Ok(Tensor::read_npy(path)?.f_to_kind(Kind::Double)?)
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, pool, score, labels] = arguments.as_slice() else {
        return Err("bench_anomaly POOL.npy SCORE.npy LABELS".into());
    };
    let pool = read(pool)?;
    let (rows, columns) = pool.size2()?;
    let values: Vec<f32> = Vec::try_from(pool.f_to_kind(Kind::Float)?.f_flatten(0, -1)?)?;
    let features = Array2::from_shape_vec((rows as usize, columns as usize), values)?;
    let space = Space::new((0..features.nrows()).map(|i| i.to_string()).collect(), features)?;
    let score: Vec<f64> = Vec::try_from(read(score)?)?;
    let truth = Truth::of(score.iter().map(|value| value / 5.0).collect())?;
    let labels: usize = labels.parse()?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let answer = if line.trim() == "predict" {
            predict(&space, labels)?
        } else {
            let mut search = AnomalySearch::new(&space).seed(line.trim().parse()?);
            serde_json::to_value(search.simulate(&truth, labels)?)?
        };
        println!("{answer}");
        std::io::stdout().flush()?;
    }
    Ok(())
}

/// The seconds that a likelihood with its gradient, the means, and the means with deviations take, for the
/// whole pool.
fn predict(space: &Space, labels: usize) -> Outcome<serde_json::Value> {
    let rated = space.features().slice_move(s![..labels, ..]);
    let ratings: Vec<f64> = (0..labels).map(|i| (i % 6) as f64).collect();
    let kernel = Kernel::rational_quadratic(1.0, 6.0) + Kernel::white(0.5);
    let process = GaussianProcess::new(kernel);
    let start = Instant::now();
    for _ in 0..20 {
        process.log_marginal_likelihood(rated, &ratings)?;
    }
    let likelihood = start.elapsed().as_secs_f64() / 20.0;
    let fitted = process.condition(rated, &ratings)?;
    let start = Instant::now();
    fitted.mean(space.features())?;
    let mean = start.elapsed().as_secs_f64();
    let start = Instant::now();
    fitted.predict(space.features())?;
    let both = start.elapsed().as_secs_f64();
    Ok(serde_json::json!({
        "likelihood_seconds": likelihood, "mean_seconds": mean, "both_seconds": both,
    }))
}
