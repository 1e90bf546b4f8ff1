//! Properties of the simulated survey as a whole.

mod odd;
mod shapes;
mod surveys;

use super::simulate::COLUMNS;
use super::{Kind, SimulatedGalaxy, Simulation};
use std::collections::BTreeMap;
use std::fs;

fn some(kind: Kind, n: usize) -> Vec<SimulatedGalaxy> {
    let survey = Simulation::new(n).seed(11).size(64).kinds([kind]);
    (0..n).map(|i| survey.galaxy(i).unwrap()).collect()
}

fn mean(galaxies: &[SimulatedGalaxy], value: impl Fn(&SimulatedGalaxy) -> f64) -> f64 {
    galaxies.iter().map(value).sum::<f64>() / galaxies.len() as f64
}

#[test]
fn a_seed_gives_the_same_files_on_any_number_of_threads() {
    let survey = Simulation::new(12).seed(5).size(48);
    let files = |threads| {
        let folder = tempfile::tempdir().unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let catalog = pool.install(|| survey.write(folder.path())).unwrap();
        let mut files = BTreeMap::from([("catalog".into(), fs::read(catalog.source()).unwrap())]);
        for entry in fs::read_dir(folder.path().join("images")).unwrap() {
            let entry = entry.unwrap();
            files.insert(entry.file_name(), fs::read(entry.path()).unwrap());
        }
        files
    };
    let one = files(1);
    assert_eq!(one.len(), 13);
    assert!(one == files(3));
}

#[test]
fn a_galaxy_is_the_same_in_a_larger_survey_and_another_with_another_seed() {
    let small = Simulation::new(3).size(48);
    let picture = |survey: &Simulation| survey.galaxy(2).unwrap().picture;
    assert_eq!(picture(&small), picture(&Simulation { galaxies: 3000, ..small.clone() }));
    assert_ne!(picture(&small), picture(&small.clone().seed(2)));
    assert_ne!(picture(&small), small.galaxy(1).unwrap().picture);
}

#[test]
fn settings_out_of_range_are_refused_with_their_value() {
    let folder = tempfile::tempdir().unwrap();
    let good = Simulation::new(1);
    for (bad, begin, end) in [
        (Simulation::new(0), "galaxies must be", "it is 0"),
        (good.clone().size(15), "size must be", "it is 15"),
        (good.clone().size(2049), "size must be", "it is 2049"),
        (good.clone().quality(0), "quality must be", "it is 0"),
        (good.clone().quality(101), "quality must be", "it is 101"),
        (good.clone().kinds([]), "there are no kinds", "at least one kind"),
        (Simulation { field_of_view: f64::NAN, ..good.clone() }, "field_of_view must", "it is NaN"),
    ] {
        let error = bad.write(folder.path()).unwrap_err().to_string();
        assert!(error.starts_with(begin) && error.ends_with(end), "{error}");
        assert!(bad.galaxy(0).is_err());
    }
    assert!(good.galaxy(1).unwrap_err().to_string().starts_with("i must be between 0 and 0"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = Simulation::new(1).size(16).write(file.path()).unwrap_err();
    assert!(error.to_string().contains("images"), "{error}");
}

/// The value of a column in a galaxy's row.
fn cell(galaxy: &SimulatedGalaxy, column: &str) -> String {
    let k = COLUMNS.split(',').position(|name| name == column).unwrap();
    let row = galaxy.row();
    assert_eq!(row.matches(',').count(), COLUMNS.matches(',').count());
    row.trim_end().split(',').nth(k).unwrap().to_owned()
}

#[test]
fn labels_say_what_was_drawn() {
    for kind in Kind::ALL {
        for galaxy in some(kind, 30) {
            let cell = |column: &str| cell(&galaxy, column);
            assert_eq!(cell("class"), kind.name());
            let disk = galaxy.morphology.disk();
            let overlap = kind == Kind::Overlap;
            assert_eq!(cell("ring") == "1", kind == Kind::Ring);
            assert_eq!(cell("rings").is_empty(), kind != Kind::Ring);
            match kind {
                Kind::BarredSpiral => assert_eq!(cell("bar"), "1"),
                Kind::Ring => assert_eq!(cell("bar") == "1", disk.unwrap().bar.is_some()),
                _ => assert!(cell("bar") == "0" || overlap),
            }
            let arms: usize = cell("spiral_arms").parse().unwrap();
            match kind {
                Kind::Spiral | Kind::BarredSpiral | Kind::Jellyfish => {
                    assert!((1..=6).contains(&arms), "{kind}: {arms}");
                }
                Kind::Ring | Kind::Diffuse | Kind::Overlap => assert!(arms <= 6),
                _ => assert_eq!(arms, 0, "{kind}"),
            }
            assert_eq!(arms > 0, !cell("pitch").is_empty());
            assert_eq!(cell("merger") == "1", kind == Kind::Merger);
            assert_eq!(cell("merger_stage").is_empty(), kind != Kind::Merger);
            assert_eq!(cell("bulge_shape").is_empty(), kind != Kind::EdgeOn);
            assert_eq!(cell("einstein_radius").is_empty(), kind != Kind::GravitationalLens);
            assert!(cell("tidal") == "1" || cell("shells") == "0");
            if let Some(disk) = disk {
                let parts = disk.bulge_fraction + disk.share_of_parts();
                assert!(parts < 0.9, "{kind}: no light left for the disc, {parts}");
            }
            let numbers = ["bulge_fraction", "axis_ratio", "radius", "magnitude", "colour"];
            if kind == Kind::StarOrArtifact {
                assert!(numbers.iter().all(|name| cell(name).is_empty()));
                assert!(cell("redshift").is_empty());
            } else {
                let within = |name: &str, from: f64, to: f64| {
                    let value: f64 = cell(name).parse().unwrap();
                    assert!((from..=to).contains(&value), "{kind}: {name} {value}");
                };
                within("bulge_fraction", 0.0, 1.0);
                within("axis_ratio", 0.0, 1.0);
                within("radius", 1.0, 30.0);
                within("magnitude", 12.0, 20.5);
                within("colour", -0.5, 1.7);
                within("redshift", 0.008, 0.5);
            }
        }
    }
}

/// The asymmetry under a half turn, relative to the brightness, within a circle.
fn asymmetry(galaxy: &SimulatedGalaxy) -> f64 {
    let size = galaxy.picture.width();
    let sky = 25.0;
    let (mut apart, mut total) = (0.0, 0.0);
    for (x, y, pixel) in galaxy.picture.enumerate_pixels() {
        let middle = (f64::from(size) - 1.0) / 2.0;
        if (f64::from(x) - middle).hypot(f64::from(y) - middle) < 0.3 * f64::from(size) {
            let turned = galaxy.picture.get_pixel(size - 1 - x, size - 1 - y);
            apart += (f64::from(pixel[1]) - f64::from(turned[1])).abs();
            total += (f64::from(pixel[1]) - sky).max(0.0);
        }
    }
    apart / total.max(1.0)
}

/// The ratio of blue to red brightness in the middle of a picture.
fn blueness(galaxy: &SimulatedGalaxy) -> f64 {
    let size = galaxy.picture.width();
    let (mut red, mut blue) = (0.0, 0.0);
    for (x, y, pixel) in galaxy.picture.enumerate_pixels() {
        if x.abs_diff(size / 2) < size / 6 && y.abs_diff(size / 2) < size / 6 {
            red += f64::from(pixel[0]);
            blue += f64::from(pixel[2]);
        }
    }
    blue / red
}

#[test]
fn kinds_look_as_they_should() {
    let [smooth, disk, spiral, edge_on, merger] =
        [Kind::Smooth, Kind::Disk, Kind::Spiral, Kind::EdgeOn, Kind::Merger].map(|k| some(k, 60));
    assert!(mean(&merger, asymmetry) > 1.3 * mean(&disk, asymmetry));
    assert!(mean(&spiral, asymmetry) > mean(&disk, asymmetry));
    assert!(mean(&spiral, blueness) > 1.1 * mean(&smooth, blueness));
    let axis_ratio = |g: &SimulatedGalaxy| g.truth.axis_ratio.unwrap();
    assert!(mean(&edge_on, axis_ratio) < 0.6 * mean(&disk, axis_ratio));
}
