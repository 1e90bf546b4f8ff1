use super::*;
use ndarray::Array2;
use rand_distr::StandardNormal;

fn pool() -> (Space, Truth) {
    let mut rng = StdRng::seed_from_u64(3);
    let features = Array2::from_shape_fn((500, 5), |(row, column)| {
        let apart = if row < 40 && column == 0 { 3.0 } else { 0.0 };
        apart + rng.sample::<f32, _>(StandardNormal)
    });
    let space = Space::new((0..500).map(|i| format!("G{i}")).collect(), features).unwrap();
    let truth = Truth::of((0..500).map(|row| if row < 40 { 1.0 } else { 0.1 }).collect());
    (space.standardize().unwrap(), truth.unwrap())
}

#[test]
fn every_method_runs_and_a_person_s_ratings_beat_oddness() {
    let (space, truth) = pool();
    let experiment = Experiment::new(truth).space("a", &space).labels(60).repeats(2);
    let runs = experiment.run().unwrap();
    assert_eq!(runs.runs.len(), 2 * Method::ALL.len() - 1);
    let of = |method| runs.mean("a", method).unwrap();
    assert!(of(Method::Gp) > of(Method::Astronomaly) && of(Method::Gp) > of(Method::Random));
    assert!(of(Method::Gp) > 0.8, "{}", runs.text());
    let table = runs.table();
    assert_eq!(table.height(), Method::ALL.len());
    assert!(table.column("accuracy_unrated_100_std").is_ok());
    assert!(runs.text().contains("gp-matern32"));
    let figure = runs.figure();
    assert!(figure.about().contains("gp, gp-matern32"), "{}", figure.about());
    assert!(Runs { runs: Vec::new() }.figure().checked().is_err());
    assert!("gpp".parse::<Method>().unwrap_err().to_string().contains("gp-ucb"));
}

#[test]
fn finished_runs_are_taken_from_the_folder_for_the_same_data_only() {
    let dir = tempfile::tempdir().unwrap();
    let (space, truth) = pool();
    let methods = [Method::IsolationForest, Method::Random];
    let experiment = |labels: usize| {
        let experiment = Experiment::new(truth.clone()).space("a", &space).methods(&methods);
        experiment.labels(labels).repeats(3).folder(dir.path()).run().unwrap()
    };
    let first = experiment(50);
    let path = dir.path().join(RUNS);
    let text = std::fs::read_to_string(&path).unwrap();
    // Truncates the file within the last run.
    std::fs::write(&path, &text[..text.len() - 20]).unwrap();
    let again = experiment(50);
    for (again, first) in again.runs.iter().zip(&first.runs).take(5) {
        // JSON keeps all but the last digit.
        assert!((again.seconds - first.seconds).abs() < 1e-12);
        assert_eq!(again.figures.accuracy_at, first.figures.accuracy_at);
    }
    assert_eq!(again.runs[5].figures, first.runs[5].figures);
    assert_eq!(std::fs::read_to_string(&path).unwrap().matches("\"of\"").count(), 7);
    assert_ne!(experiment(40).runs[0].figures, first.runs[0].figures);
    let message = Experiment::new(truth.clone()).run().unwrap_err().to_string();
    assert!(message.contains("no representation"), "{message}");
    let thin = |share| {
        let experiment = Experiment::new(truth.clone()).space("a", &space).methods(&methods);
        experiment.labels(50).repeats(2).share(share).run()
    };
    let figures = &thin(0.02).unwrap().runs[0].figures;
    // There are 9 interesting galaxies among 469.
    assert!((figures.accuracy_at[&200] * 200.0).round() <= 9.0, "{figures:?}");
    assert!(thin(0.5).unwrap_err().to_string().contains("at most 0.080"));
}
