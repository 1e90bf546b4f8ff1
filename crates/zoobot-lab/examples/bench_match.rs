//! Times the sky match of two tables of positions, for `tests/python/bench_match.py`.
//!
//! The arguments are two files of positions (pairs of 64-bit floats: right ascension and declination in degrees) and
//! the radius in arcseconds. Each line of standard input starts a round; the answer is a line of JSON with the seconds
//! and the number of pairs.

use std::io::{BufRead, Write};
use std::time::Instant;
use zoobot_core::tables::SkyMatch;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [first, second, radius] = &arguments[..] else { return Err("FIRST SECOND RADIUS".into()) };
    let read = |path: &String| -> std::io::Result<Vec<[f64; 2]>> {
        let bytes = std::fs::read(path)?;
        let number = |bytes: &[u8]| f64::from_le_bytes(bytes.try_into().unwrap_or_default());
        Ok(bytes.chunks_exact(16).map(|pair| [number(&pair[..8]), number(&pair[8..])]).collect())
    };
    let (first, second) = (read(first)?, read(second)?);
    let search = SkyMatch::new(radius.parse()?);
    for line in std::io::stdin().lock().lines() {
        line?;
        let start = Instant::now();
        let found = search.pairs_of(&first, &second)?;
        let seconds = start.elapsed().as_secs_f64();
        let sum: f64 = found.separations().iter().sum();
        println!("{{\"seconds\": {seconds}, \"pairs\": {}, \"sum_arcsec\": {sum}}}", found.len());
        std::io::stdout().flush()?;
    }
    Ok(())
}
