//! Unusual galaxies follow the laws of physics.

use super::super::canvas::Canvas;
use super::super::encounter;
use super::super::morphology::{
    Body, Colour, Encounter, GravitationalLens, Jellyfish, Kind, Morphology, Peculiarity, Spheroid,
    Stage,
};
use super::super::paint::{flux, paint};
use super::shapes::{GREY, brightness, galaxy, plain_disk};
use super::{SimulatedGalaxy, cell, mean, some};
use std::f64::consts::TAU;

fn spheroid(radius: f64, index: f64) -> Spheroid {
    Spheroid { radius, index, axis_ratio: 1.0, angle: 0.0, colour: GREY }
}

/// The picture of a source at a position behind a round lens with an Einstein radius of 6 arcsec, without the
/// lens's own light.
fn lensed(place: [f64; 2]) -> Canvas {
    let lens = GravitationalLens {
        lens: spheroid(2.0, 1.0),
        einstein_radius: 6.0,
        mass_axis_ratio: 1.0,
        source: spheroid(0.25, 1.0),
        place,
        source_magnitude: 20.0,
    };
    let mut canvas = Canvas::new(200, 0.15);
    let dark = Morphology { magnitude: 60.0, ..galaxy(Kind::GravitationalLens, Body::Lens(lens)) };
    paint(&dark, &mut canvas);
    canvas
}

#[test]
fn a_source_right_behind_a_round_lens_is_a_ring_of_the_einstein_radius() {
    let canvas = lensed([0.0, 0.0]);
    let radii: Vec<f64> = (10..90).map(|k| 0.15 * f64::from(k)).collect();
    let on = |r: f64| {
        (0..60)
            .map(|k| TAU * f64::from(k) / 60.0)
            .map(|t| brightness(&canvas, 1, r * t.cos(), r * t.sin()))
            .sum::<f64>()
    };
    let peak = radii.iter().copied().max_by(|a, b| on(*a).total_cmp(&on(*b))).unwrap();
    assert!((peak - 6.0).abs() < 0.25, "{peak}");
}

#[test]
fn a_round_lens_magnifies_by_the_closed_form() {
    // A singular isothermal sphere makes two images, together 2 θ_E / β times as bright as the source.
    for beta in [1.5, 3.0] {
        let seen = lensed([beta, 0.0]).flux(1) / flux(20.0);
        let expected = 2.0 * 6.0 / beta;
        assert!((seen / expected - 1.0).abs() < 0.04, "{seen} for {expected}");
    }
    // Its images are on the line through lens and source, at β + θ_E and β - θ_E.
    let canvas = lensed([3.0, 0.0]);
    for x in [9.0, -3.0] {
        assert!(brightness(&canvas, 1, x, 0.0) > 50.0 * brightness(&canvas, 1, 0.0, 6.0));
    }
}

#[test]
fn mergers_pass_through_their_stages() {
    for (galaxy, pair) in mergers() {
        let wreck = encounter::follow(&pair, galaxy.morphology.texture);
        let [a, b] = wreck.nuclei;
        let apart = (a[0] - b[0]).hypot(a[1] - b[1]);
        let far = wreck.stars.iter().filter(|star| star.now > 1.6).count();
        let thrown = far as f64 / wreck.stars.len() as f64;
        match pair.stage() {
            // Seen in projection, the nuclei may look close, so their distance is not tested.
            Stage::Approaching => assert!(thrown < 0.08 && pair.time < 0.0, "{thrown}"),
            Stage::Passage => assert!(thrown > 0.02 && pair.time > 0.0, "{thrown}"),
            Stage::Coalescing => assert!(apart < 1.5, "{apart}"),
            Stage::Remnant => assert!(apart < 0.2, "{apart}"),
        }
        assert_eq!(cell(&galaxy, "merger_stage"), pair.stage().name());
        assert_eq!(cell(&galaxy, "tidal") == "1", pair.stage() != Stage::Approaching);
    }
    let mut stages: Vec<Stage> = mergers().into_iter().map(|(_, pair)| pair.stage()).collect();
    stages.sort_unstable();
    stages.dedup();
    assert_eq!(stages.len(), 4);
}

fn mergers() -> Vec<(SimulatedGalaxy, Encounter)> {
    let with_pair = |galaxy: SimulatedGalaxy| match galaxy.morphology.body {
        Body::Pair(pair) => (galaxy, pair),
        _ => panic!("a merger without a pair"),
    };
    some(Kind::Merger, 30).into_iter().map(with_pair).collect()
}

#[test]
fn dust_of_the_nearer_galaxy_hides_the_farther_one_and_more_so_in_the_blue() {
    let overlap = |dust: f64| {
        let mut near = plain_disk();
        near.dust = dust;
        let near = Morphology { magnitude: 30.0, ..galaxy(Kind::Disk, Body::Disk(near)) };
        let far = galaxy(Kind::Smooth, Body::Spheroid(spheroid(4.0, 1.0)));
        let mut canvas = Canvas::new(128, 0.5);
        let both = Body::Overlap(Box::new([near, far]));
        paint(&galaxy(Kind::Overlap, both), &mut canvas);
        [0, 1, 2].map(|band| canvas.flux(band))
    };
    let (clear, dusty) = (overlap(0.0), overlap(0.4));
    let left: Vec<f64> = clear.iter().zip(dusty).map(|(clear, dusty)| dusty / clear).collect();
    assert!(left[0] < left[1] && left[1] < left[2] && left[2] < 0.95, "{left:?}");
}

#[test]
fn a_jellyfish_has_its_wake_on_one_side_and_is_stripped_on_the_other() {
    let jellyfish = Jellyfish {
        disk: plain_disk(),
        wind: 0.0,
        edge: 6.0,
        length: 12.0,
        width: 5.0,
        filaments: 4,
        fraction: 0.3,
        colour: Colour::new(-0.3, -0.3),
        knots: 5,
    };
    let mut canvas = Canvas::new(256, 0.4);
    paint(&galaxy(Kind::Jellyfish, Body::Jellyfish(jellyfish)), &mut canvas);
    let column = |x: f64, band: usize| {
        (-10..=10).map(|k| brightness(&canvas, band, x, f64::from(k))).sum::<f64>()
    };
    assert!(column(16.0, 1) > 3.0 * column(-16.0, 1));
    // The wake is blue, and the stripped disc is less blue.
    assert!(column(16.0, 0) / column(16.0, 1) > 1.15 * column(-12.0, 0) / column(-12.0, 1));
}

#[test]
fn a_lane_of_dust_darkens_and_reddens_what_is_behind_it() {
    let lane =
        Peculiarity::DustLane { angle: 0.0, length: 8.0, width: 0.8, offset: 1.5, depth: 2.0 };
    let mut dusty = galaxy(Kind::Smooth, Body::Spheroid(spheroid(6.0, 1.0)));
    dusty.peculiarities.push(lane);
    assert!(dusty.has_dust_lane() && !dusty.is_tidal());
    let mut canvas = Canvas::new(128, 0.4);
    paint(&dusty, &mut canvas);
    // There is no dust below the centre.
    let ratio =
        |band: usize| brightness(&canvas, band, 0.1, 1.5) / brightness(&canvas, band, 0.1, -1.5);
    assert!(ratio(1) < 0.4 && ratio(0) < ratio(1) && ratio(1) < ratio(2));
}

#[test]
fn diffuse_galaxies_are_of_low_surface_brightness_and_irregular_ones_blue() {
    let surface = |g: &SimulatedGalaxy| {
        let (radius, magnitude) = (g.truth.radius.unwrap(), g.truth.magnitude.unwrap());
        magnitude + 2.5 * (TAU * radius * radius).log10()
    };
    let [diffuse, spiral, irregular] =
        [Kind::Diffuse, Kind::Spiral, Kind::Irregular].map(|kind| some(kind, 40));
    assert!(mean(&diffuse, surface) > mean(&spiral, surface) + 1.2);
    assert!(diffuse.iter().all(|galaxy| surface(galaxy) > 22.9));
    let colour = |g: &SimulatedGalaxy| g.truth.colour.unwrap();
    assert!(mean(&irregular, colour) < mean(&spiral, colour) - 0.08);
}

#[test]
fn surface_brightness_falls_with_the_fourth_power_of_one_plus_redshift() {
    let near = galaxy(Kind::Smooth, Body::Spheroid(spheroid(8.0, 1.0)));
    let far = near.at_redshift(0.4).unwrap();
    let centre = |galaxy: &Morphology| {
        let mut canvas = Canvas::new(129, 0.1);
        paint(galaxy, &mut canvas);
        brightness(&canvas, 1, 0.0, 0.0)
    };
    let expected = (1.05f64 / 1.4).powi(4);
    let seen = centre(&far) / centre(&near);
    // A pixel is a larger share of the smaller galaxy.
    assert!((seen / expected - 1.0).abs() < 0.08, "{seen} for {expected}");
    // Angular-diameter distances in a flat universe with 30 % matter, in c / H0: 0.0471 at z = 0.05 and
    // 0.2588 at 0.4.
    assert!((far.extent() / near.extent() / (0.0471 / 0.2588) - 1.0).abs() < 0.03);
    let colour = |galaxy: &Morphology| match &galaxy.body {
        Body::Spheroid(spheroid) => spheroid.colour.g_r,
        _ => 0.0,
    };
    assert!(colour(&far) > colour(&near) + 0.1);
    let back = far.at_redshift(0.05).unwrap();
    assert!((back.magnitude - near.magnitude).abs() < 1e-9);
    assert!((back.extent() / near.extent() - 1.0).abs() < 1e-9);
}

#[test]
fn a_redshift_out_of_range_or_of_no_galaxy_is_refused() {
    let near = galaxy(Kind::Smooth, Body::Spheroid(spheroid(8.0, 1.0)));
    for bad in [0.0, -1.0, 3.5, f64::NAN] {
        assert!(near.at_redshift(bad).unwrap_err().to_string().starts_with("redshift must be"));
    }
    let star = &some(Kind::StarOrArtifact, 1)[0].morphology;
    assert!(star.at_redshift(0.1).is_err());
}
