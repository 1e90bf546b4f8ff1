use super::*;
use crate::train::End;
use polars::prelude::{Column, col, lit};
use zoobot_representation::encoder::Architecture;

/// The edge-on and smooth galaxies of the sample, with the votes of ten volunteers who know the answers.
fn galaxies(count: usize) -> (Catalog, Schema) {
    let schema = Schema::from_json(
        r#"{"name": "edges", "questions": [{"question": "edge-on", "answers": ["yes", "no"]}]}"#,
    )
    .unwrap();
    let sample = Catalog::sample().unwrap();
    let wanted = col("class").eq(lit("edge_on")).or(col("class").eq(lit("smooth")));
    let sample = sample.filter(wanted).unwrap().head(count);
    let edge_on: Vec<i64> =
        sample.labels("class").unwrap().iter().map(|it| 10 * i64::from(it == "edge_on")).collect();
    let mut table = sample.table().clone();
    let no: Vec<i64> = edge_on.iter().map(|yes| 10 - yes).collect();
    table.with_column(Column::new("edge-on_yes".into(), edge_on)).unwrap();
    table.with_column(Column::new("edge-on_no".into(), no)).unwrap();
    (Catalog::from_table(table, sample.folder()).unwrap(), schema)
}

fn training(schema: &Schema, name: &str) -> VoteTraining {
    let recipe = Recipe { size: 32, zoom: 1.0, ..Recipe::zoobot() };
    let settings = FitConfig { epochs: 3, batch: 16, rate: 1e-3, seed: 1, ..FitConfig::default() };
    VoteTraining::new(schema, Architecture::named(name).unwrap())
        .recipe(recipe)
        .augment(Augment::zoobot().scale(1.0, 1.0))
        .settings(settings)
}

#[test]
fn a_network_normalised_over_batches_learns_from_votes_and_becomes_an_encoder() {
    let (galaxies, schema) = galaxies(120);
    let parts = galaxies.split([0.8, 0.2, 0.0], 1).unwrap();
    let trained = training(&schema, "resnet18").epochs(20);
    let trained = trained.train(&parts.train, &parts.val).unwrap();
    let epochs = &trained.fitted().epochs;
    assert_eq!((epochs.len(), trained.fitted().end), (20, End::Complete));
    let losses: Vec<f64> = epochs.iter().map(|it| it.training).collect();
    assert!(losses[15..].iter().sum::<f64>() / 5.0 < 0.8 * losses[0], "{losses:?}");
    let encoder = trained.encoder("edges").unwrap();
    assert_eq!((encoder.name(), encoder.recipe().size, encoder.width()), ("edges", 32, 512));
    // The trained network is the one that encodes: the head on the encoder's features gives the validation
    // loss.
    let space = encoder.encode(&parts.val).unwrap();
    let features = space.features().iter().copied().collect::<Vec<f32>>();
    let features = Tensor::from_slice(&features).view([-1, 512]);
    let votes = Votes::of(&parts.val, &schema).unwrap();
    let all: Vec<usize> = (0..votes.len()).collect();
    let outputs = tch::no_grad(|| trained.head().forward(&features, None)).unwrap();
    let loss = VoteLoss::new(&schema).of(&outputs, &votes.batch(&all).unwrap()).unwrap();
    let difference = loss.double_value(&[]) - epochs[19].validation;
    assert!(difference.abs() <= 1e-4 * epochs[19].validation, "{difference}");
}

#[test]
fn a_run_goes_on_where_it_stopped_and_begins_as_the_encoder_it_is_given() {
    let (galaxies, schema) = galaxies(48);
    let parts = galaxies.split([0.7, 0.3, 0.0], 1).unwrap();
    let place = tempfile::tempdir().unwrap();
    let run = training(&schema, "resnet18").folder(place.path());
    let trained = run.train(&parts.train, &parts.val).unwrap();
    let again = run.train(&parts.train, &parts.val).unwrap();
    let print = |it: &Trained| it.encoder("it").unwrap().fingerprint().to_owned();
    // All epochs are finished, so there is nothing left to do.
    assert_eq!((print(&trained), trained.fitted()), (print(&again), again.fitted()));
    let start = trained.encoder("start").unwrap();
    let still =
        FitConfig { epochs: 1, rate: 1e-12, weight_decay: 0.0, seed: 1, ..FitConfig::default() };
    let frozen = VoteTraining::new(&schema, &start).statistics(Statistics::Frozen).settings(still);
    let next = frozen.train(&parts.train, &parts.val).unwrap().encoder("next").unwrap();
    let features = |it: &Encoder| it.encode(&parts.val).unwrap().features().to_owned();
    let difference = (&features(&next) - &features(&start)).mapv(f32::abs).sum();
    assert!(difference < 1e-3, "{difference}");
}

#[test]
fn votes_that_are_not_there_and_pictures_that_cannot_be_read_are_errors() {
    let (galaxies, schema) = galaxies(20);
    let parts = galaxies.split([0.5, 0.5, 0.0], 1).unwrap();
    let run = training(&Schema::named("gz2").unwrap(), "resnet18");
    let message = run.train(&parts.train, &parts.val).unwrap_err().to_string();
    assert!(message.contains("smooth-or-featured-gz2_smooth"), "{message}");
    let elsewhere = Catalog::from_table(parts.train.table().clone(), "/nowhere").unwrap();
    let message =
        training(&schema, "resnet18").train(&elsewhere, &parts.val).unwrap_err().to_string();
    assert!(message.contains("no picture can be read"), "{message}");
}

#[test]
fn training_in_the_background_gives_what_it_has_when_cancelled() {
    let (galaxies, schema) = galaxies(48);
    let parts = galaxies.split([0.7, 0.3, 0.0], 1).unwrap();
    let place = tempfile::tempdir().unwrap();
    let endless = FitConfig { epochs: 100_000, batch: 8, seed: 1, ..FitConfig::default() };
    let run = training(&schema, "resnet18").settings(endless).folder(place.path());
    let job = run.train_in_background(&parts.train, &parts.val).unwrap();
    assert!(job.status().starts_with("training: running"), "{}", job.status());
    // An epoch has finished once its checkpoint exists.
    let begun = || {
        let entries = std::fs::read_dir(place.path().join("checkpoints"));
        entries.is_ok_and(|mut it| {
            it.any(|it| it.is_ok_and(|it| it.file_name().to_string_lossy().starts_with("step-")))
        })
    };
    while !begun() && !job.is_finished() {
        std::thread::yield_now();
    }
    job.cancel();
    let trained = job.result().unwrap();
    assert_eq!(trained.fitted().end, End::Interrupted);
    assert!(!trained.fitted().epochs.is_empty());
    let model = trained.model("stopped").unwrap();
    assert_eq!(model.posterior(&parts.val).unwrap().len(), parts.val.len());
}

#[test]
fn pictures_that_cannot_be_read_are_left_out_and_told_of() {
    let (galaxies, schema) = galaxies(20);
    let mut table = galaxies.table().clone();
    let files: Vec<String> = galaxies.labels("file_loc").unwrap();
    let mut files: Vec<&str> = files.iter().map(String::as_str).collect();
    files[3] = "nowhere.jpg";
    table.with_column(Column::new("file_loc".into(), files)).unwrap();
    let bad = Catalog::from_table(table, galaxies.folder()).unwrap();
    let once = FitConfig { epochs: 1, batch: 8, seed: 1, ..FitConfig::default() };
    let rest = bad.select(&bad.ids()[4..]).unwrap();
    let trained = training(&schema, "resnet18").settings(once).train(&bad.head(4), &rest).unwrap();
    let failed = trained.failed();
    assert_eq!((failed.len(), &failed[0].id_str), (1, &galaxies.ids()[3]));
    assert!(failed[0].reason.contains("no such file"), "{}", failed[0].reason);
    let both = training(&schema, "resnet18").settings(once).train(&bad, &galaxies.head(4));
    let message = both.unwrap_err().to_string();
    assert!(
        message.contains("4 galaxies are in both the training and the validation"),
        "{message}"
    );
}

#[test]
fn a_model_of_votes_begins_with_what_it_knows_about_the_questions_of_both_schemas() {
    let both =
        Schema::union("both", &["gz_rings", "decals_dr5"].map(|it| Schema::named(it).unwrap()));
    let rings = Schema::named("gz_rings").unwrap();
    let encoder = crate::model::tests::small_encoder("atto");
    let before = crate::model::tests::small_model(&encoder, "gz_rings", 5);
    let both = both.unwrap();
    let training = VoteTraining::from_model(&both, &before).unwrap();
    let head = training.built().unwrap().head;
    let features = Tensor::rand([3, encoder.width() as i64], (Kind::Float, Device::Cpu));
    let outputs = tch::no_grad(|| head.forward(&features, None)).unwrap();
    let known = before.outputs(&features, None).unwrap();
    for answer in rings.answers() {
        let place = both.answer(answer.column()).unwrap().index();
        for row in 0..3 {
            let off =
                outputs.double_value(&[row, place as i64]) - known[[row as usize, answer.index()]];
            assert!(off.abs() < 1e-4, "{}: {off}", answer.column());
        }
    }
}
