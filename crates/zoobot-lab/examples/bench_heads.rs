//! Measures how good heads from few labels are: draws galaxies at random, trains a head on their precomputed
//! features, and tests it on other galaxies. Prints one JSON object per draw, including the drawn galaxies,
//! so that `tests/python/bench_heads.py` can pass the same galaxies to scikit-learn.
//!
//! `bench_heads FEATURES.parquet CATALOG.csv classes|numbers LABEL SIZES DRAWS [SEED]`

use rand::seq::SliceRandom;
use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Map, json};
use zoobot_core::catalog::Catalog;
use zoobot_core::finetune::{Finetune, Predicted};
use zoobot_core::ndarray::Axis;
use zoobot_core::space::Space;
use zoobot_core::{Error, Result};

/// The maximum number of test galaxies.
const JUDGED: usize = 2000;
/// The maximum number of galaxies that are reserved for testing.
const LEFT: usize = 1000;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [features, catalog, kind, label, sizes, draws, rest @ ..] = &words[..] else {
        eprintln!(
            "bench_heads FEATURES.parquet CATALOG.csv classes|numbers LABEL SIZES DRAWS [SEED]"
        );
        std::process::exit(2);
    };
    let number = |text: &str| -> Result<u64> {
        let problem = || format!("{text:?} is not a whole number");
        text.parse().map_err(|_| Error::unsuitable(problem(), "Give sizes, draws and seed as such"))
    };
    let seed = rest.first().map_or(Ok(1), |it| number(it))?;
    let catalog = Catalog::read(catalog)?;
    let space = Space::read(features)?;
    let catalog = catalog.select(space.ids())?;
    let texts = catalog.labels(label)?;
    let known: Vec<usize> = (0..space.len()).filter(|&row| !texts[row].is_empty()).collect();
    let mut classes: Vec<&str> = known.iter().map(|&row| texts[row].as_str()).collect();
    classes.sort_unstable();
    classes.dedup();
    let run = || match kind.as_str() {
        "classes" => Finetune::classifier(label.clone()),
        _ => Finetune::regressor(label.clone()),
    };
    let part = |rows: &[usize]| -> Result<Space> {
        let ids = rows.iter().map(|&row| space.ids()[row].clone()).collect();
        Space::new(ids, space.features().select(Axis(0), rows))?.with_catalog(&catalog)
    };
    // Half of the galaxies, and at most 1,000, are reserved for testing.
    let most = known.len() - (known.len() / 2).min(LEFT);
    for size in sizes.split(',') {
        let size = number(size)? as usize;
        for draw in 0..number(draws)? {
            let mut rows = known.clone();
            let mut rng = StdRng::seed_from_u64(1000 * seed + draw + 100_000 * size as u64);
            // Repeats the draw until it has at least two galaxies of each class, as a classifier needs.
            let train = loop {
                rows.shuffle(&mut rng);
                let train = rows[..size.min(most)].to_vec();
                if kind != "classes" || enough(&texts, &classes, &train) {
                    break train;
                }
            };
            let test = rows[train.len()..].iter().copied().take(JUDGED).collect::<Vec<_>>();
            let started = std::time::Instant::now();
            let done = run().seed(draw).learn_all_encoded(&part(&train)?)?;
            let seconds = started.elapsed().as_secs_f64();
            let predicted: Predicted = done.predict_encoded(&part(&test)?)?;
            let mut figures = Map::new();
            for name in predicted.measures() {
                figures.insert((*name).to_owned(), json!(predicted.measure(name)?.value));
            }
            if kind == "classes" {
                figures.insert("calibration".to_owned(), json!(predicted.calibration_error()?));
            }
            let choices = done.strength().map(|it| it.choices().to_vec()).unwrap_or_default();
            let penalties: Vec<f64> = choices.iter().map(|it| it.penalty).collect();
            let line = json!({
                "label": label, "kind": kind, "size": size, "draw": draw, "seconds": seconds,
                "penalties": penalties, "zoobot": figures,
                "train": train.iter().map(|&row| &space.ids()[row]).collect::<Vec<_>>(),
                "test": test.iter().map(|&row| &space.ids()[row]).collect::<Vec<_>>(),
            });
            println!("{line}");
        }
    }
    Ok(())
}

/// Whether a draw has at least two galaxies of each class.
fn enough(texts: &[String], classes: &[&str], drawn: &[usize]) -> bool {
    let two = |class: &&str| drawn.iter().filter(|&&row| texts[row] == *class).nth(1).is_some();
    classes.iter().all(two)
}
