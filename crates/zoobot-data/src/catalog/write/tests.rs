use super::*;

fn mixed() -> DataFrame {
    df!(
        "id_str" => ["J0001+01", "b", "a galaxy with a long name"],
        "ra" => [10.5, f64::NAN, 359.75],
        "smooth-or-featured-dr5_smooth_fraction" => [Some(0.25), None, Some(1.0)],
        "size" => [1.5f32, 2.5, -0.0],
        "votes" => [Some(7i64), None, Some(-3)],
        "few" => [1i32, 2, 255],
        "ring" => [Some(true), Some(false), None],
        "note" => [Some("x"), None, Some("")],
    )
    .unwrap()
}

/// The value of a card in the table's header, without its comment.
fn card(bytes: &[u8], key: &str) -> Option<String> {
    let mut cards = bytes.chunks_exact(80).take_while(|card| !card.starts_with(b"END "));
    let card = cards.find(|card| card[..8].trim_ascii_end() == key.as_bytes())?;
    let card = String::from_utf8_lossy(card);
    Some(card[10..].split(" /").next()?.trim().trim_matches('\'').trim_end().to_owned())
}

#[test]
fn a_fits_table_has_the_standards_keywords_and_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.fits");
    write_table(&mixed(), &path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes.len() % 2880, 0);
    let table = &bytes[2880..];
    let expected = [
        ("XTENSION", "BINTABLE"),
        ("NAXIS1", "63"),
        ("NAXIS2", "3"),
        ("TFIELDS", "8"),
        ("TTYPE1", "id_str"),
        ("TFORM1", "25A"),
        ("TFORM2", "D"),
        ("TUNIT2", "deg"),
        ("TTYPE3", "smooth-or-featured-dr5_smooth_fraction"),
        ("TFORM4", "E"),
        ("TFORM5", "K"),
        ("TNULL5", "-9223372036854775808"),
        ("TFORM6", "K"),
        ("TFORM7", "L"),
        ("TFORM8", "1A"),
        ("EXTNAME", "GALAXIES"),
    ];
    for (key, value) in expected {
        assert_eq!(card(table, key).as_deref(), Some(value), "{key}");
    }
    let end = table.chunks_exact(80).position(|card| card.starts_with(b"END")).unwrap();
    let data = &table[(80 * (end + 1)).next_multiple_of(2880)..];
    assert_eq!(&data[..9], b"J0001+01\0");
    assert_eq!(data[25..33], 10.5f64.to_be_bytes());
    assert_eq!(data[41..45], 1.5f32.to_be_bytes());
    assert_eq!(data[45..53], 7i64.to_be_bytes());
    // The next row follows.
    assert_eq!(&data[61..64], b"Txb");
}

#[test]
fn pieces_give_the_file_that_the_whole_gives() {
    let folder = tempfile::tempdir().unwrap();
    let table = mixed();
    for (ending, format) in
        [("csv", TableFormat::Csv), ("parquet", TableFormat::Parquet), ("fits", TableFormat::Fits)]
    {
        let [whole, parts] =
            ["whole", "parts"].map(|it| folder.path().join(format!("{it}.{ending}")));
        write_table(&table, &whole).unwrap();
        write_pieces(&parts, format, &table.clear(), None, &|each| {
            each(&table.slice(0, 1))?;
            each(&table.clear())?;
            each(&table.slice(1, 2))
        })
        .unwrap();
        let read = |path: &Path| std::fs::read(path).unwrap();
        match format {
            TableFormat::Parquet => {
                let [whole, parts] =
                    [&whole, &parts].map(|it| crate::catalog::parquet(it).unwrap());
                assert!(whole.equals_missing(&parts));
            }
            _ => assert_eq!(read(&whole), read(&parts), "{ending}"),
        }
    }
}

#[test]
fn what_a_format_cannot_hold_is_refused_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let message = |table: DataFrame, name: &str| {
        write_table(&table, folder.path().join(name)).unwrap_err().to_string()
    };
    let accent = df!("id_str" => ["M\u{e9}chain"]).unwrap();
    let accent = message(accent, "a.fits");
    assert!(accent.contains("\"M\u{e9}chain\" in the column \"id_str\""), "{accent}");
    assert!(accent.contains("ASCII"), "{accent}");
    let long = df!("x".repeat(69) => [1]).unwrap();
    assert!(message(long, "a.fits").contains("1 to 68 ASCII"));
    assert!(message(mixed(), "a.xlsx").contains(".parquet, .csv or .fits"));
    let lists = Column::new("x".into(), [Series::new("".into(), [1, 2])]);
    let lists = DataFrame::new(1, vec![lists]).unwrap();
    assert!(message(lists, "a.csv").contains("\"x\" holds lists"));
    assert!(message(DataFrame::empty(), "a.fits").contains("1 to 999"));
    assert!(message(df!("x " => [1]).unwrap(), "a.fits").contains("\"x \""));
    assert!(message(df!("" => [1]).unwrap(), "a.fits").contains("1 to 68 ASCII"));
    let wide = df!("specobjid" => [Some(1_u64 << 63), None]).unwrap();
    let wide = message(wide, "a.fits");
    assert!(wide.contains("\"specobjid\"") && wide.contains("empty cells"), "{wide}");
    let wide = Column::new("d".into(), ["12345678901234567.89"]);
    let wide = wide.cast(&DataType::Decimal(30, 2)).unwrap();
    let wide = DataFrame::new(1, vec![wide]).unwrap();
    assert!(message(wide, "a.fits").contains("12345678901234567.89 in the column \"d\""));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_missing_folder_is_made_and_what_was_there_stays_when_writing_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no/such/a.fits");
    write_table(&mixed(), &path).unwrap();
    let before = std::fs::read(&path).unwrap();
    write_table(&df!("id_str" => ["\u{e9}"]).unwrap(), &path).unwrap_err();
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let error = write_table(&mixed(), path.join("b.csv")).unwrap_err().to_string();
    assert!(error.starts_with("cannot create") && error.contains("a.fits"), "{error}");
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

/// The columns of `tests/recorded/fits_tables/make.py`.
fn recorded_column(name: &str) -> Column {
    let null = i64::MIN;
    let cast = |column: Column, to: DataType| column.cast(&to).unwrap();
    let column = match name {
        "whole" => Column::new("".into(), [Some(-1_i64), None, Some(9_007_199_254_740_993)]),
        "least" => Column::new("".into(), [null, i64::MAX, 0]),
        "least_and_empty" => Column::new("".into(), [Some(null), None, Some(5)]),
        "unsigned" => Column::new("".into(), [10_377_593_544_216_170_496_u64, 7, u64::MAX]),
        "small_unsigned" => Column::new("".into(), [0_u64, 7, 1 << 62]),
        "i8" => cast(Column::new("".into(), [-128, 127, 0]), DataType::Int8),
        "u16" => cast(Column::new("".into(), [Some(65_535), Some(0), None]), DataType::UInt16),
        "single" => Column::new("".into(), [1.5_f32, f32::NAN, -0.0]),
        "half" => cast(Column::new("".into(), [0.1_f32, 65_504.0, -2.0]), DataType::Float16),
        "double" => Column::new("".into(), [0.1, -1e-300, f64::INFINITY]),
        "decimal" => {
            cast(Column::new("".into(), ["12.34", "-0.05", "1234567.89"]), DataType::Decimal(20, 2))
        }
        "text" => Column::new("".into(), ["a", "", "a much longer name than the first, by far"]),
        "day" => cast(Column::new("".into(), [Some(19_874), Some(-1), None]), DataType::Date),
        "truth" => Column::new("".into(), [Some(true), Some(false), None]),
        other => panic!("{other}"),
    };
    column.with_name(name.into())
}

#[test]
fn every_kind_of_column_is_stored_as_astropy_stores_it() {
    use base64::Engine;
    let recorded = include_str!("../../../../../tests/recorded/fits_tables/expected.json");
    let recorded: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(recorded).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, expected) in &recorded {
        let path = folder.path().join(format!("{name}.fits"));
        let table = DataFrame::new(3, vec![recorded_column(name)]).unwrap();
        write_table(&table, &path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let bytes = std::fs::read(&path).unwrap();
        let table = &bytes[2880..];
        for key in ["TFORM1", "TZERO1", "TNULL1"] {
            let expected = &expected["cards"][key];
            let expected = expected
                .as_str()
                .map(str::to_owned)
                .or_else(|| (!expected.is_null()).then(|| expected.to_string()));
            assert_eq!(card(table, key), expected, "{key} of {name}");
        }
        let rows = base64::engine::general_purpose::STANDARD
            .decode(expected["bytes"].as_str().unwrap())
            .unwrap();
        assert_eq!(&table[2880..2880 + rows.len()], rows, "{name}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let table = df!(
        "id_str" => ["0012", "b", "c"],
        "file_loc" => ["a.jpg", "", "c, \"d\".jpg"],
        "plate" => [Some("A0266"), None, Some("B12")],
        "remark" => [Some("caf\u{e9}"), None, Some("two\nlines")],
        "objid" => [i64::MIN, i64::MAX, -1],
        "double" => [Some(0.1), None, Some(-1e-300)],
        "single" => [0.1_f32, 1.5, f32::MAX],
        "truth" => [Some(true), None, Some(false)],
    )
    .unwrap();
    for ending in ["csv", "parquet"] {
        let path = folder.path().join(format!("t.{ending}"));
        write_table(&table, &path).unwrap();
        let read = crate::catalog::Catalog::read(&path).unwrap();
        for column in table.columns() {
            let again = read.column(column.name()).unwrap();
            let again = match column.dtype() {
                DataType::Float32 => again.cast(&DataType::Float32).unwrap(),
                _ => again,
            };
            for row in 0..3 {
                let text = |column: &Column| match column.get(row).unwrap() {
                    AnyValue::Null => String::new(),
                    value => value.str_value().into_owned(),
                };
                assert_eq!(text(column), text(&again), "{} in {ending}", column.name());
            }
        }
    }
}

#[test]
fn a_catalogue_that_is_saved_elsewhere_still_finds_its_pictures() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let table = df!("id_str" => ["a", "b"], "file_loc" => ["images/a.jpg", "/far/b.jpg"]).unwrap();
    let catalog = crate::catalog::Catalog::from_table(table, one.path()).unwrap();
    for (folder, first) in
        [(&one, "images/a.jpg".into()), (&other, one.path().join("images/a.jpg"))]
    {
        let path = folder.path().join("saved.csv");
        catalog.save(&path).unwrap();
        let read = crate::catalog::Catalog::read(&path).unwrap();
        assert_eq!(read.files(), catalog.files());
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(written.contains(&format!("a,{}", first.display())), "{written}");
    }
}
