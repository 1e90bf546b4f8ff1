//! Lines over a shared x axis, such as losses over epochs.

use super::axes::{frame, stroke};
use super::canvas::{self, UNITS, units};
use super::legend::{Legend, Sign};
use super::look::{Asked, Look, look_setters};
use super::numbers::{Numbers, left_out};
use super::{Figure, style};
use crate::notebook::text::plural;
use crate::notebook::{Bundle, Show};
use plotters::prelude::{Circle, Color, PathElement};
use zoobot_base::{Error, Result};

/// A builder for a line figure: add series, then call [`Lines::build`].
///
/// ```
/// use zoobot_core::prelude::*;
/// let epochs = [1, 2, 3];
/// let figure = lines().series("training", &epochs, &[0.90, 0.52, 0.41]).labels("epoch", "loss").build();
/// assert!(figure.about().contains("training"));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Lines {
    series: Vec<(String, Numbers, Numbers)>,
    look: Look,
}

/// Creates an empty line figure: add lines with [`Lines::series`].
///
/// # Example
/// ```
/// let epochs = [1.0, 2.0, 3.0, 4.0];
/// let figure = zoobot_core::figure::lines()
///     .series("training", &epochs, &[0.90, 0.52, 0.41, 0.36])
///     .series("validation", &epochs, &[0.95, 0.60, 0.55, 0.54])
///     .labels("epoch", "loss")
///     .build();
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

    /// Draws the figure. In a notebook, the text below it gives the number of missing or non-finite points.
    ///
    /// # If it cannot be drawn
    /// A series whose `x` and `y` differ in length, a column without numbers, or no finite point within the
    /// limits.
    pub fn build(&self) -> Figure {
        self.drawn().into()
    }

    fn drawn(&self) -> Result<Figure> {
        let read = |(name, x, y): &'_ (String, Numbers, Numbers)| {
            let (x, y) = (x.checked("x values")?, y.checked("y values")?);
            let scaled =
                |axis: &Asked, values: &[f64]| values.iter().map(|it| axis.scaled(*it)).collect();
            Ok((name.clone(), scaled(&self.look.x, x), scaled(&self.look.y, y)))
        };
        self.look.check()?;
        let series =
            self.series.iter().map(read).collect::<Result<Vec<(String, Vec<f64>, Vec<f64>)>>>()?;
        for (name, x, y) in &series {
            if x.len() != y.len() {
                let (ys, xs) = (plural(y.len(), "y value"), plural(x.len(), "x value"));
                let problem = format!("the series {name:?} has {ys}, but {xs}");
                return Err(Error::shape(problem, "Give one y value for each x value"));
            }
        }
        let points = || {
            let pairs = series.iter().flat_map(|(_, x, y)| x.iter().zip(y));
            pairs.map(|(x, y)| (*x, *y)).filter(|(x, y)| x.is_finite() && y.is_finite())
        };
        if points().next().is_none() {
            let given = plural(series.len(), "series");
            let problem = format!("the lines have no point to draw ({given} given)");
            let hint = "Give at least one point whose x and y are finite and within the axes";
            return Err(Error::empty(problem, hint));
        }
        let all: usize = series.iter().map(|(_, x, _)| x.len()).sum();
        let names: Vec<_> = series.iter().map(|(name, ..)| name.as_str()).collect();
        let about =
            format!("{} over {}: {}", self.look.y.label, self.look.x.label, names.join(", "));
        let figure = canvas::draw(self.look.size, UNITS, about, |root, _| {
            let legend = self.legend();
            let side = if legend.entries.is_empty() { units(6.0) } else { legend.width(root)? };
            let (main, side) = root.split_horizontally(root.dim_in_pixel().0 as i32 - side);
            let mut across = self.look.x.around(points().map(|it| it.0), 0.02);
            let whole = across.clone().counting();
            // Counts such as epochs get no ticks between whole numbers.
            if whole.ticks.len() > 1 && points().all(|it| it.0.fract() == 0.0) {
                across = whole;
            }
            let up = self.look.y.around(points().map(|it| it.1), 0.05);
            let frame_of = [(across.low, across.high), (up.low, up.high)];
            let mut chart = frame(&main, &self.look.title, &across, &up)?;
            for (i, (_, x, y)) in series.iter().enumerate() {
                let colour = style::PALETTE[i % style::PALETTE.len()];
                for run in runs(x, y).iter().flat_map(|run| inside(run, frame_of)) {
                    // A single point has no line, so it gets a dot.
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
        Ok(figure.remarking(left_out(points().count(), all, "point", self.look.reason())))
    }

    /// A single unnamed line needs no legend.
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

/// The runs of consecutive finite points.
fn runs(x: &[f64], y: &[f64]) -> Vec<Vec<(f64, f64)>> {
    let points: Vec<_> = x.iter().copied().zip(y.iter().copied()).collect();
    points
        .split(|(x, y)| !x.is_finite() || !y.is_finite())
        .filter(|run| !run.is_empty())
        .map(<[_]>::to_vec)
        .collect()
}

/// The parts of a line within the axes (left, right and bottom, top), clipped at the edges.
fn inside(run: &[(f64, f64)], ends: [(f64, f64); 2]) -> Vec<Vec<(f64, f64)>> {
    let within = |(x, y): (f64, f64)| {
        (ends[0].0..=ends[0].1).contains(&x) && (ends[1].0..=ends[1].1).contains(&y)
    };
    if run.iter().all(|point| within(*point)) || run.len() == 1 {
        return if within(run[0]) { vec![run.to_vec()] } else { Vec::new() };
    }
    let mut parts: Vec<Vec<(f64, f64)>> = Vec::new();
    for pair in run.windows(2) {
        let Some((from, to)) = cut((pair[0], pair[1]), ends) else { continue };
        match parts.last_mut() {
            Some(part) if part.last() == Some(&from) => part.push(to),
            _ => parts.push(vec![from, to]),
        }
    }
    parts
}

/// Clips a line segment to the axes (Liang and Barsky 1984).
fn cut(
    ((x0, y0), (x1, y1)): ((f64, f64), (f64, f64)),
    [(left, right), (bottom, top)]: [(f64, f64); 2],
) -> Option<((f64, f64), (f64, f64))> {
    let (dx, dy) = (x1 - x0, y1 - y0);
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (step, room) in [(-dx, x0 - left), (dx, right - x0), (-dy, y0 - bottom), (dy, top - y0)] {
        if step == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if step < 0.0 {
            enter = enter.max(room / step);
        } else {
            leave = leave.min(room / step);
        }
    }
    let at = |share: f64| match share {
        0.0 => (x0, y0),
        1.0 => (x1, y1),
        share => (x0 + share * dx, y0 + share * dy),
    };
    (enter < leave).then(|| (at(enter), at(leave)))
}

/// Draws itself as the last expression of a cell.
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

    #[test]
    fn a_line_is_cut_off_at_the_ends_of_the_axes() {
        let ends = [(0.0, 4.0), (0.0, 2.0)];
        // The line leaves through the top at x = 1 and returns at x = 3.
        let hill = [(0.0, 0.0), (2.0, 4.0), (4.0, 0.0)];
        let parts = inside(&hill, ends);
        assert_eq!(parts, [vec![(0.0, 0.0), (1.0, 2.0)], vec![(3.0, 2.0), (4.0, 0.0)]]);
        assert_eq!(inside(&[(0.0, 0.5), (1.0, 1.0), (4.0, 0.0)], ends).len(), 1);
        assert_eq!(inside(&[(-1.0, 1.0), (6.0, 1.0)], ends), [vec![(0.0, 1.0), (4.0, 1.0)]]);
        assert!(inside(&[(0.0, 3.0), (4.0, 3.0)], ends).is_empty());
        assert!(inside(&[(5.0, 1.0)], ends).is_empty());
    }
}
