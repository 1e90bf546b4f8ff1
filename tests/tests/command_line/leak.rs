//! A picture in both training and validation, under any name.

use super::{errors, figures, run};
use std::path::Path;
use zoobot_core::encoder::{Architecture, Encoder};
use zoobot_core::picture::Recipe;

/// Writes the first galaxies of a survey as `train.csv`, and the rest as `val.csv`, together with
/// one galaxy of `train.csv` whose picture is spelt as `path` says.
fn sides(place: &Path, path: &dyn Fn(&str) -> String) {
    let text = std::fs::read_to_string(place.join("catalog.csv")).unwrap();
    let (head, rows) = text.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    let at = head.split(',').position(|name| name == "file_loc").unwrap();
    let mut cells: Vec<String> = rows[0].split(',').map(str::to_owned).collect();
    cells[0] = "another_name".to_owned();
    cells[at] = path(&cells[at]);
    let train = format!("{head}\n{}\n", rows[..16].join("\n"));
    let val = format!("{head}\n{}\n{}\n", rows[16..].join("\n"), cells.join(","));
    std::fs::write(place.join("train.csv"), train).unwrap();
    std::fs::write(place.join("val.csv"), val).unwrap();
}

#[test]
fn one_picture_on_both_sides_is_refused_however_it_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path();
    let words = ["simulate", "--galaxies", "24", "--size", "40", "--votes", "gz2", "--json"];
    let kinds = ["--kinds", "jellyfish,diffuse", "--out", "."];
    figures(&run(&[&words[..], &kinds].concat(), place));
    let recipe = Recipe { size: 32, zoom: 1.0, ..Recipe::zoobot() };
    let small = Encoder::untrained(Architecture::named("resnet18").unwrap(), recipe, 1).unwrap();
    small.save(place.join("small")).unwrap();
    std::os::unix::fs::symlink(".", place.join("link")).unwrap();
    std::fs::create_dir(place.join("copies")).unwrap();
    let copied = |file: &str| {
        let to = format!("copies/{}.png", file.len());
        std::fs::copy(place.join(file), place.join(&to)).unwrap();
        to
    };
    type Spelling<'a> = (&'a str, &'a dyn Fn(&str) -> String);
    let ways: [Spelling; 6] = [
        ("as it is", &|file| file.to_owned()),
        ("./", &|file| format!("./{file}")),
        ("absolute", &|file| place.join(file).display().to_string()),
        ("..", &|file| format!("copies/../{file}")),
        ("link", &|file| format!("link/{file}")),
        ("copy", &copied),
    ];
    let finetune = ["finetune", "classifier", "--label", "class", "--encoder", "small"];
    let train = ["train", "--schema", "gz2", "--start", "small"];
    for (way, path) in ways {
        sides(place, path);
        for command in [&finetune[..], &train] {
            let more =
                ["--catalog", "train.csv", "--val", "val.csv", "--out", "x", "--epochs", "1"];
            let output = run(&[command, &more].concat(), place);
            let message = errors(&output);
            assert_eq!(output.status.code(), Some(2), "{way}: {message}");
            for word in
                ["1 picture is in both the training and the validation", "another_name", "SIM"]
            {
                assert!(message.contains(word), "{way}: {word:?} is not in {message}");
            }
        }
    }
    // A held-out share has no copies of pictures that are learnt from.
    let text = std::fs::read_to_string(place.join("catalog.csv")).unwrap();
    let (head, rows) = text.split_once('\n').unwrap();
    let again: String = rows.lines().map(|row| format!("again_{row}\n")).collect();
    std::fs::write(place.join("twice.csv"), format!("{head}\n{rows}{again}")).unwrap();
    for command in [&finetune[..], &train] {
        let out = command[0];
        let more = ["--catalog", "twice.csv", "--out", out, "--epochs", "1", "--json"];
        let more = [&more[..], &["--validation", "0.4"]].concat();
        let done = figures(&run(&[command, &more].concat(), place));
        let (train, val) = (done["train"].as_u64().unwrap(), done["val"].as_u64().unwrap());
        assert_eq!(train + val, 48, "{done}");
        assert!(val > 0 && val < 20, "{done}");
    }
}
