//! `zoobot zooniverse` and `zoobot ask`.

use super::laboratory::lab;
use super::{errors, figures, refused, run, zoobot};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;
use zoobot_core::catalog::read_table;
use zoobot_core::schema::{Schema, Votes};

/// The counts in a table of votes, by galaxy.
fn counts(path: &Path) -> BTreeMap<String, Vec<f64>> {
    let schema = Schema::named("decals_dr5").unwrap();
    let votes = Votes::from_table(&read_table(path).unwrap(), &schema).unwrap();
    let rows = votes.counts().rows().into_iter().map(|it| it.to_vec()).collect::<Vec<_>>();
    votes.ids().iter().cloned().zip(rows).collect()
}

#[test]
fn a_made_export_becomes_the_votes_of_its_plan_and_planted_bots_fall() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let make =
        ["make-export", "--classifications", "36000", "--galaxies", "900", "--volunteers", "700"];
    let plan = figures(&lab(&[&make[..], &["--out", "made", "--json"]].concat(), folder));
    let options: Vec<String> = plan["options"]
        .as_str()
        .unwrap()
        .replace("mapping.json", "made/mapping.json")
        .split(' ')
        .map(str::to_owned)
        .collect();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let import = |files: &[&str], out: &str| {
        let words = [
            &["zooniverse", "import"],
            files,
            &options[..],
            &["--out", out, "--overwrite", "--json"],
        ];
        figures(&run(&words.concat(), folder))
    };
    let done = import(&["made/export.csv"], "votes.csv");
    let expected = counts(&folder.join("made/plan.csv"));
    let found = counts(&folder.join("votes.csv"));
    // Galaxies that only bots saw have no votes.
    let found: BTreeMap<_, _> =
        found.into_iter().filter(|it| it.1.iter().sum::<f64>() > 0.0).collect();
    assert_eq!(found.len(), expected.len());
    assert!(found == expected);
    let mut bots: Vec<&str> = done["removed_volunteers"]["artifact_bots"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    bots.sort_unstable();
    let planted: Vec<&str> =
        plan["bots"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert_eq!(bots, planted);
    for (reason, count) in plan["dropped"].as_object().unwrap() {
        assert_eq!(&done["dropped"][reason], count, "{reason}");
    }
    let dropped: u64 = done["dropped"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|it| !it.0.starts_with("answers"))
        .map(|it| it.1.as_u64().unwrap())
        .sum();
    assert_eq!(dropped + done["kept"].as_u64().unwrap(), 36_000);

    // An export that grows: its first part, cut off within a row, then the whole.
    let whole = std::fs::read(folder.join("made/export.csv")).unwrap();
    std::fs::write(folder.join("early.csv"), &whole[..whole.len() / 3]).unwrap();
    let early = import(&["early.csv"], "early_votes.csv");
    assert!(early["cut_off"][0].as_str().unwrap().contains("early.csv"), "{early}");
    assert!(early["notes"][0].as_str().unwrap().contains("cut off"), "{early}");
    let both = import(&["early.csv", "made/export.csv"], "both.csv");
    assert_eq!(both["kept"], done["kept"]);
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert!(text("both.csv") == text("votes.csv"));

    // Without the mapping, what is not recognised is told, and a mapping is suggested.
    let words = [
        "zooniverse",
        "import",
        "made/export.csv",
        "--schema",
        "decals_dr5",
        "--workflow",
        "10582",
    ];
    refused(
        &[&words[..], &["--versions", "12", "--out", "none.csv"]].concat(),
        folder,
        &["does not fit", "--suggest-mapping"],
    );
    assert!(!folder.join("none.csv").exists());
    let suggest =
        [&words[..], &["--versions", "12", "--suggest-mapping", "suggested.json", "--json"]]
            .concat();
    assert!(figures(&run(&suggest, folder))["unknown"].as_u64().unwrap() > 10);
    assert!(text("suggested.json").contains("\"?\""));
    refused(
        &[&words[..7], &["--out", "none.csv", "--mapping", "suggested.json"]].concat(),
        folder,
        &["\"?\""],
    );

    // Weights, single answers, and the galaxies of a catalogue.
    std::fs::write(
        folder.join("some.csv"),
        "id_str,file_loc\nJ000000.00+000000.0,a.jpg\nJ000001.00+000000.0,b.jpg\n",
    )
    .unwrap();
    let more =
        ["--weighted", "w.csv", "--classifications", "single.parquet", "--catalog", "some.csv"];
    let some = figures(&run(
        &[
            &["zooniverse", "import", "made/export.csv"],
            &options[..],
            &["--out", "some_votes.csv", "--json"],
            &more,
        ]
        .concat(),
        folder,
    ));
    assert_eq!(some["galaxies"], 2);
    let of_two = counts(&folder.join("some_votes.csv"));
    // About two galaxies the bots say too little to be known: their artifacts, the third answer, stay.
    for (id, votes) in &of_two {
        let more: Vec<f64> = votes.iter().zip(&expected[id]).map(|(a, b)| a - b).collect();
        assert!(more.iter().enumerate().all(|(answer, it)| *it == 0.0 || answer == 2), "{more:?}");
        assert!((0.0..=5.0).contains(&more[2]), "{more:?}");
    }
    assert!(text("some_votes.csv").contains("a.jpg"));
    let retire = [
        "zooniverse",
        "retire",
        "single.parquet",
        "--schema",
        "decals_dr5",
        "--question",
        "smooth-or-featured-dr5",
        "--json",
    ];
    let replayed = figures(&run(&retire, folder));
    assert_eq!(replayed["galaxies"], 2);
    std::fs::write(folder.join("other.csv"), "id_str,file_loc\nX,a.jpg\n").unwrap();
    let other = [
        &["zooniverse", "import", "made/export.csv"],
        &options[..],
        &["--out", "o.csv", "--catalog", "other.csv"],
    ]
    .concat();
    refused(&other, folder, &["None of", "not in the catalogue", "J0", "--id"]);
    std::fs::write(folder.join("empty.csv"), "").unwrap();
    refused(
        &["zooniverse", "import", "empty.csv", "--schema", "decals_dr5", "--out", "o.csv"],
        folder,
        &["empty.csv is empty"],
    );
    refused(
        &["zooniverse", "import", "some.csv", "--schema", "decals_dr5", "--out", "o.csv"],
        folder,
        &["no classification export", "Data Exports"],
    );
    refused(
        &["zooniverse", "import", "made/export.csv", "--schema", "decals_dr5", "--out", "o.docx"],
        folder,
        &["cannot be written"],
    );
    refused(
        &[
            "zooniverse",
            "import",
            "made/export.csv",
            "--schema",
            "decals_dr5",
            "--out",
            "made/export.csv",
        ],
        folder,
        &["exists already"],
    );
}

/// The files below a folder, by their relative names, with their contents.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        // Not there before the first file is written.
        let Ok(entries) = std::fs::read_dir(next) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => open.push(path),
                false => {
                    let name = path.strip_prefix(folder).unwrap().display().to_string();
                    // A file that was being written may be gone.
                    if let Ok(bytes) = std::fs::read(&path) {
                        found.insert(name, bytes);
                    }
                }
            }
        }
    }
    found
}

#[test]
fn a_subject_set_is_resumed_after_kills_and_comes_back_as_votes() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    figures(&run(
        &["simulate", "--galaxies", "150", "--size", "64", "--out", "survey", "--json"],
        folder,
    ));
    let words = |out: &'static str| {
        [
            "zooniverse",
            "export",
            "survey",
            "--schema",
            "decals_dr5",
            "--part",
            "60",
            "--columns",
            "class",
            "--out",
            out,
            "--json",
        ]
    };
    let whole = figures(&run(&words("whole"), folder));
    assert_eq!(
        (&whole["subjects"], &whole["parts"], &whole["written"]),
        (&150.into(), &3.into(), &150.into())
    );
    for number in 0..4 {
        let mut child = zoobot()
            .args(words("killed"))
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(120 + 60 * number));
        // SIGKILL.
        child.kill().unwrap();
        child.wait().unwrap();
        let halfway = files(&folder.join("killed"));
        let pictures = halfway.iter().filter(|it| it.0.ends_with(".jpg"));
        assert!(
            pictures.into_iter().all(|it| it.1.ends_with(&[0xff, 0xd9])),
            "a picture is not whole"
        );
    }
    figures(&run(&words("killed"), folder));
    let (mut expected, mut found) = (files(&folder.join("whole")), files(&folder.join("killed")));
    // Unfinished files of a process that was killed have other names, and the ledger may name a file twice.
    found.retain(|name, _| !name.contains("partial"));
    assert!(expected.remove("ledger.jsonl").is_some() && found.remove("ledger.jsonl").is_some());
    assert_eq!(expected.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>());
    assert!(expected == found);
    // A file that went missing is made again; nothing else is.
    std::fs::remove_file(folder.join("killed/part-002/SIM000070.jpg")).unwrap();
    assert_eq!(figures(&run(&words("killed"), folder))["written"], 1);
    refused(
        &[
            "zooniverse",
            "export",
            "survey",
            "--schema",
            "decals_dr5",
            "--part",
            "50",
            "--out",
            "whole",
        ],
        folder,
        &["other galaxies or settings"],
    );
    let manifest = std::fs::read_to_string(folder.join("whole/part-003/manifest.csv")).unwrap();
    assert!(
        manifest.starts_with("image,#id_str,#class\n") && manifest.lines().count() == 31,
        "{manifest}"
    );
    let workflow = std::fs::read_to_string(folder.join("whole/workflow.txt")).unwrap();
    assert!(workflow.contains("Smooth or featured?"), "{workflow}");

    // Volunteers answer with the labels of workflow.txt: automatically, and by mapping.json.
    let mut export = String::from(
        "classification_id,user_name,user_id,workflow_id,workflow_version,created_at,metadata,annotations,subject_data,subject_ids\n",
    );
    for (number, line) in manifest.lines().skip(1).enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        let data = json!({ (900 + number).to_string(): { "retired": null, "image": cells[0], "#id_str": cells[1] } });
        let given = json!([{ "task": "T0", "task_label": "Smooth or featured?", "value": "Featured or disk" },
            { "task": "T1", "task_label": "Disk edge on?", "value": "No" }]);
        let quoted = |it: &Value| format!("\"{}\"", it.to_string().replace('"', "\"\""));
        export += &format!(
            "{number},ann,7,12,1.1,2024-05-01 10:00:00 UTC,{{}},{},{},{}\n",
            quoted(&given),
            quoted(&data),
            900 + number
        );
    }
    std::fs::write(folder.join("export.csv"), export).unwrap();
    let import = [
        "zooniverse",
        "import",
        "export.csv",
        "--schema",
        "decals_dr5",
        "--catalog",
        "survey",
        "--json",
        "--out",
    ];
    figures(&run(&[&import[..], &["auto.csv"]].concat(), folder));
    figures(&run(
        &[&import[..], &["mapped.csv", "--mapping", "whole/mapping.json"]].concat(),
        folder,
    ));
    let (auto, mapped) = (counts(&folder.join("auto.csv")), counts(&folder.join("mapped.csv")));
    assert!(auto == mapped && auto.len() == 30);
    let schema = Schema::named("decals_dr5").unwrap();
    for column in ["smooth-or-featured-dr5_featured-or-disk", "disk-edge-on-dr5_no"] {
        assert!(
            auto.values().all(|it| it[schema.answer(column).unwrap().index()] == 1.0),
            "{column}"
        );
    }
    assert!(auto.values().all(|it| it.iter().sum::<f64>() == 2.0));
}

/// A page that a command serves.
struct Page {
    child: Child,
    port: u16,
    token: String,
}

impl Page {
    fn of(arguments: &[&str], folder: &Path) -> Self {
        let mut child = zoobot()
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let rest =
            first.trim().strip_prefix("http://127.0.0.1:").unwrap_or_else(|| panic!("{first}"));
        let (port, token) = rest.split_once("/?token=").unwrap();
        Self { child, port: port.parse().unwrap(), token: token.to_owned() }
    }

    /// The answer to a request; `None` if the server is gone.
    fn post(&self, path: &str, body: &Value) -> Option<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        let (body, port, token) = (body.to_string(), self.port, &self.token);
        let head = format!(
            "POST /api/{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-Zoobot-Token: {token}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).ok()?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).ok()?;
        let end = bytes.windows(4).position(|it| it == b"\r\n\r\n")? + 4;
        serde_json::from_slice(&bytes[end..]).ok().filter(|_| bytes[9..12] == *b"200")
    }
}

#[test]
fn no_answer_that_the_page_has_taken_is_lost_when_it_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let words = [
        "ask",
        "--catalog",
        "sample",
        "--classes",
        "ring,shell,neither",
        "--journal",
        "answers.jsonl",
    ];
    let mut taken = 0;
    for number in 0..6_u64 {
        let mut page = Page::of(&[&words[..], &["--browser"]].concat(), folder);
        let state = page.post("state", &json!({ "user": "ana" })).unwrap();
        assert!(state["answered"].as_u64().unwrap() >= taken, "{state}");
        taken = state["answered"].as_u64().unwrap();
        let mut next = state["next"][0]["id"].clone();
        let begun = std::time::Instant::now();
        let killed = std::thread::scope(|scope| {
            let page = &page;
            let answers = scope.spawn(move || {
                let mut count = 0;
                while let Some(state) =
                    page.post("answer", &json!({ "user": "ana", "id": next, "answer": "shell" }))
                {
                    next = state["next"][0]["id"].clone();
                    count += 1;
                    if next.is_null() {
                        break;
                    }
                }
                count
            });
            std::thread::sleep(Duration::from_millis(20 + 17 * number));
            let pid = page.child.id().to_string();
            assert!(
                std::process::Command::new("kill").args(["-9", &pid]).status().unwrap().success()
            );
            answers.join().unwrap()
        });
        page.child.wait().unwrap();
        println!("{killed} answers in {:?}", begun.elapsed());
        taken += killed;
    }
    let said = figures(&run(&[&words[..], &["--out", "votes.csv", "--json"]].concat(), folder));
    let (found, lines) = (
        said["answers"]["shell"].as_u64().unwrap(),
        std::fs::read_to_string(folder.join("answers.jsonl")).unwrap(),
    );
    // At each kill one answer may be on the disk that was not acknowledged.
    assert!(found >= taken && found <= taken + 6 && taken > 10, "{found} {taken}");
    assert!(lines.lines().all(|it| serde_json::from_str::<Value>(it).is_ok()));
    assert_eq!(said["people"], json!(["ana"]));
    assert!(said["fleiss_kappa"].is_null());
    refused(
        &[
            "ask",
            "--catalog",
            "sample",
            "--schema",
            "decals_dr5",
            "--question",
            "bar",
            "--journal",
            "a.jsonl",
        ],
        folder,
        &["bar-dr5"],
    );
    refused(
        &["ask", "--catalog", "sample", "--classes", "ring", "--journal", "a.jsonl"],
        folder,
        &["answer"],
    );
    refused(
        &["ask", "--catalog", "sample", "--classes", "a,b", "--journal", "none.jsonl"],
        folder,
        &["none.jsonl"],
    );
    assert!(!folder.join("none.jsonl").exists());
}

#[test]
fn retiring_tells_the_effort_that_it_saves() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    figures(&run(
        &[
            "simulate",
            "--galaxies",
            "80",
            "--size",
            "32",
            "--votes",
            "gz_rings",
            "--out",
            "survey",
            "--json",
        ],
        folder,
    ));
    let words = [
        "zooniverse",
        "retire",
        "survey/catalog.csv",
        "--schema",
        "gz_rings",
        "--question",
        "ring",
        "--json",
    ];
    let done = figures(&run(&[&words[..], &["--out", "retired.csv"]].concat(), folder));
    let whole: u64 = ["sure", "limit", "open"].iter().map(|it| done[*it].as_u64().unwrap()).sum();
    assert_eq!(whole, 80);
    let (answers, fixed) =
        (done["effort"]["answers"].as_u64().unwrap(), done["effort"]["fixed"].as_u64().unwrap());
    assert!(
        answers < fixed
            && (done["effort"]["saved"].as_f64().unwrap() - (1.0 - answers as f64 / fixed as f64))
                .abs()
                < 1e-12
    );
    let table = std::fs::read_to_string(folder.join("retired.csv")).unwrap();
    assert!(
        table.starts_with("id_str,votes,leader,probability,retired\n")
            && table.lines().count() == 81
    );
    // A model's expectation: the truth, as fractions.
    let votes = Votes::from_table(
        &read_table(&folder.join("survey/catalog.csv")).unwrap(),
        &Schema::named("gz_rings").unwrap(),
    )
    .unwrap();
    let mut prior = String::from("id_str,ring_yes_fraction,ring_no_fraction\n");
    for (id, shares) in votes.ids().iter().zip(votes.fractions().rows()) {
        prior += &format!("{id},{},{}\n", shares[0], shares[1]);
    }
    std::fs::write(folder.join("expected.csv"), prior.replace("NaN", "")).unwrap();
    let helped = figures(&run(&[&words[..], &["--prior", "expected.csv"]].concat(), folder));
    assert!(
        helped["effort"]["saved"].as_f64() > done["effort"]["saved"].as_f64(),
        "{helped} {done}"
    );
    refused(&[&words[..7], &["--sure", "1"]].concat(), folder, &["--sure must be"]);
    refused(
        &[
            "zooniverse",
            "retire",
            "survey/catalog.csv",
            "--schema",
            "gz_rings",
            "--question",
            "rign",
        ],
        folder,
        &["Did you mean \"ring\"?"],
    );
    let wrong = run(&[&words[..7], &["--prior", "retired.csv"]].concat(), folder);
    assert!(errors(&wrong).contains("ring_yes_fraction"), "{}", errors(&wrong));
}
