//! Histograms: the number of values in equal bins.

use super::axes::{bounds, frame};
use super::canvas::{self, UNITS};
use super::look::{Look, look_setters};
use super::numbers::{Numbers, left_out};
use super::{Figure, style};
use crate::notebook::text::plural;
use crate::notebook::{Bundle, Show};
use plotters::prelude::{Color, Rectangle};
use zoobot_base::{Error, Result};

/// A builder for a histogram: set its options, then call [`Histogram::build`].
///
/// ```
/// use zoobot_core::prelude::*;
/// let galaxies = Catalog::sample()?;
/// let figure = histogram(galaxies.column("radius")?, 30).labels("radius (arcsec)", "galaxies").build();
/// assert!(figure.about().starts_with("histogram"));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Histogram {
    values: Numbers,
    bins: usize,
    look: Look,
}

/// A histogram of `values` with `bins` equal bins from the smallest to the largest value.
///
/// Takes a column of a catalogue or table, or a vector, slice or array of numbers; see [`Numbers`].
///
/// # Example
/// ```
/// use zoobot_core::prelude::*;
/// let galaxies = Catalog::sample()?;
/// histogram(galaxies.column("radius"), 30).labels("radius (arcsec)", "galaxies").build();
/// # Ok::<(), Error>(())
/// ```
pub fn histogram(values: impl Into<Numbers>, bins: usize) -> Histogram {
    let values = values.into();
    let look = Look::new(values.label("value"), "count");
    Histogram { values, bins, look }
}

impl Histogram {
    look_setters!();

    /// Draws the figure. Missing and non-finite values are left out; the text below the figure in a notebook,
    /// and [`Figure::about`], give their number.
    ///
    /// # If it cannot be drawn
    /// No finite value within the limits, a column without numbers, or `bins` outside 1..=1000.
    pub fn build(&self) -> Figure {
        self.drawn().into()
    }

    fn drawn(&self) -> Result<Figure> {
        if !(1..=1000).contains(&self.bins) {
            return Err(Error::parameter("bins", self.bins, "between 1 and 1000"));
        }
        let values = self.values.checked("values")?;
        self.look.check()?;
        let (x, y) = (&self.look.x, &self.look.y);
        let values: Vec<f64> = values.iter().map(|value| x.place(*value)).collect();
        let Some((low, high)) = bounds(values.iter().copied()) else {
            let given = plural(values.len(), "value");
            let problem = format!("the histogram has no value to draw ({given} given)");
            return Err(Error::empty(problem, "Give at least one finite value within the axis"));
        };
        let (low, high) = x.ends().unwrap_or((low, high));
        let (low, high) = if low < high { (low, high) } else { (low - 0.5, high + 0.5) };
        let counts = count(&values, low, high, self.bins);
        let counted: usize = counts.iter().sum();
        let about = format!(
            "histogram of {}, {} in {}",
            x.label,
            plural(counted, "value"),
            plural(self.bins, "bin"),
        );
        let figure = canvas::draw(self.look.size, UNITS, about, |root, _| {
            let most = counts.iter().copied().max().unwrap_or(1) as f64;
            // On a logarithmic axis, a bar of one galaxy must be visible too.
            let (bottom, top) = match (y.ends(), y.log) {
                (Some(ends), _) => ends,
                (None, true) => (0.7_f64.log10(), (most * 1.3).log10()),
                (None, false) => (0.0, most * 1.05),
            };
            let up = y.over(bottom, top);
            let up = if y.log { up } else { up.counting() };
            let mut chart = frame(root, &self.look.title, &x.over(low, high), &up)?;
            let width = (high - low) / self.bins as f64;
            let gap = if self.bins <= 100 { 0.03 * width } else { 0.0 };
            let bars = counts.iter().enumerate().filter_map(|(bin, count)| {
                // An empty bin has no height, and no logarithm.
                let height = y.scaled(*count as f64);
                let left = low + bin as f64 * width;
                let corners = [(left + gap, bottom), (left + width - gap, height.min(top))];
                (height > bottom).then(|| Rectangle::new(corners, style::PALETTE[0].filled()))
            });
            chart.draw_series(bars)?;
            Ok(())
        })?;
        Ok(figure.remarking(left_out(counted, values.len(), "value", self.look.reason())))
    }
}

/// The number of finite values in each bin; the last bin includes its upper edge.
fn count(values: &[f64], low: f64, high: f64, bins: usize) -> Vec<usize> {
    let mut counts = vec![0; bins];
    for value in values.iter().filter(|value| value.is_finite()) {
        let bin = (value - low) / (high - low) * bins as f64;
        counts[(bin as usize).min(bins - 1)] += 1;
    }
    counts
}

/// Draws itself as the last expression of a cell.
impl Show for Histogram {
    fn show(&self) -> Bundle {
        self.build().show()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_value_falls_into_its_bin() {
        let values = [0.0, 0.1, 0.5, 0.99, 1.0, f64::NAN, f64::INFINITY];
        assert_eq!(count(&values, 0.0, 1.0, 2), [2, 3]);
        assert_eq!(count(&values, 0.0, 1.0, 4), [2, 0, 1, 2]);
    }
}
