//! Differences between surveys, and what they have in common.

use super::super::canvas::Canvas;
use super::super::instrument::Conditions;
use super::super::morphology::{Colour, Kind};
use super::super::surveys::Survey;
use super::super::{SimulatedGalaxy, Simulation};
use rand::{SeedableRng, rngs::StdRng};

fn seen(survey: Survey, kind: Kind, n: usize) -> Vec<SimulatedGalaxy> {
    let simulation = Simulation::new(n).seed(3).size(48).kinds([kind]).survey(survey);
    (0..n).map(|i| simulation.galaxy(i).unwrap()).collect()
}

#[test]
fn every_kind_is_seen_by_every_survey() {
    for survey in Survey::ALL {
        for kind in Kind::ALL {
            for galaxy in seen(survey, kind, 3) {
                let bright = galaxy.picture.pixels().filter(|pixel| pixel[1] > 0).count();
                assert!(bright > 100, "{survey}, {kind}: {bright} pixels");
                assert!(galaxy.field_of_view.is_finite() && galaxy.field_of_view >= 12.0);
                assert_eq!(galaxy.conditions.survey, survey);
            }
        }
    }
}

#[test]
fn the_same_galaxies_are_seen_by_all_surveys_of_the_same_sky() {
    for kind in Kind::ALL {
        let [legacy, decals, sdss] =
            [Survey::Legacy, Survey::Decals, Survey::Sdss].map(|survey| seen(survey, kind, 2));
        for ((legacy, decals), sdss) in legacy.iter().zip(&decals).zip(&sdss) {
            assert_eq!(legacy.morphology, decals.morphology);
            assert_eq!(legacy.morphology, sdss.morphology);
            assert_ne!(legacy.picture, decals.picture);
            assert_ne!(legacy.picture, sdss.picture);
        }
    }
}

#[test]
fn a_nearby_galaxy_fills_its_frame_and_one_of_a_wide_field_does_not() {
    let filled = |survey: Survey| {
        let share = |g: &SimulatedGalaxy| g.morphology.extent() / g.field_of_view;
        let all = seen(survey, Kind::Spiral, 20);
        let least = all.iter().map(share).fold(f64::MAX, f64::min);
        let most = all.iter().map(share).fold(0.0, f64::max);
        (least, most)
    };
    let (least, most) = filled(Survey::Nearby);
    assert!(least > 1.0 / 4.81 && most < 1.0 / 2.99, "{least} {most}");
    assert!(filled(Survey::Legacy).0 < 0.12);
}

#[test]
fn the_reddest_band_of_a_survey_lies_between_r_and_z() {
    let [_, _, z] = Colour::new(0.7, 0.6).bands();
    for (survey, r_red) in [(Survey::Legacy, 0.6), (Survey::Sdss, 0.348), (Survey::Hsc, 0.348)] {
        let mut canvas = Canvas::new(4, 0.4);
        canvas.bands[1].fill(1.0);
        canvas.bands[2].fill(z as f32);
        survey.instrument().filter(&mut canvas);
        let seen = 2.5 * f64::from(canvas.bands[2][0]).log10();
        assert!((seen - r_red).abs() < 1e-3, "{survey}: {seen}");
    }
}

#[test]
fn pixels_finer_than_the_cameras_share_their_noise() {
    let noise = |scale: f64| {
        let mut rng = StdRng::seed_from_u64(8);
        let conditions = Conditions::draw(Survey::Sdss, &mut rng);
        let conditions = Conditions { background: [0.0; 3], noise: [1.0; 3], ..conditions };
        let mut canvas = Canvas::new(256, scale);
        conditions.expose(&mut canvas, &mut rng);
        let plane = &canvas.bands[1];
        let product = |shift: usize| {
            let pairs = plane.iter().zip(&plane[shift..]);
            pairs.map(|(a, b)| f64::from(a * b)).sum::<f64>() / plane.len() as f64
        };
        // The noise as a surface brightness, and the correlation between neighbouring pixels.
        (product(0).sqrt() / (scale * scale), product(1) / product(0))
    };
    let ((own, apart), (fine, shared)) = (noise(0.396), noise(0.132));
    assert!((fine / own - 1.0).abs() < 0.1, "{fine} {own}");
    assert!(shared > 0.75 && shared > 1.5 * apart, "{shared} {apart}");
}

#[test]
fn the_shallower_survey_is_the_noisier() {
    let noise = |survey: Survey| survey.instrument().noise[1];
    assert!(noise(Survey::Hsc) < noise(Survey::Legacy));
    assert!(noise(Survey::Legacy) < noise(Survey::Sdss));
}
