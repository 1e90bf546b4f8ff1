use super::super::{Schema, Votes};
use ndarray::array;
use polars::prelude::df;

fn conditions(schema: &str) -> Vec<(String, String, u32)> {
    let cuts = Schema::named(schema).unwrap().cuts();
    let all = cuts.all().iter();
    all.map(|it| (it.name().to_owned(), it.condition(), it.minimum_votes())).collect()
}

#[test]
fn the_cuts_of_galaxy_zoo_2_are_those_of_table_3_of_willett_et_al_2013() {
    // The column for 20 votes: the task, and the threshold of the answer before it.
    let table = [
        ("disk-edge-on", "featured-or-disk > 0.43"),
        ("bar", "disk-edge-on-gz2_no > 0.715"),
        ("has-spiral-arms", "disk-edge-on-gz2_no > 0.715"),
        ("bulge-size", "disk-edge-on-gz2_no > 0.715"),
        ("how-rounded", "smooth-or-featured-gz2_smooth > 0.469"),
        ("bulge-shape", "disk-edge-on-gz2_yes > 0.602"),
        ("spiral-winding", "has-spiral-arms-gz2_yes > 0.619"),
        ("spiral-arm-count", "has-spiral-arms-gz2_yes > 0.619"),
    ];
    let cuts = Schema::named("gz2").unwrap().cuts();
    for (topic, last) in table {
        let cut = cuts.named(&format!("{topic}-gz2")).unwrap();
        assert!(cut.condition().ends_with(last), "{topic}: {}", cut.condition());
        assert_eq!((cut.minimum_votes(), cut.source()), (20, "Willett et al. 2013, table 3"));
    }
    // The paper's example of three-armed spirals: f(features/disk) > 0.430, f(edge-on, no) > 0.715 and
    // f(spiral, yes) > 0.619.
    let arms = cuts.named("spiral-arm-count-gz2").unwrap().condition();
    let expected = "smooth-or-featured-gz2_featured-or-disk > 0.43 and disk-edge-on-gz2_no > 0.715 and \
                    has-spiral-arms-gz2_yes > 0.619";
    assert_eq!(arms, expected);
    for topic in ["smooth-or-featured-gz2", "something-odd-gz2"] {
        assert_eq!(cuts.named(topic).unwrap().condition(), "");
    }
    assert_eq!(cuts.all().len(), 10);
}

#[test]
fn the_cuts_of_decals_are_those_of_table_2_of_walmsley_et_al_2022() {
    // The populations of the table, with the last condition and the votes.
    let table = [
        ("featured-disk", "smooth-or-featured-dr5_featured-or-disk > 0.7", 5),
        ("disk", "smooth-or-featured-dr5_featured-or-disk > 0.3", 5),
        ("elliptical", "smooth-or-featured-dr5_smooth > 0.7", 5),
        ("edge-on-disk", "disk-edge-on-dr5_yes > 0.8", 5),
        ("not-edge-on-disk", "disk-edge-on-dr5_yes < 0.3", 5),
        ("strong-bar", "bar-dr5_strong > 0.8", 20),
        ("weak-bar", "bar-dr5_weak > 0.8", 20),
        ("any-bar", "bar-dr5_strong + bar-dr5_weak > 0.6", 20),
        ("spiral-arms", "has-spiral-arms-dr5_yes > 0.6", 20),
        ("no-spiral-arms", "has-spiral-arms-dr5_yes < 0.3", 20),
        ("spiral-count-2", "spiral-arm-count-dr5_2 > 0.75", 30),
        ("round-edge-on-bulge", "edge-on-bulge-dr5_rounded > 0.6", 10),
        ("boxy-edge-on-bulge", "edge-on-bulge-dr5_boxy > 0.3", 10),
        ("no-edge-on-bulge", "edge-on-bulge-dr5_none > 0.5", 10),
        ("merger", "merging-dr5_merger > 0.7", 10),
        ("merger-or-overlap", "merging-dr5_merger > 0.3", 10),
        ("post-merger", "merging-dr5_major-disturbance > 0.6", 10),
        ("asymmetric-or-low-surface-brightness", "merging-dr5_minor-disturbance > 0.4", 10),
    ];
    let cuts = Schema::named("decals_dr5").unwrap().cuts();
    for (population, last, votes) in table {
        let cut = cuts.named(&format!("{population}-dr5")).unwrap();
        assert!(cut.condition().ends_with(last), "{population}: {}", cut.condition());
        assert_eq!(cut.minimum_votes(), votes, "{population}");
    }
    assert_eq!(
        cuts.named("bar-dr5").unwrap().condition(),
        "smooth-or-featured-dr5_featured-or-disk > 0.3 and disk-edge-on-dr5_yes < 0.3"
    );
    assert_eq!(cuts.all().len(), 10 + 22);
    let without = conditions("decals_dr12");
    assert!(!without.iter().any(|(name, ..)| name.contains("strong") || name.contains("merger")));
    // The tree of the paper, whose questions have no campaign in their names.
    let paper = conditions("decals_paper");
    let any = paper.iter().find(|(name, ..)| name == "any-bar").unwrap();
    assert!(any.1.ends_with("disk-edge-on_yes < 0.3 and bar_strong + bar_weak > 0.6"), "{}", any.1);
}

#[test]
fn other_questions_ask_that_half_of_the_volunteers_were_asked() {
    let all = conditions("gz_candels");
    let expected = "smooth-or-featured-candels_features * clumpy-appearance-candels_no * \
                    disk-edge-on-candels_no >= 0.5";
    assert!(all.contains(&("bar-candels".to_owned(), expected.to_owned(), 6)), "{all:?}");
    assert!(all.contains(&("merging-candels".to_owned(), String::new(), 6)));
    for name in Schema::names() {
        let schema = Schema::named(&name).unwrap();
        let cuts = schema.cuts();
        let own = |it: &str| cuts.named(it).unwrap().question().to_owned();
        assert!(schema.questions().iter().all(|it| own(it.name()) == it.name()), "{name}");
        let mut names: Vec<&str> = cuts.all().iter().map(|it| it.name()).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{name}: {names:?}");
    }
    // A union has the cuts of each campaign.
    let union = conditions("gz_evo_v2");
    let of = |name: &str| union.iter().find(|it| it.0 == name).unwrap().1.clone();
    assert!(of("bar-gz2").ends_with("0.715") && of("bar-dr8").ends_with("_yes < 0.3"));
    assert!(of("bar-euclid").ends_with(">= 0.5"));
}

#[test]
fn a_cut_keeps_the_galaxies_that_pass_every_condition_with_enough_votes() {
    let tree = r#"{"name": "t", "questions": [
        {"question": "disk", "answers": ["yes", "no"]},
        {"question": "bar", "answers": ["yes", "no"], "depends_on": "disk_yes"}]}"#;
    let schema = Schema::from_json(tree).unwrap();
    let ids = ["half", "few", "smooth", "unasked"].map(str::to_owned).to_vec();
    let counts = array![
        [10.0, 10.0, 4.0, 6.0],
        [30.0, 0.0, 3.0, 2.0],
        [9.0, 11.0, 4.0, 5.0],
        [0.0, 20.0, 0.0, 0.0],
    ];
    let table = Votes::new(&schema, ids, counts).unwrap().table();
    let cuts = schema.cuts();
    let bar = cuts.named("bar").unwrap();
    assert_eq!(bar.to_string(), "bar: at least 6 votes for bar, disk_yes >= 0.5");
    assert_eq!(bar.mask(&table).unwrap(), [true, false, false, false]);
    assert_eq!(bar.at_least(5).ids(&table).unwrap(), ["half", "few"]);
    // Predicted fractions have no votes.
    let predicted = df!("id_str" => ["a", "b"], "disk_yes_fraction" => [Some(0.7), None]).unwrap();
    assert_eq!(bar.at_least(0).mask(&predicted).unwrap(), [true, false]);
    let error = bar.mask(&predicted).unwrap_err().to_string();
    assert!(error.contains("no column \"bar_total-votes\""), "{error}");
    let counts = df!("id_str" => ["a"], "disk_yes_fraction" => [14.0]).unwrap();
    let error = bar.at_least(0).mask(&counts).unwrap_err().to_string();
    assert!(error.contains("\"disk_yes_fraction\" is 14 for \"a\""), "{error}");
    assert!(error.contains("Divide counts"), "{error}");
    let error = cuts.named("bars").unwrap_err().to_string();
    assert!(error.contains("Did you mean \"bar\"?"), "{error}");
}

#[test]
fn any_bar_adds_strong_and_weak_bars() {
    let schema = Schema::named("decals_paper").unwrap();
    let table = df!(
        "id_str" => ["strong", "both", "none", "edge-on"],
        "smooth-or-featured_featured-or-disk_fraction" => [0.9, 0.9, 0.9, 0.9],
        "disk-edge-on_yes_fraction" => [0.1, 0.1, 0.1, 0.5],
        "bar_strong_fraction" => [0.9, 0.35, 0.1, 0.9],
        "bar_weak_fraction" => [0.0, 0.35, 0.2, 0.0],
        "bar_total-votes" => [30, 30, 30, 30],
    )
    .unwrap();
    let cuts = schema.cuts();
    assert_eq!(cuts.named("any-bar").unwrap().ids(&table).unwrap(), ["strong", "both"]);
    assert_eq!(cuts.named("strong-bar").unwrap().ids(&table).unwrap(), ["strong"]);
}

#[test]
fn shown_cuts_name_each_question_with_its_condition_and_votes() {
    use zoobot_show::notebook::Show;
    let cuts = Schema::named("gz2").unwrap().cuts();
    let table = cuts.table();
    let names: Vec<&str> = table.get_column_names().iter().map(|it| it.as_str()).collect();
    assert_eq!(names, ["cut", "question", "condition", "minimum_votes", "source"]);
    assert_eq!(table.column("condition").unwrap().null_count(), 2);
    let shown = cuts.show();
    let html = shown.get("text/html").unwrap();
    assert!(html.contains("spiral-arm-count-gz2") && html.contains("0.715"), "{html}");
}
