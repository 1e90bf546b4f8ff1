//! The machine: its processor, GPU and disk, and the size of the caches.

use super::{State, advice};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use zoobot_core::processor::{Instructions, has_bf16};
use zoobot_core::survey::home;
use zoobot_core::tch;

/// Free space below this, in bytes, is reported as wrong.
const LITTLE: u64 = 2_000_000_000;

pub fn processor() -> State {
    let known = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = known.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let name = name.map_or("an unknown processor", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cores = if cores == 1 { "1 core".to_owned() } else { format!("{cores} cores") };
    State::Ok(format!("{name}, {cores}, {} ({})", std::env::consts::ARCH, instructions()))
}

/// The widest instructions that the library's own loops use; libtorch chooses its own.
fn instructions() -> &'static str {
    match Instructions::in_use() {
        Instructions::Avx512 => "AVX-512 is used",
        Instructions::Avx2 => "AVX2 is used",
        Instructions::Baseline if cfg!(target_arch = "x86_64") => {
            "neither AVX-512 nor AVX2: searches and fits are slower"
        }
        Instructions::Baseline => "no special instructions",
    }
}

pub fn precision() -> State {
    State::Ok(match (tch::Cuda::device_count(), has_bf16()) {
        (1.., _) => "fp32; --precision auto uses bf16 if the GPU computes it".to_owned(),
        (_, true) => {
            "fp32; --precision auto uses bf16 for ConvNeXt, which the processor computes".to_owned()
        }
        _ => "fp32, also with --precision auto: the processor does not compute bf16 faster"
            .to_owned(),
    })
}

pub fn gpu() -> State {
    let query = ["--query-gpu=name,memory.total", "--format=csv,noheader"];
    let listed = Command::new("nvidia-smi").args(query).output().ok();
    let listed = listed.filter(|it| it.status.success());
    let names = listed.map(|it| String::from_utf8_lossy(&it.stdout).trim().replace('\n', "; "));
    let names = names.filter(|it| !it.is_empty());
    match (tch::Cuda::device_count(), names) {
        (0, None) => State::Ok("none; the processor is used".to_owned()),
        (0, Some(names)) => State::Missing(
            format!("{names}, which this libtorch cannot use"),
            format!("to use it, {}, which then installs the libtorch for GPUs", advice()),
        ),
        (1, names) => State::Ok(names.unwrap_or_else(|| "one".to_owned())),
        (n, names) => {
            let names = names.map_or(String::new(), |names| format!(" ({names})"));
            State::Ok(format!("{n}{names}; the first is used"))
        }
    }
}

pub fn disk() -> State {
    let here = std::env::current_dir().unwrap_or_default();
    let places = [
        ("downloads and encoders", home()),
        ("this folder", here),
        ("temporary files", std::env::temp_dir()),
    ];
    let mut words = Vec::new();
    let mut short = None;
    for (what, place) in places {
        let Some(free) = free(&place) else { continue };
        words.push(format!("{} free for {what}", size(free)));
        if free < LITTLE {
            short = Some(place);
        }
    }
    match (words.is_empty(), short) {
        (true, _) => {
            State::Missing("the free space is unknown".to_owned(), "run `df -h`".to_owned())
        }
        (_, None) => State::Ok(words.join(", ")),
        (_, Some(place)) => {
            let fix = format!("free some space on the disk of {}", place.display());
            State::Wrong(words.join(", "), fix)
        }
    }
}

/// Free bytes on the disk of a path, which need not exist.
fn free(path: &Path) -> Option<u64> {
    let there = path.ancestors().find(|it| it.exists())?;
    let output = Command::new("df").arg("-Pk").arg(there).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // File system, blocks, used, available, capacity, mount point; the first may contain spaces.
    let mut words =
        text.lines().nth(1)?.split_whitespace().skip_while(|it| it.parse::<u64>().is_err());
    words.nth(2)?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

pub fn caches() -> State {
    let set = |name: &str| std::env::var_os(name).filter(|it: &OsString| !it.is_empty());
    // The folder where Hugging Face's own programs keep models.
    let user = set("XDG_CACHE_HOME").map(PathBuf::from);
    let user =
        user.unwrap_or_else(|| PathBuf::from(set("HOME").unwrap_or_default()).join(".cache"));
    let hub = set("HF_HUB_CACHE").or_else(|| set("HUGGINGFACE_HUB_CACHE")).map(PathBuf::from);
    let hub = hub.or_else(|| set("HF_HOME").map(|it| PathBuf::from(it).join("hub")));
    let hub = hub.unwrap_or_else(|| user.join("huggingface/hub"));
    let all = [home(), hub].map(|place| format!("{} in {}", size(taken(&place)), place.display()));
    State::Ok(format!(
        "{}; {} of unfinished work in {}",
        all.join("; "),
        size(unfinished()),
        std::env::temp_dir().display()
    ))
}

/// Bytes of unfinished parts that were written to the folder for temporary files because a disk was full.
fn unfinished() -> u64 {
    let entries = std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten();
    let parts = entries.filter(|it| {
        let name = it.file_name().to_string_lossy().into_owned();
        name.starts_with("zoobot-") && name.ends_with(".parts")
    });
    parts.map(|it| taken(&it.path())).sum()
}

/// The total size of all files in a folder, in bytes; links are not followed.
fn taken(path: &Path) -> u64 {
    let Ok(known) = path.symlink_metadata() else { return 0 };
    if !known.is_dir() {
        return known.len();
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| taken(&entry.path())).sum()
}

fn size(bytes: u64) -> String {
    match bytes {
        0 => "nothing".to_owned(),
        1_000_000_000.. => format!("{:.1} GB", bytes as f64 / 1e9),
        1_000_000.. => format!("{:.0} MB", bytes as f64 / 1e6),
        _ => format!("{:.0} kB", (bytes as f64 / 1e3).ceil()),
    }
}
