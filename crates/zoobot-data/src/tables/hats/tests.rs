use super::super::healpix::Place;
use super::*;
use polars::df;

/// Rows over the sky, many of them in one place.
fn rows(count: usize) -> SkyTable {
    let part = |row: usize, factor: f64| (row as f64 * factor).fract();
    let place = |row: usize| match row % 3 {
        0 => (360.0 * part(row, 0.618_034), (2.0 * part(row, 0.414_214) - 1.0).asin().to_degrees()),
        1 => (44.9 + 0.2 * part(row, 0.618_034), 41.7 + 0.3 * part(row, 0.732_051)),
        _ => (360.0 * part(row, 0.618_034), 89.5 + 0.5 * part(row, 0.732_051)),
    };
    let (ra, dec): (Vec<f64>, Vec<f64>) = (0..count).map(place).unzip();
    let ids: Vec<i64> = (0..count as i64).map(|row| 1_237_648_720_693_755_000 + row).collect();
    SkyTable::new(df!("objid" => ids, "ra" => ra, "dec" => dec).unwrap())
}

fn ids(table: &SkyTable) -> Vec<i64> {
    let mut ids: Vec<i64> =
        table.frame().column("objid").unwrap().i64().unwrap().iter().flatten().collect();
    ids.sort_unstable();
    ids
}

fn positions(table: &SkyTable) -> Vec<[f64; 2]> {
    let numbers = |name: &str| -> Vec<f64> {
        table.frame().column(name).unwrap().f64().unwrap().iter().flatten().collect()
    };
    numbers("ra").into_iter().zip(numbers("dec")).map(|(ra, dec)| [ra, dec]).collect()
}

#[test]
fn partitions_have_every_row_once_and_no_more_than_asked() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("sky");
    let table = rows(3000);
    HatsWriter::new().rows(100).write(&table, &out).unwrap();
    let hats = Hats::open(&out).unwrap();
    assert_eq!(hats.len(), 3000);
    assert!(hats.pixels().len() > 30, "{}", hats.pixels().len());
    assert_eq!(ids(&hats.read().unwrap()), ids(&table));
    for &pixel in hats.pixels() {
        let part = hats.of(&[pixel]).unwrap();
        assert!(part.frame().height() <= 100, "{pixel:?}");
        let (order, number) = pixel;
        let inside =
            |&[ra, dec]: &[f64; 2]| Place::of(ra, dec).pixel() >> (2 * (FINEST - order)) == number;
        assert!(positions(&part).iter().all(inside), "{pixel:?}");
    }
    // A catalogue of galaxies leaves out the column of pixels.
    let read = SkyTable::read(&out).unwrap();
    assert_eq!(read.frame().get_column_names_owned(), table.frame().get_column_names_owned());
    let message = HatsWriter::new().write(&table, &out).unwrap_err().to_string();
    assert!(message.contains("is not empty"), "{message}");
}

#[test]
fn cones_have_the_rows_that_a_search_through_all_finds() {
    let folder = tempfile::tempdir().unwrap();
    let table = rows(3000);
    HatsWriter::new().rows(60).write(&table, folder.path().join("sky")).unwrap();
    let hats = Hats::open(folder.path().join("sky")).unwrap();
    for (ra, dec, radius) in [
        (45.0, 41.81, 60.0),
        (45.0, 41.81, 600.0),
        (10.0, 89.99, 900.0),
        (0.0, 0.0, 36_000.0),
        (200.0, -60.0, 0.0),
        (0.0, 0.0, 648_000.0),
    ] {
        let all = crate::tables::SkyMatch::new(radius);
        let wanted = all.pairs_of(&[[ra, dec]], &positions(&table)).unwrap().len();
        assert_eq!(
            hats.cone(ra, dec, radius).unwrap().frame().height(),
            wanted,
            "{ra} {dec} {radius}"
        );
    }
}

#[test]
fn the_margin_cache_has_the_rows_of_others_that_are_near_a_partition() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("sky");
    let table = rows(3000);
    let margin = 120.0;
    HatsWriter::new().rows(100).margin(margin).write(&table, &out).unwrap();
    let main = Hats::open(&out).unwrap();
    assert_eq!(ids(&main.read().unwrap()), ids(&table));
    let cache = Hats::open(out.join("sky_120arcs")).unwrap();
    assert_eq!(cache.property("hats_margin_threshold"), Some("120"));
    // Every pair of rows within the margin is together in the partition of the first, with its cache.
    let near = crate::tables::SkyMatch::new(margin);
    let mut crossing = 0;
    for &pixel in main.pixels() {
        let own = main.of(&[pixel]).unwrap();
        let own_ids = ids(&own);
        let cached = if cache.pixels().contains(&pixel) {
            ids(&cache.of(&[pixel]).unwrap())
        } else {
            Vec::new()
        };
        assert!(cached.iter().all(|id| !own_ids.contains(id)), "{pixel:?} has rows twice");
        let all_ids: Vec<i64> =
            table.frame().column("objid").unwrap().i64().unwrap().iter().flatten().collect();
        for row in near.pairs(&own, &table).unwrap().second() {
            let id = all_ids[row];
            if !own_ids.contains(&id) {
                assert!(cached.contains(&id), "{pixel:?} lacks {id}");
                crossing += 1;
            }
        }
    }
    assert!(crossing > 20, "{crossing}");
}
