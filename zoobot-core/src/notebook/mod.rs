//! How things show themselves: a value makes a [`Bundle`], and [`display`] hands it to the kernel
//! (or prints its plain form where there is none).

pub mod cell;
pub(crate) mod text;

use std::collections::BTreeMap;
use std::io::Write;

/// One value in every form a front end may want, by MIME type.
///
/// `text/plain`, `text/html` and `image/svg+xml` are text; `image/png` is base64, as Jupyter has it.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Bundle(pub BTreeMap<String, String>);

impl Bundle {
    /// A bundle with the plain text every front end understands.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::default().with("text/plain", text)
    }

    /// Adds another form.
    pub fn with(mut self, mime: &str, content: impl Into<String>) -> Self {
        self.0.insert(mime.to_owned(), content.into());
        self
    }

    /// The form of one MIME type.
    pub fn get(&self, mime: &str) -> Option<&str> {
        self.0.get(mime).map(String::as_str)
    }
}

/// A value that knows how to look in a notebook.
pub trait Show {
    /// The value in every form it has.
    fn show(&self) -> Bundle;
}

/// Starts a message to the kernel on standard output; JSON and a newline follow.
///
/// `{"kind":"display","data":{mime: text},"id":null|"..","update":bool}`
pub const MARK: &str = "\u{2}zoobot ";

/// Whether a notebook kernel reads our standard output.
pub fn in_kernel() -> bool {
    std::env::var_os("ZOOBOT_KERNEL").is_some()
}

/// Shows a value here and now, from anywhere in a cell.
pub fn display(value: &(impl Show + ?Sized)) {
    send(&value.show(), None, false);
}

/// Sends a bundle under a display id, so that a later call with `update` replaces it in place.
pub(crate) fn send(bundle: &Bundle, id: Option<&str>, update: bool) {
    let mut out = std::io::stdout().lock();
    // A closed standard output has nobody left to tell.
    let _ = if in_kernel() {
        let message =
            serde_json::json!({"kind": "display", "data": bundle, "id": id, "update": update});
        writeln!(out, "{MARK}{message}")
    } else {
        writeln!(out, "{}", bundle.get("text/plain").unwrap_or_default())
    };
    let _ = out.flush();
}
