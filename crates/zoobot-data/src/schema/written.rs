//! A schema as it is written in JSON.

use serde::{Deserialize, Serialize};

/// A schema before it is checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub name: String,
    pub questions: Vec<WrittenQuestion>,
}

/// A question of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenQuestion {
    pub question: String,
    pub answers: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<String>,
}

impl Written {
    /// JSON with a question to a line.
    pub fn text(&self) -> String {
        // Strings in a plain struct always have a JSON form.
        let json = |value: &dyn Fn() -> serde_json::Result<String>| value().unwrap_or_default();
        let name = json(&|| serde_json::to_string(&self.name));
        let questions: Vec<String> =
            self.questions.iter().map(|it| json(&|| serde_json::to_string(it))).collect();
        format!("{{\"name\": {name}, \"questions\": [\n  {}\n]}}\n", questions.join(",\n  "))
    }
}
