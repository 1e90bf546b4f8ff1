//! What set-up installs: the library, its compiler, libtorch, encoders, Jupyter and its kernel.

use super::{State, advice};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use zoobot_core::encoder::{Encoder, sample_card};
use zoobot_core::survey::home;
use zoobot_core::tags::TextEncoder;
use zoobot_core::tch;

/// The record of the build, or the problem with it.
pub type Record = std::result::Result<Value, String>;

/// The record that set-up writes beside the programs it builds.
pub fn record() -> Record {
    let beside = |path: PathBuf| path.with_file_name("zoobot-library.json");
    let program = std::env::current_exe().and_then(std::fs::canonicalize).unwrap_or_default();
    let path = std::env::var_os("ZOOBOT_LIBRARY").map_or_else(|| beside(program), PathBuf::from);
    let text = std::fs::read_to_string(&path);
    let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{} is damaged: {error}", path.display()))
}

/// Runs a check that ends at the first problem.
fn checked(check: impl FnOnce() -> std::result::Result<String, String>) -> State {
    match check() {
        Ok(found) => State::Ok(found),
        Err(problem) => State::Wrong(problem, advice()),
    }
}

fn entry<'a>(record: &'a Record, key: &str) -> std::result::Result<&'a str, String> {
    let record = record.as_ref().map_err(Clone::clone)?;
    record[key].as_str().ok_or_else(|| format!("the record of the build lacks {key}"))
}

pub fn library(record: &Record) -> State {
    checked(|| {
        let dylib = entry(record, "dylib")?;
        let file = std::fs::metadata(dylib).map_err(|error| format!("{dylib}: {error}"))?;
        Ok(format!("{dylib} ({} MB)", file.len() / 1_000_000))
    })
}

pub fn compiler(record: &Record) -> State {
    let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    if let (Ok(""), Ok(built_by)) = (entry(record, "rustc"), entry(record, "rustc_version")) {
        let problem = format!("{}, which compiles cells, is not installed", first(built_by));
        return State::Missing(problem, format!("for notebooks, {}", advice()));
    }
    checked(|| {
        let (rustc, built_by) = (entry(record, "rustc")?, entry(record, "rustc_version")?);
        let output = Command::new(rustc).arg("-vV").output();
        let output = output.map_err(|error| format!("{rustc}: {error}"))?;
        let now = String::from_utf8_lossy(&output.stdout).into_owned();
        match now.trim() == built_by.trim() {
            true => Ok(format!("{}, the compiler that built the library", first(&now))),
            false => {
                let (then, now) = (first(built_by), first(&now));
                Err(format!("the library was built by {then}, but the compiler is now {now}"))
            }
        }
    })
}

pub fn libtorch(record: &Record) -> State {
    checked(|| {
        let folder = match loaded("libtorch_cpu.so") {
            Some(folder) => folder,
            None => PathBuf::from(entry(record, "libtorch")?),
        };
        let version = folder.parent().map(|root| root.join("build-version"));
        let version = version.and_then(|file| std::fs::read_to_string(file).ok());
        let version = version.map_or("of unknown version".to_owned(), |it| it.trim().to_owned());
        // This program is linked to libtorch: a sum shows that it works.
        let sum = tch::Tensor::f_from_slice(&[1.0_f64, 2.0]);
        let sum = sum.and_then(|it| it.f_sum(tch::Kind::Double)).and_then(f64::try_from);
        match sum {
            Ok(3.0) => Ok(format!("{version}, {}", folder.display())),
            Ok(other) => Err(format!("1 + 2 gave {other}")),
            Err(error) => Err(error.to_string()),
        }
    })
}

/// The folder of a library that this process has loaded.
fn loaded(name: &str) -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let path = maps.lines().find(|line| line.ends_with(name))?;
    Path::new(&path[path.find('/')?..]).parent().map(Path::to_path_buf)
}

/// The default encoder.
pub fn encoder() -> State {
    checked(|| {
        let encoder = Encoder::load("sample").map_err(|error| error.to_string())?;
        let card = sample_card().map_err(|error| error.to_string())?;
        let data = card["training"]["data"].as_object().into_iter().flatten();
        let data: Vec<String> = data.map(|(name, count)| format!("{name}: {count}")).collect();
        Ok(format!(
            "sample, {} features ({}), learnt from galaxies ({}), licence {}",
            encoder.width(),
            encoder.architecture().name(),
            data.join("; "),
            card["license"].as_str().unwrap_or("unknown"),
        ))
    })
}

pub fn imagenet() -> State {
    match Encoder::load("imagenet") {
        Ok(encoder) => State::Ok(format!("imagenet, {} features", encoder.width())),
        Err(error) => {
            State::Missing(error.to_string(), format!("for --encoder imagenet, {}", advice()))
        }
    }
}

pub fn text_encoder() -> State {
    let folder = home().join("encoders/all-minilm-l6-v2");
    let missing = |problem: String| {
        let fix = format!(
            "to search by words, {}; otherwise it is downloaded from the Hugging Face Hub when it \
             is first used",
            advice()
        );
        State::Missing(problem, fix)
    };
    if !folder.join("vocab.txt").is_file() {
        return missing(format!("{} does not exist", folder.display()));
    }
    match TextEncoder::read(&folder) {
        Ok(_) => State::Ok(format!("all-MiniLM-L6-v2, {}", folder.display())),
        Err(error) => missing(error.to_string()),
    }
}

pub fn jupyter() -> State {
    checked(|| {
        let program = home().join("python/bin/jupyter-lab");
        let output = Command::new(&program).arg("--version").output();
        let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
        if !output.status.success() {
            return Err(format!("{} does not run", program.display()));
        }
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok(format!("{version}, {}", program.display()))
    })
}

/// The kernel's entry for Jupyter.
pub fn kernel() -> State {
    checked(|| {
        let folder =
            |name: &str| std::env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
        // The rule by which Jupyter finds its data folder.
        let data = folder("JUPYTER_DATA_DIR")
            .or_else(|| folder("XDG_DATA_HOME").map(|data| data.join("jupyter")))
            .unwrap_or_else(|| folder("HOME").unwrap_or_default().join(".local/share/jupyter"));
        let path = data.join("kernels/zoobot/kernel.json");
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|_| format!("{} does not exist", path.display()))?;
        let spec: Value = serde_json::from_str(&text)
            .map_err(|error| format!("{} is damaged: {error}", path.display()))?;
        let kernel = Path::new(spec["argv"][0].as_str().unwrap_or_default());
        if !kernel.is_file() {
            return Err(format!("{} names {kernel:?}, which does not exist", path.display()));
        }
        let whole =
            |path: &Path| path.canonicalize().ok().and_then(|it| Some(it.parent()?.to_owned()));
        let own = std::env::current_exe().ok().and_then(|it| whole(&it));
        let note = match whole(kernel) == own {
            true => String::new(),
            false => {
                format!("; it starts {}, which is not from this command's build", kernel.display())
            }
        };
        Ok(format!("registered with Jupyter in {}{note}", path.display()))
    })
}
