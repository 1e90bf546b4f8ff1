//! The JSON form of a schema.

use serde::{Deserialize, Serialize};

/// A schema that has not been checked yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub name: String,
    pub questions: Vec<WrittenQuestion>,
}

/// A question of an unchecked schema.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenQuestion {
    pub question: String,
    pub answers: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<String>,
}

impl Written {
    /// The schema as JSON, one question per line.
    pub fn text(&self) -> String {
        // Strings in a plain struct always serialise to JSON.
        let json = |value: &dyn Fn() -> serde_json::Result<String>| value().unwrap_or_default();
        let name = json(&|| serde_json::to_string(&self.name));
        let questions: Vec<String> =
            self.questions.iter().map(|it| json(&|| serde_json::to_string(it))).collect();
        format!("{{\"name\": {name}, \"questions\": [\n  {}\n]}}\n", questions.join(",\n  "))
    }
}
