//! A fake Hugging Face Hub with one repository on 127.0.0.1. It answers like the real one, and on
//! request breaks off, corrupts or refuses an answer.

use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// The content, behaviour and record of the server.
#[derive(Debug, Default)]
pub struct State {
    pub files: BTreeMap<String, Vec<u8>>,
    /// Revisions besides `main`.
    pub revisions: Vec<String>,
    pub commit: String,
    /// The number of bytes after which each of the next answers with weights breaks off.
    pub drops: VecDeque<usize>,
    /// Whether weights are sent with one byte changed.
    pub corrupt: bool,
    /// Whether a connection stays open and silent after an answer has broken off.
    pub stall: bool,
    /// Whether `Range` is ignored.
    pub no_ranges: bool,
    /// A status with which every request is answered.
    pub status: Option<u16>,
    /// The token that requests must have.
    pub token: Option<String>,
    /// `METHOD PATH RANGE AUTHORIZATION` of each request.
    pub seen: Vec<String>,
}

/// A running server, which ends with the process.
pub struct Server {
    pub port: u16,
    state: Arc<Mutex<State>>,
}

impl Server {
    /// Serves `files` as the repository `galaxies/nano`.
    pub fn new(files: &[(&str, &[u8])]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let files =
            files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect();
        let state = State { files, commit: COMMIT.to_owned(), ..State::default() };
        let state = Arc::new(Mutex::new(state));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                // Tests include clients that disconnect early.
                std::thread::spawn(move || drop(answer(&stream, port, &state)));
            }
        });
        Self { port, state }
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The requests since the last call that contain these words.
    pub fn seen(&self, words: &str) -> Vec<String> {
        let all = std::mem::take(&mut self.state().seen);
        all.into_iter().filter(|line| line.contains(words)).collect()
    }
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_large(file: &str) -> bool {
    file.ends_with(".safetensors") || file.ends_with(".bin")
}

fn answer(stream: &TcpStream, port: u16, state: &Mutex<State>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().unwrap_or(Ok(String::new()))?;
    let (mut range, mut authorization) = (None, String::new());
    for line in lines {
        let line = line?;
        let Some((key, value)) = line.split_once(": ") else { break };
        match key.to_ascii_lowercase().as_str() {
            "range" => range = Some(value.to_owned()),
            "authorization" => authorization = value.to_owned(),
            _ => {}
        }
    }
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let (mut head, body, stall) = {
        let mut state = state.lock().unwrap();
        let seen = format!("{method} {path} {} {authorization}", range.as_deref().unwrap_or("-"));
        state.seen.push(seen);
        let (head, body) = reply(&mut state, port, path, range.as_deref(), &authorization);
        (head, body, state.stall && path.starts_with("/cdn/"))
    };
    if !head.contains("Content-Length") {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    let mut out = stream;
    write!(out, "HTTP/1.1 {head}Connection: close\r\n\r\n")?;
    if method != "HEAD" {
        out.write_all(&body)?;
    }
    while stall && state.lock().unwrap().stall {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    Ok(())
}

/// The status with headers, and the body.
fn reply(
    state: &mut State,
    port: u16,
    path: &str,
    range: Option<&str>,
    authorization: &str,
) -> (String, Vec<u8>) {
    let refuse =
        |status: &str, code: &str| (format!("{status}\r\nX-Error-Code: {code}\r\n"), vec![]);
    if let Some(status) = state.status {
        return (format!("{status} Trouble\r\n"), Vec::new());
    }
    if let Some(file) = path.strip_prefix("/cdn/") {
        return bytes(state, file, range);
    }
    // Like the real Hub, which does not reveal whether a private repository of that name exists.
    let barred =
        state.token.as_ref().is_some_and(|token| authorization != format!("Bearer {token}"));
    if barred || !path.contains("/galaxies/nano") && !path.starts_with("/galaxies/nano") {
        return refuse("401 Unauthorized", "RepoNotFound");
    }
    if let Some(revision) = path.strip_prefix("/api/models/galaxies/nano/revision/") {
        let known = state.revisions.iter().any(|known| known.replace('/', "%2F") == revision);
        if revision != "main" && revision != state.commit && !known {
            return refuse("404 Not Found", "RevisionNotFound");
        }
        let list: Vec<String> =
            state.files.keys().map(|file| format!("{{\"rfilename\": \"{file}\"}}")).collect();
        let commit = &state.commit;
        let text = format!("{{\"sha\": \"{commit}\", \"siblings\": [{}]}}", list.join(", "));
        return ("200 OK\r\n".to_owned(), text.into_bytes());
    }
    // Python requests files at `main` and learns the commit from a header.
    let file = path.rsplit('/').next().unwrap_or("").to_owned();
    let Some(content) = state.files.get(&file) else {
        let (mut head, body) = refuse("404 Not Found", "EntryNotFound");
        head.push_str(&format!("X-Repo-Commit: {}\r\n", state.commit));
        return (head, body);
    };
    let commit = format!("X-Repo-Commit: {}\r\n", state.commit);
    if is_large(&file) {
        let (hash, size) = (sha256(content), content.len());
        let linked = format!("X-Linked-Etag: \"{hash}\"\r\nX-Linked-Size: {size}\r\n");
        // Counts as another host, since the name differs.
        let place = format!("Location: http://localhost:{port}/cdn/{file}\r\n");
        return (format!("302 Found\r\n{commit}{linked}{place}ETag: \"none\"\r\n"), Vec::new());
    }
    let tag = &sha256(content)[..40];
    let head = format!("200 OK\r\n{commit}ETag: \"{tag}\"\r\nAccept-Ranges: bytes\r\n");
    let length = content.len();
    (format!("{head}Content-Length: {length}\r\n"), content.clone())
}

/// A large file, or the rest of it.
fn bytes(state: &mut State, file: &str, range: Option<&str>) -> (String, Vec<u8>) {
    let Some(mut content) = state.files.get(file).cloned() else {
        return ("404 Not Found\r\n".to_owned(), Vec::new());
    };
    if state.corrupt {
        let middle = content.len() / 2;
        content[middle] ^= 1;
    }
    let start = range
        .filter(|_| !state.no_ranges)
        .and_then(|range| range.strip_prefix("bytes=")?.split('-').next()?.parse::<usize>().ok());
    let all = content.len();
    let mut head = match start {
        None => "200 OK\r\n".to_owned(),
        Some(start) if start >= all => {
            return (format!("416 Range\r\nContent-Range: bytes */{all}\r\n"), Vec::new());
        }
        Some(start) => {
            content.drain(..start);
            format!("206 Partial Content\r\nContent-Range: bytes {start}-{}/{all}\r\n", all - 1)
        }
    };
    head.push_str(&format!("Content-Length: {}\r\n", content.len()));
    if let Some(length) = state.drops.pop_front() {
        content.truncate(length);
    }
    (head, content)
}
