//! Pictures in rows, each with text below.

use super::axes::letters;
use super::canvas::{self, UNITS, units};
use super::{Figure, Layer, style};
use crate::notebook::text::{cut, plural};
use image::{ImageFormat, RgbImage};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::io::Cursor;
use zoobot_base::{Error, Result};

/// The side of a picture, the space between pictures, and the height of the line below, in pixels.
const SIDE: f64 = 132.0;
const GAP: f64 = 8.0;
const LINE: f64 = 20.0;
/// The distance between lines of text.
const NEXT: f64 = 13.0;
/// The number of letters that fit on a line.
const LONGEST: usize = 22;

/// Pictures with text below each (one or more lines), `columns` in a row.
///
/// # If it cannot be drawn
/// [`Error::Unsuitable`] without a picture, for more than 200, and for 0 columns.
pub fn pictures(tiles: &[(RgbImage, String)], columns: usize, about: &str) -> Figure {
    draw_pictures(tiles, columns, about).into()
}

fn draw_pictures(tiles: &[(RgbImage, String)], columns: usize, about: &str) -> Result<Figure> {
    if tiles.is_empty() || tiles.len() > 200 || columns == 0 {
        let problem = format!("a figure cannot have {} pictures in {columns} columns", tiles.len());
        return Err(Error::unsuitable(problem, "Choose 1 to 200 pictures and at least 1 column"));
    }
    let columns = columns.min(tiles.len());
    let rows = tiles.len().div_ceil(columns);
    let width = GAP + columns as f64 * (SIDE + GAP);
    let lines = tiles.iter().map(|(_, text)| text.lines().count()).max().unwrap_or(1).max(1);
    // Further lines are closer together than the first line is to its picture.
    let below = LINE + (lines - 1) as f64 * NEXT;
    let height = GAP + rows as f64 * (SIDE + below);
    let about = format!("{about}, {}", plural(tiles.len(), "picture"));
    canvas::draw((width.ceil() as u32, height.ceil() as u32), UNITS, about, |root, layers| {
        for (place, (picture, text)) in tiles.iter().enumerate() {
            let x = GAP + (place % columns) as f64 * (SIDE + GAP);
            let y = GAP + (place / columns) as f64 * (SIDE + below);
            let style = letters(style::TICK, style::INK).pos(Pos::new(HPos::Center, VPos::Center));
            for (number, line) in text.lines().enumerate() {
                let down = y + SIDE + LINE / 2.0 - 1.0 + number as f64 * NEXT;
                root.draw_text(&cut(line, LONGEST), &style, (units(x + SIDE / 2.0), units(down)))?;
            }
            let mut png = Vec::new();
            picture
                .write_to(&mut Cursor::new(&mut png), ImageFormat::Png)
                .map_err(|error| Error::Figure(format!("bitmap: {error}")))?;
            layers.push(Layer { x, y, width: SIDE, height: SIDE, png: png.into() });
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_stand_in_rows_with_their_lines() {
        let tile = |name: &str| (RgbImage::new(8, 8), name.to_owned());
        let figure = pictures(&[tile("a ring"), tile("b"), tile("c")], 2, "rings");
        assert_eq!(figure.size(), (288, 312));
        assert_eq!(figure.about(), "rings, 3 pictures");
        let svg = figure.svg();
        assert!(svg.contains("a ring") && svg.matches("<image").count() == 3, "{svg}");
        assert!(pictures(&[], 2, "").checked().is_err());
        // A second line below takes more room, and both lines are shown.
        let figure = pictures(&[tile("one\nof two")], 2, "rings");
        assert_eq!(figure.size(), (148, 173));
        assert!(figure.svg().contains("of two"));
    }
}
