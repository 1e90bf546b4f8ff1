//! `zoobot encode --encoder hf:…` against a Hub on this machine.

use crate::server::{Server, sha256};
use crate::{CONFIG, atto, errors, figures, pickle, safetensors, survey, zoobot};
use std::path::Path;
use std::process::Command;

const ENCODER: &str = "hf:galaxies/nano";

/// `zoobot encode` with the encoder from this Hub.
fn encode(server: &Server, home: &Path, out: &str) -> Command {
    let mut command = zoobot(home);
    command
        .args(["encode", "--catalog", "catalog.csv", "--json", "--encoder", ENCODER, "--out", out])
        .env("HF_ENDPOINT", server.endpoint())
        .env("HF_HOME", home.join("hf"));
    for other in ["HF_TOKEN", "HF_HUB_OFFLINE", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"] {
        command.env_remove(other);
    }
    command
}

#[test]
fn several_commands_at_once_fetch_an_encoder_once_and_later_ones_need_no_hub() {
    let weights = safetensors(&atto());
    let files: [(&str, &[u8]); 2] =
        [("config.json", CONFIG.as_bytes()), ("model.safetensors", &weights)];
    let (server, home) = (Server::new(&files), survey());
    let running: Vec<_> = (0..3)
        .map(|i| encode(&server, home.path(), &format!("{i}.parquet")).spawn().unwrap())
        .collect();
    for command in running {
        let output = command.wait_with_output().unwrap();
        let figures = figures(&output);
        assert_eq!(
            (figures["encoded"].as_u64(), figures["features"].as_u64()),
            (Some(3), Some(320))
        );
        assert_eq!(figures["encoder"], ENCODER);
    }
    let table = |name: &str| {
        let space = zoobot_core::space::Space::read(home.path().join(name)).unwrap();
        space.features().to_owned()
    };
    assert_eq!(table("0.parquet"), table("1.parquet"));
    assert_eq!(server.seen("/cdn/").len(), 1);

    let offline = encode(&server, home.path(), "3.parquet").env("HF_HUB_OFFLINE", "1").output();
    figures(&offline.unwrap());
    assert!(server.seen("").is_empty());
    server.state().status = Some(500);
    let output = encode(&server, home.path(), "4.parquet").output().unwrap();
    figures(&output);
    let note = errors(&output);
    assert!(note.contains("answered 500") && note.contains("copy in the cache is used"), "{note}");
    assert_eq!(table("0.parquet"), table("4.parquet"));
}

#[test]
fn an_old_repository_with_only_a_pickle_gives_the_same_encoder() {
    let (tensors, home) = (atto(), survey());
    let (safe, pickled) = (safetensors(&tensors), pickle::bin(&tensors));
    let config = ("config.json", CONFIG.as_bytes());
    let mut tables = Vec::new();
    for (i, weights) in [("model.safetensors", safe.as_slice()), ("pytorch_model.bin", &pickled)]
        .into_iter()
        .enumerate()
    {
        let server = Server::new(&[config, weights]);
        let cache = home.path().join(format!("cache{i}"));
        let mut command = encode(&server, home.path(), "reps.parquet");
        figures(&command.env("HF_HUB_CACHE", cache).output().unwrap());
        let space = zoobot_core::space::Space::read(home.path().join("reps.parquet")).unwrap();
        tables.push(space.features().to_owned());
    }
    assert_eq!(tables[0], tables[1]);
}

#[test]
#[cfg(unix)]
fn stopped_while_fetching_it_keeps_what_came_and_goes_on_from_there() {
    let weights = safetensors(&atto());
    let files: [(&str, &[u8]); 2] =
        [("config.json", CONFIG.as_bytes()), ("model.safetensors", &weights)];
    let (server, home) = (Server::new(&files), survey());
    server.state().stall = true;
    server.state().drops = [5_000_000].into();
    let running = encode(&server, home.path(), "reps.parquet").spawn().unwrap();
    let blobs = home.path().join("hf/hub/models--galaxies--nano/blobs");
    let partial = blobs.join(format!("{}.incomplete", sha256(&weights)));
    while partial.metadata().map_or(0, |file| file.len()) < 5_000_000 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let id = running.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = running.wait_with_output().unwrap();
    let message = errors(&output);
    assert_eq!(output.status.code(), Some(130), "{message}");
    assert!(message.contains("interrupted during fetching an encoder"), "{message}");
    assert_eq!(partial.metadata().unwrap().len(), 5_000_000);
    assert!(!blobs.join(sha256(&weights)).exists());

    server.state().stall = false;
    server.seen("");
    figures(&encode(&server, home.path(), "reps.parquet").output().unwrap());
    let requests = server.seen("/cdn/");
    assert!(requests.len() == 1 && requests[0].contains("bytes=5000000-"), "{requests:?}");
}

#[test]
fn what_the_hub_refuses_is_one_line_and_status_2() {
    let (server, home) = (Server::new(&[("config.json", CONFIG.as_bytes())]), survey());
    let line = || {
        let output = encode(&server, home.path(), "reps.parquet").output().unwrap();
        let message = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert_eq!(message.trim_end().lines().count(), 1, "{message}");
        message
    };
    assert!(line().contains("no model.safetensors nor pytorch_model.bin"));
    server.state().token = Some("hf_secret".into());
    assert!(line().contains("set HF_TOKEN"));
}
