//! What the kernel wraps around the last expression of a cell: `(&(expr)).evcxr_display()`.
//!
//! Method lookup picks, in this order and in a single compile: the type's own `evcxr_display`,
//! [`Show`], and `Debug` (one more reference away, so that it never competes with the others).

use super::{Bundle, Show, display, send};
use std::fmt::Debug;

/// Values that implement [`Show`].
pub trait ShowDisplay {
    /// Shows the value.
    fn evcxr_display(&self);
}

impl<T: Show + ?Sized> ShowDisplay for T {
    fn evcxr_display(&self) {
        display(self);
    }
}

/// Values that only implement `Debug`.
pub trait DebugDisplay {
    /// Shows the value's `{:#?}` form, or `{:?}` where that is short.
    fn evcxr_display(&self);
}

impl<T: Debug + ?Sized> DebugDisplay for &T {
    fn evcxr_display(&self) {
        let short = format!("{self:?}");
        let text = if short.chars().count() <= 100 { short } else { format!("{self:#?}") };
        send(&Bundle::plain(text), None, false);
    }
}

impl Show for () {
    fn show(&self) -> Bundle {
        Bundle::default()
    }
}

impl Show for str {
    fn show(&self) -> Bundle {
        Bundle::plain(format!("{self:?}"))
    }
}

/// Called by the kernel before the first cell: a stop button that keeps the variables.
pub fn start() {
    crate::interrupt::install();
}
