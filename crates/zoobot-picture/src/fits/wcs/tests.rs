use super::*;
use serde_json::Value;

/// Recorded from astropy by `tests/recorded/sky/make.py`.
fn recorded() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/recorded/sky/expected.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn header<'a>(cards: impl Iterator<Item = &'a str>) -> Header {
    let mut header = Header::default();
    cards.for_each(|card| header.add(&format!("{card:<80}")));
    header
}

#[test]
fn positions_and_pixels_are_astropys() {
    let recorded = recorded();
    let cases = recorded["wcs"].as_object().unwrap();
    assert_eq!(cases.len(), 10);
    for (name, case) in cases {
        let cards = case["cards"].as_array().unwrap().iter().map(|it| it.as_str().unwrap());
        let wcs = Wcs::of(&header(cards), 1, 2).unwrap();
        assert!((wcs.pixel_scale() / case["scale"].as_f64().unwrap() - 1.0).abs() < 1e-9, "{name}");
        let pair = |it: &Value| (it[0].as_f64().unwrap(), it[1].as_f64().unwrap());
        let both = case["pixels"].as_array().unwrap().iter().zip(case["sky"].as_array().unwrap());
        for ((x, y), (ra, dec)) in both.map(|(a, b)| (pair(a), pair(b))) {
            let found = wcs.sky(x, y);
            let across = (found.0 - ra + 180.0).rem_euclid(360.0) - 180.0;
            let off = (across * dec.to_radians().cos()).hypot(found.1 - dec);
            assert!(off < 1e-9, "{name} at {x}, {y}: {found:?}, not {ra}, {dec}");
            let back = wcs.pixel(ra, dec).unwrap();
            assert!((back.0 - x).hypot(back.1 - y) < 1e-6, "{name} at {x}, {y}: {back:?}");
        }
    }
}

#[test]
fn north_is_up_and_east_left_of_it_and_the_other_half_of_the_sky_is_nowhere() {
    let cards =
        ["CTYPE1  = 'RA---TAN'", "CTYPE2  = 'DEC--TAN'", "CRVAL1  = 10.0", "CRVAL2  = 89.9"];
    let more = ["CRPIX1  = 50", "CRPIX2  = 50", "CDELT1  = -0.01", "CDELT2  = 0.01"];
    let wcs = Wcs::of(&header(cards.into_iter().chain(more)), 1, 2).unwrap();
    let (north, east) = wcs.north_and_east(49.0, 49.0).unwrap();
    assert!(north[1] > 0.999 && east[0] < -0.99, "{north:?} {east:?}");
    // Above the pole, north is down.
    let (north, _) = wcs.north_and_east(49.0, 70.0).unwrap();
    assert!(north[1] < -0.999, "{north:?}");
    assert_eq!((wcs.pixel(10.0, -20.0), wcs.pixel(f64::NAN, 0.0)), (None, None));
}

#[test]
fn what_is_not_read_is_refused_by_name() {
    let reason = |first: &str, second: &str, more: &[&str]| {
        let cards = [format!("CTYPE1  = '{first}'"), format!("CTYPE2  = '{second}'")];
        let all = cards.iter().map(String::as_str).chain(["CDELT1  = 1.0", "CDELT2  = 1.0"]);
        Wcs::of(&header(all.chain(more.iter().copied())), 1, 2).unwrap_err()
    };
    assert!(reason("RA---TPV", "DEC--TPV", &[]).contains("\"TPV\""));
    assert!(reason("RA---SIN", "DEC--SIN", &[]).contains("TAN and TAN-SIP are read"));
    assert!(reason("GLON-TAN", "GLAT-TAN", &[]).contains("GLON-TAN"));
    assert!(reason("RA---TAN", "DEC--TAN", &["PV1_5   = 0.1"]).contains("PV1_5"));
    assert!(reason("RA---TAN", "DEC--TAN", &["CD1_1   = 0.0"]).contains("cannot be inverted"));
    assert!(Wcs::of(&Header::default(), 1, 2).unwrap_err().contains("no coordinates"));
}
