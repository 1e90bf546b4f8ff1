//! The Hub's address, the cache and the token, from the environment variables of Hugging Face's own
//! programs.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// How to use the Hub; see [`Settings::from_env`].
#[derive(Debug, Clone)]
pub struct Settings {
    /// `HF_ENDPOINT` (default `https://huggingface.co`).
    pub endpoint: String,
    /// `HF_HUB_CACHE` (default `hub` in `HF_HOME`, which defaults to `~/.cache/huggingface`).
    pub cache: PathBuf,
    /// `HF_TOKEN`, or the token that `hf auth login` wrote to `HF_TOKEN_PATH`.
    pub token: Option<String>,
    /// Whether the network must not be used (`HF_HUB_OFFLINE`).
    pub offline: bool,
    /// The wait before a broken download is first resumed (1 s). It doubles after each attempt without
    /// progress.
    pub pause: Duration,
    /// The longest silence of a connection before it counts as broken (30 s).
    pub patience: Duration,
}

impl Settings {
    /// Reads the settings from the environment.
    pub fn from_env() -> Self {
        Self::from(|name| std::env::var_os(name))
    }

    fn from(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        // An empty variable counts as unset.
        let path = |name: &str| variable(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let text = |name: &str| Some(variable(name)?.to_str()?.trim().to_owned());
        let text = |name: &str| text(name).filter(|text| !text.is_empty());
        let on = |name: &str| {
            let value = text(name).unwrap_or_default().to_ascii_lowercase();
            ["1", "on", "yes", "true"].contains(&value.as_str())
        };
        let user = path("XDG_CACHE_HOME")
            .unwrap_or_else(|| path("HOME").unwrap_or_default().join(".cache"));
        let home = path("HF_HOME").unwrap_or_else(|| user.join("huggingface"));
        let cache = path("HF_HUB_CACHE").or_else(|| path("HUGGINGFACE_HUB_CACHE"));
        let token = text("HF_TOKEN").or_else(|| {
            let file = path("HF_TOKEN_PATH").unwrap_or_else(|| home.join("token"));
            let token = std::fs::read_to_string(file).ok()?.trim().to_owned();
            Some(token).filter(|token| !token.is_empty())
        });
        let endpoint = text("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".to_owned());
        Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            cache: cache.unwrap_or_else(|| home.join("hub")),
            token,
            offline: on("HF_HUB_OFFLINE"),
            pause: Duration::from_secs(1),
            patience: Duration::from_secs(30),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Settings {
        Settings::from(|name| {
            let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
            Some(value.into())
        })
    }

    #[test]
    fn the_cache_is_where_hugging_faces_programs_have_it() {
        let cases: [(&[(&str, &str)], &str); 4] = [
            (&[("HOME", "/home/me")], "/home/me/.cache/huggingface/hub"),
            (&[("HOME", "/home/me"), ("XDG_CACHE_HOME", "/x")], "/x/huggingface/hub"),
            (&[("HF_HOME", "/h"), ("XDG_CACHE_HOME", "/x")], "/h/hub"),
            (&[("HF_HOME", "/h"), ("HF_HUB_CACHE", "/c")], "/c"),
        ];
        for (variables, expected) in cases {
            assert_eq!(with(variables).cache, PathBuf::from(expected));
        }
    }

    #[test]
    fn token_mirror_and_offline_mode_come_from_variables() {
        let plain = with(&[]);
        assert_eq!((plain.endpoint.as_str(), plain.token), ("https://huggingface.co", None));
        assert!(!plain.offline && !with(&[("HF_HUB_OFFLINE", "0")]).offline);
        assert!(with(&[("HF_HUB_OFFLINE", "1")]).offline);
        assert!(with(&[("HF_HUB_OFFLINE", "True")]).offline);
        assert_eq!(with(&[("HF_ENDPOINT", "http://mirror/")]).endpoint, "http://mirror");
        assert_eq!(with(&[("HF_TOKEN", " hf_x\n")]).token.unwrap(), "hf_x");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "hf_y\n").unwrap();
        let home = folder.path().to_str().unwrap();
        assert_eq!(with(&[("HF_HOME", home)]).token.unwrap(), "hf_y");
        assert_eq!(with(&[("HF_HOME", home), ("HF_TOKEN", "hf_x")]).token.unwrap(), "hf_x");
    }
}
