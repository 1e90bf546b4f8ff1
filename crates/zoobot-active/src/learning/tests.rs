use super::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// A decision tree of two questions.
fn tree() -> Schema {
    Schema::from_json(
        r#"{"name": "t", "questions": [
            {"question": "kind", "answers": ["smooth", "featured-or-disk", "artifact"]},
            {"question": "bar", "answers": ["yes", "no"], "depends_on": "kind_featured-or-disk"}]}"#,
    )
    .unwrap()
}

/// Galaxies named from `first` on, whose votes follow from their features. Featured galaxies are rare.
fn galaxies(first: usize, count: usize, seed: u64) -> (Space, Votes) {
    let mut rng = StdRng::seed_from_u64(seed);
    let features = Array2::from_shape_fn((count, 4), |_| rng.random_range(-1.5_f32..1.5));
    let ids: Vec<String> = (first..first + count).map(|it| format!("G{it}")).collect();
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let mut counts = Array2::zeros((count, 5));
    for (row, mut votes) in features.rows().into_iter().zip(counts.rows_mut()) {
        let featured = sigmoid(2.5 * f64::from(row[0]) - 1.5);
        let bar = sigmoid(3.0 * f64::from(row[1]));
        for _ in 0..20 {
            if rng.random::<f64>() < 0.02 {
                votes[2] += 1.0;
            } else if rng.random::<f64>() < featured {
                votes[1] += 1.0;
                votes[if rng.random::<f64>() < bar { 3 } else { 4 }] += 1.0;
            } else {
                votes[0] += 1.0;
            }
        }
    }
    (Space::new(ids.clone(), features).unwrap(), Votes::new(&tree(), ids, counts).unwrap())
}

fn small(space: &Space) -> ActiveLearning {
    ActiveLearning::new(space, &tree()).members(4).start(20).batch(10).rounds(4).volunteers(20)
}

#[test]
fn a_loop_learns_and_the_same_seed_gives_the_same_loop() {
    let ((space, votes), test) = (galaxies(0, 400, 1), galaxies(9000, 200, 2));
    let run = |seed: u64| {
        let run = small(&space).held_out(&test.0, &test.1).seed(seed);
        run.questions(["bar"]).run(&mut votes.clone()).unwrap()
    };
    let first = run(1);
    let labels: Vec<usize> = first.rounds().iter().map(|it| it.labels).collect();
    assert_eq!(labels, [20, 30, 40, 50, 60]);
    let losses: Vec<f64> = first.rounds().iter().map(|it| it.loss.unwrap()).collect();
    assert!(losses[4] < losses[0] - 0.02, "{losses:?}");
    let mut names: Vec<&str> = first.chosen().iter().map(|it| it.id_str.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 60);
    assert_eq!(run(1).chosen(), first.chosen());
    assert_ne!(run(2).chosen(), first.chosen());
    // Featured galaxies, of which alone bars are asked, are asked about more often than they are in the pool.
    let featured = |votes: &Votes| votes.fractions().column(1).sum() / votes.len() as f64;
    assert!(featured(first.votes()) > featured(&votes) + 0.05);
}

#[test]
fn weights_make_up_for_an_active_choice_and_without_them_the_mean_is_wrong() {
    let (space, votes) = galaxies(0, 1500, 3);
    let truth = votes.fractions().column(1).sum() / votes.len() as f64;
    let (mut weighted, mut plain) = (0, 0);
    for seed in 0..100 {
        let run =
            small(&space).questions(["bar"]).members(3).start(60).batch(80).rounds(3).seed(seed);
        let run = run.run(&mut votes.clone()).unwrap();
        assert_eq!(run.chosen().len(), 300);
        let mean = run.mean_fraction("kind_featured-or-disk").unwrap();
        weighted += usize::from(mean.low <= truth && truth <= mean.high);
        let all = run.votes().fractions().column(1).to_vec();
        let mean = all.iter().sum::<f64>() / 300.0;
        let variance = all.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / 299.0;
        plain += usize::from((mean - truth).abs() <= 1.96 * (variance / 300.0).sqrt());
    }
    println!("of 100 intervals of 95 %, {weighted} cover the truth with weights, {plain} without");
    assert!((90..=99).contains(&weighted), "{weighted}");
    assert!(plain < 50, "{plain}");
}

/// An oracle that stops, as a process does that is killed, after some answers.
struct Stops {
    votes: Votes,
    left: usize,
    asked: Vec<String>,
}

impl Oracle for Stops {
    fn ask(
        &mut self,
        schema: &Schema,
        ids: &[String],
        answer: &mut dyn FnMut(&str, &[f64]) -> Result<()>,
    ) -> Result<()> {
        for id in ids {
            if self.left == 0 {
                return Err(Error::Internal("stopped".to_owned()));
            }
            self.left -= 1;
            self.asked.push(id.clone());
            self.votes.ask(schema, std::slice::from_ref(id), answer)?;
        }
        Ok(())
    }
}

#[test]
fn a_loop_that_was_stopped_anywhere_ends_as_if_it_had_not_been_and_asks_nothing_twice() {
    let ((space, votes), test) = (galaxies(0, 300, 1), galaxies(9000, 100, 2));
    let folder = tempfile::tempdir().unwrap();
    let run = small(&space).held_out(&test.0, &test.1).rounds(2);
    let whole = run.clone().folder(folder.path().join("whole")).run(&mut votes.clone()).unwrap();
    let read =
        |of: &str, name: &str| std::fs::read_to_string(folder.path().join(of).join(name)).unwrap();
    let parts = run.folder(folder.path().join("parts"));
    let mut asked = Vec::new();
    let ended = loop {
        let mut oracle = Stops { votes: votes.clone(), left: 7, asked: Vec::new() };
        let result = parts.run(&mut oracle);
        asked.extend(oracle.asked);
        if let Ok(ended) = result {
            break ended;
        }
    };
    assert_eq!((ended.chosen(), ended.rounds()), (whole.chosen(), whole.rounds()));
    assert_eq!(ended.heads(), whole.heads());
    for name in ["chosen.csv", "curve.csv", "round_02/heads.json", "round_01/answers.jsonl"] {
        assert_eq!(read("parts", name), read("whole", name), "{name}");
    }
    let order: Vec<&str> = whole.chosen().iter().map(|it| it.id_str.as_str()).collect();
    assert_eq!(asked, order);
    assert!(folder.path().join("parts/round_02/curve.svg").is_file());
    assert!(folder.path().join("parts/round_02/scores.parquet").is_file());
    assert!(read("whole", "chosen.csv").starts_with("id_str,round,probability\n"));
    assert!(read("whole", "curve.csv").starts_with("labels,loss\n20,"));
    // More rounds continue; other settings are refused.
    let more = parts.clone().rounds(3).run(&mut votes.clone()).unwrap();
    assert_eq!(more.chosen()[..40], *whole.chosen());
    let message = parts.seed(9).run(&mut votes.clone()).unwrap_err().to_string();
    assert!(message.contains("begun with seed 0, but now it is 9"), "{message}");
}

#[test]
fn a_table_is_filled_in_by_hand_between_calls() {
    let (space, votes) = galaxies(0, 200, 1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ask.csv");
    let run = small(&space).rounds(1).folder(folder.path());
    let ask = || run.run(&mut super::super::AskSheet::new(&path));
    let fill = || {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        assert_eq!(lines[0], "id_str,kind_smooth,kind_featured-or-disk,kind_artifact");
        for line in &mut lines[1..] {
            let id = line.split(',').next().unwrap().to_owned();
            let row = votes.ids().iter().position(|it| *it == id).unwrap();
            let counts = votes.counts().row(row).to_vec();
            *line = format!("{id},{},{},{}", counts[0], counts[1], counts[2]);
        }
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    };
    let first = ask().unwrap();
    assert_eq!((first.chosen().len(), first.waiting().len()), (0, 20));
    fill();
    let second = ask().unwrap();
    assert_eq!((second.chosen().len(), second.waiting().len()), (20, 10));
    fill();
    let third = ask().unwrap();
    assert_eq!((third.chosen().len(), third.waiting().len()), (30, 0));
    // The start was judged by the answers of the next round.
    assert!(third.rounds()[0].loss.is_some() && third.rounds()[1].loss.is_none());
    let direct = small(&space).rounds(1).run(&mut votes.clone()).unwrap();
    assert_eq!(direct.chosen(), third.chosen());
    // What is no vote is refused, with the galaxy.
    let another = tempfile::tempdir().unwrap();
    let path = another.path().join("ask.csv");
    let run = small(&space).folder(another.path());
    run.run(&mut super::super::AskSheet::new(&path)).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen(",,,\n", ",many,,\n", 1)).unwrap();
    let message = run.run(&mut super::super::AskSheet::new(&path)).unwrap_err().to_string();
    assert!(message.contains("kind_smooth is \"many\" for"), "{message}");
    std::fs::write(&path, text.replacen("kind_artifact", "kind_artefact", 1)).unwrap();
    let message = run.run(&mut super::super::AskSheet::new(&path)).unwrap_err().to_string();
    assert!(message.contains("Did you mean \"kind_artefact\"?"), "{message}");
}

#[test]
fn what_cannot_be_learnt_from_is_refused_with_advice() {
    let (space, votes) = galaxies(0, 100, 1);
    let message = |run: ActiveLearning| run.run(&mut votes.clone()).unwrap_err().to_string();
    let all = message(small(&space).start(100));
    assert!(all.contains("label all 100 galaxies"), "{all}");
    assert!(message(small(&space).batch(0)).contains("batch must be at least 1"));
    assert!(message(small(&space).questions(["barr"])).contains("Did you mean \"bar\"?"));
    assert!(message(small(&space).held_out(&space, &votes)).contains("\"G0\" is in the pool"));
    // No id matches.
    let (others, _) = galaxies(5000, 100, 1);
    let none = message(small(&others));
    assert!(none.contains("no galaxy \"G5"), "{none}");
    // One class.
    let ids = votes.ids().to_vec();
    let smooth = Array2::from_shape_fn((100, 5), |(_, answer)| [20.0, 0.0, 0.0, 0.0, 0.0][answer]);
    let mut smooth = Votes::new(&tree(), ids.clone(), smooth).unwrap();
    let one = small(&space).run(&mut smooth).unwrap_err().to_string();
    assert!(one.contains("are for \"kind_smooth\""), "{one}");
    // Never asked.
    let mut never = Votes::new(&tree(), ids, Array2::zeros((100, 5))).unwrap();
    let one = small(&space).run(&mut never).unwrap_err().to_string();
    assert!(one.contains("has votes for \"kind\""), "{one}");
    // A pool that ends before the rounds do ends the loop.
    let run = small(&space).rounds(20).run(&mut votes.clone()).unwrap();
    assert_eq!(run.chosen().len(), 100);
    let weights = run.weights().unwrap();
    assert!(weights.iter().all(|it| (it - 1.0).abs() < 1e-9));
}

#[test]
fn galaxies_that_were_chosen_for_their_value_have_no_weights() {
    let (space, votes) = galaxies(0, 200, 1);
    let run = small(&space).choice(BatchChoice::Top).run(&mut votes.clone()).unwrap();
    let message = run.weights().unwrap_err().to_string();
    assert!(message.contains("in round 1") && message.contains("Stochastic"), "{message}");
    assert!(run.stop_advice(20).is_none());
}

#[test]
fn learning_is_over_when_nothing_is_left_to_learn() {
    let ((space, votes), test) = (galaxies(0, 1200, 1), galaxies(9000, 200, 2));
    let run = small(&space).held_out(&test.0, &test.1);
    let early = run.clone().rounds(20).run(&mut votes.clone()).unwrap();
    let advice = early.stop_advice(200).unwrap();
    assert!(!advice.is_over && advice.window == 200 && advice.change < 0.0, "{advice}");
    let late = run.start(1000).batch(30).rounds(2).run(&mut votes.clone()).unwrap();
    let advice = late.stop_advice(60).unwrap();
    assert!(advice.is_over && advice.window == 60, "{advice}");
}

/// Run by hand: `cargo test --workspace --lib million -- --ignored --nocapture`.
#[test]
#[ignore = "a million galaxies take a gigabyte of memory"]
fn a_round_for_a_million_galaxies_takes_seconds() {
    let count = 1_000_000;
    let mut rng = StdRng::seed_from_u64(1);
    let features = Array2::from_shape_fn((count, 64), |_| rng.random_range(-1.5_f32..1.5));
    let ids: Vec<String> = (0..count).map(|it| format!("G{it}")).collect();
    let space = Space::new(ids, features.clone()).unwrap();
    let run = ActiveLearning::new(&space, &tree()).start(256).rounds(1);
    /// Answers from the first feature.
    struct Answers<'a>(&'a Array2<f32>);
    impl Oracle for Answers<'_> {
        fn ask(
            &mut self,
            _: &Schema,
            ids: &[String],
            answer: &mut dyn FnMut(&str, &[f64]) -> Result<()>,
        ) -> Result<()> {
            for id in ids {
                let row: usize = id[1..].parse().unwrap();
                let yes = (40.0 / (1.0 + (-2.0 * f64::from(self.0[[row, 0]])).exp())).round();
                answer(id, &[39.0 - yes.min(39.0), yes.min(39.0), 1.0])?;
            }
            Ok(())
        }
    }
    let mut oracle = Answers(&features);
    let time = |run: &ActiveLearning, oracle: &mut Answers| {
        let started = std::time::Instant::now();
        run.run(oracle).unwrap();
        started.elapsed().as_secs_f64()
    };
    let start = time(&run.clone().rounds(0), &mut oracle);
    let whole = time(&run, &mut oracle);
    println!(
        "the start takes {start:.1} s, a round of BALD with three answers {:.1} s",
        whole - start
    );
    assert!(whole - start < 20.0);
}
