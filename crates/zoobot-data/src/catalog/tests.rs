use super::*;
use std::fs;

fn read(name: &str, content: impl AsRef<[u8]>) -> Result<Catalog> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, content).unwrap();
    Catalog::read(&path)
}

fn error(name: &str, content: impl AsRef<[u8]>) -> String {
    read(name, content).unwrap_err().to_string()
}

#[test]
fn names_of_digits_stay_text_and_keep_their_zeros() {
    let catalog = read("c.csv", "id_str,file_loc,ra\n0012,a.jpg,1.5\n0013,/b.jpg,2\n").unwrap();
    assert_eq!(catalog.ids(), ["0012", "0013"]);
    assert_eq!(catalog.files()[0], catalog.folder().join("a.jpg"));
    assert_eq!(catalog.files()[1], Path::new("/b.jpg"));
    assert_eq!(catalog.column("ra").unwrap().dtype(), &DataType::Float64);
}

#[test]
fn a_byte_order_mark_is_not_part_of_the_first_name() {
    let catalog = read("c.csv", "\u{feff}id_str,file_loc\na,a.jpg\n").unwrap();
    assert_eq!(catalog.ids(), ["a"]);
}

#[test]
fn a_number_that_comes_late_in_a_column_does_not_break_it() {
    let mut text = String::from("id_str,file_loc,x\n");
    for i in 0..3000 {
        text.push_str(&format!("g{i},g{i}.jpg,{}\n", if i == 2999 { "0.5" } else { "1" }));
    }
    assert_eq!(read("c.csv", text).unwrap().column("x").unwrap().dtype(), &DataType::Float64);
}

#[test]
fn a_column_of_numbers_has_one_for_each_galaxy_and_nan_where_there_is_none() {
    let text = "id_str,file_loc,mag,votes,ring,class\na,a.jpg,17.5,3,true,spiral\n\
                b,b.jpg,,,,\nc,c.jpg,-1e3,7,false,ring\n";
    let catalog = read("c.csv", text).unwrap();
    let numbers = |name: &str| catalog.numbers(name).unwrap();
    assert_eq!((numbers("mag")[0], numbers("mag")[2]), (17.5, -1000.0));
    assert_eq!((numbers("votes")[0], numbers("votes")[2]), (3.0, 7.0));
    assert_eq!((numbers("ring")[0], numbers("ring")[2]), (1.0, 0.0));
    for name in ["mag", "votes", "ring"] {
        assert_eq!(numbers(name).len(), 3);
        assert!(numbers(name)[1].is_nan(), "{name}");
    }
    let error = catalog.numbers("class").unwrap_err().to_string();
    assert!(
        error.ends_with(
            "the column \"class\" does not hold numbers. Columns with numbers: mag, votes, ring"
        ),
        "{error}"
    );
    assert!(catalog.numbers("magn").unwrap_err().to_string().contains("Did you mean \"mag\"?"));
    let bare = read("c.csv", "id_str,file_loc\na,a.jpg\n").unwrap();
    assert!(bare.numbers("id_str").unwrap_err().to_string().ends_with("No column does"));
}

#[test]
fn parquet_reads_as_csv_does() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.parquet");
    let mut table = df!("id_str" => [1_i64, 2], "file_loc" => ["a.jpg", "b.jpg"]).unwrap();
    ParquetWriter::new(fs::File::create(&path).unwrap()).finish(&mut table).unwrap();
    assert_eq!(Catalog::read(&path).unwrap().ids(), ["1", "2"]);
}

#[test]
fn a_repeated_name_is_refused_with_its_rows() {
    let message = error("c.csv", "id_str,file_loc\na,a.jpg\nb,b.jpg\na,c.jpg\n");
    assert!(message.contains("\"a\" (lines 2 and 4)"), "{message}");
}

#[test]
fn an_empty_name_is_refused_with_its_row() {
    let message = error("c.csv", "id_str,file_loc\na,a.jpg\n,b.jpg\n");
    assert!(message.contains("id_str is empty in line 3"), "{message}");
}

#[test]
fn a_missing_column_is_named_with_the_nearest_one() {
    let message = error("c.csv", "id_str,file_path,file_locs\na,a.jpg,b\n");
    assert!(message.contains("\"file_loc\"") && message.contains("\"file_locs\""), "{message}");
    let message = error("c.csv", "plate,mjd\n1,2\n");
    assert!(message.contains("\"plate\", \"mjd\""), "{message}");
}

#[test]
fn a_catalogue_without_rows_or_without_anything_is_refused() {
    assert!(error("c.csv", "id_str,file_loc\n").contains("no galaxy"));
    assert!(error("c.csv", "").contains("empty"));
    assert!(error("c.csv", "\u{feff}\n").contains("empty"));
}

#[test]
fn text_that_is_not_utf8_is_refused_with_its_line() {
    let message = error("c.csv", b"id_str,file_loc\na,a.jpg\nb\xe9,b.jpg\n");
    assert!(message.contains("line 3 is not UTF-8"), "{message}");
}

#[test]
fn damaged_and_unknown_files_are_refused() {
    assert!(error("c.parquet", "PAR1 nonsense").contains("not a Parquet table"));
    assert!(error("c.xlsx", "PK\u{3}\u{4}..xl/").contains("Excel workbook"));
    assert!(Catalog::read("/nowhere/c.csv").unwrap_err().to_string().contains("/nowhere/c.csv"));
}

#[test]
fn a_folder_of_pictures_is_a_catalogue() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["b.png", "a.JPG", "notes.txt"] {
        fs::write(dir.path().join(name), "").unwrap();
    }
    assert_eq!(Catalog::from_folder(dir.path()).unwrap().ids(), ["a", "b"]);
    assert_eq!(Catalog::read(dir.path()).unwrap().files()[0], dir.path().join("a.JPG"));
    fs::write(dir.path().join("b.jpg"), "").unwrap();
    assert_eq!(Catalog::from_folder(dir.path()).unwrap().ids(), ["a.JPG", "b.jpg", "b.png"]);
    let empty = tempfile::tempdir().unwrap();
    assert!(Catalog::from_folder(empty.path()).unwrap_err().to_string().contains("no picture"));
}

#[test]
fn packed_and_compressed_fits_images_are_pictures_of_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let names = ["a.fits", "b.FIT", "c.fits.fz", "d.fits.gz", "e.fit.bz2", "f.fts", "g.x.jpg"];
    let others = [".h.png", "votes.csv.gz", "i.png.gz", "fits", ".fits", "k.fits.txt"];
    for name in names.iter().chain(&others) {
        fs::write(dir.path().join(name), "").unwrap();
    }
    fs::create_dir(dir.path().join("z.fits")).unwrap();
    let folder = Catalog::read(dir.path()).unwrap();
    assert_eq!(folder.ids(), ["a", "b", "c", "d", "e", "f", "g.x"]);
    assert_eq!(folder.files(), names.map(|name| dir.path().join(name)));
}

#[test]
fn conditions_that_cannot_be_applied_are_explained_in_words_of_the_table() {
    let catalog = read("c.csv", "id_str,file_loc,mag_r\na1,a.jpg,17.5\n").unwrap();
    let message = catalog.filter(col("mag_s").lt(lit(18))).unwrap_err().to_string();
    assert!(
        message.contains("\"mag_s\"") && message.contains("Did you mean \"mag_r\"?"),
        "{message}"
    );
    for condition in [col("id_str").gt(lit(1)), col("mag_r"), col("nope").sum().gt(lit(1))] {
        let message = catalog.filter(condition).unwrap_err().to_string();
        let jargon = ["plan", "FILTER", "DF [", "FAILED", "expression", "predicate"];
        assert!(!jargon.iter().any(|word| message.contains(word)), "{message}");
    }
}

#[test]
fn selecting_keeps_the_order_asked_for_and_names_what_is_missing() {
    let catalog = read("c.csv", "id_str,file_loc\na1,a.jpg\nb2,b.jpg\nc3,c.jpg\n").unwrap();
    assert_eq!(catalog.select(&["c3", "a1"]).unwrap().ids(), ["c3", "a1"]);
    let message = catalog.select(&["b3x"]).unwrap_err().to_string();
    assert!(message.contains("b3x") && message.contains("3 names"), "{message}");
    assert_eq!(catalog.filter(col("id_str").eq(lit("b2"))).unwrap().ids(), ["b2"]);
    assert!(catalog.filter(col("nope").eq(lit(1))).is_err());
}

#[test]
fn a_split_has_every_galaxy_once_and_follows_the_seed() {
    let galaxies = Catalog::sample().unwrap();
    let parts = galaxies.split([0.5, 0.2, 0.3], 7).unwrap();
    let all = [&parts.train, &parts.val, &parts.test].map(Catalog::ids);
    assert_eq!(all.each_ref().map(|ids| ids.len()), [300, 120, 180]);
    let mut together: Vec<String> = all.concat();
    together.sort();
    assert_eq!(together, galaxies.ids());
    assert_eq!(galaxies.split([0.5, 0.2, 0.3], 7).unwrap().val.ids(), all[1]);
    assert_ne!(galaxies.split([0.5, 0.2, 0.3], 8).unwrap().val.ids(), all[1]);
    let whole = galaxies.split([1.0, 0.0, 0.0], 7).unwrap();
    assert_eq!((whole.train.ids(), whole.test.len()), (galaxies.ids(), 0));
    for shares in [[0.5, 0.5, 0.5], [-0.5, 0.5, 1.0], [f64::NAN, 0.5, 0.5]] {
        let message = galaxies.split(shares, 1).unwrap_err().to_string();
        assert!(message.contains("add up to 1"), "{message}");
    }
}

#[test]
fn stacked_catalogues_keep_every_column_and_find_their_pictures() {
    let one = df!["id_str" => ["a", "b"], "file_loc" => ["a.jpg", ""], "votes_yes" => [1i64, 2]];
    let two = df!["id_str" => ["c"], "file_loc" => ["x/c.jpg"], "votes_yes" => [2.5], "t" => ["S"]];
    let one = Catalog::from_table(one.unwrap(), "/one").unwrap();
    let two = Catalog::from_table(two.unwrap(), "/two").unwrap();
    let both = Catalog::stack(&[one.clone(), two.clone()]).unwrap();
    assert_eq!(both.ids(), ["a", "b", "c"]);
    let files = ["/one/a.jpg", "", "/two/x/c.jpg"].map(std::path::PathBuf::from);
    assert_eq!(both.files(), files);
    let votes: Vec<Option<f64>> = both.column("votes_yes").unwrap().f64().unwrap().iter().collect();
    assert_eq!(votes, [Some(1.0), Some(2.0), Some(2.5)]);
    assert_eq!(both.labels("t").unwrap(), ["", "", "S"]);
    // A galaxy in two catalogues is an error that names it; an empty list is an error too.
    let message = Catalog::stack(&[one.clone(), two, one]).unwrap_err().to_string();
    assert!(message.contains("\"a\""), "{message}");
    assert!(Catalog::stack(&[]).is_err());
}

#[test]
fn nothing_is_said_by_the_same_words_everywhere() {
    let recorded = include_str!("../../../../tests/recorded/missing/expected.json");
    let recorded: serde_json::Value = serde_json::from_str(recorded).unwrap();
    let texts = |json: &serde_json::Value| -> Vec<Option<String>> {
        json.as_array().unwrap().iter().map(|it| it.as_str().map(str::to_owned)).collect()
    };
    for word in texts(&recorded["words"]).iter().flatten() {
        assert!(is_missing(word) && is_missing(&format!(" {word} ")), "{word:?}");
    }
    let of = |name: &str| {
        let cells = texts(&recorded["columns"][name][0]);
        let ids: Vec<String> = (0..cells.len()).map(|n| format!("g{n}")).collect();
        let files = vec!["a.jpg"; cells.len()];
        let table = df!("id_str" => ids, "file_loc" => files, "x" => cells).unwrap();
        Catalog::from_table(table, "").unwrap()
    };
    let galaxies = of("classes");
    let expected = texts(&recorded["columns"]["classes"][1]);
    let known = expected.iter().flatten().count();
    assert_eq!(Label::of(&galaxies, "x").unwrap().classes().unwrap(), expected);
    assert_eq!(galaxies.labelled("x").unwrap().len(), known);
    assert_eq!(galaxies.filter(condition("x is not null").unwrap()).unwrap().len(), known);
    let classes: Vec<String> = expected.into_iter().map(Option::unwrap_or_default).collect();
    assert_eq!(galaxies.labels("x").unwrap(), classes);
    let galaxies = of("numbers");
    let expected = recorded["columns"]["numbers"][1].as_array().unwrap();
    let expected: Vec<Option<f64>> = expected.iter().map(serde_json::Value::as_f64).collect();
    assert_eq!(Label::of(&galaxies, "x").unwrap().numbers().unwrap(), expected);
    for word in ["none", "NONE", "masked", "\\N", "nil", "n.a.", "+nan"] {
        assert!(is_missing(word), "{word}");
    }
    for word in ["-", "?", "unknown", "no", "0", "-999", "nan galaxies", "Nancy"] {
        assert!(!is_missing(word), "{word}");
    }
}

#[test]
fn a_text_that_is_no_number_is_named_with_its_galaxy_and_what_to_write() {
    let message = |cells: &[&str]| {
        let ids: Vec<String> = (0..cells.len()).map(|n| format!("g{n}")).collect();
        let table = df!("id_str" => ids, "file_loc" => vec!["a.jpg"; cells.len()], "x" => cells);
        let galaxies = Catalog::from_table(table.unwrap(), "").unwrap();
        Label::of(&galaxies, "x").unwrap().finite().unwrap_err().to_string()
    };
    for (cells, words) in [
        (&["1", "1,5"][..], vec!["\"x\" of \"g1\" is \"1,5\"", "decimal point: 1.5"]),
        (&["12 mag", "3"][..], vec!["\"g0\"", "\"12 mag\"", "alone: 12"]),
        (&["1", "high", "low", "2"][..], vec!["\"g1\" is \"high\"", "(2 such galaxies)"]),
        (&["high", "low"][..], vec!["the column \"x\" holds text", "\"high\""]),
        (&["1", "inf", "-Infinity"][..], vec!["infinite for 2 of 3 galaxies", "\"g1\", \"g2\""]),
    ] {
        let message = message(cells);
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    }
}

#[test]
fn nan_is_empty_in_a_catalogue() {
    let table = df!(
        "id_str" => ["a", "b", "c"], "file_loc" => ["a.jpg", "b.jpg", "c.jpg"],
        "x" => [1.0, f64::NAN, 4.0],
    );
    let galaxies = Catalog::from_table(table.unwrap(), "").unwrap();
    assert_eq!(galaxies.filter(col("x").is_not_null()).unwrap().ids(), ["a", "c"]);
    assert_eq!(galaxies.filter(col("x").gt(lit(3))).unwrap().ids(), ["c"]);
    assert_eq!(galaxies.labelled("x").unwrap().ids(), ["a", "c"]);
}
