//! The part of HTTP/1.1 that a page on this machine needs, and no more: one request per connection, of
//! bounded size, read in bounded time.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// The maximum size of a request's first line and headers, in bytes. They include the cookies of other
/// servers on this machine, such as Jupyter, which are long.
const HEAD: usize = 32 << 10;
/// The maximum number of headers of a request.
const HEADERS: usize = 100;
/// The maximum size of a request's body, in bytes.
pub const BODY: usize = 16 << 10;
/// The time limit for receiving a request.
const ARRIVING: Duration = Duration::from_secs(10);
/// The time limit for sending an answer.
const LEAVING: Duration = Duration::from_secs(30);

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

/// A complete request.
#[derive(Debug)]
pub struct Request {
    pub method: Method,
    /// The part before a `?`.
    pub path: String,
    query: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// The value of a header; `name` is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a query parameter, without decoding.
    pub fn query(&self, name: &str) -> Option<&str> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

/// An answer.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    kind: &'static str,
    pub body: Vec<u8>,
    policy: Option<String>,
}

impl Response {
    /// 200 with these bytes.
    pub fn of(kind: &'static str, body: Vec<u8>) -> Self {
        Self { status: 200, kind, body, policy: None }
    }

    /// 200 with JSON.
    pub fn json(value: &serde_json::Value) -> Self {
        Self::of("application/json", value.to_string().into_bytes())
    }

    /// A refusal, with a reason for the user of the page.
    pub fn refusal(status: u16, why: impl Into<String>) -> Self {
        let body = serde_json::json!({ "error": why.into() });
        Self { status, ..Self::json(&body) }
    }

    /// Sets the content security policy, which says what the page may load (default nothing).
    pub fn policy(self, policy: String) -> Self {
        Self { policy: Some(policy), ..self }
    }

    fn bytes(&self) -> Vec<u8> {
        let reason = match self.status {
            200 => "OK",
            400 => "Bad Request",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            408 => "Request Timeout",
            411 => "Length Required",
            413 => "Content Too Large",
            503 => "Service Unavailable",
            505 => "HTTP Version Not Supported",
            _ => "Internal Server Error",
        };
        let policy = self.policy.as_deref().unwrap_or("default-src 'none'; frame-ancestors 'none'");
        let head = format!(
            "HTTP/1.1 {} {reason}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\
             Cache-Control: no-store\r\nContent-Security-Policy: {policy}\r\n\
             Cross-Origin-Opener-Policy: same-origin\r\nCross-Origin-Resource-Policy: same-origin\r\n\
             Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
             X-Frame-Options: DENY\r\n\r\n",
            self.status,
            self.kind,
            self.body.len(),
        );
        [head.as_bytes(), &self.body].concat()
    }
}

/// Reads one request and writes the answer, or the reason why the request cannot be read.
pub fn serve(mut stream: TcpStream, answer: impl FnOnce(&Request) -> Response) {
    let until = Instant::now() + ARRIVING;
    let response = match read(&mut stream, until) {
        Ok(Some(request)) => answer(&request),
        Ok(None) => return,
        Err(response) => response,
    };
    let _ = stream.set_write_timeout(Some(LEAVING));
    // The client may be gone; then there is nobody to tell.
    if stream.write_all(&response.bytes()).is_ok() {
        let _ = stream.shutdown(Shutdown::Write);
        drain(&mut stream);
    }
}

/// Reads the rest of what the client sends, for a moment: closing the connection with unread bytes would
/// reset it, and the answer would be lost.
fn drain(stream: &mut TcpStream) {
    let until = Instant::now() + Duration::from_secs(1);
    let mut left = 1 << 20;
    let mut bytes = [0; 4096];
    while left > 0 && Instant::now() < until {
        let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
        match stream.read(&mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(read) => left = usize::saturating_sub(left, read),
        }
    }
}

/// Reads a request; `None` if the connection was closed before a request came.
fn read(stream: &mut TcpStream, until: Instant) -> Result<Option<Request>, Response> {
    let mut bytes = Vec::new();
    let length = loop {
        match end_of_head(&bytes) {
            Some(length) => break length,
            None if bytes.len() >= HEAD => {
                return Err(Response::refusal(413, "the request's headers are too large"));
            }
            None if !more(stream, &mut bytes, until)? => {
                let cut_off = || Response::refusal(400, "the request is cut off");
                return if bytes.is_empty() { Ok(None) } else { Err(cut_off()) };
            }
            None => {}
        }
    };
    let (mut request, expected) = head(&bytes[..length])?;
    let mut body = bytes.split_off(length);
    while body.len() < expected {
        if !more(stream, &mut body, until)? {
            return Err(Response::refusal(400, "the request is cut off"));
        }
    }
    body.truncate(expected);
    request.body = body;
    Ok(Some(request))
}

/// Reads the next bytes; false at the end of the connection.
fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>, until: Instant) -> Result<bool, Response> {
    let late = || Response::refusal(408, "the request took too long");
    let left = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
    let waiting = stream.set_read_timeout(Some(left.ok_or_else(late)?));
    let mut piece = [0; 4096];
    match waiting.and_then(|()| stream.read(&mut piece)) {
        Ok(read) => {
            bytes.extend_from_slice(&piece[..read]);
            Ok(read > 0)
        }
        Err(error) if error.kind() == std::io::ErrorKind::Interrupted => Ok(true),
        Err(_) if bytes.is_empty() => Ok(false),
        Err(_) => Err(late()),
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|place| place + 4)
}

/// The request without its body, and the length of the body.
fn head(bytes: &[u8]) -> Result<(Request, usize), Response> {
    let bad = |why: &str| Response::refusal(400, why);
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length == bytes.len() => {}
        Err(httparse::Error::Version) => {
            return Err(Response::refusal(505, "only HTTP/1.1 is supported"));
        }
        _ => return Err(bad("this is not an HTTP request")),
    }
    let method = match parsed.method {
        Some("GET") => Method::Get,
        Some("POST") => Method::Post,
        _ => return Err(Response::refusal(405, "only GET and POST are supported")),
    };
    let target = parsed.path.filter(|target| target.starts_with('/'));
    let target = target.ok_or_else(|| bad("the request's path must begin with /"))?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = parsed.headers.iter().map(|header| {
        let value = std::str::from_utf8(header.value).map_err(|_| bad("a header is not text"))?;
        Ok((header.name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    let headers = headers.collect::<Result<Vec<_>, Response>>()?;
    for single in ["host", "origin", "content-length", "x-zoobot-token"] {
        if headers.iter().filter(|(name, _)| name == single).count() > 1 {
            return Err(bad("a header that may occur once occurs twice"));
        }
    }
    let (path, query) = (path.to_owned(), query.to_owned());
    let request = Request { method, path, query, headers, body: Vec::new() };
    if request.header("transfer-encoding").is_some() {
        return Err(Response::refusal(411, "the request must give the length of its body"));
    }
    let length = match request.header("content-length") {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            // A number that does not fit is too large as well.
            digits.parse().unwrap_or(if digits.is_empty() { 0 } else { usize::MAX })
        }
        Some(_) => return Err(bad("the length of the request's body is not a number")),
        None if method == Method::Post => {
            return Err(Response::refusal(411, "the request must give the length of its body"));
        }
        None => 0,
    };
    if length > BODY {
        let why = format!("the request has {length} bytes, but at most {BODY} are accepted");
        return Err(Response::refusal(413, why));
    }
    Ok((request, length))
}
