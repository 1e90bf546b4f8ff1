//! Times exact search, for `cargo xtask bench search`.
//!
//! `bench_search POOL.npy QUERIES.npy K` reads both tables (float32, one vector a row), prints the
//! seconds that reading took, and then answers each line of standard input with a line of JSON:
//! `all` searches for all queries at once, `one` for the first 100 one by one (the median is given);
//! `rows` gives the places that were found.

use std::io::{BufRead, Write};
use std::time::Instant;
use zoobot_core::ndarray::{Array2, s};
use zoobot_core::similar::Metric;
use zoobot_core::space::Space;
use zoobot_core::tch::Tensor;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn read(path: &str) -> Outcome<Array2<f32>> {
    let tensor = Tensor::read_npy(path)?;
    let (rows, columns) = tensor.size2()?;
    let values = Vec::try_from(tensor.f_flatten(0, -1)?)?;
    Ok(Array2::from_shape_vec((rows as usize, columns as usize), values)?)
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, pool, queries, k] = arguments.as_slice() else {
        return Err("bench_search POOL.npy QUERIES.npy K".into());
    };
    let (pool, queries, k) = (read(pool)?, read(queries)?, k.parse()?);
    let start = Instant::now();
    let space = Space::new((0..pool.nrows()).map(|i| i.to_string()).collect(), pool)?;
    println!("{}", start.elapsed().as_secs_f64());
    for line in std::io::stdin().lock().lines() {
        let start = Instant::now();
        match line?.trim() {
            "all" => {
                space.nearest(queries.view(), k, Metric::L2)?;
                println!("{}", start.elapsed().as_secs_f64());
            }
            "one" => {
                let mut seconds = Vec::new();
                for i in 0..queries.nrows().min(100) {
                    let start = Instant::now();
                    space.nearest(queries.slice(s![i..i + 1, ..]), k, Metric::L2)?;
                    seconds.push(start.elapsed().as_secs_f64());
                }
                seconds.sort_by(f64::total_cmp);
                println!("{}", seconds[seconds.len() / 2]);
            }
            _ => println!(
                "{:?}",
                space.nearest(queries.view(), k, Metric::L2)?.rows.into_raw_vec_and_offset().0
            ),
        }
        std::io::stdout().flush()?;
    }
    Ok(())
}
