//! Words that stand for "no value" in a table.

/// The words, besides nothing at all.
const WORDS: [&str; 7] = ["nan", "na", "n/a", "null", "none", "--", "<na>"];

/// Whether a text means that there is no value: nothing, or `NaN`, `NA`, `N/A`, `null`, `None`, `--`
/// or `<NA>` in any case.
pub(crate) fn is_missing(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}
