//! A picture within axes: a density map, or thumbnails at their positions.

use super::axes::{Axis, frame};
use super::canvas::{self, Drawn, UNITS};
use super::{Figure, Layer, legend, style};
use image::{ImageFormat, RgbImage};
use std::io::Cursor;
use zoobot_base::{Error, Result};

/// A bitmap over a region of the plane.
#[doc(hidden)]
pub struct Grid<'a> {
    /// The picture; its first row is at the top of the region.
    pub picture: &'a RgbImage,
    /// The region: left, right, bottom, top.
    pub region: [f64; 4],
    /// The labels of the x and y axes.
    pub labels: [&'a str; 2],
    /// The label of the colour scale, and the values of the darkest and brightest colours.
    pub scale: Option<(&'a str, f64, f64)>,
    /// A description of the figure, for readers who cannot see it.
    pub about: String,
    /// The text below the figure in a notebook.
    pub remark: &'a str,
}

/// Draws the picture, with equal scales on both axes.
#[doc(hidden)]
pub fn grid(grid: Grid) -> Figure {
    draw_grid(grid).into()
}

fn draw_grid(grid: Grid) -> Result<Figure> {
    let (width, height) = style::SIZE;
    let size = if grid.scale.is_some() { (width, height + 100) } else { (width, height + 180) };
    let figure =
        canvas::draw(size, UNITS, grid.about.clone(), |root, layers| paint(root, layers, &grid))?;
    Ok(figure.remarking(grid.remark.to_owned()))
}

fn paint(root: &canvas::Canvas<'_>, layers: &mut Vec<Layer>, grid: &Grid) -> Drawn<()> {
    let scale = grid.scale.map(|(name, low, high)| Axis::over(name, low, high));
    let key = match &scale {
        Some(scale) => legend::bar_width(root, scale)?,
        None => canvas::units(6.0),
    };
    let (main, side) = root.split_horizontally(root.dim_in_pixel().0 as i32 - key);
    let [left, right, bottom, top] = grid.region;
    let (x, y) = (Axis::over(grid.labels[0], left, right), Axis::over(grid.labels[1], bottom, top));
    let chart = frame(&main, "", &x, &y)?;
    let (columns, rows) = chart.plotting_area().get_pixel_range();
    if let Some(scale) = &scale {
        legend::draw_bar(&side, scale, (rows.start, rows.end))?;
    }
    let mut png = Vec::new();
    grid.picture
        .write_to(&mut Cursor::new(&mut png), ImageFormat::Png)
        .map_err(|error| Error::Figure(format!("bitmap: {error}")))?;
    let pixels = |unit: i32| f64::from(unit) / f64::from(UNITS);
    layers.push(Layer {
        x: pixels(columns.start) + 0.5,
        y: pixels(rows.start),
        width: pixels(columns.end - columns.start),
        height: pixels(rows.end - rows.start),
        png: png.into(),
    });
    Ok(())
}
