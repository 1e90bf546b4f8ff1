//! The header of astropy's ECSV (enhanced character-separated values): YAML in comment lines.
//!
//! Covers only what reading needs: the separator and the types of the columns.

use super::kinds::Kind;
use super::rows::Separator;

/// The contents of an ECSV header.
#[derive(Debug)]
pub struct Header {
    pub separator: Separator,
    /// The type of each column, where it matters for reading it.
    pub kinds: Vec<Option<Kind>>,
}

impl Header {
    /// Parses comment lines, without their `#`; `None` if they are not an ECSV header.
    pub fn of(comments: &[&str]) -> Option<Self> {
        let (first, lines) = comments.split_first()?;
        if !first.trim_start().starts_with("%ECSV") {
            return None;
        }
        let lines: Vec<&str> = lines.iter().map(|it| it.strip_prefix(' ').unwrap_or(it)).collect();
        let delimiter = lines.iter().find_map(|line| line.strip_prefix("delimiter:"));
        let separator = match delimiter.map(|it| it.trim().trim_matches(['\'', '"'])) {
            Some(",") => Separator::Char(b','),
            _ => Separator::Spaces,
        };
        let columns = lines.iter().skip_while(|line| !line.starts_with("datatype:")).skip(1);
        let inside = |line: &&&str| line.starts_with([' ', '-']) && !line.starts_with("---");
        let mut entries: Vec<String> = Vec::new();
        for line in columns.take_while(inside) {
            // An entry may span several lines; continuation lines are indented further.
            match line.trim_start().strip_prefix("- ") {
                Some(entry) => entries.push(entry.to_owned()),
                None => entries.last_mut()?.push_str(&format!("\n{line}")),
            }
        }
        Some(Self { separator, kinds: entries.iter().map(|entry| kind(entry)).collect() })
    }
}

/// The type in an entry such as `{name: ra, unit: deg, datatype: float64}`.
fn kind(entry: &str) -> Option<Kind> {
    let (_, after) = entry.split_once("datatype:")?;
    let word: String = after.trim_start().chars().take_while(|c| c.is_alphanumeric()).collect();
    match word.as_str() {
        "string" => Some(Kind::Text),
        "float16" | "float32" | "float64" | "float128" => Some(Kind::Number { comma: false }),
        _ => None,
    }
}
