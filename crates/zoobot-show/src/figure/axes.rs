//! Axes: ranges that fit the data, round ticks, and the frame around the data.

use super::canvas::{Canvas, Drawn, units};
use super::{font, style};
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::{
    Cartesian2d, ChartBuilder, ChartContext, Color, LabelAreaPosition, SVGBackend, ShapeStyle,
};
use plotters::style::{FontDesc, FontFamily, FontStyle, RGBColor, TextStyle};
use std::ops::Range;

/// An axis with its ends and ticks.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    pub label: String,
    pub low: f64,
    pub high: f64,
    pub ticks: Vec<f64>,
    /// The labels of the ticks, if they are not numbers.
    pub names: Vec<String>,
    /// Whether the axis runs from right to left, or downwards.
    pub inverted: bool,
}

impl Axis {
    /// An axis over the finite values, with a margin (`pad`, a share of the range) on both sides.
    pub fn around(label: &str, values: impl Iterator<Item = f64>, pad: f64) -> Self {
        let (low, high) = bounds(values).unwrap_or((0.0, 1.0));
        let air = match (high - low) * pad {
            air if air > 0.0 => air,
            _ => (low.abs() * 0.05).max(0.5),
        };
        Self::over(label, low - air, high + air)
    }

    /// An axis with these ends.
    pub fn over(label: &str, low: f64, high: f64) -> Self {
        let (label, ticks) = (label.to_owned(), ticks(low, high, 6));
        Self { label, low, high, ticks, names: Vec::new(), inverted: false }
    }

    /// An axis over base-10 logarithms, with tick labels that show the numbers themselves.
    pub fn logarithmic(label: &str, low: f64, high: f64) -> Self {
        let powers = (low.floor() as i32)..=(high.ceil() as i32);
        let steps: &[f64] = if high - low < 2.2 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let numbers = powers.flat_map(|power| steps.iter().map(move |it| it * 10_f64.powi(power)));
        let mut numbers: Vec<f64> =
            numbers.filter(|it| (low..=high).contains(&it.log10())).collect();
        if numbers.len() < 2 {
            // Less than a decade: round numbers with linear steps.
            numbers = ticks(10_f64.powf(low), 10_f64.powf(high), 4);
        }
        let names = numbers.iter().map(|it| tick_labels(&[*it]).concat()).collect();
        let ticks = numbers.iter().map(|it| it.log10()).collect();
        Self { label: label.to_owned(), low, high, ticks, names, inverted: false }
    }

    /// Keeps only whole-number ticks, for axes of counts.
    pub fn counting(mut self) -> Self {
        self.ticks.retain(|tick| tick.fract() == 0.0);
        self
    }

    /// The text at each tick, all with the number of decimals that the steps need.
    pub fn tick_labels(&self) -> Vec<String> {
        if self.names.is_empty() { tick_labels(&self.ticks) } else { self.names.clone() }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        let share = (value - self.low) / (self.high - self.low);
        let share = if self.inverted { 1.0 - share } else { share };
        (f64::from(start) + share * f64::from(end - start)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format(tick: &f64) -> String {
        tick.to_string()
    }

    fn format_ext(&self, tick: &f64) -> String {
        let place = self.ticks.iter().position(|it| it == tick);
        place.map(|i| self.tick_labels().swap_remove(i)).unwrap_or_default()
    }
}

/// The minimum and maximum of the finite values.
pub(super) fn bounds(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|value| value.is_finite()).fold(None, |ends, value| match ends {
        None => Some((value, value)),
        Some((low, high)) => Some((value.min(low), value.max(high))),
    })
}

/// Round numbers from `low` to `high`, with a step of 1, 2 or 5 × 10^k that gives about `count` steps.
pub(super) fn ticks(low: f64, high: f64, count: usize) -> Vec<f64> {
    let rough = (high - low) / count.max(1) as f64;
    if !rough.is_normal() || rough < 0.0 {
        return vec![low];
    }
    let unit = 10f64.powf(rough.log10().floor());
    let far = |step: &f64| (step / rough).ln().abs();
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|part| part * unit)
        .into_iter()
        .min_by(|a, b| far(a).total_cmp(&far(b)))
        .unwrap_or(unit);
    let first = (low / step).ceil();
    // Bounded: far from zero, a narrow range may be too fine for the numbers to advance.
    (0..=3 * count).map(|i| (first + i as f64) * step).take_while(|tick| *tick <= high).collect()
}

/// Formats ticks with a true minus sign and a common number of decimals.
pub(super) fn tick_labels(ticks: &[f64]) -> Vec<String> {
    let step = ticks.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(f64::INFINITY, f64::min);
    let largest = ticks.iter().fold(0.0f64, |most, tick| most.max(tick.abs()));
    let scientific = largest >= 1e6 || (largest > 0.0 && largest < 1e-3);
    let step = if step.is_finite() { step } else { largest.max(1.0) };
    let whole = |decimals: &i32| {
        let scaled = step * 10f64.powi(*decimals);
        scaled > 0.5 && (scaled - scaled.round()).abs() < 1e-6 * scaled
    };
    let decimals = (-300..=12).find(whole).map_or(12.0, f64::from);
    let write = |tick: &f64| {
        if tick.abs() < step * 1e-9 {
            "0".to_owned()
        } else if scientific {
            let digits = decimals + tick.abs().log10().floor();
            power(&format!("{tick:.*e}", digits.clamp(0.0, 12.0) as usize))
        } else {
            format!("{tick:.*}", decimals.clamp(0.0, 12.0) as usize)
        }
        .replace('-', "−")
    };
    ticks.iter().map(write).collect()
}

/// Formats `1.5e-6` as `1.5×10⁻⁶`.
fn power(number: &str) -> String {
    let (mantissa, exponent) = number.split_once('e').unwrap_or((number, "0"));
    let raised = exponent.chars().map(|sign| match sign.to_digit(10) {
        Some(digit) => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][digit as usize],
        None => '⁻',
    });
    format!("{mantissa}×10{}", raised.collect::<String>())
}

/// The plotting area, in data coordinates.
pub(super) type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;

/// The style of text, `size` in pixels.
pub(super) fn letters(size: f64, colour: RGBColor) -> TextStyle<'static> {
    // plotters writes font sizes divided by 1.24.
    let font = FontDesc::new(
        FontFamily::Name(font::FAMILY),
        f64::from(units(size)) * 1.24,
        FontStyle::Normal,
    );
    let mut style = TextStyle::from(font);
    style.color = colour.to_backend_color();
    style
}

/// A line `width` pixels wide.
pub(super) fn stroke(width: f64, colour: impl Color) -> ShapeStyle {
    colour.stroke_width(units(width).max(1) as u32)
}

/// Draws title, axes, ticks and labels, and returns the chart to draw the data in.
pub(super) fn frame<'a, 'b>(
    area: &'a Canvas<'b>,
    title: &str,
    x: &Axis,
    y: &Axis,
) -> Drawn<Chart<'a, 'b>> {
    let tick_text = letters(style::TICK, style::INK);
    let mut widest = 0;
    for text in y.tick_labels() {
        widest = widest.max(area.estimate_text_size(&text, &tick_text)?.0);
    }
    let described = |label: &str| if label.is_empty() { 0.0 } else { style::LABEL * 1.25 + 6.0 };
    let left = widest as i32 + units(2.0 * style::TICK_LENGTH + described(&y.label));
    let below = units(2.0 * style::TICK_LENGTH + style::TICK * 1.2 + described(&x.label));

    let mut builder = ChartBuilder::on(area);
    builder
        .margin(units(style::MARGIN))
        .set_label_area_size(LabelAreaPosition::Left, left)
        .set_label_area_size(LabelAreaPosition::Bottom, below);
    if !title.is_empty() {
        builder.caption(title, letters(style::TITLE, style::INK));
    }
    let mut chart = builder.build_cartesian_2d(x.clone(), y.clone())?;
    chart
        .configure_mesh()
        .disable_mesh()
        .axis_style(stroke(style::AXIS, style::FAINT))
        .set_all_tick_mark_size(units(style::TICK_LENGTH))
        .label_style(tick_text)
        .axis_desc_style(letters(style::LABEL, style::INK))
        .x_desc(&x.label)
        .y_desc(&y.label)
        .draw()?;
    Ok(chart)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks(0.0, 1.0, 5), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(ticks(-7.3, 9.1, 6), [-6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(ticks(0.4, 30.0, 6), [5.0, 10.0, 15.0, 20.0, 25.0, 30.0]);
        assert_eq!(ticks(3.0, 3.0, 6), [3.0]);
        let far = ticks(1e15, 1e15 + 1.0, 6);
        assert!(!far.is_empty() && far.len() <= 19, "{far:?}");
    }

    #[test]
    fn tick_labels_share_their_decimals_and_use_a_true_minus() {
        assert_eq!(tick_labels(&[-0.5, 0.0, 0.5]), ["−0.5", "0", "0.5"]);
        assert_eq!(tick_labels(&[-5.0, 0.0, 5.0]), ["−5", "0", "5"]);
        assert_eq!(tick_labels(&[0.0, 0.05, 0.1]), ["0", "0.05", "0.10"]);
        assert_eq!(tick_labels(&[0.0, 1.5e6, 3e6]), ["0", "1.5×10⁶", "3.0×10⁶"]);
        assert_eq!(tick_labels(&[1e-5, 2e-5]), ["1×10⁻⁵", "2×10⁻⁵"]);
    }
}
