//! The explained variance of each principal component, and the cumulative variance.

use super::axes::{Axis, frame, stroke};
use super::canvas::{self, UNITS, units};
use super::legend::{Legend, Sign};
use super::{Figure, style};
use crate::notebook::text::plural;
use plotters::prelude::{Circle, Color, PathElement, Rectangle};
use zoobot_base::{Error, Result};

/// Bars for the variance ratio of each component, a line for the cumulative ratio, in percent.
///
/// `ratios` are shares of the total variance, 0 to 1, largest first, as in the output of PCA.
///
/// # If it cannot be drawn
/// No component, a ratio that is not finite or outside 0..=1, or a sum above 1.
pub fn explained_variance(ratios: &[f64]) -> Figure {
    draw_variance(ratios).into()
}

fn draw_variance(ratios: &[f64]) -> Result<Figure> {
    if ratios.is_empty() {
        let problem = "there is no explained variance to draw";
        return Err(Error::empty(problem, "Give the share of at least one component"));
    }
    if let Some((i, ratio)) =
        ratios.iter().enumerate().find(|(_, ratio)| !(0.0..=1.0 + 1e-6).contains(*ratio))
    {
        let problem = format!("the explained variance of component {} is {ratio}", i + 1);
        return Err(Error::unsuitable(problem, "Give shares between 0 and 1"));
    }
    let sums: Vec<f64> = ratios
        .iter()
        .scan(0.0, |sum, ratio| {
            *sum += 100.0 * ratio;
            Some(*sum)
        })
        .collect();
    let total = sums[sums.len() - 1];
    if total > 100.0 + 1e-3 {
        let problem = format!("the explained variances add up to {}", total / 100.0);
        return Err(Error::unsuitable(problem, "Give shares that add up to at most 1"));
    }
    let count = ratios.len() as f64;
    let components = plural(ratios.len(), "component");
    let about = format!("variance explained by {components}: {total:.1} % in all");
    canvas::draw(style::SIZE, UNITS, about, |root, _| {
        let (bars, line) = (style::PALETTE[0], style::PALETTE[1]);
        let legend = Legend {
            heading: String::new(),
            entries: vec![
                (Sign::Box, bars, "each".to_owned()),
                (Sign::Line, line, "cumulative".to_owned()),
            ],
        };
        let width = root.dim_in_pixel().0 as i32 - legend.width(root)?;
        let (main, side) = root.split_horizontally(width);
        let x = Axis::over("principal component", 0.5, count + 0.5).counting();
        let x = if ratios.len() <= 12 { every(x, ratios.len()) } else { x };
        let y = Axis::over("variance explained (%)", 0.0, (total * 1.05).min(102.0));
        let mut chart = frame(&main, "", &x, &y)?;
        chart.draw_series(ratios.iter().enumerate().map(|(i, ratio)| {
            let middle = i as f64 + 1.0;
            let corners = [(middle - 0.4, 0.0), (middle + 0.4, 100.0 * ratio)];
            Rectangle::new(corners, bars.filled())
        }))?;
        let points: Vec<_> =
            sums.iter().enumerate().map(|(i, sum)| (i as f64 + 1.0, *sum)).collect();
        let radius = units(if ratios.len() <= 60 { 2.6 } else { 1.2 });
        chart.draw_series(points.iter().map(|it| Circle::new(*it, radius, line.filled())))?;
        chart.draw_series([PathElement::new(points, stroke(style::LINE, line))])?;
        legend.draw(&side)
    })
}

/// Puts a tick at every component.
fn every(axis: Axis, count: usize) -> Axis {
    Axis { ticks: (1..=count).map(|i| i as f64).collect(), ..axis }
}
