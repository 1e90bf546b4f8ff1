use super::{ArtifactFilter, Classifications, ConsistencyWeighting, FractionTable};
use crate::schema::{Schema, Votes};
use ndarray::Array2;
use polars::prelude::{Column, DataFrame, df};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use zoobot_base::error::Result;

fn tree() -> Schema {
    let text = r#"{"name": "tree", "questions": [
        {"question": "shape", "answers": ["smooth", "featured", "artifact"]},
        {"question": "bar", "answers": ["yes", "no"], "depends_on": "shape_featured"},
        {"question": "arms", "answers": ["yes", "no"], "depends_on": "shape_featured"}]}"#;
    Schema::from_json(text).unwrap()
}

fn read(rows: &[(&str, &str, &str, &str)]) -> Result<Classifications> {
    let column = |name: &str, of: fn(&(&str, &str, &str, &str)) -> String| {
        Column::new(name.into(), rows.iter().map(of).collect::<Vec<String>>())
    };
    let columns = vec![
        column("volunteer", |it| it.0.to_owned()),
        column("id_str", |it| it.1.to_owned()),
        column("question", |it| it.2.to_owned()),
        column("answer", |it| it.3.to_owned()),
    ];
    Classifications::from_table(&DataFrame::new(rows.len(), columns).unwrap(), &tree())
}

fn refused(rows: &[(&str, &str, &str, &str)]) -> String {
    read(rows).unwrap_err().to_string()
}

/// Rows of a table of classifications.
#[derive(Default)]
struct Rows {
    volunteer: Vec<String>,
    id: Vec<String>,
    question: Vec<&'static str>,
    answer: Vec<&'static str>,
}

impl Rows {
    fn push(&mut self, who: &str, id: &str, question: &'static str, answer: &'static str) {
        self.volunteer.push(who.to_owned());
        self.id.push(id.to_owned());
        self.question.push(question);
        self.answer.push(answer);
    }

    /// The answers of a volunteer who gives each with its fraction, from the top of the tree.
    fn classify(&mut self, draw: &mut StdRng, who: &str, id: &str, fractions: [f64; 7]) {
        let shape = draw.random::<f64>();
        if shape < fractions[0] {
            return self.push(who, id, "shape", "smooth");
        }
        if shape >= fractions[0] + fractions[1] {
            return self.push(who, id, "shape", "artifact");
        }
        self.push(who, id, "shape", "featured");
        for (question, yes) in [("bar", fractions[3]), ("arms", fractions[5])] {
            let answer = if draw.random::<f64>() < yes { "yes" } else { "no" };
            self.push(who, id, question, answer);
        }
    }

    fn table(self) -> DataFrame {
        df!(
            "volunteer" => self.volunteer, "id_str" => self.id, "question" => self.question,
            "answer" => self.answer,
        )
        .unwrap()
    }
}

const RANDOM: [f64; 7] = [1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 0.5, 0.5, 0.5, 0.5];

/// 300 galaxies seen by 32 of 60 good volunteers each, by 4 of 8 who answer at random, and by 5 who always
/// answer "artifact"; and the fractions of good volunteers.
fn crowd(seed: u64) -> (Classifications, Array2<f64>) {
    let mut draw = StdRng::seed_from_u64(seed);
    let mut rows = Rows::default();
    let mut truth = Array2::zeros((300, 7));
    for galaxy in 0..300 {
        let id = format!("g{galaxy}");
        let clear = |draw: &mut StdRng| {
            let share = 0.85 + 0.12 * draw.random::<f64>();
            if draw.random() { share } else { 1.0 - share }
        };
        let artifact = 0.02;
        let featured = (1.0 - artifact) * clear(&mut draw);
        let (bar, arms) = (clear(&mut draw), clear(&mut draw));
        let smooth = 1.0 - artifact - featured;
        let fractions = [smooth, featured, artifact, bar, 1.0 - bar, arms, 1.0 - arms];
        truth.row_mut(galaxy).assign(&ndarray::arr1(&fractions));
        for seen in 0..32 {
            let who = format!("good{}", (galaxy * 32 + seen) % 60);
            rows.classify(&mut draw, &who, &id, fractions);
        }
        for seen in 0..4 {
            let who = format!("random{}", (galaxy * 4 + seen) % 8);
            rows.classify(&mut draw, &who, &id, RANDOM);
        }
        (0..5).for_each(|it| rows.push(&format!("bot{it}"), &id, "shape", "artifact"));
    }
    (Classifications::from_table(&rows.table(), &tree()).unwrap(), truth)
}

/// The mean absolute deviation of the fractions of questions with at least 10 votes.
fn deviation(found: &FractionTable, truth: &Array2<f64>, votes: &Votes) -> f64 {
    let questions = Classifications::questions(&tree());
    let totals = votes.totals();
    let off = found.fractions().to_owned() - truth;
    let known =
        off.indexed_iter().filter(|((row, answer), _)| totals[[*row, questions[*answer]]] >= 10.0);
    let known: Vec<f64> = known.map(|(_, off)| off.abs()).collect();
    known.iter().sum::<f64>() / known.len() as f64
}

#[test]
fn the_consistency_of_answers_is_that_of_the_example_of_willett_et_al_2013() {
    // Fractions of 0.7, 0.2 and 0.1 give consistencies of 0.8, 0.467 and 0.4.
    let answers = ["smooth"; 7].into_iter().chain(["featured"; 2]).chain(["artifact"]);
    let names: Vec<String> = (0..10).map(|it| format!("v{it}")).collect();
    let rows: Vec<_> =
        names.iter().zip(answers).map(|(name, it)| (name.as_str(), "g", "shape", it)).collect();
    let all = read(&rows).unwrap();
    let once = ConsistencyWeighting { iterations: 1, ..Default::default() };
    let weights = all.weights(&once).unwrap();
    for (volunteer, expected) in [("v0", 0.8), ("v7", 1.4 / 3.0), ("v9", 0.4)] {
        let place = weights.volunteers().iter().position(|it| it == volunteer).unwrap();
        assert!((weights.consistency()[place] - expected).abs() < 1e-12, "{volunteer}");
        let weight = f64::min(1.0, (expected / 0.6_f64).powf(8.5));
        assert!((weights.weight_of(volunteer).unwrap() - weight).abs() < 1e-12);
    }
    // The second iteration counts the votes with the weights of the first.
    let twice = all.weights(&ConsistencyWeighting { iterations: 2, ..once }).unwrap();
    let (b, c) = ((1.4 / 1.8_f64).powf(8.5), (0.4 / 0.6_f64).powf(8.5));
    let fraction = 7.0 / (7.0 + 2.0 * b + c);
    assert!((twice.consistency()[0] - (2.0 * fraction + 1.0) / 3.0).abs() < 1e-12);
}

#[test]
fn bad_volunteers_weigh_little_and_weighted_fractions_are_nearer_to_the_truth() {
    let (all, truth) = crowd(1);
    let weights = all.weights(&ConsistencyWeighting::default()).unwrap();
    let of = |kind: &str| -> Vec<f64> {
        let all = weights.volunteers().iter().zip(weights.weights());
        all.filter(|(name, _)| name.starts_with(kind)).map(|(_, weight)| *weight).collect()
    };
    let most = |all: &[f64]| all.iter().copied().fold(0.0, f64::max);
    let (good, random, bots) = (of("good"), of("random"), of("bot"));
    assert_eq!((good.len(), random.len(), bots.len()), (60, 8, 5));
    assert!(good.iter().all(|it| *it == 1.0), "{good:?}");
    let votes = all.votes().unwrap();
    let raw = deviation(&FractionTable::of(&votes), &truth, &votes);
    let weighted = all.fractions(&weights).unwrap();
    let close = deviation(&weighted, &truth, &votes);
    let (random, bots) = (most(&random), most(&bots));
    println!("weights: random at most {random:.3}, bots {bots:.4}; deviation {raw:.4}, {close:.4}");
    assert!(random < 0.8 && bots < 0.02, "{random} {bots}");
    assert!(close < 0.7 * raw, "{close} {raw}");
    let sums = tree().sums(weighted.fractions());
    assert!(sums.iter().all(|it| it.is_nan() || (it - 1.0).abs() < 1e-12));
}

#[test]
fn volunteers_who_are_compared_with_the_others_only_weigh_even_less_at_random() {
    let (all, truth) = crowd(1);
    let weighting = ConsistencyWeighting { others_only: true, ..Default::default() };
    let weights = all.weights(&weighting).unwrap();
    let low = weights.below(0.5);
    assert_eq!(low.len(), 13, "{:?}", weights.table());
    assert!(!low.iter().any(|it| it.starts_with("good")));
    assert!(weights.below(1.0).len() == 13);
    // Votes without these volunteers are whole numbers of good volunteers.
    let kept = all.without(&low).unwrap().votes().unwrap();
    let votes = all.votes().unwrap();
    let raw = deviation(&FractionTable::of(&votes), &truth, &votes);
    let cleaned = deviation(&FractionTable::of(&kept), &truth, &kept);
    println!("deviation {raw:.4}, without bad volunteers {cleaned:.4}");
    assert!(cleaned < 0.6 * raw, "{cleaned} {raw}");
    // A volunteer who is alone cannot be compared.
    let alone = read(&[("ann", "g", "shape", "smooth")]).unwrap().weights(&weighting).unwrap();
    assert!(alone.consistency()[0].is_nan() && alone.weights()[0] == 1.0);
    assert_eq!(alone.table().column("consistency").unwrap().null_count(), 1);
    // Of three others, two gave the answer of the fourth.
    let rows = [("a", "yes"), ("b", "yes"), ("c", "yes"), ("d", "no")];
    let rows = rows.map(|(name, answer)| (name, "g", "bar", answer));
    let once = ConsistencyWeighting { iterations: 1, ..weighting };
    let found = read(&rows).unwrap().weights(&once).unwrap();
    assert!((found.consistency()[0] - 2.0 / 3.0).abs() < 1e-12 && found.consistency()[3] == 0.0);
}

#[test]
fn the_artifact_filter_removes_the_bots_and_no_good_volunteer() {
    let (all, truth) = crowd(2);
    let filter = ArtifactFilter::default();
    assert_eq!(filter.removed(&all).unwrap(), ["bot0", "bot1", "bot2", "bot3", "bot4"]);
    let kept = filter.apply(&all).unwrap();
    assert_eq!((kept.volunteers().len(), all.len() - kept.len()), (68, 5 * 300));
    let (votes, left) = (all.votes().unwrap(), kept.votes().unwrap());
    let raw = deviation(&FractionTable::of(&votes), &truth, &votes);
    let filtered = deviation(&FractionTable::of(&left), &truth, &votes);
    println!("deviation {raw:.4}, filtered {filtered:.4}");
    assert!(filtered < 0.8 * raw, "{filtered} {raw}");
    let table = filter.table(&all).unwrap();
    let share = table.column("artifact_share").unwrap().f64().unwrap();
    let most = share.iter().flatten().fold(0.0, f64::max);
    assert_eq!((most, table.height()), (1.0, 73));
    // Bots who have seen few galaxies stay.
    let patient = ArtifactFilter { classifications: 301, ..filter.clone() };
    assert!(patient.removed(&all).unwrap().is_empty());
    let half = ArtifactFilter { share: 1.5, ..filter };
    let error = half.removed(&all).unwrap_err().to_string();
    assert!(error.contains("share must be between 0 and 1, but it is 1.5"), "{error}");
}

#[test]
fn a_schema_without_artifacts_asks_for_the_answer() {
    let rings = Schema::named("gz_rings").unwrap();
    let table = df!(
        "volunteer" => ["a"], "id_str" => ["g"], "question" => ["ring"], "answer" => ["no"],
    );
    let all = Classifications::from_table(&table.unwrap(), &rings).unwrap();
    let error = ArtifactFilter::default().removed(&all).unwrap_err().to_string();
    assert!(error.contains("gz_rings_schema has no answer that means \"artifact\""), "{error}");
    let named = ArtifactFilter {
        answers: vec!["ring_no".into()],
        classifications: 1,
        ..ArtifactFilter::default()
    };
    assert_eq!(named.removed(&all).unwrap(), ["a"]);
    for name in
        ["gz2", "decals_dr5", "gz_candels", "euclid", "jwst_ortho", "cosmic_dawn", "gz_evo_v2"]
    {
        let schema = Schema::named(name).unwrap();
        let none = Classifications { schema, volunteers: vec![], ids: vec![], given: vec![] };
        assert!(ArtifactFilter::default().removed(&none).is_ok(), "{name}");
    }
}

#[test]
fn votes_are_counted_in_the_order_in_which_galaxies_appear() {
    let all = read(&[
        ("ann", "g2", "shape", "featured"),
        ("ann", "g2", "bar", "yes"),
        ("bob", "g1", "shape", "smooth"),
        ("bob", "g2", "shape", "featured"),
    ])
    .unwrap();
    let votes = all.votes().unwrap();
    assert_eq!(votes.ids(), ["g2", "g1"]);
    assert_eq!(votes.counts().row(0).to_vec(), [0.0, 2.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
    assert_eq!(votes.totals().row(1).to_vec(), [1.0, 0.0, 0.0]);
    assert_eq!(all.table().column("answer").unwrap().str().unwrap().get(1), Some("yes"));
    let again = Classifications::from_table(&all.table(), &tree()).unwrap();
    assert_eq!(again.given, all.given);
    let one = all.without(&["bob"]).unwrap();
    assert_eq!(one.votes().unwrap().without_votes(), ["g1"]);
    let error = all.without(&["bobb"]).unwrap_err().to_string();
    assert!(error.contains("Did you mean \"bob\"?"), "{error}");
    let weights = one.weights(&ConsistencyWeighting::default()).unwrap();
    let error = all.fractions(&weights).unwrap_err().to_string();
    assert!(error.contains("no volunteer \"bob\" in the weights"), "{error}");
}

#[test]
fn a_table_that_does_not_fit_the_schema_is_refused_with_the_row() {
    let good = ("ann", "g1", "shape", "smooth");
    let message = refused(&[good, ("bob", "g1", "shape", "smoth")]);
    assert!(message.contains("no answer \"smoth\" in the question \"shape\""), "{message}");
    assert!(message.contains("(row 2)") && message.contains("Did you mean \"smooth\"?"));
    let message = refused(&[("bob", "g1", "bars", "yes")]);
    assert!(message.contains("no question \"bars\" in the schema tree (row 1)"), "{message}");
    assert!(message.contains("Did you mean \"bar\"?"), "{message}");
    let message = refused(&[good, ("", "g1", "shape", "smooth")]);
    assert!(message.contains("\"volunteer\" is empty in row 2"), "{message}");
    let message = refused(&[good, ("bob", " ", "shape", "smooth")]);
    assert!(message.contains("\"id_str\" is empty in row 2"), "{message}");
    let message = refused(&[]);
    assert!(message.contains("no classifications"), "{message}");
    let table = df!("volunteers" => ["a"], "id_str" => ["g"], "question" => ["bar"]).unwrap();
    let message = Classifications::from_table(&table, &tree()).unwrap_err().to_string();
    assert!(message.contains("no column \"volunteer\""), "{message}");
    assert!(message.contains("Did you mean \"volunteers\"?"), "{message}");
    let wrong = ConsistencyWeighting { scale: 0.0, iterations: 0, ..Default::default() };
    let message = read(&[good]).unwrap().weights(&wrong).unwrap_err().to_string();
    assert!(
        message.contains("scale must be above 0") && message.contains("iterations"),
        "{message}"
    );
}

#[test]
fn numbers_name_volunteers_and_galaxies_too() {
    let table = df!(
        "volunteer" => [17_i64, 18], "id_str" => [587_722_981_741_363_294_i64, 5],
        "question" => ["bulge-size-dr5", "spiral-arm-count-dr5"], "answer" => ["none", "2"],
    );
    let schema = Schema::named("decals_dr5").unwrap();
    let all = Classifications::from_table(&table.unwrap(), &schema).unwrap();
    assert_eq!((all.volunteers()[0].as_str(), all.ids()[0].as_str()), ("17", "587722981741363294"));
}

#[test]
fn a_volunteer_who_answers_twice_is_refused_or_counted_with_the_last_classification() {
    let rows = [
        ("ann", "g1", "shape", "featured"),
        ("ann", "g1", "bar", "yes"),
        ("bob", "g1", "shape", "featured"),
        ("ann", "g1", "shape", "smooth"),
        ("ann", "g2", "shape", "smooth"),
    ];
    let message = refused(&rows);
    assert!(message.contains("more than once: \"ann\" about \"g1\" (\"shape\")"), "{message}");
    assert!(message.contains("Classifications::keeping_last"), "{message}");
    let column =
        |of: fn(&(&'static str, &'static str, &'static str, &'static str)) -> &'static str| {
            rows.iter().map(of).collect::<Vec<&str>>()
        };
    let table = df!(
        "volunteer" => column(|it| it.0), "id_str" => column(|it| it.1),
        "question" => column(|it| it.2), "answer" => column(|it| it.3),
    );
    let last = Classifications::keeping_last(&table.unwrap(), &tree()).unwrap();
    let votes = last.votes().unwrap();
    // Her answer about the bar belongs to the first classification.
    assert_eq!(votes.counts().row(0).to_vec(), [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(last.len(), 3);
}

#[test]
fn a_table_of_fractions_reads_back_and_refuses_what_is_no_fraction() {
    let (all, _) = crowd(3);
    let weights = all.weights(&ConsistencyWeighting::default()).unwrap();
    let fractions = all.fractions(&weights).unwrap();
    let again = FractionTable::from_table(&fractions.table(), &tree()).unwrap();
    let same = |a: f64, b: f64| (a - b).abs() < 1e-12 || (a.is_nan() && b.is_nan());
    assert!(again.fractions().iter().zip(fractions.fractions()).all(|(a, b)| same(*a, *b)));
    assert_eq!((again.ids(), again.totals()), (fractions.ids(), fractions.totals()));
    let rings = Schema::named("gz_rings").unwrap();
    let read = |yes: f64, no: f64, votes: f64| {
        let table = df!(
            "id_str" => ["g"], "ring_yes_fraction" => [yes], "ring_no_fraction" => [no],
            "ring_total-votes" => [votes],
        );
        FractionTable::from_table(&table.unwrap(), &rings).map_err(|error| error.to_string())
    };
    let message = read(0.4, 0.4, 10.0).unwrap_err();
    assert!(message.contains("fractions of \"ring\" sum to 0.800 for \"g\""), "{message}");
    let message = read(4.0, 6.0, 10.0).unwrap_err();
    assert!(message.contains("\"ring_yes_fraction\" is 4 for \"g\""), "{message}");
    let message = read(0.4, 0.6, -1.0).unwrap_err();
    assert!(message.contains("\"ring_total-votes\" is -1 for \"g\""), "{message}");
    assert!(read(f64::NAN, f64::NAN, 0.0).unwrap().fractions()[[0, 0]].is_nan());
}

#[test]
fn a_million_classifications_take_seconds() {
    let mut draw = StdRng::seed_from_u64(4);
    let mut rows = Rows::default();
    let mut galaxy = 0;
    while rows.answer.len() < 1_000_000 {
        let id = format!("J{galaxy:08}");
        for seen in 0..40 {
            let who = format!("volunteer{}", (galaxy * 40 + seen) % 20_000);
            rows.classify(&mut draw, &who, &id, RANDOM);
        }
        galaxy += 1;
    }
    let table = rows.table();
    let start = std::time::Instant::now();
    let all = Classifications::from_table(&table, &tree()).unwrap();
    let read = start.elapsed();
    let weights = all.weights(&ConsistencyWeighting::default()).unwrap();
    let kept = ArtifactFilter::default().apply(&all).unwrap();
    let total: f64 = kept.votes().unwrap().counts().sum();
    assert_eq!(total, all.len() as f64);
    assert_eq!(all.fractions(&weights).unwrap().len(), galaxy);
    println!("{} answers: read in {read:.2?}, all in {:.2?}", all.len(), start.elapsed());
    assert!(start.elapsed().as_secs() < 30, "{:.1?}", start.elapsed());
}
