//! A page in the browser that this process serves on this machine.
//!
//! [`http`] reads requests and writes responses, [`guard`] refuses requests that are not allowed, [`Server`] hands
//! the others to a [`Site`].

pub mod guard;
pub mod http;
mod server;

pub use http::{Method, Request, Response};
pub use server::{Server, Site};

use serde::de::DeserializeOwned;
use zoobot_base::error::{Error, Result};

/// The style that all pages share.
const STYLE: &str = include_str!("page.css");

/// A page as one file. In `html`, `ONCE` becomes a random number, `STYLE` the style that all pages share, and
/// `SCRIPT` the script. The page's policy lets the browser run only this script, and contact only this server.
///
/// # Errors
/// [`Error::Io`] without random numbers.
pub fn page(html: &str, script: &str) -> Result<Response> {
    let once = guard::token().map_err(Error::io("make", "a random number"))?;
    let html = html.replace("ONCE", &once).replace("STYLE", STYLE).replace("SCRIPT", script);
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{once}'; style-src 'nonce-{once}'; \
         img-src blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    Ok(Response::of("text/html; charset=utf-8", html.into_bytes()).policy(policy))
}

/// The body of a request, as JSON.
///
/// # Errors
/// [`Error::Json`].
pub fn body<T: DeserializeOwned>(request: &Request) -> Result<T> {
    Ok(serde_json::from_slice(&request.body)?)
}

/// The answer for an error: its message, and a status by its kind.
pub fn refusal(error: &Error) -> Response {
    let status = match error {
        Error::Parameter { .. }
        | Error::Unsuitable { .. }
        | Error::Shape { .. }
        | Error::Empty { .. }
        | Error::Json(_) => 400,
        Error::Missing { .. } | Error::Picture { .. } => 404,
        _ => 500,
    };
    Response::refusal(status, error.to_string())
}
