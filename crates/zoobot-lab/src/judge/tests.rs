use super::*;
use zoobot_core::catalog::Catalog;

fn score(encoder: &str, task: &str, values: &[f64]) -> Score {
    let (encoder, task) = (encoder.to_owned(), task.to_owned());
    Score { encoder, task, galaxies: 10, measure: "auc".to_owned(), values: values.to_vec() }
}

#[test]
fn a_verdict_marks_the_best_of_each_line_and_who_wins_them_all() {
    let scores = vec![
        score("a", "rings", &[0.7, 0.8]),
        score("a", "odd", &[0.9, 0.9]),
        score("b", "rings", &[0.6, 0.6]),
        score("b", "odd", &[0.95, 0.85]),
    ];
    let mut verdict = Verdict { scores };
    verdict.scores[3].values = vec![0.8, 0.8];
    assert_eq!(verdict.winner(), Some("a"));
    verdict.scores[3].values = vec![0.95, 0.95];
    assert_eq!(verdict.winner(), None);
    let text = verdict.markdown();
    assert!(text.contains("| rings | auc | 10 | **0.750 ± 0.071** | 0.600 ± 0.000 |"), "{text}");
    assert!(text.contains("| odd | auc | 10 | 0.900 ± 0.000 | **0.950 ± 0.000** |"), "{text}");
    assert!(text.ends_with("Best in: a 1 of 2, b 1 of 2.\n"), "{text}");
    let table = verdict.table();
    assert_eq!((table.height(), table.width()), (2, 8));
    assert_eq!(Verdict { scores: Vec::new() }.winner(), None);
}

/// Catalogues like those of the real folders, with a hundred galaxies each and no pictures.
fn data(place: &Path) {
    let write = |name: &str, head: &str, row: &dyn Fn(usize) -> String| {
        let folder = place.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let lines: String = (0..100).map(|i| format!("G{i},images/G{i}.jpg{}\n", row(i))).collect();
        std::fs::write(folder.join("catalog.csv"), format!("id_str,file_loc{head}\n{lines}"))
            .unwrap();
    };
    write("rings", ",ring", &|i| format!(",{}", i % 2));
    write("gz2_odd", ",odd", &|i| format!(",{}", i as i64 % 3 - 1));
    let efigi = "Bulge_to_Total Arm_Strength Arm_Curvature Arm_Rotation Bar_Length Perturbation \
        Visible_Dust Dust_Dispersion Flocculence Hot_Spots Inclination Contamination Multiplicity \
        Inner_Ring Outer_Ring Pseudo_Ring";
    let names = efigi.split_whitespace();
    let head: String = names.map(|it| format!(",{it},{it}_inf,{it}_sup")).collect();
    // In turn: an inner ring, no ring, a faint ring, an undetermined one.
    write("efigi", &format!(",T{head}"), &|i| {
        let inner = ["0.75", "0", "0.25", "-1"][i % 4];
        let others = ",0.5,0.5,0.5".repeat(13);
        format!(",{}.0{others},{inner},{inner},{inner},0,0,0,0,0,0", i % 11)
    });
}

#[test]
fn unknown_galaxies_and_those_that_training_sees_are_no_part_of_what_is_judged() {
    let place = tempfile::tempdir().unwrap();
    data(place.path());
    let samples = samples(place.path()).unwrap();
    let [rings, odd, efigi] = &samples[..] else { panic!("{samples:?}") };
    assert_eq!(rings.catalog.len(), 100);
    assert_eq!(odd.catalog.len(), 66);
    let ids = efigi.catalog.ids();
    assert!(!ids.is_empty() && ids.iter().all(|id| zoobot_core::survey::is_kept_out(id, 5)));
    let of = |id: &String| id[1..].parse::<usize>().unwrap() % 4;
    let expected: Vec<&str> = ids.iter().map(|id| ["1", "0", "", ""][of(id)]).collect();
    assert_eq!(efigi.catalog.labels(efigi.questions[0].label).unwrap(), expected);
}

#[test]
fn pictures_that_are_not_there_are_an_error_with_the_first_of_them() {
    let place = tempfile::tempdir().unwrap();
    data(place.path());
    let untrained = encoder("untrained").unwrap();
    let judge = Judge::new(place.path()).seeds(1);
    let error = judge.run(&[("a".to_owned(), untrained)]).unwrap_err().to_string();
    assert!(error.contains("images/G0.jpg"), "{error}");
    assert!(Judge::new(place.path()).seeds(0).run(&[]).is_err());
    assert!(encoder("untrained:resnet5O").unwrap_err().to_string().contains("resnet50"));
}

#[test]
fn features_in_the_cache_are_taken_for_the_same_encoder_and_galaxies_only() {
    let place = tempfile::tempdir().unwrap();
    let catalog = zoobot_core::survey::Simulation::new(4).size(32).write(place.path()).unwrap();
    let architecture = Architecture::named(zoobot_nets::lite0::ARCHITECTURE).unwrap();
    let recipe = Recipe { size: 32, ..Recipe::imagenet_lite() };
    let untrained =
        |recipe: &Recipe| Encoder::untrained(architecture.clone(), recipe.clone(), 1).unwrap();
    let small = untrained(&recipe);
    let judge = Judge::new(place.path()).cache(place.path().join("cache"));
    let sample = |catalog: Catalog| Sample { name: "few", catalog, questions: Vec::new() };
    let first = judge.encoded(&small, &sample(catalog.clone())).unwrap();
    // Without the pictures, features can only come from the cache.
    std::fs::remove_dir_all(place.path().join("images")).unwrap();
    let again = judge.encoded(&small, &sample(catalog.clone())).unwrap();
    assert_eq!((first.features(), first.ids()), (again.features(), again.ids()));
    assert_eq!(again.catalog().unwrap().len(), 4);
    let other = untrained(&Recipe { zoom: 1.0, ..recipe });
    assert!(judge.encoded(&other, &sample(catalog.clone())).is_err());
    assert!(judge.encoded(&small, &sample(catalog.head(3))).is_err());
}
