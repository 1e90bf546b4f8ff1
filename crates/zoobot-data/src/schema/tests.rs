use super::{Schema, Votes};
use ndarray::{Array2, array};
use polars::prelude::{Column, df};
use zoobot_base::error::Result;

fn message(json: &str) -> String {
    Schema::from_json(json).unwrap_err().to_string()
}

/// A schema of two-answer questions, each with the answer it depends on.
fn tree(questions: &[(&str, Option<&str>)]) -> String {
    let questions: Vec<serde_json::Value> = questions
        .iter()
        .map(|(name, after)| match after {
            Some(after) => serde_json::json!(
                {"question": name, "answers": ["yes", "no"], "depends_on": after}
            ),
            None => serde_json::json!({"question": name, "answers": ["yes", "no"]}),
        })
        .collect();
    serde_json::json!({"name": "trial", "questions": questions}).to_string()
}

#[test]
fn the_23_schemas_have_the_questions_and_answers_of_their_campaigns() {
    let expected = [
        ("decals_dr5_ortho_schema", 10, 34),
        ("decals_all_campaigns_ortho_schema", 30, 98),
        ("gz2_ortho_schema", 10, 30),
        ("gz_rings_schema", 1, 2),
        ("euclid_schema", 13, 46),
        ("gz_evo_v2_schema", 86, 279),
        ("jwst_cosmos_ortho", 11, 36),
        ("decals_paper_nonortho", 10, 34),
    ];
    assert_eq!(Schema::names().len(), 23);
    for (name, questions, answers) in expected {
        let schema = Schema::named(name).unwrap();
        assert_eq!((schema.questions().len(), schema.width()), (questions, answers), "{name}");
    }
    let dr5 = Schema::named("decals_dr5").unwrap();
    let arms = dr5.question("spiral-arm-count-dr5").unwrap();
    assert_eq!(arms.range(), 24..30);
    assert_eq!(arms.depends_on(), Some("has-spiral-arms-dr5_yes"));
    let (before, answer) = dr5.asked_after(arms).unwrap();
    assert_eq!((before.name(), answer.name(), answer.index()), ("has-spiral-arms-dr5", "yes", 5));
    assert_eq!(arms.answers()[5].column(), "spiral-arm-count-dr5_cant-tell");
    let bar = dr5.answer("bar-dr5_weak").unwrap();
    assert_eq!((bar.name(), bar.index()), ("weak", 8));
}

#[test]
fn short_names_are_enough_and_near_names_are_suggested() {
    assert_eq!(Schema::named("euclid").unwrap().name(), "euclid_schema");
    assert_eq!(Schema::named("gz2").unwrap().name(), "gz2_ortho_schema");
    assert_eq!(Schema::named("decals_paper").unwrap().name(), "decals_paper_nonortho");
    let message = Schema::named("decals_dr6").unwrap_err().to_string();
    assert!(message.contains("Did you mean \"decals_dr"), "{message}");
    let dr5 = Schema::named("decals_dr5").unwrap();
    let message = dr5.question("bars-dr5").unwrap_err().to_string();
    assert!(message.contains("Did you mean \"bar-dr5\"?"), "{message}");
    let message = dr5.answer("bar-dr5_week").unwrap_err().to_string();
    assert!(message.contains("Did you mean \"bar-dr5_weak\"?"), "{message}");
}

#[test]
fn a_schema_written_as_json_reads_back_the_same() {
    for name in Schema::names() {
        let schema = Schema::named(&name).unwrap();
        assert_eq!(Schema::from_json(&schema.to_json()).unwrap(), schema);
        let json = serde_json::to_string(&schema).unwrap();
        assert_eq!(serde_json::from_str::<Schema>(&json).unwrap(), schema);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tree.json");
    std::fs::write(&path, Schema::named("gz2").unwrap().to_json()).unwrap();
    let read = Schema::load(path.to_str().unwrap()).unwrap();
    assert_eq!(read.name(), "gz2_ortho_schema");
}

#[test]
fn a_schema_that_is_no_tree_is_refused_with_the_reason() {
    let circle = message(&tree(&[("a", Some("c_yes")), ("b", Some("a_no")), ("c", Some("b_yes"))]));
    assert!(circle.contains("in a cycle: "), "{circle}");
    assert!(["a", "b", "c"].iter().all(|it| circle.contains(it)) && circle.contains(" → "));
    let itself = message(&tree(&[("a", None), ("b", Some("b_yes"))]));
    assert!(itself.contains("in a cycle: b → b"), "{itself}");
    let below = message(&tree(&[("a", Some("b_yes")), ("b", Some("b_no"))]));
    assert!(below.contains("in a cycle: b → b"), "{below}");
    let unknown = message(&tree(&[("bar", None), ("ring", Some("bar_yess"))]));
    assert!(unknown.contains("\"bar_yess\", which is not an answer"), "{unknown}");
    assert!(unknown.contains("Did you mean \"bar_yes\"?"), "{unknown}");
    let twice = message(&tree(&[("bar", None), ("bar", None)]));
    assert!(twice.contains("two questions are called \"bar\""), "{twice}");
    let one = message(r#"{"name": "t", "questions": [{"question": "ring", "answers": ["yes"]}]}"#);
    assert!(one.contains("\"ring\" has one answer, \"yes\""), "{one}");
    let same = r#"{"name": "t", "questions": [{"question": "ring", "answers": ["yes", "yes"]}]}"#;
    assert!(message(same).contains("the answer \"yes\" twice"));
    // a_b + c and a + b_c give the same column.
    let column = r#"{"name": "t", "questions": [
        {"question": "a_b", "answers": ["c", "d"]}, {"question": "a", "answers": ["b_c", "e"]}]}"#;
    assert!(message(column).contains("two answers have the column name \"a_b_c\""));
    assert!(message(r#"{"name": "t", "questions": []}"#).contains("no question"));
    let typo = r#"{"name": "t", "questions": [
        {"question": "a", "answers": ["yes", "no"], "depend_on": "b_yes"}]}"#;
    assert!(message(typo).contains("depend_on"));
}

#[test]
fn a_question_may_stand_before_the_one_it_depends_on() {
    let schema = Schema::from_json(&tree(&[("b", Some("a_yes")), ("a", None)])).unwrap();
    let asked = schema.asked(array![[0.4, 0.6, 0.3, 0.7]].view()).unwrap();
    assert_eq!(asked, array![[0.3, 1.0]]);
}

#[test]
fn an_answer_is_as_likely_as_all_that_leads_to_it() {
    let chain = tree(&[("a", None), ("b", Some("a_yes")), ("c", Some("b_no"))]);
    let schema = Schema::from_json(&chain).unwrap();
    let fractions = array![[0.8, 0.2, 0.25, 0.75, 0.5, 0.5], [0.0, 1.0, 0.5, 0.5, 1.0, 0.0]];
    let asked = schema.asked(fractions.view()).unwrap();
    assert!((&asked - &array![[1.0, 0.8, 0.8 * 0.75], [1.0, 0.0, 0.0]]).sum().abs() < 1e-15);
    let joint = schema.joint(fractions.view()).unwrap();
    // Volunteers who were not asked c ended at a_no or at b_yes.
    let ends = [1, 2, 4, 5].map(|answer| joint.column(answer).to_owned());
    let sum = ends.into_iter().reduce(|a, b| a + b).unwrap();
    assert!(sum.iter().all(|sum| (sum - 1.0).abs() < 1e-15), "{sum}");
    let message = schema.asked(Array2::zeros((1, 5)).view()).unwrap_err().to_string();
    assert!(message.contains("5 columns") && message.contains("6 answers"), "{message}");
}

#[test]
fn a_union_has_the_questions_of_every_campaign_where_they_were() {
    let parts = ["decals_dr12", "decals_dr5", "decals_dr8"].map(|it| Schema::named(it).unwrap());
    let all = Schema::union("all", &parts).unwrap();
    let known = Schema::named("decals_all_campaigns").unwrap();
    assert_eq!(all.questions(), known.questions());
    let message = Schema::union("twice", &[parts[0].clone(), parts[0].clone()]).unwrap_err();
    assert!(message.to_string().contains("two questions are called"), "{message}");
}

fn rings() -> Schema {
    Schema::from_json(&tree(&[("disk", None), ("ring", Some("disk_yes"))])).unwrap()
}

fn votes(ring: Column) -> Result<Votes> {
    let table = df!(
        "id_str" => ["g1", "g2", "g3"],
        "disk_yes" => [3, 0, 5],
        "disk_no" => [1, 4, 0],
        "ring_no" => [Some(1.0), None, Some(2.0)],
    );
    Votes::from_table(table.unwrap().with_column(ring).unwrap(), &rings())
}

fn bad(ring: [f64; 3]) -> String {
    votes(Column::new("ring_yes".into(), ring)).unwrap_err().to_string()
}

#[test]
fn a_vote_table_gives_totals_and_fractions() {
    let votes = votes(Column::new("ring_yes".into(), [Some(2), None, Some(0)])).unwrap();
    assert_eq!(votes.totals(), array![[4.0, 3.0], [4.0, 0.0], [5.0, 2.0]]);
    let fractions = votes.fractions();
    assert_eq!(fractions.row(0).to_vec(), [0.75, 0.25, 2.0 / 3.0, 1.0 / 3.0]);
    assert!(fractions[[1, 2]].is_nan() && fractions[[1, 3]].is_nan());
    let table = votes.table();
    let ring = table.column("ring_yes_fraction").unwrap();
    assert_eq!(ring.null_count(), 1);
    let totals = table.column("ring_total-votes").unwrap().i64().unwrap().clone();
    assert_eq!(totals.into_no_null_iter().collect::<Vec<_>>(), [3, 0, 2]);
    let batch = votes.batch(&[2, 0]).unwrap();
    assert_eq!(batch, tch::Tensor::from_slice2(&[[5.0f32, 0.0, 0.0, 2.0], [3.0, 1.0, 2.0, 1.0]]));
    assert!(votes.batch(&[3]).unwrap_err().to_string().contains("must be less than 3"));
}

#[test]
fn votes_that_are_none_are_refused_with_the_galaxies() {
    let negative = bad([1.0, -2.0, 0.0]);
    assert!(negative.contains("\"ring_yes\" are negative: -2 for \"g2\""), "{negative}");
    let fractional = bad([0.5, 0.25, 0.0]);
    assert!(fractional.contains("fractional: 0.5 for \"g1\", 0.25 for \"g2\""), "{fractional}");
    assert!(fractional.contains("Give counts"));
    let nan = bad([1.0, f64::NAN, f64::INFINITY]);
    assert!(nan.contains("not finite: inf for \"g3\""), "{nan}");
    let text = votes(Column::new("ring_yes".into(), ["a", "b", "c"])).unwrap_err().to_string();
    assert!(text.contains("\"ring_yes\" holds text, such as \"a\""), "{text}");
    // Numbers read as text, and words for "no value".
    let words = votes(Column::new("ring_yes".into(), ["3", "n/a", "NaN"])).unwrap();
    let given = votes(Column::new("ring_yes".into(), [Some(3.0), None, Some(f64::NAN)])).unwrap();
    assert_eq!(words.counts(), given.counts());
    let all = Votes::new(&rings(), vec!["a".into()], array![[1.0, 0.5, 0.0, 0.0]]).unwrap_err();
    assert!(all.to_string().contains("\"disk_no\" are fractional"), "{all}");
}

#[test]
fn a_column_that_is_missing_is_named_with_the_nearest_that_is_there() {
    let message = votes(Column::new("ring_yess".into(), [1, 2, 3])).unwrap_err().to_string();
    assert!(message.contains("no column \"ring_yes\" in"), "{message}");
    assert!(message.contains("Did you mean \"ring_yess\"?"), "{message}");
}

#[test]
fn galaxies_without_any_vote_are_fine() {
    let none = Votes::new(&rings(), vec!["a".into()], Array2::zeros((1, 4))).unwrap();
    assert_eq!(none.totals(), array![[0.0, 0.0]]);
    assert!(none.fractions().iter().all(|share| share.is_nan()));
}

#[test]
fn a_printed_schema_is_a_tree() {
    let schema = Schema::from_json(&tree(&[
        ("disk", None),
        ("bar", Some("disk_yes")),
        ("ring", Some("bar_no")),
        ("odd", None),
    ]));
    let expected = "\
trial: 4 questions, 8 answers
disk
├─ yes
│  bar
│  ├─ yes
│  └─ no
│     ring: yes | no
└─ no
odd: yes | no";
    assert_eq!(schema.unwrap().to_string(), expected);
}

#[test]
fn shown_and_drawn_schemas_name_every_question_and_escape_them() {
    use zoobot_show::notebook::Show;
    let schema = Schema::from_json(&tree(&[("<b>odd</b>", None)])).unwrap();
    let html = schema.show().get("text/html").unwrap().to_owned();
    assert!(html.contains("&lt;b&gt;odd") && !html.contains("<b>odd"));
    for name in Schema::names() {
        let schema = Schema::named(&name).unwrap();
        let (html, svg) = (schema.show(), schema.figure().svg());
        let html = html.get("text/html").unwrap();
        for question in schema.questions() {
            assert!(html.contains(question.name()) && svg.contains(question.name()), "{name}");
        }
    }
}

#[test]
fn golden_chances_of_being_asked_agree() {
    let Some(folder) = zoobot_testing::folder("schema") else { return };
    for (file, name) in [("decals_dr5", "decals_dr5"), ("gz2", "gz2")] {
        let text = std::fs::read_to_string(folder.join(format!("{file}.json"))).unwrap();
        let record: serde_json::Value = serde_json::from_str(&text).unwrap();
        let matrix = |value: &serde_json::Value| -> Array2<f64> {
            let rows: Vec<Vec<f64>> = serde_json::from_value(value.clone()).unwrap();
            Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()
        };
        let schema = Schema::named(name).unwrap();
        let columns: Vec<String> = serde_json::from_value(record["columns"].clone()).unwrap();
        assert_eq!(schema.columns(), columns);
        for part in ["single", "mixture"] {
            let asked = schema.asked(matrix(&record[part]["mean_fraction"]).view()).unwrap();
            let off = asked - matrix(&record[part]["p_question_asked"]);
            assert!(off.iter().all(|off| off.abs() < 1e-12), "{file} {part}");
        }
    }
}

#[test]
fn several_campaigns_fit_in_one_table_and_teach_nothing_about_what_was_not_asked() {
    let campaign = |name: &str, ids: &[&str], counts: Array2<f64>| {
        let schema = Schema::from_json(&tree(&[(name, None)])).unwrap();
        Votes::new(&schema, ids.iter().map(|id| (*id).to_owned()).collect(), counts).unwrap()
    };
    let first = campaign("ring-a", &["g1", "g2"], array![[3.0, 1.0], [0.0, 5.0]]);
    let second = campaign("ring-b", &["g3", "g1"], array![[2.0, 2.0], [7.0, 0.0]]);
    let both = Votes::union("both", &[first.clone(), second.clone()]).unwrap();
    assert_eq!(both.schema().columns(), ["ring-a_yes", "ring-a_no", "ring-b_yes", "ring-b_no"]);
    assert_eq!(both.ids(), ["g1", "g2", "g3"]);
    let expected = array![[3.0, 1.0, 7.0, 0.0], [0.0, 5.0, 0.0, 0.0], [0.0, 0.0, 2.0, 2.0]];
    assert_eq!(both.counts(), expected);
    let twice = campaign("ring-c", &["g1", "g1"], array![[1.0, 0.0], [1.0, 0.0]]);
    let message = Votes::union("both", &[first.clone(), twice]).unwrap_err().to_string();
    assert!(message.contains("\"g1\" has two rows"), "{message}");
    let message = Votes::union("same", &[first.clone(), first]).unwrap_err().to_string();
    assert!(message.contains("two questions are called"), "{message}");
}
