//! Legends to the right of the axes: a list of classes, or a colour bar.

use super::axes::{Axis, letters, stroke, tick_labels, ticks};
use super::canvas::{Canvas, Drawn, units};
use super::style;
use plotters::prelude::{Circle, Color, PathElement, Rectangle};
use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// The sign of an entry, which matches the data's style.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Sign {
    Dot,
    Line,
    Dashes,
    Dots,
    Box,
}

/// A named list of signs.
#[derive(Debug, Clone, Default)]
pub(super) struct Legend {
    pub heading: String,
    pub entries: Vec<(Sign, RGBColor, String)>,
}

/// Longer names are cut in a legend.
const LONGEST: usize = 28;

impl Legend {
    fn names(&self) -> impl Iterator<Item = String> {
        self.entries.iter().map(|(.., name)| crate::notebook::text::cut(name, LONGEST))
    }

    /// The width that the legend needs, in canvas units.
    pub fn width(&self, canvas: &Canvas<'_>) -> Drawn<i32> {
        let mut widest =
            canvas.estimate_text_size(&self.heading, &letters(style::LABEL, style::INK))?.0 as i32;
        for name in self.names() {
            let text = canvas.estimate_text_size(&name, &letters(style::TICK, style::INK))?;
            widest = widest.max(text.0 as i32 + units(18.0));
        }
        Ok(widest + units(style::MARGIN + 2.0))
    }

    /// Draws the legend in the upper left corner of `area`.
    pub fn draw(&self, area: &Canvas<'_>) -> Drawn<()> {
        let text = letters(style::TICK, style::INK).pos(Pos::new(HPos::Left, VPos::Center));
        let mut y = units(style::MARGIN + 8.0);
        if !self.heading.is_empty() {
            let heading = letters(style::LABEL, style::INK).pos(Pos::new(HPos::Left, VPos::Center));
            area.draw_text(&self.heading, &heading, (0, y))?;
            y += units(20.0);
        }
        for ((sign, colour, _), name) in self.entries.iter().zip(self.names()) {
            let half = units(6.0);
            match sign {
                Sign::Dot => {
                    area.draw(&Circle::new((half, y), units(4.0), colour.filled()))?;
                }
                Sign::Line => {
                    let line = stroke(style::LINE, *colour);
                    area.draw(&PathElement::new([(0, y), (2 * half, y)], line))?;
                }
                Sign::Dashes | Sign::Dots => {
                    let (starts, length): (&[f64], f64) = match sign {
                        Sign::Dashes => (&[0.0, 8.0], 6.0),
                        _ => (&[0.0, 4.0, 8.0, 12.0], 1.8),
                    };
                    for start in starts {
                        let ends = [(units(*start), y), (units(start + length), y)];
                        area.draw(&PathElement::new(ends, stroke(style::LINE, *colour)))?;
                    }
                }
                Sign::Box => {
                    let corners = [(0, y - units(5.0)), (2 * half, y + units(5.0))];
                    area.draw(&Rectangle::new(corners, colour.filled()))?;
                }
            }
            area.draw_text(&name, &text, (units(18.0), y))?;
            y += units(18.0);
        }
        Ok(())
    }
}

/// The width of a colour bar with its ticks and name, in canvas units.
pub(super) fn bar_width(canvas: &Canvas<'_>, scale: &Axis) -> Drawn<i32> {
    let text = letters(style::TICK, style::INK);
    let mut widest = 0;
    for label in tick_labels(&bar_ticks(scale)) {
        widest = widest.max(canvas.estimate_text_size(&label, &text)?.0 as i32);
    }
    Ok(widest + units(14.0 + 7.0 + 8.0 + style::LABEL * 1.2 + style::MARGIN))
}

fn bar_ticks(scale: &Axis) -> Vec<f64> {
    ticks(scale.low, scale.high, 5)
}

/// Draws a colour bar in `area`, as high as `rows` (upper and lower pixel row of the axes).
pub(super) fn draw_bar(area: &Canvas<'_>, scale: &Axis, (top, bottom): (i32, i32)) -> Drawn<()> {
    const STEPS: i32 = 128;
    let width = units(14.0);
    let row = |share: f64| bottom - ((f64::from(bottom - top)) * share).round() as i32;
    for step in 0..STEPS {
        // Each step reaches to the top, so that no seams show between steps.
        let colour = style::colour_of((f64::from(step) + 0.5) / f64::from(STEPS));
        let low = row(f64::from(step) / f64::from(STEPS));
        area.draw(&Rectangle::new([(0, top), (width, low)], colour.filled()))?;
    }
    let line = stroke(style::AXIS, style::FAINT);
    let text = letters(style::TICK, style::INK).pos(Pos::new(HPos::Left, VPos::Center));
    let ticks = bar_ticks(scale);
    for (tick, label) in ticks.iter().zip(tick_labels(&ticks)) {
        let y = row((tick - scale.low) / (scale.high - scale.low));
        area.draw(&PathElement::new([(width, y), (width + units(style::TICK_LENGTH), y)], line))?;
        area.draw_text(&label, &text, (width + units(7.0), y))?;
    }
    let name = letters(style::LABEL, style::INK)
        .transform(plotters::style::FontTransform::Rotate270)
        .pos(Pos::new(HPos::Center, VPos::Bottom));
    let right = area.dim_in_pixel().0 as i32 - units(style::MARGIN - 5.0);
    Ok(area.draw_text(&scale.label, &name, (right, (top + bottom) / 2))?)
}
