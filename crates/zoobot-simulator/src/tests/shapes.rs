//! Painted galaxies have the sizes, shapes and light of closed forms.

use super::super::canvas::Canvas;
use super::super::morphology::{
    Arms, Body, Colour, DiskGalaxy, Kind, Lens, Morphology, Ring, RingPlace, Spheroid,
};
use super::super::paint::{flux, paint, paint_spheroid};
use std::f64::consts::{PI, TAU};

pub(super) const GREY: Colour = Colour::new(0.0, 0.0);

/// A galaxy of magnitude 15 at the picture's centre, without irregularities.
pub(super) fn galaxy(kind: Kind, body: Body) -> Morphology {
    Morphology {
        kind,
        centre: [0.0; 2],
        redshift: 0.05,
        magnitude: 15.0,
        body,
        peculiarities: Vec::new(),
        texture: 3,
    }
}

/// A plain face-on grey disc with a scale length of 5 arcsec.
pub(super) fn plain_disk() -> DiskGalaxy {
    let bulge = Spheroid { radius: 1.0, index: 1.0, axis_ratio: 1.0, angle: 0.0, colour: GREY };
    DiskGalaxy {
        bulge,
        bulge_fraction: 0.0,
        scale: 5.0,
        inclination: 0.0,
        angle: 0.0,
        old: GREY,
        young: GREY,
        young_fraction: 0.0,
        patchiness: 0.0,
        dust: 0.0,
        clumps: 0,
        bar: None,
        arms: None,
        rings: Vec::new(),
        lens: None,
        nucleus: 0.0,
    }
}

/// A plain disc with regular arms, given their number and pitch in degrees.
fn armed(number: usize, pitch: f64) -> DiskGalaxy {
    let arms = Arms {
        number,
        pitch: pitch.to_radians(),
        phase: 0.4,
        sharpness: 2.0,
        contrast: 0.8,
        start: 3.0,
        end: 25.0,
        wobble: 0.0,
        lopsided: 0.0,
        flocculence: 0.0,
    };
    DiskGalaxy { young_fraction: 0.6, arms: Some(arms), ..plain_disk() }
}

/// The picture of a disc, with 256 x 256 pixels of 0.4 arcsec.
fn painted(disk: DiskGalaxy) -> Canvas {
    let mut canvas = Canvas::new(256, 0.4);
    paint(&galaxy(Kind::Disk, Body::Disk(disk)), &mut canvas);
    canvas
}

/// Brightness in g (0), r (1) or z (2) at the pixel of a position.
pub(super) fn brightness(canvas: &Canvas, band: usize, x: f64, y: f64) -> f64 {
    let (column, row) = canvas.pixel(x, y);
    let at = row.round() as usize * canvas.size + column.round() as usize;
    f64::from(canvas.bands[band][at])
}

/// A Fourier component of the g light on a circle, as amplitude and phase.
fn fourier(canvas: &Canvas, radius: f64, m: usize) -> (f64, f64) {
    let (mut re, mut im) = (0.0, 0.0);
    for k in 0..720 {
        let theta = TAU * f64::from(k) / 720.0;
        let value = brightness(canvas, 0, radius * theta.cos(), radius * theta.sin());
        re += value * (m as f64 * theta).cos();
        im += value * (m as f64 * theta).sin();
    }
    (re.hypot(im), im.atan2(re))
}

#[test]
fn a_painted_sersic_profile_has_the_flux_of_its_closed_form() {
    for (index, tolerance) in [(1.0, 0.005), (2.0, 0.005), (4.0, 0.015)] {
        let spheroid = Spheroid { radius: 6.0, index, axis_ratio: 0.6, angle: 0.5, colour: GREY };
        let mut canvas = Canvas::new(513, 0.3);
        paint_spheroid(&spheroid, 100.0, [0.0, 0.0], &mut canvas);
        let within = |radius: f64| -> f64 {
            let (sin, cos) = 0.5f64.sin_cos();
            let inside = |at: usize| {
                let (x, y) = canvas.position((at % 513) as f64, (at / 513) as f64);
                (x * cos + y * sin).hypot((y * cos - x * sin) / 0.6) < radius
            };
            let plane = canvas.bands[1].iter().enumerate();
            plane.filter(|(at, _)| inside(*at)).map(|(_, v)| f64::from(*v)).sum::<f64>()
        };
        // By definition, the radius contains half of the light.
        assert!((within(6.0) / 50.0 - 1.0).abs() < tolerance, "n {index}: {}", within(6.0));
        if index == 1.0 {
            for radius in [3.0, 12.0, 30.0] {
                let x: f64 = 1.678_35 * radius / 6.0;
                let expected = 100.0 * (1.0 - (1.0 + x) * (-x).exp());
                assert!((within(radius) / expected - 1.0).abs() < 0.01, "radius {radius}");
            }
            assert!((canvas.axis_ratio(1) - 0.6).abs() < 0.01);
        }
    }
}

#[test]
fn the_true_magnitude_of_an_undisturbed_disc_is_the_one_asked_for() {
    let canvas = painted(plain_disk());
    assert!((canvas.flux(1) / flux(15.0) - 1.0).abs() < 0.03, "{}", canvas.flux(1));
    // 1.678 scale lengths contain half of the light of an exponential disc.
    let radius = canvas.half_light_radius(1, [0.0, 0.0]).unwrap();
    assert!((radius / (1.678 * 5.0) - 1.0).abs() < 0.03, "{radius}");
}

#[test]
fn the_pitch_angle_of_painted_arms_is_the_one_asked_for() {
    for pitch in [12.0, 20.0, -28.0f64] {
        let canvas = painted(armed(2, pitch));
        // The phase of the second Fourier component turns with ln R by 1 / tan(pitch).
        let radii: Vec<f64> = (0..24).map(|k| 6.0 * 1.035f64.powi(k)).collect();
        let mut angles: Vec<f64> = Vec::new();
        for &radius in &radii {
            let angle = fourier(&canvas, radius, 2).1 / 2.0;
            let turns = angles.last().map_or(0.0, |last| ((last - angle) / PI).round());
            angles.push(angle + PI * turns);
        }
        let n = radii.len() as f64;
        let x: Vec<f64> = radii.iter().map(|r| r.ln()).collect();
        let (mx, my) = (x.iter().sum::<f64>() / n, angles.iter().sum::<f64>() / n);
        let slope = x.iter().zip(&angles).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>()
            / x.iter().map(|x| (x - mx).powi(2)).sum::<f64>();
        let measured = (1.0 / slope).atan().to_degrees();
        assert!((measured - pitch).abs() < 1.0, "{measured} for {pitch}");
    }
}

#[test]
fn the_axis_ratio_of_an_inclined_disc_is_that_of_its_inclination() {
    for degrees in [0.0, 40.0, 60.0, 72.0f64] {
        let disk = DiskGalaxy { inclination: degrees.to_radians(), angle: 0.7, ..plain_disk() };
        let seen = painted(disk).axis_ratio(1);
        // cos i, except for the disc's thickness of 0.15.
        let expected = degrees.to_radians().cos().hypot(0.15 * degrees.to_radians().sin());
        assert!((seen - expected).abs() < 0.02, "{seen} for {expected}");
    }
}

#[test]
fn as_many_arms_are_seen_as_there_are() {
    for number in 1..=6 {
        let canvas = painted(armed(number, 22.0));
        let strongest = (1..=8)
            .max_by(|a, b| fourier(&canvas, 9.0, *a).0.total_cmp(&fourier(&canvas, 9.0, *b).0));
        assert_eq!(strongest, Some(number));
    }
}

#[test]
fn flocculent_arms_are_less_regular_than_those_of_a_grand_design() {
    let regularity = |flocculence: f64| {
        let mut disk = armed(2, 22.0);
        disk.arms = disk.arms.map(|arms| Arms { flocculence, ..arms });
        let canvas = painted(disk);
        let power = |m: usize| fourier(&canvas, 9.0, m).0;
        power(2) / (1..=12).map(power).sum::<f64>()
    };
    assert!(regularity(1.0) < 0.75 * regularity(0.0), "{} {}", regularity(1.0), regularity(0.0));
}

#[test]
fn a_ring_is_brightest_at_its_radius_and_has_its_share_of_the_light() {
    for (place, radius, fraction) in [
        (RingPlace::Nuclear, 2.5, 0.2),
        (RingPlace::Inner, 7.0, 0.3),
        (RingPlace::Outer, 15.0, 0.3),
    ] {
        let ring = Ring {
            place,
            radius,
            width: 0.12 * radius,
            axis_ratio: 1.0,
            angle: 0.0,
            opening: 0.0,
            offset: 0.0,
            fraction,
        };
        let with = painted(DiskGalaxy { rings: vec![ring], ..plain_disk() });
        let disk = painted(plain_disk());
        // The light that the ring adds to the disc, which lost an equal amount.
        let added = |r: f64| {
            (0..90)
                .map(|k| TAU * f64::from(k) / 90.0)
                .map(|t| (r * t.cos(), r * t.sin()))
                .map(|(x, y)| {
                    brightness(&with, 1, x, y) - (1.0 - fraction) * brightness(&disk, 1, x, y)
                })
                .sum::<f64>()
        };
        let radii: Vec<f64> = (1..80).map(|k| 0.3 * f64::from(k)).collect();
        let peak = radii.iter().copied().max_by(|a, b| added(*a).total_cmp(&added(*b))).unwrap();
        assert!((peak - radius).abs() <= 0.5, "{place:?}: {peak}");
        assert!((with.flux(1) / disk.flux(1) - 1.0).abs() < 0.02, "{place:?}");
    }
}

#[test]
fn a_lens_is_even_up_to_its_edge() {
    let lens = Lens { radius: 8.0, fraction: 0.5 };
    let (with, disk) =
        (painted(DiskGalaxy { lens: Some(lens), ..plain_disk() }), painted(plain_disk()));
    let added = |r: f64| brightness(&with, 1, r, 0.0) - 0.5 * brightness(&disk, 1, r, 0.0);
    assert!(added(6.0) > 0.6 * added(2.0) && added(9.2) < 0.02 * added(6.0));
}
