//! Lines over a common x, such as losses over epochs.

use super::axes::{Axis, frame, stroke};
use super::canvas::{self, UNITS, units};
use super::legend::{Legend, Sign};
use super::look::{Look, look_setters};
use super::numbers::{Numbers, left_out};
use super::{Figure, style};
use crate::notebook::text::plural;
use crate::notebook::{Bundle, Show};
use crate::{Error, Result};
use plotters::prelude::{Circle, Color, PathElement};

/// A line figure to be: add series, then [`Lines::build`] it.
#[derive(Debug, Clone)]
pub struct Lines {
    series: Vec<(String, Numbers, Numbers)>,
    look: Look,
}

/// A figure of lines, without one yet: add them with [`Lines::series`].
///
/// # Example
/// ```
/// let epochs = [1.0, 2.0, 3.0, 4.0];
/// let figure = zoobot_core::figure::lines()
///     .series("training", &epochs, &[0.90, 0.52, 0.41, 0.36])
///     .series("validation", &epochs, &[0.95, 0.60, 0.55, 0.54])
///     .labels("epoch", "loss")
///     .build()?;
/// # Ok::<(), zoobot_core::Error>(())
/// ```
pub fn lines() -> Lines {
    Lines { series: Vec::new(), look: Look::new("x", "y") }
}

impl Lines {
    look_setters!();

    /// Adds a line through the points (`x`, `y`), named in the legend. A value that is missing or
    /// not finite leaves a gap.
    ///
    /// Takes columns of a catalogue or table, or vectors, slices or arrays of numbers.
    pub fn series(mut self, name: &str, x: impl Into<Numbers>, y: impl Into<Numbers>) -> Self {
        self.series.push((name.to_owned(), x.into(), y.into()));
        self
    }

    /// Draws the figure. The notebook says below it how many points were missing or not finite.
    ///
    /// # Errors
    /// A series whose `x` and `y` differ in length, a column without numbers, and no finite point at
    /// all.
    pub fn build(&self) -> Result<Figure> {
        let read = |(name, x, y): &'_ (String, Numbers, Numbers)| {
            let (x, y) = (x.checked("x of the lines")?, y.checked("y of the lines")?);
            Ok((name.clone(), x.to_vec(), y.to_vec()))
        };
        let series = self.series.iter().map(read).collect::<Result<Vec<_>>>()?;
        for (name, x, y) in &series {
            if x.len() != y.len() {
                let value = format!("{} in {name:?}", plural(y.len(), "y value"));
                return Err(Error::invalid("lines", value, format!("{}, one for each x", x.len())));
            }
        }
        let points = || {
            let pairs = series.iter().flat_map(|(_, x, y)| x.iter().zip(y));
            pairs.map(|(x, y)| (*x, *y)).filter(|(x, y)| x.is_finite() && y.is_finite())
        };
        if points().next().is_none() {
            let value = format!("{} without a finite point", plural(series.len(), "series"));
            return Err(Error::invalid("lines", value, "at least one finite point"));
        }
        let all: usize = series.iter().map(|(_, x, _)| x.len()).sum();
        let names: Vec<_> = series.iter().map(|(name, ..)| name.as_str()).collect();
        let about = format!("{} over {}: {}", self.look.y, self.look.x, names.join(", "));
        let figure = canvas::draw(self.look.size, UNITS, about, |root, _| {
            let legend = self.legend();
            let side = if legend.entries.is_empty() { units(6.0) } else { legend.width(root)? };
            let (main, side) = root.split_horizontally(root.dim_in_pixel().0 as i32 - side);
            let x = Axis::around(&self.look.x, points().map(|it| it.0), 0.02);
            let y = Axis::around(&self.look.y, points().map(|it| it.1), 0.05);
            let mut chart = frame(&main, &self.look.title, &x, &y)?;
            for (i, (_, x, y)) in series.iter().enumerate() {
                let colour = style::PALETTE[i % style::PALETTE.len()];
                for run in runs(x, y) {
                    // A lone point has no line to show it.
                    if let [point] = run[..] {
                        let dot = Circle::new(point, units(2.5), colour.filled());
                        chart.draw_series([dot])?;
                    } else {
                        let line = PathElement::new(run, stroke(style::LINE, colour));
                        chart.draw_series([line])?;
                    }
                }
            }
            legend.draw(&side)
        })?;
        Ok(figure.remarking(left_out(points().count(), all, "point")))
    }

    /// One unnamed line needs no legend.
    fn legend(&self) -> Legend {
        if self.series.len() == 1 {
            return Legend::default();
        }
        let colours = style::PALETTE.into_iter().cycle();
        let entries = self.series.iter().zip(colours);
        Legend {
            heading: String::new(),
            entries: entries.map(|((name, ..), it)| (Sign::Line, it, name.clone())).collect(),
        }
    }
}

/// The stretches of consecutive finite points.
fn runs(x: &[f64], y: &[f64]) -> Vec<Vec<(f64, f64)>> {
    let points: Vec<_> = x.iter().copied().zip(y.iter().copied()).collect();
    points
        .split(|(x, y)| !x.is_finite() || !y.is_finite())
        .filter(|run| !run.is_empty())
        .map(<[_]>::to_vec)
        .collect()
}

/// As the last expression of a cell it draws itself.
impl Show for Lines {
    fn show(&self) -> Bundle {
        self.build().show()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_value_breaks_the_line() {
        let runs = runs(&[1.0, 2.0, 3.0, 4.0], &[0.0, f64::NAN, 1.0, 2.0]);
        assert_eq!(runs, [vec![(1.0, 0.0)], vec![(3.0, 1.0), (4.0, 2.0)]]);
    }
}
