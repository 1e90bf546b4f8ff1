//! Addresses of repositories.

use std::fmt;
use zoobot_base::{Error, Result};

/// The prefix of an address.
const SCHEME: &str = "hf:";
/// The default branch.
const MAIN: &str = "main";

/// A repository of the Hub at a branch, a tag, a pull request or a commit.
///
/// ```
/// use zoobot_nets::hub::Address;
/// let address = Address::parse("hf:mwalmsley/zoobot-encoder-convnext_nano@main").expect("an address")?;
/// assert_eq!((address.owner.as_str(), address.revision.as_str()), ("mwalmsley", "main"));
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The person or organisation that owns the repository.
    pub owner: String,
    /// The name of the repository.
    pub name: String,
    /// A branch, tag, pull request or commit.
    pub revision: String,
}

impl Address {
    /// Parses `hf:OWNER/NAME[@revision]`; returns `None` for text that does not begin with `hf:`.
    pub fn parse(text: &str) -> Option<Result<Self>> {
        let rest = text.strip_prefix(SCHEME)?;
        let (place, revision) = rest.split_once('@').unwrap_or((rest, MAIN));
        let Some((owner, name)) = place.split_once('/') else { return Some(Err(wrong(text))) };
        let fits = is_name(owner) && is_name(name) && is_revision(revision);
        Some(if fits {
            Ok(Self { owner: owner.into(), name: name.into(), revision: revision.into() })
        } else {
            Err(wrong(text))
        })
    }

    /// The revision as part of a URL, with slashes escaped.
    pub fn encoded_revision(&self) -> String {
        self.revision.replace('/', "%2F")
    }

    /// The commit, if the revision is a full commit hash.
    pub fn commit(&self) -> Option<&str> {
        Some(self.revision.as_str()).filter(|revision| is_commit(revision))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { owner, name, revision } = self;
        write!(f, "{SCHEME}{owner}/{name}")?;
        if revision != MAIN { write!(f, "@{revision}") } else { Ok(()) }
    }
}

/// Whether the text is a full commit hash.
pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Checks a name by the Hub's rules. Without dots or dashes at the ends, and without two in a row, names
/// can neither leave the cache's folder nor collide in it.
fn is_name(text: &str) -> bool {
    let letters = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    let ends = ['.', '-'];
    (1..=96).contains(&text.len())
        && letters
        && !text.starts_with(ends)
        && !text.ends_with(ends)
        && !text.contains("--")
        && !text.contains("..")
}

fn is_revision(text: &str) -> bool {
    let letters = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/+".contains(&b));
    let parts = text.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
    (1..=200).contains(&text.len()) && letters && parts
}

fn wrong(text: &str) -> Error {
    let problem = format!("{text:?} is not the address of an encoder");
    Error::unsuitable(problem, "Write hf:OWNER/NAME or hf:OWNER/NAME@REVISION")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        let known = [
            ("hf:mwalmsley/zoobot-encoder-convnext_nano", "main"),
            ("hf:a/b@v1.0", "v1.0"),
            ("hf:a/b@refs/pr/1", "refs/pr/1"),
        ];
        for (text, revision) in known {
            let address = Address::parse(text).unwrap().unwrap();
            assert_eq!((address.revision.as_str(), address.to_string().as_str()), (revision, text));
        }
        let address = Address::parse("hf:a/b@refs/pr/1").unwrap().unwrap();
        assert_eq!(address.encoded_revision(), "refs%2Fpr%2F1");
        assert_eq!(address.commit(), None);
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let address = Address::parse(&format!("hf:a/b@{commit}")).unwrap().unwrap();
        assert_eq!(address.commit(), Some(commit));
        assert!(Address::parse("a/b").is_none());
    }

    #[test]
    fn names_that_would_leave_the_cache_or_mean_nothing_are_refused() {
        for text in [
            "hf:",
            "hf:a",
            "hf:a/",
            "hf:/b",
            "hf:a/b/c",
            "hf:../b",
            "hf:a/..",
            "hf:a/b@",
            "hf:a/b@../x",
            "hf:a/b@x/../y",
            "hf:a/b@/x",
            "hf:a/b c",
            "hf:a/b?x",
            "hf:a/b@x#y",
            "hf:a/b\\c",
            "hf:a--b/c",
        ] {
            let error = Address::parse(text).unwrap().unwrap_err().to_string();
            assert!(error.contains("hf:OWNER/NAME"), "{text}: {error}");
        }
    }
}
