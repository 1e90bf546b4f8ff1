//! Confusion matrices: counts of galaxies by true and predicted class.

use super::axes::{letters, stroke};
use super::canvas::{self, UNITS, units};
use super::{Figure, style};
use crate::notebook::text::cut;
use ndarray::Array2;
use plotters::prelude::{Color, Rectangle};
use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use zoobot_base::{Error, Result};

/// The side of a cell in pixels.
const CELL: f64 = 62.0;
/// The number of letters of a class name that fit.
const LONGEST: usize = 14;

/// Counts of galaxies by true class (rows) and predicted class (columns); cells with a larger share of a true
/// class are darker.
///
/// # If it cannot be drawn
/// [`Error::Parameter`] without a class and for more than 30; [`Error::Shape`] when `counts` does not
/// have a row and a column for each name.
pub fn confusion(names: &[String], counts: &Array2<u64>) -> Figure {
    draw_confusion(names, counts).into()
}

fn draw_confusion(names: &[String], counts: &Array2<u64>) -> Result<Figure> {
    let n = names.len();
    if n == 0 || n > 30 {
        return Err(Error::parameter("the number of classes", n, "between 1 and 30"));
    }
    if counts.dim() != (n, n) {
        let (rows, columns) = counts.dim();
        let problem = format!("counts has {rows} rows and {columns} columns for {n} classes");
        return Err(Error::shape(problem, "Give a row and a column for each class"));
    }
    let (left, top, pad) = (120.0, 52.0, style::MARGIN);
    let side = CELL * n as f64;
    let size = ((left + side + pad).ceil() as u32, (top + side + pad).ceil() as u32);
    let about = format!("true against predicted classes: {}", names.join(", "));
    canvas::draw(size, UNITS, about, |root, _| {
        let text = |size: f64, colour: RGBColor, at: HPos| {
            letters(size, colour).pos(Pos::new(at, VPos::Center))
        };
        let middle = units(left + side / 2.0);
        root.draw_text(
            "predicted",
            &text(style::LABEL, style::INK, HPos::Center),
            (middle, units(14.0)),
        )?;
        root.draw_text(
            "true",
            &text(style::LABEL, style::INK, HPos::Left),
            (units(pad), units(top - 16.0)),
        )?;
        for (row, of) in counts.rows().into_iter().enumerate() {
            let all: u64 = of.sum();
            let y = top + CELL * row as f64;
            let name = cut(&names[row], LONGEST);
            let place = (units(left - 8.0), units(y + CELL / 2.0));
            root.draw_text(&name, &text(style::TICK, style::INK, HPos::Right), place)?;
            for (column, count) in of.iter().enumerate() {
                let x = left + CELL * column as f64;
                let share = *count as f64 / all.max(1) as f64;
                let corners = [(units(x), units(y)), (units(x + CELL), units(y + CELL))];
                root.draw(&Rectangle::new(
                    corners,
                    style::PALETTE[0].mix(0.06 + 0.9 * share).filled(),
                ))?;
                root.draw(&Rectangle::new(corners, stroke(style::AXIS, style::FAINT)))?;
                let ink = if share > 0.55 { RGBColor(255, 255, 255) } else { style::INK };
                let at = (units(x + CELL / 2.0), units(y + CELL / 2.0));
                root.draw_text(&count.to_string(), &text(style::TITLE, ink, HPos::Center), at)?;
            }
        }
        for (column, name) in names.iter().enumerate() {
            let at = (units(left + CELL * (column as f64 + 0.5)), units(top - 12.0));
            root.draw_text(&cut(name, 9), &text(style::TICK, style::INK, HPos::Center), at)?;
        }
        Ok(())
    })
}
