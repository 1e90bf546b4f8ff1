//! The style sheet: colours, sizes and line widths of all figures.
//!
//! Sizes are in pixels of 1/96 inch: 12 px is 9 pt, a size that journals ask for in figures.

use plotters::style::RGBColor;

/// Default width and height of a figure.
pub const SIZE: (u32, u32) = (640, 440);

/// Size of the title.
pub const TITLE: f64 = 13.5;
/// Size of axis labels and of the legend's heading.
pub const LABEL: f64 = 12.0;
/// Size of tick labels and of legend entries.
pub const TICK: f64 = 11.0;
/// Size of a note inside a panel.
pub const NOTE: f64 = 10.0;

/// Length of a tick.
pub const TICK_LENGTH: f64 = 4.0;
/// Width of axis lines and ticks.
pub const AXIS: f64 = 0.8;
/// Width of a data line.
pub const LINE: f64 = 1.8;
/// Space around a figure.
pub const MARGIN: f64 = 12.0;

/// Colour of titles, axis labels and legends.
pub const INK: RGBColor = RGBColor(0x26, 0x26, 0x26);
/// Colour of axis lines, ticks and notes.
pub const FAINT: RGBColor = RGBColor(0x6B, 0x6B, 0x6B);
/// Colour of points without a class or value.
pub const REST: RGBColor = RGBColor(0xB8, 0xB8, 0xB8);

/// Colours of classes: the eight of Okabe and Ito (2008), which suit all kinds of colour vision, most
/// readable on white first, and two of Paul Tol's (2021) to make ten.
pub const PALETTE: [RGBColor; 10] = [
    RGBColor(0x00, 0x72, 0xB2), // blue
    RGBColor(0xD5, 0x5E, 0x00), // vermillion
    RGBColor(0x00, 0x9E, 0x73), // bluish green
    RGBColor(0xCC, 0x79, 0xA7), // reddish purple
    RGBColor(0xE6, 0x9F, 0x00), // orange
    RGBColor(0x56, 0xB4, 0xE9), // sky blue
    RGBColor(0x33, 0x33, 0x33), // near black
    RGBColor(0x88, 0x22, 0x55), // wine
    RGBColor(0x99, 0x99, 0x33), // olive
    RGBColor(0xF0, 0xE4, 0x42), // yellow
];

/// Nine samples of viridis, the colour map of van der Walt and Smith (CC0): even steps in lightness, readable
/// in print and with every kind of colour vision.
const VIRIDIS: [[f64; 3]; 9] = [
    [68.0, 1.0, 84.0],
    [71.0, 44.0, 122.0],
    [59.0, 81.0, 139.0],
    [44.0, 113.0, 142.0],
    [33.0, 144.0, 141.0],
    [39.0, 173.0, 129.0],
    [92.0, 200.0, 99.0],
    [170.0, 220.0, 50.0],
    [253.0, 231.0, 37.0],
];

/// The colour of `share`, from 0 (dark) to 1 (light); values outside are clamped, NaN gives [`REST`].
pub fn colour_of(share: f64) -> RGBColor {
    if share.is_nan() {
        return REST;
    }
    let place = share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let below = (place as usize).min(VIRIDIS.len() - 2);
    let part = place - below as f64;
    let [r, g, b] = std::array::from_fn(|i| {
        (VIRIDIS[below][i] * (1.0 - part) + VIRIDIS[below + 1][i] * part).round() as u8
    });
    RGBColor(r, g, b)
}

/// Radius and opacity of the points, given their number: many points are small and translucent.
pub fn point(count: usize) -> (f64, f64) {
    match count {
        0..200 => (3.6, 0.85),
        200..1_000 => (2.8, 0.8),
        1_000..5_001 => (2.0, 0.7),
        5_001..30_000 => (1.5, 0.55),
        30_000..200_000 => (1.1, 0.4),
        _ => (0.8, 0.25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_run_from_dark_to_light_and_nan_is_grey() {
        let light = |share| {
            let RGBColor(r, g, b) = colour_of(share);
            0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b)
        };
        assert_eq!(colour_of(0.0), RGBColor(68, 1, 84));
        assert_eq!(colour_of(1.0), RGBColor(253, 231, 37));
        assert_eq!(colour_of(7.0), colour_of(1.0));
        assert_eq!(colour_of(f64::NAN), REST);
        assert!((0..100).all(|i| light(f64::from(i) / 100.0) < light(f64::from(i + 1) / 100.0)));
    }
}
