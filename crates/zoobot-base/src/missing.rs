//! Which texts count as a missing value: one rule for all input.

/// Words for "no value" that programs write into tables, in lower case.
const WORDS: [&str; 22] = [
    "nan", "+nan", "-nan", "nan()", "1.#qnan", "-1.#qnan", "1.#ind", "-1.#ind", "na", "n/a",
    "n.a.", "#n/a", "#na", "#n/a n/a", "<na>", "nat", "null", "nil", "none", "--", "masked", "\\n",
];

/// Whether a cell of a table is a missing value: empty or blank, or one of these words in any case:
/// `nan` (also with a sign), `NA`, `N/A`, `n.a.`, `#N/A`, `<NA>`, `NaT`, `null`, `nil`, `None`, `--`,
/// `masked`, `\N`, and `1.#QNAN` or `1.#IND`.
///
/// This rule applies to all text cells that are read as a label, a number, a vote, a score, a tag or a
/// position, and in conditions. NaN in a column of numbers is missing too: a `Catalog` turns it into an
/// empty cell. `unknown`, `-`, `?` and numbers such as -999 are values.
///
/// ```
/// use zoobot_core::catalog::is_missing;
/// assert!(["", " ", "NaN", "n/a", "None", "--"].into_iter().all(is_missing));
/// assert!(!["0", "unknown", "-", "no", "nano"].into_iter().any(is_missing));
/// ```
pub fn is_missing(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}
