use super::{Debiased, Debiasing};
use crate::schema::{Schema, Votes};
use crate::volunteers::FractionTable;
use ndarray::Array2;
use polars::prelude::{Column, DataFrame, df};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use zoobot_show::notes;

/// The number of volunteers of a simulated galaxy.
const VOLUNTEERS: usize = 40;

fn tree() -> Schema {
    let text = r#"{"name": "tree", "questions": [
        {"question": "shape", "answers": ["smooth", "featured", "artifact"]},
        {"question": "bar", "answers": ["strong", "weak", "no"], "depends_on": "shape_featured"}]}"#;
    Schema::from_json(text).unwrap()
}

/// The number of volunteers of `all` who give each answer.
fn vote(draw: &mut StdRng, all: usize, chances: &[f64]) -> Vec<f64> {
    let mut votes = vec![0.0; chances.len()];
    for _ in 0..all {
        let mut left = draw.random::<f64>();
        let chosen = chances.iter().position(|it| {
            left -= it;
            left < 0.0
        });
        votes[chosen.unwrap_or(chances.len() - 1)] += 1.0;
    }
    votes
}

/// Simulated galaxies with a known bias.
struct Sample {
    raw: FractionTable,
    table: DataFrame,
    redshifts: Vec<f64>,
    truth: Array2<f64>,
}

/// Galaxies at redshifts from 0.02 to 0.15. Of the volunteers who would see features at a redshift of 0.02,
/// `1 - 4 (z - 0.02)` see them, and of those who would see a bar, `1 - 3 (z - 0.02)`. Multiples of irrational
/// numbers spread the true fractions evenly at every redshift.
fn biased(galaxies: usize, seed: u64) -> Sample {
    let mut draw = StdRng::seed_from_u64(seed);
    let (mut counts, mut truth) = (Array2::zeros((galaxies, 6)), Array2::zeros((galaxies, 6)));
    let mut redshifts = Vec::new();
    for row in 0..galaxies {
        let redshift = 0.02 + 0.13 * row as f64 / galaxies as f64;
        let even = |step: f64| (row as f64 * step).fract();
        redshifts.push(redshift);
        let (featured, artifact) = (0.97 * even(0.5_f64.sqrt()).powf(0.7), 0.03);
        let bar = even(1.0 / 3.0_f64.sqrt());
        let strong = bar * draw.random::<f64>();
        let seen = featured * (1.0 - 4.0 * (redshift - 0.02));
        let dim = 1.0 - 3.0 * (redshift - 0.02);
        let all = [1.0 - featured - artifact, featured, artifact, strong, bar - strong, 1.0 - bar];
        truth.row_mut(row).assign(&ndarray::arr1(&all));
        let first = vote(&mut draw, VOLUNTEERS, &[1.0 - seen - artifact, seen, artifact]);
        let (strong, weak) = (strong * dim, (bar - strong) * dim);
        let second = vote(&mut draw, first[1] as usize, &[strong, weak, 1.0 - strong - weak]);
        counts.row_mut(row).assign(&ndarray::arr1(&[first, second].concat()));
    }
    let ids: Vec<String> = (0..galaxies).map(|it| format!("g{it}")).collect();
    let votes = Votes::new(&tree(), ids.clone(), counts).unwrap();
    let table = df!("id_str" => ids, "redshift" => redshifts.clone()).unwrap();
    Sample { raw: FractionTable::of(&votes), table, redshifts, truth }
}

/// The mean of the deviations from the truth, and of their absolute values, for an answer in these rows.
fn deviation(
    found: &FractionTable,
    truth: &Array2<f64>,
    answer: usize,
    rows: impl Fn(usize) -> bool,
) -> (f64, f64) {
    let all = (0..found.len()).filter(|row| rows(*row));
    let off = all.map(|row| found.fractions()[[row, answer]] - truth[[row, answer]]);
    let off: Vec<f64> = off.filter(|it| it.is_finite()).collect();
    let count = off.len() as f64;
    (off.iter().sum::<f64>() / count, off.iter().map(|it| it.abs()).sum::<f64>() / count)
}

fn number(debiased: &Debiased, column: &str, row: usize) -> f64 {
    let column = debiased.report().column(column).unwrap();
    column.cast(&polars::prelude::DataType::Float64).unwrap().f64().unwrap().get(row).unwrap()
}

#[test]
fn a_planted_bias_is_removed_at_high_redshift_and_low_redshift_stays() {
    // The reference is the nearest tenth of the galaxies, whose mean redshift exceeds 0.02 by 0.0065. So a bias
    // of 0.97 / 1.7 * 4 * 0.0065 = 0.015 remains.
    let sample = biased(20_000, 1);
    let debiased = Debiasing::new().apply(&sample.raw, &sample.table).unwrap();
    let after = debiased.fractions();
    // Featured among all galaxies, and any bar among galaxies with enough votes for it.
    let far = |row: usize| sample.redshifts[row] > 0.11;
    let asked = |row: usize| far(row) && sample.raw.totals()[[row, 1]] >= 15.0;
    for (name, answer, factors) in [("featured", 1, (8.0, 2.5)), ("no bar", 5, (3.0, 1.2))] {
        let rows = |row: usize| if answer == 1 { far(row) } else { asked(row) };
        let (bias, off) = deviation(&sample.raw, &sample.truth, answer, rows);
        let (left, close) = deviation(after, &sample.truth, answer, rows);
        println!("{name}: mean {bias:.4} to {left:.4}, absolute {off:.4} to {close:.4}");
        assert!(left.abs() * factors.0 < bias.abs(), "{name}: {left} {bias}");
        assert!(close * factors.1 < off, "{name}: {close} {off}");
    }
    let reference = number(&debiased, "reference", 0);
    assert!((0.032..0.034).contains(&reference), "{reference}");
    let near = |row: &usize| sample.redshifts[*row] <= reference;
    let shape = ndarray::s![.., 0..3];
    let (before, then) = (sample.raw.fractions(), after.fractions());
    let (before, then) = (before.slice(shape), then.slice(shape));
    assert!((0..20_000).filter(near).all(|row| before.row(row) == then.row(row)));
    let changed =
        (0..20_000).filter(|row| !near(row)).filter(|row| before.row(*row) != then.row(*row));
    assert!(changed.count() > 15_000);
}

#[test]
fn debiased_fractions_sum_to_1_and_keep_what_was_not_asked() {
    let sample = biased(3000, 2);
    let debiased = Debiasing::new().reference(0.03).apply(&sample.raw, &sample.table).unwrap();
    let after = debiased.fractions();
    let sums = tree().sums(after.fractions());
    for (sum, votes) in sums.iter().zip(sample.raw.totals().iter()) {
        let right = if *votes > 0.0 { (sum - 1.0).abs() < 1e-12 } else { sum.is_nan() };
        assert!(right, "{sum} of {votes} votes");
    }
    assert!(after.fractions().iter().all(|it| it.is_nan() || (0.0..=1.0).contains(it)));
    assert_eq!((after.ids(), after.totals()), (sample.raw.ids(), sample.raw.totals()));
    for (before, then) in sample.raw.fractions().iter().zip(after.fractions()) {
        assert!(*before != 0.0 || *then == 0.0, "0 became {then}");
    }
    assert!(number(&debiased, "reference", 0) <= 0.03);
}

#[test]
fn without_bias_debiasing_changes_little() {
    // The truth does not depend on redshift, and volunteers see it.
    let mut draw = StdRng::seed_from_u64(3);
    let rings = Schema::named("gz_rings").unwrap();
    let mut counts = Array2::zeros((4000, 2));
    for mut row in counts.rows_mut() {
        let yes = draw.random::<f64>();
        row.assign(&ndarray::arr1(&vote(&mut draw, VOLUNTEERS, &[yes, 1.0 - yes])));
    }
    let ids: Vec<String> = (0..4000).map(|it| format!("g{it}")).collect();
    let redshifts: Vec<f64> = (0..4000).map(|_| draw.random::<f64>() * 0.1).collect();
    let table = df!("id_str" => ids.clone(), "redshift" => redshifts).unwrap();
    let raw = FractionTable::of(&Votes::new(&rings, ids, counts).unwrap());
    let debiased = Debiasing::new().apply(&raw, &table).unwrap();
    let change = number(&debiased, "mean_change", 0);
    println!("mean change without bias {change:.4}");
    assert!(change < 0.03, "{change}");
}

#[test]
fn luminosities_keep_a_sample_limited_in_brightness_from_a_wrong_correction() {
    // Bright galaxies have more features and are seen farther away. Volunteers see the truth.
    let mut draw = StdRng::seed_from_u64(4);
    let rings = Schema::named("gz_rings").unwrap();
    let (mut rows, mut magnitudes, mut sizes, mut redshifts) = (vec![], vec![], vec![], vec![]);
    while rows.len() < 8000 {
        let (bright, far) = (draw.random::<f64>(), draw.random::<f64>());
        if bright < 0.6 * far {
            continue;
        }
        let yes = (0.1 + 0.6 * bright + 0.2 * draw.random::<f64>()).clamp(0.0, 1.0);
        rows.push(yes);
        magnitudes.push(-20.0 - 3.0 * bright);
        sizes.push(draw.random::<f64>());
        redshifts.push(0.02 + 0.13 * far);
    }
    let ids: Vec<String> = (0..rows.len()).map(|it| format!("g{it}")).collect();
    let mut counts = Array2::zeros((rows.len(), 2));
    for (mut row, yes) in counts.rows_mut().into_iter().zip(&rows) {
        row.assign(&ndarray::arr1(&vote(&mut draw, VOLUNTEERS, &[*yes, 1.0 - yes])));
    }
    let truth = Array2::from_shape_fn((rows.len(), 2), |(row, answer)| match answer {
        0 => rows[row],
        _ => 1.0 - rows[row],
    });
    let table = df!(
        "id_str" => ids.clone(), "redshift" => redshifts.clone(), "M_r" => magnitudes, "size" => sizes,
    )
    .unwrap();
    let raw = FractionTable::of(&Votes::new(&rings, ids, counts).unwrap());
    let far = |row: usize| redshifts[row] > 0.11;
    let bias = |settings: Debiasing| {
        let debiased = settings.apply(&raw, &table).unwrap();
        (deviation(debiased.fractions(), &truth, 0, far).0.abs(), number(&debiased, "cells", 0))
    };
    let (all, one) = bias(Debiasing::new());
    let (cells, five) = bias(Debiasing::new().luminosity("M_r"));
    let (both, many) = bias(Debiasing::new().luminosity("M_r").size("size"));
    println!("bias {all:.4} without luminosity, {cells:.4} with it, {both:.4} with size");
    assert_eq!((one, five, many), (1.0, 5.0, 25.0));
    assert!(cells < 0.3 * all && both < 0.3 * all, "{all} {cells} {both}");
}

#[test]
fn galaxies_that_cannot_be_debiased_are_named() {
    let sample = biased(300, 5);
    let refused = |settings: Debiasing, table: &DataFrame| {
        settings.apply(&sample.raw, table).unwrap_err().to_string()
    };
    let message = refused(Debiasing::new().redshift("z"), &sample.table);
    assert!(message.contains("no column \"z\""), "{message}");
    let mut some: Vec<Option<f64>> = sample.redshifts.iter().copied().map(Some).collect();
    some[7] = None;
    let with = |redshifts: Vec<Option<f64>>| {
        let ids = sample.table.column("id_str").unwrap().clone();
        DataFrame::new(300, vec![ids, Column::new("redshift".into(), redshifts)]).unwrap()
    };
    let message = refused(Debiasing::new(), &with(some.clone()));
    assert!(
        message.contains("\"redshift\" has no value for 1 of 300 galaxies: \"g7\""),
        "{message}"
    );
    some[7] = Some(-999.0);
    let message = refused(Debiasing::new(), &with(some.clone()));
    assert!(message.contains("\"redshift\" is -999 for \"g7\""), "{message}");
    let message = refused(Debiasing::new(), &sample.table.head(Some(299)));
    assert!(message.contains("no galaxy \"g299\""), "{message}");
    let message = refused(Debiasing::new().luminosity("M_r"), &sample.table);
    assert!(message.contains("no column \"M_r\""), "{message}");
    let message = refused(Debiasing::new().galaxies_per_bin(200), &sample.table);
    assert!(message.contains("300 galaxies have enough votes for \"shape\""), "{message}");
    assert!(message.contains("debiasing needs 400 (two bins of 200)"), "{message}");
    let message = refused(Debiasing::new().questions(&["bars"]), &sample.table);
    assert!(message.contains("Did you mean \"bar\"?"), "{message}");
    let bad = Debiasing::new().asked(2.0).redshift_bins(1).galaxies_per_bin(1).reference(-1.0);
    let message = refused(bad, &sample.table);
    for part in ["asked must be between 0 and 1", "redshift_bins", "galaxies_per_bin", "reference"]
    {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_question_with_few_galaxies_stays_with_a_note_and_is_refused_by_name() {
    let sample = biased(300, 6);
    let few = Debiasing::new().votes(39.0);
    let debiased = few.clone().apply(&sample.raw, &sample.table).unwrap();
    assert!(number(&debiased, "cells", 0) == 1.0 && number(&debiased, "cells", 1) == 0.0);
    let bar = ndarray::s![.., 3..6];
    let (before, after) = (sample.raw.fractions(), debiased.fractions().fractions());
    let pairs =
        before.slice(bar).iter().zip(after.slice(bar)).map(|(a, b)| (*a, *b)).collect::<Vec<_>>();
    assert!(pairs.iter().all(|(a, b)| a == b || (a.is_nan() && b.is_nan())));
    assert!(notes::notes().iter().any(|it| it.contains("stay as they are: \"bar\"")));
    let message =
        few.questions(&["bar"]).apply(&sample.raw, &sample.table).unwrap_err().to_string();
    assert!(message.contains("galaxies have enough votes for \"bar\""), "{message}");
    // Only the question that is named changes.
    let only = Debiasing::new().questions(&["shape"]).apply(&sample.raw, &sample.table).unwrap();
    assert_eq!(only.report().height(), 1);
}
