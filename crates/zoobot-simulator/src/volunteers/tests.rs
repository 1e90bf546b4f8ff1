use super::{Appearance, Crowd, View, Volunteers};
use crate::{Body, BulgeShape, Kind, SimulatedGalaxy, Simulation};
use ndarray::Array2;
use zoobot_data::schema::{Schema, Votes};

fn some(kind: Kind, n: usize) -> Vec<SimulatedGalaxy> {
    let survey = Simulation::new(n).seed(4).size(96).kinds([kind]);
    (0..n).map(|i| survey.galaxy(i).unwrap()).collect()
}

fn everyone(name: &str) -> Volunteers {
    Volunteers::new(&Schema::named(name).unwrap()).unwrap()
}

/// Mean expected fraction of an answer.
fn mean(volunteers: &Volunteers, galaxies: &[SimulatedGalaxy], column: &str) -> f64 {
    let at = volunteers.schema().answer(column).unwrap().index();
    let sum: f64 = galaxies.iter().map(|galaxy| volunteers.fractions(galaxy)[at]).sum();
    sum / galaxies.len() as f64
}

/// The fraction of an answer for one galaxy, with a given resolution (arcsec) and noise.
fn seen_at(galaxy: &SimulatedGalaxy, column: &str, resolution: f64, noise: f64) -> f64 {
    let volunteers = everyone("decals_dr5");
    let view = View { resolution, noise };
    let at = volunteers.schema().answer(column).unwrap().index();
    volunteers.expected(&Appearance::through(galaxy, view))[at]
}

#[test]
fn every_known_schema_can_be_answered_and_fractions_sum_to_1() {
    let galaxies: Vec<_> = Kind::ALL.iter().flat_map(|kind| some(*kind, 2)).collect();
    for name in Schema::names() {
        let volunteers = everyone(&name);
        for galaxy in &galaxies {
            let fractions = volunteers.fractions(galaxy);
            for question in volunteers.schema().questions() {
                let of = &fractions[question.range()];
                let sum: f64 = of.iter().sum();
                assert!((sum - 1.0).abs() < 1e-12, "{name} {}: {sum}", question.name());
                assert!(of.iter().all(|it| *it > 0.0), "{name} {}: {of:?}", question.name());
            }
        }
    }
}

#[test]
fn a_schema_that_cannot_be_answered_is_refused_with_a_near_name() {
    let schema = |question: &str, answers: &str| {
        let json = format!(
            r#"{{"name": "t", "questions": [{{"question": {question:?}, "answers": {answers}}}]}}"#
        );
        Volunteers::new(&Schema::from_json(&json).unwrap()).unwrap_err().to_string()
    };
    let colour = schema("bars", r#"["yes", "no"]"#);
    assert!(colour.contains("cannot answer \"bars\"") && colour.contains("\"bar\"?"), "{colour}");
    let answer = schema("bar-dr9", r#"["stronk", "no"]"#);
    assert!(answer.contains("do not know the answer \"stronk\" to \"bar\""), "{answer}");
    assert!(answer.contains("Did you mean \"strong\"?"), "{answer}");
}

#[test]
fn the_votes_of_many_volunteers_have_the_expected_fractions_at_every_question() {
    for (name, kind) in [
        ("decals_dr5", Kind::BarredSpiral),
        ("gz2", Kind::EdgeOn),
        ("euclid", Kind::StarOrArtifact),
    ] {
        let crowd = Crowd { fewest: 40_000, most: 40_000, careless: 0.3, ..Crowd::default() };
        let volunteers = everyone(name).crowd(crowd).unwrap();
        let schema = volunteers.schema().clone();
        let galaxy = &some(kind, 1)[0];
        let votes = volunteers.votes(galaxy, 1);
        let expected = volunteers.fractions(galaxy);
        // The expected number of askings follows from the earlier answers, without simulating the walk.
        let fractions = Array2::from_shape_vec((1, schema.width()), expected.clone()).unwrap();
        let asked = schema.asked(fractions.view()).unwrap();
        for (place, question) in schema.questions().iter().enumerate() {
            let total: u32 = votes[question.range()].iter().sum();
            let share = f64::from(total) / 40_000.0;
            // Careless people reach questions that others do not: they account for 1 %.
            assert!((share - asked[[0, place]]).abs() < 0.01, "{name} {}", question.name());
            if total < 200 {
                continue;
            }
            for answer in question.range() {
                let got = f64::from(votes[answer]) / f64::from(total);
                let error = (expected[answer] * (1.0 - expected[answer]) / f64::from(total)).sqrt();
                let off = (got - expected[answer]).abs();
                assert!(off < 4.5 * error + 1e-3, "{name} {answer}: {got}, {}", expected[answer]);
            }
        }
    }
}

#[test]
fn without_careless_people_the_expected_fractions_are_the_slips_of_the_answers_chances() {
    let galaxy = &some(Kind::Spiral, 1)[0];
    let with = |skill| {
        let crowd = Crowd { skill, careless: 0.0, ..Crowd::default() };
        everyone("decals_dr5").crowd(crowd).unwrap().fractions(galaxy)
    };
    let (perfect, poor) = (with(1.0), with(0.6));
    let schema = Schema::named("decals_dr5").unwrap();
    for question in schema.questions() {
        for answer in question.range() {
            let even = 1.0 / question.answers().len() as f64;
            assert!((poor[answer] - 0.6 * perfect[answer] - 0.4 * even).abs() < 1e-12);
        }
    }
}

#[test]
fn volunteers_without_skill_answer_at_random() {
    let crowd =
        Crowd { skill: 0.0, careless: 0.0, fewest: 30_000, most: 30_000, ..Crowd::default() };
    let volunteers = everyone("decals_dr5").crowd(crowd).unwrap();
    let galaxy = &some(Kind::EdgeOn, 1)[0];
    let (votes, expected) = (volunteers.votes(galaxy, 3), volunteers.fractions(galaxy));
    for question in volunteers.schema().questions() {
        let even = 1.0 / question.answers().len() as f64;
        let total: u32 = votes[question.range()].iter().sum();
        for answer in question.range() {
            assert!((expected[answer] - even).abs() < 1e-12);
            let share = f64::from(votes[answer]) / f64::from(total);
            assert!((share - even).abs() < 0.03, "{}: {share}", question.name());
        }
    }
}

#[test]
fn whoever_gives_an_answer_is_asked_what_comes_after_it() {
    for name in ["decals_dr5", "gz2", "gz_hubble", "euclid"] {
        let volunteers = everyone(name);
        let schema = volunteers.schema();
        for kind in Kind::ALL {
            for galaxy in some(kind, 12) {
                let votes = volunteers.votes(&galaxy, 9);
                let asked: Vec<u32> =
                    schema.first_questions().map(|it| votes[it.range()].iter().sum()).collect();
                assert!(asked.iter().all(|it| *it == asked[0] && (5..=60).contains(it)));
                for question in schema.questions() {
                    let Some((_, before)) = schema.asked_after(question) else { continue };
                    let total: u32 = votes[question.range()].iter().sum();
                    assert_eq!(total, votes[before.index()], "{name} {}", question.name());
                }
            }
        }
    }
}

#[test]
fn the_worse_the_seeing_or_the_noise_the_smoother_a_galaxy_looks() {
    let smooth = "smooth-or-featured-dr5_smooth";
    for kind in [Kind::Spiral, Kind::BarredSpiral, Kind::Ring, Kind::EdgeOn, Kind::Merger] {
        for galaxy in some(kind, 20) {
            let by_seeing: Vec<f64> =
                (0..9).map(|k| seen_at(&galaxy, smooth, 1.0 + f64::from(k), 0.02)).collect();
            assert!(by_seeing.is_sorted(), "{kind}: {by_seeing:?}");
            let by_noise: Vec<f64> =
                (0..9).map(|k| seen_at(&galaxy, smooth, 1.3, 0.01 * 3f64.powi(k))).collect();
            assert!(by_noise.is_sorted(), "{kind}: {by_noise:?}");
            assert!(by_noise[8] > by_noise[0] + 0.02, "{kind}: {by_noise:?}");
        }
    }
}

#[test]
fn a_coarser_picture_of_the_same_galaxy_is_voted_smoother() {
    let volunteers = everyone("decals_dr5");
    let at = |size| {
        let survey = Simulation::new(30).seed(2).size(size).kinds([Kind::Spiral]);
        let galaxies: Vec<_> = (0..30).map(|i| survey.galaxy(i).unwrap()).collect();
        mean(&volunteers, &galaxies, "smooth-or-featured-dr5_smooth")
    };
    assert!(at(16) > at(96) + 0.1, "{} and {}", at(16), at(96));
}

#[test]
fn votes_tell_the_kinds_apart_as_people_would() {
    let [smooth, disk, spiral, barred, ring, edge_on, merger, none] =
        Kind::SAMPLE.map(|it| some(it, 60));
    let dr5 = everyone("decals_dr5");
    let of = |galaxies: &[SimulatedGalaxy], column: &str| mean(&dr5, galaxies, column);
    let strong = |g: &[SimulatedGalaxy]| of(g, "bar-dr5_strong") + of(g, "bar-dr5_weak");
    assert!(strong(&barred) > strong(&spiral) + 0.4, "{} {}", strong(&barred), strong(&spiral));
    let sides = "disk-edge-on-dr5_yes";
    assert!(of(&edge_on, sides) > 0.7 && of(&spiral, sides) < 0.25, "{}", of(&edge_on, sides));
    let plain = "smooth-or-featured-dr5_smooth";
    assert!(of(&smooth, plain) > 0.7 && of(&disk, plain) > of(&spiral, plain) + 0.3);
    let arms = "has-spiral-arms-dr5_yes";
    assert!(of(&spiral, arms) > 0.6 && of(&disk, arms) < 0.2, "{}", of(&spiral, arms));
    assert!(of(&none, "smooth-or-featured-dr5_artifact") > 0.7);
    assert!(of(&merger, "merging-dr5_none") < 0.3 && of(&spiral, "merging-dr5_none") > 0.7);
    let rings = everyone("gz_rings");
    assert!(mean(&rings, &ring, "ring_yes") > mean(&rings, &disk, "ring_yes") + 0.5);
    let gz2 = everyone("gz2");
    assert!(mean(&gz2, &merger, "something-odd-gz2_yes") > 0.7);
    assert!(mean(&gz2, &smooth, "something-odd-gz2_yes") < 0.2);
}

#[test]
fn arms_are_counted_and_their_winding_seen_with_the_usual_mistakes() {
    let volunteers = everyone("decals_dr5");
    let count = volunteers.schema().question("spiral-arm-count-dr5").unwrap().range().start;
    let winding = volunteers.schema().question("spiral-winding-dr5").unwrap().range().start;
    let mut pitches = Vec::new();
    for galaxy in some(Kind::Spiral, 80) {
        let Body::Disk(disk) = &galaxy.morphology.body else { panic!("a spiral is a disc") };
        let arms = disk.arms.unwrap();
        let fractions = volunteers.fractions(&galaxy);
        let counted = &fractions[count..count + 5];
        let best = (0..5).max_by(|a, b| counted[*a].total_cmp(&counted[*b])).unwrap();
        // The last answer is "more than 4".
        let number = arms.number.min(5);
        assert_eq!(best + 1, number);
        // Counts close to the truth are likelier than counts far from it.
        let two_off = if number > 2 { number - 3 } else { number + 1 };
        let next = if number > 2 { number - 2 } else { number };
        assert!(counted[next] >= counted[two_off], "{counted:?}");
        pitches.push((arms.pitch.abs(), fractions[winding]));
    }
    pitches.sort_by(|a, b| a.0.total_cmp(&b.0));
    let tight = |part: &[(f64, f64)]| part.iter().map(|it| it.1).sum::<f64>() / part.len() as f64;
    assert!(tight(&pitches[..20]) > tight(&pitches[60..]) + 0.4);
}

#[test]
fn people_agree_on_the_winding_of_arms_only_where_there_are_arms_to_be_seen() {
    let topic = super::questions::Topic::named("spiral-winding-dr5").unwrap();
    let offered: Vec<_> =
        ["tight", "medium", "loose"].iter().map(|it| topic.meaning(it).unwrap()).collect();
    let most = |arms| {
        let seen = Appearance { arms, pitch: 33.0, ..Appearance::default() };
        topic.chances(&offered, &seen).into_iter().fold(0.0, f64::max)
    };
    let by_arms: Vec<f64> = (0..=10).map(|k| most(f64::from(k) / 10.0)).collect();
    assert!(by_arms.is_sorted(), "{by_arms:?}");
    assert!(by_arms[10] > 0.9 && by_arms[5] < 0.8, "{by_arms:?}");
}

#[test]
fn an_x_is_seen_where_the_bulge_stands_out_and_is_sharp() {
    let peanuts: Vec<_> = some(Kind::EdgeOn, 200)
        .into_iter()
        .filter(|it| match &it.morphology.body {
            Body::EdgeOn(disk) => disk.bulge_shape == BulgeShape::Peanut,
            _ => false,
        })
        .collect();
    // For a smeared galaxy only careless volunteers reach this question.
    let crowd = Crowd { skill: 1.0, careless: 0.0, ..Crowd::default() };
    let attentive = everyone("decals_dr5").crowd(crowd).unwrap();
    let at = attentive.schema().answer("edge-on-bulge-dr5_boxy").unwrap().index();
    let (mut little, mut much) = (Vec::new(), Vec::new());
    for galaxy in &peanuts {
        let [sharp, smeared] = [0.5, 6.0].map(|resolution| {
            attentive.expected(&Appearance::through(galaxy, View { resolution, noise: 0.01 }))[at]
        });
        assert!(sharp >= smeared, "{}: {sharp} and {smeared}", galaxy.id_str);
        match galaxy.morphology.bulge_fraction() {
            Some(fraction) if fraction > 0.3 => much.push(sharp),
            Some(fraction) if fraction < 0.1 => little.push(sharp),
            _ => {}
        }
    }
    assert!(little.len() > 2 && much.len() > 2, "{} and {}", little.len(), much.len());
    assert!(little.iter().all(|it| *it < 0.2), "{little:?}");
    assert!(much.iter().all(|it| (0.3..0.6).contains(it)), "{much:?}");
}

#[test]
fn a_galaxy_has_votes_in_one_campaign_and_sometimes_in_another() {
    let schema = Schema::named("decals_all_campaigns").unwrap();
    let roots: Vec<_> = ["dr12", "dr5", "dr8"]
        .map(|it| schema.question(&format!("smooth-or-featured-{it}")).unwrap().range())
        .to_vec();
    let shown = |again| {
        let crowd = Crowd { again, ..Crowd::default() };
        let volunteers = Volunteers::new(&schema).unwrap().crowd(crowd).unwrap();
        let mut counts = [0; 4];
        for galaxy in some(Kind::Disk, 200) {
            let votes = volunteers.votes(&galaxy, 1);
            let asked = |it: &std::ops::Range<usize>| votes[it.clone()].iter().sum::<u32>() > 0;
            counts[roots.iter().filter(|it| asked(it)).count()] += 1;
        }
        counts
    };
    assert_eq!(shown(0.0), [0, 200, 0, 0]);
    assert_eq!(shown(1.0), [0, 0, 0, 200]);
    // Shown in one campaign only: 0.8 squared, 128 expected of 200 with a standard deviation of 7.
    let usual = shown(0.2);
    assert!(usual[0] == 0 && (100..156).contains(&usual[1]), "{usual:?}");
}

#[test]
fn votes_depend_on_the_galaxy_and_the_seed_only() {
    let volunteers = everyone("decals_dr5");
    let galaxies = some(Kind::Spiral, 2);
    let votes = volunteers.votes(&galaxies[0], 1);
    assert_eq!(votes, volunteers.votes(&galaxies[0], 1));
    assert_ne!(votes, volunteers.votes(&galaxies[0], 2));
    assert_ne!(votes, volunteers.votes(&galaxies[1], 1));
}

#[test]
fn crowds_out_of_range_are_refused_with_their_value() {
    let default = Crowd::default();
    for (bad, words) in [
        (Crowd { fewest: 61, ..default }, "fewest must be at most 60, the value of most"),
        (Crowd { skill: 1.5, ..default }, "skill must be between 0 and 1, but it is 1.5"),
        (Crowd { careless: -0.1, ..default }, "careless must be between 0 and 1, but it is -0.1"),
        (Crowd { careless_skill: f64::NAN, ..default }, "careless_skill must be between 0 and 1"),
        (Crowd { again: 2.0, ..default }, "again must be between 0 and 1, but it is 2"),
    ] {
        let error = everyone("gz2").crowd(bad).unwrap_err().to_string();
        assert!(error.starts_with(words), "{error}");
    }
}

#[test]
fn a_written_survey_has_the_votes_in_its_catalogue_whatever_the_threads() {
    let survey = Simulation::new(24).seed(5).size(32).volunteers("decals_dr5").tags(0.5);
    let schema = Schema::named("decals_dr5").unwrap();
    let written = |threads| {
        let folder = tempfile::tempdir().unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let catalog = pool.install(|| survey.write(folder.path())).unwrap();
        let votes = Votes::of(&catalog, &schema).unwrap();
        let fractions = std::fs::read_to_string(folder.path().join("fractions.csv")).unwrap();
        let tags = std::fs::read_to_string(folder.path().join("tags.csv")).unwrap();
        let visible = std::fs::read_to_string(folder.path().join("visible.csv")).unwrap();
        (votes.counts().to_owned(), fractions, tags, visible)
    };
    let one = written(1);
    assert!(one == written(3));
    let volunteers = everyone("decals_dr5");
    let galaxy = survey.galaxy(7).unwrap();
    let row: Vec<u32> = one.0.row(7).iter().map(|it| *it as u32).collect();
    assert_eq!(row, volunteers.votes(&galaxy, 5));
    let lines: Vec<&str> = one.1.lines().collect();
    assert_eq!(lines[0], format!("id_str,{}", schema.columns().join(",")));
    let cells: Vec<&str> = lines[8].split(',').collect();
    assert_eq!(cells[0], "SIM000008");
    let expected = volunteers.fractions(&galaxy)[0];
    assert!((cells[1].parse::<f64>().unwrap() - expected).abs() < 1e-5);
    let tags: Vec<&str> = one.2.lines().collect();
    assert_eq!(tags[0], "id_str,tag,user,time");
    assert!(tags.len() > 5 && tags[1..].iter().all(|line| line.split(',').count() == 4));
    let expected = crate::visible(&galaxy);
    let visible: Vec<&str> =
        one.3.lines().filter_map(|line| line.strip_prefix("SIM000008,")).collect();
    assert!(visible == expected && !visible.is_empty(), "{visible:?} {expected:?}");
    let wrong = Simulation::new(1).volunteers("decals_dr6").write("nowhere").unwrap_err();
    assert!(wrong.to_string().contains("Did you mean"), "{wrong}");
}

#[test]
fn the_rare_kinds_are_seen_as_what_they_are_and_voted_odd() {
    let gz2 = everyone("gz2");
    let odd = |kind| mean(&gz2, &some(kind, 40), "something-odd-gz2_yes");
    let plain = odd(Kind::Smooth);
    for kind in [Kind::GravitationalLens, Kind::Jellyfish, Kind::Overlap, Kind::Irregular] {
        assert!(odd(kind) > plain + 0.2, "{kind}: {} and {plain}", odd(kind));
    }
    let seen = |kind, look: fn(&Appearance) -> f64| {
        let galaxies = some(kind, 40);
        galaxies.iter().map(|it| look(&Appearance::of(it))).sum::<f64>() / 40.0
    };
    type Look = fn(&Appearance) -> f64;
    let looks: [(Kind, Look); 5] = [
        (Kind::GravitationalLens, |it| it.lens),
        (Kind::Jellyfish, |it| it.disturbed),
        (Kind::Overlap, |it| it.overlap),
        (Kind::Irregular, |it| it.irregular),
        (Kind::Diffuse, |it| it.diffuse),
    ];
    for (kind, look) in looks {
        for other in [Kind::Smooth, Kind::Disk, Kind::Spiral, Kind::EdgeOn] {
            let (own, others) = (seen(kind, look), seen(other, look));
            assert!(own > others + 0.2, "{kind} {own}, {other} {others}");
        }
    }
}

#[test]
fn what_an_elliptical_carries_is_seen() {
    let galaxies = some(Kind::Smooth, 400);
    let mean_of = |has: fn(&SimulatedGalaxy) -> bool, look: fn(&Appearance) -> f64| {
        let (with, without): (Vec<_>, Vec<_>) = galaxies.iter().partition(|it| has(it));
        let mean = |all: Vec<&SimulatedGalaxy>| {
            all.iter().map(|it| look(&Appearance::of(it))).sum::<f64>() / all.len() as f64
        };
        (mean(with), mean(without))
    };
    let (shells, none) = mean_of(|it| it.morphology.has_shells(), |it| it.disturbed);
    assert!(shells > none + 0.1, "{shells} {none}");
    let (lane, none) = mean_of(|it| it.morphology.has_dust_lane(), |it| it.dust_lane);
    assert!(lane > none + 0.2, "{lane} {none}");
}
