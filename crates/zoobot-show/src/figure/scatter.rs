//! Points in two dimensions, coloured by class or by value.

use super::axes::{Axis, Chart, bounds, frame, stroke};
use super::canvas::{self, Canvas, Drawn, UNITS, units};
use super::labels::PointLabels;
use super::legend::{self, Legend, Sign};
use super::look::{Look, look_setters};
use super::numbers::{Numbers, left_out};
use super::raster::Dots;
use super::{Figure, Layer, style};
use crate::notebook::text::plural;
use crate::notebook::{Bundle, Show};
use plotters::prelude::{Circle, Color, PathElement};
use plotters::style::RGBColor;
use std::collections::HashMap;
use zoobot_base::{Error, Result};

/// More points than this are drawn as a bitmap inside the axes.
const VECTOR_POINTS: usize = 5_000;

/// A builder for a scatter figure: set its options, then call [`Scatter::build`].
///
/// ```
/// use zoobot_core::prelude::*;
/// let galaxies = Catalog::sample()?;
/// let figure = scatter(galaxies.column("radius")?, galaxies.column("axis_ratio")?)
///     .colour_by("class", galaxies.column("class")?)
///     .build();
/// assert!(figure.about().contains("points"));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Scatter {
    x: Numbers,
    y: Numbers,
    colours: Option<(String, PointLabels)>,
    diagonal: bool,
    look: Look,
}

/// A scatter figure of points at (`x`, `y`).
///
/// Takes columns of a catalogue or table, or vectors, slices or arrays of numbers; see [`Numbers`].
///
/// # Example
/// ```
/// let figure = zoobot_core::figure::scatter(&[0.1, 0.4, 0.9], &[1.0, 3.0, 2.0])
///     .colour_by("class", vec!["ring", "spiral", "ring"])
///     .labels("first component", "second component")
///     .build();
/// assert_eq!(figure.problem(), None);
/// ```
pub fn scatter(x: impl Into<Numbers>, y: impl Into<Numbers>) -> Scatter {
    let (x, y) = (x.into(), y.into());
    let look = Look::new(x.label("x"), y.label("y"));
    Scatter { x, y, colours: None, diagonal: false, look }
}

impl Scatter {
    look_setters!();

    /// Colours the points by class (with a legend) or by number (with a colour bar), under the heading
    /// `name`.
    ///
    /// Accepts texts, numbers, a polars column, or the result of a call that looks up one of these.
    pub fn colour_by(mut self, name: &str, labels: impl Into<PointLabels>) -> Self {
        self.colours = Some((name.to_owned(), labels.into()));
        self
    }

    /// Draws the line y = x behind the points, to compare predictions with the truth.
    pub fn diagonal(mut self) -> Self {
        self.diagonal = true;
        self
    }

    /// Draws the figure. Points with a missing or non-finite coordinate are left out; the text below the
    /// figure in a notebook, and [`Figure::about`], give their number. More than 5,000 points are drawn as a
    /// bitmap.
    ///
    /// # If it cannot be drawn
    /// Different lengths, a column without numbers, equal limits, or no point with finite coordinates within
    /// the limits.
    pub fn build(&self) -> Figure {
        self.drawn().into()
    }

    fn drawn(&self) -> Result<Figure> {
        let ready = self.ready()?;
        let title = if self.look.title.is_empty() {
            format!("{} against {}", self.look.y.label, self.look.x.label)
        } else {
            self.look.title.clone()
        };
        let about = format!("{title}, {}", plural(ready.shown.len(), "point"));
        let figure = canvas::draw(self.look.size, UNITS, about, |root, layers| {
            self.paint(root, layers, &ready)
        })?;
        Ok(figure.remarking(ready.remarks))
    }

    /// Checks the input and prepares the points.
    fn ready(&self) -> Result<Ready> {
        let x = self.x.checked("x values")?;
        let y = self.y.checked("y values")?;
        let same = |name, length: usize| {
            if length == x.len() {
                return Ok(());
            }
            let [found, wanted] = [length, x.len()].map(|it| plural(it, "value"));
            let problem = format!("{name} has {found}, but x has {wanted}");
            Err(Error::shape(problem, "Give one for each point"))
        };
        same("y", y.len())?;
        if let Some((_, labels)) = &self.colours {
            if let PointLabels::Unread(problem) = labels {
                return Err(Error::Figure(problem.clone()));
            }
            same("colour_by", labels.len())?;
        }
        self.look.check()?;
        let x: Vec<f64> = x.iter().map(|value| self.look.x.place(*value)).collect();
        let y: Vec<f64> = y.iter().map(|value| self.look.y.place(*value)).collect();
        let shown: Vec<usize> =
            (0..x.len()).filter(|&i| x[i].is_finite() && y[i].is_finite()).collect();
        if shown.is_empty() {
            let given = plural(x.len(), "point");
            let problem = format!("the scatter plot has no point to draw ({given} given)");
            let hint = "Give at least one point whose x and y are finite and within the axes";
            return Err(Error::empty(problem, hint));
        }
        let key = Key::new(self.colours.as_ref(), &shown);
        let mut remarks = vec![left_out(shown.len(), x.len(), "point", self.look.reason())];
        remarks.extend(key.remark.clone());
        remarks.retain(|remark| !remark.is_empty());
        Ok(Ready { x, y, shown, key, remarks: remarks.join("; ") })
    }

    fn paint(&self, root: &Canvas<'_>, layers: &mut Vec<Layer>, ready: &Ready) -> Drawn<()> {
        let Ready { shown, key, .. } = ready;
        let x = self.look.x.around(shown.iter().map(|&i| ready.x[i]), 0.04);
        let y = self.look.y.around(shown.iter().map(|&i| ready.y[i]), 0.04);
        let (main, side) = root.split_horizontally(root.dim_in_pixel().0 as i32 - key.width(root)?);
        let ends = (x.low.max(y.low), x.high.min(y.high));
        let mut chart = frame(&main, &self.look.title, &x, &y)?;
        if self.diagonal && ends.0 < ends.1 {
            let line = vec![(ends.0, ends.0), (ends.1, ends.1)];
            chart.draw_series([PathElement::new(line, stroke(style::LINE, style::REST))])?;
        }
        points(&mut chart, layers, ready)?;
        let (_, rows) = chart.plotting_area().get_pixel_range();
        match &key.side {
            Side::Nothing => {}
            Side::Classes(legend) => legend.draw(&side)?,
            Side::Scale(scale) => legend::draw_bar(&side, scale, (rows.start, rows.end))?,
        }
        Ok(())
    }
}

fn points(chart: &mut Chart<'_, '_>, layers: &mut Vec<Layer>, ready: &Ready) -> Drawn<()> {
    let Ready { x, y, shown, key: Key { colours, .. }, .. } = ready;
    let (radius, opacity) = style::point(shown.len());
    // Grey points first: points without a class or value must not hide others.
    let (grey, coloured): (Vec<usize>, Vec<usize>) =
        (0..shown.len()).partition(|&i| colours[i] == style::REST);
    let order = grey.into_iter().chain(coloured);
    let place = |i: usize| (x[shown[i]], y[shown[i]]);
    if shown.len() <= VECTOR_POINTS {
        chart.draw_series(
            order.map(|i| Circle::new(place(i), units(radius), colours[i].mix(opacity).filled())),
        )?;
        return Ok(());
    }
    let (columns, rows) = chart.plotting_area().get_pixel_range();
    let pixels = |unit: i32| f64::from(unit) / f64::from(UNITS);
    let mut dots = Dots::new(pixels(columns.end - columns.start), pixels(rows.end - rows.start));
    for i in order {
        let (x, y) = chart.backend_coord(&place(i));
        let (x, y) = (pixels(x - columns.start), pixels(y - rows.start));
        dots.dot(x, y, radius, colours[i], opacity);
    }
    layers.push(dots.layer(pixels(columns.start), pixels(rows.start))?);
    Ok(())
}

/// Scatter figures side by side, for comparison.
///
/// # If it cannot be drawn
/// [`Error::Parameter`] for none or more than four; otherwise as [`Scatter::build`].
pub fn beside(scatters: &[Scatter]) -> Figure {
    side_by_side(scatters).into()
}

fn side_by_side(scatters: &[Scatter]) -> Result<Figure> {
    if scatters.is_empty() || scatters.len() > 4 {
        let name = "the number of scatter plots";
        return Err(Error::parameter(name, scatters.len(), "between 1 and 4"));
    }
    let ready = scatters.iter().map(Scatter::ready).collect::<Result<Vec<_>>>()?;
    let titles: Vec<&str> = scatters.iter().map(|it| it.look.title.as_str()).collect();
    let points = plural(ready[0].shown.len(), "point");
    let about = format!("{} panels of {points}: {}", scatters.len(), titles.join(", "));
    let (width, height) = (440 * scatters.len() as u32, 360);
    let mut remarks: Vec<&str> = ready.iter().map(|it| it.remarks.as_str()).collect();
    remarks.retain(|remark| !remark.is_empty());
    remarks.dedup();
    let remarks = remarks.join("; ");
    let figure = canvas::draw((width, height), UNITS, about, |root, layers| {
        let areas = root.split_evenly((1, scatters.len()));
        for ((scatter, ready), area) in scatters.iter().zip(&ready).zip(areas) {
            scatter.paint(&area, layers, ready)?;
        }
        Ok(())
    })?;
    Ok(figure.remarking(remarks))
}

/// The points to draw, and remarks about them.
struct Ready {
    /// The positions of the points on the axes.
    x: Vec<f64>,
    y: Vec<f64>,
    shown: Vec<usize>,
    key: Key,
    remarks: String,
}

/// The colour of each point to draw, and the legend or colour bar.
struct Key {
    colours: Vec<RGBColor>,
    side: Side,
    /// A remark about points without a value.
    remark: Option<String>,
}

enum Side {
    Nothing,
    Classes(Legend),
    Scale(Axis),
}

impl Key {
    fn new(colours: Option<&(String, PointLabels)>, shown: &[usize]) -> Self {
        match colours {
            None | Some((_, PointLabels::Unread(_))) => {
                let colours = vec![style::PALETTE[0]; shown.len()];
                Self { colours, side: Side::Nothing, remark: None }
            }
            Some((name, PointLabels::Categories(values))) => Self::classes(name, values, shown),
            Some((name, PointLabels::Numbers(values))) => Self::scale(name, values, shown),
        }
    }

    /// The most frequent classes get their own colours, in alphabetical order; the rest are grey.
    fn classes(name: &str, values: &[String], shown: &[usize]) -> Self {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for &i in shown {
            *counts.entry(&values[i]).or_default() += 1;
        }
        let mut kinds: Vec<(&str, usize)> = counts.into_iter().collect();
        kinds.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let others = kinds.split_off(kinds.len().min(style::PALETTE.len()));
        kinds.sort_by_key(|kind| kind.0);
        let colour: HashMap<&str, RGBColor> =
            kinds.iter().zip(style::PALETTE).map(|(kind, colour)| (kind.0, colour)).collect();
        let of = |&i: &usize| colour.get(values[i].as_str()).copied().unwrap_or(style::REST);
        let mut entries: Vec<_> =
            kinds.iter().map(|kind| (Sign::Dot, colour[kind.0], kind.0.to_owned())).collect();
        if !others.is_empty() {
            let other = format!("other ({})", plural(others.len(), "class"));
            entries.push((Sign::Dot, style::REST, other));
        }
        Self {
            colours: shown.iter().map(of).collect(),
            side: Side::Classes(Legend { heading: name.to_owned(), entries }),
            remark: None,
        }
    }

    fn scale(name: &str, values: &[f64], shown: &[usize]) -> Self {
        let ends = bounds(shown.iter().map(|&i| values[i]));
        let missing = shown.iter().filter(|&&i| !values[i].is_finite()).count();
        let remark =
            (missing > 0).then(|| format!("{} without {name} in grey", plural(missing, "point")));
        let Some((low, high)) = ends else {
            let colours = vec![style::REST; shown.len()];
            return Self { colours, side: Side::Nothing, remark };
        };
        let scale = if low < high {
            Axis::over(name, low, high)
        } else {
            Axis::around(name, [low].into_iter(), 0.0)
        };
        let share = |value: f64| match value.is_finite() {
            true => (value - scale.low) / (scale.high - scale.low),
            false => f64::NAN,
        };
        let colours = shown.iter().map(|&i| style::colour_of(share(values[i]))).collect();
        Self { colours, side: Side::Scale(scale), remark }
    }

    fn width(&self, canvas: &Canvas<'_>) -> Drawn<i32> {
        match &self.side {
            Side::Nothing => Ok(units(6.0)),
            Side::Classes(legend) => legend.width(canvas),
            Side::Scale(scale) => legend::bar_width(canvas, scale),
        }
    }
}

/// Draws itself as the last expression of a cell.
impl Show for Scatter {
    fn show(&self) -> Bundle {
        self.build().show()
    }
}
