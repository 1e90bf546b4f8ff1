use super::*;
use ndarray::Array2;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use tch::{Kind, Tensor};
use zoobot_core::metrics::roc_auc;
use zoobot_core::space::Space;

/// The galaxies, whether each is a planted outlier, the recorded results, and their folder.
fn golden() -> Option<(Space, Vec<bool>, Value, std::path::PathBuf)> {
    let folder = zoobot_testing::folder("baselines")?;
    let text = std::fs::read_to_string(folder.join("baselines.json")).unwrap();
    let record: Value = serde_json::from_str(&text).unwrap();
    let x = Tensor::read_npy(folder.join("x.npy")).unwrap();
    let (rows, columns) = x.size2().unwrap();
    let values = Vec::try_from(x.to_kind(Kind::Float).flatten(0, -1)).unwrap();
    let x = Array2::from_shape_vec((rows as usize, columns as usize), values).unwrap();
    let odd: Vec<usize> = serde_json::from_value(record["outlier_rows"].clone()).unwrap();
    let odd = (0..x.nrows()).map(|row| odd.contains(&row)).collect();
    let ids = (0..x.nrows()).map(|row| row.to_string()).collect();
    Some((Space::new(ids, x).unwrap(), odd, record, folder))
}

#[test]
fn golden_local_outlier_factors_are_those_of_scikit_learn() {
    let Some((space, odd, record, folder)) = golden() else { return };
    let known = &record["lof"];
    let k = known["n_neighbors"].as_u64().unwrap() as usize;
    let found = local_outlier_factor(&space, k).unwrap();
    let scores = Tensor::read_npy(folder.join("lof_scores.npy")).unwrap();
    let expected: Vec<f64> = Vec::try_from(scores.to_kind(Kind::Double)).unwrap();
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found / expected - 1.0).abs() < 1e-6, "{found}, expected {expected}");
    }
    assert!((roc_auc(&found, &odd) - known["roc_auc"].as_f64().unwrap()).abs() < 1e-9);
}

#[test]
fn golden_isolation_forests_are_as_good_as_those_of_scikit_learn() {
    let Some((space, odd, record, _)) = golden() else { return };
    let known = &record["isolation_forest"];
    let forest = IsolationForest::new()
        .trees(known["n_estimators"].as_u64().unwrap() as usize)
        .sample(known["max_samples"].as_u64().unwrap() as usize);
    let auc = |seed| {
        let scores = forest.clone().seed(seed).scores(space.features()).unwrap();
        roc_auc(&scores, &odd)
    };
    let found: Vec<f64> = (0..10).map(auc).collect();
    let mean = found.iter().sum::<f64>() / 10.0;
    let least = found.iter().copied().fold(1.0, f64::min);
    assert!(mean > known["mean"].as_f64().unwrap() - 0.02, "{found:?}");
    assert!(least > known["min"].as_f64().unwrap() - 0.05, "{found:?}");
    let scores = |seed| forest.clone().seed(seed).scores(space.features()).unwrap();
    assert_eq!(scores(1), scores(1));
    assert_ne!(scores(1), scores(2));
}

fn some(count: usize, seed: u64) -> Array2<f32> {
    let mut rng = StdRng::seed_from_u64(seed);
    Array2::from_shape_fn((count, 3), |_| rng.random_range(-1.0..1.0))
}

#[test]
fn a_random_forest_learns_what_depends_on_one_feature() {
    let truth = |rows: &Array2<f32>| -> Vec<f64> {
        rows.column(1).iter().map(|&x| if x > 0.2 { 5.0 } else { 1.0 }).collect()
    };
    let (rows, others) = (some(300, 1), some(1000, 2));
    let forest = RandomForest::fit(rows.view(), &truth(&rows), 50, 1).unwrap();
    let found = forest.predict(others.view()).unwrap();
    assert!(zoobot_core::metrics::rmse(&found, &truth(&others)) < 0.4);
    let copies = Array2::from_elem((4, 3), 1.0);
    let forest = RandomForest::fit(copies.view(), &[1.0, 2.0, 3.0, 4.0], 500, 1).unwrap();
    assert!((forest.predict(copies.view()).unwrap()[0] - 2.5).abs() < 0.2);
    assert!(forest.predict(Array2::zeros((1, 2)).view()).is_err());
    assert!(RandomForest::fit(copies.view(), &[1.0], 5, 1).is_err());
}

#[test]
fn ratings_lower_scores_near_what_is_of_no_interest_only() {
    let features = Array2::from_shape_fn((40, 1), |(row, _)| row as f32);
    let space = Space::new((0..40).map(|row| row.to_string()).collect(), features).unwrap();
    let ratings: Vec<(usize, f64)> =
        (0..10).map(|row| (row, 0.0)).chain((30..40).map(|row| (row, 5.0))).collect();
    let found = NeighbourScore::default().scores(&space, &[1.0; 40], &ratings).unwrap();
    assert!(found[4] < 0.2 && found[35] > 0.9 && found[20] > 0.9, "{found:?}");
    assert!(found.iter().all(|score| *score <= 1.0));
    assert!(NeighbourScore::default().scores(&space, &[1.0; 40], &[]).is_err());
    assert!(local_outlier_factor(&space, 40).is_err());
    assert!(IsolationForest::new().trees(0).scores(space.features()).is_err());
}
