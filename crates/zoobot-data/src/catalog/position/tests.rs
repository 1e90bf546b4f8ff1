use super::*;
use polars::prelude::*;
use serde_json::Value as Json;

fn of(ra: Column, dec: Column) -> Catalog {
    let ids: Vec<String> = (0..ra.len()).map(|n| format!("g{n}")).collect();
    let files = vec!["a.jpg"; ra.len()];
    let columns =
        vec![Column::new("id_str".into(), &ids), Column::new("file_loc".into(), files), ra, dec];
    Catalog::from_table(DataFrame::new(ids.len(), columns).unwrap(), "").unwrap()
}

#[test]
fn texts_are_read_as_astropy_reads_them() {
    let recorded = include_str!("../../../../../tests/recorded/positions/expected.json");
    let recorded: Json = serde_json::from_str(recorded).unwrap();
    for (name, angle) in [("ra", Angle::Ra), ("dec", Angle::Dec)] {
        for case in recorded[name].as_array().unwrap() {
            let text = case[0].as_str().unwrap();
            let unit = match case[1].as_str().unwrap() {
                "hours" => Unit::Hours,
                "deg" => Unit::Degrees,
                _ => Unit::Unsaid,
            };
            let Read::Degrees(degrees) = angle.of_text(text, unit) else { panic!("{text}") };
            let expected = case[2].as_f64().unwrap();
            assert!((degrees - expected).abs() < 1e-9, "{text}: {degrees}, not {expected}");
        }
        for text in recorded["unread"].as_array().unwrap() {
            let text = text.as_str().unwrap();
            let read = angle.of_text(text, Unit::Unsaid);
            assert!(matches!(read, Read::NotUnderstood(_)), "{text}: {read:?}");
        }
    }
    assert_eq!(Angle::Dec.of_text("12h30m", Unit::Unsaid), Read::NotUnderstood("12h30m".into()));
    assert_eq!(Angle::Ra.of_text("30m", Unit::Unsaid), Read::NotUnderstood("30m".into()));
    assert_eq!(Angle::Ra.of_text(" n/a", Unit::Unsaid), Read::Missing);
    assert_eq!(Angle::Ra.of_number(Some(f64::NAN), Unit::Unsaid), Read::Missing);
}

#[test]
fn columns_are_known_by_every_usual_name() {
    for (ra, dec, hours) in [
        ("ra", "dec", false),
        ("RA", "DEC", false),
        ("Ra", "Dec", false),
        ("RAJ2000", "DEJ2000", false),
        ("_RAJ2000", "_DEJ2000", false),
        ("RA_ICRS", "DE_ICRS", false),
        ("ra_deg", "dec_deg", false),
        ("RAdeg", "DEdeg", false),
        ("ra [deg]", "dec [deg]", false),
        ("ALPHA_J2000", "DELTA_J2000", false),
        ("ALPHAWIN_J2000", "DELTAWIN_J2000", false),
        ("right_ascension", "declination", false),
        ("Right Ascension", "Declination", false),
        ("RightAscension", "Declination", false),
        ("RA_1", "DEC_1", false),
        ("ra_x", "dec_x", false),
        ("target_ra", "target_dec", false),
        ("ra_gaia", "dec_gaia", false),
        ("raMean", "decMean", false),
        ("RA2000", "DEC2000", false),
        ("RA_J2000", "DECL_J2000", false),
        ("RA_HOURS", "DEC", true),
        ("ra_hours", "dec_deg", true),
    ] {
        let value = if hours { 12.5 } else { 187.5 };
        let galaxies = of(Column::new(ra.into(), [value]), Column::new(dec.into(), [-1.5]));
        let found = Positions::of(&galaxies).unwrap();
        let found = found.unwrap_or_else(|| panic!("{ra} and {dec} are not known"));
        assert_eq!(found.values(), [Some([187.5, -1.5])], "{ra} {dec}");
        assert_eq!(position_of(galaxies.table(), 0), Some((187.5, -1.5)), "{ra} {dec}");
    }
    for (ra, dec) in [
        ("ra_err", "dec_err"),
        ("e_RAJ2000", "e_DEJ2000"),
        ("pmra", "pmdec"),
        ("radius", "depth"),
        ("ra_1", "dec_2"),
        ("rate", "decline"),
        ("alpha", "delta"),
        ("ra_dec_corr", "dec_ra_corr"),
    ] {
        let galaxies = of(Column::new(ra.into(), [500.0]), Column::new(dec.into(), [500.0]));
        assert!(Positions::of(&galaxies).unwrap().is_none(), "{ra} and {dec}");
    }
}

#[test]
fn of_several_pairs_the_plainest_is_taken_and_said() {
    let table = df!(
        "id_str" => ["a"], "file_loc" => ["a.jpg"], "RA_2" => [1.0], "DEC_2" => [1.0],
        "RAJ2000" => [2.0], "DEJ2000" => [2.0], "gaia_ra" => [3.0], "gaia_dec" => [3.0],
        "ra_err" => [0.1], "dec_err" => [0.1],
    );
    let galaxies = Catalog::from_table(table.unwrap(), "").unwrap();
    assert_eq!(Positions::of(&galaxies).unwrap().unwrap().values(), [Some([2.0, 2.0])]);
    let said = zoobot_show::notes::notes();
    let wanted = "taken from \"RAJ2000\" and \"DEJ2000\"; \"RA_2\" and \"DEC_2\" are not used";
    assert!(said.iter().any(|it| it.ends_with(wanted)), "{said:?}");
}

#[test]
fn what_is_out_of_range_is_refused_by_name_and_what_is_not_understood_is_said() {
    let ra = Column::new("ra".into(), ["10.5", "400", "what", "", "11"]);
    let dec = Column::new("Dec".into(), [Some(1.0), Some(2.0), Some(3.0), Some(4.0), Some(-91.0)]);
    let found = Positions::of(&of(ra, dec)).unwrap().unwrap();
    assert_eq!(found.values(), [Some([10.5, 1.0]), None, None, None, None]);
    let message = |row: usize| found.check(|it| it == row).unwrap_err().to_string();
    assert!(message(1).contains("\"ra\" of \"g1\" is \"400\""), "{}", message(1));
    assert!(message(4).contains("\"Dec\" of \"g4\" is -91") && message(4).contains("-90 to 90"));
    found.check(|row| ![1, 4].contains(&row)).unwrap();
    let said = zoobot_show::notes::notes().into_iter().find(|it| it.contains("\"what\"")).unwrap();
    assert!(
        said.contains("\"ra\"") && said.contains("1 of 5") && said.contains("\"g2\""),
        "{said}"
    );
}

#[test]
fn columns_in_another_form_are_said() {
    let galaxies = of(Column::new("radec".into(), ["1 2"]), Column::new("mag".into(), [1.0]));
    assert!(Positions::of(&galaxies).unwrap().is_none());
    assert!(
        zoobot_show::notes::notes().iter().any(|it| it.contains("\"radec\" may hold positions"))
    );
}
