use super::*;
use crate::class_schema;
use ndarray::Array2;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use zoobot_data::schema::Schema;
use zoobot_data::volunteers::Classifications;
use zoobot_simulator::{Crowd, Simulation, Volunteers};

#[test]
fn galaxies_that_are_retired_as_sure_are_right_as_often_as_the_rule_says() {
    // True fractions are drawn from the prior, so the probability holds at whatever vote the rule stops
    // (the posterior does not depend on the reason to stop).
    let mut draw = StdRng::seed_from_u64(3);
    let schema = class_schema("class", &["yes", "no"]).unwrap();
    let (galaxies, most) = (4000_usize, 60);
    let truth: Vec<f64> = (0..galaxies).map(|_| draw.random()).collect();
    let mut places = Vec::new();
    for (galaxy, share) in truth.iter().enumerate() {
        places.extend(
            (0..most).map(|who| (who, galaxy as u32, u32::from(draw.random::<f64>() >= *share))),
        );
    }
    let people = (0..most).map(|it| format!("p{it}")).collect();
    let ids: Vec<String> = (0..galaxies).map(|it| format!("g{it}")).collect();
    let all = Classifications::of_places(&schema, people, ids.clone(), places);
    let rule = Retirement::new("class").sure(0.9).least(1).most(most);
    let effort = rule.replay(&all, None).unwrap();
    let table = effort.table();
    let used = table.column("used").unwrap().u32().unwrap().clone();
    let (mut told, mut right, mut sure) = (0.0, 0.0, 0.0);
    for (galaxy, share) in truth.iter().enumerate() {
        let used = used.get(galaxy).unwrap() as usize;
        let answers = all.places().skip(galaxy * most as usize).take(used);
        let no = answers.filter(|it| it.2 == 1).count() as f64;
        let counts = [used as f64 - no, no];
        let (retired, chance) = rule.decide(&counts, &[1.0, 1.0]).unwrap();
        if retired == Retired::Sure {
            sure += 1.0;
            told += chance;
            right += f64::from(u8::from((*share > 0.5) == (counts[0] > counts[1])));
        }
    }
    assert_eq!(effort.count(Retired::Sure) as f64, sure);
    let deviation = (told / sure * (1.0 - told / sure) / sure).sqrt();
    assert!(
        (told / sure - right / sure).abs() < 3.0 * deviation,
        "{} {}",
        told / sure,
        right / sure
    );
    assert!(sure > 3500.0 && effort.saved() > 0.7, "{sure} {}", effort.saved());
    assert_eq!(effort.fixed(), galaxies as u64 * u64::from(most));
}

#[test]
fn simulated_volunteers_are_saved_for_and_a_model_saves_more() {
    let schema = Schema::named("decals_dr5").unwrap();
    let crowd = Crowd { fewest: 40, most: 40, ..Crowd::default() };
    let volunteers = Volunteers::new(&schema).unwrap().crowd(crowd).unwrap();
    let simulation = Simulation::new(300);
    let galaxies: Vec<_> = (0..300).map(|it| simulation.galaxy(it).unwrap()).collect();
    let ids: Vec<String> = (0..300).map(|it| format!("g{it}")).collect();
    let mut counts = Array2::zeros((300, schema.width()));
    let mut expected = Array2::zeros((300, 3));
    for (row, galaxy) in galaxies.iter().enumerate() {
        let votes = volunteers.votes(galaxy, row as u64);
        counts.row_mut(row).iter_mut().zip(votes).for_each(|(to, votes)| *to = f64::from(votes));
        let shares = volunteers.fractions(galaxy);
        (0..3).for_each(|answer| expected[[row, answer]] = (12.0 * shares[answer]).max(1e-3));
    }
    let votes = Votes::new(&schema, ids.clone(), counts).unwrap();
    let rule = Retirement::new("smooth-or-featured-dr5");
    let flat = rule.expected(&votes, None, 1).unwrap();
    let model = VotePrior::new(&ids, expected).unwrap();
    let helped = rule.expected(&votes, Some(&model), 1).unwrap();
    println!(
        "saved {:.3}, same {:.3}; with a model {:.3}, {:.3}",
        flat.saved(),
        flat.same(),
        helped.saved(),
        helped.same()
    );
    assert!(flat.saved() > 0.4 && flat.same() > 0.93, "{} {}", flat.saved(), flat.same());
    assert!(
        helped.saved() > flat.saved() && helped.same() > 0.93,
        "{} {}",
        helped.saved(),
        helped.same()
    );
    // A stricter rule costs more, and is right more often.
    let strict = rule.clone().sure(0.999).expected(&votes, None, 1).unwrap();
    assert!(strict.saved() < flat.saved() && strict.same() >= flat.same());
    // All answers are used if nothing is ever sure enough.
    let all = rule.sure(1.0 - 1e-15).expected(&votes, None, 1).unwrap();
    assert!(all.saved() < 0.2 && all.same() > 0.99);
}

#[test]
fn bad_rules_priors_and_questions_are_refused() {
    let rings = Schema::named("gz_rings").unwrap();
    let votes =
        |yes: f64| Votes::new(&rings, vec!["a".into()], ndarray::arr2(&[[yes, 0.0]])).unwrap();
    let says = |rule: Retirement, word: &str| {
        let message = rule.retired(&votes(3.0), None).unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
    };
    says(Retirement::new("ring").sure(1.0), "sure must be above 0 and below 1");
    says(Retirement::new("ring").sure(f64::NAN), "sure must be");
    says(Retirement::new("ring").least(9).most(8), "at least 9");
    says(Retirement::new("rign"), "Did you mean \"ring\"?");
    let rule = Retirement::new("ring");
    assert!(
        rule.decide(&[1.0], &[1.0, 1.0]).is_err()
            && rule.decide(&[1.0, -1.0], &[1.0, 1.0]).is_err()
    );
    assert!(rule.decide(&[1.0, 2.0], &[1.0, 0.0]).is_err());
    let message = rule.expected(&votes(0.0), None, 0).unwrap_err().to_string();
    assert!(message.contains("no votes for \"ring\""), "{message}");
    let prior = VotePrior::new(&["b".to_owned()], ndarray::arr2(&[[1.0, 1.0]])).unwrap();
    assert!(
        rule.retired(&votes(3.0), Some(&prior))
            .unwrap_err()
            .to_string()
            .contains("no galaxy \"a\"")
    );
    let prior = VotePrior::new(&["a".to_owned()], ndarray::arr2(&[[1.0, 1.0, 1.0]])).unwrap();
    assert!(rule.retired(&votes(3.0), Some(&prior)).is_err());
    let table =
        polars::df!("id_str" => ["a"], "ring_yes_fraction" => [1.5], "ring_no_fraction" => [0.0])
            .unwrap();
    assert!(VotePrior::from_table(&table, &rings, "ring", 5.0).is_err());
    // A blank expectation says nothing; one of 0 is not certainty.
    let table = polars::df!("id_str" => ["a", "b"], "ring_yes_fraction" => [None, Some(1.0)], "ring_no_fraction" => [None, Some(0.0)]);
    let prior = VotePrior::from_table(&table.unwrap(), &rings, "ring", 5.0).unwrap();
    assert_eq!(prior.concentrations(), ndarray::arr2(&[[1.0, 1.0], [5.0, 1e-3]]));
}
