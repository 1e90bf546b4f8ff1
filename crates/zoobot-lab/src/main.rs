//! The command `zoobot-lab`, for the project's developers. Output and exit status follow `zoobot`.

mod commands;

use clap::{Parser, Subcommand};
use commands::anomalies::Anomalies;
use commands::features::Features;
use commands::judge_encoders::JudgeEncoders;
use commands::make_encoder::MakeEncoder;
use commands::make_export::MakeExport;
use std::process::ExitCode;

/// Compare methods and encoders, and make the encoder that travels with the library.
#[derive(Debug, Parser)]
#[command(name = "zoobot-lab", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
// Each subcommand's help text is that of its arguments.
enum Command {
    Anomalies(Anomalies),
    Features(Features),
    JudgeEncoders(JudgeEncoders),
    MakeEncoder(MakeEncoder),
    MakeExport(MakeExport),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    zoobot_cli::run("zoobot-lab", || match &cli.command {
        Command::Anomalies(command) => command.run(),
        Command::Features(command) => command.run(),
        Command::JudgeEncoders(command) => command.run(),
        Command::MakeEncoder(command) => command.run(),
        Command::MakeExport(command) => command.run(),
    })
}
