use super::*;
use crate::ratings::Act;
use crate::{Truth, journal};
use ndarray::Array2;
use rand::Rng;
use rand_distr::StandardNormal;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// Galaxies of which the last twentieth differ from the others, and the truth about them.
fn survey(galaxies: usize, seed: u64) -> (Space, Truth) {
    let mut rng = StdRng::seed_from_u64(seed);
    let odd = galaxies / 20;
    let features = Array2::from_shape_fn((galaxies, 8), |(row, column)| {
        let apart = if row >= galaxies - odd && column < 3 { 2.5 } else { 0.0 };
        apart + rng.sample::<f32, _>(StandardNormal)
    });
    let fraction = |row: usize| if row >= galaxies - odd { 1.0 } else { 0.05 };
    let truth = Truth::of((0..galaxies).map(fraction).collect()).unwrap();
    (space(features), truth)
}

fn space(features: Array2<f32>) -> Space {
    Space::new((0..features.nrows()).map(|i| format!("G{i:05}")).collect(), features).unwrap()
}

#[test]
fn a_simulated_user_finds_what_stands_apart_and_the_same_for_a_seed() {
    let (space, truth) = survey(2000, 1);
    let run = |seed| {
        let mut search = AnomalySearch::new(&space).seed(seed);
        search.simulate(&truth, 100).unwrap()
    };
    let outcome = run(1);
    assert_eq!(outcome.rounds.len(), 10);
    assert!(outcome.figures.accuracy_at[&50] == 1.0, "{outcome:?}");
    assert!(outcome.figures.average_precision > 0.8, "{outcome:?}");
    assert_eq!(outcome.figures, run(1).figures);
    assert_ne!(outcome.figures, run(2).figures);
    let random = AnomalySearch::new(&space).acquisition(Acquisition::Random);
    let random = random.seed(1).simulate(&truth, 100).unwrap();
    assert!(random.rounds[9].interesting < outcome.rounds[9].interesting);
    let mut search = AnomalySearch::new(&space);
    assert!(search.simulate(&truth, 2001).is_err());
}

#[test]
fn batches_go_on_until_they_are_rated_and_then_a_new_one_follows() {
    let (space, truth) = survey(400, 1);
    let mut search = AnomalySearch::new(&space).seed(3).batch(4).first(6);
    assert!(search.ranking().is_err());
    let first = search.next().unwrap();
    assert_eq!((first.ids().len(), first.why()), (6, Why::First));
    assert_eq!(search.next().unwrap().ids(), first.ids());
    search.rate(&first.ids()[0], 0).unwrap();
    assert_eq!(search.next().unwrap().ids(), &first.ids()[1..]);
    first.ids()[1..].iter().for_each(|id| search.rate(id, "0").unwrap());
    let second = search.next().unwrap();
    assert_eq!((second.ids().len(), second.why()), (4, Why::AllZero));
    let last = &space.ids()[399];
    search.rate(last, 5).unwrap();
    let third = search.retrain().unwrap();
    assert!(matches!(third.why(), Why::Chosen(_)) && third.expected().len() == 4);
    assert!(third.ids().iter().all(|id| !first.ids().contains(id) && id != last));
    let ranking = search.ranking().unwrap();
    assert_eq!((&ranking.ids()[0], ranking.len()), (last, 400));
    assert!(ranking.ids()[394..].iter().all(|id| first.ids().contains(id)));
    assert_eq!(ranking.unrated().len(), 393);
    let table = ranking.table();
    assert_eq!(table.column("rating").unwrap().u32().unwrap().get(0), Some(5));
    assert!(truth.interesting[ranking.rows()[0]]);
}

#[test]
fn examples_lead_the_first_batch() {
    let (space, truth) = survey(1000, 2);
    let liked = [&space.ids()[990], &space.ids()[995]];
    let mut search = AnomalySearch::new(&space).liked(&liked);
    let first = search.next().unwrap();
    assert!(matches!(first.why(), Why::Chosen(_)));
    let found = first.rows().iter().filter(|row| truth.interesting[**row]).count();
    assert!(found >= 5, "{found} of 10");
    assert!(search.ratings().iter().all(|it| it.liked && it.value == 5));
}

#[test]
fn people_have_their_own_ratings_and_take_them_back_one_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ratings.jsonl");
    let (space, _) = survey(100, 1);
    let open = |name: &str| AnomalySearch::new(&space).user(name).journal(&path).unwrap();
    let id = |i: usize| space.ids()[i].as_str();
    let mut ana = open("ana");
    ana.rate(id(1), 5).unwrap();
    ana.rate(id(2), 1).unwrap();
    ana.rate(id(1), 3).unwrap();
    let mut bob = open("bob");
    bob.rate(id(1), 0).unwrap();
    assert_eq!((bob.ratings().len(), bob.people()), (1, vec!["ana".to_owned(), "bob".to_owned()]));
    let values = |search: &AnomalySearch| {
        search.ratings().iter().map(|it| (it.row, it.value)).collect::<Vec<_>>()
    };
    assert_eq!(values(&ana), [(1, 3), (2, 1)]);
    assert_eq!(ana.undo().unwrap().as_deref(), Some(id(1)));
    assert_eq!(values(&ana), [(1, 5), (2, 1)]);
    assert_eq!(values(&open("ana")), [(1, 5), (2, 1)]);
    ana.undo().unwrap();
    ana.undo().unwrap();
    assert_eq!((ana.undo().unwrap(), open("ana").ratings().len()), (None, 0));
    assert_eq!(values(&open("ana").user("bob")), [(1, 0)]);
    assert_eq!(open("bob").table().height(), 1);
}

#[test]
fn what_is_no_rating_is_refused_and_does_not_count() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ratings.jsonl");
    let (space, _) = survey(100, 1);
    let mut search = AnomalySearch::new(&space).journal(&path).unwrap();
    let mut refuse = |id: &str, rating: &str, word: &str| {
        let message = search.rate(id, rating).unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
    };
    refuse("G00001", "7", "rating must be a whole number from 0 to 5, but it is 7");
    refuse("G00001", "abc", "abc");
    refuse("G00001", "-1", "-1");
    refuse("G00001", "2.5", "2.5");
    refuse("G0001", "5", "Did you mean \"G0000");
    assert!(search.ratings().is_empty() && journal::read(&path).unwrap().is_empty());
    assert!(search.rate("G00001", 4.0).is_ok());
    assert!(AnomalySearch::new(&space).liked(&["nobody"]).next().is_err());
    // Ratings of another table.
    let other = Space::new(vec!["X1".to_owned()], Array2::ones((1, 2))).unwrap();
    let message = AnomalySearch::new(&other).journal(&path).unwrap_err().to_string();
    assert!(message.contains("G00001"), "{message}");
    let twice = vec!["a".to_owned(), "a".to_owned()];
    let twice = Space::new(twice, Array2::ones((2, 2))).unwrap();
    let error = AnomalySearch::new(&twice).next().unwrap_err().to_string();
    assert!(error.contains("two galaxies are named \"a\""), "{error}");
}

#[test]
fn tables_that_tell_little_are_searched_all_the_same() {
    let constant = space(Array2::ones((60, 5)));
    let zeros = constant.standardize().unwrap();
    let copies = space(Array2::from_shape_fn((60, 5), |(row, column)| ((row % 6) * column) as f32));
    for space in [&constant, &zeros, &copies] {
        for rating in [|_| 0, |_| 3, |_| 5, |row| (row % 6) as u8] {
            let mut search = AnomalySearch::new(space);
            for _ in 0..6 {
                let proposal = search.next().unwrap();
                assert_eq!(proposal.ids().len(), 10);
                for (id, &row) in proposal.ids().iter().zip(proposal.rows()) {
                    search.rate(id, rating(row)).unwrap();
                }
            }
            assert!(search.next().unwrap().ids().is_empty());
            let ranking = search.ranking().unwrap();
            assert!(ranking.len() == 60 && ranking.unrated().is_empty());
        }
    }
    let message = Space::new(vec!["a".to_owned()], Array2::from_elem((1, 2), f32::NAN));
    assert!(message.unwrap_err().to_string().contains("NaN for \"a\""));
}

const CHILD: &str = "ZOOBOT_TEST_RATINGS";

/// Rates 100 galaxies and reports each one: the process that the next test kills.
#[test]
#[ignore = "run by the test that kills it"]
fn a_process_that_rates() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let (space, _) = survey(1000, 1);
    let mut search = AnomalySearch::new(&space).journal(path).unwrap();
    let mut rng = StdRng::seed_from_u64(u64::from(std::process::id()));
    for _ in 0..100 {
        let (row, value) = (rng.random_range(0..1000), rng.random_range(0..6));
        search.rate(&space.ids()[row], value).unwrap();
        println!("\nrated {} {value}", space.ids()[row]);
    }
}

#[test]
fn a_process_that_is_killed_loses_no_rating_that_it_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ratings.jsonl");
    let (space, _) = survey(1000, 1);
    let mut acknowledged: Vec<(String, u8)> = Vec::new();
    for kill in 0..20 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "--test-threads", "1"])
            .arg("search::tests::a_process_that_rates")
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = 0;
        for line in lines.map_while(std::result::Result::ok) {
            let words: Vec<&str> = line.split(' ').collect();
            if let ["rated", id, value] = words[..] {
                acknowledged.push((id.to_owned(), value.parse().unwrap()));
                seen += 1;
                if seen == 3 + kill * 4 {
                    // SIGKILL; everything that it has printed by then is read.
                    child.kill().unwrap();
                }
            }
        }
        child.wait().unwrap();
        assert!(seen > 0);
        let search = AnomalySearch::new(&space).journal(&path).unwrap();
        let kept = search.record.history("").into_iter();
        let kept: Vec<(String, u8)> = kept
            .map(|it| match it {
                Act::Rated(it) => (space.ids()[it.row].clone(), it.value),
                Act::Skipped(row) => panic!("{row} was skipped"),
            })
            .collect();
        // The last rating of each process may be on the disk without being acknowledged.
        let mut rest = kept.iter();
        for (i, one) in acknowledged.iter().enumerate() {
            assert!(rest.any(|kept| kept == one), "rating {i} of process {kill} is lost");
        }
        acknowledged = kept;
    }
}

#[test]
fn with_a_catalogue_pictures_are_shown() {
    use zoobot_show::notebook::Show;
    let dir = tempfile::tempdir().unwrap();
    let catalog = zoobot_simulator::Simulation::new(8).size(32).write(dir.path()).unwrap();
    let features = Array2::from_shape_fn((8, 2), |(row, column)| (row + column) as f32);
    let space =
        Space::new(catalog.ids().to_vec(), features).unwrap().with_catalog(&catalog).unwrap();
    let mut search = AnomalySearch::new(&space).first(2).batch(3);
    let html = |bundle: zoobot_show::notebook::Bundle| bundle.get("text/html").unwrap().to_owned();
    let first = search.next().unwrap();
    assert_eq!(html(first.show()).matches("<img").count(), 2);
    search.rate(&first.ids()[0], 5).unwrap();
    search.rate(&first.ids()[1], 1).unwrap();
    let next = html(search.next().unwrap().show());
    assert!(next.matches("<img").count() == 3 && next.contains("expected "), "{next}");
    let ranking = search.ranking().unwrap();
    assert_eq!(html(ranking.gallery(4).show()).matches("<img").count(), 4);
    assert!(html(ranking.show()).contains("rated 5") && ranking.gallery(0).checked().is_err());
    assert!(html(search.user("ana").show()).contains("0 of 8 galaxies rated by ana"));
}
