//! The contents of replies that need no cell.

use crate::cell::Cell;
use serde_json::{Value, json};

/// Describes this kernel.
pub fn kernel_info() -> Value {
    json!({
        "status": "ok",
        "protocol_version": "5.3",
        "implementation": "zoobot",
        "implementation_version": env!("CARGO_PKG_VERSION"),
        "language_info": {
            "name": "rust",
            "version": "",
            "mimetype": "text/rust",
            "file_extension": ".rs",
            "pygments_lexer": "rust",
            "codemirror_mode": "rust",
            "nbconvert_exporter": "script",
        },
        "banner": "Zoobot: galaxy morphology in Rust. Start with: use zoobot::prelude::*;",
        "help_links": [],
        "debugger": false,
    })
}

/// Whether a console should ask for another line.
pub fn is_complete(code: &str) -> Value {
    let cell = Cell::parse(code);
    match &cell.error {
        None => json!({"status": "complete", "indent": ""}),
        // Something is missing at the end of the code.
        Some(error) if error.at >= code.trim_end().len() => {
            json!({"status": "incomplete", "indent": "    "})
        }
        Some(_) => json!({"status": "invalid", "indent": ""}),
    }
}

/// The reply of the debug protocol that there is no debugger.
pub fn no_debugger(request: &Value) -> Value {
    json!({
        "type": "response",
        "request_seq": request["seq"],
        "command": request["command"],
        "success": false,
        "message": "the zoobot kernel has no debugger",
        "body": {},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_brackets_ask_for_more_and_wrong_code_does_not() {
        for (code, status) in [
            ("let a = 1;", "complete"),
            ("a + 1", "complete"),
            ("fn f() {", "incomplete"),
            ("let v = vec![1,", "incomplete"),
            ("let = 3 fn;", "invalid"),
        ] {
            assert_eq!(is_complete(code)["status"], status, "{code}");
        }
    }
}
