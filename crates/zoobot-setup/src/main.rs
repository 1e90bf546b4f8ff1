//! `zoobot` of an installed distribution: sets the machine up, and starts the programs of the
//! distribution so that they find their libraries.

use anyhow::{Context, Result, bail};
use std::os::unix::process::CommandExt;
use std::process::ExitCode;
use zoobot_setup::home::{Places, remove, write_if_changed};
use zoobot_setup::installed::Installed;
use zoobot_setup::kernelspec::{self, User};
use zoobot_setup::setup::{downloads, lock, remove_downloads};
use zoobot_setup::stages::Stages;
use zoobot_setup::start::{self, Options};
use zoobot_setup::{toolchain, tools, tutorials};

const HELP: &str = "\
To begin:
  zoobot start [--port N] [--folder DIR] [--no-browser]
                           set this machine up, then open the first tutorial in JupyterLab
  zoobot start --headless  set up, then execute the first tutorial without JupyterLab
  zoobot setup             only set up: libtorch, JupyterLab, weights, the compiler of cells
  zoobot test              execute ten cells and check what they show
  zoobot uninstall [--all] forget the kernel; with --all remove all that was downloaded

Large files go to $ZOOBOT_HOME, by default ~/.local/share/zoobot.
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            let missing = error.downcast_ref::<tools::Missing>().is_some();
            ExitCode::from(if missing { 2 } else { 1 })
        }
    }
}

fn run(words: &[&str]) -> Result<ExitCode> {
    let installed = Installed::find()?;
    match words {
        ["setup"] => staged(|stages| set_up(&installed, stages)),
        ["start", "--headless"] => staged(|stages| {
            set_up(&installed, stages)?;
            start::headless(&with_own_tutorials(&installed)?, stages)
        }),
        ["start", rest @ ..] => open(&installed, rest),
        ["test"] => staged(|stages| {
            set_up(&installed, stages)?;
            stages.run("ten cells", false, || smoke(&installed))
        }),
        ["uninstall"] => uninstall(&installed, false),
        ["uninstall", "--all"] => uninstall(&installed, true),
        ["kernel", file] => {
            let libtorch = installed.libtorch()?;
            let error = installed.program("zoobot-kernel", &libtorch)?.arg(file).exec();
            Err(error).context("cannot start the kernel")
        }
        _ => command(&installed, words),
    }
}

/// Runs the steps of a command and shows how long each took.
fn staged(steps: impl FnOnce(&mut Stages) -> Result<()>) -> Result<ExitCode> {
    let mut stages = Stages::default();
    let result = steps(&mut stages);
    println!("{}", stages.summary());
    result.map(|()| ExitCode::SUCCESS)
}

/// Downloads what is missing and makes the kernel known; what is there already is kept.
fn set_up(installed: &Installed, stages: &mut Stages) -> Result<()> {
    let places = &installed.places;
    let _lock = lock(places)?;
    let libtorch = installed.libtorch()?;
    downloads(places, &libtorch, Some(&installed.stub()), stages)?;
    let version = &installed.rustc_version;
    stages.run("compiler of cells", toolchain::find(places, version).is_some(), || {
        toolchain::install(places, version).map(drop)
    })?;
    stages.run("Jupyter", false, || {
        installed.record(&libtorch)?;
        println!("  kernel \"Zoobot (Rust)\": {}", installed.make_known()?.display());
        Ok(())
    })
}

/// Opens JupyterLab at the first tutorial.
fn open(installed: &Installed, words: &[&str]) -> Result<ExitCode> {
    let Some(options) = Options::read(words) else {
        eprint!("{HELP}");
        return Ok(ExitCode::from(2));
    };
    staged(|stages| set_up(installed, stages))?;
    // SAFETY: this program has no other thread.
    unsafe { std::env::set_var("JUPYTER_PATH", installed.jupyter()) };
    start::in_browser(&installed.places, &options)?;
    Ok(ExitCode::SUCCESS)
}

/// The folders with fresh copies of the tutorials: they write files beside themselves, and the
/// distribution may not be writable.
fn with_own_tutorials(installed: &Installed) -> Result<Places> {
    let tutorials = installed.places.executed.with_file_name("tutorials");
    remove(&tutorials)?;
    start::copy_tutorials(&installed.places.tutorials, &tutorials)?;
    Ok(Places { tutorials, ..installed.places.clone() })
}

/// Executes ten cells and checks what they show.
fn smoke(installed: &Installed) -> Result<()> {
    let notebook = installed.places.executed.join("smoke.ipynb");
    let source = installed.jupyter().join("smoke.ipynb");
    write_if_changed(&source, tutorials::SMOKE)?;
    remove(&notebook)?;
    tutorials::check(&installed.places, &source)
}

/// Removes what set-up made; the distribution itself is pip's to remove.
fn uninstall(installed: &Installed, all: bool) -> Result<ExitCode> {
    let mut removed = kernelspec::uninstall(&installed.places, &User::find()?)?;
    if all {
        removed.extend(remove_downloads(&installed.places)?);
    } else if let Some(state) = installed.jupyter().parent()
        && remove(state)?
    {
        removed.push(state.to_owned());
    }
    for path in &removed {
        println!("removed {}", path.display());
    }
    println!("the programs are in {}: `pip uninstall zoobot_rust`", installed.folder.display());
    Ok(ExitCode::SUCCESS)
}

/// Any other command: of the program that needs libtorch.
fn command(installed: &Installed, words: &[&str]) -> Result<ExitCode> {
    let places = &installed.places;
    let help = matches!(words, [] | ["help" | "--help" | "-h"]);
    if help {
        println!("{HELP}");
    }
    let libtorch = installed.libtorch()?;
    if !libtorch.is_ready() {
        match words {
            _ if help => {
                println!("The other commands need libtorch: they fetch it when first used.");
                return Ok(ExitCode::SUCCESS);
            }
            ["--version" | "-V"] => {
                println!("zoobot {}", env!("CARGO_PKG_VERSION"));
                return Ok(ExitCode::SUCCESS);
            }
            ["doctor", ..] => bail!("{} is missing: run `zoobot setup`", libtorch.name()),
            _ => {}
        }
        let _lock = lock(places)?;
        eprintln!("{} is needed once:", libtorch.name());
        tools::python()?;
        if !zoobot_setup::python::is_ready(places) {
            zoobot_setup::python::install(places)?;
        }
        libtorch.install(places, Some(&installed.stub()))?;
    }
    let error = installed.program("zoobot", &libtorch)?.args(words).exec();
    Err(error).context("cannot start the program")
}
