use super::server::{COMMIT, Server, sha256};
use super::*;
use std::path::Path;
use std::time::Duration;

/// These files are not loaded here: the tests of the command cover `Encoder::load`.
const CONFIG_TEXT: &[u8] = br#"{"architecture": "convnext_atto"}"#;

fn weights() -> Vec<u8> {
    (0..3_000_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn server() -> Server {
    Server::new(&[
        ("config.json", CONFIG_TEXT),
        ("README.md", b"x"),
        ("model.safetensors", &weights()),
    ])
}

fn settings(server: &Server, cache: &Path) -> Settings {
    Settings {
        endpoint: server.endpoint(),
        cache: cache.to_owned(),
        token: None,
        offline: false,
        pause: Duration::from_millis(5),
        patience: Duration::from_secs(20),
    }
}

fn nano(revision: &str) -> Address {
    Address::parse(&format!("hf:galaxies/nano{revision}")).unwrap().unwrap()
}

fn refusal(address: &Address, settings: &Settings) -> String {
    fetch(address, settings).unwrap_err().to_string()
}

/// The files of the cache whose names have this ending.
fn left(cache: &Path, ending: &str) -> Vec<PathBuf> {
    let blobs = std::fs::read_dir(cache.join("models--galaxies--nano/blobs"));
    let files = blobs.into_iter().flatten().map(|entry| entry.unwrap().path());
    files.filter(|path| path.to_string_lossy().ends_with(ending)).collect()
}

#[test]
fn an_encoder_is_fetched_once_into_hugging_faces_layout() {
    let (server, cache) = (server(), tempfile::tempdir().unwrap());
    let settings = settings(&server, cache.path());
    let fetched = fetch(&nano(""), &settings).unwrap();
    assert!(fetched.notes.is_empty(), "{:?}", fetched.notes);
    let home = cache.path().join("models--galaxies--nano");
    assert_eq!(fetched.folder, home.join("snapshots").join(COMMIT));
    assert_eq!(std::fs::read_to_string(home.join("refs/main")).unwrap(), COMMIT);
    let link = std::fs::read_link(fetched.folder.join("model.safetensors")).unwrap();
    assert_eq!(link, Path::new("../../blobs").join(sha256(&weights())));
    assert_eq!(std::fs::read(fetched.folder.join("model.safetensors")).unwrap(), weights());
    assert_eq!(std::fs::read(fetched.folder.join("config.json")).unwrap(), CONFIG_TEXT);
    assert!(home.join(".no_exist").join(COMMIT).join("recipe.json").is_file());
    assert!(!fetched.folder.join("README.md").exists(), "nothing else is fetched");
    assert_eq!(server.seen("/cdn/").len(), 1);

    // On a repeated call, the Hub is asked for changes, but no file is downloaded.
    fetch(&nano(""), &settings).unwrap();
    assert_eq!(server.seen("GET").len(), 1);
    // A commit cannot change, so no request is sent.
    let same = fetch(&nano(&format!("@{COMMIT}")), &settings).unwrap();
    assert_eq!(same.folder, fetched.folder);
    assert!(server.seen("").is_empty());
}

#[test]
fn a_dropped_connection_is_taken_up_where_it_broke() {
    let (server, cache) = (server(), tempfile::tempdir().unwrap());
    server.state().drops = [1_000_000, 1_000_000].into();
    let fetched = fetch(&nano(""), &settings(&server, cache.path())).unwrap();
    assert_eq!(std::fs::read(fetched.folder.join("model.safetensors")).unwrap(), weights());
    let ranges: Vec<String> = server
        .seen("/cdn/")
        .iter()
        .map(|line| line.split(' ').nth(2).unwrap().to_owned())
        .collect();
    assert_eq!(ranges, ["-", "bytes=1000000-", "bytes=2000000-"]);
    assert!(left(cache.path(), ".incomplete").is_empty());
}

#[test]
fn what_a_failed_call_fetched_is_kept_and_the_next_call_goes_on() {
    let (server, cache) = (server(), tempfile::tempdir().unwrap());
    let settings = settings(&server, cache.path());
    // The connection breaks after the first part, and then immediately each time.
    server.state().drops = [1_234_567].into_iter().chain([0; 10]).collect();
    let first = refusal(&nano(""), &settings);
    assert!(first.contains("1234567 of 3000000 bytes of model.safetensors are kept"), "{first}");
    assert!(left(cache.path(), &sha256(&weights())).is_empty(), "no file of the right name");
    assert!(Cache::new(&settings, &nano("")).copy(&nano("")).is_none());
    let partial = left(cache.path(), ".incomplete");
    assert_eq!(std::fs::read(&partial[0]).unwrap(), weights()[..1_234_567]);

    server.state().drops.clear();
    server.seen("");
    let fetched = fetch(&nano(""), &settings).unwrap();
    assert_eq!(std::fs::read(fetched.folder.join("model.safetensors")).unwrap(), weights());
    let requests = server.seen("/cdn/");
    assert_eq!(requests.len(), 1);
    assert!(requests[0].contains("bytes=1234567-"), "{requests:?}");
}

#[test]
fn a_server_that_knows_no_ranges_starts_again() {
    let (server, cache) = (server(), tempfile::tempdir().unwrap());
    server.state().no_ranges = true;
    server.state().drops = [2_000_000].into();
    let fetched = fetch(&nano(""), &settings(&server, cache.path())).unwrap();
    assert_eq!(std::fs::read(fetched.folder.join("model.safetensors")).unwrap(), weights());
}

#[test]
fn bytes_of_another_checksum_never_enter_the_cache() {
    let (server, cache) = (server(), tempfile::tempdir().unwrap());
    let settings = settings(&server, cache.path());
    server.state().corrupt = true;
    let message = refusal(&nano(""), &settings);
    assert!(message.contains("model.safetensors arrived damaged"), "{message}");
    assert!(left(cache.path(), &sha256(&weights())).is_empty());
    assert!(left(cache.path(), ".incomplete").is_empty());
    server.state().corrupt = false;
    fetch(&nano(""), &settings).unwrap();
}

#[test]
fn a_partial_file_of_other_bytes_is_thrown_away_and_fetched_anew() {
    let (server, cache) = (server(), tempfile::tempdir().unwrap());
    let settings = settings(&server, cache.path());
    let blob = Cache::new(&settings, &nano("")).blob(&sha256(&weights()));
    std::fs::create_dir_all(blob.parent().unwrap()).unwrap();
    for length in [10_usize, 3_000_000, 4_000_000] {
        std::fs::write(blob.with_extension("incomplete"), vec![7; length]).unwrap();
        let fetched = fetch(&nano(""), &settings).unwrap();
        assert_eq!(std::fs::read(fetched.folder.join("model.safetensors")).unwrap(), weights());
        std::fs::remove_file(&blob).unwrap();
    }
}

#[test]
fn what_the_hub_refuses_is_said_with_what_to_do() {
    let (server, cache) = (server(), tempfile::tempdir().unwrap());
    let mut settings = settings(&server, cache.path());
    let other = Address::parse("hf:galaxies/none").unwrap().unwrap();
    let message = refusal(&other, &settings);
    assert!(message.contains("hf:galaxies/none: there is no such repository, or it is private"));
    assert!(message.contains("HF_TOKEN"), "{message}");
    let message = refusal(&nano("@v9"), &settings);
    assert!(message.contains("no revision \"v9\""), "{message}");

    server.state().token = Some("hf_right".into());
    assert!(refusal(&nano(""), &settings).contains("set HF_TOKEN to your token"));
    settings.token = Some("hf_wrong".into());
    assert!(refusal(&nano(""), &settings).contains("the account of HF_TOKEN may not read it"));
    settings.token = Some("hf_right".into());
    server.seen("");
    fetch(&nano(""), &settings).unwrap();
    let seen = server.seen("");
    assert!(seen.iter().any(|line| line.contains("Bearer hf_right")), "{seen:?}");
    let elsewhere = seen.iter().find(|line| line.contains("/cdn/")).unwrap();
    assert!(!elsewhere.contains("Bearer"), "the token stays with the Hub: {elsewhere}");

    server.state().files.remove("model.safetensors");
    let message = refusal(&nano(""), &settings);
    assert!(message.contains("no model.safetensors nor pytorch_model.bin"), "{message}");
    assert!(message.contains("README.md, config.json"), "{message}");
    server.state().files.insert("pytorch_model.bin".into(), vec![]);
    server.state().files.remove("config.json");
    assert!(refusal(&nano(""), &settings).contains("no config.json"));
    settings.endpoint = "nowhere".into();
    assert!(refusal(&nano(""), &settings).contains("HF_ENDPOINT"));
}

#[test]
fn revisions_are_kept_apart_and_a_moved_branch_brings_only_what_changed() {
    let (server, cache) = (server(), tempfile::tempdir().unwrap());
    let settings = settings(&server, cache.path());
    server.state().revisions = vec!["refs/pr/1".into()];
    let old = fetch(&nano(""), &settings).unwrap().folder;
    server.seen("");
    let newer = "f".repeat(40);
    server.state().commit = newer.clone();
    server.state().files.insert("recipe.json".into(), b"{}".to_vec());
    let request = fetch(&nano("@refs/pr/1"), &settings).unwrap().folder;
    assert!(request.ends_with(&newer) && request.join("recipe.json").exists());
    assert!(server.seen("/cdn/").is_empty(), "the weights are the same");
    assert!(!old.join("recipe.json").exists());
    let references = cache.path().join("models--galaxies--nano/refs");
    assert_eq!(std::fs::read_to_string(references.join("refs/pr/1")).unwrap(), newer);
    assert_eq!(std::fs::read_to_string(references.join("main")).unwrap(), COMMIT);
}

#[test]
fn without_a_connection_the_cache_serves_and_says_so() {
    let (server, cache) = (server(), tempfile::tempdir().unwrap());
    let mut settings = settings(&server, cache.path());
    settings.offline = true;
    let message = refusal(&nano(""), &settings);
    assert!(
        message.contains("not in the cache") && message.contains("HF_HUB_OFFLINE"),
        "{message}"
    );
    assert!(server.seen("").is_empty(), "nothing was asked");

    settings.offline = false;
    let fetched = fetch(&nano(""), &settings).unwrap();
    settings.offline = true;
    let copy = fetch(&nano(""), &settings).unwrap();
    assert_eq!((copy.folder, copy.notes.len()), (fetched.folder.clone(), 0));
    assert!(refusal(&nano("@v9"), &settings).contains("not in the cache"));

    settings.offline = false;
    // A port on which nothing listens, and a Hub with errors.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    settings.endpoint = format!("http://127.0.0.1:{closed}");
    let copy = fetch(&nano(""), &settings).unwrap();
    assert_eq!(copy.folder, fetched.folder);
    assert!(copy.notes[0].contains("the copy in the cache is used"), "{:?}", copy.notes);
    settings.endpoint = server.endpoint();
    server.state().status = Some(503);
    assert!(fetch(&nano(""), &settings).unwrap().notes[0].contains("answered 503"));
    let other = Address::parse("hf:galaxies/other").unwrap().unwrap();
    assert!(refusal(&other, &settings).contains("and try again"));
}

#[test]
fn what_another_program_fetched_is_used_and_a_doubt_about_the_recipe_is_noted() {
    let (server, cache) = (server(), tempfile::tempdir().unwrap());
    let mut settings = settings(&server, cache.path());
    fetch(&nano(""), &settings).unwrap();
    std::fs::remove_dir_all(cache.path().join("models--galaxies--nano/.no_exist")).unwrap();
    settings.offline = true;
    let copy = fetch(&nano(""), &settings).unwrap();
    assert!(copy.notes[0].contains("whether the repository has a recipe.json"), "{:?}", copy.notes);
}

#[test]
fn many_at_once_fetch_it_once() {
    let (server, cache) = (server(), tempfile::tempdir().unwrap());
    let settings = settings(&server, cache.path());
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let folder = fetch(&nano(""), &settings).unwrap().folder;
                assert_eq!(std::fs::read(folder.join("model.safetensors")).unwrap(), weights());
            });
        }
    });
    assert_eq!(server.seen("/cdn/").len(), 1);
}

#[test]
fn many_at_once_name_the_files_of_a_commit_without_disturbing_each_other() {
    let (server, folder) = (server(), tempfile::tempdir().unwrap());
    let cache = Cache::new(&settings(&server, folder.path()), &nano(""));
    for round in 0..100 {
        let (commit, etag) = (format!("{round:040}"), format!("{round:064}"));
        std::fs::create_dir_all(cache.blob(&etag).parent().unwrap()).unwrap();
        std::fs::write(cache.blob(&etag), "bytes").unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| cache.link(&commit, "config.json", &etag).unwrap());
            }
        });
        assert_eq!(
            std::fs::read_to_string(cache.snapshot(&commit).join("config.json")).unwrap(),
            "bytes"
        );
        assert_eq!(std::fs::read_dir(cache.snapshot(&commit)).unwrap().count(), 1);
    }
}

#[test]
fn a_hub_that_talks_nonsense_is_an_error() {
    let (server, cache) = (server(), tempfile::tempdir().unwrap());
    let settings = settings(&server, cache.path());
    server.state().commit = "../../etc".into();
    assert!(refusal(&nano(""), &settings).contains("the commit \"../../etc\""));
    server.state().commit = "\"".into();
    assert!(refusal(&nano(""), &settings).contains("no list of files"));
}

#[test]
fn it_works_inside_an_asynchronous_runtime() {
    let (server, cache) = (server(), tempfile::tempdir().unwrap());
    let settings = settings(&server, cache.path());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { fetch(&nano(""), &settings).unwrap() });
}
