//! `zoobot doctor`: is everything installed, and does it fit together?

mod installed;
mod machine;

use crate::report;
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;
use zoobot_core::Result;

/// What to do about what set-up installs.
fn advice() -> String {
    match std::env::var("ZOOBOT_SETUP") {
        Ok(command) => format!("run `{command}`"),
        Err(_) => "run `./run start` (or `cargo xtask setup`) in the zoobot folder".to_owned(),
    }
}

/// Check this installation, and say how to fix what is missing or wrong.
///
/// Looks at the library and the compiler that built it, libtorch, the processor, the GPU, the encoders,
/// Jupyter and its kernel, the disk and the caches. Each line is ok, missing (other things work without
/// it) or wrong. Nothing is changed or downloaded.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot doctor
  zoobot doctor --json

The exit status is 2 if something is wrong, but not if something is missing.")]
pub struct Doctor {
    /// Print the findings as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

/// What was found, or a problem and how to fix it.
enum State {
    Ok(String),
    /// Other things work without it.
    Missing(String, String),
    Wrong(String, String),
}

/// One thing that was checked.
struct Finding {
    what: &'static str,
    state: State,
}

impl Doctor {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let record = installed::record();
        let all = [
            ("zoobot", State::Ok(env!("CARGO_PKG_VERSION").to_owned())),
            ("library", installed::library(&record)),
            ("compiler", installed::compiler(&record)),
            ("libtorch", installed::libtorch(&record)),
            ("processor", machine::processor()),
            ("precision", machine::precision()),
            ("GPU", machine::gpu()),
            ("encoder", installed::encoder()),
            ("ImageNet", installed::imagenet()),
            ("text encoder", installed::text_encoder()),
            ("JupyterLab", installed::jupyter()),
            ("kernel", installed::kernel()),
            ("disk", machine::disk()),
            ("caches", machine::caches()),
        ];
        let findings = all.map(|(what, state)| Finding { what, state });
        let count = |status: &str| findings.iter().filter(|it| it.state.status() == status).count();
        let (wrong, missing) = (count("wrong"), count("missing"));
        let list: Vec<Value> = findings.iter().map(Finding::json).collect();
        let figures = json!({"wrong": wrong, "missing": missing, "findings": list});
        report(self.json, &figures, || {
            let mut lines: Vec<String> = findings.iter().map(Finding::text).collect();
            lines.push(match (wrong, missing) {
                (0, 0) => "Everything is in order.".to_owned(),
                (0, _) => "Everything that is needed is installed.".to_owned(),
                (1, _) => "One thing is wrong.".to_owned(),
                (n, _) => format!("{n} things are wrong."),
            });
            Ok(lines.join("\n"))
        })?;
        Ok(if wrong > 0 { ExitCode::from(2) } else { ExitCode::SUCCESS })
    }
}

impl State {
    fn status(&self) -> &'static str {
        match self {
            Self::Ok(_) => "ok",
            Self::Missing(..) => "missing",
            Self::Wrong(..) => "wrong",
        }
    }

    /// What was found, and how to fix it.
    fn words(&self) -> (&str, Option<&str>) {
        match self {
            Self::Ok(found) => (found, None),
            Self::Missing(found, fix) | Self::Wrong(found, fix) => (found, Some(fix)),
        }
    }
}

impl Finding {
    fn json(&self) -> Value {
        let ((found, fix), status) = (self.state.words(), self.state.status());
        let mut all = json!({
            "what": self.what, "status": status, "ok": status == "ok", "found": found,
        });
        if let Some(fix) = fix {
            all["fix"] = json!(fix);
        }
        all
    }

    fn text(&self) -> String {
        let (found, fix) = self.state.words();
        let status = match self.state.status() {
            "wrong" => "WRONG",
            other => other,
        };
        let line = format!("{status:<8} {:<13} {found}", self.what);
        fix.map_or(line.clone(), |fix| format!("{line}\n{:<22} to do: {fix}", ""))
    }
}
