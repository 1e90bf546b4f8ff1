//! Displays: a value makes a [`Bundle`], and [`display`] passes it to the kernel (or prints its plain text
//! without a kernel).

mod board;
pub mod cell;
mod cells;
mod columns;
mod future;
mod gallery;
mod input;
mod job;
mod live;
mod markup;
mod progress;
mod table;
#[doc(hidden)]
pub mod text;
mod thumbnail;
mod timing;

pub use board::Board;
pub(crate) use board::{begin_cell, running_cell};
pub use columns::schema_of;
pub use future::block_on;
pub use gallery::{Gallery, Tile};
pub use input::{input, password};
pub use job::Job;
pub use live::Live;
pub use progress::Progress;
pub use table::Table;
pub(crate) use thumbnail::jpeg_as;
#[doc(hidden)]
pub use thumbnail::{jpeg, png};
pub use timing::took;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::collections::BTreeMap;

/// A value in every form that a front end may ask for, by MIME type.
///
/// `text/plain`, `text/html` and `image/svg+xml` are text; `image/png` is base64, as in Jupyter.
///
/// ```
/// use zoobot_core::notebook::Bundle;
/// let bundle = Bundle::plain("z = 0.05").with("text/html", "<i>z</i> = 0.05");
/// assert_eq!(bundle.get("text/html"), Some("<i>z</i> = 0.05"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Bundle(pub BTreeMap<String, String>);

impl Bundle {
    /// A bundle with plain text, which every front end understands.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::default().with("text/plain", text)
    }

    /// Adds another format.
    pub fn with(mut self, mime: &str, content: impl Into<String>) -> Self {
        self.0.insert(mime.to_owned(), content.into());
        self
    }

    /// This bundle stacked above another, in the formats that allow it: text and HTML.
    pub fn above(&self, below: &Self) -> Self {
        let stacked = |mime: &str| match (self.get(mime), below.get(mime)) {
            (Some(top), Some(bottom)) => Some(format!("{top}\n{bottom}")),
            _ => None,
        };
        ["text/plain", "text/html"].into_iter().fold(Self::default(), |bundle, mime| match stacked(
            mime,
        ) {
            Some(content) => bundle.with(mime, content),
            None => bundle,
        })
    }

    /// The content for one MIME type.
    pub fn get(&self, mime: &str) -> Option<&str> {
        self.0.get(mime).map(String::as_str)
    }
}

/// A value that can show itself in a notebook.
///
/// ```
/// use zoobot_core::notebook::{Bundle, Show};
/// struct Redshift(f64);
/// impl Show for Redshift {
///     fn show(&self) -> Bundle {
///         Bundle::plain(format!("z = {}", self.0))
///     }
/// }
/// assert_eq!(Redshift(0.05).show().get("text/plain"), Some("z = 0.05"));
/// ```
pub trait Show {
    /// The value in every format that it supports.
    fn show(&self) -> Bundle;
}

impl Show for Bundle {
    fn show(&self) -> Bundle {
        self.clone()
    }
}

impl<T: Show + ?Sized> Show for &T {
    fn show(&self) -> Bundle {
        (**self).show()
    }
}

/// The result of a call without `?`: shows its value, or the error.
impl<T: Show, E: std::fmt::Display> Show for Result<T, E> {
    fn show(&self) -> Bundle {
        match self {
            Ok(value) => value.show(),
            Err(error) => Bundle::plain(format!("error: {error}")),
        }
    }
}

/// Starts a message to the kernel on standard output; a JSON object and a newline follow. Its `kind` is one
/// of
///
/// | kind | other fields |
/// |---|---|
/// | `display` | `cell` (from a background job only), `data` (by MIME type), `metadata` (by MIME type), `id` (or null), `update` (true replaces what has the id) |
/// | `result` | `data`, `metadata`: the value of the cell |
/// | `panic` | `message`, `place` (`file`, `line`, `column`, or null) |
/// | `error` | `message`, `causes`, `interrupted`: what `?` returned |
/// | `lost` | `name`: a variable that could not be loaded |
/// | `columns` | `columns`: the columns of each variable that is a table, for completion |
/// | `pause` | none: a question follows, show what is printed so far |
/// | `begin`, `done`, `end` | none: the statements begin, came to their end, have no more output |
/// | `left` | none: the cell was left behind |
pub const MARK: &str = "\u{2}zoobot ";

/// Whether a notebook kernel reads this process's standard output.
pub fn in_kernel() -> bool {
    std::env::var_os("ZOOBOT_KERNEL").is_some()
}

/// Shows a value immediately, from anywhere in a cell.
pub fn display(value: &(impl Show + ?Sized)) {
    board::send(Board::here().as_deref(), &value.show(), None, false);
}

/// The message that shows a bundle under a display id; a later message with `update` replaces the display in
/// place.
fn display_message(bundle: &Bundle, id: Option<&str>, update: bool) -> serde_json::Value {
    serde_json::json!({
        "kind": "display", "data": bundle, "metadata": metadata(bundle), "id": id, "update": update,
    })
}

/// Jupyter's metadata: the display size of a picture with a higher resolution.
fn metadata(bundle: &Bundle) -> serde_json::Value {
    // The first part of the picture, in whole base64 groups, is enough.
    let size = bundle
        .get("image/png")
        .and_then(|png| png.get(..80))
        .and_then(|start| BASE64.decode(start).ok())
        .and_then(|start| crate::figure::shown_size(&start));
    match size {
        Some((width, height)) => {
            serde_json::json!({"image/png": {"width": width, "height": height}})
        }
        None => serde_json::json!({}),
    }
}
