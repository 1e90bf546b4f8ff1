//! Checks which requests are allowed: with the page's address, and from the page itself.

use super::http::{Request, Response};

/// The length of a token in bytes.
const BYTES: usize = 16;

/// 128 random bits from the operating system, as 32 hexadecimal digits.
pub fn token() -> std::io::Result<String> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The refusal of a request that is not allowed, else `None`. The token is in the address of the page
/// (`/`) and in the header `X-Zoobot-Token` of every other request.
pub fn refused(request: &Request, port: u16, token: &str) -> Option<Response> {
    let refuse = |why: &str| Some(Response::refusal(403, why));
    let page = request.path == "/";
    // Any other host name belongs to a page elsewhere that made its name point here (DNS rebinding).
    let here = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["127.0.0.1", "localhost"].iter().any(|host| name == format!("{host}:{port}"))
    };
    if !request.header("host").is_some_and(here) {
        return refuse("this server answers to 127.0.0.1 only");
    }
    let origin = |from: &str| from.strip_prefix("http://").is_some_and(here);
    if request.header("origin").is_some_and(|from| !origin(from)) {
        return refuse("only the page itself may send requests");
    }
    // A link to the page may be anywhere, such as in a notebook.
    let site = request.header("sec-fetch-site");
    if !page && site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return refuse("only the page itself may send requests");
    }
    let shown = if page { request.query("token") } else { request.header("x-zoobot-token") };
    if !shown.is_some_and(|shown| same(shown, token)) {
        return refuse("open the page by the whole address that the notebook shows");
    }
    None
}

/// Whether two texts are equal; the time it takes does not reveal where they differ.
fn same(one: &str, other: &str) -> bool {
    let differ = one.bytes().zip(other.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b));
    one.len() == other.len() && differ == 0
}
