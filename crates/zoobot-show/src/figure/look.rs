//! Options shared by all figures: title, size, axes.

use super::axes::Axis;
use super::style;
use zoobot_base::{Error, Result};

/// Title, axes and size of a figure.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub title: String,
    pub x: Asked,
    pub y: Asked,
    pub size: (u32, u32),
}

/// The requested options of an axis.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub label: String,
    pub log: bool,
    pub inverted: bool,
    /// Its ends, in the order in which the caller gave them.
    pub limits: Option<(f64, f64)>,
}

impl Look {
    pub fn new(x: &str, y: &str) -> Self {
        let named = |label: &str| Asked { label: label.into(), ..Asked::default() };
        Self { title: String::new(), x: named(x), y: named(y), size: style::SIZE }
    }

    /// Checks the requested axes.
    pub fn check(&self) -> Result<()> {
        self.x.check("limits_x")?;
        self.y.check("limits_y")
    }

    /// The reason why values may be left out.
    pub fn reason(&self) -> &'static str {
        match [&self.x, &self.y].iter().any(|axis| axis.log || axis.limits.is_some()) {
            true => "missing, not finite or outside of the axes",
            false => "missing or not finite",
        }
    }
}

impl Asked {
    fn check(&self, name: &'static str) -> Result<()> {
        let Some((first, last)) = self.limits else { return Ok(()) };
        let fits = |end: f64| end.is_finite() && (!self.log || end > 0.0);
        if fits(first) && fits(last) && first != last {
            return Ok(());
        }
        let range = match self.log {
            true => "two different numbers above 0 (the axis is logarithmic)",
            false => "two different numbers",
        };
        Err(Error::parameter(name, format!("{first} to {last}"), range))
    }

    /// A value in the units of the axis; NaN if a logarithmic axis cannot show it.
    pub fn scaled(&self, value: f64) -> f64 {
        match self.log {
            true if value > 0.0 => value.log10(),
            true => f64::NAN,
            false => value,
        }
    }

    /// The position of a value on the axis; NaN beyond its ends.
    pub fn place(&self, value: f64) -> f64 {
        let place = self.scaled(value);
        match self.ends() {
            Some((low, high)) if !(low..=high).contains(&place) => f64::NAN,
            _ => place,
        }
    }

    /// The requested ends, the lower first, in the units of the axis.
    pub fn ends(&self) -> Option<(f64, f64)> {
        let (first, last) = self.limits?;
        Some((self.scaled(first.min(last)), self.scaled(first.max(last))))
    }

    /// An axis around these positions, or between the requested ends.
    pub fn around(&self, places: impl Iterator<Item = f64>, pad: f64) -> Axis {
        match self.ends() {
            Some((low, high)) => self.over(low, high),
            None => {
                let around = Axis::around(&self.label, places, pad);
                self.over(around.low, around.high)
            }
        }
    }

    /// An axis between these ends, in its own units.
    pub fn over(&self, low: f64, high: f64) -> Axis {
        let axis = match self.log {
            true => Axis::logarithmic(&self.label, low, high),
            false => Axis::over(&self.label, low, high),
        };
        // Limits given from high to low also invert the axis.
        let falling = self.limits.is_some_and(|(first, last)| first > last);
        Axis { inverted: self.inverted != falling, ..axis }
    }
}

/// The setters of [`Look`] for a builder with a field `look`.
macro_rules! look_setters {
    () => {
        /// Sets the title (default none).
        pub fn title(mut self, title: &str) -> Self {
            self.look.title = title.to_owned();
            self
        }

        /// Sets the axis labels: the quantity and, in brackets, its unit.
        pub fn labels(mut self, x: &str, y: &str) -> Self {
            (self.look.x.label, self.look.y.label) = (x.to_owned(), y.to_owned());
            self
        }

        /// Sets width and height, in pixels of 1/96 inch (default 640 × 440).
        pub fn size(mut self, width: u32, height: u32) -> Self {
            self.look.size = (width, height);
            self
        }

        /// Makes the x axis logarithmic. It cannot show values of 0 and below.
        pub fn log_x(mut self) -> Self {
            self.look.x.log = true;
            self
        }

        /// Makes the y axis logarithmic. It cannot show values of 0 and below.
        pub fn log_y(mut self) -> Self {
            self.look.y.log = true;
            self
        }

        /// Sets the first and last value on the x axis (default: around the values). If `first` is larger
        /// than `last`, the axis is inverted.
        pub fn limits_x(mut self, first: f64, last: f64) -> Self {
            self.look.x.limits = Some((first, last));
            self
        }

        /// Sets the first and last value on the y axis (default: around the values). If `first` is larger
        /// than `last`, the axis is inverted.
        pub fn limits_y(mut self, first: f64, last: f64) -> Self {
            self.look.y.limits = Some((first, last));
            self
        }

        /// Inverts the x axis.
        pub fn inverted_x(mut self) -> Self {
            self.look.x.inverted = true;
            self
        }

        /// Inverts the y axis, as is usual for magnitudes.
        pub fn inverted_y(mut self) -> Self {
            self.look.y.inverted = true;
            self
        }
    };
}
pub(super) use look_setters;
