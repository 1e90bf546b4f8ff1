use super::*;
use rand::{Rng, SeedableRng, rngs::StdRng};
use tch::{Device, nn::VarStore};
use zoobot_data::picture::Recipe;
use zoobot_representation::encoder::{Architecture, Weights};

/// A fast, untrained encoder with 320 features; its name determines the weights.
pub(crate) fn small_encoder(name: &str) -> Encoder {
    let architecture = Architecture::named("convnext_atto").unwrap();
    let store = VarStore::new(Device::Cpu);
    let seed = name.bytes().map(u64::from).sum();
    architecture.build(&store.root(), seed).unwrap();
    let tensors: Vec<_> =
        store.variables().into_iter().map(|(name, it)| (name, it.detach())).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    Tensor::write_safetensors(&tensors, &path).unwrap();
    let recipe = Recipe { size: 32, ..Recipe::zoobot() };
    Encoder::new(name, architecture, &Weights::read(&path).unwrap(), recipe).unwrap()
}

/// A head with weights drawn with this seed.
pub(crate) fn head(config: &HeadConfig, features: i64, seed: u64) -> Head {
    let store = VarStore::new(Device::Cpu);
    let head = config.build(&store.root(), features, 0).unwrap();
    let mut rng = StdRng::seed_from_u64(seed);
    for (_, mut variable) in head.variables() {
        let values: Vec<f32> = (0..variable.numel()).map(|_| rng.random_range(-1.0..1.0)).collect();
        let values = Tensor::from_slice(&values).view(variable.size().as_slice());
        tch::no_grad(|| variable.copy_(&values));
    }
    head
}

/// A model of votes with a head drawn with this seed.
pub(crate) fn small_model(encoder: &Encoder, schema: &str, seed: u64) -> Model {
    let schema = Schema::named(schema).unwrap();
    let config = HeadConfig::concentrations(schema.width());
    let head = head(&config, encoder.width() as i64, seed);
    Model::new(encoder.clone(), &head, Labels::Votes(schema)).unwrap()
}

fn features() -> Tensor {
    let mut rng = StdRng::seed_from_u64(7);
    let values: Vec<f32> = (0..3 * 320).map(|_| rng.random_range(-1.0..1.0)).collect();
    Tensor::from_slice(&values).view([3, 320])
}

#[test]
fn a_model_of_each_kind_comes_back_from_its_folder_as_it_was() {
    let encoder = small_encoder("atto");
    let names = || vec!["ring".to_owned(), "no ring".to_owned()];
    let rings = Schema::named("gz_rings").unwrap();
    let shares = HeadConfig { output: Output::Shares, ..HeadConfig::numbers(2) };
    let kinds = [
        (HeadConfig::concentrations(2).dropout(0.3), Labels::Votes(rings), 7),
        (HeadConfig::scores(2), Labels::Classes(names()), 6),
        (HeadConfig::numbers(2), Labels::Values(names()), 6),
        (shares, Labels::Values(names()), 6),
    ];
    // All in one folder: files of the previous model must not matter.
    let folder = tempfile::tempdir().unwrap();
    for (config, labels, files) in kinds {
        let model = Model::new(encoder.clone(), &head(&config, 320, 1), labels).unwrap();
        model.save(folder.path()).unwrap();
        let loaded = Model::load(folder.path()).unwrap();
        assert_eq!((loaded.head(), loaded.labels()), (model.head(), model.labels()));
        assert_eq!(loaded.fingerprint().unwrap(), model.fingerprint().unwrap());
        assert!(loaded.recalibration().is_none());
        for seed in [None, Some(3)] {
            let out = |model: &Model| model.outputs(&features(), seed).unwrap();
            assert_eq!(out(&loaded), out(&model));
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), files);
        // The folder still works as an encoder folder.
        assert_eq!(Encoder::load(folder.path()).unwrap().fingerprint(), encoder.fingerprint());
    }
}

#[test]
fn a_recalibration_travels_with_its_model() {
    let model = small_model(&small_encoder("atto"), "gz_rings", 1);
    let rings = r#"{"schema": SCHEMA, "scalings": [{"temperature": 1.5, "certainty": 0.5}]}"#;
    let text = rings.replace("SCHEMA", &model.schema().unwrap().to_json());
    let found: Recalibration = serde_json::from_str(&text).unwrap();
    let corrected = model.clone().with_recalibration(Some(found.clone())).unwrap();
    assert_ne!(corrected.fingerprint().unwrap(), model.fingerprint().unwrap());
    let folder = tempfile::tempdir().unwrap();
    corrected.save(folder.path()).unwrap();
    assert_eq!(Model::load(folder.path()).unwrap().recalibration(), Some(&found));
    model.save(folder.path()).unwrap();
    assert_eq!(Model::load(folder.path()).unwrap().recalibration(), None);
    let other = small_model(&small_encoder("atto"), "gz2", 1);
    let message = other.with_recalibration(Some(found)).unwrap_err().to_string();
    assert!(message.contains("gz_rings") && message.contains("gz2"), "{message}");
}

#[test]
fn heads_that_do_not_fit_are_refused() {
    let encoder = small_encoder("atto");
    let rings = || Labels::Votes(Schema::named("gz_rings").unwrap());
    let message = |config: HeadConfig, features, labels| {
        let head = head(&config, features, 1);
        Model::new(encoder.clone(), &head, labels).unwrap_err().to_string()
    };
    let error = message(HeadConfig::concentrations(2), 640, rings());
    assert!(error.contains("takes 640 features, but atto gives 320"), "{error}");
    let error = message(HeadConfig::concentrations(3), 320, rings());
    assert!(error.contains("3 outputs, but the labels need 2"), "{error}");
    let error = message(HeadConfig::scores(2), 320, rings());
    assert!(error.contains("one of [Concentrations, Dirichlet]"), "{error}");
    let error = message(HeadConfig::scores(2), 320, Labels::Classes(vec!["ring".into()]));
    assert!(error.contains("2 outputs, but the labels need 1"), "{error}");
}

#[test]
fn folders_without_a_whole_head_say_what_is_missing() {
    let encoder = small_encoder("atto");
    let model = small_model(&encoder, "gz_rings", 1);
    let folder = tempfile::tempdir().unwrap();
    let message = || Model::load(folder.path()).unwrap_err().to_string();
    assert!(message().contains("no config.json"), "{}", message());
    encoder.save(folder.path()).unwrap();
    assert!(message().contains("no head.json") && message().contains("an encoder alone"));
    for file in ["schema.json", "head.safetensors"] {
        model.save(folder.path()).unwrap();
        std::fs::remove_file(folder.path().join(file)).unwrap();
        assert!(message().contains(&format!("no {file}")), "{}", message());
    }
    let damage = |file: &str, bytes: &[u8]| {
        model.save(folder.path()).unwrap();
        std::fs::write(folder.path().join(file), bytes).unwrap();
        message()
    };
    assert!(damage("head.json", b"{\"outputs\": 2}").contains("head.json"));
    assert!(damage("head.safetensors", b"zeros").contains("damaged"));
    let narrow = head(&HeadConfig::concentrations(2), 64, 1).variables();
    model.save(folder.path()).unwrap();
    Tensor::write_safetensors(&narrow, folder.path().join("head.safetensors")).unwrap();
    assert!(message().contains("weight is [2, 64] instead of [2, 320]"), "{}", message());
    // A save that is interrupted after the encoder leaves a head for the previous weights.
    model.save(folder.path()).unwrap();
    small_encoder("other").save(folder.path()).unwrap();
    assert!(message().contains("trained on other weights"), "{}", message());
}

#[test]
fn an_average_has_the_mean_of_every_weight_and_others_are_refused() {
    let (one, two) = (small_encoder("one"), small_encoder("two"));
    let models = [small_model(&one, "gz_rings", 1), small_model(&two, "gz_rings", 2)];
    let all = |model: &Model| {
        let mut all = model.encoder.with_store(VarStore::variables);
        all.extend(model.head.lock().unwrap().variables());
        all
    };
    let mean = Model::average(&[&models[0], &models[1]]).unwrap();
    let (a, b) = (all(&models[0]), all(&models[1]));
    let found = all(&mean);
    assert_eq!(found.len(), a.len());
    for (name, value) in found {
        let expected = (&a[&name] + &b[&name]) / 2.0;
        assert!(value.allclose(&expected, 1e-6, 1e-7, false), "{name}");
    }
    assert_eq!(mean.encoder().name(), "one");
    // An average can be saved and loaded like any other model.
    let folder = tempfile::tempdir().unwrap();
    mean.save(folder.path()).unwrap();
    assert_eq!(all(&Model::load(folder.path()).unwrap()).len(), a.len());
    // The average of a model with itself is the model.
    let same = Model::average(&[&models[0], &models[0]]).unwrap();
    assert!(all(&same)["weight"].allclose(&a["weight"], 1e-6, 1e-7, false));
    let other = small_model(&one, "decals_dr5", 1);
    let wrong = Model::average(&[&models[0], &other]).unwrap_err().to_string();
    assert!(wrong.contains("labels or head"), "{wrong}");
    assert!(Model::average(&[]).unwrap_err().to_string().contains("one or more"));
    let recipe = Recipe { size: 64, ..Recipe::zoobot() };
    let architecture = Architecture::named("convnext_atto").unwrap();
    let wide = Encoder::untrained(architecture, recipe, 1).unwrap();
    let wrong = Encoder::average(&[&one, &wide]).unwrap_err().to_string();
    assert!(wrong.contains("recipe"), "{wrong}");
}
