use super::*;
use crate::encoder::Architecture;
use crate::picture::Recipe;
use polars::prelude::{col, lit};

fn encoder(seed: u64) -> Encoder {
    let recipe = Recipe { size: 32, zoom: 1.0, ..Recipe::zoobot() };
    Encoder::untrained(Architecture::named("resnet18").unwrap(), recipe, seed).unwrap()
}

fn experiment() -> FewLabels {
    let wanted = col("class").eq(lit("edge_on")).or(col("class").eq(lit("smooth")));
    let galaxies = Catalog::sample().unwrap().filter(wanted).unwrap();
    FewLabels::of(&galaxies, "class").sizes([8, 16]).repeats(2).seed(1).aside(20, 10).epochs(1)
}

#[test]
fn a_grid_is_written_row_by_row_and_goes_on_where_it_was() {
    let place = tempfile::tempdir().unwrap();
    let (one, like) = (encoder(1), encoder(2));
    let run = experiment().start("one", &one).scratch(&like).modes(true, true);
    let outcome = run.run(place.path()).unwrap();
    assert_eq!(outcome.rows.len(), 2 * 2 * 4);
    let path = place.path().join("results.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 17);
    assert!(
        text.contains("\nuntrained,frozen,8,4,1,20,") && text.contains("\nscratch,full,"),
        "{text}"
    );
    // The last row was truncated: its run is repeated, and the others are kept.
    std::fs::write(&path, &text[..text.len() - 9]).unwrap();
    let again = run.run(place.path()).unwrap();
    assert_eq!(again.rows.len(), 16);
    assert_eq!(again.rows[..15], outcome.rows[..15]);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 17);
    let (accuracy, auc) = again.mean("one", "frozen", 16).unwrap();
    assert!((0.0..=1.0).contains(&accuracy) && (0.0..=1.0).contains(&auc));
    assert_eq!(again.table().shape(), (8, 10));
    let text = again.markdown();
    assert!(text.starts_with("| start | mode | figure | 8 | 16 |"), "{text}");
    let svg = again.figure().svg();
    assert!(svg.contains("paper: galaxies, frozen") && svg.contains("training rings"));
    let other = run.clone().seed(9).run(place.path()).unwrap_err().to_string();
    assert!(other.contains("other settings: seed"), "{other}");
}

#[test]
fn either_class_is_half_of_each_side_and_no_galaxy_is_on_two() {
    let run = experiment();
    let classes = run.classes().unwrap();
    let small = run.divide(&classes, 8, 1);
    let Division { train, val, test } = run.divide(&classes, 16, 1);
    assert_eq!((train.len(), val.len(), test.len()), (16, 10, 20));
    assert_eq!(small.train, train[..8]);
    for side in [&train, &val, &test] {
        assert_eq!(side.iter().filter(|row| classes[**row]).count() * 2, side.len());
    }
    let mut all = [train, val, test].concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 46);
    assert_ne!(run.divide(&classes, 8, 2).train, small.train);
    let message = run.clone().sizes([100_000]).run("nowhere").unwrap_err().to_string();
    assert!(
        message.contains("of the rarer class") && message.contains("100000 to learn"),
        "{message}"
    );
    let message = FewLabels::of(&Catalog::sample().unwrap(), "class").run("nowhere").unwrap_err();
    assert!(message.to_string().starts_with("the label \"class\" has"), "{message}");
}
