//! Generates a table larger than memory should hold, searches it from disk, and reports memory use.
//!
//! `bench_large FOLDER [ROWS] [WIDTH] [half]` (default 10,000,000 x 40, float32) needs 1.9 GB of disk in
//! FOLDER, or 1.1 GB with `half`, and removes it at the end. It prints seconds and peak memory.

use std::time::Instant;
use zoobot_core::ndarray::Array2;
use zoobot_core::rand::{Rng, SeedableRng, rngs::StdRng};
use zoobot_core::similar::{Metric, VectorFile};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The number of rows that are generated at a time.
const BLOCK: usize = 20_000;

/// The peak memory of the process in MB, including mapped files.
fn peak() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM")).ok_or("no VmHWM")?;
    let number = line.split_whitespace().nth(1).ok_or("no number")?;
    Ok(number.parse::<f64>()? / 1024.0)
}

/// Rows from Gaussian-like clusters around `centres`, with a spread that falls from axis to axis.
fn block(number: usize, rows: usize, centres: &Array2<f32>) -> Array2<f32> {
    let mut rng = StdRng::seed_from_u64(number as u64);
    let width = centres.ncols();
    let scale: Vec<f32> = (0..width).map(|i| (1.0 + i as f32).powf(-0.6)).collect();
    let mut table = Array2::zeros((rows, width));
    for mut row in table.rows_mut() {
        let centre = centres.row(rng.random_range(0..centres.nrows()));
        for ((to, at), scale) in row.iter_mut().zip(centre).zip(&scale) {
            // Close enough to a normal distribution.
            let noise: f32 = (0..4).map(|_| rng.random_range(-0.87..0.87_f32)).sum();
            *to = scale * (at + noise);
        }
    }
    table
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().ok_or("bench_large FOLDER [ROWS] [WIDTH] [half]")?;
    let number = |i: usize, default: usize| arguments.get(i).map_or(Ok(default), |it| it.parse());
    let (rows, width) = (number(1, 10_000_000)?, number(2, 40)?);
    let half = arguments.iter().any(|it| it == "half");
    let path = std::path::Path::new(folder).join("large.vectors");
    let mut rng = StdRng::seed_from_u64(7);
    let centres = Array2::from_shape_fn((20, width), |_| rng.random_range(-3.0..3.0_f32));

    let start = Instant::now();
    let file = VectorFile::write(&path, half, |to| {
        for (number, from) in (0..rows).step_by(BLOCK).enumerate() {
            let count = BLOCK.min(rows - from);
            let ids: Vec<String> = (from..from + count).map(|i| format!("g{i:08}")).collect();
            to.add_rows(&ids, block(number, count, &centres).view())?;
        }
        Ok(())
    })?;
    let bytes = std::fs::metadata(&path)?.len() as f64 / 1e6;
    println!("written: {rows} x {width}, {bytes:.0} MB, {:.1} s", start.elapsed().as_secs_f64());
    println!("peak memory {:.0} MB", peak()?);
    let queries = block(usize::MAX, 1000, &centres);
    for count in [1, 1, 10, 1000] {
        let start = Instant::now();
        let some = queries.slice(zoobot_core::ndarray::s![..count, ..]);
        file.nearest(some, 10, Metric::L2)?;
        let seconds = start.elapsed().as_secs_f64();
        println!("{count} queries: {seconds:.2} s, peak memory {:.0} MB", peak()?);
    }
    let start = Instant::now();
    let found = file.search().like(format!("g{:08}", rows / 2)).nearest(9)?;
    let seconds = start.elapsed().as_secs_f64();
    println!("like a galaxy, by name: {seconds:.2} s, nearest {:?}", found.ids()[0]);
    let start = Instant::now();
    file.pca(10.min(width))?;
    println!("pca: {:.1} s", start.elapsed().as_secs_f64());
    println!("peak memory {:.0} MB", peak()?);
    std::fs::remove_file(path)?;
    Ok(())
}
