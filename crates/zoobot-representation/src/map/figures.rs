//! Figures of a map: points, density, thumbnails.

use super::Map;
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use rayon::prelude::*;
use zoobot_base::error::{Error, Result};
use zoobot_show::figure::{self, Figure, Grid, PointLabels, style};
use zoobot_show::notebook::text::plural;

/// The axes have no units: only nearness has a meaning.
const LABELS: [&str; 2] = ["map x", "map y"];
/// The number of cells along each side of a density map.
const CELLS: usize = 120;
/// Pixels per side of a cell.
const CELL: u32 = 4;
/// The approximate width of all thumbnails together, in pixels.
const PIXELS: u32 = 1600;

impl Map {
    /// The map, with a point for each galaxy.
    pub fn figure(&self) -> Figure {
        self.scatter(None)
    }

    /// The map, coloured by a column of the catalogue: text is shown as classes, numbers with a colour
    /// bar.
    ///
    /// # If it cannot be drawn
    /// [`Error::Missing`] when there is no catalogue or no such column.
    pub fn coloured(&self, column: &str) -> Figure {
        self.drawn_by(column).into()
    }

    fn drawn_by(&self, column: &str) -> Result<Figure> {
        let labels = PointLabels::from(&self.space.known_catalog()?.column(column)?);
        Ok(self.scatter(Some((column, labels))))
    }

    fn scatter(&self, colours: Option<(&str, PointLabels)>) -> Figure {
        let axis = |i: usize| self.places.column(i).mapv(f64::from).to_vec();
        let mut figure = figure::scatter(axis(0), axis(1)).labels(LABELS[0], LABELS[1]);
        if let Some((name, labels)) = colours {
            figure = figure.colour_by(name, labels);
        }
        figure.size(style::SIZE.0, style::SIZE.1 + 100).build()
    }

    /// The density of galaxies on the map, on a logarithmic scale.
    pub fn density(&self) -> Figure {
        let ends = self.ends();
        let mut counts = vec![0_u32; CELLS * CELLS];
        for row in 0..self.space.len() {
            let (column, line) = self.cell(row, &ends, CELLS);
            counts[line * CELLS + column] += 1;
        }
        let most = counts.iter().copied().max().unwrap_or(1).max(1);
        let top = f64::from(most).log10().max(0.3);
        let side = CELLS as u32 * CELL;
        let picture = RgbImage::from_fn(side, side, |x, y| {
            let count = counts[(y / CELL) as usize * CELLS + (x / CELL) as usize];
            if count == 0 {
                return Rgb([255; 3]);
            }
            let colour = style::colour_of(f64::from(count).log10() / top);
            Rgb([colour.0, colour.1, colour.2])
        });
        figure::grid(Grid {
            picture: &picture,
            region: self.ends(),
            labels: LABELS,
            scale: Some(("log₁₀ of the galaxies in a cell", 0.0, top)),
            about: format!("density of {} galaxies, at most {most} in a cell", self.space.len()),
            remark: "",
        })
    }

    /// Pictures of galaxies at their positions on the map: each of `columns` x `columns` cells shows the
    /// galaxy nearest to its centre.
    ///
    /// # If it cannot be drawn
    /// [`Error::Missing`] without a catalogue; [`Error::Parameter`] for 0 or more than 100 columns;
    /// [`Error::Picture`] when none of the pictures can be read.
    pub fn thumbnails(&self, columns: usize) -> Figure {
        self.drawn_with_pictures(columns).into()
    }

    fn drawn_with_pictures(&self, columns: usize) -> Result<Figure> {
        if !(1..=100).contains(&columns) {
            return Err(Error::parameter("columns", columns, "between 1 and 100"));
        }
        let files = self.space.known_catalog()?.files();
        let chosen = self.middles(columns);
        let side = (PIXELS / columns as u32).max(8);
        let loaded: Vec<(usize, Result<RgbImage>)> = chosen
            .par_iter()
            .map(|&(cell, row)| {
                let small = zoobot_picture::read(&files[row]).map(|picture| square(&picture, side));
                (cell, small)
            })
            .collect();
        let whole = side * columns as u32;
        let mut picture = RgbImage::from_pixel(whole, whole, Rgb([255; 3]));
        let (mut shown, mut failure) = (0, None);
        for (cell, small) in loaded {
            match small {
                Ok(small) => {
                    let (x, y) = ((cell % columns) as u32 * side, (cell / columns) as u32 * side);
                    imageops::replace(&mut picture, &small, x.into(), y.into());
                    shown += 1;
                }
                Err(error) => failure = Some(error),
            }
        }
        if let (0, Some(error)) = (shown, failure) {
            return Err(error);
        }
        let unread = chosen.len() - shown;
        let remark = match unread {
            0 => String::new(),
            unread => format!("{} could not be read", plural(unread, "picture")),
        };
        Ok(figure::grid(Grid {
            picture: &picture,
            region: self.ends(),
            labels: LABELS,
            scale: None,
            about: format!("{shown} of {} galaxies where they lie on the map", self.space.len()),
            remark: &remark,
        }))
    }

    /// The galaxy nearest to the centre of each occupied cell, as (cell, row). Cells are numbered row by
    /// row from the top.
    fn middles(&self, columns: usize) -> Vec<(usize, usize)> {
        let ends = self.ends();
        let [left, right, bottom, top] = ends;
        let mut best: Vec<Option<(f64, usize)>> = vec![None; columns * columns];
        for row in 0..self.space.len() {
            let (column, line) = self.cell(row, &ends, columns);
            let share = |at: f32, low: f64, high: f64| {
                let place = (f64::from(at) - low) / (high - low) * columns as f64;
                place.fract() - 0.5
            };
            let off = share(self.places[[row, 0]], left, right).hypot(share(
                self.places[[row, 1]],
                bottom,
                top,
            ));
            let slot = &mut best[line * columns + column];
            if slot.is_none_or(|(nearest, _)| off < nearest) {
                *slot = Some((off, row));
            }
        }
        best.into_iter().enumerate().filter_map(|(cell, it)| Some((cell, it?.1))).collect()
    }

    /// The column and the line (counted from the top) of the cell that contains a galaxy.
    fn cell(&self, row: usize, ends: &[f64; 4], cells: usize) -> (usize, usize) {
        let [left, right, bottom, top] = *ends;
        let (x, y) = (f64::from(self.places[[row, 0]]), f64::from(self.places[[row, 1]]));
        let at = |share: f64| ((share * cells as f64) as usize).min(cells - 1);
        (at((x - left) / (right - left)), at((top - y) / (top - bottom)))
    }
}

/// Crops the central square and scales it to `side` pixels.
fn square(picture: &RgbImage, side: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let edge = width.min(height).max(1);
    let view = imageops::crop_imm(picture, (width - edge) / 2, (height - edge) / 2, edge, edge);
    imageops::resize(&*view, side, side, FilterType::Triangle)
}
