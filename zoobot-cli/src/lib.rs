//! The command `zoobot`: the library's work without a notebook.
//!
//! Results go to standard output (with `--json`, one JSON object on its last line), progress and
//! warnings to standard error. Exit status: 0 done, 2 bad input or a failure (one line on standard
//! error says what was wrong and what to do), 130 stopped by Ctrl-C.

mod active;
mod anomalies;
mod ask;
mod calibrate;
mod cutouts;
mod data_sets;
mod doctor;
mod encode;
mod experiment;
mod few;
mod field;
mod finetune;
mod fractions;
#[doc(hidden)]
pub mod galaxies;
mod judge_model;
mod matching;
mod morphology;
mod options;
mod oracles;
mod output;
mod picture;
mod pixels;
mod precision;
mod predict;
mod similar;
mod simulate;
mod speed;
mod stretching;
mod table;
mod train;
mod vectors;
mod wanted;
mod zooniverse;

#[doc(hidden)]
pub use anomalies::prepared;
#[doc(hidden)]
pub use calibrate::corrected;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::process::ExitCode;
use zoobot_core::{Error, Result};

/// Galaxy morphology with deep representations.
#[derive(Debug, Parser)]
#[command(name = "zoobot", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Defines the subcommands, one line each: a name and the type of its arguments, which has a method
/// `run`. The documentation of that type is the subcommand's help.
macro_rules! subcommands {
    ($($name:ident($arguments:ty);)*) => {
        #[derive(Debug, Subcommand)]
        enum Command {
            $($name($arguments),)*
        }

        impl Command {
            fn run(&self) -> Result<ExitCode> {
                match self {
                    $(Self::$name(arguments) => arguments.run(),)*
                }
            }
        }
    };
}

subcommands! {
    Active(active::Active);
    Anomalies(anomalies::Anomalies);
    Ask(ask::Ask);
    Calibrate(calibrate::Calibrate);
    Cutouts(cutouts::Cutting);
    Doctor(doctor::Doctor);
    Encode(encode::Encode);
    Experiment(experiment::Experiment);
    Few(few::Few);
    Finetune(finetune::Finetuning);
    Judge(judge_model::Judge);
    Match(matching::Match);
    Morphology(morphology::Morphology);
    Picture(picture::Picturing);
    Pixels(pixels::Pixels);
    Precision(precision::Precision);
    Predict(predict::Predict);
    Similar(similar::Similar);
    Simulate(simulate::Simulate);
    Speed(speed::Speed);
    Table(table::Table);
    Train(train::Train);
    Vectors(vectors::Vectors);
    Zooniverse(zooniverse::Zooniverse);
}

/// Runs the command with the arguments that this process was started with.
pub fn zoobot() -> ExitCode {
    let command = Cli::command();
    let matches = command.clone().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    run("zoobot", || {
        cli.command
            .run()
            .map_err(|error| options::named(error, options::called(&command, &matches)))
    })
}

/// Runs the work of a program, which Ctrl-C stops. An error becomes a line on standard error that begins
/// with the program's name, and sets the exit status.
#[doc(hidden)]
pub fn run(program: &str, work: impl FnOnce() -> Result<ExitCode>) -> ExitCode {
    zoobot_core::advice::for_command();
    zoobot_core::interrupt::install();
    match work() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{program}: {}", one_line(&error.to_string()));
            if was_interrupted(&error) { ExitCode::from(130) } else { ExitCode::from(2) }
        }
    }
}

fn was_interrupted(error: &Error) -> bool {
    match error {
        Error::Interrupted { .. } => true,
        Error::Unfinished { cause, .. } => was_interrupted(cause),
        _ => false,
    }
}

/// Joins the lines of an error, because scripts read one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Prints a command's results, as JSON or as text. In JSON, `notes` holds the notes of the run.
///
/// # Errors
/// The errors of `text`.
#[doc(hidden)]
pub fn report(
    json: bool,
    figures: &serde_json::Value,
    text: impl FnOnce() -> Result<String>,
) -> Result<()> {
    let line = match json {
        true => {
            let (mut figures, notes) = (figures.clone(), zoobot_core::notes::notes());
            if let (Some(figures), false) = (figures.as_object_mut(), notes.is_empty()) {
                figures.insert("notes".to_owned(), notes.into());
            }
            figures.to_string()
        }
        false => text()?,
    };
    println!("{line}");
    Ok(())
}
