use super::*;
use crate::model::tests::{small_encoder, small_model};
use image::{Rgb, RgbImage};
use polars::prelude::{DataFrame, df};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tch::Tensor;
use zoobot_representation::encoder::catalog_key;

/// A catalogue of small pictures; the files in `bad` are not pictures.
fn catalog(folder: &Path, galaxies: usize, bad: &[usize]) -> Catalog {
    let mut rng = StdRng::seed_from_u64(5);
    let ids: Vec<String> = (0..galaxies).map(|i| format!("g{i}")).collect();
    let files: Vec<String> = (0..galaxies).map(|i| format!("g{i}.png")).collect();
    for (i, file) in files.iter().enumerate() {
        let path = folder.join(file);
        if bad.contains(&i) {
            std::fs::write(path, "no picture").unwrap();
        } else {
            RgbImage::from_fn(32, 32, |_, _| Rgb(rng.random())).save(path).unwrap();
        }
    }
    Catalog::from_table(df!("id_str" => ids, "file_loc" => files).unwrap(), folder).unwrap()
}

fn space(model: &Model, galaxies: usize) -> Space {
    let mut rng = StdRng::seed_from_u64(3);
    let features = ndarray::Array2::from_shape_fn((galaxies, model.encoder().width()), |_| {
        rng.random_range(-0.3..0.3f32)
    });
    Space::new((0..galaxies).map(|i| format!("g{i}")).collect(), features).unwrap()
}

fn same(a: &Posterior, b: &Posterior, tolerance: f64) {
    assert_eq!(a.ids(), b.ids());
    let off = (&a.concentrations() - &b.concentrations()).mapv(f64::abs);
    let most = off.iter().copied().fold(0.0, f64::max);
    assert!(most <= tolerance, "off by {most}");
}

#[test]
fn pictures_become_the_posterior_of_their_features_in_catalogue_order() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = catalog(folder.path(), 9, &[2, 5]);
    let model = small_model(&small_encoder("a"), "decals_dr5", 1);
    let posterior = model.posterior(&catalog).unwrap();
    assert_eq!(posterior.ids(), ["g0", "g1", "g3", "g4", "g6", "g7", "g8"]);
    assert_eq!((posterior.members(), posterior.failed().len()), (1, 2));
    let space = model.encoder().encode(&catalog).unwrap();
    same(&posterior, &model.posterior_encoded(&space).unwrap(), 1e-4);
    // The head applied directly to the same features.
    let flat: Vec<f32> = space.features().iter().copied().collect();
    let features = Tensor::from_slice(&flat).view([7, 320]);
    let direct = model.outputs(&features, None).unwrap();
    assert!(direct.iter().all(|it| (1.0..=101.0).contains(it)));
    let off = &posterior.concentrations().index_axis(Axis(2), 0) - &direct;
    assert!(off.iter().all(|off| off.abs() < 1e-4));
    assert!(!posterior.failed()[0].reason.is_empty());
}

#[test]
fn two_models_that_are_one_predict_what_one_does_and_two_others_their_mean() {
    let encoder = small_encoder("a");
    let (a, b) = (small_model(&encoder, "gz2", 1), small_model(&encoder, "gz2", 2));
    let space = space(&a, 20);
    let of = |models: &[&Model]| {
        let models = models.iter().map(|it| (*it).clone());
        Ensemble::new(models).unwrap().posterior_encoded(&space).unwrap()
    };
    let (one, twice, both, other) = (of(&[&a]), of(&[&a, &a]), of(&[&a, &b]), of(&[&b]));
    assert_eq!((one.members(), twice.members()), (1, 2));
    let close = |x: &ndarray::Array2<f64>, y: &ndarray::Array2<f64>| {
        x.iter().zip(y).all(|(x, y)| (x - y).abs() < 1e-9)
    };
    assert!(close(&one.fractions(), &twice.fractions()));
    let (narrow, wide) = (one.intervals(0.9).unwrap(), twice.intervals(0.9).unwrap());
    assert!(close(&narrow.lower, &wide.lower) && close(&narrow.upper, &wide.upper));
    let mean = (one.fractions() + other.fractions()) / 2.0;
    assert!(close(&both.fractions(), &mean) && !close(&both.fractions(), &one.fractions()));
}

#[test]
fn models_of_one_encoder_and_of_several_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = catalog(folder.path(), 5, &[]);
    let (x, y) = (small_encoder("x"), small_encoder("y"));
    let models = [small_model(&x, "gz2", 1), small_model(&y, "gz2", 2), small_model(&x, "gz2", 3)];
    let ensemble = Ensemble::new(models.clone()).unwrap();
    assert_eq!(ensemble.encoders().unwrap().of_model, [0, 1, 0]);
    let alone: Vec<Posterior> = models.iter().map(|it| it.posterior(&catalog).unwrap()).collect();
    same(&ensemble.posterior(&catalog).unwrap(), &Posterior::mixture(&alone).unwrap(), 1e-4);
    let space = x.encode(&catalog).unwrap();
    assert!(ensemble.posterior_encoded(&space).unwrap_err().to_string().contains("weights x"));
}

#[test]
fn passes_depend_on_the_galaxy_and_the_seed_alone_and_fewer_are_the_first_of_more() {
    let model = small_model(&small_encoder("a"), "gz_rings", 1);
    let space = space(&model, 6);
    let rows = space.features().select(Axis(0), &[4, 1]);
    let few = Space::new(vec!["g4".into(), "g1".into()], rows).unwrap();
    let of = |passes, seed, space: &Space| {
        let ensemble = Ensemble::new([model.clone(), model.clone()]).unwrap();
        ensemble.passes(passes).seed(seed).posterior_encoded(space).unwrap()
    };
    let ten = of(10, 1, &space);
    assert_eq!(ten.members(), 20);
    let alpha = ten.concentrations();
    let galaxy = |alpha: &ndarray::ArrayView3<f64>, row| alpha.index_axis(Axis(0), row).to_owned();
    let alone = of(10, 1, &few);
    assert_eq!(galaxy(&alone.concentrations(), 0), galaxy(&alpha, 4));
    assert_eq!(galaxy(&alone.concentrations(), 1), galaxy(&alpha, 1));
    let three = of(3, 1, &space);
    assert_eq!(
        three.concentrations().slice(ndarray::s![.., .., ..3]),
        alpha.slice(ndarray::s![.., .., ..3])
    );
    // With the same weights, each pass, model, galaxy and seed drops different features.
    let member = |at: usize| alpha.index_axis(Axis(2), at).to_owned();
    assert_ne!(member(0), member(1));
    assert_ne!(member(0), member(10));
    assert_ne!(of(3, 2, &space).concentrations(), three.concentrations());
    let rows = space.features().select(Axis(0), &[0, 0]);
    let same_features = Space::new(vec!["a".into(), "b".into()], rows).unwrap();
    let twins = of(1, 1, &same_features);
    assert_ne!(galaxy(&twins.concentrations(), 0), galaxy(&twins.concentrations(), 1));
}

/// With dropout p, the output of a linear layer keeps its mean and has the variance p / (1 - p) · Σ (w x)².
#[test]
fn the_scatter_of_passes_is_what_dropout_makes() {
    let model = small_model(&small_encoder("a"), "gz_rings", 1);
    let space = space(&model, 1);
    let passes = 4000;
    let ensemble = Ensemble::new([model.clone()]).unwrap().passes(passes);
    let posterior = ensemble.posterior_encoded(&space).unwrap();
    // Inverts the output function to recover the output of the linear layer.
    let logit = |alpha: f64| ((alpha - 1.0) / (101.0 - alpha)).ln();
    let alone = model.posterior_encoded(&space).unwrap().concentrations().mapv(logit);
    let variables = model.variables().unwrap();
    let weight: Vec<f32> = Vec::try_from(variables[0].1.flatten(0, -1)).unwrap();
    let features = space.features();
    for answer in 0..2 {
        let values = posterior.concentrations().slice(ndarray::s![0, answer, ..]).mapv(logit);
        let terms = weight[answer * 320..(answer + 1) * 320].iter().zip(features.row(0));
        let sum: f64 = terms.map(|(w, x)| f64::from(w * x).powi(2)).sum();
        let variance = 0.2 / 0.8 * sum;
        let error = (variance / passes as f64).sqrt();
        let mean = values.mean().unwrap();
        assert!((mean - alone[[0, answer, 0]]).abs() < 4.0 * error, "{mean}, {alone}");
        let ratio = values.var(1.0) / variance;
        // With 4000 draws, one sigma is 2.2 %.
        assert!((ratio - 1.0).abs() < 0.09, "{ratio}");
    }
}

fn read(path: &Path) -> DataFrame {
    zoobot_data::catalog::parquet(path).unwrap()
}

#[test]
fn a_file_holds_what_memory_would_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = catalog(folder.path(), 6, &[3]);
    let encoder = small_encoder("a");
    let models = [small_model(&encoder, "decals_dr5", 1), small_model(&encoder, "decals_dr5", 2)];
    let ensemble = Ensemble::new(models).unwrap().passes(3).seed(9);
    let posterior = ensemble.posterior(&catalog).unwrap();
    for columns in [Columns::Friendly, Columns::Advanced] {
        let expected = posterior.table(columns).unwrap();
        for ending in ["parquet", "csv", "fits"] {
            let out = folder.path().join(format!("{columns}.{ending}"));
            let report = ensemble.posterior_to(&catalog, &out, columns).unwrap();
            assert_eq!((report.encoded, report.resumed, report.failed.len()), (5, 0, 1));
            let direct = folder.path().join(format!("direct.{ending}"));
            zoobot_data::catalog::write_table(&expected, &direct).unwrap();
            let bytes = |path: &Path| std::fs::read(path).unwrap();
            match ending {
                "parquet" => assert!(read(&out).equals_missing(&expected)),
                "csv" => assert_eq!(bytes(&out), bytes(&direct)),
                // The header records the provenance; the data, in the last blocks, is identical.
                _ => {
                    let (out, direct) = (bytes(&out), bytes(&direct));
                    assert!(String::from_utf8_lossy(&out).contains("HISTORY {\"models\""));
                    assert!(out.ends_with(&direct[direct.len() - 2880..]));
                }
            }
        }
    }
    let left = std::fs::read_dir(folder.path()).unwrap().flatten();
    assert!(left.into_iter().all(|it| !it.file_name().to_string_lossy().contains("part")));
}

#[test]
fn a_prediction_that_was_stopped_is_taken_up_and_one_of_other_passes_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = catalog(folder.path(), 6, &[]);
    let ensemble = Ensemble::new([small_model(&small_encoder("a"), "gz_rings", 1)]).unwrap();
    let out = folder.path().join("votes.parquet");
    let whole = ensemble.posterior(&catalog).unwrap().friendly();
    // An interrupted run leaves its first part, here with a number that no model predicts.
    let key = {
        let mut mark = ensemble.note(Columns::Friendly).unwrap().into_bytes();
        mark.extend(ensemble.models[0].encoder().mark().unwrap());
        catalog_key(mark, &catalog)
    };
    let parts = folder.path().join(format!("votes.parquet.{key}.parts"));
    std::fs::create_dir(&parts).unwrap();
    let mut first = whole.head(Some(2));
    first
        .with_column(polars::prelude::Column::new("ring_yes_fraction".into(), [7.0, 7.0]))
        .unwrap();
    zoobot_data::catalog::write_table(&first, parts.join("000000.parquet")).unwrap();
    std::fs::write(parts.join("000000.json"), r#"{"done": 2, "failed": []}"#).unwrap();
    let other = ensemble.clone().passes(2).posterior_to(&catalog, &out, Columns::Friendly).unwrap();
    assert_eq!(other.resumed, 0);
    let report = ensemble.posterior_to(&catalog, &out, Columns::Friendly).unwrap();
    assert_eq!((report.resumed, report.encoded), (2, 6));
    let table = read(&out);
    assert_eq!(table.column("ring_yes_fraction").unwrap().f64().unwrap().get(1), Some(7.0));
    assert!(table.slice(2, 4).equals_missing(&whole.slice(2, 4)));
    assert!(!parts.exists());
}

#[test]
fn models_that_do_not_predict_the_same_votes_are_refused() {
    let encoder = small_encoder("a");
    let message = |models: Vec<Model>| Ensemble::new(models).unwrap_err().to_string();
    assert!(message(vec![]).contains("no models"));
    let error =
        message(vec![small_model(&encoder, "gz2", 1), small_model(&encoder, "gz_rings", 1)]);
    assert!(error.contains("gz_rings") && error.contains("the first model for gz2"), "{error}");
    let classes = crate::train::HeadConfig::scores(2);
    let head = crate::model::tests::head(&classes, 320, 1);
    let labels = crate::model::Labels::Classes(vec!["a".into(), "b".into()]);
    let error = message(vec![Model::new(encoder, &head, labels).unwrap()]);
    assert!(error.contains("the model \"a\" predicts classes"), "{error}");
}

#[test]
fn a_galaxy_shows_every_answer_and_many_show_their_table() {
    use zoobot_show::notebook::Show;
    let model = small_model(&small_encoder("a"), "decals_dr5", 1);
    let posterior = model.posterior_encoded(&space(&model, 3)).unwrap();
    let html = |posterior: &Posterior| posterior.show().get("text/html").unwrap().to_owned();
    assert!(html(&posterior).contains("3 galaxies"));
    let one = posterior.galaxy("g1").unwrap();
    assert!(html(&one).contains("90pc-lower") && html(&one).contains("how-rounded-dr5"));
    let error = posterior.galaxy("g9").unwrap_err().to_string();
    assert!(error.contains("no galaxy \"g9\""), "{error}");
}

#[test]
fn an_ensemble_answers_the_questions_of_one_campaign() {
    let both = ["gz_rings", "gz2"].map(|it| Schema::named(it).unwrap());
    let whole = Schema::union("both", &both).unwrap();
    let encoder = small_encoder("a");
    let config = crate::train::HeadConfig::concentrations(whole.width());
    let head = crate::model::tests::head(&config, 320, 1);
    let model = Model::new(encoder, &head, crate::model::Labels::Votes(whole)).unwrap();
    let space = space(&model, 3);
    let all = model.posterior_encoded(&space).unwrap();
    let ensemble = Ensemble::new([model]).unwrap();
    let some = ensemble.clone().of_schema(&both[1]).unwrap();
    assert_eq!(some.schema(), &both[1]);
    same(&some.posterior_encoded(&space).unwrap(), &all.of_schema(&both[1]).unwrap(), 0.0);
    let error = ensemble.of_schema(&Schema::named("decals_dr5").unwrap()).unwrap_err().to_string();
    assert!(error.contains("smooth-or-featured-dr5"), "{error}");
}
