//! `cargo xtask`: all tasks for people who work on the project. Sets the machine up, starts the
//! first tutorial, and runs every check. Depends on neither torch nor polars, so that it builds in
//! seconds on a machine that has nothing yet.

mod bench;
mod bench_encode;
mod build;
mod check;
mod dist;
mod encoder;
mod home;
#[cfg(test)]
mod house;
mod judge;
mod libtch;
mod local_config;
mod parity;
mod progress;
mod setup;
mod start;
mod tutorials;

use anyhow::Result;
use home::Checkout;
use std::process::ExitCode;
use zoobot_setup::{stages, start::Options, tools};

const HELP: &str = "\
usage: cargo xtask COMMAND

  setup                 libtorch, JupyterLab, weights, the build, the Jupyter kernel
  start                 setup, then JupyterLab on the first tutorial, in ~/zoobot-notebooks; with
                        --port N, --folder DIR (where notebooks are), --no-browser (a remote machine)
  start --headless      setup, then execute the first tutorial into target/tutorials
  test                  setup, formatting, lints, all tests, all tutorials
  test --fast           formatting, lints and unit tests only, after a setup
  tutorials --check     execute every tutorial into target/tutorials and check its results
  tutorials --write [04 ...]  execute every tutorial, or these, and store the outputs in them
  parity [NAMES]        compare the networks' features with timm's in Python
  bench cells [--json]  time notebook cells through a Jupyter client
  bench anomaly [--json] time the search for anomalies beside scikit-learn
  bench finetune [--json] time fine-tuning beside PyTorch
  bench loss [--json]   time the loss of votes beside PyTorch's ($ZOOBOT_PARITY_PYTHON)
  bench search [--json] time search, indexes, PCA and maps beside faiss, hnswlib, umap, scikit-learn
  jupyterlab            the first tutorial in JupyterLab, in headless Chromium, with screenshots
  bench encode [--json] time encoding beside Python with PyTorch and timm (--help for options)
  bench WHAT --avx2     the same as on a processor with AVX2 only, for both sides
  judge [--encoders A,B] compare encoders on real galaxies that none was trained on (--help for
                        options)
  encoder [--data DIR]  train the encoder that travels with the library again, from EFIGI and Galaxy
                        Zoo 2 in DIR (minutes on a GPU, five hours on 2 cores)
  dist [--out DIR]      setup, then a Python wheel and a tarball that need no compiling, in ./dist
  uninstall [--all]     remove the kernel and the command; with --all the downloads too
  help                  this text

Each step is skipped when done and may be interrupted: the next run goes on. Large files go to
$ZOOBOT_HOME, by default ~/.local/share/zoobot. Exits with 2 when something must be installed first
or the command is not one of these, with 1 when a step or a test fails.
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&words, &args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            let missing = error.downcast_ref::<tools::Missing>().is_some();
            ExitCode::from(if missing { 2 } else { 1 })
        }
    }
}

fn run(words: &[&str], args: &[String]) -> Result<ExitCode> {
    let done = |result: Result<()>| result.map(|()| ExitCode::SUCCESS);
    match words {
        ["bench", rest @ ..] if rest.contains(&"--avx2") => done(bench::on_avx2(args)),
        ["setup"] => {
            let mut stages = stages::Stages::default();
            let result = setup::setup(&Checkout::find()?, &mut stages).map(drop);
            println!("{}", stages.summary());
            done(result)
        }
        ["start", "--headless"] => done(start::headless(&Checkout::find()?)),
        ["start", rest @ ..] => match Options::read(rest) {
            Some(options) => done(start::in_browser(&Checkout::find()?, &options)),
            None => {
                eprint!("{HELP}");
                Ok(ExitCode::from(2))
            }
        },
        ["test"] => {
            let passed = check::test(&Checkout::find()?, check::Extent::All);
            Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        ["test", "--fast"] => {
            let passed = check::test(&Checkout::find()?, check::Extent::Fast);
            Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        ["tutorials", "--write", which @ ..] => done(tutorials::write(&Checkout::find()?, which)),
        ["tutorials"] | ["tutorials", "--check"] => {
            let checked = tutorials::check(&Checkout::find()?)?;
            println!("{} passed, {} failed", checked.passed, checked.failed);
            Ok(if checked.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        ["bench", what @ ("anomaly" | "finetune" | "loss" | "search"), ..] => {
            done(bench::beside_python(&Checkout::find()?, what, &args[2..]))
        }
        ["parity", ..] => done(parity::parity(&Checkout::find()?, &args[1..])),
        ["bench", "encode", ..] => done(bench_encode::encode(&Checkout::find()?, &args[2..])),
        ["bench", "cells", ..] => done(bench::cells(&Checkout::find()?, &args[2..])),
        ["encoder", ..] => done(encoder::encoder(&Checkout::find()?, &args[1..])),
        ["judge", ..] => done(judge::judge(&Checkout::find()?, &args[1..])),
        ["jupyterlab", ..] => done(bench::jupyterlab(&Checkout::find()?, &args[1..])),
        ["uninstall"] => done(setup::uninstall(&Checkout::find()?, false)),
        ["uninstall", "--all"] => done(setup::uninstall(&Checkout::find()?, true)),
        ["dist"] => done(dist::dist(&Checkout::find()?, "dist".as_ref())),
        ["dist", "--out", folder] => done(dist::dist(&Checkout::find()?, folder.as_ref())),
        ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            eprint!("{HELP}");
            Ok(ExitCode::from(2))
        }
    }
}
