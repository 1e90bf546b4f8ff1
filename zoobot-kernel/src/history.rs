//! The cells of this session, for consoles that step back through them.

use jupyter_protocol::HistoryRequest;
use serde_json::{Value, json};

/// Jupyter's number for this session; earlier sessions are not kept.
const SESSION: i32 = 1;

/// The cells that were run, in order.
#[derive(Debug, Default)]
pub struct History {
    cells: Vec<(usize, String)>,
}

impl History {
    /// Adds a cell.
    pub fn add(&mut self, count: usize, code: &str) {
        self.cells.push((count, code.to_owned()));
    }

    /// The content of a `history_reply`.
    pub fn reply(&self, asked: &HistoryRequest) -> Value {
        let all = self.cells.iter();
        let (cells, output): (Vec<&(usize, String)>, bool) = match asked {
            HistoryRequest::Tail { n, output, .. } => (last(all.collect(), *n), *output),
            HistoryRequest::Range { session, start, stop, output, .. } => {
                let here = matches!(session, None | Some(0 | SESSION));
                let within = |count: usize| {
                    i32::try_from(count).is_ok_and(|count| (*start..*stop).contains(&count))
                };
                (all.filter(|(count, _)| here && within(*count)).collect(), *output)
            }
            HistoryRequest::Search { pattern, unique, output, n, .. } => {
                let mut found: Vec<_> = all.filter(|(_, code)| matches(pattern, code)).collect();
                if *unique {
                    let mut seen = std::collections::HashSet::new();
                    found.reverse();
                    found.retain(|(_, code)| seen.insert(code));
                    found.reverse();
                }
                (last(found, *n), *output)
            }
        };
        let entry = |(count, code): &(usize, String)| match output {
            // The front end keeps the outputs.
            true => json!([SESSION, count, [code, ""]]),
            false => json!([SESSION, count, code]),
        };
        json!({"status": "ok", "history": cells.into_iter().map(entry).collect::<Vec<_>>()})
    }
}

fn last<T>(mut cells: Vec<T>, n: i32) -> Vec<T> {
    let n = usize::try_from(n).unwrap_or(0);
    cells.split_off(cells.len().saturating_sub(n))
}

/// Whether a pattern with `*` (any text) and `?` (any character) matches a whole text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut chars = pattern.chars();
    match chars.next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = chars.as_str();
            let mut starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            starts.any(|at| matches(rest, &text[at..]))
        }
        Some(wanted) => {
            let mut rest = text.chars();
            rest.next().is_some_and(|c| c == wanted || wanted == '?')
                && matches(chars.as_str(), rest.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(asked: &HistoryRequest) -> Vec<u64> {
        let mut history = History::default();
        for (i, code) in ["let a = 1;", "a", "let b = a;", "a"].iter().enumerate() {
            history.add(i + 1, code);
        }
        let reply = history.reply(asked);
        reply["history"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry[1].as_u64().unwrap())
            .collect()
    }

    #[test]
    fn cells_are_found_from_the_end_by_number_and_by_pattern() {
        let (output, raw) = (false, true);
        assert_eq!(found(&HistoryRequest::Tail { n: 2, output, raw }), [3, 4]);
        let range =
            |session, start, stop| HistoryRequest::Range { session, start, stop, output, raw };
        assert_eq!(found(&range(Some(1), 2, 4)), [2, 3]);
        assert_eq!(found(&range(Some(0), 1, 2)), [1]);
        assert!(found(&range(Some(7), 1, 4)).is_empty());
        let search = |pattern: &str, unique, n| {
            let pattern = pattern.to_owned();
            HistoryRequest::Search { pattern, unique, output, raw, n }
        };
        assert_eq!(found(&search("let*", false, 10)), [1, 3]);
        assert_eq!(found(&search("?", true, 10)), [4]);
        assert_eq!(found(&search("*a*", false, 1)), [4]);
    }
}
