use super::basis::Linear;
use super::*;
use ndarray::s;
use polars::prelude::*;
use serde_json::Value;
use std::path::Path;
use zoobot_data::catalog::Catalog;

/// The features of `make_probe.py`.
fn features(n: usize, d: usize) -> Array2<f32> {
    Array2::from_shape_fn((n, d), |(i, j)| {
        let (i, j) = (i as f64, j as f64);
        let wave = (1.0 + 12.9898 * i + 78.233 * j + 0.5 * i * j).sin();
        (wave * (1.0 + j % 3.0) + j % 5.0) as f32
    })
}

fn cases() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/probe/probe.json");
    let record: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    record["cases"].as_array().unwrap().clone()
}

fn list<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

#[track_caller]
fn close<'a>(found: impl IntoIterator<Item = &'a f64>, expected: &[f64], within: f64) {
    let found: Vec<f64> = found.into_iter().copied().collect();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= within, "{found}, expected {expected}");
    }
}

#[test]
fn fits_are_those_of_scikit_learn() {
    for case in cases() {
        let size = |name: &str| case[name].as_u64().unwrap() as usize;
        let (n, penalty) = (size("n"), case["penalty"].as_f64().unwrap());
        let all = features(n + size("held"), size("d"));
        let (basis, fitted) = Basis::fit(all.slice(s![..n, ..])).unwrap();
        let held = basis.coordinates(all.slice(s![n.., ..])).unwrap();

        let classes: Vec<usize> = list(&case["classes"]);
        let count = classes.iter().max().unwrap() + 1;
        let rows: Vec<usize> = (0..n).collect();
        let shares = Shares::of_classes(&classes[..n], count);
        let mut logistic = Logistic::new(&fitted, &shares, &rows, logistic::EXACT);
        // Starting from a fit with another penalty must lead to the same result.
        logistic.with(penalty * 100.0).unwrap();
        let fit = logistic.with(penalty).unwrap();
        let expected: Vec<Vec<f64>> = list(&case["probabilities"]);
        close(&fit.probabilities(&held), &expected.concat(), 1e-6);
        close(&fit.0.intercepts, &list::<Vec<f64>>(&case["intercepts"]), 1e-5);
        // scikit-learn's coefficients are for standardised features.
        let (of, scale) = (basis.of_features(&fit.0), deviations(all.slice(s![..n, ..5])));
        let standard = of.weights.slice(s![.., ..5]).to_owned() * &scale;
        let expected: Vec<Vec<f64>> = list(&case["coefficients_first5"]);
        close(&standard, &expected.concat(), 1e-5);

        let values: Vec<f64> = list(&case["values"]);
        let ridge = basis.ridge(&fitted, &values[..n], penalty);
        close(&ridge.apply(&held), &list::<Vec<f64>>(&case["ridge"]), 1e-8);
        let of: Linear = basis.of_features(&ridge);
        let expected: Vec<f64> = list(&case["ridge_weights_first5"]);
        close(of.weights.slice(s![0, ..5]), &expected, 1e-8);
        close(&of.intercepts, &[case["ridge_intercept"].as_f64().unwrap()], 1e-7);
    }
}

#[test]
fn a_ridges_errors_for_left_out_galaxies_are_those_of_fits_without_them() {
    let all = features(25, 7);
    let values: Vec<f64> = (0..25).map(|i| f64::from(i * i % 13)).collect();
    let (basis, fitted) = Basis::fit(all.view()).unwrap();
    let mut expected = 0.0;
    for left_out in 0..25 {
        // Fitted without one galaxy, by the normal equations, with the same standardisation.
        let rows: Vec<usize> = (0..25).filter(|&row| row != left_out).collect();
        let some = fitted.select(Axis(0), &rows);
        let known: Vec<f64> = rows.iter().map(|&row| values[row]).collect();
        let (mean, centre) = (known.iter().sum::<f64>() / 24.0, some.mean_axis(Axis(0)).unwrap());
        let some = &some - &centre;
        let left = some.t().dot(&some) + Array2::<f64>::eye(7) * 3.0;
        let right = some.t().dot(&ndarray::Array1::from(known).mapv(|it| it - mean));
        let [left, right] =
            [left, right.insert_axis(Axis(1))].map(|it| crate::space::tensor(&it).unwrap());
        let weights = tch::Tensor::linalg_solve(&left, &right, true);
        let weights = crate::space::array(&weights, 7, 1).unwrap();
        let predicted = (&fitted.row(left_out) - &centre).dot(&weights.column(0)) + mean;
        expected += (values[left_out] - predicted).powi(2);
    }
    let found = basis.ridge_left_out(&fitted, &values, 3.0);
    let found: f64 = values.iter().zip(&found).map(|(a, b)| (a - b).powi(2)).sum();
    assert!((found - expected).abs() < 1e-8 * expected, "{found}, expected {expected}");
}

fn deviations(rows: ArrayView2<f32>) -> ndarray::Array1<f64> {
    rows.mapv(f64::from).std_axis(Axis(0), 0.0)
}

/// A space whose first feature is the label plus noise.
fn space(n: usize, label: impl Fn(usize) -> Series) -> Space {
    let ids: Vec<String> = (0..n).map(|i| format!("g{i}")).collect();
    let mut table = df!("id_str" => &ids, "file_loc" => &ids).unwrap();
    table.with_column(label(n).into_column()).unwrap();
    let mut values = features(n, 6);
    let label = table.column("label").unwrap().cast(&DataType::Float64).unwrap();
    for (mut row, label) in values.rows_mut().into_iter().zip(label.f64().unwrap().iter()) {
        row[0] += 2.0 * label.unwrap_or(0.0).min(9.0) as f32;
    }
    let catalog = Catalog::from_table(table, ".").unwrap();
    Space::new(ids, values).unwrap().with_catalog(&catalog).unwrap()
}

fn halves(n: usize) -> Series {
    Series::new("label".into(), (0..n).map(|i| (i % 2) as i64).collect::<Vec<_>>())
}

#[test]
fn a_label_among_the_features_is_found_and_two_runs_of_one_seed_agree() {
    let space = space(200, halves);
    let probed = Probe::of("label").seed(1).run(&space).unwrap();
    assert_eq!(probed.classes(), ["0", "1"]);
    let auc = probed.measure("auc").unwrap();
    assert!(auc.value > 0.9 && auc.low > 0.85 && auc.low < auc.value && auc.high > auc.value);
    let again = Probe::of("label").seed(1).run(&space).unwrap();
    assert_eq!(probed.predictions(), again.predictions());
    let other = Probe::of("label").seed(2).run(&space).unwrap();
    assert_ne!(probed.predictions(), other.predictions());
    for row in probed.predictions().rows() {
        assert!((row.sum() - 1.0).abs() < 1e-12);
    }
    let table = probed.table();
    let names: Vec<&str> = table.get_column_names().iter().map(|name| name.as_str()).collect();
    assert_eq!(names, ["id_str", "label", "predicted", "probability_0", "probability_1"]);
}

#[test]
fn no_galaxy_is_predicted_from_itself() {
    // Noise with more features than galaxies: fits memorise it but cannot generalise.
    let n = 120;
    let ids: Vec<String> = (0..n).map(|i| format!("g{i}")).collect();
    let label: Vec<i64> = (0..n).map(|i| (i as i64 * 7 / 5) % 2).collect();
    let table = df!("id_str" => &ids, "file_loc" => &ids, "label" => label).unwrap();
    let mut seed = 1_u64;
    let noise = Array2::from_shape_fn((n as usize, 500), |_| {
        seed = zoobot_base::seed::mixed(seed, 1);
        (seed >> 40) as f32
    });
    let catalog = Catalog::from_table(table, ".").unwrap();
    let space = Space::new(ids, noise).unwrap().with_catalog(&catalog).unwrap();
    let auc =
        Probe::of("label").seed(1).penalties([1.0]).run(&space).unwrap().measure("auc").unwrap();
    assert!((0.35..0.65).contains(&auc.value), "{auc}");
}

#[test]
fn the_share_of_classes_is_the_same_in_every_fold() {
    let of: Vec<usize> = (0..103).map(|i| usize::from(i % 10 == 0)).collect();
    let names = vec!["a".to_owned(), "b".to_owned()];
    let target = Target::Classes { names, of: of.clone() };
    let parts = folds::divide(&target, 5, 1).unwrap();
    for fold in 0..5 {
        let (_, inside) = folds::part(&parts, fold);
        let rare = inside.iter().filter(|&&row| of[row] == 1).count();
        assert!((20..=21).contains(&inside.len()) && (2..=3).contains(&rare), "{rare}");
    }
}

#[test]
fn numbers_are_predicted_by_ridge_and_missing_ones_left_out() {
    let label = |n| {
        let value = |i: usize| (!i.is_multiple_of(7)).then(|| (i * i % 11) as f64 / 2.0);
        Series::new("label".into(), (0..n).map(value).collect::<Vec<Option<f64>>>())
    };
    let probed = Probe::of("label").seed(1).run(&space(150, label)).unwrap();
    assert_eq!(probed.unlabelled(), 22);
    assert_eq!(probed.ids().len(), 128);
    assert!(probed.measure("spearman").unwrap().value > 0.7);
    assert!(probed.classes().is_empty() && probed.measure("auc").is_err());
}

#[test]
fn three_classes_have_figures_over_all_of_them() {
    let label = |n| {
        let name = |i: usize| ["0", "1", "2"][i % 3];
        Series::new("label".into(), (0..n).map(name).collect::<Vec<_>>())
    };
    let probed = Probe::of("label").seed(1).run(&space(180, label)).unwrap();
    assert_eq!(probed.predictions().ncols(), 3);
    assert!(probed.measure("auc").unwrap().value > 0.8);
    assert!(probed.measure("log_loss").unwrap().value < 3_f64.ln());
}

#[test]
fn a_label_that_cannot_be_probed_says_why() {
    let refuse = |label: Series, probe: Probe, words: &str| {
        let error = probe.run(&space(label.len(), |_| label.clone())).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    let of = |values: Vec<i64>| Series::new("label".into(), values);
    let probe = || Probe::of("label");
    refuse(of(vec![1; 30]), probe(), "one value for all 30");
    let rare = of((0..30).map(|i| i64::from(i < 3)).collect());
    refuse(rare.clone(), probe(), "\"1\" has only 3 galaxies");
    refuse(rare.clone(), probe().penalties([0.0]), "penalty must be a finite number above 0");
    refuse(rare.clone(), probe().penalties([]), "no penalties");
    refuse(rare.clone(), probe().folds(1), "folds must be at least 2");
    refuse(rare, Probe::of("lable"), "Did you mean \"label\"?");
    refuse(of((0..30).collect()), probe().classes(), "30 classes for 30 galaxies");
    let infinite = Series::new("label".into(), [1.0, f64::INFINITY, 2.0, 3.0]);
    refuse(infinite, probe(), "infinite for 1 of 4 galaxies");
}
