//! The canvas: turns a closure with plotters calls into a [`Figure`].
//!
//! plotters places everything at whole pixels. Our own figures are therefore drawn on a canvas that is ten
//! times finer ([`UNITS`]) and scaled down in the SVG, which gives thin axes and exact positions.

use super::{Figure, Layer, font};
use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, IntoDrawingArea, SVGBackend};
use std::error::Error as StdError;
use zoobot_base::{Error, Result};

/// The canvas passed to the closure of [`Figure::draw`]: the root of plotters' drawing areas.
pub type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The result of drawing, with the error of plotters or of the caller.
pub(super) type Drawn<T> = Result<T, Box<dyn StdError>>;

/// Canvas units of our own figures per pixel.
pub(super) const UNITS: u32 = 10;

/// Converts pixels to canvas units.
pub(super) fn units(pixels: f64) -> i32 {
    (pixels * f64::from(UNITS)).round() as i32
}

/// Draws on a canvas with `fine` units per pixel.
pub(super) fn draw(
    size: (u32, u32),
    fine: u32,
    about: String,
    body: impl FnOnce(&Canvas<'_>, &mut Vec<Layer>) -> Drawn<()>,
) -> Result<Figure> {
    let (width, height) = size;
    if !(40..=8000).contains(&width) || !(40..=8000).contains(&height) {
        let problem = format!("a figure cannot have {width} × {height} pixels");
        return Err(Error::unsuitable(problem, "Each side must be between 40 and 8000 pixels"));
    }
    font::register();
    let mut svg = String::new();
    let mut layers = Vec::new();
    {
        let root =
            SVGBackend::with_string(&mut svg, (width * fine, height * fine)).into_drawing_area();
        body(&root, &mut layers).map_err(drawing_error)?;
        root.present().map_err(|error| Error::Figure(error.to_string()))?;
    }
    let (body, remark) = (tidy(&svg, fine), String::new());
    Ok(Figure { size, dpi: 192.0, about, remark, body, layers, problems: Vec::new() })
}

/// Returns our own errors unchanged, and explains plotters' least helpful one.
fn drawing_error(error: Box<dyn StdError>) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => *ours,
        Err(other) => {
            let mut message = other.to_string();
            if message.contains("FontUnavailable") {
                message += ". A figure has one font: ask for \"sans-serif\"";
            }
            Error::Figure(message)
        }
    }
}

/// plotters' document without its root element and redundant attributes, scaled.
///
/// plotters escapes text, so a quoted attribute in the document is always a real attribute.
fn tidy(svg: &str, fine: u32) -> String {
    let inner = svg.split_once(">\n").map_or(svg, |(_, rest)| rest);
    let inner = inner.rsplit_once("</svg>").map_or(inner, |(rest, _)| rest);
    let mut inner: String = inner.lines().map(|line| plain_opacity(line) + "\n").collect();
    inner = inner
        .replace(" stroke=\"none\" stroke-width=\"1\"/>", "/>")
        .replace(" stroke=\"none\"/>", "/>");
    let family = format!("font-family=\"{}, sans-serif\"", font::FAMILY);
    for name in ["sans-serif", "serif", "monospace", font::FAMILY] {
        inner = inner.replace(&format!("font-family=\"{name}\""), &family);
    }
    if fine == 1 {
        return inner;
    }
    format!("<g transform=\"scale({})\">\n{inner}</g>\n", 1.0 / f64::from(fine))
}

/// Moves the opacity from the element to its paint. For elements with one paint, as plotters makes them, the
/// picture is unchanged, but an element with an opacity would become a separate layer in PDF, which makes a
/// scatter plot ten times larger.
fn plain_opacity(line: &str) -> String {
    let Some((before, rest)) = line.split_once(" opacity=\"") else { return line.to_owned() };
    let Some((value, after)) = rest.split_once('"') else { return line.to_owned() };
    if value == "1" {
        return format!("{before}{after}");
    }
    let paint = if after.starts_with(" fill=\"#") { "fill" } else { "stroke" };
    format!("{before} {paint}-opacity=\"{value}\"{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opacity_goes_to_the_paint_that_an_element_has() {
        let moved = |attributes: &str| plain_opacity(&format!("<x{attributes}/>"));
        let filled = moved(" opacity=\"0.5\" fill=\"#00FF00\"");
        assert_eq!(filled, "<x fill-opacity=\"0.5\" fill=\"#00FF00\"/>");
        let outlined = moved(" opacity=\"0.5\" fill=\"none\" stroke=\"#00FF00\"");
        assert_eq!(outlined, "<x stroke-opacity=\"0.5\" fill=\"none\" stroke=\"#00FF00\"/>");
        assert_eq!(moved(" opacity=\"1\" stroke=\"#00FF00\""), "<x stroke=\"#00FF00\"/>");
        assert_eq!(plain_opacity("an opacity=1 in words"), "an opacity=1 in words");
    }
}
