//! Calibration: observed against predicted vote fractions, one panel per question.

use super::axes::{Axis, frame, letters, stroke};
use super::canvas::{self, UNITS, units};
use super::{Figure, style};
use crate::notebook::text::{cut, plural};
use plotters::prelude::{Circle, Color, PathElement};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use zoobot_base::{Error, Result};

/// One panel of [`calibration_panels`].
///
/// ```
/// use zoobot_core::figure::{Panel, calibration_panels};
/// let points = vec![(0.1, 0.12, 40.0), (0.5, 0.47, 25.0), (0.9, 0.93, 60.0)];
/// let bar = Panel { title: "bar".into(), note: "125 votes".into(), points };
/// assert_eq!(calibration_panels(&[bar]).about(), "calibration of 1 question");
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// The panel's name.
    pub title: String,
    /// A note in the panel's corner.
    pub note: String,
    /// Predicted fraction, observed fraction (both 0 to 1), and weight of each point.
    pub points: Vec<(f64, f64, f64)>,
}

/// Width and height of a panel in pixels.
const SIDE: (u32, u32) = (232, 232);
/// The number of letters of a title that fit.
const LONGEST: usize = 27;

/// Panels of points near a diagonal, in rows of up to four. A dot's area shows its weight, relative to the
/// largest weight in its panel.
///
/// # If it cannot be drawn
/// [`Error::Parameter`] without a panel, and for more than 120.
pub fn calibration_panels(panels: &[Panel]) -> Figure {
    draw_panels(panels).into()
}

fn draw_panels(panels: &[Panel]) -> Result<Figure> {
    if panels.is_empty() || panels.len() > 120 {
        let name = "the number of panels";
        return Err(Error::parameter(name, panels.len(), "between 1 and 120"));
    }
    let columns = panels.len().min(4);
    let rows = panels.len().div_ceil(columns);
    let size = (SIDE.0 * columns as u32, SIDE.1 * rows as u32);
    let about = format!("calibration of {}", plural(panels.len(), "question"));
    canvas::draw(size, UNITS, about, |root, _| {
        for (panel, area) in panels.iter().zip(root.split_evenly((rows, columns))) {
            // Both are fractions; the small margin leaves room for dots at the ends.
            let axis = |label: &str| Axis::over(label, -0.02, 1.02);
            let (x, y) = (axis("expected fraction"), axis("fraction of votes"));
            let mut chart = frame(&area, &cut(&panel.title, LONGEST), &x, &y)?;
            let even = stroke(style::AXIS, style::REST);
            chart.draw_series([PathElement::new([(0.0, 0.0), (1.0, 1.0)], even)])?;
            let points: Vec<_> = panel.points.iter().map(|(x, y, _)| (*x, *y)).collect();
            let blue = style::PALETTE[0];
            chart.draw_series([PathElement::new(points, stroke(style::LINE * 0.7, blue))])?;
            let most = panel.points.iter().map(|it| it.2).fold(f64::MIN_POSITIVE, f64::max);
            chart.draw_series(panel.points.iter().map(|(x, y, weight)| {
                let radius = units((6.0 * (weight / most).sqrt()).max(1.6));
                Circle::new((*x, *y), radius, blue.mix(0.85).filled())
            }))?;
            let (right, low) = chart.backend_coord(&(1.0, 0.02));
            let text = letters(style::NOTE, style::FAINT);
            let text = text.pos(Pos::new(HPos::Right, VPos::Bottom));
            root.draw_text(&panel.note, &text, (right, low))?;
        }
        Ok(())
    })
}
