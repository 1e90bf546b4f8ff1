use super::*;
use crate::predict::{Calibration, agreement};
use ndarray::{Array2, Array3, Axis, array};
use polars::prelude::df;
use rand::{Rng, SeedableRng, rngs::StdRng};
use rand_distr::{Beta, Binomial, Distribution};
use zoobot_representation::metrics::{Estimate, bootstrap};
use zoobot_show::notebook::Show;

fn rings() -> Schema {
    Schema::named("gz_rings").unwrap()
}

fn named(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("g{i}")).collect()
}

/// The votes and the posterior of a yes/no question, from the votes for "yes" and "no" and the concentrations
/// of each galaxy.
fn given(votes: &[[f64; 2]], alpha: &[[f64; 2]]) -> (Posterior, Votes) {
    let (schema, ids) = (rings(), named(votes.len()));
    let table = |rows: &[[f64; 2]]| Array2::from_shape_fn((rows.len(), 2), |(i, k)| rows[i][k]);
    let posterior = Posterior::new(&schema, ids.clone(), table(alpha).insert_axis(Axis(2)));
    (posterior.unwrap(), Votes::new(&schema, ids, table(votes)).unwrap())
}

fn drawn(rng: &mut StdRng, n: u64, p: f64) -> [f64; 2] {
    let yes = Binomial::new(n, p).unwrap().sample(rng) as f64;
    [yes, n as f64 - yes]
}

/// Galaxies whose votes are drawn from their own Beta-binomial distribution.
fn honest(galaxies: usize, seed: u64) -> (Vec<[f64; 2]>, Vec<[f64; 2]>) {
    let mut rng = StdRng::seed_from_u64(seed);
    let one = |_| {
        let (mean, sum) = (rng.random_range(0.03..0.97), rng.random_range(3.0..60.0));
        let alpha = [mean * sum, (1.0 - mean) * sum];
        let p = Beta::new(alpha[0], alpha[1]).unwrap().sample(&mut rng);
        let n = rng.random_range(34..80);
        (drawn(&mut rng, n, p), alpha)
    };
    (0..galaxies).map(one).unzip()
}

fn only(posterior: &Posterior, votes: &Votes) -> QuestionComparison {
    let comparison = Protocol::new().measure(posterior, votes).unwrap();
    assert_eq!(comparison.questions().len(), 1);
    comparison.questions()[0].clone()
}

#[track_caller]
fn near(estimate: Estimate, expected: f64, tolerance: f64) {
    assert!((estimate.value - expected).abs() < tolerance, "{estimate}, not {expected}");
}

#[test]
fn votes_from_the_posterior_are_inside_its_intervals_and_spread_evenly() {
    let (votes, alpha) = honest(4000, 1);
    let (posterior, cast) = given(&votes, &alpha);
    let right = only(&posterior, &cast);
    assert_eq!(right.galaxies, 4000);
    // One standard deviation is at most 0.5 / sqrt(4000) = 0.008.
    near(right.votes_in_50pc, 0.5, 0.02);
    near(right.votes_in_90pc, 0.9, 0.012);
    // 1.36 / sqrt(4000) is exceeded in 5 % of samples.
    assert!(right.pit_distance.value < 1.36 / 4000f64.sqrt(), "{}", right.pit_distance);
    assert!(right.pit.iter().all(|bin| (bin - 0.1).abs() < 0.02), "{:?}", right.pit);
    // Calibration measures 90 % intervals of all galaxies in the same way.
    let calibration = Calibration::measure(&posterior, &cast, 34).unwrap();
    near(right.votes_in_90pc, calibration.questions()[0].coverage.votes_inside, 1e-12);

    let surer: Vec<[f64; 2]> = alpha.iter().map(|it| it.map(|alpha| 8.0 * alpha)).collect();
    let surer = only(&given(&votes, &surer).0, &cast);
    assert!(surer.votes_in_50pc.high < 0.47 && surer.votes_in_90pc.high < 0.87, "{surer:?}");
    // Narrow intervals leave more votes in the outer bins.
    assert!(surer.pit[0] > 0.13 && surer.pit[9] > 0.13 && surer.pit[4] < 0.1, "{:?}", surer.pit);
    let raised: Vec<[f64; 2]> = alpha.iter().map(|[yes, no]| [1.5 * yes, *no]).collect();
    let raised = only(&given(&votes, &raised).0, &cast);
    assert!(raised.pit_distance.value > 0.1 && raised.pit[0] > raised.pit[9], "{raised:?}");
}

/// A posterior that knows the true fractions deviates from the votes by their scatter alone.
#[test]
fn the_deviation_of_the_true_fractions_is_the_noise_floor() {
    let mut rng = StdRng::seed_from_u64(2);
    let truth: Vec<f64> = (0..5000).map(|_| rng.random_range(0.05..0.95)).collect();
    let votes: Vec<[f64; 2]> = truth.iter().map(|p| drawn(&mut rng, 40, *p)).collect();
    let alpha: Vec<[f64; 2]> = truth.iter().map(|p| [1e5 * p, 1e5 * (1.0 - p)]).collect();
    let (posterior, cast) = given(&votes, &alpha);
    let found = only(&posterior, &cast);
    // For fractions of 40 votes: E|f - p| is about sqrt(2 p (1 - p) / (40 π)).
    let normal = truth.iter().map(|p| (2.0 * p * (1.0 - p) / (40.0 * std::f64::consts::PI)).sqrt());
    let normal = normal.sum::<f64>() / 5000.0;
    near(found.mean_absolute_deviation, normal, 0.001);
    let ratio = found.noise_floor.value / found.mean_absolute_deviation.value;
    // It is too low by a few per cent: the votes of some galaxies are unanimous by chance.
    assert!((0.93..1.0).contains(&ratio), "{ratio}");
    // The votes cannot tell it from the truth.
    assert!(found.worth_volunteers.high.is_infinite(), "{}", found.worth_volunteers);
    assert!(found.worth_volunteers.low > 300.0, "{}", found.worth_volunteers);
}

#[test]
fn the_mean_of_some_volunteers_is_worth_that_many_volunteers() {
    for (volunteers, seed) in [(5, 1), (20, 2), (60, 3)] {
        let mut rng = StdRng::seed_from_u64(seed);
        let (mut votes, mut alpha) = (Vec::new(), Vec::new());
        for _ in 0..4000 {
            let p = Beta::new(0.7, 1.2).unwrap().sample(&mut rng);
            let n = rng.random_range(34..60);
            votes.push(drawn(&mut rng, n, p));
            let model = drawn(&mut rng, volunteers, p);
            alpha.push(model.map(|it| (it / volunteers as f64).max(1e-9) * 10.0));
        }
        let (posterior, cast) = given(&votes, &alpha);
        let found = only(&posterior, &cast).worth_volunteers;
        let expected = volunteers as f64;
        assert!((found.low..found.high).contains(&expected), "{found}, not {expected}");
        assert!(found.high / found.low < 1.8, "{found}");
    }
}

#[test]
fn correlation_and_accuracy_are_those_of_the_galaxies() {
    let (votes, alpha) = honest(60, 3);
    let (posterior, cast) = given(&votes, &alpha);
    let found = only(&posterior, &cast);
    let direct = agreement(&posterior, &cast, "ring_yes", 34).unwrap();
    near(found.r[0].1, direct.pearson.value, 1e-12);
    near(found.first_r(), direct.pearson.value, 1e-12);
    // "No" is one minus "yes" in both.
    near(found.r[1].1, direct.pearson.value, 1e-9);
    near(found.mean_r, direct.pearson.value, 1e-9);
    assert_eq!((found.r[0].0.as_str(), found.r.len()), ("yes", 2));

    // By hand: right, wrong, right (volunteers tie), and right where they agree; the fifth has 30 votes.
    let votes = [[30.0, 10.0], [30.0, 10.0], [20.0, 20.0], [4.0, 36.0], [30.0, 0.0]];
    let alpha = [[3.0, 1.0], [1.0, 3.0], [3.0, 1.0], [1.0, 4.0], [1.0, 9.0]];
    let (posterior, cast) = given(&votes, &alpha);
    let found = only(&posterior, &cast);
    assert_eq!((found.galaxies, found.agreed_galaxies), (4, 1));
    near(found.accuracy, 0.75, 1e-12);
    near(found.agreed_accuracy, 1.0, 1e-12);
    near(found.mean_absolute_deviation, (0.0 + 0.5 + 0.25 + 0.1) / 4.0, 1e-12);
    let direct = bootstrap(4, 0, |places| {
        places.iter().map(|i| [1.0, 0.0, 1.0, 1.0][*i]).sum::<f64>() / 4.0
    });
    assert_eq!(found.accuracy, direct);
}

fn tree() -> Schema {
    Schema::from_json(
        r#"{"name": "tree", "questions": [
            {"question": "disk", "answers": ["yes", "no"]},
            {"question": "arms", "answers": ["yes", "no"], "depends_on": "disk_yes"},
            {"question": "count", "answers": ["1", "2", "more"], "depends_on": "arms_yes"},
            {"question": "odd", "answers": ["yes", "no"]}]}"#,
    )
    .unwrap()
}

#[test]
fn a_question_counts_galaxies_of_which_half_the_volunteers_were_asked() {
    let counts = array![
        // Half of 40 were asked about arms, 20 of 40 about their number.
        [40.0, 0.0, 20.0, 20.0, 5.0, 10.0, 5.0, 0.0, 40.0],
        // 19 of 40 about arms: too few. Nobody about odd features.
        [19.0, 21.0, 19.0, 0.0, 6.0, 6.0, 7.0, 0.0, 0.0],
        // 33 volunteers, but 34 votes about odd features.
        [33.0, 0.0, 33.0, 0.0, 11.0, 11.0, 11.0, 4.0, 30.0],
    ];
    let (schema, ids) = (tree(), named(3));
    let votes = Votes::new(&schema, ids.clone(), counts).unwrap();
    let posterior = Posterior::new(&schema, ids, Array3::ones((3, 9, 1))).unwrap();
    let galaxies = |protocol: Protocol| -> Vec<(String, usize)> {
        let found = protocol.measure(&posterior, &votes).unwrap();
        found.questions().iter().map(|it| (it.question.clone(), it.galaxies)).collect()
    };
    let pairs = |them: &[(&str, usize)]| -> Vec<(String, usize)> {
        them.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    };
    let usual = pairs(&[("disk", 2), ("arms", 1), ("count", 1), ("odd", 2)]);
    assert_eq!(galaxies(Protocol::new()), usual);
    let lower = pairs(&[("disk", 3), ("arms", 2), ("count", 2), ("odd", 2)]);
    assert_eq!(galaxies(Protocol::new().min_volunteers(33)), lower);
    let wider = pairs(&[("disk", 2), ("arms", 2), ("count", 2), ("odd", 2)]);
    assert_eq!(galaxies(Protocol::new().min_asked(0.4)), wider);
}

#[test]
fn the_overall_deviation_gives_each_question_equal_weight() {
    let counts = array![
        [40.0, 0.0, 40.0, 0.0, 10.0, 10.0, 20.0, 0.0, 40.0],
        [0.0, 40.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 40.0],
    ];
    let (schema, ids) = (tree(), named(2));
    let votes = Votes::new(&schema, ids.clone(), counts).unwrap();
    let posterior = Posterior::new(&schema, ids, Array3::ones((2, 9, 1))).unwrap();
    let found = Protocol::new().measure(&posterior, &votes).unwrap();
    // Even fractions: 0.5 off for disk, arms and odd; (1/12 + 1/12 + 1/6) / 3 for the number of arms.
    near(found.mean_absolute_deviation(), (3.0 * 0.5 + 1.0 / 9.0) / 4.0, 1e-12);
    assert_eq!((found.galaxies(), found.questions().len()), (2, 4));
    let table = found.table();
    assert_eq!(table.height(), 5);
    let last = |name: &str| table.column(name).unwrap().get(4).unwrap().to_string();
    assert_eq!(last("question"), "\"all questions\"");
    assert_eq!((last("accuracy").as_str(), last("galaxies").as_str()), ("null", "2"));
    let off = table.column("mean_absolute_deviation").unwrap().f64().unwrap();
    assert_eq!(off.get(4), Some(found.mean_absolute_deviation().value));
    let estimates = found.estimates();
    // 9 correlations, 9 measures of each question, and 2 for all.
    assert_eq!(estimates.height(), 9 + 4 * 9 + 2);
    assert!(found.show().get("text/plain").unwrap().contains("50 % of them asked"));
    assert!(found.figure().about().contains("arms"));
}

#[test]
fn galaxies_are_compared_by_magnitude() {
    let (votes, alpha) = honest(300, 4);
    // The faintest third has a posterior that knows nothing.
    let alpha: Vec<[f64; 2]> =
        alpha.iter().enumerate().map(|(i, it)| if i % 3 == 2 { [1.0, 1.0] } else { *it }).collect();
    let (posterior, cast) = given(&votes, &alpha);
    let (ids, files) = (named(300), named(300));
    let magnitude = |i: usize| Some(14.0 + (i % 3) as f64 + 0.001 * i as f64).filter(|_| i != 7);
    let magnitudes: Vec<Option<f64>> = (0..300).map(magnitude).collect();
    let table = df!("id_str" => ids, "file_loc" => files, "mag" => magnitudes).unwrap();
    let galaxies = Catalog::from_table(table, ".").unwrap();
    let by =
        |column: &str, bins| Protocol::new().measure_by(&posterior, &cast, &galaxies, column, bins);
    let found = by("mag", 3).unwrap();
    let sizes: Vec<usize> = found.bins().iter().map(|it| it.comparison.galaxies()).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 299);
    let off = |bin: usize| found.bins()[bin].comparison.mean_absolute_deviation();
    assert!(off(2).low > off(0).high && off(2).low > off(1).high);
    assert!(found.bins()[2].low >= 16.0 && found.bins()[2].high < 17.0);
    assert_eq!(found.table().height(), 6);
    assert!(found.table().column("mag_low").is_ok() && found.column() == "mag");
    assert!(by("magn", 3).unwrap_err().to_string().contains("mag"));
    assert!(by("mag", 0).unwrap_err().to_string().contains("bins must be at least 1"));
    assert!(by("id_str", 3).unwrap_err().to_string().contains("Choose a column of numbers"));
}

#[test]
fn galaxies_with_too_few_volunteers_are_refused_with_the_remedy() {
    let (posterior, cast) = given(&[[10.0, 10.0], [3.0, 2.0]], &[[1.0, 1.0]; 2]);
    let message = |protocol: Protocol| protocol.measure(&posterior, &cast).unwrap_err().to_string();
    let few = message(Protocol::new());
    assert!(few.contains("no galaxy has 34 or more volunteers (the most is 20)"), "{few}");
    assert!(few.contains("min_volunteers(20)"), "{few}");
    assert_eq!(
        message(Protocol::new().min_volunteers(0)),
        "min_volunteers must be at least 1, but it is 0"
    );
    assert!(message(Protocol::new().min_asked(1.5)).contains("min_asked must be between 0 and 1"));
    let one = Protocol::new().min_volunteers(20).measure(&posterior, &cast).unwrap();
    let one = &one.questions()[0];
    // A single galaxy has no correlation, and half the votes no agreement.
    assert!(one.galaxies == 1 && one.r[0].1.value.is_nan() && one.agreed_accuracy.value.is_nan());
    let (_, none) = given(&[[0.0, 0.0]; 2], &[[1.0, 1.0]; 2]);
    let error = Protocol::new().measure(&posterior, &none).unwrap_err().to_string();
    assert!(error.contains("Give galaxies with votes"), "{error}");
    let (other, _) = given(&[[1.0, 1.0]], &[[1.0, 1.0]]);
    assert!(Protocol::new().measure(&other, &cast).is_err());
}
