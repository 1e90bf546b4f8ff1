//! The page itself, in one piece: what it needs comes with it.

use super::desk::Choice;
use super::guard::token;
use super::http::Response;
use zoobot_base::error::{Error, Result};

const HTML: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page. The browser runs only the page's own script, and asks only this server.
pub fn page() -> Result<Response> {
    let once = token().map_err(Error::io("make", "a random number"))?;
    let choices = Choice::all().iter().map(|(choice, words)| {
        // As the page sends it back: a word in quotes.
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
