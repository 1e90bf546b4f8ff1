//! Where things are: the programs, the tutorials, and the user's folder for large files.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// The folders that every step uses.
#[derive(Debug, Clone)]
pub struct Places {
    /// libtorch, the Python environment and weights; see [`home`].
    pub home: PathBuf,
    /// The folder of the programs `zoobot` and `zoobot-kernel`.
    pub programs: PathBuf,
    /// The folder of the tutorials.
    pub tutorials: PathBuf,
    /// The folder where executed tutorials go.
    pub executed: PathBuf,
}

impl Places {
    /// The folder of downloads in progress.
    pub fn downloads(&self) -> PathBuf {
        self.home.join("downloads")
    }
}

/// The user's folder for large files: `$ZOOBOT_HOME`, else `$XDG_DATA_HOME/zoobot`, else
/// `$HOME/.local/share/zoobot`.
///
/// # Errors
/// When none of these is set, or the name has a comma or a colon.
pub fn home(var: impl Fn(&str) -> Option<std::ffi::OsString>) -> Result<PathBuf> {
    let var = |name| var(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let path = if let Some(path) = var("ZOOBOT_HOME") {
        path
    } else if let Some(path) = var("XDG_DATA_HOME") {
        path.join("zoobot")
    } else if let Some(path) = var("HOME") {
        path.join(".local/share/zoobot")
    } else {
        bail!("neither HOME nor ZOOBOT_HOME is set: set ZOOBOT_HOME to a folder with 2 GB free");
    };
    if path.to_string_lossy().contains([',', ':']) {
        // The linker's -rpath argument is split at commas and colons.
        bail!("{} has a comma or colon in its name: set ZOOBOT_HOME elsewhere", path.display());
    }
    std::path::absolute(&path).with_context(|| format!("cannot resolve {}", path.display()))
}

/// Writes a text file through a temporary name, unless it already has this content.
///
/// # Errors
/// When the folder or the file cannot be written.
pub fn write_if_changed(path: &Path, text: &str) -> Result<bool> {
    if std::fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(false);
    }
    let folder = path.parent().context("a file without a folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    std::fs::write(&partial, text)
        .and_then(|()| std::fs::rename(&partial, path))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(true)
}

/// Removes a folder or file if it exists.
///
/// # Errors
/// When it exists and cannot be removed.
pub fn remove(path: &Path) -> Result<bool> {
    let Ok(kind) = path.symlink_metadata() else { return Ok(false) };
    let result =
        if kind.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    result.with_context(|| format!("cannot remove {}", path.display()))?;
    Ok(true)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// An empty folder of a test's own, removed when dropped.
    pub struct Scratch(pub PathBuf);

    impl Scratch {
        pub fn new() -> Self {
            static COUNT: AtomicUsize = AtomicUsize::new(0);
            let name = format!(
                "zoobot-setup-{}-{}",
                std::process::id(),
                COUNT.fetch_add(1, Ordering::Relaxed)
            );
            let path = std::env::temp_dir().join(name).join("a folder");
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Scratch {
        /// Places inside it.
        pub fn places(&self) -> Places {
            let [home, programs, tutorials, executed] =
                ["h", "p", "t", "e"].map(|name| self.0.join(name));
            Places { home, programs, tutorials, executed }
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
        }
    }

    fn with(vars: &'static [(&str, &str)]) -> Result<PathBuf> {
        home(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn the_home_folder_follows_the_environment_in_order() {
        assert_eq!(with(&[("HOME", "/h")]).unwrap(), Path::new("/h/.local/share/zoobot"));
        let xdg = with(&[("HOME", "/h"), ("XDG_DATA_HOME", "/x")]).unwrap();
        assert_eq!(xdg, Path::new("/x/zoobot"));
        let own = with(&[("HOME", "/h"), ("XDG_DATA_HOME", "/x"), ("ZOOBOT_HOME", "/z")]).unwrap();
        assert_eq!(own, Path::new("/z"));
        assert!(with(&[("ZOOBOT_HOME", "")]).is_err());
    }

    #[test]
    fn a_home_that_the_linker_cannot_name_is_refused() {
        let error = with(&[("ZOOBOT_HOME", "/a,b")]).unwrap_err().to_string();
        assert!(error.contains("/a,b"), "{error}");
    }

    #[test]
    fn a_file_is_written_once_and_then_left_alone() {
        let scratch = Scratch::new();
        let path = scratch.0.join("deep/er/file.toml");
        assert!(write_if_changed(&path, "a").unwrap());
        assert!(!write_if_changed(&path, "a").unwrap());
        assert!(write_if_changed(&path, "b").unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "b");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
