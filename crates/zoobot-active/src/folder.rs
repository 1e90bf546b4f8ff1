//! The folder of a loop: every round has its own, and a process that was killed loses no answer.
//!
//! ```text
//! settings.json            what the loop was started with
//! chosen.csv, curve.csv    all rounds together
//! round_03/chosen.json     the galaxies of the round, and their probabilities
//! round_03/answers.jsonl   their votes, one line each, flushed to the disk as it comes
//! round_03/heads.json      the heads that were fitted to all votes so far
//! round_03/scores.parquet  what the rest of the pool was worth before the choice
//! round_03/round.json      the loss; written last
//! round_03/curve.svg       the learning curve so far
//! ```

use super::choice::ChosenGalaxy;
use super::outcome::ActiveRound;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use zoobot_base::error::{Error, Result};
use zoobot_base::files::write_whole;

/// A line of the journal: the votes for a galaxy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    pub id_str: String,
    pub votes: Vec<f64>,
}

/// The folder of a loop.
#[derive(Debug, Clone)]
pub struct LoopFolder {
    path: PathBuf,
}

impl LoopFolder {
    /// Opens a folder, or begins one. `settings` must be those that it was begun with.
    pub fn open(path: &Path, settings: &serde_json::Value) -> Result<Self> {
        let file = path.join("settings.json");
        if file.exists() {
            let before: serde_json::Value = read_json(&file)?;
            let names = before.as_object().into_iter().flatten().map(|it| it.0.as_str());
            if let Some(name) = names.into_iter().find(|it| before[it] != settings[it]) {
                let problem = format!(
                    "the folder {} was begun with {name} {}, but now it is {}",
                    path.display(),
                    before[name],
                    settings[name]
                );
                return Err(Error::unsuitable(
                    problem,
                    "Repeat the earlier settings, or choose another folder",
                ));
            }
        } else {
            write_text(&file, &serde_json::to_string_pretty(settings)?)?;
        }
        Ok(Self { path: path.to_path_buf() })
    }

    /// A file of the whole loop.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A file of a round.
    pub fn of_round(&self, round: usize, name: &str) -> PathBuf {
        self.path.join(format!("round_{round:02}")).join(name)
    }

    /// The galaxies that a round chose, if it did.
    pub fn chosen(&self, round: usize) -> Result<Option<Vec<ChosenGalaxy>>> {
        optional(&self.of_round(round, "chosen.json"))
    }

    pub fn keep_chosen(&self, round: usize, chosen: &[ChosenGalaxy]) -> Result<()> {
        write_text(&self.of_round(round, "chosen.json"), &serde_json::to_string_pretty(chosen)?)
    }

    /// The result of a round, if it is finished.
    pub fn finished(&self, round: usize) -> Result<Option<ActiveRound>> {
        optional(&self.of_round(round, "round.json"))
    }

    pub fn keep_finished(&self, round: &ActiveRound) -> Result<()> {
        write_text(&self.of_round(round.round, "round.json"), &serde_json::to_string(round)?)
    }

    /// The journal of a round, and the answers in it.
    pub fn answers(&self, round: usize) -> Result<(AnswerJournal, Vec<Answered>)> {
        AnswerJournal::open(&self.of_round(round, "answers.jsonl"))
    }
}

/// Answers on disk: lines are only ever added, and each is flushed to the disk before it counts.
#[derive(Debug)]
pub struct AnswerJournal {
    path: PathBuf,
    file: File,
}

impl AnswerJournal {
    /// Opens a journal, or begins one. An incomplete last line, left by a process that was killed, is cut off.
    fn open(path: &Path) -> Result<(Self, Vec<Answered>)> {
        zoobot_base::files::make_folder_of(path)?;
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = file.map_err(Error::io("open", path))?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(Error::io("read", path))?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        file.set_len(whole as u64).map_err(Error::io("write", path))?;
        file.seek(SeekFrom::End(0)).map_err(Error::io("write", path))?;
        let mut answers = Vec::new();
        for (number, line) in text[..whole].lines().enumerate() {
            answers.push(serde_json::from_str(line).map_err(|error| Error::Catalog {
                path: path.to_path_buf(),
                problem: format!("line {} is not an answer: {error}", number + 1),
                hint: "Remove the line; its galaxy is asked about again".to_owned(),
            })?);
        }
        Ok((Self { path: path.to_path_buf(), file }, answers))
    }

    pub fn add(&mut self, answer: &Answered) -> Result<()> {
        let line = serde_json::to_string(answer)? + "\n";
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(Error::io("write", &self.path))
    }
}

/// Writes a text file that appears whole.
pub fn write_text(path: &Path, text: &str) -> Result<()> {
    write_whole(path, |mut file| file.write_all(text.as_bytes()).map_err(Error::io("write", path)))
}

fn optional<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    path.exists().then(|| read_json(path)).transpose()
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
    serde_json::from_str(&text).map_err(|error| Error::Catalog {
        path: path.to_path_buf(),
        problem: format!("this is not a file of an active-learning loop: {error}"),
        hint: "Restore it, or choose another folder".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incomplete_answer_is_cut_off_and_all_others_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answers.jsonl");
        let answer = |id: &str| Answered { id_str: id.to_owned(), votes: vec![3.0, 4.0] };
        let (mut journal, before) = AnswerJournal::open(&path).unwrap();
        assert!(before.is_empty());
        journal.add(&answer("a")).unwrap();
        journal.add(&answer("b")).unwrap();
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        // Whatever part of the second line reached the disk.
        for end in whole.len() / 2..whole.len() {
            std::fs::write(&path, &whole[..end]).unwrap();
            let (mut journal, before) = AnswerJournal::open(&path).unwrap();
            assert_eq!(before, [answer("a")]);
            journal.add(&answer("c")).unwrap();
            assert_eq!(AnswerJournal::open(&path).unwrap().1, [answer("a"), answer("c")]);
        }
        std::fs::write(&path, "{}\n").unwrap();
        assert!(AnswerJournal::open(&path).unwrap_err().to_string().contains("line 1"));
    }
}
