//! The page itself, as one file with its style and script.

use super::desk::Choice;
use super::guard::token;
use super::http::Response;
use zoobot_base::error::{Error, Result};

const HTML: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page. Its policy lets the browser run only the page's own script, and contact only this server.
pub fn page() -> Result<Response> {
    let once = token().map_err(Error::io("make", "a random number"))?;
    let choices = Choice::all().iter().map(|(choice, words)| {
        // The value as JSON (a word in quotes), which the page sends back.
        let value = serde_json::to_string(choice)?;
        Ok(format!("<option value={value}>{words}</option>"))
    });
    let choices: String = choices.collect::<Result<_>>()?;
    let html = HTML.replace("ONCE", &once).replace("CHOICES", &choices);
    let html = html.replace("STYLE", STYLE).replace("SCRIPT", SCRIPT);
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{once}'; style-src 'nonce-{once}'; \
         img-src blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    Ok(Response::of("text/html; charset=utf-8", html.into_bytes()).policy(policy))
}
