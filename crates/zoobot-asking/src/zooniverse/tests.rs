use super::*;
use serde_json::{Value, json};
use std::path::PathBuf;
use zoobot_base::error::Result;
use zoobot_data::schema::Schema;

const HEADER: &str = "classification_id,user_name,user_id,user_ip,workflow_id,workflow_name,workflow_version,\
created_at,gold_standard,expert,metadata,annotations,subject_data,subject_ids\n";

fn tree() -> Schema {
    let text = r#"{"name": "tree", "questions": [
        {"question": "shape-dr5", "answers": ["smooth", "featured", "artifact"]},
        {"question": "bar-dr5", "answers": ["yes", "no"], "depends_on": "shape-dr5_featured"}]}"#;
    Schema::from_json(text).unwrap()
}

/// A row of an export.
struct Given<'a> {
    number: u64,
    user: &'a str,
    workflow: u64,
    version: &'a str,
    created: &'a str,
    seconds: f64,
    annotations: Value,
    subject: u64,
    metadata: Value,
}

impl Default for Given<'_> {
    fn default() -> Self {
        Self {
            number: 1,
            user: "ann",
            workflow: 12,
            version: "3.4",
            created: "2024-05-01 10:00:00 UTC",
            seconds: 9.0,
            annotations: shape("Smooth"),
            subject: 50,
            metadata: json!({ "retired": null, "#id_str": "g50" }),
        }
    }
}

fn shape(answer: &str) -> Value {
    json!([{ "task": "T0", "task_label": "**Shape**?", "value": answer }])
}

impl Given<'_> {
    fn line(&self) -> String {
        let quoted = |it: &Value| format!("\"{}\"", it.to_string().replace('"', "\"\""));
        let id = if self.user.starts_with("not-") { "" } else { "7" };
        let times = json!({
            "started_at": "2024-05-01T10:00:00.000Z",
            "finished_at": format!("2024-05-01T10:00:{:06.3}Z", self.seconds),
        });
        format!(
            "{},{},{id},0a,{},\"A, \"\"b\"\"\",{},{},,,{},{},{},{}\n",
            self.number,
            self.user,
            self.workflow,
            self.version,
            self.created,
            quoted(&times),
            quoted(&self.annotations),
            quoted(&json!({ self.subject.to_string(): self.metadata })),
            self.subject,
        )
    }
}

/// A folder with exports.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn rows(&self, rows: &[Given]) -> PathBuf {
        let lines: String = rows.iter().map(Given::line).collect();
        self.write("export.csv", format!("{HEADER}{lines}"))
    }
}

fn import(
    rows: &[Given],
    settings: impl Fn(ZooniverseExport) -> ZooniverseExport,
) -> Result<ZooniverseImport> {
    let files = Files::new();
    settings(ZooniverseExport::new(&tree())).read(&[files.rows(rows)])
}

/// The counts of each galaxy.
fn counts(import: &ZooniverseImport) -> Vec<(String, Vec<f64>)> {
    let votes = import.classifications().votes().unwrap();
    let rows = votes.counts().rows().into_iter().map(|it| it.to_vec()).collect::<Vec<_>>();
    votes.ids().iter().cloned().zip(rows).collect()
}

fn dropped(import: &ZooniverseImport) -> Vec<(String, u64)> {
    let table = import.dropped();
    let reasons = table.column("reason").unwrap().str().unwrap().clone();
    let counts = table.column("count").unwrap().u64().unwrap().clone();
    reasons
        .iter()
        .map(|it| it.unwrap().to_owned())
        .zip(counts.iter().map(|it| it.unwrap()))
        .collect()
}

fn refused(rows: &[Given], settings: impl Fn(ZooniverseExport) -> ZooniverseExport) -> String {
    import(rows, settings).unwrap_err().to_string()
}

#[test]
fn answers_of_every_form_are_counted_once() {
    let bar = |value: Value| json!({ "task": "T1", "task_label": "Bar", "value": value });
    let featured =
        || json!({ "task": "T0", "task_label": "**Shape**?", "value": "![x](y.png) Featured" });
    let rows: Vec<Given> = [
        json!([featured(), bar(json!("Yes"))]),
        json!([featured(), bar(json!(["No"]))]),
        json!([{ "task": "T9", "value": [featured(), bar(json!(0))] }]),
        json!([featured(), bar(json!([{ "value": "no" }]))]),
        json!([featured(), bar(json!({ "value": 1 }))]),
        // The volunteer went back.
        json!([featured(), bar(json!("Yes")), { "task": "T0", "task_label": "**Shape**?", "value": "Smooth" }]),
        json!([featured(), bar(Value::Null)]),
        json!([featured(), bar(json!(["Yes", "No"]))]),
        json!([{ "task": "T0", "task_label": "**Shape**?", "value": "artifact" }]),
        json!([{ "task": "T5", "task_label": "Mark it", "value": [{ "x": 1.5, "details": [] }] }, featured()]),
    ]
    .into_iter()
    .enumerate()
    .map(|(number, annotations)| {
        let user = Box::leak(format!("volunteer{number}").into_boxed_str());
        Given { number: number as u64, user, annotations, ..Given::default() }
    })
    .collect();
    let read = import(&rows, |it| it).unwrap();
    assert_eq!(counts(&read), [("g50".to_owned(), vec![1.0, 8.0, 1.0, 3.0, 3.0])]);
    let left_out = dropped(&read);
    assert_eq!(left_out[0].1, 2, "{left_out:?}");
    assert_eq!(left_out[1], ("answers: questions that were skipped".to_owned(), 1));
    assert_eq!((read.rows(), read.kept()), (10, 10));
}

#[test]
fn what_is_not_wanted_is_left_out_and_counted() {
    let base = || Given::default();
    let rows = [
        base(),
        Given { number: 2, workflow: 13, ..base() },
        Given { number: 3, version: "2.9", user: "bob", ..base() },
        Given { number: 4, created: "2024-04-30 23:59:59 UTC", user: "bob", ..base() },
        Given { number: 5, seconds: 0.5, user: "bob", ..base() },
        Given { number: 6, user: "not-logged-in-0a", ..base() },
        Given { number: 7, annotations: json!([]), user: "bob", ..base() },
        Given {
            number: 8,
            annotations: json!([{ "task": "T5", "value": "text" }]),
            user: "bob",
            ..base()
        },
        Given { number: 9, subject: 51, metadata: json!({ "id_str": "g51" }), ..base() },
        Given { number: 10, annotations: shape("featured"), ..base() },
        Given { number: 10, ..base() },
    ];
    let wanted = |it: ZooniverseExport| {
        it.workflow(12)
            .versions(["3"])
            .since("2024-05-01")
            .fastest(1.0)
            .logged_in(true)
            .galaxies(&["g50".to_owned()])
            .mapping(
                TaskMapping::from_json(r#"{"tasks": {"Shape": {"question": "shape-dr5"}}}"#)
                    .unwrap(),
            )
    };
    let read = import(&rows, wanted).unwrap();
    // The last of ann's two classifications counts.
    assert_eq!(counts(&read), [("g50".to_owned(), vec![0.0, 1.0, 0.0, 0.0, 0.0])]);
    let reasons: Vec<(String, u64)> = dropped(&read);
    assert_eq!(reasons.len(), 10, "{reasons:?}");
    assert!(reasons.iter().all(|it| it.1 == 1), "{reasons:?}");
    assert_eq!(read.rows(), 1 + read.dropped().height() as u64);
    let first = import(&rows, |it| wanted(it).duplicates(Duplicates::First)).unwrap();
    assert_eq!(counts(&first)[0].1, [1.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(read.versions(), [("3.4".to_owned(), 3)]);
}

#[test]
fn a_longer_export_gives_what_it_would_have_given_at_once_and_a_cut_off_row_is_named() {
    let files = Files::new();
    let rows: Vec<String> = (0..60_u64)
        .map(|number| {
            let user = format!("volunteer{}", number % 7);
            let subject = 50 + number % 5;
            let answer = ["Smooth", "Featured", "Artifact"][(number * number % 3) as usize];
            let metadata = json!({ "id_str": format!("g{subject}") });
            let row = Given {
                number,
                user: &user,
                subject,
                metadata,
                annotations: shape(answer),
                ..Given::default()
            };
            row.line()
        })
        .collect();
    let whole = files.write("whole.csv", format!("{HEADER}{}", rows.concat()));
    let early = files.write("early.csv", format!("{HEADER}{}", rows[..25].concat()));
    let mut mixed = rows.clone();
    mixed.reverse();
    let mixed = files.write("mixed.csv", format!("{HEADER}{}", mixed.concat()));
    let export = ZooniverseExport::new(&tree());
    let at_once = export.read(&[&whole]).unwrap();
    let table = at_once.classifications().table();
    for paths in [vec![&early, &whole], vec![&whole, &early], vec![&mixed]] {
        let read = export.read(&paths).unwrap();
        assert!(read.classifications().table().equals(&table), "{paths:?}");
        assert_eq!(read.kept(), at_once.kept());
    }
    let text = std::fs::read(&whole).unwrap();
    let last = rows[59].len();
    // Wherever the last row is cut off, all rows before it are read.
    let expected = files.write("expected.csv", format!("{HEADER}{}", rows[..59].concat()));
    let expected = export.read(&[expected]).unwrap().classifications().table();
    for left_out in 2..last {
        let cut = files.write("cut.csv", &text[..text.len() - left_out]);
        let read = export.read(&[cut]).unwrap();
        assert!(read.classifications().table().equals(&expected), "{left_out}");
        assert!(read.cut_off()[0].starts_with("row 60 of "), "{:?}", read.cut_off());
    }
    // Only the end of line is missing.
    let cut = files.write("cut.csv", &text[..text.len() - 1]);
    let read = export.read(&[cut]).unwrap();
    assert!(read.cut_off().is_empty() && read.classifications().table().equals(&table));
    let packed = files.write("packed.csv.gz", {
        use std::io::Write;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"\xef\xbb\xbf").unwrap();
        gzip.write_all(&text).unwrap();
        gzip.finish().unwrap()
    });
    assert!(export.read(&[packed]).unwrap().classifications().table().equals(&table));
}

#[test]
fn tasks_are_recognised_by_their_answers_and_what_is_not_is_told_with_near_names() {
    let by_answers = |task: &str, value: &str| json!([{ "task": task, "task_label": "What is it?", "value": value }]);
    let rows = [
        Given { annotations: by_answers("T0", "Smooth"), ..Given::default() },
        Given {
            number: 2,
            user: "bob",
            annotations: by_answers("T0", "Featured"),
            ..Given::default()
        },
    ];
    let read = import(&rows, |it| it).unwrap();
    assert_eq!(counts(&read)[0].1, [1.0, 1.0, 0.0, 0.0, 0.0]);
    let means = read.tasks().column("means").unwrap().str().unwrap().get(1).unwrap().to_owned();
    assert_eq!(means, "featured");

    let rows = [Given {
        annotations: json!([{ "task": "T0", "task_label": "Shape", "value": "Smoth" },
            { "task": "T1", "task_label": "Has it a bra?", "value": "Yes" }]),
        ..Given::default()
    }];
    let message = refused(&rows, |it| it);
    for part in [
        "\"Smoth\"",
        "(1 times)",
        "Did you mean \"smooth\"?",
        "T1 \"Has it a bra?\"",
        "\"bar-dr5\"",
        "--mapping",
    ] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
    // The suggestion has what was recognised, and the rest to fill in.
    let files = Files::new();
    let path = files.rows(&rows);
    let suggested = ZooniverseExport::new(&tree()).suggest(&[&path]).unwrap().to_json();
    assert!(
        suggested.contains("\"Smoth\": \"?\"") && suggested.contains("shape-dr5"),
        "{suggested}"
    );
    assert!(TaskMapping::from_json(&suggested).unwrap().check(&tree()).is_err());
    let filled = suggested.replacen("\"?\"", "\"smooth\"", 1).replacen("\"?\"", "\"bar-dr5\"", 1);
    let filled = filled.replace("\"?\"", "\"yes\"");
    let export = ZooniverseExport::new(&tree()).mapping(TaskMapping::from_json(&filled).unwrap());
    assert_eq!(counts(&export.read(&[path]).unwrap())[0].1, [1.0, 0.0, 0.0, 1.0, 0.0]);
    // An answer that the mapping does not know.
    let rule = r#"{"tasks": {"T0": {"question": "shape-dr5", "answers": {"Smooth": "smooth"}}}}"#;
    let mapping = TaskMapping::from_json(rule).unwrap();
    let rows = [Given { annotations: shape("No idea"), ..Given::default() }];
    let message = refused(&rows, |it| it.mapping(mapping.clone()));
    assert!(message.contains("\"No idea\"") && message.contains("shape-dr5"), "{message}");
}

#[test]
fn bad_files_are_refused_with_the_reason() {
    let files = Files::new();
    let export = ZooniverseExport::new(&tree());
    let says = |bytes: &[u8], words: &[&str]| {
        let path = files.write("bad.csv", bytes);
        let message = export.read(&[path]).unwrap_err().to_string();
        for word in words {
            assert!(message.contains(word), "{word} is not in {message}");
        }
    };
    let row = Given::default().line();
    says(b"", &["bad.csv is empty"]);
    says(HEADER.as_bytes(), &["no classifications"]);
    says(
        b"id_str,file_loc\na,b\n",
        &["no classification export", "it lacks classification_id", "annotations"],
    );
    says(b"subject_id,subject_set_id,metadata\n1,2,{}\n", &["looks like a subject export"]);
    says(b"\x89PNG\r\n\x1a\n\x00\xff", &["no classification export"]);
    says(format!("{HEADER}1,ann\n{row}").as_bytes(), &["row 1", "2 cells", "14"]);
    let broken = row.replacen("[{", "[", 1);
    says(format!("{HEADER}{row}{broken}{row}").as_bytes(), &["row 2", "annotations is not JSON"]);
    says(
        format!("{HEADER}{}", row.replace(",3.4,", ",new,")).as_bytes(),
        &["row 1", "workflow_version", "\"new\""],
    );
    says(
        format!("{HEADER}{}", row.replacen("1,", "x,", 1)).as_bytes(),
        &["classification_id", "\"x\""],
    );
    assert!(
        export
            .read(&[files.0.path().join("none.csv")])
            .unwrap_err()
            .to_string()
            .contains("none.csv")
    );
    assert!(export.read::<PathBuf>(&[]).unwrap_err().to_string().contains("at least one"));

    let message = refused(
        &[Given { metadata: json!({ "iauname": "g50", "retired": null }), ..Given::default() }],
        |it| it,
    );
    for part in ["\"id_str\"", "subject 50", "iauname", "--id"] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
    let named = |id: &str| {
        let row = Given { metadata: json!({ "!IAUname": 7 }), ..Given::default() };
        counts(&import(&[row], |it| it.id(id)).unwrap())[0].0.clone()
    };
    assert_eq!((named("iauname"), named("subject_id")), ("7".to_owned(), "50".to_owned()));
    let message = refused(&[Given::default()], |it| it.galaxies(&["other".to_owned()]));
    for part in ["None of 1", "1 of galaxies that are not in the catalogue", "\"g50\"", "--id"] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
    let message =
        refused(&[Given::default(), Given { number: 2, workflow: 13, ..Given::default() }], |it| {
            it
        });
    assert!(
        message.contains("2 workflows") && message.contains("12 (1 classifications)"),
        "{message}"
    );
    assert!(refused(&[Given::default()], |it| it.workflow(11)).contains("no workflow \"11\""));
    assert!(
        refused(&[Given::default()], |it| it.since("yesterday")).contains("since must be a date")
    );
    assert!(refused(&[Given::default()], |it| it.fastest(f64::NAN)).contains("fastest must be"));
    assert!(refused(&[Given::default()], |it| it.versions(["3.x"])).contains("versions must be"));
}

#[test]
fn texts_of_volunteers_do_not_fill_the_memory_and_are_no_answers() {
    let rows: Vec<String> = (0..600_u64)
        .map(|number| {
            let user = format!("volunteer{number}");
            let comment = format!("comment {number}");
            let both = json!([{ "task": "T7", "task_label": "Shape or not?", "value": comment }, shape("Smooth")[0]]);
            Given { number, user: &user, annotations: both, ..Given::default() }.line()
        })
        .collect();
    let files = Files::new();
    let path = files.write("export.csv", format!("{HEADER}{}", rows.concat()));
    let read = ZooniverseExport::new(&tree()).read(&[path]).unwrap();
    assert_eq!(counts(&read)[0].1[0], 600.0);
    assert!(read.tasks().height() <= 257, "{}", read.tasks().height());
}
