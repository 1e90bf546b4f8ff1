//! The page itself, as one file with its style and script.

use super::desk::Choice;
use zoobot_base::error::Result;
use zoobot_show::web::{self, Response};

const HTML: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");

/// The page, with the choices of a batch.
pub fn page() -> Result<Response> {
    let choices = Choice::all().iter().map(|(choice, words)| {
        // The value as JSON (a word in quotes), which the page sends back.
        let value = serde_json::to_string(choice)?;
        Ok(format!("<option value={value}>{words}</option>"))
    });
    let choices: String = choices.collect::<Result<_>>()?;
    web::page(&HTML.replace("CHOICES", &choices), SCRIPT)
}
