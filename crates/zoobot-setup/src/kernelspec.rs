//! Registers the kernel with Jupyter and the command `zoobot` with the shell, and removes both
//! again.

use crate::home::{Places, remove, write_if_changed};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const LOGO_PNG: &[u8] = include_bytes!("../assets/logo-64x64.png");
const LOGO_SVG: &str = include_str!("../assets/logo-svg.svg");

/// The user's folders that Jupyter and the shell search.
pub struct User {
    kernels: PathBuf,
    bin: PathBuf,
}

impl User {
    /// Finds the folders as Jupyter itself does.
    ///
    /// # Errors
    /// When neither `HOME` nor `JUPYTER_DATA_DIR` is set.
    pub fn find() -> Result<Self> {
        Self::from(|name| std::env::var_os(name))
    }

    fn from(var: impl Fn(&str) -> Option<std::ffi::OsString>) -> Result<Self> {
        let var = |name| var(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = var("HOME").context("HOME is not set")?;
        let data = match (var("JUPYTER_DATA_DIR"), var("XDG_DATA_HOME")) {
            (Some(data), _) => data,
            (None, _) if cfg!(target_os = "macos") => home.join("Library/Jupyter"),
            (None, Some(xdg)) => xdg.join("jupyter"),
            (None, None) => home.join(".local/share/jupyter"),
        };
        Ok(Self { kernels: data.join("kernels"), bin: home.join(".local/bin") })
    }

    /// The folder of the kernel.
    pub fn kernel(&self) -> PathBuf {
        self.kernels.join("zoobot")
    }

    fn command(&self) -> PathBuf {
        self.bin.join("zoobot")
    }
}

/// Installs both; returns lines for the user that say where they are.
///
/// # Errors
/// When Jupyter's folder cannot be written.
pub fn install(places: &Places, user: &User) -> Result<Vec<String>> {
    write(&user.kernel(), &[&places.programs.join("zoobot-kernel").to_string_lossy()], places)?;
    let mut said = vec![format!("kernel \"Zoobot (Rust)\": {}", user.kernel().display())];
    let program = places.programs.join("zoobot");
    said.push(match link(&program, &user.command()) {
        Ok(()) => format!("command zoobot: {}", user.command().display()),
        // The link is only a convenience: the program itself works without it.
        Err(error) => format!("command zoobot: {} ({error:#})", program.display()),
    });
    Ok(said)
}

/// Writes the folder of a kernel that Jupyter starts with these words and the name of its
/// connection file.
///
/// # Errors
/// When the folder cannot be written.
pub fn write(folder: &Path, words: &[&str], places: &Places) -> Result<()> {
    let spec = spec(words, std::env::var_os("ZOOBOT_HOME").is_some().then_some(&*places.home));
    let text = format!("{}\n", serde_json::to_string_pretty(&spec)?);
    write_if_changed(&folder.join("kernel.json"), &text)?;
    write_if_changed(&folder.join("logo-svg.svg"), LOGO_SVG)?;
    let logo = folder.join("logo-64x64.png");
    std::fs::write(&logo, LOGO_PNG).with_context(|| format!("cannot write {}", logo.display()))
}

/// What Jupyter starts; `home` is for a Jupyter that is started outside this shell.
pub fn spec(words: &[&str], home: Option<&Path>) -> Value {
    let argv: Vec<&str> = words.iter().copied().chain(["{connection_file}"]).collect();
    let mut spec = json!({
        "argv": argv,
        "display_name": "Zoobot (Rust)",
        "language": "rust",
        "interrupt_mode": "message",
        "metadata": { "debugger": false },
    });
    if let Some(home) = home {
        spec["env"] = json!({ "ZOOBOT_HOME": home });
    }
    spec
}

/// Makes a symbolic link; replaces only another link.
fn link(program: &Path, link: &Path) -> Result<()> {
    if link.symlink_metadata().is_ok_and(|kind| !kind.is_symlink()) {
        anyhow::bail!("{} is a file of its own and was left alone", link.display());
    }
    if let Some(folder) = link.parent() {
        std::fs::create_dir_all(folder)?;
    }
    remove(link)?;
    std::os::unix::fs::symlink(program, link)?;
    Ok(())
}

/// Removes both if they are ours; returns what was removed.
///
/// # Errors
/// When something of ours cannot be removed.
pub fn uninstall(places: &Places, user: &User) -> Result<Vec<PathBuf>> {
    let mut removed = Vec::new();
    if remove(&user.kernel())? {
        removed.push(user.kernel());
    }
    let ours =
        std::fs::read_link(user.command()).is_ok_and(|to| to == places.programs.join("zoobot"));
    if ours && remove(&user.command())? {
        removed.push(user.command());
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::Scratch;

    fn setting(scratch: &Scratch) -> (Places, User) {
        let user = User { kernels: scratch.0.join("kernels"), bin: scratch.0.join("bin") };
        (scratch.places(), user)
    }

    #[test]
    fn jupyters_folder_follows_its_own_rules() {
        let find = |vars: &[(&str, &str)]| {
            let vars: Vec<_> = vars.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
            let value = |name: &str| vars.iter().find(|(n, _)| n == name).map(|(_, v)| v.into());
            User::from(value).unwrap().kernel()
        };
        if cfg!(target_os = "linux") {
            let plain = find(&[("HOME", "/h")]);
            assert_eq!(plain, Path::new("/h/.local/share/jupyter/kernels/zoobot"));
            let xdg = find(&[("HOME", "/h"), ("XDG_DATA_HOME", "/x")]);
            assert_eq!(xdg, Path::new("/x/jupyter/kernels/zoobot"));
        }
        let own = find(&[("HOME", "/h"), ("JUPYTER_DATA_DIR", "/j"), ("XDG_DATA_HOME", "/x")]);
        assert_eq!(own, Path::new("/j/kernels/zoobot"));
    }

    #[test]
    fn what_is_installed_can_be_taken_away_again() {
        let scratch = Scratch::new();
        let (places, user) = setting(&scratch);
        install(&places, &user).unwrap();
        install(&places, &user).unwrap();
        let text = std::fs::read_to_string(user.kernel().join("kernel.json")).unwrap();
        let spec: Value = serde_json::from_str(&text).unwrap();
        let kernel = places.programs.join("zoobot-kernel");
        assert_eq!(spec["argv"], json!([kernel, "{connection_file}"]));
        assert!(user.kernel().join("logo-64x64.png").exists());
        assert_eq!(std::fs::read_link(user.command()).unwrap(), places.programs.join("zoobot"));
        assert_eq!(uninstall(&places, &user).unwrap(), [user.kernel(), user.command()]);
        assert!(uninstall(&places, &user).unwrap().is_empty());
    }

    #[test]
    fn a_program_of_the_users_called_zoobot_is_left_alone() {
        let scratch = Scratch::new();
        let (places, user) = setting(&scratch);
        std::fs::create_dir_all(&user.bin).unwrap();
        std::fs::write(user.command(), "mine").unwrap();
        let said = install(&places, &user).unwrap().join("\n");
        assert!(said.contains("left alone"), "{said}");
        uninstall(&places, &user).unwrap();
        assert_eq!(std::fs::read_to_string(user.command()).unwrap(), "mine");
    }
}
