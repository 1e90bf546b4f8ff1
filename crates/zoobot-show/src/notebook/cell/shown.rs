//! Displays the last expression of a cell: `(&(expr)).evcxr_display()`.
//!
//! Method lookup picks, in a single compile, the first method that the type has: its own `evcxr_display`,
//! [`Show`] (also through references), or `Debug` (for a mutable reference, further on). For a type with none
//! of them the kernel calls [`show_name`].

use super::tell;
use crate::notebook::{Bundle, Show, in_kernel, metadata};
use std::fmt::Debug;

/// Values that implement [`Show`].
pub trait ShowDisplay {
    /// Shows the value.
    fn evcxr_display(&self);
}

impl<T: Show + ?Sized> ShowDisplay for T {
    fn evcxr_display(&self) {
        result(&self.show());
    }
}

/// Values that only implement `Debug`.
pub trait DebugDisplay {
    /// Shows the value's `{:#?}` form, or `{:?}` if that is short.
    fn evcxr_display(&mut self);
}

impl<T: Debug + ?Sized> DebugDisplay for &T {
    fn evcxr_display(&mut self) {
        show_debug(self);
    }
}

/// Shows a value's `Debug` form.
pub fn show_debug(value: &dyn Debug) {
    result(&debugged(value));
}

/// Shows the type name of a value that cannot display itself.
pub fn show_name<T: ?Sized>(_: &T) {
    result(&named(std::any::type_name::<T>()));
}

/// Sends the value of the cell, which front ends number like the cell.
fn result(bundle: &Bundle) {
    if in_kernel() {
        let metadata = metadata(bundle);
        tell(&serde_json::json!({"kind": "result", "data": bundle, "metadata": metadata}));
    } else {
        println!("{}", bundle.get("text/plain").unwrap_or_default());
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

fn debugged(value: &dyn Debug) -> Bundle {
    let short = format!("{value:?}");
    let hint = match short.split('(').next() {
        Some("Err") => "\n(`?` after the expression says this in words, as the error of the cell)",
        Some("Ok") => "\n(`?` after the expression gives the value without `Ok`)",
        _ => "",
    };
    let text = if short.chars().count() <= 100 { short } else { format!("{value:#?}") };
    Bundle::plain(text + hint)
}

fn named(type_name: &str) -> Bundle {
    let name = type_name.strip_prefix("ctx::zoobot_cell::").unwrap_or(type_name);
    Bundle::plain(format!(
        "a value of type {name} (it cannot show itself; #[derive(Debug)] above its definition lets it)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_broken_into_lines_and_short_ones_are_not() {
        assert_eq!(debugged(&[1, 2]), Bundle::plain("[1, 2]"));
        let long = debugged(&(0..60).collect::<Vec<_>>());
        assert!(long.get("text/plain").is_some_and(|text| text.lines().count() == 62));
    }

    #[test]
    fn results_that_show_as_they_stand_say_what_the_question_mark_does() {
        let text = |it: Result<u8, std::num::ParseIntError>| {
            debugged(&it).get("text/plain").map(str::to_owned)
        };
        assert!(text("7".parse()).is_some_and(|it| it.starts_with("Ok(7)\n(`?`")));
        assert!(
            text("x".parse())
                .is_some_and(|it| it.starts_with("Err(ParseIntError") && it.contains("in words"))
        );
        // Results whose value implements `Show` are not mistaken for these.
        let column: Result<polars::prelude::Series, String> = Err("no such column".to_owned());
        assert_eq!(column.show(), Bundle::plain("error: no such column"));
    }

    #[test]
    #[allow(clippy::needless_borrow, clippy::double_parens)]
    fn every_kind_of_value_finds_its_way_to_be_shown() {
        #[derive(Debug)]
        struct Debugged;
        #[derive(Debug)]
        struct Own;
        impl Own {
            fn evcxr_display(&self) -> u8 {
                7
            }
        }
        let table = polars::prelude::DataFrame::empty();
        // The kernel writes exactly these calls; the test is that they compile.
        (&(Debugged)).evcxr_display();
        (&(&Debugged)).evcxr_display();
        (&(())).evcxr_display();
        (&("text")).evcxr_display();
        (&(Bundle::plain("shown"))).evcxr_display();
        (&(&table)).evcxr_display();
        assert_eq!((&(Own)).evcxr_display(), 7);
    }

    #[test]
    fn a_type_that_cannot_show_itself_is_named_as_the_user_named_it() {
        let text = named("ctx::zoobot_cell::Plain");
        assert!(
            text.get("text/plain").is_some_and(|text| text.starts_with("a value of type Plain"))
        );
    }
}
