//! `zoobot doctor`: is everything there, and does it fit together?

use crate::report;
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use zoobot_core::encoder::Encoder;
use zoobot_core::survey::home;
use zoobot_core::{Result, tch};

const SETUP: &str = "run `./run start` (or `cargo xtask setup`) in the zoobot folder";

/// Check this installation, with a fix for what is wrong.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  zoobot doctor\n\nExit status 2 when something is wrong.")]
pub struct Doctor {
    /// Print the findings as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

/// One thing that was looked at.
struct Finding {
    what: &'static str,
    /// What was found, or what is wrong and how to mend it.
    state: std::result::Result<String, (String, String)>,
}

impl Doctor {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let record = record();
        let findings = [
            Finding { what: "zoobot", state: Ok(env!("CARGO_PKG_VERSION").to_owned()) },
            Finding { what: "library", state: library(&record) },
            Finding { what: "compiler", state: compiler(&record) },
            Finding { what: "libtorch", state: libtorch(&record) },
            Finding { what: "CUDA", state: Ok(cuda()) },
            Finding { what: "encoder", state: encoder() },
            Finding { what: "JupyterLab", state: jupyter() },
            Finding { what: "kernelspec", state: kernelspec() },
        ];
        let wrong = findings.iter().filter(|finding| finding.state.is_err()).count();
        let list: Vec<Value> = findings.iter().map(Finding::json).collect();
        report(self.json, &json!({"wrong": wrong, "findings": list}), || {
            let mut lines: Vec<String> = findings.iter().map(Finding::text).collect();
            lines.push(match wrong {
                0 => "All is well.".to_owned(),
                1 => "One thing is wrong.".to_owned(),
                n => format!("{n} things are wrong."),
            });
            Ok(lines.join("\n"))
        })?;
        Ok(if wrong > 0 { ExitCode::from(2) } else { ExitCode::SUCCESS })
    }
}

impl Finding {
    fn json(&self) -> Value {
        match &self.state {
            Ok(found) => json!({"what": self.what, "ok": true, "found": found}),
            Err((wrong, fix)) => {
                json!({"what": self.what, "ok": false, "found": wrong, "fix": fix})
            }
        }
    }

    fn text(&self) -> String {
        match &self.state {
            Ok(found) => format!("ok     {:<11} {found}", self.what),
            Err((wrong, fix)) => {
                format!("WRONG  {:<11} {wrong}\n       {:<11} fix: {fix}", self.what, "")
            }
        }
    }
}

type State = std::result::Result<String, (String, String)>;

fn wrong(what: impl Into<String>, fix: &str) -> State {
    Err((what.into(), fix.to_owned()))
}

/// The record that set-up writes beside the programs it builds.
fn record() -> std::result::Result<Value, (String, String)> {
    let beside = |path: PathBuf| path.with_file_name("zoobot-library.json");
    let program = std::env::current_exe().and_then(std::fs::canonicalize).unwrap_or_default();
    let path = std::env::var_os("ZOOBOT_LIBRARY").map_or_else(|| beside(program), PathBuf::from);
    let text = std::fs::read_to_string(&path)
        .map_err(|error| (format!("{}: {error}", path.display()), SETUP.to_owned()))?;
    serde_json::from_str(&text)
        .map_err(|error| (format!("{} is damaged: {error}", path.display()), SETUP.to_owned()))
}

fn entry<'a>(
    record: &'a std::result::Result<Value, (String, String)>,
    key: &str,
) -> std::result::Result<&'a str, (String, String)> {
    let record = record.as_ref().map_err(Clone::clone)?;
    record[key].as_str().ok_or_else(|| (format!("the record lacks {key}"), SETUP.to_owned()))
}

fn library(record: &std::result::Result<Value, (String, String)>) -> State {
    let dylib = entry(record, "dylib")?;
    match std::fs::metadata(dylib) {
        Ok(file) => Ok(format!("{dylib} ({} MB)", file.len() / 1_000_000)),
        Err(error) => wrong(format!("{dylib}: {error}"), SETUP),
    }
}

fn compiler(record: &std::result::Result<Value, (String, String)>) -> State {
    let (rustc, built_by) = (entry(record, "rustc")?, entry(record, "rustc_version")?);
    let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    match Command::new(rustc).arg("-vV").output() {
        Err(error) => wrong(format!("{rustc}: {error}"), SETUP),
        Ok(output) => {
            let now = String::from_utf8_lossy(&output.stdout).into_owned();
            if now.trim() == built_by.trim() {
                return Ok(format!("{}, as when the library was built", first(&now)));
            }
            let what =
                format!("the library was built by {}, now it is {}", first(built_by), first(&now));
            wrong(what, SETUP)
        }
    }
}

fn libtorch(record: &std::result::Result<Value, (String, String)>) -> State {
    let folder = Path::new(entry(record, "libtorch")?);
    let version = folder.parent().map(|root| root.join("build-version"));
    let version = version.and_then(|file| std::fs::read_to_string(file).ok());
    let version =
        version.map_or_else(|| "of unknown version".to_owned(), |text| text.trim().to_owned());
    // This program is linked to libtorch: a sum shows that it computes.
    let sum = tch::Tensor::f_from_slice(&[1.0_f64, 2.0]).and_then(|t| t.f_sum(tch::Kind::Double));
    match sum.and_then(f64::try_from) {
        Ok(3.0) => Ok(format!("{version}, {}", folder.display())),
        Ok(other) => wrong(format!("1 + 2 gave {other}"), SETUP),
        Err(error) => wrong(error.to_string(), SETUP),
    }
}

fn cuda() -> String {
    match tch::Cuda::device_count() {
        0 => "none; the CPU is used".to_owned(),
        1 => "one GPU".to_owned(),
        n => format!("{n} GPUs; the first is used"),
    }
}

fn encoder() -> State {
    match Encoder::load("imagenet") {
        Ok(encoder) => Ok(format!("imagenet, {} features", encoder.width())),
        Err(error) => wrong(error.to_string(), SETUP),
    }
}

fn jupyter() -> State {
    let program = home().join("python/bin/jupyter-lab");
    match Command::new(&program).arg("--version").output() {
        Ok(output) if output.status.success() => {
            let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            Ok(format!("{version}, {}", program.display()))
        }
        Ok(_) => wrong(format!("{} does not run", program.display()), SETUP),
        Err(error) => wrong(format!("{}: {error}", program.display()), SETUP),
    }
}

fn kernelspec() -> State {
    let folder = |name: &str| std::env::var_os(name).filter(|s| !s.is_empty()).map(PathBuf::from);
    // Jupyter's own rule.
    let data = folder("JUPYTER_DATA_DIR")
        .or_else(|| folder("XDG_DATA_HOME").map(|data| data.join("jupyter")))
        .unwrap_or_else(|| folder("HOME").unwrap_or_default().join(".local/share/jupyter"));
    let path = data.join("kernels/zoobot/kernel.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        return wrong(format!("{} is not there", path.display()), SETUP);
    };
    let spec: Value = serde_json::from_str(&text).unwrap_or_default();
    let kernel = spec["argv"][0].as_str().unwrap_or_default();
    if !Path::new(kernel).is_file() {
        return wrong(format!("{} names {kernel:?}, which is not there", path.display()), SETUP);
    }
    Ok(path.display().to_string())
}
