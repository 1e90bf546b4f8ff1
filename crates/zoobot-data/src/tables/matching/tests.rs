use super::*;
use polars::df;

/// All pairs, by comparing each with each.
fn by_force(first: &[[f64; 2]], second: &[[f64; 2]], radius: f64) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (row, &a) in first.iter().enumerate() {
        for (other, &b) in second.iter().enumerate() {
            // Haversine: another formula than that of the search.
            let [d_ra, d_dec] =
                [0, 1].map(|axis| ((b[axis] - a[axis]) / 2.0).to_radians().sin().powi(2));
            let h = d_dec + a[1].to_radians().cos() * b[1].to_radians().cos() * d_ra;
            if 2.0 * h.sqrt().min(1.0).asin().to_degrees() * 3600.0 <= radius {
                pairs.push((row, other));
            }
        }
    }
    pairs
}

/// Positions around a place, some beyond the pole and the meridian 0.
fn around(ra: f64, dec: f64, spread: f64, count: usize) -> Vec<[f64; 2]> {
    let part = |row: usize, factor: f64| (row as f64 * factor).fract() - 0.5;
    (0..count)
        .map(|row| {
            let dec = (dec + spread * part(row, 0.618_034)).clamp(-90.0, 90.0);
            let wide = spread / dec.to_radians().cos().max(0.001);
            [(ra + wide.min(360.0) * part(row, 0.414_214)).rem_euclid(360.0), dec]
        })
        .collect()
}

#[test]
fn pairs_are_those_of_comparing_each_with_each_also_at_poles_and_the_meridian() {
    for (ra, dec, spread) in [
        (180.0, 10.0, 1.0),
        (0.0, 0.0, 0.5),
        (359.999, -45.0, 0.02),
        (77.0, 89.99, 0.5),
        (3.0, -90.0, 0.001),
        (0.0, 0.0, 180.0),
    ] {
        let (first, second) = (around(ra, dec, spread, 300), around(ra, dec, spread * 0.9, 251));
        for part in [0.001, 0.05, 0.4, 1.0] {
            let radius = (spread * 3600.0 * part).min(647_000.0);
            let found = SkyMatch::new(radius).pairs_of(&first, &second).unwrap();
            let pairs: Vec<(usize, usize)> =
                found.first().into_iter().zip(found.second()).collect();
            assert_eq!(pairs, by_force(&first, &second, radius), "{ra} {dec} within {radius}");
        }
    }
    let all = SkyMatch::new(648_000.0)
        .pairs_of(&around(0.0, 0.0, 180.0, 40), &around(9.0, 0.0, 180.0, 30));
    assert_eq!(all.unwrap().len(), 1200, "the whole sky");
}

#[test]
fn the_nearest_is_the_first_of_all_by_separation() {
    let (first, second) = (around(20.0, 60.0, 1.0, 200), around(20.0, 60.0, 1.0, 300));
    let all = SkyMatch::new(300.0).pairs_of(&first, &second).unwrap();
    let mut best: std::collections::BTreeMap<usize, (f64, usize)> = Default::default();
    for ((row, other), separation) in
        all.first().into_iter().zip(all.second()).zip(all.separations())
    {
        let best = best.entry(row).or_insert((f64::INFINITY, 0));
        *best = if separation < best.0 { (separation, other) } else { *best };
    }
    let nearest = SkyMatch::new(300.0).nearest().pairs_of(&first, &second).unwrap();
    assert_eq!(nearest.second(), best.values().map(|it| it.1).collect::<Vec<_>>());
}

#[test]
fn duplicates_are_pairs_of_different_rows_once() {
    let table = df!("ra" => [10.0, 200.0, 10.0001, 10.0], "dec" => [0.0, 5.0, 0.0, 0.0]).unwrap();
    let table = SkyTable::new(table);
    let found = SkyMatch::new(1.0).duplicates(&table).unwrap();
    let pairs: Vec<(usize, usize)> = found.first().into_iter().zip(found.second()).collect();
    assert_eq!(pairs, [(0, 2), (0, 3), (2, 3)]);
    assert_eq!(found.separations()[1], 0.0);
    let joined = found.joined(&table, &table).unwrap();
    let names: Vec<&str> =
        joined.frame().get_column_names().into_iter().map(|it| it.as_str()).collect();
    assert_eq!(names, ["row_1", "row_2", "ra_1", "dec_1", "ra_2", "dec_2", "separation_arcsec"]);
}

#[test]
fn what_is_no_position_or_no_radius_is_refused() {
    let table = |ra: f64| SkyTable::new(df!("ra" => [ra], "dec" => [0.0]).unwrap());
    for radius in [-1.0, f64::NAN, 648_001.0] {
        let message = SkyMatch::new(radius).duplicates(&table(1.0)).unwrap_err().to_string();
        assert!(message.contains("radius must be between 0 and 648000"), "{message}");
    }
    let message = SkyMatch::new(1.0).duplicates(&table(400.0)).unwrap_err().to_string();
    assert!(message.contains("\"ra\" of row 1 is 400"), "{message}");
    let none = SkyTable::new(df!("x" => [1.0]).unwrap());
    let message = SkyMatch::new(1.0).duplicates(&none).unwrap_err().to_string();
    assert!(message.contains("no columns of positions"), "{message}");
}

#[test]
fn catalogues_of_rare_kinds_match_stripe_82_as_astropy_finds_it() {
    let Some(votes) = zoobot_testing::data("tables/gz2_table5_stripe82_coadd_votes.fits.gz") else {
        return;
    };
    let Some(rare) = zoobot_testing::data("tables/rare") else { return };
    let votes = SkyTable::read(votes).unwrap();
    let pairs = |name: &str, search: &SkyMatch| {
        let table =
            SkyTable::read(rare.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        search.pairs(&table, &votes).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    let search = SkyMatch::new(3.0);
    let mergers = pairs("darg_mergers.csv", &search.clone().columns("ra1", "dec1"));
    assert_eq!((mergers.len(), mergers.matched()), (72, [71, 72]));
    for (name, count) in [
        ("overlapping_pairs.txt", 69),
        ("blue_spirals.csv", 212),
        ("red_spirals.csv", 14),
        ("dust_lane_spheroids.csv", 21),
    ] {
        assert_eq!(pairs(name, &search).len(), count, "{name}");
    }
}
