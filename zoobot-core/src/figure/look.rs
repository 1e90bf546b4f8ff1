//! What every kind of figure can be told: its title, its axis labels, its size.

use super::style;

/// Title, axis labels and size of a figure.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub title: String,
    pub x: String,
    pub y: String,
    pub size: (u32, u32),
}

impl Look {
    pub fn new(x: &str, y: &str) -> Self {
        Self { title: String::new(), x: x.into(), y: y.into(), size: style::SIZE }
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

        /// Sets the labels of the axes: what they measure and, in brackets, the unit.
        pub fn labels(mut self, x: &str, y: &str) -> Self {
            (self.look.x, self.look.y) = (x.to_owned(), y.to_owned());
            self
        }

        /// Sets width and height, in pixels of 1/96 inch (default 640 × 440).
        pub fn size(mut self, width: u32, height: u32) -> Self {
            self.look.size = (width, height);
            self
        }
    };
}
pub(super) use look_setters;
