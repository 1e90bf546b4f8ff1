//! Heads that are solved for: outliers cannot make them diverge, and they agree with references.

use super::super::tests::encoder;
use crate::finetune::{Finetune, Finetuned};
use ndarray::{Array2, Axis, s};
use polars::prelude::{Column, DataFrame, IdxCa, IdxSize};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng, rngs::StdRng};
use zoobot_data::catalog::Catalog;
use zoobot_data::schema::{Schema, Votes};
use zoobot_representation::encoder::Encoder;
use zoobot_representation::space::Space;
use zoobot_testing::data;

/// Galaxies with 512 features, of which the first ten determine a class, a number and votes, with noise.
fn galaxies(count: usize, seed: u64) -> (Array2<f32>, DataFrame) {
    let mut rng = StdRng::seed_from_u64(seed);
    let features = Array2::from_shape_fn((count, 512), |_| rng.random_range(-1.0..1.0_f32));
    let score: Vec<f64> = features
        .rows()
        .into_iter()
        .map(|row| 0.8 * f64::from(row.iter().take(10).sum::<f32>()) + rng.random_range(-1.0..1.0))
        .collect();
    let ids: Vec<String> = (0..count).map(|i| format!("G{seed}_{i}")).collect();
    let yes: Vec<i64> = score
        .iter()
        .map(|it| {
            (0..40).filter(|_| rng.random_range(0.0..1.0) < 1.0 / (1.0 + (-it).exp())).count()
                as i64
        })
        .collect();
    let columns = vec![
        Column::new("id_str".into(), &ids),
        Column::new("file_loc".into(), &ids),
        Column::new(
            "class".into(),
            score.iter().map(|it| i64::from(*it > 0.0)).collect::<Vec<_>>(),
        ),
        Column::new("number".into(), score.iter().map(|it| 100.0 + 5.0 * it).collect::<Vec<_>>()),
        Column::new("ring_yes".into(), yes.clone()),
        Column::new("ring_no".into(), yes.iter().map(|it| 40 - it).collect::<Vec<_>>()),
    ];
    (features, DataFrame::new(count, columns).unwrap())
}

fn space(features: Array2<f32>, table: &DataFrame, rows: std::ops::Range<usize>) -> Space {
    let some = table.slice(rows.start as i64, rows.len());
    let catalog = Catalog::from_table(some, "nowhere").unwrap();
    let features = features.slice(ndarray::s![rows, ..]).to_owned();
    Space::new(catalog.ids().to_vec(), features).unwrap().with_catalog(&catalog).unwrap()
}

fn votes() -> Schema {
    Schema::from_json(
        r#"{"name": "rings", "questions": [{"question": "ring", "answers": ["yes", "no"]}]}"#,
    )
    .unwrap()
}

/// Plants outliers in a feature that is tiny elsewhere and in one that determines the answer, and a damaged
/// picture.
fn planted(features: &mut Array2<f32>, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let (rows, columns) = features.dim();
    features.column_mut(500).mapv_inplace(|it| it * 1e-6);
    for _ in 0..3 {
        let row = rng.random_range(0..rows);
        features[[row, 500]] = 0.3;
        features[[rng.random_range(0..rows), rng.random_range(0..10)]] = 1e6;
    }
    let damaged = rng.random_range(0..rows);
    for column in 0..columns {
        features[[damaged, column]] = 1e4 * rng.random_range(-1.0..1.0_f32);
    }
}

#[test]
fn planted_outliers_make_no_head_diverge_in_two_hundred_random_splits() {
    let start = encoder();
    for seed in 0..200 {
        let (mut features, table) = galaxies(60, seed);
        planted(&mut features, seed);
        let (learn, other) =
            (space(features.clone(), &table, 0..30), space(features, &table, 30..60));
        let run = |run: Finetune| run.encoder(&start).seed(seed).learn_all_encoded(&learn).unwrap();
        let told: Finetuned = match seed % 3 {
            0 => run(Finetune::classifier("class")),
            1 => run(Finetune::regressor("number")),
            _ => {
                let done = run(Finetune::tree(&votes()));
                let outputs = done.model("it");
                let all: Vec<f32> = other.features().iter().copied().collect();
                let all = tch::Tensor::from_slice(&all).view([30, 512]);
                let found = outputs.outputs(&all, None).unwrap();
                let shares: Vec<f64> =
                    found.rows().into_iter().map(|it| it[0] / (it[0] + it[1])).collect();
                assert!(found.iter().all(|it| it.is_finite() && *it > 0.0), "{seed}: {found}");
                let truth = other.catalog().unwrap().column("ring_yes").unwrap();
                let truth: f64 = truth.i64().unwrap().iter().flatten().sum::<i64>() as f64 / 1200.0;
                let mean = shares.iter().sum::<f64>() / 30.0;
                assert!((mean - truth).abs() < 0.25, "{seed}: {mean}, observed {truth}");
                continue;
            }
        };
        let predicted = told.predict_encoded(&other).unwrap();
        match seed % 3 {
            // A fair coin has a log loss of 0.69, an overconfident head for 30 galaxies about 1; a head that
            // diverged has more.
            0 => assert!(predicted.measure("log_loss").unwrap().value < 2.0, "{seed}"),
            _ => {
                // The labels range from 60 to 140.
                let far = predicted.values().iter().any(|it| !(40.0..160.0).contains(it));
                assert!(!far, "{seed}: {:?}", predicted.values());
            }
        }
    }
}

/// The features of real galaxies from the shipped encoder, and their catalogue.
fn encoded(catalog: &Catalog) -> (Array2<f32>, DataFrame) {
    let space = Encoder::load("sample").unwrap().encode(catalog).unwrap();
    let kept = catalog.select(space.ids()).unwrap();
    (space.features().to_owned(), kept.table().clone())
}

/// Shuffles the galaxies.
fn shuffled(of: &(Array2<f32>, DataFrame), seed: u64) -> (Array2<f32>, DataFrame) {
    let mut rows: Vec<usize> = (0..of.0.nrows()).collect();
    rows.shuffle(&mut StdRng::seed_from_u64(seed));
    let places = rows.iter().map(|it| *it as IdxSize).collect();
    let table = of.1.take(&IdxCa::from_vec("rows".into(), places)).unwrap();
    (of.0.select(ndarray::Axis(0), &rows), table)
}

/// A head has diverged if it predicts a Hubble type more than half the scale beyond either end, a number that
/// is not finite, or an answer whose mean share is off by more than 0.1 plus the standard error of 167
/// galaxies.
#[test]
fn planted_outliers_make_no_head_of_real_galaxies_diverge_in_two_hundred_splits() {
    let (Some(votes), Some(types)) = (data("gz2_votes/catalog.csv"), data("efigi/catalog.csv"))
    else {
        return;
    };
    let start = Encoder::load("sample").unwrap();
    let types = Catalog::read(types).unwrap();
    let twelfth: Vec<usize> = (0..types.len()).step_by(12).collect();
    let types = encoded(&types.at(&twelfth).unwrap());
    // Galaxy Zoo 2's vote fractions are multiplied by the mean number of volunteers, about 42.
    let (features, mut table) = encoded(&Catalog::read(votes).unwrap());
    let answers = [
        ("kind_smooth", "1.1"),
        ("kind_features", "1.2"),
        ("kind_star", "1.3"),
        ("spiral_yes", "4.1"),
        ("spiral_no", "4.2"),
        ("odd_yes", "6.1"),
        ("odd_no", "6.2"),
    ];
    for (answer, class) in answers {
        let shares = table.column(&format!("Class{class}")).unwrap().f64().unwrap();
        let counts: Vec<f64> = shares.iter().map(|it| (42.0 * it.unwrap()).round()).collect();
        table.with_column(Column::new(answer.into(), counts)).unwrap();
    }
    let votes = (features, table);
    let schema = Schema::from_json(
        r#"{"name": "short", "questions": [
            {"question": "kind", "answers": ["smooth", "features", "star"]},
            {"question": "spiral", "answers": ["yes", "no"]},
            {"question": "odd", "answers": ["yes", "no"]}]}"#,
    );
    let schema = schema.unwrap();
    let mut farthest: f64 = 0.0;
    for seed in 0..200 {
        let trees = seed % 2 == 0;
        let (mut features, table) = shuffled(if trees { &votes } else { &types }, seed);
        planted(&mut features, seed);
        let (count, half) = (features.nrows(), features.nrows() / 2);
        let learn = space(features.clone(), &table, 0..half);
        let other = space(features.clone(), &table, half..count);
        let question = if trees { Finetune::tree(&schema) } else { Finetune::regressor("T") };
        let done = question.encoder(&start).seed(seed).learn_all_encoded(&learn).unwrap();
        if !trees {
            let found = done.predict_encoded(&other).unwrap();
            // The scale ranges from -6 to 11.
            let far = found.values().iter().any(|it| !(-14.5..19.5).contains(it));
            assert!(!far, "{seed}: {:?}", found.values());
            continue;
        }
        let all: Vec<f32> = other.features().iter().copied().collect();
        let all = tch::Tensor::from_slice(&all).view([other.len() as i64, -1]);
        let found = done.model("it").outputs(&all, None).unwrap();
        assert!(found.iter().all(|it| it.is_finite() && *it > 0.0), "{seed}: {found}");
        let truth = Votes::of(other.catalog().unwrap(), &schema).unwrap();
        for question in schema.questions() {
            let asked = truth.counts().slice(s![.., question.range()]).sum_axis(Axis(1));
            for answer in question.range() {
                let count = |row: usize| truth.counts()[[row, answer]];
                let off: Vec<f64> = (0..other.len())
                    .map(|row| {
                        let total = found.slice(s![row, question.range()]).sum();
                        asked[row] * found[[row, answer]] / total - count(row)
                    })
                    .collect();
                let square: f64 = off.iter().map(|it| it * it).sum();
                let (off, error) =
                    (off.iter().sum::<f64>() / asked.sum(), square.sqrt() / asked.sum());
                farthest = farthest.max(off.abs());
                assert!(off.abs() < 0.1 + error, "{seed}: answer {answer} off by {off} ± {error}");
            }
        }
    }
    println!("the mean share of an answer is off by {farthest:.3} at most");
}

#[test]
fn a_head_of_votes_expects_the_shares_that_were_observed() {
    let (features, table) = galaxies(400, 9);
    let learn = space(features.clone(), &table, 0..300);
    let start = encoder();
    let done = Finetune::tree(&votes()).seed(42).encoder(&start).learn_all_encoded(&learn).unwrap();
    let model = done.model("it");
    let all: Vec<f32> = features.iter().copied().collect();
    let found = model.outputs(&tch::Tensor::from_slice(&all).view([400, 512]), None).unwrap();
    let share = |row: usize| found[[row, 0]] / (found[[row, 0]] + found[[row, 1]]);
    let truth: Vec<f64> = table
        .column("ring_yes")
        .unwrap()
        .i64()
        .unwrap()
        .iter()
        .map(|it| it.unwrap() as f64 / 40.0)
        .collect();
    // With an unpenalised intercept, both means are equal on the galaxies that were fitted.
    let mean = |of: &dyn Fn(usize) -> f64, rows: std::ops::Range<usize>| {
        let count = rows.len() as f64;
        rows.map(of).sum::<f64>() / count
    };
    let (expected, observed) = (mean(&share, 0..300), mean(&|row| truth[row], 0..300));
    assert!((expected - observed).abs() < 1e-3, "{expected} {observed}");
    let (expected, observed) = (mean(&share, 300..400), mean(&|row| truth[row], 300..400));
    assert!((expected - observed).abs() < 0.05, "{expected} {observed}");
    let error = (300..400).map(|row| (share(row) - truth[row]).abs()).sum::<f64>() / 100.0;
    let blind = (300..400).map(|row| (observed - truth[row]).abs()).sum::<f64>() / 100.0;
    assert!(error < 0.8 * blind, "{error}, without features {blind}");
    let table = done.strength().unwrap().table();
    assert_eq!(table.column("name").unwrap().str().unwrap().get(0), Some("ring"));
    let worth = table.column("worth_votes").unwrap().f64().unwrap().get(0).unwrap();
    assert!((2.0..500.0).contains(&worth), "{worth}");
}

#[test]
fn galaxies_kept_aside_are_judged_before_they_are_learnt_from() {
    let (features, table) = galaxies(120, 4);
    let (learn, kept) = (space(features.clone(), &table, 0..80), space(features, &table, 80..120));
    let start = encoder();
    let run = Finetune::classifier("class").seed(42).encoder(&start);
    let done = run.train_encoded(&learn, &kept).unwrap();
    let unseen = done.unseen().unwrap();
    assert_eq!(unseen.len(), 40);
    let before = unseen.measure("log_loss").unwrap().value;
    let after = done.predict_encoded(&kept).unwrap().measure("log_loss").unwrap().value;
    assert!(after < before, "{after} is not below {before}");
    let best = done.best().unwrap().validation;
    assert!((best - before).abs() < 1e-4, "{best} {before}");
    let history = done.history().svg();
    assert!(history.contains("penalty"), "no penalty in the figure");
    // With all galaxies in one set, each is judged by a head that was fitted without it.
    let all = run.learn_all_encoded(&learn).unwrap();
    assert_eq!(all.unseen().unwrap().ids(), learn.ids());
    // A setting of gradient descent switches to gradient descent, and the error says so.
    let slow = run.clone().learning_rate(1e-3).epochs(3);
    assert!(slow.learn_all_encoded(&learn).unwrap_err().to_string().contains("gradient descent"));
    let slow = slow.train_encoded(&learn, &kept).unwrap();
    assert!(slow.strength().is_none() && slow.fitted().epochs.len() == 3);
}
