use super::*;
use ndarray::{Array2, Axis};
use polars::prelude::{Column, df};
use rand::{Rng, SeedableRng, rngs::StdRng};

/// Galaxies around one centre for each class: ids, features, classes.
fn clouds(
    prefix: &str,
    count: usize,
    classes: usize,
    seed: u64,
) -> (Vec<String>, Array2<f32>, Vec<usize>) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut centres = StdRng::seed_from_u64(99);
    let centres = Array2::from_shape_fn((classes, 12), |_| centres.random_range(-1.0_f32..1.0));
    let of: Vec<usize> = (0..count).map(|row| row % classes).collect();
    let features = Array2::from_shape_fn((count, 12), |(row, j)| {
        5.0 + centres[[of[row], j]] + 0.5 * rng.random_range(-1.0_f32..1.0)
    });
    ((0..count).map(|row| format!("{prefix}{row}")).collect(), features, of)
}

fn support(per_class: usize, classes: usize) -> Space {
    let (ids, features, of) = clouds("s", per_class * classes, classes, 1);
    let kinds: Vec<String> = of.iter().map(|it| format!("kind{it}")).collect();
    let table = df!("id_str" => &ids, "file_loc" => &ids, "kind" => kinds).unwrap();
    let catalog = Catalog::from_table(table, ".").unwrap();
    Space::new(ids, features).unwrap().with_catalog(&catalog).unwrap()
}

/// The share of galaxies that are given their class.
fn accuracy(ranking: &FewRanking, of: &[usize]) -> f64 {
    let probabilities = ranking.probabilities();
    let right = ranking.ids().iter().zip(probabilities.rows()).filter(|(id, row)| {
        let place: usize = id[1..].parse().unwrap();
        ground::likeliest(row.view()) == of[place]
    });
    right.count() as f64 / of.len() as f64
}

#[test]
fn every_method_tells_clouds_apart_and_gives_probabilities() {
    for per_class in [1, 2, 5] {
        let support = support(per_class, 3);
        let (ids, features, of) = clouds("g", 90, 3, 2);
        let survey = Space::new(ids, features).unwrap();
        for method in FewMethod::heads().into_iter().chain([FewMethod::Auto]) {
            let few = Finetune::few("kind").method(method);
            let ranking = few.rank_encoded(&support, &survey).unwrap();
            let found = accuracy(&ranking, &of);
            assert!(found > 0.9, "{method} from {per_class}: {found}");
            for row in ranking.probabilities().rows() {
                assert!(
                    (row.sum() - 1.0).abs() < 1e-9 && row.iter().all(|p| (0.0..=1.0).contains(p))
                );
            }
            let sought = ranking.probabilities().column(ranking.sought).to_vec();
            assert!(sought.is_sorted_by(|a, b| a >= b), "{sought:?}");
            assert!(!ranking.reason().is_empty() && ranking.method() != FewMethod::Auto);
        }
    }
}

#[test]
fn what_is_said_about_an_example_that_is_left_out_is_what_is_said_without_it() {
    let support = support(3, 3);
    let (_, features, _) = clouds("g", 60, 3, 2);
    let of: Vec<usize> = (0..9).map(|row| row % 3).collect();
    let ground = Ground::new(support.features(), features.view(), &of, 3).unwrap();
    // Each example in turn in the survey, on the scale of all.
    for row in 0..9 {
        let others: Vec<usize> = (0..9).filter(|it| *it != row).collect();
        let examples = support.features().select(Axis(0), &others);
        let own = support.features().select(Axis(0), &[row]);
        let without: Vec<usize> = others.iter().map(|&it| of[it]).collect();
        let mut rest = Ground::new(examples.view(), own.view(), &without, 3).unwrap();
        rest.scaling = ground.scaling.clone();
        let order = |evidence: &ground::Evidence, row: usize| -> Vec<f64> {
            evidence.left_out.row(row).iter().map(|p| p.ln()).collect()
        };
        // The factor of the scores differs; ratios of differences of logarithms do not.
        let alike = |ours: Vec<f64>, theirs: Vec<f64>| {
            let ratio = |it: &[f64]| (it[0] - it[1]) / (it[0] - it[2]);
            assert!((ratio(&ours) - ratio(&theirs)).abs() < 1e-6, "{ours:?} {theirs:?}");
        };
        let ours = order(&mean::nearest_mean(&ground), row);
        let theirs = mean::nearest_mean(&rest).survey.row(0).mapv(f64::ln).to_vec();
        alike(ours, theirs);
    }
}

#[test]
fn examples_in_the_survey_are_named_or_left_out() {
    let support = support(2, 2);
    let (mut ids, features, _) = clouds("g", 20, 2, 2);
    ids[7] = "s1".to_owned();
    let survey = Space::new(ids, features).unwrap();
    let few = Finetune::few("kind");
    let message = few.rank_encoded(&support, &survey).unwrap_err().to_string();
    assert!(message.contains("\"s1\"") && message.contains("leave_out"), "{message}");
    assert_eq!(few.leave_out().rank_encoded(&support, &survey).unwrap().ids().len(), 19);
}

#[test]
fn one_class_and_labels_of_other_types_are_refused() {
    let (ids, features, _) = clouds("s", 6, 2, 1);
    let survey = Space::new(clouds("g", 9, 2, 2).0, clouds("g", 9, 2, 2).1).unwrap();
    let refused = |column: Column| {
        let mut table = df!("id_str" => &ids, "file_loc" => &ids).unwrap();
        table.with_column(column).unwrap();
        let catalog = Catalog::from_table(table, ".").unwrap();
        let space = Space::new(ids.clone(), features.clone()).unwrap();
        let space = space.with_catalog(&catalog).unwrap();
        Finetune::few("kind").rank_encoded(&space, &survey).unwrap_err().to_string()
    };
    let message = refused(Column::new("kind".into(), ["lens"; 6]));
    assert!(message.contains("only the class \"lens\""), "{message}");
    let message = refused(Column::new("kind".into(), [0.5, 1.5, 2.0, 3.0, 4.0, 5.0]));
    assert!(message.contains("0.5, not a class"), "{message}");
    let message = refused(Column::new("kind".into(), ["a", "b", "", "a", "b", "b"]));
    assert!(message.contains("no value for 1 of 6") && message.contains("\"s2\""), "{message}");
    let message = refused(Column::new("knid".into(), ["a"; 6]));
    assert!(message.contains("Did you mean \"knid\""), "{message}");
}

#[test]
fn methods_on_features_agree_with_scikit_learn() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/recorded/few/expected.json");
    let recorded: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let array = |name: &str| -> Array2<f64> {
        let rows: Vec<Vec<f64>> = serde_json::from_value(recorded[name].clone()).unwrap();
        let width = rows[0].len();
        Array2::from_shape_vec((rows.len(), width), rows.concat()).unwrap()
    };
    let of: Vec<usize> = serde_json::from_value(recorded["classes"].clone()).unwrap();
    let (examples, survey) =
        (array("examples").mapv(|it| it as f32), array("survey").mapv(|it| it as f32));
    let ground = Ground::new(examples.view(), survey.view(), &of, 3).unwrap();
    let close = |name: &str, found: &Array2<f64>, tolerance: f64| {
        for (found, expected) in found.iter().zip(&array(name)) {
            assert!((found - expected).abs() < tolerance, "{name}: {found}, expected {expected}");
        }
    };
    // Probabilities are the softmax of scores times a factor: differences of their logarithms have the
    // proportions of differences of scores.
    let proportional = |name: &str, found: &Array2<f64>| {
        for (found, expected) in found.rows().into_iter().zip(array(name).rows()) {
            let [a, b] = [1, 2].map(|it| (found[0] / found[it]).ln());
            let [c, d] = [1, 2].map(|it| expected[0] - expected[it]);
            assert!(
                (a * d - b * c).abs() < 1e-5 * (a.abs() + b.abs()),
                "{name}: {found} {expected}"
            );
        }
    };
    proportional("cosines", &mean::nearest_mean(&ground).survey);
    let ridge = probes::ridge(&ground).unwrap();
    assert!((ridge.strength / recorded["ridge_penalty"].as_f64().unwrap() - 1.0).abs() < 1e-9);
    proportional("ridge", &ridge.survey);
    let logistic = probes::logistic(&ground, 0).unwrap();
    assert!(
        (logistic.strength / recorded["logistic_penalty"].as_f64().unwrap() - 1.0).abs() < 1e-9
    );
    close("logistic", &logistic.survey, 1e-4);
    let loss = recorded["logistic_loss"].as_f64().unwrap();
    assert!((ground.loss(&logistic.left_out) - loss).abs() < 1e-4);
    close("propagation", &propagation::propagate(&ground, 10).unwrap().survey, 1e-3);
}
