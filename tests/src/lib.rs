//! What the whole-system tests share: where the built programs and the Python environment are.

use std::path::{Path, PathBuf};

pub use zoobot_testing::skip;

/// The repository's folder.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_path_buf()
}

/// The folder of what the set-up installs: `$ZOOBOT_HOME`, else `$XDG_DATA_HOME/zoobot`, else
/// `~/.local/share/zoobot`.
pub fn zoobot_home() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(home) = set("ZOOBOT_HOME") {
        return home.into();
    }
    let data = set("XDG_DATA_HOME").map(PathBuf::from);
    let data = data.or_else(|| set("HOME").map(|home| Path::new(&home).join(".local/share")));
    data.unwrap_or_else(|| PathBuf::from(".")).join("zoobot")
}

/// The Python of the environment that the set-up creates; `None` if there is no environment.
///
/// `ZOOBOT_TEST_PYTHON` names another one.
pub fn python() -> Option<PathBuf> {
    let named = std::env::var_os("ZOOBOT_TEST_PYTHON").map(PathBuf::from);
    let python = named.unwrap_or_else(|| zoobot_home().join("python/bin/python"));
    python.exists().then_some(python)
}

/// A program of this build (`zoobot`, `zoobot-kernel`), beside the running test.
///
/// # Errors
/// When it is not there; the message says how to build it.
pub fn program(name: &str) -> Result<PathBuf, String> {
    let test = std::env::current_exe().map_err(|error| error.to_string())?;
    let folder = test.parent().and_then(Path::parent).ok_or("the test runs outside of target/")?;
    let program = folder.join(name);
    if program.exists() {
        Ok(program)
    } else {
        Err(format!("{} is missing: run `cargo build --workspace`", program.display()))
    }
}
