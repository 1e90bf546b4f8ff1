//! Options in place of the library's settings: at the command line, an error about `head_dropout` names
//! `--dropout`.

use clap::{ArgMatches, Command};
use std::sync::Arc;
use zoobot_core::Error;

/// Settings whose options have another name: the setting, then the option. All other names are equal,
/// except for hyphens.
const RENAMED: [(&str, &str); 5] = [
    ("block", "two_phase"),
    ("components", "pca"),
    ("head_dropout", "dropout"),
    ("learning_rate", "rate"),
    ("share", "validation"),
];

/// The subcommand that was called.
pub fn called<'a>(command: &'a Command, matches: &ArgMatches) -> &'a Command {
    let sub = matches.subcommand().and_then(|(name, matches)| {
        command.find_subcommand(name).map(|command| called(command, matches))
    });
    sub.unwrap_or(command)
}

/// Replaces the settings that an error names by the options of a command.
pub fn named(error: Error, command: &Command) -> Error {
    match error {
        Error::Parameter { name, value, range } => {
            Error::Parameter { name: option(&name, command).unwrap_or(name), value, range }
        }
        Error::Settings(problems) => {
            let each = problems.into_iter().map(|problem| match &*problem {
                Error::Parameter { name, value, range } => {
                    let name = option(name, command).unwrap_or_else(|| name.clone());
                    Arc::new(Error::parameter(name, value, range))
                }
                _ => problem,
            });
            Error::Settings(each.collect())
        }
        Error::Unfinished { cause, kept } => {
            Error::Unfinished { cause: Box::new(named(*cause, command)), kept }
        }
        other => other,
    }
}

/// The option for a setting.
fn option(setting: &str, command: &Command) -> Option<String> {
    let renamed = RENAMED.iter().find(|(name, _)| *name == setting);
    let id = renamed.map_or(setting, |(_, option)| option);
    let argument = command.get_arguments().find(|it| it.get_id() == id)?;
    let long = argument.get_long().map(|long| format!("--{long}"));
    long.or_else(|| argument.get_short().map(|short| format!("-{short}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cli;
    use clap::CommandFactory;

    #[test]
    fn every_renamed_setting_is_an_option_of_a_subcommand() {
        let command = Cli::command();
        for (setting, option) in RENAMED {
            let there = command
                .get_subcommands()
                .any(|sub| sub.get_arguments().any(|argument| argument.get_id() == option));
            assert!(there, "{setting}");
        }
    }

    #[test]
    fn errors_name_options_alone_and_in_a_row() {
        let command = Cli::command();
        let finetune = command.find_subcommand("finetune").unwrap();
        let dropout = || Error::parameter("head_dropout", 7, "below 1");
        assert_eq!(
            named(dropout(), finetune).to_string(),
            "--dropout must be below 1, but it is 7"
        );
        let epochs = Err(Error::parameter("epochs", 0, "at least 1"));
        let shape = Err(Error::parameter("floor", 2, "at most 1"));
        let both = Error::together([Err(dropout()), epochs, shape]).unwrap_err();
        let stopped = Error::Unfinished { cause: Box::new(both), kept: "Nothing is kept".into() };
        let text = named(stopped, finetune).to_string();
        for part in ["--dropout must be", "; --epochs must be", "; floor must be"] {
            assert!(text.contains(part), "{text}");
        }
        let similar = command.find_subcommand("similar").unwrap();
        let k = Error::parameter("k", 0, "at least 1");
        assert_eq!(named(k, similar).to_string(), "-k must be at least 1, but it is 0");
    }
}
