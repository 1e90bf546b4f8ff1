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

/// A card of the table's header, without its comment.
fn card(bytes: &[u8], key: &str) -> Option<String> {
    let cards = bytes.chunks_exact(80).map(String::from_utf8_lossy);
    let card = cards.into_iter().find(|card| card[..8].trim_end() == key)?;
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
    assert!(message(accent, "a.fits").contains("\"M\u{e9}chain\" in \"id_str\", expected ASCII"));
    let long = df!("x".repeat(69) => [1]).unwrap();
    assert!(message(long, "a.fits").contains("1 to 68 ASCII"));
    assert!(message(mixed(), "a.xlsx").contains(".parquet, .csv or .fits"));
    let nowhere = folder.path().join("no/such/a.fits");
    let error = write_table(&mixed(), &nowhere).unwrap_err().to_string();
    assert!(error.starts_with("cannot write") && error.contains("no/such"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
