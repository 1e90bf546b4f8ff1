//! The folder where this library keeps unpacked and downloaded files.

use std::env;
use std::path::PathBuf;

/// The folder for shared data: `$ZOOBOT_HOME`, else `$XDG_DATA_HOME/zoobot`, else
/// `$HOME/.local/share/zoobot`, else `zoobot` in the folder for temporary files.
///
/// The folder may not exist yet. Empty variables count as unset.
pub fn home() -> PathBuf {
    rule(|name| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from))
}

fn rule(variable: impl Fn(&str) -> Option<PathBuf>) -> PathBuf {
    variable("ZOOBOT_HOME")
        .or_else(|| Some(variable("XDG_DATA_HOME")?.join("zoobot")))
        .or_else(|| Some(variable("HOME")?.join(".local/share/zoobot")))
        .unwrap_or_else(|| env::temp_dir().join("zoobot"))
}

/// The command that sets this machine up: `zoobot setup` where an installed distribution started
/// this program, `cargo xtask setup` in a checkout.
pub fn set_up() -> String {
    env::var("ZOOBOT_SETUP").unwrap_or_else(|_| "cargo xtask setup".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_specific_variable_wins() {
        let with = |set: &[(&str, &str)]| {
            rule(|name| set.iter().find(|(n, _)| *n == name).map(|(_, v)| PathBuf::from(v)))
        };
        let all = [("ZOOBOT_HOME", "/z"), ("XDG_DATA_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(with(&all), PathBuf::from("/z"));
        assert_eq!(with(&all[1..]), PathBuf::from("/x/zoobot"));
        assert_eq!(with(&all[2..]), PathBuf::from("/h/.local/share/zoobot"));
        assert_eq!(with(&[]), env::temp_dir().join("zoobot"));
    }
}
