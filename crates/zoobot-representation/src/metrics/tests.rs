use super::*;
use serde_json::Value;

fn golden() -> Option<Value> {
    let folder = zoobot_testing::folder("metrics")?;
    let text = std::fs::read_to_string(folder.join("metrics.json")).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

fn floats(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

fn flags(value: &Value) -> Vec<bool> {
    floats(value).into_iter().map(|flag| flag == 1.0).collect()
}

#[track_caller]
fn close(found: f64, expected: &Value) {
    let expected = expected.as_f64().unwrap();
    assert!((found - expected).abs() <= 1e-9, "{found}, expected {expected}");
}

#[test]
fn golden_rankings_agree_with_scikit_learn() {
    let Some(golden) = golden() else { return };
    let known = &golden["ranking"];
    let (scores, positive) = (floats(&known["score"]), flags(&known["interesting"]));
    close(roc_auc(&scores, &positive), &known["roc_auc"]);
    close(average_precision(&scores, &positive), &known["average_precision"]);
    for (n, expected) in known["precision_at"].as_object().unwrap() {
        close(precision_at(n.parse().unwrap(), &scores, &positive), expected);
    }
    for (n, expected) in known["rank_weighted_score"].as_object().unwrap() {
        close(rank_weighted_score(n.parse().unwrap(), &scores, &positive), expected);
    }
    let ties = floats(&known["score_with_ties"]);
    close(roc_auc(&ties, &positive), &known["roc_auc_with_ties"]);
    close(average_precision(&ties, &positive), &known["average_precision_with_ties"]);
}

#[test]
fn golden_accuracy_of_the_likeliest_class() {
    let Some(golden) = golden() else { return };
    let known = &golden["calibration"];
    let rows: Vec<Vec<f64>> = serde_json::from_value(known["class_probabilities"].clone()).unwrap();
    let likeliest = |row: &Vec<f64>| best_first(row)[0] as f64;
    let predicted: Vec<f64> = rows.iter().map(likeliest).collect();
    close(accuracy(&predicted, &floats(&known["class_label"])), &known["accuracy"]);
}

/// Values of `scipy.stats.spearmanr`, `sklearn.metrics.r2_score`, `root_mean_squared_error`, `f1_score`
/// and `log_loss` (scipy 1.17, scikit-learn 1.9).
#[test]
fn figures_of_numbers_agree_with_scipy_and_scikit_learn() {
    let truth = [3.0, -0.5, 2.0, 7.0, 2.0, 4.5];
    let predicted = [2.5, 0.0, 2.0, 8.0, 2.5, 2.5];
    for (found, expected) in [
        (spearman(&predicted, &truth), 0.893_26),
        (pearson(&predicted, &truth), 0.917_33),
        (r2(&predicted, &truth), 0.823_08),
        (rmse(&predicted, &truth), 0.978_95),
    ] {
        assert!((found - expected).abs() < 1e-5, "{found}, expected {expected}");
    }
    assert!((log_loss(&[0.9, 0.8, 0.5]) - 0.340_550).abs() < 1e-6);
    assert_eq!(f1(&[true, false, false], &[false, false, true]), 0.0);
}

#[test]
fn what_has_no_meaning_is_nan() {
    assert!(roc_auc(&[0.1, 0.2], &[true, true]).is_nan());
    assert!(average_precision(&[0.1, 0.2], &[false, false]).is_nan());
    assert!(roc_auc(&[0.1, f64::NAN], &[true, false]).is_nan());
    assert!(roc_auc(&[0.1], &[true, false]).is_nan() && rmse(&[], &[]).is_nan());
    assert!(spearman(&[1.0, 1.0], &[1.0, 2.0]).is_nan() && r2(&[1.0], &[2.0]).is_nan());
    assert!(precision_at(3, &[0.1], &[true]).is_nan());
}

#[test]
fn the_interval_of_a_mean_is_that_of_the_central_limit_theorem() {
    let values: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
    let mean =
        |places: &[usize]| places.iter().map(|&i| values[i]).sum::<f64>() / places.len() as f64;
    let estimate = bootstrap(values.len(), 1, mean);
    // 0.5 ± 1.96 * 0.5 / sqrt(400)
    assert_eq!(estimate.value, 0.5);
    assert!((estimate.low - 0.451).abs() < 0.006, "{estimate}");
    assert!((estimate.high - 0.549).abs() < 0.006, "{estimate}");
    assert_eq!(estimate, bootstrap(values.len(), 1, mean));
    assert_ne!(estimate, bootstrap(values.len(), 2, mean));
}
