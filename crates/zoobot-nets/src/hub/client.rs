//! Requests to the Hub, and the meaning of its answers.

use super::address::is_commit;
use super::{Address, Settings};
use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, ETAG, HeaderMap, HeaderName, HeaderValue, RANGE,
};
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode, Url};
use serde::Deserialize;
use std::future::Future;
use std::time::Duration;
use zoobot_base::Error;

/// How often to check for an interrupt while waiting for an answer.
const LOOK: Duration = Duration::from_millis(100);
/// The longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// The maximum size of a list of files, in bytes.
const MAX_LISTING: usize = 16 << 20;
/// The maximum size of an encoder's file, in bytes.
const MAX_FILE: u64 = 64 << 30;

/// The reason why a download failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// No connection, or a failure of the Hub: a later attempt may work.
    Unreachable(String),
    /// The Hub refused the request.
    Refused { problem: String, hint: String },
    /// Another error, such as a full disk or an interrupt.
    Other(Error),
}

type Outcome<T> = Result<T, Fault>;

/// A commit and its files.
#[derive(Debug)]
pub(super) struct Listing {
    pub commit: String,
    pub files: Vec<String>,
}

/// The identity of a file's content.
#[derive(Debug)]
pub(super) struct Meta {
    /// The SHA-256 of a large file, or Git's hash of a small one.
    pub etag: String,
    pub size: u64,
    pub url: Url,
    pub file: String,
}

/// A connection to the Hub for one address.
pub(super) struct Client {
    /// Follows redirects to any host.
    far: reqwest::Client,
    /// Follows redirects only within the Hub: the redirecting answer describes the file.
    near: reqwest::Client,
    address: Address,
    endpoint: String,
    token: bool,
}

impl Client {
    pub fn new(address: &Address, settings: &Settings) -> Outcome<Self> {
        let endpoint = Url::parse(&settings.endpoint)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| Fault::Refused {
                problem: format!("HF_ENDPOINT is {:?}, which is not an address", settings.endpoint),
                hint: "Set it to something like https://huggingface.co".into(),
            })?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(token) = &settings.token {
            let value = HeaderValue::from_str(&format!("Bearer {token}"));
            let mut value = value.map_err(|_| Fault::Refused {
                problem: "HF_TOKEN holds characters that no token has".into(),
                hint: "Set it to a token from huggingface.co/settings/tokens, or unset it".into(),
            })?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let make = |policy: Policy| {
            let mut builder = reqwest::Client::builder()
                .user_agent(concat!("zoobot/", env!("CARGO_PKG_VERSION")))
                .default_headers(headers.clone())
                .connect_timeout(CONNECT)
                .read_timeout(settings.patience)
                .redirect(policy);
            if matches!(endpoint.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
                builder = builder.no_proxy();
            }
            builder.build().map_err(|error| Fault::Unreachable(reason(&error)))
        };
        Ok(Self {
            far: make(Policy::limited(10))?,
            near: make(Policy::custom(|attempt| {
                let host =
                    |url: &Url| (url.host_str().map(str::to_owned), url.port_or_known_default());
                let same = attempt.previous().first().map(host) == Some(host(attempt.url()));
                if same && attempt.previous().len() < 10 {
                    attempt.follow()
                } else {
                    attempt.stop()
                }
            }))?,
            address: address.clone(),
            endpoint: settings.endpoint.clone(),
            token: settings.token.is_some(),
        })
    }

    fn url(&self, path: &str) -> Outcome<Url> {
        Url::parse(&format!("{}{path}", self.endpoint)).map_err(|error| Fault::Refused {
            problem: format!("{}{path} is not an address: {error}", self.endpoint),
            hint: "Check HF_ENDPOINT".into(),
        })
    }

    /// The commit of the address's revision and the names of its files.
    pub async fn listing(&self) -> Outcome<Listing> {
        #[derive(Deserialize)]
        struct Answer {
            sha: String,
            #[serde(default)]
            siblings: Vec<Sibling>,
        }
        #[derive(Deserialize)]
        struct Sibling {
            rfilename: String,
        }
        let Address { owner, name, .. } = &self.address;
        let revision = self.address.encoded_revision();
        let url = self.url(&format!("/api/models/{owner}/{name}/revision/{revision}"))?;
        let answer = wait(self.far.get(url).send()).await?;
        let mut answer = self.accepted(answer, "")?;
        let mut text = Vec::new();
        while let Some(chunk) = wait(answer.chunk()).await? {
            text.extend_from_slice(&chunk);
            if text.len() > MAX_LISTING {
                return Err(self.strange("a list of files without end"));
            }
        }
        let answer: Answer = serde_json::from_slice(&text)
            .map_err(|error| self.strange(&format!("no list of files ({error})")))?;
        if !is_commit(&answer.sha) {
            return Err(self.strange(&format!("the commit {:?}", answer.sha)));
        }
        let files = answer.siblings.into_iter().map(|sibling| sibling.rfilename).collect();
        Ok(Listing { commit: answer.sha, files })
    }

    /// The hash and size of a file.
    pub async fn meta(&self, commit: &str, file: &str) -> Outcome<Meta> {
        let Address { owner, name, .. } = &self.address;
        let url = self.url(&format!("/{owner}/{name}/resolve/{commit}/{file}"))?;
        let answer = wait(self.near.head(url.clone()).send()).await?;
        let answer = self.accepted(answer, file)?;
        // An answer that redirects has its own length and ETag.
        let direct = answer.status().is_success();
        let header = |linked: &str, own: HeaderName| {
            let own = || answer.headers().get(own).filter(|_| direct);
            Some(answer.headers().get(linked).or_else(own)?.to_str().ok()?.to_owned())
        };
        let etag = header("x-linked-etag", ETAG).unwrap_or_default();
        let etag = etag.trim_start_matches("W/").trim_matches('"').to_owned();
        // The ETag becomes a file name.
        let sound = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        if etag.is_empty() || etag.len() > 200 || etag.starts_with('.') || !etag.bytes().all(sound)
        {
            return Err(self.strange(&format!("the ETag {etag:?} for {file}")));
        }
        let size = header("x-linked-size", CONTENT_LENGTH);
        match size.and_then(|size| size.parse().ok()).filter(|size| *size <= MAX_FILE) {
            Some(size) => Ok(Meta { etag, size, url, file: file.to_owned() }),
            None => Err(self.strange(&format!("no length for {file}"))),
        }
    }

    /// Requests the bytes of a file from `start` on. An answer with status 200 contains the whole file,
    /// and one with status 416 contains nothing.
    pub async fn bytes(&self, meta: &Meta, start: u64) -> Outcome<Response> {
        let mut request = self.far.get(meta.url.clone());
        if start > 0 {
            request = request.header(RANGE, format!("bytes={start}-"));
        }
        match wait(request.send()).await? {
            none if none.status() == StatusCode::RANGE_NOT_SATISFIABLE => Ok(none),
            answer => self.accepted(answer, &meta.file),
        }
    }

    /// Returns the answer unless it is a refusal.
    fn accepted(&self, answer: Response, file: &str) -> Outcome<Response> {
        let status = answer.status();
        if status.is_success() || status.is_redirection() {
            return Ok(answer);
        }
        let code = answer.headers().get("x-error-code").and_then(|code| code.to_str().ok());
        let Address { owner, name, revision } = &self.address;
        let page = format!("{}/{owner}/{name}", self.endpoint);
        let (problem, hint) = match (status, code) {
            (_, Some("RevisionNotFound")) => (
                format!("the repository has no revision {revision:?}"),
                "Name a branch, a tag or a commit, or leave @REVISION out".to_owned(),
            ),
            (_, Some("GatedRepo")) => (
                "its owner grants access on request".to_owned(),
                format!("Request access at {page}, and set HF_TOKEN to a token of that account"),
            ),
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) if self.token => (
                "there is no such repository, or the account of HF_TOKEN may not read it"
                    .to_owned(),
                format!("Look at {page}, and check the token (huggingface.co/settings/tokens)"),
            ),
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => (
                "there is no such repository, or it is private".to_owned(),
                "Check the name. For a private one set HF_TOKEN to your token, or run \
                 `hf auth login`"
                    .to_owned(),
            ),
            (StatusCode::NOT_FOUND, _) if file.is_empty() => (
                format!("there is no such repository at {}", self.endpoint),
                "Check the name".to_owned(),
            ),
            (StatusCode::NOT_FOUND, _) => (
                format!("the file {file} is listed but does not exist"),
                "Try again later: the repository may be changing now".to_owned(),
            ),
            _ => {
                return Err(Fault::Unreachable(format!("{} answered {status}", self.endpoint)));
            }
        };
        Err(Fault::Refused { problem, hint })
    }

    fn strange(&self, found: &str) -> Fault {
        Fault::Refused {
            problem: format!("{} answered with {found}", self.endpoint),
            hint:
                "It may not be a Hugging Face Hub, or a proxy may be changing its answers: check \
                   HF_ENDPOINT and the proxy"
                    .into(),
        }
    }
}

/// Waits for an answer, and checks for an interrupt in the meantime.
pub(super) async fn wait<T>(answer: impl Future<Output = reqwest::Result<T>>) -> Outcome<T> {
    let mut answer = std::pin::pin!(answer);
    loop {
        if let Ok(answer) = tokio::time::timeout(LOOK, &mut answer).await {
            return answer.map_err(|error| Fault::Unreachable(reason(&error)));
        }
        stopped()?;
    }
}

/// Fails if the user asked to stop.
pub(super) fn stopped() -> Outcome<()> {
    let kept = || "some of it, which is kept".to_owned();
    zoobot_base::interrupt::check("fetching an encoder", kept).map_err(Fault::Other)
}

/// Describes an error by its deepest cause.
fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let host = error.url().and_then(Url::host_str).unwrap_or("the Hub").to_owned();
    let what = if error.is_timeout() { "is silent" } else { "cannot be reached" };
    format!("{host} {what} ({cause})")
}
