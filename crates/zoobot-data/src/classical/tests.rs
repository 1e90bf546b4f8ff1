//! Values that statmorph gives for the same pictures and maps of objects: `tests/python/bench_morphology.py --record`.

use super::*;
use serde_json::Value;

#[test]
fn real_galaxies_are_measured_as_statmorph_measures_them() {
    let recorded = include_str!("../../../../tests/recorded/morphology/expected.json");
    let recorded: serde_json::Map<String, Value> = serde_json::from_str(recorded).unwrap();
    let catalog = Catalog::real_sample().unwrap();
    let mut compared = 0;
    for (id, file) in catalog.ids().iter().zip(catalog.files()).take(60) {
        let Some(peer) = recorded.get(id).filter(|peer| peer["flag"] == 0) else { continue };
        let picture = read(&file).unwrap();
        let (image, segments) = ClassicalMorphology::segments(picture.view());
        let found = ClassicalMorphology::of_segment(image.view(), segments.view(), 1).unwrap();
        compared += 1;
        for (name, value) in [
            ("gini", found.gini),
            ("m20", found.m20),
            ("concentration", found.concentration),
            ("asymmetry", found.asymmetry),
            ("smoothness", found.smoothness),
            ("ellipticity_asymmetry", found.ellipticity),
            ("rpetro_circ", found.petrosian_radius),
            ("rpetro_ellip", found.petrosian_semi_major),
        ] {
            let wanted = peer[name].as_f64().unwrap();
            // Asymmetry and smoothness are differences that may be near 0.
            let scale = if ["asymmetry", "smoothness"].contains(&name) { 0.05 } else { 0.0 };
            let off = (value - wanted).abs() / wanted.abs().max(scale);
            assert!(off < 0.02, "{name} of {id}: {value}, not {wanted}");
        }
    }
    assert!(compared >= 20, "{compared}");
}

#[test]
fn pictures_without_a_galaxy_are_flagged() {
    for picture in [
        Array2::zeros((64, 64)),
        Array2::from_elem((64, 64), f64::NAN),
        Array2::zeros((1, 1)),
        Array2::zeros((0, 0)),
    ] {
        let found = ClassicalMorphology::of(picture.view());
        assert_eq!(found.flag, 4);
        assert!(found.gini.is_nan());
    }
}
