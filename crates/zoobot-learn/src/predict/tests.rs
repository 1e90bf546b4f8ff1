use super::*;
use crate::model::Model;
use ndarray::{Array2, Array3, Axis, array};
use rand::{Rng, SeedableRng, rngs::StdRng};
use rand_distr::{Distribution, Gamma};
use serde_json::Value;
use zoobot_data::catalog::Catalog;
use zoobot_data::datasets::{gz2, keep_out};
use zoobot_data::schema::{Schema, Votes};
use zoobot_simulator::{Kind, Simulation, Survey};

fn record(part: &str, file: &str) -> Option<Value> {
    let folder = zoobot_testing::folder(part)?;
    Some(serde_json::from_str(&std::fs::read_to_string(folder.join(file)).unwrap()).unwrap())
}

fn numbers(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

fn matrix(value: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = serde_json::from_value(value.clone()).unwrap();
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()
}

fn cube(value: &Value) -> Array3<f64> {
    let rows: Vec<Vec<Vec<f64>>> = serde_json::from_value(value.clone()).unwrap();
    let shape = (rows.len(), rows[0].len(), rows[0][0].len());
    Array3::from_shape_vec(shape, rows.concat().concat()).unwrap()
}

fn close(name: &str, ours: &Array2<f64>, expected: &Value, tolerance: f64) {
    for (ours, expected) in ours.iter().zip(&matrix(expected)) {
        assert!((ours - expected).abs() <= tolerance, "{name}: {ours} is not {expected}");
    }
}

fn named(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("g{i}")).collect()
}

#[test]
fn golden_fractions_intervals_and_blanks_agree_with_scipy() {
    for (file, name) in [("decals_dr5.json", "decals_dr5"), ("gz2.json", "gz2")] {
        let Some(record) = record("schema", file) else { return };
        let schema = Schema::named(name).unwrap();
        let single = matrix(&record["concentrations_single"]).insert_axis(Axis(2));
        let mixture = cube(&record["concentrations_mixture_row_answer_member"]);
        for (part, concentrations) in [("single", single), ("mixture", mixture)] {
            let expected = &record[part];
            let ids = named(concentrations.len_of(Axis(0)));
            let posterior = Posterior::new(&schema, ids, concentrations).unwrap();
            close("fraction", &posterior.fractions(), &expected["mean_fraction"], 1e-12);
            close("asked", &posterior.asked(), &expected["p_question_asked"], 1e-12);
            let ends = posterior.intervals(0.9).unwrap();
            close("lower end", &ends.lower, &expected["ci90_lower"], 1e-9);
            close("upper end", &ends.upper, &expected["ci90_upper"], 1e-9);
            if part == "mixture" {
                let ends = posterior.member_intervals(0.9).unwrap();
                close("lower median", &ends.lower, &expected["member_median_ci90_lower"], 1e-9);
                close("upper median", &ends.upper, &expected["member_median_ci90_upper"], 1e-9);
            }
            let table = posterior.friendly();
            let blanked = &expected["fraction_blanked_where_p_asked_below_half"];
            let mut blanks = 0;
            for (answer, column) in schema.columns().iter().enumerate() {
                let shown = table.column(&format!("{column}_fraction")).unwrap().f64().unwrap();
                for (galaxy, shown) in shown.iter().enumerate() {
                    let expected = blanked[galaxy][answer].as_f64();
                    assert_eq!(shown.is_none(), expected.is_none(), "{column} of {galaxy}");
                    blanks += usize::from(expected.is_none());
                    let off = shown.unwrap_or(0.0) - expected.unwrap_or(0.0);
                    assert!(off.abs() < 1e-12);
                }
            }
            assert!(blanks > 0);
        }
    }
}

/// The fixture was made by `make_intervals.py` in its folder, which computes the bounds with SciPy.
#[test]
fn intervals_of_mixtures_are_where_scipy_finds_them() {
    let text = include_str!("../../../../tests/fixtures/intervals/intervals.json");
    let record: Value = serde_json::from_str(text).unwrap();
    let rings = Schema::named("gz_rings").unwrap();
    for case in record["cases"].as_array().unwrap() {
        let members = matrix(&case["members"]);
        // A question with two answers has these Beta distributions.
        let concentrations = members.t().insert_axis(Axis(0)).to_owned();
        let posterior = Posterior::new(&rings, named(1), concentrations).unwrap();
        let ends = posterior.intervals(0.9).unwrap();
        for (name, ours) in [("lower", &ends.lower), ("upper", &ends.upper)] {
            let expected = case[name].as_f64().unwrap();
            assert!((ours[[0, 0]] - expected).abs() < 1e-9, "{name} of {members:?}: {ours}");
        }
        // The fraction of the other answer is one minus this one.
        assert!((ends.lower[[0, 1]] - (1.0 - ends.upper[[0, 0]])).abs() < 1e-9);
    }
}

/// A case simple enough to compute by hand: of 10 volunteers, 4 say featured, 5 smooth, 1 artifact.
#[test]
fn the_friendly_table_is_blank_where_fewer_than_half_would_be_asked() {
    let schema = Schema::from_json(
        r#"{"name": "small", "questions": [
            {"question": "smooth", "answers": ["smooth", "featured", "artifact"]},
            {"question": "round", "answers": ["yes", "no"], "depends_on": "smooth_smooth"},
            {"question": "spiral", "answers": ["yes", "no"], "depends_on": "smooth_featured"}
        ]}"#,
    )
    .unwrap();
    let alpha = array![[50.0, 40.0, 10.0, 3.0, 1.0, 1.0, 4.0]].insert_axis(Axis(2));
    let posterior = Posterior::new(&schema, named(1), alpha).unwrap();
    let table = posterior.friendly();
    let cell = |name: &str| table.column(name).unwrap().f64().unwrap().get(0);
    assert_eq!(cell("smooth_featured_fraction"), Some(0.4));
    // Exactly half is not fewer than half.
    assert_eq!(cell("round_yes_fraction"), Some(0.75));
    assert_eq!((cell("spiral_yes_fraction"), cell("spiral_no_fraction")), (None, None));
    let advanced = posterior.advanced().unwrap();
    assert_eq!(advanced.column("spiral_no_fraction").unwrap().f64().unwrap().get(0), Some(0.8));
    assert_eq!(
        advanced.column("spiral_proportion-asked").unwrap().f64().unwrap().get(0),
        Some(0.4)
    );
}

#[test]
fn golden_central_intervals_cover_as_scipy_says() {
    let Some(record) = record("metrics", "metrics.json") else { return };
    let coverage = &record["coverage"];
    let (a, b) = (numbers(&coverage["beta_a"]), numbers(&coverage["beta_b"]));
    let truth = numbers(&coverage["truth"]);
    // A question with two answers has these Beta distributions.
    let concentrations = Array3::from_shape_fn((100, 2, 1), |(i, k, _)| [a[i], b[i]][k]);
    let rings = Schema::named("gz_rings").unwrap();
    let posterior = Posterior::new(&rings, named(100), concentrations).unwrap();
    for (level, expected) in coverage["central_interval"].as_object().unwrap() {
        let ends = posterior.intervals(level.parse().unwrap()).unwrap();
        let inside =
            (0..100).filter(|&i| ends.lower[[i, 0]] <= truth[i] && truth[i] <= ends.upper[[i, 0]]);
        assert_eq!(inside.count() as f64 / 100.0, expected["coverage"].as_f64().unwrap());
        let width = (&ends.upper - &ends.lower).column(0).mean().unwrap();
        assert!((width - expected["mean_width"].as_f64().unwrap()).abs() < 1e-9);
        for (i, lower) in numbers(&expected["lower_first5"]).into_iter().enumerate() {
            assert!((ends.lower[[i, 0]] - lower).abs() < 1e-9);
        }
    }
}

#[test]
fn golden_calibration_errors_agree() {
    let Some(record) = record("metrics", "metrics.json") else { return };
    let record = &record["calibration"];
    let (confidence, outcome) = (numbers(&record["probability"]), numbers(&record["outcome"]));
    let even = vec![1.0; confidence.len()];
    for bins in [10, 15] {
        let expected = record[&format!("ece_{bins}_bins")].as_f64().unwrap();
        let ours = calibration_error(&reliability(&confidence, &outcome, &even, bins).unwrap());
        assert!((ours - expected).abs() < 1e-12, "{ours} is not {expected}");
    }
    let bins = reliability(&confidence, &outcome, &even, 10).unwrap();
    let table = matrix(&record["table_10_bins_index_count_confidence_outcome"]);
    assert_eq!(bins.len(), table.nrows());
    for (bin, row) in bins.iter().zip(table.rows()) {
        let ours = [bin.index as f64, bin.weight, bin.confidence, bin.outcome];
        assert!(ours.iter().zip(row).all(|(ours, row)| (ours - row).abs() < 1e-12), "{bin:?}");
    }
    // The predicted class: its probability, and whether it was right.
    let classes = numbers(&record["class_label"]);
    let probabilities = matrix(&record["class_probabilities"]);
    let top = probabilities.rows().into_iter().map(|row| {
        row.iter()
            .enumerate()
            .fold((0, 0.0), |best, (i, p)| if *p > best.1 { (i, *p) } else { best })
    });
    let (best, confidence): (Vec<usize>, Vec<f64>) = top.unzip();
    let right = best.iter().zip(&classes).map(|(best, class)| f64::from(*best as f64 == *class));
    let right: Vec<f64> = right.collect();
    let bins = reliability(&confidence, &right, &vec![1.0; right.len()], 15).unwrap();
    let expected = record["top_label_ece_15_bins"].as_f64().unwrap();
    assert!((calibration_error(&bins) - expected).abs() < 1e-12);
    let accuracy = right.iter().sum::<f64>() / right.len() as f64;
    assert!((accuracy - record["accuracy"].as_f64().unwrap()).abs() < 1e-12);
}

#[test]
fn golden_information_of_passes_agrees() {
    let Some(record) = record("acquisition", "acquisition.json") else { return };
    for part in ["binary_10_votes", "three_answers_6_votes"] {
        let record = &record[part];
        let votes = record["votes"].as_u64().unwrap() as u32;
        let galaxies = cube(&record["concentrations_galaxy_pass_answer"]);
        let mut mutual = Vec::new();
        for (i, passes) in galaxies.axis_iter(Axis(0)).enumerate() {
            let ours = information(passes.t(), votes).unwrap();
            let check = |name: &str, ours: f64| {
                let expected = record[name][i].as_f64().unwrap();
                assert!((ours - expected).abs() < 1e-10, "{part}, {name} of {i}: {ours}");
            };
            check("entropy_of_mean", ours.entropy_of_mean);
            check("mean_entropy", ours.mean_entropy);
            check("mutual_information", ours.mutual());
            mutual.push(ours.mutual());
        }
        let mut order: Vec<usize> = (0..mutual.len()).collect();
        order.sort_by(|a, b| mutual[*b].total_cmp(&mutual[*a]));
        let expected = numbers(&record["order_most_informative_first"]);
        assert_eq!(order.iter().map(|i| *i as f64).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn posteriors_that_are_none_are_refused() {
    let rings = Schema::named("gz_rings").unwrap();
    let message = |ids, concentrations| {
        Posterior::new(&rings, named(ids), concentrations).unwrap_err().to_string()
    };
    assert!(message(1, Array3::ones((1, 3, 1))).contains("3 columns"));
    assert!(
        message(2, Array3::ones((1, 2, 1))).contains("names (2) differs from the galaxies (1)")
    );
    assert!(message(1, Array3::ones((1, 2, 0))).contains("no members"));
    let mut bad = Array3::ones((1, 2, 1));
    bad[[0, 1, 0]] = f64::NAN;
    assert!(message(1, bad).contains("\"ring_no\" for \"g0\" is NaN"));
    let good = Posterior::new(&rings, named(1), Array3::ones((1, 2, 1))).unwrap();
    assert!(
        good.intervals(1.0)
            .unwrap_err()
            .to_string()
            .contains("level must be above 0 and below 1, but it is 1")
    );
    let other = Posterior::new(&rings, named(2), Array3::ones((2, 2, 1))).unwrap();
    assert!(Posterior::mixture(&[good, other]).is_err());
    assert!(Posterior::mixture(&[]).is_err());
    let seven = Array2::ones((7, 2));
    let message = information(seven.view(), 100).unwrap_err().to_string();
    assert!(message.contains("100 votes for 7 answers"), "{message}");
}

#[test]
fn a_mixture_has_the_members_of_all_and_their_mean_fractions() {
    let rings = Schema::named("gz_rings").unwrap();
    let one = |a: f64, b: f64| Posterior::new(&rings, named(1), array![[[a], [b]]]).unwrap();
    let mixture = Posterior::mixture(&[one(9.0, 1.0), one(1.0, 9.0)]).unwrap();
    assert_eq!((mixture.members(), mixture.fractions()[[0, 0]]), (2, 0.5));
    let alone = one(5.0, 5.0).intervals(0.9).unwrap();
    let both = mixture.intervals(0.9).unwrap();
    assert!(both.lower[[0, 0]] < alone.lower[[0, 0]] && both.upper[[0, 0]] > alone.upper[[0, 0]]);
    assert!(mixture.mutual_information(5).unwrap()[[0, 0]] > 0.1);
    assert!(one(5.0, 5.0).mutual_information(5).unwrap()[[0, 0]].abs() < 1e-12);
}

/// Galaxies whose votes are drawn from the posterior itself.
fn honest(galaxies: usize, seed: u64) -> (Posterior, Votes) {
    let schema = Schema::named("decals_dr5").unwrap();
    let mut rng = StdRng::seed_from_u64(seed);
    let alpha = Array3::from_shape_fn((galaxies, 34, 1), |_| {
        1.0 + 100.0 / (1.0 + (-rng.random_range(-5.0..1.0f64)).exp())
    });
    let mut counts = Array2::zeros((galaxies, 34));
    for galaxy in 0..galaxies {
        for question in schema.questions() {
            let shares: Vec<f64> = question
                .range()
                .map(|k| Gamma::new(alpha[[galaxy, k, 0]], 1.0).unwrap().sample(&mut rng))
                .collect();
            let all: f64 = shares.iter().sum();
            for _ in 0..rng.random_range(5..40) {
                let mut left = rng.random_range(0.0..all);
                let place = shares.iter().position(|share| {
                    left -= share;
                    left < 0.0
                });
                counts[[galaxy, question.range().start + place.unwrap_or(0)]] += 1.0;
            }
        }
    }
    let votes = Votes::new(&schema, named(galaxies), counts).unwrap();
    (Posterior::new(&schema, named(galaxies), alpha).unwrap(), votes)
}

/// Applies a change to every concentration.
fn changed(posterior: &Posterior, change: impl Fn(f64) -> f64) -> Posterior {
    let concentrations = posterior.concentrations().mapv(change);
    Posterior::new(posterior.schema(), posterior.ids().to_vec(), concentrations).unwrap()
}

#[test]
fn a_posterior_from_which_votes_are_drawn_is_calibrated_and_a_surer_one_is_not() {
    let (posterior, votes) = honest(3000, 1);
    let right = Calibration::measure(&posterior, &votes, 5).unwrap();
    assert_eq!(right.questions().len(), 10);
    for question in right.questions() {
        assert!((question.coverage.votes_inside - 0.9).abs() < 0.012, "{question:?}");
        assert!(question.coverage.error() < 0.012, "{question:?}");
        assert!(question.error() < 0.012, "{question:?}");
        assert_eq!(question.coverage.galaxies, 3000);
    }
    let surer = changed(&posterior, |alpha| 8.0 * alpha);
    let wrong = Calibration::measure(&surer, &votes, 5).unwrap();
    for (wrong, right) in wrong.questions().iter().zip(right.questions()) {
        assert!(wrong.coverage.votes_inside < right.coverage.votes_inside - 0.02, "{wrong:?}");
        // The fractions are unchanged.
        assert!((wrong.error() - right.error()).abs() < 1e-9);
    }
}

#[test]
fn recalibration_finds_what_was_done_to_a_posterior_and_undoes_it() {
    let (posterior, votes) = honest(2000, 2);
    let surer = changed(&posterior, |alpha| 5.0 * alpha);
    let found = Recalibration::fit(&surer, &votes).unwrap();
    for scaling in found.scalings() {
        // About twenty votes per galaxy say little about the scatter of fractions: one sigma is 0.16.
        assert!((scaling.certainty * 5.0).ln().abs() < 0.5, "{scaling:?}");
        assert!((scaling.temperature - 1.0).abs() < 0.1, "{scaling:?}");
    }
    let sharper = changed(&posterior, |alpha| alpha.powf(1.8));
    let found = Recalibration::fit(&sharper, &votes).unwrap();
    for scaling in found.scalings() {
        assert!((scaling.temperature / 1.8 - 1.0).abs() < 0.25, "{scaling:?}");
    }
    let (unseen, truth) = honest(2000, 3);
    let sharper = changed(&unseen, |alpha| alpha.powf(1.8));
    let better = found.apply(&sharper).unwrap();
    let errors = |posterior: &Posterior| -> Vec<f64> {
        let calibration = Calibration::measure(posterior, &truth, 5).unwrap();
        calibration.questions().iter().map(QuestionCalibration::error).collect()
    };
    for (before, after) in errors(&sharper).into_iter().zip(errors(&better)) {
        assert!(after < 0.5 * before, "{before} became {after}");
    }
    let kept = serde_json::to_string(&found).unwrap();
    let kept: Recalibration = serde_json::from_str(&kept).unwrap();
    let again = kept.apply(&sharper).unwrap();
    let off = &again.concentrations() - &better.concentrations();
    assert!(off.iter().all(|off| off.abs() < 1e-9));
}

/// The intervals were not fitted on these galaxies, and the model was not trained on them.
#[test]
fn the_shipped_models_intervals_hold_the_votes_of_real_volunteers() {
    let unseen = keep_out(&Catalog::real_sample().unwrap(), gz2::KEPT_OUT).unwrap().1;
    let schema = gz2::schema().unwrap();
    let posterior = Model::load("sample").unwrap().posterior(&unseen).unwrap();
    let posterior = posterior.of_schema(&schema).unwrap();
    let votes = Votes::of(&unseen, &schema).unwrap();
    let calibration = Calibration::measure(&posterior, &votes, 10).unwrap();
    let inside = calibration.questions().iter().filter(|it| it.coverage.galaxies >= 90);
    let inside: Vec<_> = inside.map(|it| (&it.question, it.coverage.votes_inside)).collect();
    assert!(inside.len() >= 2, "{inside:?}");
    // With 98 galaxies, 0.9 is uncertain by 0.03.
    assert!(inside.iter().all(|(_, share)| (0.8..=0.98).contains(share)), "{inside:?}");
}

/// Its questions about DECaLS were learned from simulated votes and then made less certain, by what was
/// measured between simulation and sky: without that, nine of ten simulated votes are inside.
#[test]
fn the_shipped_model_is_less_certain_about_questions_that_simulated_volunteers_answered() {
    let folder = tempfile::tempdir().unwrap();
    let survey = Simulation::new(600).seed(9021).size(160).kinds(Kind::ALL);
    let survey = survey.survey(Survey::Decals).volunteers("decals_dr5");
    let galaxies = survey.write(folder.path()).unwrap();
    let schema = Schema::named("decals_dr5").unwrap();
    let votes = Votes::of(&galaxies, &schema).unwrap();
    let model = Model::load("sample").unwrap();
    assert_eq!(model.simulated().len(), schema.questions().len());
    let sure = model.recalibration().unwrap().clone().scale_certainty(&schema, 1.0 / 0.09).unwrap();
    let sure = model.clone().with_recalibration(Some(sure)).unwrap();
    let inside = |model: &Model| {
        let posterior = model.posterior(&galaxies).unwrap().of_schema(&schema).unwrap();
        let calibration = Calibration::measure(&posterior, &votes, 5).unwrap();
        let asked = calibration.questions().iter().filter(|it| it.coverage.galaxies >= 100);
        asked.map(|it| it.coverage.votes_inside).collect::<Vec<f64>>()
    };
    let (wide, narrow) = (inside(&model), inside(&sure));
    assert!(narrow.len() >= 8, "{narrow:?}");
    assert!(narrow.iter().all(|share| (0.85..=0.95).contains(share)), "{narrow:?}");
    assert!(wide.iter().zip(&narrow).all(|(wide, narrow)| wide > narrow), "{wide:?}");
    let said = zoobot_show::notes::notes();
    assert!(said.iter().any(|it| it.contains("10 of 10 questions")), "{said:?}");
}

#[test]
fn a_scaled_certainty_widens_the_intervals_and_keeps_the_fractions() {
    let (posterior, votes) = honest(200, 1);
    let found = Recalibration::fit(&posterior, &votes).unwrap();
    let (bar, all) = (posterior.schema().position("bar-dr5").unwrap(), posterior.schema().clone());
    let wider = found.clone().scale_certainty(&all, 0.25).unwrap();
    assert!(
        (wider.scalings()[bar].certainty / found.scalings()[bar].certainty - 0.25).abs() < 1e-12
    );
    let (before, after) = (found.apply(&posterior).unwrap(), wider.apply(&posterior).unwrap());
    let off = (before.fractions() - after.fractions()).mapv(f64::abs);
    assert!(off.iter().all(|off| *off < 1e-9));
    let width = |it: &Posterior| {
        let ends = it.intervals(0.9).unwrap();
        (ends.upper - ends.lower).mean().unwrap()
    };
    assert!(width(&after) > 1.3 * width(&before));
    let message = found.scale_certainty(&all, 0.0).unwrap_err().to_string();
    assert!(message.contains("above 0"), "{message}");
}

#[test]
fn accuracy_counts_only_galaxies_on_which_volunteers_agree() {
    let rings = Schema::named("gz_rings").unwrap();
    let alpha = [[9.0, 1.0], [1.0, 9.0], [9.0, 1.0], [9.0, 1.0], [2.0, 1.0]];
    let alpha = Array3::from_shape_fn((5, 2, 1), |(i, k, _)| alpha[i][k]);
    let posterior = Posterior::new(&rings, named(5), alpha).unwrap();
    // In order: right, wrong, no agreement (exactly 0.8), too few votes, right.
    let counts = array![[19.0, 1.0], [18.0, 2.0], [16.0, 4.0], [3.0, 0.0], [20.0, 0.0]];
    let votes = Votes::new(&rings, named(5), counts).unwrap();
    let found = confident(&posterior, &votes, "ring", 0.8, 10).unwrap();
    assert_eq!(found, Confident { galaxies: 3, correct: 2 });
    assert!((found.accuracy() - 2.0 / 3.0).abs() < 1e-15);
}

#[test]
fn votes_of_other_galaxies_are_refused() {
    let (posterior, votes) = honest(4, 1);
    let mut ids = named(4);
    ids.swap(1, 2);
    let other = Votes::new(votes.schema(), ids, votes.counts().to_owned()).unwrap();
    let message = Calibration::measure(&posterior, &other, 5).unwrap_err().to_string();
    assert!(
        message.contains("row 2 is \"g2\" in the votes, but \"g1\" in the predictions"),
        "{message}"
    );
    let message = coverage(&posterior, &votes, "bars-dr5", 0.2, 5).unwrap_err().to_string();
    assert!(message.contains("Did you mean \"bar-dr5\""), "{message}");
    let message = Calibration::measure(&posterior, &votes, 1000).unwrap_err().to_string();
    assert!(message.contains("1000 or more votes"), "{message}");
}

#[test]
fn the_advanced_table_has_everything_and_the_calibration_shows_itself() {
    use zoobot_show::notebook::Show;
    let (posterior, votes) = honest(6, 1);
    let table = posterior.advanced().unwrap();
    assert_eq!(table.width(), 1 + 10 + 3 * 34);
    let part = |name: &str| {
        let column = table.column(&format!("bar-dr5_{name}")).unwrap().f64().unwrap().clone();
        column.into_no_null_iter().collect::<Vec<f64>>()
    };
    let (low, middle, high) = (part("no_90pc-lower"), part("no_fraction"), part("no_90pc-upper"));
    assert!((0..6).all(|i| low[i] < middle[i] && middle[i] < high[i]));
    assert!(part("proportion-asked").iter().all(|asked| (0.0..=1.0).contains(asked)));
    let calibration = Calibration::measure(&posterior, &votes, 1).unwrap();
    assert!(calibration.show().get("text/html").unwrap().contains("bar-dr5"));
    assert!(calibration.figure().svg().contains("how-rounded-dr5"));
}

/// Writes figures for visual inspection to `$ZOOBOT_LOOK`.
#[test]
#[ignore = "writes pictures to look at into $ZOOBOT_LOOK"]
fn pictures_to_look_at() {
    let folder = std::path::PathBuf::from(std::env::var_os("ZOOBOT_LOOK").unwrap());
    for name in ["decals_dr5", "gz2", "gz_evo_v2"] {
        let figure = Schema::named(name).unwrap().figure();
        figure.dpi(96.0).save(folder.join(format!("{name}.png"))).unwrap();
    }
    let (posterior, votes) = honest(1000, 1);
    let sharper = changed(&posterior, |alpha| alpha.powf(1.8));
    let calibration = Calibration::measure(&sharper, &votes, 5).unwrap();
    calibration.figure().save(folder.join("calibration.png")).unwrap();
}

#[test]
fn galaxies_are_selected_by_name_in_the_order_given() {
    let rings = Schema::named("gz_rings").unwrap();
    let number = |(galaxy, ..): (usize, usize, usize)| galaxy as f64 + 1.0;
    let ids = ["a", "b", "c"].map(String::from).to_vec();
    let all = Posterior::new(&rings, ids, ndarray::Array3::from_shape_fn((3, 2, 2), number));
    let some = all.unwrap().select(&["c", "a"]).unwrap();
    assert_eq!(some.ids(), ["c", "a"]);
    assert_eq!((some.concentrations()[[0, 1, 1]], some.concentrations()[[1, 0, 0]]), (3.0, 1.0));
    let message = some.select(&["b"]).unwrap_err().to_string();
    assert!(message.contains("\"b\""), "{message}");
}
