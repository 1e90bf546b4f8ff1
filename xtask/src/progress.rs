//! How far a build is: how long it will take, told before it begins, and a line that counts crates
//! and minutes while it runs.

use crate::home::Checkout;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Seconds of one core of an Intel Xeon (Sapphire Rapids) for the crates that take longest; the
/// others take `SMALL` on average. `cargo build --workspace --timings` measures them.
const SECONDS: [(&str, f64); 37] = [
    ("polars-core", 500.0),
    ("polars-ops", 147.0),
    ("polars-expr", 96.0),
    ("polars-time", 88.0),
    ("polars-compute", 83.0),
    ("polars-parquet", 82.0),
    ("zoobot-representation", 80.0),
    ("zoobot-learn", 65.0),
    ("polars-plan", 60.0),
    ("zoobot-data", 54.0),
    ("polars-arrow", 48.0),
    ("polars-io", 37.0),
    ("zoobot-kernel", 35.0),
    ("zoobot-lab", 35.0),
    ("zoobot-anomaly", 34.0),
    ("hnsw_rs", 34.0),
    ("zoobot-cli", 33.0),
    ("zoobot-show", 28.0),
    ("image", 25.0),
    ("polars-stream", 22.0),
    ("zstd-sys", 22.0),
    ("tch", 22.0),
    ("zoobot-nets", 20.0),
    ("object_store", 20.0),
    ("rustls", 18.0),
    ("ra_ap_syntax", 17.0),
    ("regex-automata", 15.0),
    ("reqwest", 15.0),
    ("zeromq", 15.0),
    ("zoobot-shared", 15.0),
    ("jupyter-protocol", 14.0),
    ("zoobot-simulator", 14.0),
    ("tokio", 12.0),
    ("usvg", 11.0),
    ("lz4-sys", 11.0),
    ("clap_builder", 10.0),
    ("zoobot-picture", 10.0),
];
const SMALL: f64 = 1.5;

/// A chain of crates that wait for each other takes at least this long, however many cores there are.
const CHAIN: f64 = 700.0;

/// Steps of [`work`] a second that one core of that processor makes while the other is busy.
const STEPS: f64 = 4.8e8;

/// Runs a cargo build that reports in JSON, shows how far it is, and returns what it reported.
///
/// # Errors
/// When the build fails; cargo's own message is above.
pub fn build(checkout: &Checkout, command: &mut Command) -> Result<String> {
    let all = packages(checkout)?;
    command.args(["--quiet", "--message-format=json-render-diagnostics"]);
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot run cargo")?;
    let output = BufReader::new(child.stdout.take().context("no output of cargo")?);
    let mut bar = Bar::new(all);
    let mut messages = String::new();
    for line in output.lines() {
        let line = line?;
        let message: Value = serde_json::from_str(&line).unwrap_or_default();
        if let Some(name) = finished(&message) {
            bar.count(&name, message["fresh"] == true);
        }
        messages.push_str(&line);
        messages.push('\n');
    }
    bar.end();
    let status = child.wait()?;
    if !status.success() {
        bail!("`cargo build` ended with {status}");
    }
    Ok(messages)
}

/// The names of all packages that this platform needs, once for each version.
fn packages(checkout: &Checkout) -> Result<Vec<String>> {
    let metadata = checkout.metadata()?;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let used: HashSet<String> =
        list(&metadata["resolve"]["nodes"]).iter().map(|it| it["id"].to_string()).collect();
    let packages = list(&metadata["packages"]);
    let used = packages.iter().filter(|it| used.contains(&it["id"].to_string()));
    Ok(used.filter_map(|it| it["name"].as_str().map(str::to_owned)).collect())
}

/// The package whose library, macros or programs are complete with this message.
fn finished(message: &Value) -> Option<String> {
    if message["reason"] != "compiler-artifact" || message["target"]["kind"][0] == "custom-build" {
        return None;
    }
    let manifest = message["manifest_path"].as_str()?;
    let folder = manifest.rsplit('/').nth(1)?;
    let named = message["package_id"].as_str()?;
    // `registry+…#name@1.2.3`, or `path+…/name#1.2.3` where the folder has the package's name.
    let last = named.rsplit('#').next()?;
    Some(last.split_once('@').map_or(folder, |(name, _)| name).to_owned())
}

fn seconds(name: &str) -> f64 {
    SECONDS.iter().find(|(known, _)| *known == name).map_or(SMALL, |(_, seconds)| *seconds)
}

/// What is left to do, as a line.
struct Bar {
    /// How many versions of each package have not been reported yet.
    left: HashMap<String, usize>,
    crates: usize,
    /// How much faster than the processor of `SECONDS` this machine is; found when something is compiled.
    speed: Option<f64>,
    began: Instant,
    /// Seconds of one core that were left when the first crate was compiled.
    at_first: f64,
    shown: Instant,
    terminal: bool,
}

impl Bar {
    fn new(packages: Vec<String>) -> Self {
        let crates = packages.len();
        let mut left = HashMap::new();
        for name in packages {
            *left.entry(name).or_insert(0) += 1;
        }
        let now = Instant::now();
        let terminal = std::io::stdout().is_terminal();
        Self { left, crates, speed: None, began: now, at_first: 0.0, shown: now, terminal }
    }

    /// Seconds of one core of the reference for what is left.
    fn work_left(&self) -> f64 {
        self.left.iter().map(|(name, count)| seconds(name) * *count as f64).sum()
    }

    fn done(&self) -> usize {
        self.crates - self.left.values().sum::<usize>()
    }

    /// One more package is complete; `fresh` if nothing was compiled for it.
    fn count(&mut self, name: &str, fresh: bool) {
        if let Some(count) = self.left.get_mut(name) {
            *count = count.saturating_sub(1);
        }
        if fresh {
            return;
        }
        if self.speed.is_none() {
            // The first few crates are compiled when everything else that is fresh was reported.
            let speed = machine();
            (self.speed, self.at_first, self.began) =
                (Some(speed), self.work_left(), Instant::now());
            if self.at_first > 60.0 {
                let minutes = expected(self.at_first, cores(), speed) / 60.0;
                println!("  about {minutes:.0} minutes on this machine ({} cores)", cores());
            }
        }
        let often = Duration::from_millis(if self.terminal { 200 } else { 60_000 });
        if self.shown.elapsed() >= often {
            self.show();
        }
    }

    /// Seconds until the end: by this machine's speed at first, and more and more by what it has done.
    fn time_left(&self) -> f64 {
        let left = self.work_left();
        let guess = expected(left, cores(), self.speed.unwrap_or(1.0));
        let done = self.at_first - left;
        if done <= 0.0 {
            return guess;
        }
        let trust = done / self.at_first;
        let measured = self.began.elapsed().as_secs_f64() * left / done;
        (1.0 - trust) * guess + trust * measured
    }

    fn show(&mut self) {
        self.shown = Instant::now();
        let (done, all) = (self.done(), self.crates);
        let share = 1.0 - self.work_left() / self.at_first.max(1.0);
        let filled = (share.clamp(0.0, 1.0) * 30.0) as usize;
        let bar = format!("{}{}", "#".repeat(filled), ".".repeat(30 - filled));
        let left = match self.time_left() / 60.0 {
            minutes if minutes < 1.0 => "less than a minute left".to_owned(),
            minutes => format!("about {minutes:.0} min left"),
        };
        let line = format!("  [{bar}] {done} of {all} crates, {left}");
        if self.terminal {
            print!("\r{line:<76}");
            let _ = std::io::stdout().flush();
        } else {
            println!("{line}");
        }
    }

    fn end(&self) {
        if self.terminal && self.speed.is_some() {
            print!("\r{:<76}\r", "");
            let _ = std::io::stdout().flush();
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, |it| it.get())
}

/// Seconds that a build takes on so many cores.
fn expected(work: f64, cores: usize, speed: f64) -> f64 {
    let chain = CHAIN.min(work);
    (work / cores as f64).max(chain) / speed
}

/// How fast this machine is, with all cores busy, beside the one of `SECONDS`: two seconds of it.
fn machine() -> f64 {
    let run = || {
        let (start, mut steps, mut state) = (Instant::now(), 0_u64, 1_u64);
        while start.elapsed() < Duration::from_secs(2) {
            state = work(state);
            steps += 1_000_000;
        }
        // The state keeps the compiler from leaving the loop out.
        if state == 0 { 0.0 } else { steps as f64 / start.elapsed().as_secs_f64() }
    };
    let rates: Vec<f64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores()).map(|_| scope.spawn(run)).collect();
        threads.into_iter().filter_map(|it| it.join().ok()).collect()
    });
    let mean = rates.iter().sum::<f64>() / rates.len().max(1) as f64;
    (mean / STEPS).clamp(0.1, 10.0)
}

/// A million steps of a generator of random numbers (xorshift, Marsaglia 2003).
fn work(mut state: u64) -> u64 {
    for _ in 0..1_000_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn packages_are_read_from_cargos_messages() {
        let message = |id: &str, manifest: &str, kind: &str| {
            json!({
                "reason": "compiler-artifact", "package_id": id, "manifest_path": manifest,
                "target": {"kind": [kind]}, "fresh": false,
            })
        };
        let serde = message("registry+https://x#serde@1.0.2", "/r/serde-1.0.2/Cargo.toml", "lib");
        assert_eq!(finished(&serde).as_deref(), Some("serde"));
        let own = message("path+file:///w/zoobot-core#0.1.0", "/w/zoobot-core/Cargo.toml", "lib");
        assert_eq!(finished(&own).as_deref(), Some("zoobot-core"));
        let script = message("registry+https://x#libc@0.2.1", "/r/libc/Cargo.toml", "custom-build");
        assert_eq!(finished(&script), None);
        assert_eq!(finished(&json!({"reason": "build-finished"})), None);
    }

    #[test]
    fn what_is_fresh_is_no_work_and_two_versions_count_twice() {
        let mut bar = Bar::new(["syn", "syn", "polars-core"].map(str::to_owned).to_vec());
        assert_eq!(bar.work_left(), 2.0 * SMALL + 500.0);
        bar.count("syn", true);
        bar.count("polars-core", true);
        assert_eq!((bar.done(), bar.work_left(), bar.speed), (2, SMALL, None));
    }

    #[test]
    fn more_cores_help_up_to_the_chain_and_a_slow_machine_takes_longer() {
        assert_eq!(expected(2400.0, 2, 1.0), 1200.0);
        assert_eq!(expected(2400.0, 2, 0.5), 2400.0);
        assert_eq!(expected(2400.0, 64, 1.0), CHAIN);
        assert_eq!(expected(100.0, 64, 1.0), 100.0);
    }
}
