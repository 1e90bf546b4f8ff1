//! Encoders from the Hugging Face Hub: `hf:OWNER/NAME[@revision]`.
//!
//! Files are cached in the layout of Hugging Face's own programs, so that files downloaded by Python are
//! not downloaded again, and vice versa. A file gets its name in the cache only when it is complete and
//! its checksum is correct. Partial downloads are resumed.
//!
//! The `hf-hub` crate is not used: its releases restart every download from the beginning, verify no
//! checksums, and add 160 crates or change features that polars uses. The HTTP client that polars uses
//! is sufficient.
//!
//! * [`address`]: parses `hf:…`.
//! * [`settings`]: `HF_HOME`, `HF_TOKEN` and other variables.
//! * [`cache`]: the layout on disk.
//! * [`client`]: requests to the Hub, and the meaning of its answers.
//! * [`download`]: downloads a file, whole or not at all.

mod address;
mod cache;
mod client;
mod download;
#[cfg(test)]
mod server;
mod settings;
#[cfg(test)]
mod tests;

pub use address::Address;
pub use settings::Settings;

use crate::names::{CARD, CONFIG, RECIPE, WEIGHTS};
use cache::Cache;
use client::{Client, Fault, Meta};
use download::Meter;
use std::path::PathBuf;
use zoobot_base::{Error, Result};

/// An additional file of text encoders.
const VOCABULARY: &str = "vocab.txt";

/// A model folder in the cache.
#[derive(Debug)]
pub struct Fetched {
    /// The folder.
    pub folder: PathBuf,
    /// Notes for the user.
    pub notes: Vec<String>,
}

/// The folder of an encoder, which is downloaded if it is not in the cache or has changed on the Hub.
///
/// Without a connection, the copy in the cache is used, and a note says so.
pub fn fetch(address: &Address, settings: &Settings) -> Result<Fetched> {
    let cache = Cache::new(settings, address);
    if let Some(folder) = cache.pinned(address) {
        return Ok(Fetched { folder, notes: Vec::new() });
    }
    if settings.offline {
        return cache.copy(address).ok_or_else(|| Error::Hub {
            name: address.to_string(),
            problem: format!("it is not in the cache {}", settings.cache.display()),
            hint: "HF_HUB_OFFLINE forbids downloading it: unset it, or set HF_HOME to where the \
                   encoder is"
                .into(),
        });
    }
    // A notebook cell may run inside an asynchronous runtime, which cannot start another one.
    let online =
        || std::thread::scope(|scope| scope.spawn(|| update(address, settings, &cache)).join());
    let outcome = online().unwrap_or_else(|_| Err(Fault::Unreachable("the client failed".into())));
    match outcome {
        Ok(folder) => Ok(Fetched { folder, notes: Vec::new() }),
        Err(Fault::Unreachable(reason)) => match cache.copy(address) {
            Some(mut copy) => {
                copy.notes.push(format!("{reason}: the copy in the cache is used"));
                Ok(copy)
            }
            None => Err(Error::Hub {
                name: address.to_string(),
                problem: reason,
                hint: "Check the connection (HTTPS_PROXY, HF_ENDPOINT) and try again: what was \
                       downloaded is kept"
                    .into(),
            }),
        },
        Err(Fault::Refused { problem, hint }) => {
            Err(Error::Hub { name: address.to_string(), problem, hint })
        }
        Err(Fault::Other(error)) => Err(error),
    }
}

/// Updates the cache to the current state of the Hub.
fn update(
    address: &Address,
    settings: &Settings,
    cache: &Cache,
) -> std::result::Result<PathBuf, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Fault::Unreachable(format!("no connection can be made: {error}")))?;
    runtime.block_on(async {
        let client = Client::new(address, settings)?;
        let listing = client.listing().await?;
        let has = |file: &str| listing.files.iter().any(|other| other == file);
        let mut files = vec![CONFIG];
        let Some(weights) = WEIGHTS.into_iter().find(|file| has(file)) else {
            return Err(lacking(&WEIGHTS.join(" nor "), &listing.files));
        };
        if !has(CONFIG) {
            return Err(lacking(CONFIG, &listing.files));
        }
        files.extend([RECIPE, CARD, VOCABULARY].into_iter().filter(|file| has(file)));
        for file in [RECIPE, CARD].into_iter().chain(WEIGHTS).filter(|file| !has(file)) {
            cache.note_absent(&listing.commit, file);
        }
        files.push(weights);

        let mut wanted: Vec<(&str, Meta)> = Vec::new();
        for file in files {
            wanted.push((file, client.meta(&listing.commit, file).await?));
        }
        let meter = Meter::new(address, wanted.iter().map(|(_, meta)| meta.size).sum());
        for (file, meta) in &wanted {
            download::download(&client, meta, cache, settings, &meter).await?;
            cache.link(&listing.commit, file, &meta.etag)?;
        }
        cache.remember(address, &listing.commit);
        Ok(cache.snapshot(&listing.commit))
    })
}

fn lacking(what: &str, files: &[String]) -> Fault {
    const SHOWN: usize = 10;
    let mut list = files.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if files.len() > SHOWN {
        list.push_str(", …");
    }
    Fault::Refused {
        problem: format!("the repository has no {what}"),
        hint: format!("It is not an encoder in timm's format. Its files: {list}"),
    }
}
