use super::*;
use ndarray::{Array2, Array3, Axis, array};
use serde_json::Value;
use zoobot_base::special::{ln_factorial, ln_gamma};
use zoobot_learn::predict::information_of_fractions;

/// The mutual information in nats of binomial votes, of members with these vote fractions.
fn binomial(fractions: &[f64], votes: u32) -> f64 {
    let mut members = Array2::zeros((2, fractions.len()));
    members.row_mut(0).assign(&ndarray::ArrayView1::from(fractions));
    members.row_mut(1).assign(&ndarray::Array1::from_iter(fractions.iter().map(|it| 1.0 - it)));
    information_of_fractions(members.view(), votes).unwrap().mutual()
}

#[test]
fn binomial_votes_have_the_information_of_the_paper() {
    let expected: [(&[f64], u32, f64); 6] = [
        (&[0.2, 0.8], 1, 0.192_745),
        (&[0.2, 0.8], 5, 0.529_439),
        (&[0.2, 0.8], 40, 0.693_113),
        (&[0.45, 0.55], 40, 0.168_390),
        (&[0.1, 0.3, 0.5, 0.7, 0.9], 10, 0.795_303),
        (&[0.3, 0.3, 0.3], 40, 0.0),
    ];
    for (fractions, votes, value) in expected {
        let ours = binomial(fractions, votes);
        assert!((ours - value).abs() < 1e-6, "{fractions:?} with {votes} votes: {ours}");
    }
    // So many votes are summed by logarithms; two different fractions are told apart for certain.
    assert!((binomial(&[0.2, 0.8], 2000) - 2f64.ln()).abs() < 1e-9);
    assert!((binomial(&[0.45, 0.55], 513) - binomial(&[0.45, 0.55], 512)).abs() < 1e-3);
}

/// The information, from the definition with gamma functions over nested loops.
fn brute_force(concentrations: &Array2<f64>, votes: u32) -> f64 {
    let ln = |alpha: &[f64], n: &[f64]| {
        let (all, total): (f64, f64) = (alpha.iter().sum(), n.iter().sum());
        let each =
            alpha.iter().zip(n).map(|(a, n)| ln_gamma(a + n) - ln_gamma(*a) - ln_factorial(*n));
        each.sum::<f64>() + ln_factorial(total) + ln_gamma(all) - ln_gamma(all + total)
    };
    let answers = concentrations.nrows();
    let mut outcomes: Vec<Vec<f64>> = vec![Vec::new()];
    for _ in 0..answers {
        let longer = outcomes
            .iter()
            .flat_map(|it| (0..=votes).map(move |n| [&it[..], &[f64::from(n)]].concat()));
        outcomes = longer.collect();
    }
    outcomes.retain(|it| it.iter().sum::<f64>() == f64::from(votes));
    let members: Vec<Vec<f64>> =
        concentrations.columns().into_iter().map(|it| it.to_vec()).collect();
    let (mut of_mean, mut mean_of) = (0.0, 0.0);
    for outcome in &outcomes {
        let each: Vec<f64> = members.iter().map(|it| ln(it, outcome)).collect();
        let mean = each.iter().map(|it| it.exp()).sum::<f64>() / each.len() as f64;
        of_mean -= mean * mean.ln();
        mean_of -= each.iter().map(|it| it.exp() * it).sum::<f64>() / each.len() as f64;
    }
    of_mean - mean_of
}

#[test]
fn dirichlet_multinomial_votes_have_the_information_of_brute_force() {
    let pairs = array![[3.0, 20.0, 0.4], [9.0, 5.0, 0.7]];
    let triples = array![[3.0, 20.0, 0.4], [9.0, 5.0, 0.7], [1.0, 900.0, 2.0]];
    let four = array![[3.0, 20.0], [9.0, 5.0], [1.0, 90.0], [0.01, 7.0]];
    for (members, votes) in [(&pairs, 1), (&pairs, 40), (&triples, 12), (&four, 7)] {
        let ours = information(members.view(), votes).unwrap().mutual();
        let expected = brute_force(members, votes);
        assert!((ours - expected).abs() < 1e-10, "{votes} votes: {ours}, not {expected}");
    }
    // Large concentrations are certain of their fractions.
    let certain = array![[0.2e9, 0.8e9], [0.8e9, 0.2e9]];
    let ours = information(certain.view(), 40).unwrap().mutual();
    assert!((ours - binomial(&[0.2, 0.8], 40)).abs() < 1e-6, "{ours}");
}

fn cube(value: &Value) -> Array3<f64> {
    let rows = |it: &Value| it.as_array().unwrap().clone();
    let (galaxies, passes) = (rows(value), rows(&value[0]));
    let answers = rows(&value[0][0]).len();
    Array3::from_shape_fn((galaxies.len(), answers, passes.len()), |(galaxy, answer, pass)| {
        value[galaxy][pass][answer].as_f64().unwrap()
    })
}

#[test]
fn golden_acquisition_of_a_posterior_agrees_in_values_and_order() {
    let Some(folder) = zoobot_testing::folder("acquisition") else { return };
    let text = std::fs::read_to_string(folder.join("acquisition.json")).unwrap();
    let record: Value = serde_json::from_str(&text).unwrap();
    for part in ["binary_10_votes", "three_answers_6_votes"] {
        let record = &record[part];
        let concentrations = cube(&record["concentrations_galaxy_pass_answer"]);
        let (galaxies, answers, _) = concentrations.dim();
        let names: Vec<String> = (0..answers).map(|it| format!("\"a{it}\"")).collect();
        let schema = format!(
            r#"{{"name": "t", "questions": [{{"question": "q", "answers": [{}]}}]}}"#,
            names.join(", ")
        );
        let schema = Schema::from_json(&schema).unwrap();
        let ids = (0..galaxies).map(|it| format!("g{it}")).collect();
        let posterior = Posterior::new(&schema, ids, concentrations).unwrap();
        let votes = record["votes"].as_u64().unwrap() as u32;
        let values = VoteAcquisition::Bald.values(&posterior, &["q".to_owned()], votes).unwrap();
        for (galaxy, ours) in values.iter().enumerate() {
            let expected = record["mutual_information"][galaxy].as_f64().unwrap();
            assert!((ours - expected).abs() < 1e-9, "{part}, {galaxy}: {ours}");
        }
        let mut order: Vec<usize> = (0..galaxies).collect();
        order.sort_by(|a, b| values[*b].total_cmp(&values[*a]));
        let expected = record["order_most_informative_first"].as_array().unwrap();
        let expected: Vec<usize> =
            expected.iter().map(|it| it.as_u64().unwrap() as usize).collect();
        assert_eq!(order, expected);
    }
}

fn tree() -> Schema {
    Schema::from_json(
        r#"{"name": "t", "questions": [
            {"question": "kind", "answers": ["smooth", "featured-or-disk", "artifact"]},
            {"question": "bar", "answers": ["yes", "no"], "depends_on": "kind_featured-or-disk"}]}"#,
    )
    .unwrap()
}

/// A posterior of two members, from the concentrations of each galaxy and member.
fn posterior(galaxies: &[[[f64; 5]; 2]]) -> Posterior {
    let concentrations =
        Array3::from_shape_fn((galaxies.len(), 5, 2), |(galaxy, answer, member)| {
            galaxies[galaxy][member][answer]
        });
    let ids = (0..galaxies.len()).map(|it| format!("g{it}")).collect();
    Posterior::new(&tree(), ids, concentrations).unwrap()
}

#[test]
fn a_question_that_few_are_asked_is_worth_little() {
    // The members disagree on the bar of both galaxies, but nobody is asked about the bar of the second.
    let asked = |share: f64| [1.0 - share, share, 0.01].map(|it| 100.0 * it);
    let galaxy = |share: f64| {
        let [a, b, c] = asked(share);
        [[a, b, c, 90.0, 10.0], [a, b, c, 10.0, 90.0]]
    };
    let both = posterior(&[galaxy(0.9), galaxy(0.01)]);
    for acquisition in [VoteAcquisition::Bald, VoteAcquisition::Variance, VoteAcquisition::Entropy]
    {
        let values = acquisition.values(&both, &["bar".to_owned()], 20).unwrap();
        assert!(values[0] > 20.0 * values[1], "{acquisition}: {values:?}");
    }
    let values = VoteAcquisition::Bald.values(&both, &["bar".to_owned()], 20).unwrap();
    let both = both.concentrations();
    let alone = information(both.slice(s![0, 3.., ..]), 18).unwrap().mutual();
    assert!((values[0] - alone).abs() < 1e-12);
}

#[test]
fn entropy_margin_and_variance_have_their_closed_forms() {
    let one = posterior(&[[[60.0, 30.0, 10.0, 1.0, 1.0], [20.0, 70.0, 10.0, 1.0, 1.0]]]);
    let value = |it: VoteAcquisition| it.values(&one, &["kind".to_owned()], 40).unwrap()[0];
    let mean = [0.4_f64, 0.5, 0.1];
    let entropy: f64 = mean.iter().map(|p| -p * p.ln()).sum();
    assert!((value(VoteAcquisition::Entropy) - entropy).abs() < 1e-12);
    assert!((value(VoteAcquisition::Margin) - 0.9).abs() < 1e-12);
    assert!((value(VoteAcquisition::Variance) - (0.04 + 0.04)).abs() < 1e-12);
    assert!(value(VoteAcquisition::Random).abs() < 1e-12);
}

#[test]
fn probably_featured_galaxies_go_first_by_the_rule_of_galaxy_zoo() {
    let galaxy = |featured: f64| {
        let own = [100.0 - featured, featured, 0.1, 1.0, 1.0];
        [own, own]
    };
    // Beta(15, 85) is above 0.2 with a probability of 0.11, Beta(30, 70) with 0.99.
    let all = posterior(&[galaxy(15.0), galaxy(30.0), galaxy(60.0)]);
    let values = VoteAcquisition::GalaxyZoo.values(&all, &[], 40).unwrap();
    assert_eq!(values, [0.0, 1.0, 1.0]);
    let rings = Schema::named("gz_rings").unwrap();
    let other = Posterior::new(&rings, vec!["a".into()], Array3::ones((1, 2, 1))).unwrap();
    let message = VoteAcquisition::GalaxyZoo.values(&other, &[], 40).unwrap_err().to_string();
    assert!(message.contains("featured-or-disk"), "{message}");
}

#[test]
fn many_answers_take_fewer_votes_and_names_are_known() {
    let wide = Schema::from_json(
        r#"{"name": "t", "questions": [{"question": "q", "answers": ["a", "b", "c", "d", "e", "f"]}]}"#,
    )
    .unwrap();
    let mut members = Array3::from_elem((1, 6, 2), 5.0);
    members.index_axis_mut(Axis(2), 0)[[0, 0]] = 50.0;
    members.index_axis_mut(Axis(2), 1)[[0, 5]] = 50.0;
    let posterior = Posterior::new(&wide, vec!["a".into()], members).unwrap();
    let value = VoteAcquisition::Bald.values(&posterior, &["q".to_owned()], 40).unwrap()[0];
    assert!(value > 0.6 && value < 2f64.ln() + 1e-9, "{value}");
    let message = VoteAcquisition::named("blad").unwrap_err().to_string();
    assert!(message.contains("Did you mean \"bald\"?"), "{message}");
    for acquisition in VoteAcquisition::all() {
        assert_eq!(VoteAcquisition::named(acquisition.name()).unwrap(), *acquisition);
    }
}
