//! Curves with bands over a logarithmic axis, such as accuracy over the number of labels.

use super::axes::{Axis, frame, stroke};
use super::canvas::{self, UNITS, units};
use super::legend::{Legend, Sign};
use super::{Figure, style};
use crate::{Error, Result};
use plotters::prelude::{Circle, Color, PathElement, Polygon};
use plotters::style::RGBColor;

/// One curve of [`curves`].
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Its name in the legend.
    pub name: String,
    /// x (above 0), y, and half the height of the band around y (0 for none); x ascending.
    pub points: Vec<(f64, f64, f64)>,
    /// Drawn in dashes.
    pub dashed: bool,
    /// The place of its colour in [`style::PALETTE`]; `None` for grey, for what is there for scale.
    pub colour: Option<usize>,
}

/// Curves over a logarithmic x, each within its band.
///
/// # Errors
/// [`Error::Invalid`] without a curve or a point, and for an x that is not above 0 or a y that is not
/// finite.
pub fn curves(curves: &[Curve], x: &str, y: &str) -> Result<Figure> {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    if points().next().is_none() {
        return Err(Error::invalid("points of the curves", 0, "at least one"));
    }
    if let Some(wrong) = points().find(|(x, y, _)| !(*x > 0.0 && x.is_finite() && y.is_finite())) {
        let value = format!("{:?}", (wrong.0, wrong.1));
        return Err(Error::invalid("point of a curve", value, "x above 0, both finite"));
    }
    let names: Vec<&str> = curves.iter().map(|curve| curve.name.as_str()).collect();
    let about = format!("{y} over {x}: {}", names.join(", "));
    let logs = || points().map(|(x, ..)| x.log10());
    let (low, high) = (logs().fold(f64::INFINITY, f64::min), logs().fold(f64::MIN, f64::max));
    let air = ((high - low) * 0.03).max(0.02);
    let across = Axis::logarithmic(x, low - air, high + air);
    let up = Axis::around(y, points().flat_map(|(_, y, band)| [y - band, y + band]), 0.04);
    canvas::draw((760, 460), UNITS, about, |root, _| {
        let colour = |curve: &Curve| -> RGBColor {
            curve.colour.map_or(style::FAINT, |i| style::PALETTE[i % style::PALETTE.len()])
        };
        let legend = Legend {
            heading: String::new(),
            entries: curves.iter().map(|it| (Sign::Line, colour(it), it.name.clone())).collect(),
        };
        let side = legend.width(root)?;
        let (main, side) = root.split_horizontally(root.dim_in_pixel().0 as i32 - side);
        let mut chart = frame(&main, "", &across, &up)?;
        for curve in curves {
            let colour = colour(curve);
            let at = |sign: f64| {
                curve.points.iter().map(move |(x, y, band)| (x.log10(), y + sign * band))
            };
            if curve.points.iter().any(|it| it.2 > 0.0) {
                let around: Vec<(f64, f64)> =
                    at(-1.0).chain(at(1.0).collect::<Vec<_>>().into_iter().rev()).collect();
                chart.draw_series([Polygon::new(around, colour.mix(0.14).filled())])?;
            }
            let line: Vec<(f64, f64)> = at(0.0).collect();
            let width = if curve.dashed { style::LINE * 0.8 } else { style::LINE };
            let paint = || stroke(width, colour);
            if curve.dashed {
                let dashes = dashes(&line, (across.high - across.low) / 90.0);
                chart.draw_series(dashes.into_iter().map(|it| PathElement::new(it, paint())))?;
            } else {
                chart.draw_series([PathElement::new(line.clone(), paint())])?;
            }
            let dot = |it: &(f64, f64)| Circle::new(*it, units(2.6), colour.filled());
            chart.draw_series(line.iter().map(dot))?;
        }
        legend.draw(&side)
    })
}

/// Every second stretch of so much x.
fn dashes(line: &[(f64, f64)], length: f64) -> Vec<Vec<(f64, f64)>> {
    let mut dashes = Vec::new();
    for pair in line.windows(2) {
        let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
        let count = (((x1 - x0) / length) as usize).max(1);
        let at = |i: usize| {
            let share = (i as f64 / count as f64).min(1.0);
            (x0 + share * (x1 - x0), y0 + share * (y1 - y0))
        };
        dashes.extend((0..count).step_by(2).map(|i| vec![at(i), at(i + 1)]));
    }
    dashes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_drawn_with_their_bands_and_numbers_at_the_ticks() {
        let curve = |name: &str, dashed| Curve {
            name: name.to_owned(),
            points: vec![(10.0, 0.6, 0.05), (30.0, 0.7, 0.04), (200.0, 0.8, 0.02)],
            dashed,
            colour: Some(usize::from(dashed)),
        };
        let both = [curve("frozen", false), curve("full", true)];
        let svg = curves(&both, "training galaxies", "accuracy").unwrap().svg();
        for word in ["<polygon", "frozen", "full", "\n100\n", "\n20\n", "training galaxies"] {
            assert!(svg.contains(word), "{word} is not in the figure");
        }
        assert!(curves(&[], "x", "y").is_err());
        let zero = Curve { points: vec![(0.0, 1.0, 0.0)], ..curve("a", false) };
        assert!(curves(&[zero], "x", "y").unwrap_err().to_string().contains("x above 0"));
    }
}
