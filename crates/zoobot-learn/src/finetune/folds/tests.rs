use super::super::tests::{encoder, pictures, quick};
use super::*;
use crate::model::Model;

/// All galaxies of the sample that these tests learn from.
fn galaxies() -> Catalog {
    let (train, val) = pictures(40);
    Catalog::stack(&[train, val]).unwrap()
}

#[test]
fn folds_choose_how_long_a_head_learns_from_all_galaxies() {
    let galaxies = galaxies();
    // One encoder for both runs: its random weights come from a generator that all tests share.
    let start = encoder();
    let again = || quick().encoder(&start).views(1).mixup(0.3).epochs(12);
    let run = again().cross_validate(&galaxies, 4).unwrap();
    let by = run.cross_validated().unwrap();
    assert_eq!(by.folds().len(), 4);
    assert!(by.folds().iter().all(|it| it.epochs.len() == 12));
    let mean = by.mean();
    let best = mean.iter().min_by(|a, b| a.validation.total_cmp(&b.validation)).unwrap();
    assert_eq!((by.chosen(), &by.best().unwrap()), (best.epoch, best));
    let all = by.folds().iter().map(|it| it.epochs[3].validation).sum::<f64>() / 4.0;
    assert!((all - mean[3].validation).abs() < 1e-12);
    // The last run ends at the chosen epoch, follows the schedule of all epochs, and learns from every
    // galaxy.
    let epochs = &run.fitted().epochs;
    assert_eq!(epochs.len() as u64, by.chosen());
    assert!(epochs.iter().zip(&by.folds()[0].epochs).all(|(a, b)| {
        // The number of batches in an epoch differs, so the rates differ a little.
        (a.rate - b.rate).abs() < 0.2 * 1e-3
    }));
    assert_eq!(run.fitted().steps, by.chosen() * (2 * galaxies.len() as u64).div_ceil(16));
    assert_eq!(run.best().unwrap().epoch, by.chosen());
    assert!(run.history().svg().contains("fold 4"));
    let shown = run.show();
    assert!(shown.get("text/plain").unwrap().contains("as folds chose"), "{shown:?}");
    assert_eq!(run.predict(&galaxies).unwrap().len(), galaxies.len());
    let other = again().cross_validate(&galaxies, 4).unwrap();
    assert_eq!(other.fitted(), run.fitted());
    assert!(run.before_and_after(&galaxies, "class").unwrap_err().to_string().contains("full()"));
}

#[test]
fn folds_choose_how_long_a_network_learns_and_its_folder_goes_on() {
    let galaxies = galaxies();
    let place = tempfile::tempdir().unwrap();
    let run = quick().full().mixup(0.2).epochs(2).folder(place.path());
    let done = run.cross_validate(&galaxies, 2).unwrap();
    let chosen = done.cross_validated().unwrap().chosen();
    assert_eq!(done.fitted().epochs.len() as u64, chosen);
    assert!(done.fitted_head().is_some());
    let print = |it: &Finetuned| it.encoder("it").fingerprint().to_owned();
    assert_ne!(print(&done), encoder().fingerprint());
    // The last weights are kept, in the folder too.
    let best = Model::load(place.path().join("best")).unwrap();
    assert_eq!(best.encoder().fingerprint(), print(&done));
    let again = run.cross_validate(&galaxies, 2).unwrap();
    assert_eq!((print(&again), again.fitted()), (print(&done), done.fitted()));
    let (train, val) = pictures(40);
    let other = run.train(&train, &val).unwrap_err().to_string();
    assert!(other.contains("other galaxies, folds"), "{other}");
    let figure = done.before_and_after(&galaxies, "class").unwrap();
    assert_eq!(figure.about(), "2 panels of 40 points: before fine-tuning, after fine-tuning");
    let error = done.before_and_after(&galaxies, "clas").unwrap_err().to_string();
    assert!(error.contains("\"class\""), "{error}");
    let saliency = done.saliency(&galaxies.head(2), "edge_on").unwrap();
    assert_eq!(saliency.maps().dim(), (2, 1, 1));
}

#[test]
fn folds_that_cannot_be_are_refused() {
    let galaxies = galaxies();
    let message =
        |run: Finetune, folds| run.cross_validate(&galaxies, folds).unwrap_err().to_string();
    assert!(message(quick(), 1).contains("folds must be at least 2"));
    assert!(message(quick(), 30).contains("each of the 30 folds needs one"));
    assert!(message(quick().mixup(-0.1), 3).contains("mixup must"));
    assert!(message(Finetune::classifier("clas"), 3).contains("Did you mean \"class\"?"));
}
