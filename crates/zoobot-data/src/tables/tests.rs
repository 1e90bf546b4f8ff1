//! Tables with every type of column, written by astropy: see `tests/recorded/sky_tables/make.py`.

use super::SkyTable;
use crate::catalog::TableFormat;
use polars::prelude::*;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn recorded() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/recorded/sky_tables")
}

/// Whether a cell is what astropy read; whole numbers are recorded as text with all their digits.
fn is_same(cell: &AnyValue, wanted: &Value) -> bool {
    let number = |it: f64| match wanted {
        Value::Number(wanted) => wanted.as_f64() == Some(it),
        Value::String(text) => text == "inf" && it.is_infinite(),
        _ => false,
    };
    match cell {
        AnyValue::Null => wanted.is_null(),
        AnyValue::Boolean(it) => wanted.as_bool() == Some(*it),
        AnyValue::String(it) => wanted.as_str() == Some(it),
        AnyValue::StringOwned(it) => wanted.as_str() == Some(it),
        AnyValue::Float32(it) => number(f64::from(*it)),
        AnyValue::Float64(it) => number(*it),
        AnyValue::List(list) => {
            let Some(wanted) = wanted.as_array() else { return false };
            list.len() == wanted.len()
                && list.iter().zip(wanted).all(|(it, wanted)| is_same(&it, wanted))
        }
        whole => {
            wanted.as_str() == Some(&whole.to_string())
                || whole.extract::<f64>().is_some_and(number)
        }
    }
}

/// Checks a table against the recorded columns whose names begin with `part`.
fn check(table: &SkyTable, part: &str, from: &str) {
    let text = std::fs::read_to_string(recorded().join("expected.json")).unwrap();
    let all: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
    let mut count = 0;
    for (key, expected) in &all {
        let Some(name) = key.strip_prefix(part).filter(|name| !name.contains('/')) else {
            continue;
        };
        count += 1;
        let column = table.frame().column(name).unwrap_or_else(|_| panic!("{from}: no {name}"));
        let series = column.as_materialized_series();
        let wanted = expected["values"].as_array().unwrap();
        for (row, (cell, wanted)) in series.iter().zip(wanted).enumerate() {
            assert!(is_same(&cell, wanted), "{from}: {name}, row {row}: {cell:?}, not {wanted}");
        }
        let unit = table.info(name).unit.map(|it| it.replace(' ', "").replace("count", "ct"));
        let wanted = expected["unit"].as_str().map(|it| it.replace(' ', ""));
        assert_eq!(unit, wanted, "{from}: unit of {name}");
    }
    assert_eq!(count, table.frame().width(), "{from}");
}

#[test]
fn every_type_of_a_fits_column_is_read_and_passes_through_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let first = SkyTable::read(recorded().join("every.fits")).unwrap();
    check(&first, "", "every.fits");
    assert_eq!(first.info("J").description.as_deref(), Some("a whole number"));
    assert_eq!(first.info("D").ucd.as_deref(), Some("spect.dopplerVeloc"));
    let mut table = first.clone();
    for name in
        ["a.parquet", "b.fits", "c.ecsv", "d.vot", "e.fits.gz", "f.parquet", "g.vot.gz", "h.fits"]
    {
        let path = folder.path().join(name);
        table.write(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        table = SkyTable::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        check(&table, "", name);
        for of in ["J", "D"] {
            let (read, wanted) = (table.info(of), first.info(of));
            assert_eq!((read.description, read.ucd), (wanted.description, wanted.ucd), "{name}");
        }
        if TableFormat::of(&path).unwrap() != TableFormat::VoTable {
            continue;
        }
        // VOTable has no numbers without a sign beyond one byte: they become wider ones.
        assert_eq!(table.frame().column("u16").unwrap().dtype(), &DataType::Int32);
    }
    // Of a table without such numbers, the types stay, too.
    let plain = first.with_frame(first.frame().drop_many(["i8", "u16", "u32", "u64"]));
    let mut table = plain.clone();
    for name in ["i.fits", "j.parquet", "k.vot", "l.ecsv", "m.fits"] {
        table.write(folder.path().join(name)).unwrap();
        table = SkyTable::read(folder.path().join(name)).unwrap();
        let kinds = |table: &SkyTable| table.frame().dtypes();
        assert_eq!(kinds(&table), kinds(&plain), "{name}");
    }
    let [one, two] = ["i.fits", "m.fits"].map(|it| std::fs::read(folder.path().join(it)).unwrap());
    assert!(one == two, "the first FITS table and the last differ");
}

#[test]
fn votables_and_ecsv_of_astropy_are_read_with_units_and_empty_cells() {
    for name in ["some_tabledata.vot", "some_binary2.vot", "some.ecsv", "some_comma.ecsv"] {
        let table =
            SkyTable::read(recorded().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        check(&table, "some/", name);
        assert_eq!(table.info("objid").description.as_deref(), Some("an id & more"), "{name}");
        assert_eq!(table.frame().column("n").unwrap().dtype(), &DataType::Int16, "{name}");
    }
}

#[test]
fn the_table_of_228_columns_comes_back_from_parquet_and_votable() {
    let Some(path) = zoobot_testing::data("tables/gz2_table5_stripe82_coadd_votes.fits.gz") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let first = SkyTable::read(path).unwrap();
    assert_eq!(first.frame().shape(), (19_761, 228));
    // All columns of some rows: text of 4.5 million cells takes its time.
    let first = first.with_frame(first.frame().slice(9_000, 600));
    let mut table = first.clone();
    for name in ["a.parquet", "b.vot", "c.fits"] {
        table.write(folder.path().join(name)).unwrap();
        table = SkyTable::read(folder.path().join(name)).unwrap();
    }
    assert!(table.frame().equals_missing(first.frame()));
    assert_eq!(table.frame().dtypes(), first.frame().dtypes());
    assert_eq!(table.infos(), first.infos());
}

#[test]
fn a_folder_of_parquet_files_is_one_table_with_the_keys_of_its_folders() {
    let folder = tempfile::tempdir().unwrap();
    for (year, band, ids) in [(2020, "g", [1_i64, 2]), (2020, "r", [3, 4]), (2021, "g", [5, 6])] {
        let part = df!("objid" => ids, "z" => [0.5, 0.25]).unwrap();
        let path = folder.path().join(format!("year={year}/band={band}/part-0.parquet"));
        SkyTable::new(part).write(path).unwrap();
    }
    std::fs::write(folder.path().join("_SUCCESS"), "").unwrap();
    let table = SkyTable::read(folder.path()).unwrap();
    let ids: Vec<i64> =
        table.frame().column("objid").unwrap().i64().unwrap().iter().flatten().collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
    let years: Vec<i64> =
        table.frame().column("year").unwrap().i64().unwrap().iter().flatten().collect();
    assert_eq!(years, [2020, 2020, 2020, 2020, 2021, 2021]);
    assert_eq!(table.frame().column("band").unwrap().str().unwrap().get(2), Some("r"));
    SkyTable::new(df!("other" => [1]).unwrap()).write(folder.path().join("z.parquet")).unwrap();
    let message = SkyTable::read(folder.path()).unwrap_err().to_string();
    assert!(message.contains("z.parquet has other columns"), "{message}");
}

/// Reads damaged tables: bits that were flipped, files that were cut off, headers that lie.
#[test]
fn damaged_tables_are_errors_or_tables_but_never_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let table = SkyTable::read(recorded().join("every.fits")).unwrap();
    table.write(folder.path().join("every.parquet")).unwrap();
    table.write(folder.path().join("every.vot")).unwrap();
    let files = [
        recorded().join("every.fits"),
        recorded().join("some_binary2.vot"),
        recorded().join("some.ecsv"),
        folder.path().join("every.parquet"),
        folder.path().join("every.vot"),
    ];
    // A generator of Knuth's, so that each run is the same.
    let mut state = 2024_u64;
    let mut next = move |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    };
    let rounds =
        std::env::var("ZOOBOT_MUTATIONS").ok().and_then(|it| it.parse().ok()).unwrap_or(30);
    let lies = [
        ("NAXIS1", "1000000000"),
        ("NAXIS2", "-5"),
        ("NAXIS", "1000000000"),
        ("TFIELDS", "999999999"),
        ("PCOUNT", "-1"),
        ("END", "EMD"),
        ("TFORM1", "'1000000000K'"),
    ];
    let mut errors = 0;
    for file in &files {
        let whole = std::fs::read(file).unwrap();
        for round in 0..rounds {
            let mut bytes = whole.clone();
            match round % 3 {
                0 => (0..=next(4)).for_each(|_| {
                    let at = next(bytes.len());
                    bytes[at] ^= 1 << next(8);
                }),
                1 => bytes.truncate(next(bytes.len())),
                _ => {
                    let (key, value) = lies[next(lies.len())];
                    let card = bytes
                        .chunks_exact(80)
                        .position(|it| it.starts_with(format!("{key:<8}").as_bytes()));
                    match card.filter(|_| file.ends_with("every.fits")) {
                        Some(card) => {
                            let lie = format!("{key:<8}= {value:>20}");
                            bytes[80 * card..80 * card + lie.len()].copy_from_slice(lie.as_bytes());
                        }
                        None => {
                            let at = next(bytes.len());
                            let end = (at + next(200)).min(bytes.len());
                            bytes.drain(at..end);
                        }
                    }
                }
            }
            let path = folder.path().join("damaged").with_extension(file.extension().unwrap());
            std::fs::write(&path, &bytes).unwrap();
            let read = std::panic::catch_unwind(|| SkyTable::read(&path).map(drop));
            match read {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    let message = error.to_string();
                    assert!(message.contains("damaged."), "{message}");
                    errors += 1;
                }
                Err(_) => {
                    std::fs::write("/tmp/zoobot-damaged-table", &bytes).unwrap();
                    panic!("{} in round {round}: see /tmp/zoobot-damaged-table", file.display());
                }
            }
        }
    }
    assert!(errors > 2 * rounds, "{errors} errors");
}
