//! Curves with bands over a logarithmic axis, such as accuracy against the number of labels.

use super::axes::{Axis, frame, stroke};
use super::canvas::{self, UNITS, units};
use super::legend::{Legend, Sign};
use super::{Figure, style};
use plotters::prelude::{Circle, Color, PathElement, Polygon};
use plotters::style::{RGBColor, WHITE};
use zoobot_base::{Error, Result};

/// The line style of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dash {
    /// A solid line.
    #[default]
    Full,
    /// A dashed line.
    Dashed,
    /// A dotted line, with hollow points.
    Dotted,
}

impl Dash {
    /// The lengths of a dash and of the gap after it, in pixels; `None` for a solid line.
    fn lengths(self) -> Option<(f64, f64)> {
        match self {
            Self::Full => None,
            Self::Dashed => Some((7.0, 4.0)),
            Self::Dotted => Some((1.6, 3.2)),
        }
    }

    fn sign(self) -> Sign {
        match self {
            Self::Full => Sign::Line,
            Self::Dashed => Sign::Dashes,
            Self::Dotted => Sign::Dots,
        }
    }
}

/// One curve of [`curves`].
///
/// ```
/// use zoobot_core::figure::{Curve, Dash, curves};
/// let points = vec![(10.0, 0.70, 0.04), (100.0, 0.85, 0.02), (1000.0, 0.91, 0.01)];
/// let curve = Curve { name: "galaxies".into(), points, dash: Dash::Full, colour: Some(0) };
/// let figure = curves(&[curve], "labels", "accuracy");
/// assert_eq!(figure.about(), "accuracy over labels: galaxies");
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// The name in the legend.
    pub name: String,
    /// x (above 0), y, and half the height of the band around y (0 for none); x ascending.
    pub points: Vec<(f64, f64, f64)>,
    /// The line style.
    pub dash: Dash,
    /// The index of the colour in [`style::PALETTE`]; `None` for grey, for curves that serve as a comparison.
    pub colour: Option<usize>,
}

/// Curves over a logarithmic x axis, each with its band.
///
/// # If it cannot be drawn
/// [`Error::Empty`] without a curve or a point; [`Error::Unsuitable`] for an x that is not above 0 or a
/// y that is not finite.
pub fn curves(curves: &[Curve], x: &str, y: &str) -> Figure {
    draw_curves(curves, x, y).into()
}

fn draw_curves(curves: &[Curve], x: &str, y: &str) -> Result<Figure> {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    if points().next().is_none() {
        return Err(Error::empty(
            "there is no curve to draw",
            "Give a curve with at least one point",
        ));
    }
    if let Some(wrong) = points().find(|(x, y, _)| !(*x > 0.0 && x.is_finite() && y.is_finite())) {
        let problem = format!("the point {:?} of a curve cannot be drawn", (wrong.0, wrong.1));
        let hint = "Its x must be above 0, since the axis is logarithmic, and both must be finite";
        return Err(Error::unsuitable(problem, hint));
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
            entries: curves
                .iter()
                .map(|it| (it.dash.sign(), colour(it), it.name.clone()))
                .collect(),
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
            let width = if curve.dash == Dash::Full { style::LINE } else { style::LINE * 0.8 };
            let paint = || stroke(width, colour);
            if let Some(lengths) = curve.dash.lengths() {
                // The approximate size of the plotting area, in pixels.
                let scale = (520.0 / (across.high - across.low), 380.0 / (up.high - up.low));
                let dashes = dashes(&line, scale, lengths);
                chart.draw_series(dashes.into_iter().map(|it| PathElement::new(it, paint())))?;
            } else {
                chart.draw_series([PathElement::new(line.clone(), paint())])?;
            }
            let dot = |it: &(f64, f64)| Circle::new(*it, units(2.6), colour.filled());
            chart.draw_series(line.iter().map(dot))?;
            if curve.dash == Dash::Dotted {
                let hole = |it: &(f64, f64)| Circle::new(*it, units(1.6), WHITE.filled());
                chart.draw_series(line.iter().map(hole))?;
            }
        }
        legend.draw(&side)
    })
}

/// Splits a line into dashes with these lengths of dash and gap; `scale` converts steps in x and y to
/// lengths.
fn dashes(line: &[(f64, f64)], scale: (f64, f64), (dash, gap): (f64, f64)) -> Vec<Vec<(f64, f64)>> {
    /// Lengths below this count as zero.
    const LEAST: f64 = 1e-6;
    let mut dashes = Vec::new();
    // The distance since the start of the current dash; it continues around corners.
    let mut phase = 0.0;
    for pair in line.windows(2) {
        let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
        let length = ((x1 - x0) * scale.0).hypot((y1 - y0) * scale.1);
        let at = |far: f64| (x0 + far / length * (x1 - x0), y0 + far / length * (y1 - y0));
        let mut far = 0.0;
        while length - far > LEAST {
            let drawn = dash - phase > LEAST;
            let end = (far + if drawn { dash - phase } else { dash + gap - phase }).min(length);
            if drawn {
                dashes.push(vec![at(far), at(end)]);
            }
            phase += end - far;
            if dash + gap - phase <= LEAST {
                phase = 0.0;
            }
            far = end;
        }
    }
    dashes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_drawn_with_their_bands_and_numbers_at_the_ticks() {
        let curve = |name: &str, dash| Curve {
            name: name.to_owned(),
            points: vec![(10.0, 0.6, 0.05), (30.0, 0.7, 0.04), (200.0, 0.8, 0.02)],
            dash,
            colour: (dash != Dash::Dotted).then_some(usize::from(dash == Dash::Dashed)),
        };
        let both = [curve("frozen", Dash::Full), curve("full", Dash::Dashed)];
        let svg = curves(&both, "training galaxies", "accuracy").svg();
        for word in ["<polygon", "frozen", "full", "\n100\n", "\n20\n", "training galaxies"] {
            assert!(svg.contains(word), "{word} is not in the figure");
        }
        assert!(curves(&[], "x", "y").checked().is_err());
        let zero = Curve { points: vec![(0.0, 1.0, 0.0)], ..curve("a", Dash::Full) };
        let error = curves(&[zero], "x", "y").checked().unwrap_err().to_string();
        assert!(error.contains("x must be above 0"), "{error}");
    }

    #[test]
    fn dashes_go_around_corners_and_dots_are_more_than_dashes() {
        let line = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)];
        let found = dashes(&line, (10.0, 10.0), (6.0, 3.0));
        let near = |(a, b): (f64, f64), (c, d): (f64, f64)| (a - c).hypot(b - d) < 1e-9;
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(near(found[0][0], (0.0, 0.0)) && near(found[0][1], (0.6, 0.0)), "{found:?}");
        // The second dash covers 9 to 15 along the line, around the corner at 10.
        assert!(near(found[1][1], (1.0, 0.0)) && near(found[2][1], (1.0, 0.5)), "{found:?}");
        let [dots, long] = [Dash::Dotted, Dash::Dashed]
            .map(|it| dashes(&line, (100.0, 100.0), it.lengths().unwrap()).len());
        assert!(dots > 2 * long, "{dots} dots, {long} dashes");
    }
}
