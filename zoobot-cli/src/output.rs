//! The output of commands: nothing that exists is replaced without --overwrite, and missing folders are
//! created.

use clap::Args;
use std::path::Path;
use zoobot_core::{Error, Result};

/// The file that marks the folder of a finished run.
const FINISHED: &str = "finished";
/// The file of a model's folder that is written last.
const MODEL: &str = "head.json";
/// The other files of a model's folder; a run that was stopped may have written some of them.
const PARTS: [&str; 7] = [
    "config.json",
    "model.safetensors",
    "recipe.json",
    "card.json",
    "head.safetensors",
    "schema.json",
    "recalibration.json",
];

// No doc comment: it would take the place of the command's own help.
#[derive(Debug, Clone, Args)]
pub struct Overwrite {
    /// Replace an existing result
    #[arg(long)]
    overwrite: bool,
}

impl Overwrite {
    /// Refuses a file that exists, or that the command also reads, and creates its folder. Call it before
    /// any work is done, and after all other checks.
    pub fn file(&self, option: &'static str, path: &Path, read: &[&Path]) -> Result<()> {
        if path.is_dir() {
            let problem = format!("{option} {} is a folder", path.display());
            return Err(Error::unsuitable(problem, "Give the name of a file"));
        }
        if path.exists() {
            self.allow(option, path)?;
            let this = path.canonicalize().ok();
            if read.iter().any(|it| this.is_some() && it.canonicalize().ok() == this) {
                let problem = format!("{option} {} is a file that is read", path.display());
                return Err(Error::unsuitable(problem, "Choose another file to write"));
            }
        }
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        folder.map_or(Ok(()), std::fs::create_dir_all).map_err(Error::io("write", path))
    }

    /// Like [`file`](Self::file), but for an option that may be left out.
    pub fn any_file(
        &self,
        option: &'static str,
        path: Option<&Path>,
        read: &[&Path],
    ) -> Result<()> {
        path.map_or(Ok(()), |path| self.file(option, path, read))
    }

    /// Refuses a folder that holds a complete result, which the file `mark` shows, or a file that is not
    /// `ours`, such as a picture of the user.
    pub fn folder(
        &self,
        option: &'static str,
        folder: &Path,
        mark: &str,
        ours: impl Fn(&str) -> bool,
    ) -> Result<()> {
        if folder.is_file() {
            let problem = format!("{option} {} is a file", folder.display());
            return Err(Error::unsuitable(problem, "Give the name of a folder"));
        }
        if folder.join(mark).exists() {
            return self.allow(option, folder);
        }
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        match names.filter(|name| !ours(name)).min() {
            Some(other) if !self.overwrite => {
                let folder = folder.display();
                let problem = format!("the folder {option} {folder} already holds {other}");
                let hint = "Choose a new folder, or add --overwrite to write into this one";
                Err(Error::unsuitable(problem, hint))
            }
            _ => Ok(()),
        }
    }

    /// Refuses the folder of an existing model. A finished run is removed, so that training starts from
    /// the beginning; an unfinished run is kept, and resumed.
    pub fn model(&self, option: &'static str, folder: &Path) -> Result<()> {
        self.folder(option, folder, MODEL, |name| name == "run" || PARTS.contains(&name))?;
        let run = folder.join("run");
        if folder.join(MODEL).exists() && run.join(FINISHED).exists() {
            std::fs::remove_dir_all(&run).map_err(Error::io("remove", &run))?;
        }
        Ok(())
    }

    fn allow(&self, option: &'static str, path: &Path) -> Result<()> {
        if self.overwrite {
            return Ok(());
        }
        let problem = format!("{option} {} exists already", path.display());
        Err(Error::unsuitable(problem, "Choose another name, or add --overwrite to replace it"))
    }
}

/// Marks a run as finished, once its model is saved.
pub fn finished(run: &Path) -> Result<()> {
    let mark = run.join(FINISHED);
    std::fs::write(&mark, "").map_err(Error::io("write", &mark))
}
