//! Ratings on disk: one line of JSON each, flushed to the disk before a rating counts.
//!
//! ```text
//! {"user":"ana","id_str":"G000123","rating":5,"at":1767225600}
//! {"user":"ana","id_str":"G000007","rating":5,"liked":true,"at":1767225601}
//! {"user":"ana","id_str":"G000123","undo":true,"at":1767225602}
//! {"user":"ana","id_str":"G000031","skip":true,"at":1767225603}
//! {"user":"ana","id_str":"G000031","note":"a tidal tail?","at":1767225604}
//! ```
//!
//! Lines are only ever added, so a crash loses only what was not yet acknowledged. An incomplete last
//! line is dropped when the file is next opened or written to.

use serde::{Deserialize, Serialize};
use std::path::Path;
use zoobot_base::error::Result;
use zoobot_base::lines::{self, JsonLine, JsonLines};

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Line {
    /// The user who rated; empty without a name.
    #[serde(default)]
    pub user: String,
    /// The galaxy's name.
    pub id_str: String,
    /// The rating, 0 to 5; `None` for an undo, a skip or a note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<u8>,
    /// Whether this is an example that the search was started with.
    #[serde(default, skip_serializing_if = "is_false")]
    pub liked: bool,
    /// Whether this line takes back the user's last rating or skip.
    #[serde(default, skip_serializing_if = "is_false")]
    pub undo: bool,
    /// Whether the galaxy is skipped: it is not rated, and not shown again.
    #[serde(default, skip_serializing_if = "is_false")]
    pub skip: bool,
    /// This user's note on the galaxy. It replaces an earlier note; an empty note removes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The time, in seconds since 1970.
    #[serde(default)]
    pub at: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(value: &bool) -> bool {
    !value
}

impl JsonLine for Line {
    const FORM: &'static str = "Each line is {\"id_str\":\"NAME\",\"rating\":0 to 5}";

    fn problem(&self) -> Option<String> {
        match self.rating {
            Some(0..=5) => None,
            None if self.undo || self.skip || self.note.is_some() => None,
            None => Some("it has no rating".to_owned()),
            Some(rating) => Some(format!("the rating is {rating}, but must be between 0 and 5")),
        }
    }
}

/// An open file of ratings.
///
/// ```
/// use zoobot_core::anomaly::journal::{Journal, Line};
/// let file = std::env::temp_dir().join(format!("zoobot-journal-{}.jsonl", std::process::id()));
/// let mut journal = Journal::open(&file)?.0;
/// journal.append(&[Line { id_str: "G7".into(), rating: Some(4), ..Line::default() }])?;
/// let written = Journal::open(&file)?.1;
/// assert_eq!(written.last().and_then(|line| line.rating), Some(4));
/// # std::fs::remove_file(file).expect("it is there");
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Journal(JsonLines<Line>);

impl Journal {
    /// Opens a file of ratings, or creates it, and returns its lines.
    ///
    /// # Errors
    /// [`Error::Io`](zoobot_base::Error::Io) when the file cannot be read and written;
    /// [`Error::Catalog`](zoobot_base::Error::Catalog) when a complete line is invalid.
    pub fn open(path: impl AsRef<Path>) -> Result<(Self, Vec<Line>)> {
        JsonLines::open(path).map(|(file, lines)| (Self(file), lines))
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Adds lines and returns when they are on the disk. If it fails, it keeps none of them.
    ///
    /// # Errors
    /// [`Error::Io`](zoobot_base::Error::Io), such as on a full disk.
    pub fn append(&mut self, lines: &[Line]) -> Result<()> {
        self.0.append(lines)
    }
}

/// Reads the lines of a file of ratings without changing it.
///
/// # Errors
/// As [`Journal::open`].
pub fn read(path: impl AsRef<Path>) -> Result<Vec<Line>> {
    lines::read(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, rating: u8) -> Line {
        let (user, id_str) = (String::new(), id.to_owned());
        Line { user, id_str, rating: Some(rating), at: 1, ..Line::default() }
    }

    #[test]
    fn what_was_added_is_read_again_and_a_torn_end_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ratings.jsonl");
        let (mut journal, lines) = Journal::open(&path).unwrap();
        assert!(lines.is_empty());
        journal.append(&[line("a", 5), line("b", 0)]).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let long = format!("{{\"id_str\":\"{}", "x".repeat(9000));
        for torn in ["{\"id_str\":\"c\",\"rat", "{", &long, "{\"id_str\":\"c\",\"rating\":9}"] {
            std::fs::write(&path, [&whole[..], torn.as_bytes()].concat()).unwrap();
            assert_eq!(
                read(&path).unwrap_or_default().len(),
                if torn.ends_with('}') { 0 } else { 2 }
            );
            if torn.ends_with('}') {
                continue;
            }
            let (mut journal, lines) = Journal::open(&path).unwrap();
            assert_eq!(lines, [line("a", 5), line("b", 0)], "{torn}");
            journal.append(&[line("c", 3)]).unwrap();
            assert_eq!(Journal::open(&path).unwrap().1.len(), 3);
        }
        // Torn by another process while this one has it open.
        std::fs::write(&path, &whole).unwrap();
        let (mut journal, _) = Journal::open(&path).unwrap();
        std::fs::write(&path, [&whole[..], b"{\"id"].concat()).unwrap();
        journal.append(&[line("d", 1)]).unwrap();
        assert_eq!(read(&path).unwrap().last(), Some(&line("d", 1)));
        // Complete, but without an end of line.
        std::fs::write(&path, "{\"id_str\":\"e\",\"rating\":2}").unwrap();
        assert_eq!(read(&path).unwrap().len(), 1);
        let (mut journal, lines) = Journal::open(&path).unwrap();
        assert_eq!(lines[0].id_str, "e");
        journal.append(&[line("f", 1)]).unwrap();
        assert_eq!(read(&path).unwrap().len(), 2);
    }

    #[test]
    fn a_wrong_line_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ratings.jsonl");
        for (text, word) in [
            ("{}\n{\"id_str\":\"a\",\"rating\":1}\n", "line 1"),
            ("{\"id_str\":\"a\",\"rating\":7}\n", "rating is 7"),
            ("{\"id_str\":\"a\",\"rating\":\"abc\"}\n", "line 1"),
            ("{\"id_str\":\"a\"}\n", "no rating"),
        ] {
            std::fs::write(&path, text).unwrap();
            let message = Journal::open(&path).unwrap_err().to_string();
            assert!(message.contains(word) && message.contains("ratings.jsonl"), "{message}");
        }
        // A missing folder is created; a file is not a folder.
        assert!(Journal::open(dir.path().join("new/ratings.jsonl")).is_ok());
        assert!(Journal::open(path.join("ratings.jsonl")).is_err());
    }
}
