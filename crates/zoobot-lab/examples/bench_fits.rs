//! Times the reading of FITS images and cut-outs; `tests/python/bench_fits.py` makes the files, runs this beside
//! astropy, and compares what both read. Prints one JSON object.
//!
//! `bench_fits decode FILE TIMES` or `bench_fits cutouts IMAGE CATALOG.csv SIZE`

use serde_json::json;
use std::time::Instant;
use zoobot_core::catalog::read_table;
use zoobot_core::picture::{FitsFile, PixelRegion};
use zoobot_core::{Error, Result};

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |text: &str| -> Result<usize> {
        let problem = || format!("{text:?} is not a whole number");
        text.parse().map_err(|_| Error::unsuitable(problem(), "Give times and size as such"))
    };
    match &words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["decode", file, times] => {
            let mut seconds = Vec::new();
            let mut sum = 0.0;
            for _ in 0..number(times)?.max(1) {
                let begun = Instant::now();
                let image = FitsFile::open(file)?.image(None)?;
                let planes = (0..image.planes()).map(|plane| image.plane::<f32>(plane));
                let planes = planes.collect::<Result<Vec<_>>>()?;
                seconds.push(begun.elapsed().as_secs_f64());
                sum = planes.iter().flatten().map(|it| f64::from(*it)).sum();
            }
            seconds.sort_by(f64::total_cmp);
            println!(
                "{}",
                json!({"best": seconds[0], "median": seconds[seconds.len() / 2], "sum": sum})
            );
        }
        ["cutouts", image, catalog, size] => {
            let size = number(size)?;
            let table = read_table(std::path::Path::new(catalog))?;
            let column = |name: &str| -> Result<Vec<f64>> {
                Ok(table.column(name)?.f64()?.iter().map(|it| it.unwrap_or(f64::NAN)).collect())
            };
            let (ra, dec) = (column("ra")?, column("dec")?);
            let begun = Instant::now();
            let image = FitsFile::open(image)?.image(None)?;
            let wcs = image.wcs()?;
            let regions = ra.iter().zip(&dec).filter_map(|(ra, dec)| {
                let (x, y) = wcs.pixel(*ra, *dec)?;
                Some(PixelRegion::around(x, y, size, size))
            });
            let cut = image.cut_many(0, &regions.collect::<Vec<_>>())?;
            let seconds = begun.elapsed().as_secs_f64();
            let sum: f64 =
                cut.iter().flatten().filter(|it| it.is_finite()).map(|it| f64::from(*it)).sum();
            println!("{}", json!({"seconds": seconds, "cutouts": cut.len(), "sum": sum}));
        }
        _ => {
            eprintln!("bench_fits decode FILE TIMES | cutouts IMAGE CATALOG.csv SIZE");
            std::process::exit(2);
        }
    }
    Ok(())
}
