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
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use zoobot_base::error::{Error, Result};
use zoobot_base::files::make_folder_of;

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
pub struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens a file of ratings, or creates it, and returns its lines.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read and written; [`Error::Catalog`] when a complete line
    /// is invalid.
    pub fn open(path: impl AsRef<Path>) -> Result<(Self, Vec<Line>)> {
        let path = path.as_ref().to_path_buf();
        let new = !path.exists();
        make_folder_of(&path)?;
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(Error::io("write", &path))?;
        if new {
            // The directory entry must survive a crash too.
            let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            let synced = File::open(folder).and_then(|folder| folder.sync_all());
            synced.map_err(Error::io("write", folder))?;
        }
        file.lock().map_err(Error::io("write", &path))?;
        let text = mended(&mut file).map_err(Error::io("read", &path));
        file.unlock().map_err(Error::io("write", &path))?;
        let lines = parse(&path, &text?)?;
        Ok((Self { path, file }, lines))
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds lines and returns when they are on the disk. If it fails, it keeps none of them.
    ///
    /// # Errors
    /// [`Error::Io`], such as on a full disk.
    pub fn append(&mut self, lines: &[Line]) -> Result<()> {
        let mut text = String::new();
        for line in lines {
            text.push_str(&serde_json::to_string(line)?);
            text.push('\n');
        }
        let failed = || Error::io("write", &self.path);
        self.file.lock().map_err(failed())?;
        let file = &mut self.file;
        let written = cut_off(file).and_then(|length| {
            let whole = file.write_all(text.as_bytes()).and_then(|()| file.sync_data());
            if whole.is_err() {
                // A failure here is harmless: an incomplete line is dropped at the next opening anyway.
                let _ = file.set_len(length);
            }
            whole
        });
        let unlocked = self.file.unlock();
        written.and(unlocked).map_err(failed())
    }
}

/// Reads the lines of a file of ratings without changing it.
///
/// # Errors
/// As [`Journal::open`].
pub fn read(path: impl AsRef<Path>) -> Result<Vec<Line>> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    // A last line without an end of line may still be complete, for example if an editor wrote it.
    let whole = match serde_json::from_slice::<Line>(last(&bytes)) {
        Ok(_) => bytes.len(),
        Err(_) => bytes.len() - last(&bytes).len(),
    };
    parse(path, &bytes[..whole])
}

/// The bytes after the last end of line.
fn last(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |place| place + 1);
    &bytes[start..]
}

/// The file's complete lines, after [`cut_off`] has repaired its end.
fn mended(file: &mut File) -> std::io::Result<Vec<u8>> {
    let length = cut_off(file)?;
    let mut bytes = Vec::with_capacity(length as usize);
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Repairs the end of a file: ends a last line that is complete, and removes one that is not. Returns
/// the file's new length.
fn cut_off(file: &mut File) -> std::io::Result<u64> {
    const STEP: u64 = 4096;
    let length = file.metadata()?.len();
    let mut tail = Vec::new();
    let mut from = length;
    while from > 0 && !tail.contains(&b'\n') {
        let step = STEP.min(from);
        from -= step;
        let mut piece = vec![0; step as usize];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(&mut piece)?;
        piece.append(&mut tail);
        tail = piece;
    }
    let torn = last(&tail);
    if torn.is_empty() {
        return Ok(length);
    }
    if serde_json::from_slice::<Line>(torn).is_ok() {
        file.write_all(b"\n")?;
        return Ok(length + 1);
    }
    let whole = length - torn.len() as u64;
    file.set_len(whole)?;
    file.sync_data()?;
    Ok(whole)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Vec<Line>> {
    let lines = bytes.split(|&byte| byte == b'\n').enumerate();
    let lines = lines.filter(|(_, line)| !line.iter().all(u8::is_ascii_whitespace));
    lines
        .map(|(number, line)| {
            let wrong = |problem: String| Error::Catalog {
                path: path.to_path_buf(),
                problem: format!("line {}: {problem}", number + 1),
                hint: "Each line is {\"id_str\":\"NAME\",\"rating\":0 to 5}".to_owned(),
            };
            let line: Line = serde_json::from_slice(line).map_err(|it| wrong(it.to_string()))?;
            match line.rating {
                Some(0..=5) => Ok(line),
                None if line.undo || line.skip || line.note.is_some() => Ok(line),
                None => Err(wrong("it has no rating".to_owned())),
                Some(rating) => {
                    Err(wrong(format!("the rating is {rating}, but must be between 0 and 5")))
                }
            }
        })
        .collect()
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
