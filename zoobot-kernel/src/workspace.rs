//! The kernel's own temporary folder: the cell crate, evcxr's configuration, the check.
//!
//! The folder is named after the process and removed at the end; the next kernel sweeps the folders
//! of kernels that were killed.

use anyhow::{Context, Result};
use std::ffi::CString;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const PREFIX: &str = "zoobot-kernel-";

/// The folder; removed when dropped.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// Creates the folder and sweeps those of dead kernels.
    pub fn create() -> Result<Self> {
        sweep(&std::env::temp_dir());
        let root = std::env::temp_dir().join(format!("{PREFIX}{}", std::process::id()));
        for name in ["cell", "config", "check", "completion", "programs"] {
            let dir = root.join(name);
            std::fs::create_dir_all(&dir)
                .with_context(|| format!("cannot create {}", dir.display()))?;
        }
        Ok(Self { root })
    }

    /// A subfolder, created by [`create`](Self::create).
    pub fn dir(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// evcxr's configuration: optimisation where it pays (in the library), not in the cell.
    pub fn write_evcxr_config(&self) -> Result<()> {
        let text =
            "[evcxr]\nopt_level = \"0\"\noffline_mode = true\npreserve_vars_on_panic = true\n";
        std::fs::write(self.dir("config").join("evcxr.toml"), text)?;
        Ok(())
    }

    /// Creates a named pipe for the displays of background jobs; returns its path and the end to
    /// read from.
    pub fn job_pipe(&self) -> Result<(PathBuf, File)> {
        let path = self.root.join("jobs");
        let name = CString::new(path.as_os_str().as_bytes())?;
        // SAFETY: `name` is a path that ends with a zero.
        if unsafe { libc::mkfifo(name.as_ptr(), 0o600) } != 0 {
            return Err(std::io::Error::last_os_error())
                .with_context(|| format!("cannot make the pipe {}", path.display()));
        }
        // Opened for writing too, so that it neither waits for a writer nor ends when one closes
        // it.
        let pipe = File::options().read(true).write(true).open(&path)?;
        Ok((path, pipe))
    }

    /// Removes the folder now, for an exit that runs no destructors.
    pub fn remove(&self) {
        // Best effort: the next kernel sweeps what remains.
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        self.remove();
    }
}

fn sweep(temp: &Path) {
    let Ok(entries) = std::fs::read_dir(temp) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|n| n.strip_prefix(PREFIX)).map(str::parse::<u32>);
        if let Some(Ok(pid)) = pid
            && !Path::new("/proc").join(pid.to_string()).exists()
            && Path::new("/proc/self").exists()
        {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_dead_kernels_are_swept_and_living_ones_kept() {
        let temp = tempfile::tempdir().unwrap();
        let dead = temp.path().join(format!("{PREFIX}4294967290"));
        let alive = temp.path().join(format!("{PREFIX}{}", std::process::id()));
        let other = temp.path().join("something-else");
        for dir in [&dead, &alive, &other] {
            std::fs::create_dir(dir).unwrap();
        }
        sweep(temp.path());
        assert!(!dead.exists() && alive.exists() && other.exists());
    }
}
