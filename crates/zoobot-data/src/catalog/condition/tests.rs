use super::*;
use crate::catalog::Catalog;
use polars::prelude::*;
use serde_json::Value as Json;

fn recorded() -> Json {
    serde_json::from_str(include_str!("../../../../../tests/recorded/conditions/expected.json"))
        .unwrap()
}

fn catalog(mut columns: Vec<Column>) -> Catalog {
    let rows = columns[0].len();
    let ids: Vec<String> = (1..=rows).map(|n| n.to_string()).collect();
    columns.push(Column::new("id_str".into(), &ids));
    columns.push(Column::new("file_loc".into(), vec!["a.jpg"; rows]));
    Catalog::from_table(DataFrame::new(rows, columns).unwrap(), "").unwrap()
}

fn all<T>(json: &Json, of: impl Fn(&Json) -> Option<T>) -> Vec<Option<T>> {
    json.as_array().unwrap().iter().map(of).collect()
}

/// The recorded table, with whole numbers and floats.
fn table() -> Catalog {
    let columns = &recorded()["columns"];
    let of = |name: &str| -> Column {
        let json = &columns[name];
        match name {
            "class" => Column::new(name.into(), all(json, |it| it.as_str().map(str::to_owned))),
            "x" | "y" => Column::new(name.into(), all(json, Json::as_f64)),
            _ => Column::new(name.into(), all(json, Json::as_i64)),
        }
    };
    catalog(["n", "objid", "x", "y", "class"].map(of).to_vec())
}

fn kept(catalog: &Catalog, text: &str) -> Vec<i64> {
    let kept = catalog.filter(condition(text).unwrap()).unwrap_or_else(|it| panic!("{text}: {it}"));
    kept.ids().iter().map(|it| it.parse().unwrap()).collect()
}

fn refused(catalog: &Catalog, text: &str) -> String {
    let outcome = condition(text).and_then(|it| catalog.filter(it));
    outcome.err().unwrap_or_else(|| panic!("{text} is taken")).to_string()
}

#[test]
fn conditions_keep_the_rows_that_sqlite_keeps() {
    let (galaxies, recorded) = (table(), recorded());
    let cases = recorded["cases"].as_array().unwrap();
    assert!(cases.len() > 60);
    for case in cases {
        let text = case[0].as_str().unwrap();
        let rows: Vec<i64> = all(&case[1], Json::as_i64).into_iter().flatten().collect();
        assert_eq!(kept(&galaxies, text), rows, "{text}");
    }
}

#[test]
fn unsigned_numbers_of_64_bits_are_compared_exactly_in_every_type_that_holds_them() {
    let recorded = recorded();
    let large = all(&recorded["large"], Json::as_u64);
    let texts: Vec<Option<String>> = large.iter().map(|it| it.map(|it| it.to_string())).collect();
    let text = Column::new("large".into(), texts);
    for column in [Column::new("large".into(), large), text] {
        let kind = column.dtype().clone();
        let galaxies = catalog(vec![column]);
        for case in recorded["unsigned"].as_array().unwrap() {
            let text = case[0].as_str().unwrap();
            let rows: Vec<i64> = all(&case[1], Json::as_i64).into_iter().flatten().collect();
            assert_eq!(kept(&galaxies, text), rows, "{text} of {kind}");
        }
    }
}

#[test]
fn signed_and_unsigned_columns_are_compared_exactly() {
    let signed = Column::new("a".into(), [-1_i64, i64::MAX, 5, 9_007_199_254_740_993]);
    let unsigned = Column::new("b".into(), [u64::MAX, 1 << 63, 5, 9_007_199_254_740_992]);
    let galaxies = catalog(vec![signed, unsigned]);
    assert_eq!(kept(&galaxies, "a < b"), [1, 2]);
    assert_eq!(kept(&galaxies, "a = b"), [3]);
    assert_eq!(kept(&galaxies, "a > b"), [4]);
}

#[test]
fn narrow_floats_find_the_number_that_was_written() {
    let wide = [0.1_f64, 17.5, 16_777_216.0, f64::NAN];
    let single: Vec<f32> = wide.iter().map(|it| *it as f32).collect();
    let half = Column::new("h".into(), [0.1_f32, 17.5, 2048.0, f32::NAN]);
    let half = half.cast(&DataType::Float16).unwrap();
    let galaxies = catalog(vec![Column::new("s".into(), single), half]);
    assert_eq!(kept(&galaxies, "s = 0.1"), [1]);
    assert_eq!(kept(&galaxies, "s > 0.1"), [2, 3]);
    assert_eq!(kept(&galaxies, "h = 0.1"), [1]);
    assert_eq!(kept(&galaxies, "h <= '0.1'"), [1]);
    // Whole numbers are never rounded.
    assert_eq!(kept(&galaxies, "s = 16777217"), [] as [i64; 0]);
    assert_eq!(kept(&galaxies, "h = 2049"), [] as [i64; 0]);
    assert_eq!(kept(&galaxies, "s is missing and h is null"), [4]);
}

#[test]
fn text_is_compared_as_numbers_where_it_holds_numbers() {
    let id = Column::new("id".into(), ["0012", "12.0", " 13", "n/a", "", "99999999999999999999"]);
    let galaxies = catalog(vec![id]);
    assert_eq!(kept(&galaxies, "id = 12"), [1, 2]);
    assert_eq!(kept(&galaxies, "id = '0012'"), [1]);
    assert_eq!(kept(&galaxies, "id > 12.5"), [3, 6]);
    assert_eq!(kept(&galaxies, "id = 99999999999999999999"), [6]);
    assert_eq!(kept(&galaxies, "id != 12"), [3, 6]);
    assert_eq!(kept(&galaxies, "id is missing"), [4, 5]);
    let class = catalog(vec![Column::new("class".into(), ["ring", "7"])]);
    let message = refused(&class, "class > 3");
    for word in ["\"class\"", "\"1\"", "\"ring\"", "quotes"] {
        assert!(message.contains(word), "{word}: {message}");
    }
    let numbers = catalog(vec![Column::new("x".into(), [1, 2])]);
    assert_eq!(kept(&numbers, "x = '2'"), [2]);
    assert!(refused(&numbers, "x = 'two'").contains("holds numbers"));
}

#[test]
fn truth_dates_and_words_for_nothing_have_their_own_meaning() {
    let day = Column::new("day".into(), [19_874, 19_875, 0]).cast(&DataType::Date).unwrap();
    let galaxies = catalog(vec![
        Column::new("my column".into(), [Some(true), Some(false), None]),
        Column::new("said".into(), ["True", "false", "NA"]),
        Column::new("bar".into(), ["none", "weak", ""]),
        day,
    ]);
    assert_eq!(kept(&galaxies, "`my column`"), [1]);
    assert_eq!(kept(&galaxies, "not \"my column\""), [2]);
    assert_eq!(kept(&galaxies, "`my column` = false"), [2]);
    assert_eq!(kept(&galaxies, "`my column` = 1"), [1]);
    assert_eq!(kept(&galaxies, "`my column` is missing or said"), [1, 3]);
    assert_eq!(kept(&galaxies, "said != true"), [2]);
    assert_eq!(kept(&galaxies, "day >= '2024-06-01'"), [2]);
    assert_eq!(kept(&galaxies, "day < '1980-01-01'"), [3]);
    // "none" is a missing value, unless the condition asks for it.
    assert_eq!(kept(&galaxies, "bar != 'strong'"), [2]);
    assert_eq!(kept(&galaxies, "bar = 'none'"), [1]);
    assert!(refused(&galaxies, "day > 2024").contains("holds dates"));
    assert!(refused(&galaxies, "bar = ''").contains("bar is missing"));
    assert!(
        refused(&galaxies, "bar").contains("\"none\"")
            || refused(&galaxies, "bar").contains("weak")
    );
}

#[test]
fn what_is_no_condition_is_refused_with_the_place() {
    for (text, words) in [
        ("mag_r <", "its end"),
        ("mag_r < 17.5 class", "\"class\""),
        ("(n = 1", "closing )"),
        ("class = 'ring", "closing '"),
        ("n = 1.2.3", "a number"),
        ("n ; 1", "\"; 1\""),
        ("n + 1 < 3", "does not calculate"),
        ("n - 1 < 3", "does not calculate"),
        ("n * 2 < 3", "does not calculate"),
        ("n / 2 < 3", "does not calculate"),
        ("class in 'ring'", "in parentheses"),
        ("class in ('ring'", "closing )"),
        ("class in ()", "a text"),
        ("n between 1", "upper limit"),
        ("n not 1", "\"between\" after \"not\""),
        ("class like 'r%'", "whole texts"),
        ("", "a column"),
        ("n = 1)", "\")\""),
        ("n is 3", "\"missing\""),
        ("n is not", "its end"),
        ("is null", "a column"),
        ("n = and", "\"and\""),
        ("smooth-fraction > 0.5", "backticks"),
    ] {
        let message = condition(text).unwrap_err().to_string();
        assert!(message.contains(words), "{text}: {message}");
    }
    let deep = format!("{}n = 1{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(condition(&deep).unwrap_err().to_string().contains("at most 100"));
    let many = vec!["n = 1"; 20_000].join(" or ");
    assert_eq!(kept(&table(), &many), [1]);
}

#[test]
fn a_column_that_is_not_there_is_named_with_the_nearest() {
    let galaxies = table();
    let message = refused(&galaxies, "objd = 3");
    assert!(message.contains("\"objd\"") && message.contains("\"objid\""), "{message}");
    assert!(refused(&galaxies, "class = \"ring\"").contains("'ring'"));
    assert!(refused(&galaxies, "class = ring").contains("in single quotes: 'ring'"));
    // A word that is also the name of another column.
    let message = refused(&galaxies, "class = n");
    assert!(message.contains("in single quotes: 'n'"), "{message}");
    let message = refused(&galaxies, "objid = \"class\"");
    assert!(message.contains("in single quotes: 'class'"), "{message}");
    assert!(refused(&galaxies, "x = nan").contains("is missing"));
    assert!(refused(&galaxies, "x").contains("x > 0"));
    assert!(refused(&galaxies, "3").contains("a comparison"));
    let message = galaxies.filter(col("objd").eq(lit(3))).unwrap_err().to_string();
    assert!(message.contains("Did you mean \"objid\"?"), "{message}");
}
