use super::*;
use crate::gp::{GaussianProcess, Kernel};
use ndarray::Array2;
use serde_json::Value;

#[test]
fn golden_expected_improvement() {
    let Some(folder) = zoobot_testing::folder("gp") else { return };
    let text = std::fs::read_to_string(folder.join("gp.json")).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    let numbers = |value: &Value| serde_json::from_value::<Vec<f64>>(value.clone()).unwrap();
    let table = &golden["expected_improvement_table"];
    let (best, xi) = (table["y_max"].as_f64().unwrap(), table["xi"].as_f64().unwrap());
    let improvement = Acquisition::ExpectedImprovement { xi };
    let pairs = numbers(&table["mu"]).into_iter().zip(numbers(&table["sigma"]));
    for ((mean, std), expected) in pairs.zip(numbers(&table["value"])) {
        let found = improvement.value(mean, std, best);
        assert!((found - expected).abs() <= 1e-9, "{mean} {std}: {found}, expected {expected}");
    }
    let (best, xi) = (golden["y_max"].as_f64().unwrap(), golden["xi"].as_f64().unwrap());
    let improvement = Acquisition::ExpectedImprovement { xi };
    for case in golden["fixed"].as_object().unwrap().values() {
        let pairs = numbers(&case["mean"]).into_iter().zip(numbers(&case["std"]));
        let values: Vec<f64> =
            pairs.map(|(mean, std)| improvement.value(mean, std, best)).collect();
        for (found, expected) in values.iter().zip(numbers(&case["expected_improvement"])) {
            assert!((found - expected).abs() <= 1e-7, "{found}, expected {expected}");
        }
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
        let top: Vec<usize> =
            serde_json::from_value(case["top10_by_expected_improvement"].clone()).unwrap();
        assert_eq!(order[..10], top);
    }
}

fn pool(count: usize) -> Array2<f32> {
    let mut rng = StdRng::seed_from_u64(5);
    Array2::from_shape_fn((count, 4), |_| rng.sample(StandardNormal))
}

fn fitted(rows: &Array2<f32>, rated: usize) -> FittedProcess {
    let ratings: Vec<f64> = rows
        .rows()
        .into_iter()
        .take(rated)
        .map(|row| f64::from(row[0].max(0.0) * 2.0).min(5.0))
        .collect();
    let process = GaussianProcess::new(Kernel::rational_quadratic(1.0, 1.0) + Kernel::white(1.0));
    process.fit(rows.slice(ndarray::s![..rated, ..]), &ratings).unwrap()
}

fn taken(count: usize, rated: usize) -> Vec<bool> {
    (0..count).map(|row| row < rated).collect()
}

#[test]
fn the_highest_are_those_of_all_deviations_worked_out() {
    let rows = pool(6000);
    let fitted = fitted(&rows, 30);
    let taken = taken(6000, 30);
    let pool = Pool { rows: rows.view(), taken: &taken, best: 4.0, seed: 1 };
    let all = fitted.predict(rows.view()).unwrap();
    for name in ["ei", "ucb", "variance"] {
        let acquisition: Acquisition = name.parse().unwrap();
        let mut order: Vec<usize> = (30..6000).collect();
        let value = |row: usize| acquisition.value(all.mean[row], all.std[row], 4.0);
        order.sort_by(|&a, &b| value(b).total_cmp(&value(a)).then(a.cmp(&b)));
        let found = choose(&fitted, &pool, acquisition, 10).unwrap();
        let rows: Vec<usize> = found.iter().map(|it| it.row).collect();
        assert_eq!(rows, order[..10], "{name}");
        assert!((found[3].value - value(order[3])).abs() < 1e-12);
    }
}

#[test]
fn every_way_chooses_different_galaxies_that_are_not_taken_and_the_same_for_a_seed() {
    let rows = pool(400);
    let fitted = fitted(&rows, 20);
    let taken = taken(400, 20);
    let pool = |seed| Pool { rows: rows.view(), taken: &taken, best: 4.0, seed };
    for &acquisition in Acquisition::all() {
        let name = acquisition.name();
        let chosen = |seed| choose(&fitted, &pool(seed), acquisition, 10).unwrap();
        let mut rows: Vec<usize> = chosen(1).iter().map(|it| it.row).collect();
        assert_eq!(chosen(1), chosen(1));
        rows.sort_unstable();
        rows.dedup();
        assert!(rows.len() == 10 && rows.iter().all(|&row| row >= 20), "{name}");
        let all = choose(&fitted, &pool(1), acquisition, 1000).unwrap();
        assert_eq!(all.len(), 380, "{name}");
    }
}

#[test]
fn names_are_unique_and_each_acquisition_is_found_by_its_own() {
    let mut names: Vec<&str> = Acquisition::all().iter().map(|it| it.name()).collect();
    assert_eq!(names, ["ei", "ucb", "variance", "thompson", "random"]);
    for &acquisition in Acquisition::all() {
        assert_eq!(acquisition.to_string().parse::<Acquisition>().unwrap(), acquisition);
        assert!(!acquisition.about().is_empty() && !acquisition.words().is_empty());
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Acquisition::all().len());
    assert_eq!("ei".parse::<Acquisition>().unwrap(), Acquisition::default());
    let error = "tompson".parse::<Acquisition>().unwrap_err().to_string();
    assert!(error.contains("Did you mean \"thompson\"?"), "{error}");
    assert!("best".parse::<Acquisition>().unwrap_err().to_string().contains("ucb"));
}

#[test]
fn what_a_file_holds_of_an_acquisition_is_as_it_was() {
    let text = |it: Acquisition| serde_json::to_string(&it).unwrap();
    assert_eq!(text(Acquisition::default()), r#"{"expected_improvement":{"xi":0.5}}"#);
    assert_eq!(text(Acquisition::Thompson), r#""thompson""#);
}
