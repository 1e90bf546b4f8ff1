use super::*;
use crate::model::Model;
use crate::train::End;
use ndarray::Array2;
use polars::prelude::{Column, DataFrame, col, lit};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tch::Tensor;
use zoobot_data::picture::Augment;
use zoobot_data::schema::{Schema, Votes};
use zoobot_show::notebook::Show;

/// A fast encoder with 512 features.
pub(super) fn encoder() -> Encoder {
    let recipe = Recipe { size: 32, zoom: 1.0, ..Recipe::zoobot() };
    Encoder::untrained(Architecture::named("resnet18").unwrap(), recipe, 1).unwrap()
}

/// Galaxies without pictures: two classes, a number, a share and two tags, each a noisy linear function of
/// the features.
fn known(count: usize, seed: u64, encoder: &Encoder) -> Space {
    let mut rng = StdRng::seed_from_u64(seed);
    let features = Array2::from_shape_fn((count, encoder.width()), |_| rng.random_range(-1.0..1.0));
    let ids: Vec<String> = (0..count).map(|i| format!("G{seed}_{i}")).collect();
    let sum =
        |row: usize, from: usize| -> f32 { features.row(row).iter().skip(from).take(8).sum() };
    let all = |of: &dyn Fn(usize) -> f64| (0..count).map(of).collect::<Vec<f64>>();
    let is =
        |from: usize| (0..count).map(|row| i64::from(sum(row, from) > 0.0)).collect::<Vec<_>>();
    let texts =
        |of: Vec<i64>| of.iter().map(|it| ["plain", "ring"][*it as usize]).collect::<Vec<_>>();
    let number = all(&|row| 1000.0 + 50.0 * f64::from(sum(row, 0)));
    let share = all(&|row| 1.0 / (1.0 + f64::from(-sum(row, 0)).exp()));
    let table = DataFrame::new(
        count,
        vec![
            Column::new("id_str".into(), &ids),
            Column::new("file_loc".into(), &ids),
            Column::new("kind".into(), texts(is(0))),
            Column::new("ring".into(), is(0)),
            Column::new("bar".into(), is(20)),
            Column::new("number".into(), number),
            Column::new("share".into(), share),
            Column::new("ring_yes".into(), is(0).iter().map(|it| 10 * it).collect::<Vec<_>>()),
            Column::new("ring_no".into(), is(0).iter().map(|it| 10 - 10 * it).collect::<Vec<_>>()),
        ],
    );
    let catalog = Catalog::from_table(table.unwrap(), "nowhere").unwrap();
    Space::new(ids, features).unwrap().with_catalog(&catalog).unwrap()
}

fn both(encoder: &Encoder) -> (Space, Space) {
    (known(1200, 1, encoder), known(100, 2, encoder))
}

/// The edge-on and smooth galaxies of the sample.
pub(super) fn pictures(count: usize) -> (Catalog, Catalog) {
    let wanted = col("class").eq(lit("edge_on")).or(col("class").eq(lit("smooth")));
    let sample = Catalog::sample().unwrap().filter(wanted).unwrap().head(count);
    let parts = sample.split([0.7, 0.3, 0.0], 1).unwrap();
    (parts.train, parts.val)
}

/// A quick run from pictures.
pub(super) fn quick() -> Finetune {
    Finetune::classifier("class")
        .seed(42)
        .encoder(&encoder())
        .augment(Augment::zoobot().scale(1.0, 1.0))
        .batch(16)
        .epochs(3)
}

#[test]
fn a_head_learns_each_kind_of_question_and_says_what_its_best_epoch_said() {
    let encoder = encoder();
    let (train, val) = both(&encoder);
    let head = |run: Finetune| run.seed(42).encoder(&encoder).learning_rate(3e-3).epochs(60);
    let run = head(Finetune::classifier("kind")).train_encoded(&train, &val).unwrap();
    let predicted = run.predict_encoded(&val).unwrap();
    assert_eq!(predicted.names(), ["plain", "ring"]);
    let accuracy = predicted.accuracy().unwrap();
    assert!(accuracy.value > 0.7 && accuracy.low < accuracy.value, "{accuracy}");
    assert!(predicted.auc().unwrap().value > 0.78, "{:?}", predicted.auc());
    // The scaled-back head, on the original features, reproduces the loss of the best epoch.
    let best = run.fitted().epochs.iter().map(|it| it.validation).fold(f64::INFINITY, f64::min);
    let loss = predicted.measure("log_loss").unwrap().value;
    assert!((loss - best).abs() < 1e-4, "{loss} and {best}");

    let run = head(Finetune::regressor("number")).train_encoded(&train, &val).unwrap();
    let predicted = run.predict_encoded(&val).unwrap();
    assert!(predicted.r2().unwrap().value > 0.3, "{:?}", predicted.r2());
    let parts = &run.fitted().epochs.last().unwrap().parts;
    assert_eq!(parts[0].0, "rmse");
    let run = head(Finetune::regressor("share").unit_interval());
    let predicted = run.train_encoded(&train, &val).unwrap().predict_encoded(&val).unwrap();
    assert!(predicted.r2().unwrap().value > 0.3, "{:?}", predicted.r2());
    assert!(predicted.values().iter().all(|it| (0.0..=1.0).contains(it)));

    let run = head(Finetune::multilabel(["ring", "bar"])).train_encoded(&train, &val).unwrap();
    let predicted = run.predict_encoded(&val).unwrap();
    assert_eq!(predicted.names(), ["ring", "bar"]);
    assert!(predicted.accuracy().unwrap().value > 0.7, "{:?}", predicted.accuracy());
    assert_eq!(predicted.per_class().unwrap().height(), 2);

    let schema = Schema::from_json(
        r#"{"name": "rings", "questions": [{"question": "ring", "answers": ["yes", "no"]}]}"#,
    );
    let run = head(Finetune::tree(&schema.unwrap())).train_encoded(&train, &val).unwrap();
    let posterior = run.model("rings").posterior_encoded(&val).unwrap();
    let votes = Votes::of(val.catalog().unwrap(), posterior.schema()).unwrap();
    let agree = posterior
        .fractions()
        .column(0)
        .iter()
        .zip(votes.counts().column(0))
        .filter(|(share, votes)| (**share > 0.5) == (**votes > 5.0))
        .count();
    assert!(agree > 70, "{agree}");
    assert!(run.predict_encoded(&val).unwrap_err().to_string().contains("Model::posterior"));
}

#[test]
fn a_model_folder_predicts_as_the_run_did_and_is_judged_on_another_catalogue() {
    let encoder = encoder();
    let (train, val) = both(&encoder);
    let run = Finetune::classifier("ring")
        .seed(42)
        .encoder(&encoder)
        .train_encoded(&train, &val)
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    run.model("rings").save(folder.path()).unwrap();
    let model = Model::load(folder.path()).unwrap();
    assert_eq!(model.encoder().name(), "rings");
    let before = run.predict_encoded(&val).unwrap();
    let after = model.predict_encoded(&val).unwrap();
    assert!(after.accuracy().unwrap_err().to_string().contains("against(&galaxies"));
    let after = after.against(val.catalog().unwrap(), "ring").unwrap();
    assert_eq!((after.names(), after.auc().unwrap()), (before.names(), before.auc().unwrap()));
    let table = after.table();
    let names: Vec<&str> = table.get_column_names().into_iter().map(|it| it.as_str()).collect();
    assert_eq!(names, ["id_str", "ring", "predicted", "probability_0", "probability_1"]);
    let other = after.clone().against(val.catalog().unwrap(), "kind").unwrap_err().to_string();
    assert!(other.contains("was not learnt") && other.contains("0, 1"), "{other}");
    // Classes of whole numbers match whatever the column's type.
    let mut table = val.catalog().unwrap().table().clone();
    let floats = table.column("ring").unwrap().cast(&polars::prelude::DataType::Float64).unwrap();
    table.with_column(floats).unwrap();
    let floats = Catalog::from_table(table, "nowhere").unwrap();
    assert_eq!(
        after.clone().against(&floats, "ring").unwrap().auc().unwrap(),
        before.auc().unwrap()
    );
}

#[test]
fn galaxies_without_a_label_are_left_out_of_figures_and_counted() {
    let encoder = encoder();
    let (train, val) = both(&encoder);
    let run = Finetune::classifier("kind")
        .seed(42)
        .encoder(&encoder)
        .train_encoded(&train, &val)
        .unwrap();
    let predicted = run.predict_encoded(&val).unwrap();
    assert_eq!(predicted.unlabelled(), 0);
    let mut table = val.catalog().unwrap().table().clone();
    let kinds = table.column("kind").unwrap().str().unwrap();
    let some: Vec<Option<&str>> =
        kinds.iter().enumerate().map(|(row, it)| it.filter(|_| row % 4 > 0)).collect();
    table.with_column(Column::new("kind".into(), some)).unwrap();
    let gaps = Catalog::from_table(table, "nowhere").unwrap();
    let some = predicted.clone().against(&gaps, "kind").unwrap();
    assert_eq!((some.len(), some.unlabelled()), (100, 25));
    // The measures are computed from the other galaxies only.
    let rows: Vec<usize> = (0..100).filter(|row| row % 4 > 0).collect();
    let others = Space::new(
        rows.iter().map(|&row| val.ids()[row].clone()).collect(),
        val.features().select(ndarray::Axis(0), &rows),
    );
    let others = others.unwrap().with_catalog(val.catalog().unwrap()).unwrap();
    let others = run.predict_encoded(&others).unwrap();
    for name in some.measures() {
        assert_eq!(some.measure(name).unwrap(), others.measure(name).unwrap(), "{name}");
    }
    assert_eq!(some.confusion().unwrap(), others.confusion().unwrap());
    assert_eq!(some.calibration_error().unwrap(), others.calibration_error().unwrap());
    assert!(some.per_class().unwrap().equals(&others.per_class().unwrap()));
    let right = |it: &Predicted| it.right_and_wrong(2).tiles()[0].caption.clone();
    assert_eq!(right(&some), right(&others));
    let table = some.table();
    assert_eq!((table.height(), table.column("kind").unwrap().null_count()), (100, 25));
    assert!(some.show().get("text/plain").unwrap().contains("25 galaxies without a label"));
    // A column without any label is still an error.
    let mut table = gaps.table().clone();
    table.with_column(Column::new("kind".into(), vec![None::<&str>; 100])).unwrap();
    let none = Catalog::from_table(table, "nowhere").unwrap();
    assert!(predicted.against(&none, "kind").unwrap_err().to_string().contains("kind"));
}

#[test]
fn a_head_that_is_solved_for_tells_of_no_epochs() {
    let (train, val) = pictures(40);
    let mut events = 0;
    let run = Finetune::classifier("class").seed(42).encoder(&encoder());
    let done = run.observed(&train, &val, &mut |_| events += 1).unwrap();
    assert!(done.strength().is_some());
    assert_eq!(events, 0);
    let plan = run.plan(&train, &val).unwrap().to_string();
    assert!(plan.contains("(resnet18): head only, solved for\n"), "{plan}");
}

#[test]
fn what_is_predicted_can_be_looked_at_averaged_and_calibrated() {
    let encoder = encoder();
    let (train, val) = both(&encoder);
    let of = |seed: u64| {
        let run = Finetune::classifier("kind").encoder(&encoder).seed(seed).learning_rate(3e-3);
        run.train_encoded(&train, &val).unwrap().predict_encoded(&val).unwrap()
    };
    let (one, two) = (of(1), of(2));
    assert_ne!(one.values(), two.values());
    assert_eq!(one.values(), of(1).values());
    let mean = Predicted::mean(&[one.clone(), two.clone()]).unwrap();
    assert!(
        (mean.values()[[0, 0]] - (one.values()[[0, 0]] + two.values()[[0, 0]]) / 2.0).abs() < 1e-12
    );
    assert!(Predicted::mean(&[]).is_err());
    assert_eq!(mean.confusion().unwrap().sum(), 100);
    for figure in [mean.confusion_matrix(), mean.precision_recall(), mean.reliability()] {
        assert!(figure.svg().len() > 500);
    }
    assert!((0.0..0.5).contains(&mean.calibration_error().unwrap()));
    let gallery = mean.right_and_wrong(3);
    assert_eq!(gallery.tiles().len(), 6);
    assert!(gallery.tiles()[5].caption.starts_with("wrong: "), "{:?}", gallery.tiles()[5]);
    let rows = mean.per_class().unwrap();
    assert_eq!((rows.height(), rows.width()), (2, 13));
    // Scores that are three times too large are detected.
    let sure = Predicted { values: one.values.mapv(|it| it.powi(3)), ..one.clone() };
    let fit = one.temperature().unwrap();
    assert!((sure.temperature().unwrap() / fit - 3.0).abs() < 0.01);
    assert!(mean.show().get("text/plain").unwrap().contains("accuracy"));
}

#[test]
fn the_plan_says_what_is_frozen_and_how_fast_the_rest_learns() {
    let (train, val) = pictures(40);
    let plan = |run: Finetune| run.plan(&train, &val).unwrap();
    let head = plan(quick());
    let (all, trained) = head.parameters();
    assert_eq!((all, trained), (11_176_512 + 2 * 513, 2 * 513));
    assert!(head.blocks[..5].iter().all(|it| it.rate.is_none()), "{head:?}");
    assert_eq!((head.batches, head.batch, head.galaxies.0), (2, 16, 28));
    assert!(head.minutes > 0.0);
    let full = plan(quick().full());
    assert_eq!(full.parameters().1, all);
    let last = full.blocks[5].rate.unwrap();
    assert_eq!((full.blocks[5].name.as_str(), last), ("head", (1e-4, 1e-4)));
    let first = full.blocks[0].rate.unwrap().0;
    assert!((first / 1e-4 - 0.75_f64.powi(8)).abs() < 1e-9, "{first}");
    let second = plan(quick().two_phase(4));
    assert!(second.blocks[..4].iter().all(|it| it.trained == 0), "{second:?}");
    assert!(second.blocks[4].trained > 0 && second.blocks[4].trained < second.blocks[4].parameters);
    assert_eq!(second.blocks[4].rate, Some((1e-5, 1e-5)));
    let text = second.to_string();
    for word in ["classifier", "from block 4", "frozen", "rate 1.0e-5", "at most about", "note"] {
        assert!(text.contains(word), "{word} is not in {text}");
    }
    let message = quick().two_phase(5).plan(&train, &val).unwrap_err().to_string();
    assert!(
        message.contains("block must be between 0")
            && message.contains("4 (its last stage), but it is 5"),
        "{message}"
    );
}

/// The variables of an encoder by name.
fn weights(encoder: &Encoder) -> std::collections::HashMap<String, Tensor> {
    encoder.with_store(|store| {
        store.variables().into_iter().map(|(name, it)| (name, it.detach().copy())).collect()
    })
}

#[test]
fn two_phases_leave_what_is_below_the_block_and_every_norm_as_it_was() {
    let (train, val) = pictures(40);
    let start = encoder();
    let run = quick().encoder(&start).two_phase(4).learning_rate(1e-3);
    let run = run.train(&train, &val).unwrap();
    assert!(run.fitted_head().is_some());
    let (before, after) = (weights(&start), weights(&run.encoder("after")));
    let mut changed: Vec<&String> =
        before.iter().filter(|(name, it)| !it.equal(&after[*name])).map(|(name, _)| name).collect();
    changed.sort();
    assert!(!changed.is_empty());
    assert!(
        changed.iter().all(|it| it.starts_with("layer4.") && !it.contains(".bn")),
        "{changed:?}"
    );
    assert_eq!(run.encoder("after").name(), "after");
    // The trained weights are the ones that predict.
    let best = run.fitted().epochs.iter().map(|it| it.validation).fold(f64::INFINITY, f64::min);
    let loss = run.predict(&val).unwrap().measure("log_loss").unwrap().value;
    assert!((loss - best).abs() < 1e-3, "{loss} and {best}");
}

#[test]
fn a_full_run_goes_on_in_its_folder_and_keeps_the_best_model_there() {
    let (train, val) = pictures(40);
    let place = tempfile::tempdir().unwrap();
    let start = encoder();
    let run = quick().encoder(&start).full().epochs(2).folder(place.path());
    let done = run.train(&train, &val).unwrap();
    let again = run.train(&train, &val).unwrap();
    let print = |it: &Finetuned| it.encoder("it").fingerprint().to_owned();
    assert_eq!((print(&done), done.fitted()), (print(&again), again.fitted()));
    assert_ne!(print(&done), start.fingerprint());
    // The best model so far can be loaded at any time.
    let best = Model::load(place.path().join("best")).unwrap();
    assert_eq!(best.encoder().fingerprint(), print(&done));
    let other = run.clone().seed(7).train(&train, &val).unwrap_err().to_string();
    assert!(other.contains("other settings") && other.contains("another folder"), "{other}");
    let another =
        Encoder::untrained(start.architecture().clone(), start.recipe().clone(), 2).unwrap();
    let other = run.encoder(&another).train(&train, &val).unwrap_err().to_string();
    assert!(other.contains("other encoder"), "{other}");
}

#[test]
fn a_run_in_the_background_gives_its_best_when_cancelled_and_goes_on_later() {
    let (train, val) = pictures(40);
    let place = tempfile::tempdir().unwrap();
    let run = quick().full().epochs(100_000).patience(None).folder(place.path());
    let job = run.train_in_background(&train, &val).unwrap();
    while !place.path().join("best/head.json").is_file() && !job.is_finished() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    job.cancel();
    let stopped = job.result().unwrap();
    assert_eq!(stopped.fitted().end, End::Interrupted);
    assert_eq!(stopped.predict(&val).unwrap().len(), val.len());
}

#[test]
fn one_channel_sees_a_grey_picture_as_three_did() {
    let three = encoder();
    let one = three.greyscale().unwrap();
    assert_eq!((one.architecture().channels(), one.recipe().channels()), (1, 1));
    let grey = Tensor::rand([2, 1, 32, 32], (tch::Kind::Float, tch::Device::Cpu));
    let (a, b) =
        (one.features(&grey).unwrap(), three.features(&grey.repeat([1, 3, 1, 1])).unwrap());
    assert!((a - b).abs().max().double_value(&[]) < 1e-3);
    let (train, val) = pictures(40);
    let run = quick().encoder(&three).greyscale().train(&train, &val).unwrap();
    assert_eq!(run.encoder("grey").recipe().channels(), 1);
}

#[test]
fn views_a_loss_and_a_metric_of_ones_own_and_scratch() {
    let (train, val) = pictures(40);
    let run = quick().views(2).metric("mean", |outputs, _| Ok(outputs.f_mean(tch::Kind::Float)?));
    let run = run.train(&train, &val).unwrap();
    assert_eq!(run.fitted().steps, 3 * (3 * train.len() as u64).div_ceil(16));
    assert_eq!(run.fitted().epochs[0].parts[1].0, "mean");
    let averaged = run.predict_by_views(&val, 2).unwrap();
    assert!(averaged.accuracy().unwrap().value >= 0.0);
    let calm = run.calibrated(&val).unwrap();
    let classes = |it: &Finetuned| -> Vec<String> {
        it.predict(&val).unwrap().classes().unwrap().into_iter().map(str::to_owned).collect()
    };
    assert_eq!(classes(&calm), classes(&run));
    let recipe = encoder().recipe().clone();
    let own = |outputs: &Tensor, targets: &Tensor| {
        Ok(outputs.f_cross_entropy_loss::<Tensor>(
            targets,
            None,
            tch::Reduction::Mean,
            -100,
            0.0,
        )?)
    };
    let scratch = quick().scratch(Architecture::named("resnet18").unwrap(), recipe).loss(own);
    let scratch = scratch.epochs(2).train(&train, &val).unwrap();
    assert_eq!(scratch.fitted().epochs.len(), 2);
    assert!(scratch.fitted_head().is_none());
}

/// A catalogue with one column changed.
fn with(catalog: &Catalog, column: Column) -> Catalog {
    let mut table = catalog.table().clone();
    table.with_column(column).unwrap();
    Catalog::from_table(table, catalog.folder()).unwrap()
}

#[track_caller]
fn refused(run: Finetune, train: &Catalog, val: &Catalog, words: &[&str]) {
    let message = run.encoder(&encoder()).train(train, val).unwrap_err().to_string();
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
}

#[test]
fn labels_that_cannot_be_learnt_are_refused_by_name() {
    let encoder = encoder();
    let (train, val) = both(&encoder);
    let (train, val) = (train.catalog().unwrap().clone(), val.catalog().unwrap().clone());
    let n = train.len();
    let class = || Finetune::classifier("ring");
    let of = |values: Vec<Option<f64>>| with(&train, Column::new("ring".into(), values));
    let ids = train.ids();

    refused(Finetune::classifier("rng"), &train, &val, &["rng", "Did you mean \"ring\"?"]);
    refused(Finetune::classifier("id_str"), &train, &val, &["\"id_str\"", "identifies galaxies"]);
    let one = of(vec![Some(1.0); n]);
    refused(class(), &one, &val, &["\"ring\" has only the class \"1\"", "at least two"]);
    let mut gap: Vec<Option<f64>> = (0..n).map(|i| Some((i % 2) as f64)).collect();
    (gap[3], gap[8]) = (None, Some(f64::NAN));
    let words = ["\"ring\" has no value for 2 of 1200", &ids[3], &ids[8], "labelled"];
    refused(class(), &of(gap), &val, &words);
    let mut part: Vec<Option<f64>> = (0..n).map(|i| Some((i % 2) as f64)).collect();
    part[5] = Some(0.35);
    refused(class(), &of(part), &val, &["0.35", &ids[5], "Finetune::regressor"]);
    let numbered: Vec<i64> = (0..n as i64).collect();
    let numbered = with(&train, Column::new("ring".into(), numbered));
    refused(class(), &numbered, &val, &["1200 classes for 1200 galaxies"]);
    let mut lone: Vec<Option<f64>> = (0..n).map(|i| Some((i % 2) as f64)).collect();
    lone[0] = Some(7.0);
    refused(class(), &of(lone), &val, &["only one galaxy has the class \"7\"", "at least two"]);
    let mut unseen = vec![0_i64; val.len()];
    unseen[2] = 2;
    let unseen = with(&val, Column::new("ring".into(), unseen));
    refused(class(), &train, &unseen, &["is \"2\" for", &val.ids()[2], "learnt: 0, 1"]);
    refused(class(), &train.head(3), &val, &["too few galaxies to learn from (3)", "at least 4"]);
    refused(class(), &train, &val.head(0), &["no validation galaxies", "split"]);
    refused(class(), &train, &train, &["in both the training and the validation", "and 1197 more"]);
    let other = with(
        &val,
        Column::new("file_loc".into(), train.head(val.len()).labels("file_loc").unwrap()),
    );
    refused(class(), &train, &other, &["pictures are in both"]);

    let number = || Finetune::regressor("number");
    refused(
        Finetune::regressor("kind"),
        &train,
        &val,
        &["\"kind\" holds text", "Finetune::classifier"],
    );
    let mut endless: Vec<f64> = (0..n).map(|i| i as f64).collect();
    endless[1] = f64::INFINITY;
    let endless = with(&train, Column::new("number".into(), endless));
    refused(number(), &endless, &val, &["infinite for 1 of 1200", &ids[1]]);
    let constant = with(&train, Column::new("number".into(), vec![2.5; n]));
    refused(number(), &constant, &val, &["is 2.5 for every galaxy"]);
    refused(number().unit_interval(), &train, &val, &["\"number\" is", "between 0 and 1"]);
    refused(class().unit_interval(), &train, &val, &["only for regressors"]);
    let all = class().unit_interval().head_dropout(7.0).epochs(0);
    refused(all, &train, &val, &["only for regressors", "head_dropout", "epochs"]);

    refused(Finetune::multilabel(["ring", "kind"]), &train, &val, &["\"kind\"", "0 or 1"]);
    refused(Finetune::multilabel(Vec::<String>::new()), &train, &val, &["no labels"]);
    let gz2 = Schema::named("gz2").unwrap();
    refused(Finetune::tree(&gz2), &train, &val, &["smooth-or-featured-gz2_smooth"]);

    refused(class().head_dropout(1.0), &train, &val, &["head_dropout must", "is 1"]);
    refused(class().label_smoothing(-0.1), &train, &val, &["label_smoothing must", "is -0.1"]);
    refused(
        class().class_weights([1.0]),
        &train,
        &val,
        &["class weights (1) differs from the number of classes (2)", "0, 1"],
    );
    refused(class().class_weights([1.0, 0.0]), &train, &val, &["a class weight is 0"]);
    refused(number().balanced(), &train, &val, &["only for classifiers"]);
    refused(class().epochs(0), &train, &val, &["epochs must"]);
    refused(class().batch(0), &train, &val, &["batch must"]);
    refused(class().patience(0), &train, &val, &["patience must"]);
    refused(class().learning_rate(0.0), &train, &val, &["learning_rate must"]);
    refused(class().layer_decay(0.0), &train, &val, &["layer_decay must"]);
    refused(class(), &train, &val, &["nowhere"]);
}

#[test]
fn spaces_of_another_encoder_or_with_the_label_in_them_are_refused() {
    let encoder = encoder();
    let (train, val) = both(&encoder);
    let run = Finetune::classifier("ring").seed(42).encoder(&encoder);
    let message =
        |run: &Finetune, train: &Space| run.train_encoded(train, &val).unwrap_err().to_string();
    let mut features = train.features().to_owned();
    let ring = train.catalog().unwrap().labels("ring").unwrap();
    features.column_mut(7).iter_mut().zip(&ring).for_each(|(to, it)| *to = it.parse().unwrap());
    let leak = Space::new(train.ids().to_vec(), features).unwrap();
    let leak = leak.with_catalog(train.catalog().unwrap()).unwrap();
    assert!(
        message(&run, &leak).contains("column 7 of the features is the label \"ring\""),
        "{}",
        message(&run, &leak)
    );
    assert!(message(&run, &train.pca(5).unwrap()).contains("before pca()"));
    let mut other = encoder.origin();
    other.recipe.zoom = 1.5;
    let wrong = message(&run, &train.clone().with_origin(other));
    assert!(wrong.contains("another recipe"), "{wrong}");
    let other =
        Encoder::untrained(encoder.architecture().clone(), encoder.recipe().clone(), 9).unwrap();
    let wrong = message(&run, &train.clone().with_origin(other.origin()));
    assert!(wrong.contains("encode the galaxies again"), "{wrong}");
}
