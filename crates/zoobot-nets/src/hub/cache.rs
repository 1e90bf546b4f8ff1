//! The cache on disk, in the layout of Hugging Face's programs:
//!
//! ```text
//! models--OWNER--NAME/refs/main                 the commit that a revision was last seen at
//! models--OWNER--NAME/snapshots/COMMIT/FILE     a link to
//! models--OWNER--NAME/blobs/ETAG                the bytes
//! models--OWNER--NAME/blobs/ETAG.incomplete     the bytes so far
//! models--OWNER--NAME/.no_exist/COMMIT/FILE     the repository has no such file
//! .locks/models--OWNER--NAME/ETAG.lock          locked while the bytes are fetched
//! ```

use super::address::is_commit;
use super::client::Fault;
use super::{Address, Fetched, Settings};
use crate::names::{CARD, CONFIG, RECIPE, WEIGHTS};
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zoobot_base::Error;
use zoobot_base::files::unfinished;

/// How often to retry a lock that another process holds.
const LOOK: Duration = Duration::from_millis(100);

/// The part of the cache for one repository.
#[derive(Debug)]
pub(super) struct Cache {
    repository: PathBuf,
    locks: PathBuf,
}

impl Cache {
    pub fn new(settings: &Settings, Address { owner, name, .. }: &Address) -> Self {
        let folder = format!("models--{owner}--{name}");
        Self {
            locks: settings.cache.join(".locks").join(&folder),
            repository: settings.cache.join(folder),
        }
    }

    /// The folder with the files of a commit.
    pub fn snapshot(&self, commit: &str) -> PathBuf {
        self.repository.join("snapshots").join(commit)
    }

    /// The path of the content with an ETag.
    pub fn blob(&self, etag: &str) -> PathBuf {
        self.repository.join("blobs").join(etag)
    }

    fn absent(&self, commit: &str, file: &str) -> PathBuf {
        self.repository.join(".no_exist").join(commit).join(file)
    }

    /// The folder of an address that names a commit, if all its files are in the cache. A commit cannot
    /// change.
    pub fn pinned(&self, address: &Address) -> Option<PathBuf> {
        let commit = address.commit()?;
        let folder = self.snapshot(commit);
        let known = |file| folder.join(file).exists() || self.absent(commit, file).exists();
        (usable(&folder) && [RECIPE, CARD].into_iter().all(known)).then_some(folder)
    }

    /// The copy of an address in the cache.
    pub fn copy(&self, address: &Address) -> Option<Fetched> {
        let commit = match address.commit() {
            Some(commit) => commit.to_owned(),
            None => std::fs::read_to_string(self.reference(address)).ok()?.trim().to_owned(),
        };
        let folder = self.snapshot(&commit);
        if !is_commit(&commit) || !usable(&folder) {
            return None;
        }
        let unsure = !folder.join(RECIPE).exists() && !self.absent(&commit, RECIPE).exists();
        let note = format!(
            "another program downloaded it, so it is not known whether the repository has a {RECIPE}"
        );
        Some(Fetched { folder, notes: unsure.then_some(note).into_iter().collect() })
    }

    fn reference(&self, address: &Address) -> PathBuf {
        self.repository.join("refs").join(&address.revision)
    }

    /// Records which commit a revision points to. This is only needed without a connection, so a failure
    /// to write it is ignored.
    pub fn remember(&self, address: &Address, commit: &str) {
        if address.commit().is_none() {
            let path = self.reference(address);
            if std::fs::read_to_string(&path).is_ok_and(|known| known == commit) {
                return;
            }
            let _ = parent(&path).and_then(|()| {
                let partial = unfinished(&path);
                std::fs::write(&partial, commit)?;
                std::fs::rename(&partial, &path)
            });
        }
    }

    /// Records that the repository has no such file. As in [`remember`](Self::remember), a failure is
    /// ignored.
    pub fn note_absent(&self, commit: &str, file: &str) {
        let path = self.absent(commit, file);
        if !path.exists() {
            let _ = parent(&path).and_then(|()| std::fs::write(&path, b""));
        }
    }

    /// Links a file of a commit to the content with an ETag.
    pub fn link(&self, commit: &str, file: &str, etag: &str) -> Result<(), Fault> {
        let path = self.snapshot(commit).join(file);
        let target = Path::new("../../blobs").join(etag);
        if std::fs::read_link(&path).is_ok_and(|known| known == target) && path.exists() {
            return Ok(());
        }
        let partial = unfinished(&path);
        let made = parent(&path)
            .and_then(|()| symlink(&target, &partial, &self.blob(etag)))
            .and_then(|()| std::fs::rename(&partial, &path));
        made.map_err(|error| Fault::Other(Error::io("create", path)(error)))
    }

    /// Waits until no other process downloads this content. The lock is held until the returned file is
    /// dropped.
    pub async fn lock(&self, etag: &str) -> Result<File, Fault> {
        let path = self.locks.join(format!("{etag}.lock"));
        let io = |error| Fault::Other(Error::io("lock", &path)(error));
        parent(&path).map_err(io)?;
        let options = File::options().create(true).truncate(false).write(true).open(&path);
        let file = options.map_err(io)?;
        loop {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Interrupted => {}
                // Some network file systems have no locks. The checksum still protects the result.
                Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
            }
            let waiting = || "waiting for another process that downloads it".to_owned();
            zoobot_base::interrupt::check("fetching an encoder", waiting).map_err(Fault::Other)?;
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Whether an encoder can be loaded from a folder.
fn usable(folder: &Path) -> bool {
    folder.join(CONFIG).exists() && WEIGHTS.into_iter().any(|file| folder.join(file).exists())
}

/// Creates the folder of a file.
pub(super) fn parent(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path, _bytes: &Path) -> std::io::Result<()> {
    match std::os::unix::fs::symlink(target, link) {
        // Left by a process with the same ID that was killed.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            std::fs::remove_file(link)?;
            std::os::unix::fs::symlink(target, link)
        }
        other => other,
    }
}

/// Links need a privilege on other systems, so the bytes are copied.
#[cfg(not(unix))]
fn symlink(_target: &Path, link: &Path, bytes: &Path) -> std::io::Result<()> {
    std::fs::copy(bytes, link).map(drop)
}
