//! Times search, indexes, PCA and maps, for `cargo xtask bench search`.
//!
//! `bench_search` answers each line of standard input with a line of JSON. Tables are `.npy` files,
//! float32, one vector a row:
//!
//! * `tables POOL QUERIES K` reads both: the seconds until the pool is a space;
//! * `all` searches for all queries at once, `one` for the first 100 one by one: seconds (for `one`, the
//!   median); `rows` returns the rows that were found;
//! * `build` builds an index: seconds, and its measurements;
//! * `wide N` sets the ef of the index; `walk`, `walk one` and `walk rows` search it as `all`, `one` and
//!   `rows` search exactly;
//! * `pca TABLE COMPONENTS` fits and transforms: seconds, and the fraction of the variance;
//! * `map TABLE OUT` makes a map and writes it to OUT: seconds.

use std::io::{BufRead, Write};
use std::time::Instant;
use zoobot_core::map::MapConfig;
use zoobot_core::ndarray::{Array2, s};
use zoobot_core::similar::{Index, IndexConfig, Metric, Nearest};
use zoobot_core::space::{Pca, Space};
use zoobot_core::tch::Tensor;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn read(path: &str) -> Outcome<Array2<f32>> {
    let tensor = Tensor::read_npy(path)?;
    let (rows, columns) = tensor.size2()?;
    let values = Vec::try_from(tensor.f_flatten(0, -1)?)?;
    Ok(Array2::from_shape_vec((rows as usize, columns as usize), values)?)
}

fn space(table: Array2<f32>) -> Outcome<Space> {
    Ok(Space::new((0..table.nrows()).map(|i| i.to_string()).collect(), table)?)
}

struct Bench {
    space: Space,
    queries: Array2<f32>,
    k: usize,
    index: Option<Index>,
}

impl Bench {
    fn nearest(&self, from: usize, to: usize, walk: bool) -> Outcome<Nearest> {
        let queries = self.queries.slice(s![from..to, ..]);
        Ok(match (&self.index, walk) {
            (Some(index), true) => index.nearest(queries, self.k)?,
            _ => self.space.nearest(queries, self.k, Metric::L2)?,
        })
    }

    fn one(&self, walk: bool) -> Outcome<f64> {
        let mut seconds = Vec::new();
        for i in 0..self.queries.nrows().min(100) {
            let start = Instant::now();
            self.nearest(i, i + 1, walk)?;
            seconds.push(start.elapsed().as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        Ok(seconds[seconds.len() / 2])
    }
}

fn answer(words: &[&str], bench: &mut Option<Bench>) -> Outcome<String> {
    let start = Instant::now();
    match words {
        ["tables", pool, queries, k] => {
            let (pool, queries, k) = (read(pool)?, read(queries)?, k.parse()?);
            let start = Instant::now();
            let space = space(pool)?;
            *bench = Some(Bench { space, queries, k, index: None });
            return Ok(start.elapsed().as_secs_f64().to_string());
        }
        ["pca", table, components] => {
            let table = read(table)?;
            let start = Instant::now();
            let pca = Pca::fit(table.view(), components.parse()?)?;
            let fitted = start.elapsed().as_secs_f64();
            pca.transform(table.view())?;
            let seconds = start.elapsed().as_secs_f64();
            let share: f64 = pca.variance_ratio().iter().sum();
            return Ok(format!("[{seconds}, {fitted}, {share}]"));
        }
        ["map", table, out] => {
            let space = space(read(table)?)?;
            let start = Instant::now();
            let map = space.map(&MapConfig::default())?;
            let seconds = start.elapsed().as_secs_f64();
            let values: Vec<f32> = map.places().iter().copied().collect();
            Tensor::f_from_slice(&values)?.f_view([-1, 2])?.write_npy(out)?;
            return Ok(seconds.to_string());
        }
        _ => {}
    }
    let bench = bench.as_mut().ok_or("tables first")?;
    let count = bench.queries.nrows();
    match words {
        ["all"] => bench.nearest(0, count, false).map(drop)?,
        ["walk"] => bench.nearest(0, count, true).map(drop)?,
        ["one"] => return Ok(bench.one(false)?.to_string()),
        ["walk", "one"] => return Ok(bench.one(true)?.to_string()),
        ["rows"] | ["walk", "rows"] => {
            let found = bench.nearest(0, count, words.len() == 2)?;
            return Ok(format!("{:?}", found.rows.into_raw_vec_and_offset().0));
        }
        ["wide", wide] => {
            let index = bench.index.as_ref().ok_or("build first")?;
            bench.index = Some(index.wide(wide.parse()?)?);
        }
        ["build"] => {
            let index = bench.space.index(&IndexConfig::default())?;
            eprintln!("{index}");
            let recall = index.measured();
            bench.index = Some(index.clone());
            return Ok(format!("[{}, {}, {}]", index.seconds(), recall.wide, recall.recall));
        }
        other => return Err(format!("what is {other:?}?").into()),
    }
    Ok(start.elapsed().as_secs_f64().to_string())
}

fn main() -> Outcome<()> {
    let mut bench = None;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        println!("{}", answer(&line.split_whitespace().collect::<Vec<_>>(), &mut bench)?);
        std::io::stdout().flush()?;
    }
    Ok(())
}
