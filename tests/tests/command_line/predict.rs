//! `zoobot predict`.

use super::{errors, figures, refused, run, survey, zoobot};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use zoobot_core::catalog::Catalog;
use zoobot_core::encoder::Encoder;
use zoobot_core::model::{Labels, Model};
use zoobot_core::polars::prelude::*;
use zoobot_core::schema::Schema;
use zoobot_core::tch::{Device, nn::VarStore};
use zoobot_core::train::HeadConfig;

/// A model with an untrained head for each schema, beside the survey.
fn model(folder: &Path, schema: &str) {
    let encoder = Encoder::load("imagenet").unwrap();
    let labels = Schema::named(schema).unwrap();
    let config = HeadConfig::concentrations(labels.width());
    let store = VarStore::new(Device::Cpu);
    let head = config.build(&store.root(), encoder.width() as i64, 0).unwrap();
    Model::new(encoder, &head, Labels::Votes(labels)).unwrap().save(folder.join(schema)).unwrap();
}

fn predict<'a>(model: &'a str, out: &'a str) -> [&'a str; 8] {
    ["predict", "--model", model, "--catalog", "catalog.csv", "--out", out, "--json"]
}

fn table(path: &Path) -> DataFrame {
    ParquetReader::new(std::fs::File::open(path).unwrap()).finish().unwrap()
}

#[test]
fn a_catalogue_becomes_tables_of_votes_in_every_format() {
    let dir = survey(5);
    model(dir.path(), "decals_dr5");
    let done = figures(&run(&predict("decals_dr5", "friendly.parquet"), dir.path()));
    assert_eq!((done["predicted"].as_u64(), done["members"].as_u64()), (Some(5), Some(1)));
    assert_eq!(
        (&done["schema"], &done["table"]),
        (&"decals_dr5_ortho_schema".into(), &"friendly".into())
    );
    let friendly = table(&dir.path().join("friendly.parquet"));
    assert_eq!(friendly.shape(), (5, 35));
    let catalog = Catalog::read(dir.path().join("catalog.csv")).unwrap();
    let ids: Vec<&str> =
        friendly.column("id_str").unwrap().str().unwrap().iter().flatten().collect();
    assert_eq!(ids, catalog.ids());

    // A model given twice is an ensemble; passes count as members too.
    let more = ["--model", "decals_dr5", "--passes", "3", "--table", "advanced"];
    let arguments = [&predict("decals_dr5", "a.csv")[..], &more].concat();
    assert_eq!(figures(&run(&arguments, dir.path()))["members"], 6);
    let text = std::fs::read_to_string(dir.path().join("a.csv")).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    assert!(header.starts_with("id_str,smooth-or-featured-dr5_proportion-asked,"), "{header}");
    assert!(header.contains("bar-dr5_strong_90pc-upper"));
    // Nothing is blank.
    assert!(rows.lines().count() == 5 && !rows.contains(",,") && !rows.contains(",\n"));

    run(&predict("decals_dr5", "friendly.fits"), dir.path());
    let fits = std::fs::read(dir.path().join("friendly.fits")).unwrap();
    assert!(fits.starts_with(b"SIMPLE  =                    T") && fits.len().is_multiple_of(2880));
    astropy(&dir.path().join("friendly.fits"), &friendly);
}

/// Reads a FITS table with astropy, if it is installed, and compares.
fn astropy(path: &Path, expected: &DataFrame) {
    const SCRIPT: &str = r#"
import json, sys, warnings
warnings.simplefilter("error")
try:
    from astropy.io import fits
    from astropy.table import Table
except ImportError:
    print("null")
    sys.exit()
with fits.open(sys.argv[1]) as file:
    file.verify("exception")
    kinds = [column.format for column in file[1].columns]
table = Table.read(sys.argv[1])
blank = lambda value: None if value != value else float(value)
columns = [[blank(value) for value in table[name].filled(float("nan"))] if hasattr(table[name], "filled")
           else [blank(value) for value in table[name]] for name in table.colnames[1:]]
print(json.dumps({"names": table.colnames, "kinds": kinds,
                  "ids": [str(name) for name in table["id_str"]], "columns": columns}))
"#;
    let Some(python) = zoobot_tests::python() else { return zoobot_tests::skip("no Python") };
    let output = Command::new(python).args(["-c", SCRIPT]).arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    if found.is_null() {
        return zoobot_tests::skip("this Python has no astropy");
    }
    let names: Vec<&str> = expected.get_column_names().into_iter().map(|it| it.as_str()).collect();
    assert_eq!(found["names"], serde_json::json!(names));
    assert!(found["kinds"][0].as_str().unwrap().ends_with('A') && found["kinds"][1] == "D");
    let ids: Vec<&str> =
        expected.column("id_str").unwrap().str().unwrap().iter().flatten().collect();
    assert_eq!(found["ids"], serde_json::json!(ids));
    for (name, column) in names[1..].iter().zip(found["columns"].as_array().unwrap()) {
        let expected: Vec<Option<f64>> =
            expected.column(name).unwrap().f64().unwrap().iter().collect();
        assert_eq!(*column, serde_json::json!(expected), "{name}");
    }
}

#[test]
fn models_and_files_that_cannot_be_used_are_refused_with_one_line() {
    let dir = survey(2);
    refused(&predict("nowhere", "a.fits"), dir.path(), &["nowhere"]);
    refused(&predict("nowhere", "a.txt"), dir.path(), &["a.txt", ".parquet, .csv or .fits"]);
    Encoder::load("imagenet").unwrap().save(dir.path().join("encoder")).unwrap();
    refused(&predict("encoder", "a.fits"), dir.path(), &["no head.json", "an encoder alone"]);
    model(dir.path(), "gz_rings");
    model(dir.path(), "gz2");
    let both = [&predict("gz_rings", "a.fits")[..], &["--model", "gz2"]].concat();
    refused(&both, dir.path(), &["predicts votes for gz2", "gz_rings"]);
    let kind = [&predict("gz_rings", "a.csv")[..], &["--table", "wide"]].concat();
    let output = run(&kind, dir.path());
    assert!(output.status.code() == Some(2) && errors(&output).contains("friendly or advanced"));
    // A column that FITS cannot hold is reported before the pictures are read.
    let catalog = "id_str,file_loc\nM\u{e9}chain 1,none.jpg\n";
    std::fs::write(dir.path().join("catalog.csv"), catalog).unwrap();
    refused(&predict("gz_rings", "a.fits"), dir.path(), &["M\u{e9}chain 1", "ASCII"]);
}

#[test]
fn a_prediction_that_ctrl_c_stops_goes_on_with_the_next_run() {
    let dir = survey(600);
    model(dir.path(), "gz_rings");
    let arguments = predict("gz_rings", "votes.parquet");
    let mut child = zoobot()
        .args(arguments)
        .current_dir(dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let parts = || {
        let entries = std::fs::read_dir(dir.path()).unwrap().flatten();
        let mut paths = entries.map(|entry| entry.path());
        paths.find(|path| path.extension().is_some_and(|ending| ending == "parts"))
    };
    while parts().is_none() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before its parts appeared");
        std::thread::yield_now();
    }
    // Some pictures have been processed by then.
    std::thread::sleep(std::time::Duration::from_millis(700));
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let stopped = child.wait_with_output().unwrap();
    assert_eq!(stopped.status.code(), Some(130), "{}", errors(&stopped));
    let done = figures(&run(&arguments, dir.path()));
    assert_eq!(done["predicted"], 600);
    assert!(done["resumed"].as_u64().unwrap() > 0, "{done}");
    let votes = table(&dir.path().join("votes.parquet"));
    let whole = predict("gz_rings", "whole.parquet");
    assert_eq!(figures(&run(&whole, dir.path()))["resumed"], 0);
    let expected = table(&dir.path().join("whole.parquet"));
    assert!(votes.column("id_str").unwrap().equals(expected.column("id_str").unwrap()));
    // The batches differ, and with them the last bits of the features.
    let shares = |table: &DataFrame| -> Vec<f64> {
        let column = table.column("ring_yes_fraction").unwrap().f64().unwrap().clone();
        column.into_no_null_iter().collect()
    };
    let off = shares(&votes).into_iter().zip(shares(&expected)).map(|(a, b)| (a - b).abs());
    assert!(off.fold(0.0, f64::max) < 1e-4);
    assert!(parts().is_none());
}
