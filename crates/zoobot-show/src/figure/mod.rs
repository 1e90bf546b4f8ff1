//! Figures: drawn once as vectors with plotters, shown in a notebook, saved as SVG, PDF or PNG.
//!
//! There is one file per kind of figure; [`style`] is the style sheet for all. Nothing is computed here
//! beyond what drawing needs. For your own kind of figure, call plotters inside [`Figure::draw`].

mod axes;
mod calibration;
mod canvas;
mod confusion;
mod curves;
mod font;
mod gallery;
mod grid;
mod histogram;
mod labels;
mod legend;
mod lines;
mod look;
mod numbers;
mod pictures;
mod raster;
mod save;
mod scatter;
pub mod style;
mod tree;
mod variance;

pub use calibration::{Panel, calibration_panels};
pub use canvas::Canvas;
pub use confusion::confusion;
pub use curves::{Curve, Dash, curves};
#[doc(hidden)]
pub use grid::{Grid, grid};
pub use histogram::{Histogram, histogram};
pub use labels::PointLabels;
pub use lines::{Lines, lines};
pub use numbers::{Number, Numbers};
pub use pictures::pictures;
pub(crate) use save::shown_size;
pub use scatter::{Scatter, beside, scatter};
pub use tree::{Branch, tree};
pub use variance::explained_variance;

use crate::notebook::{Bundle, Show, text};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::fmt::Write;
use std::sync::Arc;
use zoobot_base::{Error, Result};

/// In a notebook, a figure with more bytes of SVG is shown as PNG.
const SVG_LIMIT: usize = 300_000;

/// A finished figure. As the last expression of a cell it displays itself; [`Figure::save`] writes it.
///
/// Sizes are in pixels of 1/96 inch, as in browsers: 640 px are 16.9 cm on paper, and 12 px text is 9 pt. The
/// background is white, so that figures are readable in a dark theme too.
///
/// ```
/// use zoobot_core::prelude::*;
/// let galaxies = Catalog::sample()?;
/// let figure = histogram(galaxies.column("radius")?, 30).build();
/// let file = std::env::temp_dir().join(format!("zoobot-figure-{}.pdf", std::process::id()));
/// figure.save(&file)?;
/// assert!(file.exists());
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct Figure {
    size: (u32, u32),
    dpi: f64,
    about: String,
    /// A remark for readers of the notebook that does not belong into a paper's figure.
    remark: String,
    /// SVG elements, without the root element.
    body: String,
    layers: Vec<Layer>,
    /// The reasons why the figure could not be drawn as requested.
    problems: Vec<String>,
}

/// A bitmap above the vector graphics, in pixels of the figure.
#[derive(Clone)]
struct Layer {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    png: Arc<[u8]>,
}

impl Figure {
    /// Draws a figure with plotters on a white canvas of `size` (width, height) pixels.
    ///
    /// The generic font families that plotters knows (`sans-serif`, `serif`, `monospace`) are all DejaVu
    /// Sans, so that text looks the same on every machine.
    ///
    /// If the closure fails, or a side is outside 40..=8000 pixels, the figure [cannot be
    /// drawn](Self::checked).
    ///
    /// # Example
    /// ```
    /// use zoobot_core::figure::Figure;
    /// use zoobot_core::plotters::prelude::*;
    ///
    /// let figure = Figure::draw((480, 320), |root| {
    ///     let mut chart = ChartBuilder::on(root)
    ///         .margin(12)
    ///         .set_left_and_bottom_label_area_size(40)
    ///         .build_cartesian_2d(0.0..6.3, -1.1..1.1)?;
    ///     chart.configure_mesh().disable_mesh().x_desc("phase (rad)").draw()?;
    ///     let wave = (0..=126).map(|i| f64::from(i) * 0.05).map(|x| (x, x.sin()));
    ///     chart.draw_series(LineSeries::new(wave, &BLUE))?;
    ///     Ok(())
    /// });
    /// assert_eq!(figure.checked()?.size(), (480, 320));
    /// # Ok::<(), zoobot_core::Error>(())
    /// ```
    pub fn draw(
        size: (u32, u32),
        body: impl FnOnce(&Canvas<'_>) -> Result<(), Box<dyn std::error::Error>>,
    ) -> Self {
        canvas::draw(size, 1, String::new(), |root, _| body(root)).into()
    }

    /// The figure, or an error if it cannot be drawn.
    ///
    /// Calls that make a figure return no error. A figure that cannot be drawn shows the reason in its place;
    /// [`save`](Self::save), [`pdf`](Self::pdf) and [`png`](Self::png) return it as an error.
    ///
    /// ```
    /// use zoobot_core::prelude::*;
    /// let empty = scatter([1.0], [f64::NAN]).build();
    /// assert!(empty.checked().is_err());
    /// ```
    ///
    /// # Errors
    /// [`Error::Figure`] with all reasons.
    pub fn checked(self) -> Result<Self> {
        match self.problem() {
            Some(problem) => Err(Error::Figure(problem)),
            None => Ok(self),
        }
    }

    /// The reason why the figure cannot be drawn; `None` if it can.
    pub fn problem(&self) -> Option<String> {
        (!self.problems.is_empty()).then(|| self.problems.join("; "))
    }

    /// A figure that shows why it could not be drawn.
    pub(crate) fn failed(problem: impl Into<String>) -> Self {
        let problem = problem.into();
        let lines = problem.lines().flat_map(|line| text::wrapped(line, 84));
        let mut body = String::new();
        let mut height = 24;
        for line in lines {
            height += 18;
            // Writing to a string cannot fail.
            let _ = writeln!(
                body,
                r##"<text x="12" y="{}" font-family="{}, sans-serif" font-size="12" fill="#B00020">{}</text>"##,
                height - 12,
                font::FAMILY,
                text::escape(&line),
            );
        }
        Self {
            size: (640, height),
            dpi: 192.0,
            about: problem.clone(),
            remark: String::new(),
            body,
            layers: Vec::new(),
            problems: vec![problem],
        }
    }

    /// Width and height, in pixels of 1/96 inch.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// A one-line description of what the figure shows and leaves out.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// Adds a remark below the figure in a notebook; the figure itself is unchanged.
    fn remarking(mut self, remark: String) -> Self {
        if !remark.is_empty() {
            self.about = format!("{}; {remark}", self.about);
            self.remark = remark;
        }
        self
    }

    /// Sets the resolution of the PNG form, in dots per inch (default 192, twice the pixels).
    ///
    /// If `dpi` is outside 36 to 1200, the figure [cannot be drawn](Self::checked).
    pub fn dpi(mut self, dpi: f64) -> Self {
        if !(36.0..=1200.0).contains(&dpi) {
            let problem = Error::parameter("dpi", dpi, "between 36 and 1200");
            self.problems.push(problem.to_string());
            return self;
        }
        self.dpi = dpi;
        self
    }

    /// Scales the figure, text and lines included, by `factor` (0.05 to 20).
    ///
    /// plotters places everything at whole pixels: curves drawn by [`Figure::draw`] at twice the
    /// size and scaled by 0.5 are smoother.
    ///
    /// If `factor` is out of range, or a side of the result is below 1 pixel, the figure [cannot be
    /// drawn](Self::checked).
    pub fn scaled(mut self, factor: f64) -> Self {
        let (width, height) = self.size;
        let side = |side: u32| (f64::from(side) * factor).round() as u32;
        if !(0.05..=20.0).contains(&factor) || side(width.min(height)) == 0 {
            let range = "between 0.05 and 20 and leave each side at least 1 pixel";
            let problem = Error::parameter("factor", factor, range);
            self.problems.push(problem.to_string());
            return self;
        }
        self.size = (side(width), side(height));
        self.body = format!("<g transform=\"scale({factor})\">\n{}</g>\n", self.body);
        for layer in &mut self.layers {
            for length in [&mut layer.x, &mut layer.y, &mut layer.width, &mut layer.height] {
                *length *= factor;
            }
        }
        self
    }

    /// The figure as an SVG document; text remains text.
    pub fn svg(&self) -> String {
        let mut svg = self.head();
        svg.push_str(&self.body);
        for Layer { x, y, width, height, png } in &self.layers {
            // Writing to a string cannot fail.
            let _ = writeln!(
                svg,
                r#"<image x="{x}" y="{y}" width="{width}" height="{height}" href="data:image/png;base64,{}"/>"#,
                BASE64.encode(png),
            );
        }
        svg.push_str("</svg>\n");
        svg
    }

    /// The SVG root element and the white background.
    fn head(&self) -> String {
        let (width, height) = self.size;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\">\n\
             <rect x=\"0\" y=\"0\" width=\"{width}\" height=\"{height}\" fill=\"#FFFFFF\"/>\n"
        )
    }
}

/// A figure that could not be drawn shows the reason in its place.
impl From<Result<Figure>> for Figure {
    fn from(drawn: Result<Figure>) -> Self {
        drawn.unwrap_or_else(|error| match error {
            Error::Figure(problem) => Self::failed(problem),
            error => Self::failed(error.to_string()),
        })
    }
}

impl std::fmt::Debug for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Figure")
            .field("size", &self.size)
            .field("about", &self.about)
            .finish_non_exhaustive()
    }
}

impl Show for Figure {
    /// SVG for light line figures, PNG for figures with a bitmap or very many elements. The text below the
    /// figure says what it leaves out.
    fn show(&self) -> Bundle {
        if let Some(problem) = self.problem() {
            return text::problem(&format!("The figure cannot be drawn: {problem}"));
        }
        let (width, height) = self.size;
        let about = if self.about.is_empty() { String::new() } else { format!(": {}", self.about) };
        let bundle = Bundle::plain(format!("Figure, {width} × {height} px{about}"));
        let (kind, content, encoded) = if self.layers.is_empty() && self.body.len() <= SVG_LIMIT {
            let svg = self.svg();
            let encoded = BASE64.encode(&svg);
            ("image/svg+xml", svg, encoded)
        } else {
            match self.png() {
                Ok(png) => ("image/png", BASE64.encode(&png), BASE64.encode(&png)),
                Err(error) => return bundle.with("text/html", text::escape(&error.to_string())),
            }
        };
        let bundle = bundle.with(kind, content);
        if self.remark.is_empty() {
            return bundle;
        }
        let html = format!(
            "<div><img src=\"data:{kind};base64,{encoded}\" width=\"{width}\" height=\"{height}\" \
             alt=\"{}\"><div style=\"font-size:12px\">{}</div></div>",
            text::escape(&self.about),
            text::escape(&self.remark),
        );
        bundle.with("text/html", html)
    }
}

#[cfg(test)]
mod tests;
