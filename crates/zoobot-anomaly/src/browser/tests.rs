use super::*;
use crate::journal;
use ndarray::Array2;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use zoobot_representation::space::Space;
use zoobot_simulator::Simulation;

mod said;

/// 60 galaxies with pictures; the galaxies from 50 on differ from the others.
struct Setting {
    dir: tempfile::TempDir,
    space: Space,
}

impl Setting {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let catalog = Simulation::new(60).size(32).write(dir.path()).unwrap();
        let features = Array2::from_shape_fn((60, 3), |(row, column)| {
            let noise = ((row * 7 + column * 13) % 11) as f32 / 11.0;
            noise + if row >= 50 && column == 0 { 3.0 } else { 0.0 }
        });
        let space =
            Space::new(catalog.ids().to_vec(), features).unwrap().with_catalog(&catalog).unwrap();
        Self { dir, space }
    }

    fn journal(&self) -> PathBuf {
        self.dir.path().join("ratings.jsonl")
    }

    fn search(&self) -> AnomalySearch {
        let search = AnomalySearch::new(&self.space).seed(1);
        search.journal(self.journal()).unwrap()
    }
}

/// A client of the page.
#[derive(Clone)]
struct Tab {
    port: u16,
    token: String,
}

impl Tab {
    fn of(page: &RatingPage) -> Self {
        let url = page.url();
        let rest = url.strip_prefix("http://127.0.0.1:").unwrap();
        let (port, token) = rest.split_once("/?token=").unwrap();
        assert_eq!(token.len(), 32);
        Self { port: port.parse().unwrap(), token: token.to_owned() }
    }

    /// Status, head and body.
    fn raw(&self, request: &[u8]) -> (u16, String, Vec<u8>) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // An early refusal may arrive before everything is sent.
        let _ = stream.write_all(request);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|it| it == b"\r\n\r\n").expect("an answer") + 4;
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        (head[9..12].parse().unwrap(), head, bytes[end..].to_vec())
    }

    fn send(&self, line: &str, headers: &[&str], body: &str) -> (u16, Value) {
        let host = format!("Host: 127.0.0.1:{}", self.port);
        let host = if headers.iter().any(|it| it.starts_with("Host")) { "X: 1" } else { &host };
        let headers = headers.join("\r\n");
        let end = if headers.is_empty() { "" } else { "\r\n" };
        let request = format!("{line} HTTP/1.1\r\n{host}\r\n{headers}{end}\r\n{body}");
        let (status, _, body) = self.raw(request.as_bytes());
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    fn key(&self) -> String {
        format!("X-Zoobot-Token: {}", self.token)
    }

    fn get(&self, path: &str) -> (u16, Value) {
        self.send(&format!("GET {path}"), &[&self.key()], "")
    }

    fn text(&self, path: &str) -> String {
        let (port, key) = (self.port, self.key());
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n{key}\r\n\r\n");
        let (status, _, body) = self.raw(request.as_bytes());
        assert_eq!(status, 200);
        String::from_utf8_lossy(&body).into_owned()
    }

    fn post(&self, path: &str, body: &str) -> (u16, Value) {
        let length = format!("Content-Length: {}", body.len());
        let origin = format!("Origin: http://127.0.0.1:{}", self.port);
        let headers = [&self.key(), &length, &origin, "Sec-Fetch-Site: same-origin"];
        self.send(&format!("POST {path}"), &headers, body)
    }

    fn rate(&self, id: &str, rating: u8) -> Value {
        let (status, said) =
            self.post("/api/rate", &json!({"id": id, "rating": rating}).to_string());
        assert_eq!(status, 200, "{said}");
        said
    }

    /// The state once nothing is being learnt.
    fn idle(&self) -> Value {
        let begun = Instant::now();
        loop {
            let state = self.get("/api/state").1;
            if state["training"] == false {
                return state;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{state}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn batch(&self) -> Vec<String> {
        let items = self.idle()["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn only_who_has_the_address_may_ask_and_only_from_the_page_itself() {
    let setting = Setting::new();
    let page = setting.search().rate_in_browser().unwrap();
    let tab = Tab::of(&page);
    let at = format!("GET /?token={}", tab.token);
    let (_, head, html) =
        tab.raw(format!("{at} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", tab.port).as_bytes());
    let html = String::from_utf8(html).unwrap();
    assert!(head.starts_with("HTTP/1.1 200") && html.contains("Rate galaxies"), "{head}");
    for part in
        ["frame-ancestors 'none'", "script-src 'nonce-", "no-referrer", "nosniff", "no-store"]
    {
        assert!(head.contains(part), "{part} is not in {head}");
    }
    assert!(!html.contains("ONCE") && !html.contains("https://") && !html.contains("src=\"/"));

    let status = |line: &str, headers: &[&str]| tab.send(line, headers, "").0;
    let key = tab.key();
    let (port, wrong) = (tab.port, "X-Zoobot-Token: 00000000000000000000000000000000");
    let host = |name: &str| format!("Host: {name}");
    let here = format!("localhost:{port}");
    // Any page may link to the page, such as a notebook.
    assert_eq!(status(&at, &["Sec-Fetch-Site: cross-site"]), 200);
    assert_eq!(status("GET /api/state", &[&key, &host(&here)]), 200);
    for (line, headers) in [
        ("GET /", vec![]),
        ("GET /", vec![key.as_str()]),
        ("GET /?token=", vec![]),
        ("GET /api/state", vec![]),
        ("GET /api/state", vec![wrong]),
        ("GET /api/state", vec!["X-Zoobot-Token: "]),
        ("GET /api/picture/0", vec![]),
        ("GET /nothing", vec![]),
        (&format!("GET /api/state?token={}", tab.token), vec![]),
        (&at, vec!["Host: rebound.example"]),
        (&at, vec!["Host: 127.0.0.1"]),
        (&at, vec!["Host: 127.0.0.1.example:80"]),
        (&at, vec!["Origin: https://elsewhere.example"]),
        ("GET /api/state", vec![&key, "Origin: null"]),
        ("GET /api/state", vec![&key, "Origin: http://127.0.0.1:1"]),
        ("GET /api/state", vec![&key, "Sec-Fetch-Site: cross-site"]),
        ("GET /api/state", vec![&key, "Sec-Fetch-Site: same-site"]),
    ] {
        assert_eq!(status(line, &headers), 403, "{line} {headers:?}");
    }
    let body = "{\"id\":\"x\",\"rating\":1}";
    let length = format!("Content-Length: {}", body.len());
    for origin in ["Origin: https://elsewhere.example", "Origin: null"] {
        assert_eq!(tab.send("POST /api/rate", &[&key, &length, origin], body).0, 403);
    }
}

#[test]
fn what_is_no_rating_or_no_request_is_refused_with_words_and_does_not_count() {
    let setting = Setting::new();
    let page = setting.search().rate_in_browser().unwrap();
    let tab = Tab::of(&page);
    let id = &setting.space.ids()[3];
    let refused = |body: &str, status: u16, word: &str| {
        let (said, why) = tab.post("/api/rate", body);
        assert_eq!(said, status, "{body}: {why}");
        assert!(why["error"].as_str().unwrap().contains(word), "{word:?} is not in {why}");
    };
    for value in ["7", "-1", "2.5", "\"abc\"", "null", "[5]", "\"\"", "1e99"] {
        let body = format!("{{\"id\":\"{id}\",\"rating\":{value}}}");
        refused(&body, 400, "must be a whole number from 0 to 5");
    }
    refused("{\"id\":\"nobody\",\"rating\":1}", 404, "no galaxy \"nobody\"");
    refused("{\"id\":\"\",\"rating\":1}", 404, "no galaxy");
    refused(&format!("{{\"id\":\"{id}\"}}"), 400, "rating");
    refused(&format!("{{\"id\":\"{id}\",\"rating\":1,\"user\":\"eve\"}}"), 400, "user");
    for body in ["", "{", "[]", "rating=1", "\u{0}"] {
        refused(body, 400, "");
    }
    refused(
        &format!("{{\"id\":\"{}\"}}", "x".repeat(zoobot_show::web::http::BODY)),
        413,
        "at most 16384",
    );

    let key = tab.key();
    let status = |line: &str, headers: &[&str], body: &str| tab.send(line, headers, body).0;
    assert_eq!(status("POST /api/rate", &[&key], ""), 411);
    assert_eq!(status("POST /api/rate", &[&key, "Transfer-Encoding: chunked"], "0\r\n\r\n"), 411);
    assert_eq!(
        status("POST /api/rate", &[&key, "Content-Length: 99999999999999999999999"], ""),
        413
    );
    assert_eq!(status("POST /api/rate", &[&key, "Content-Length: -1"], ""), 400);
    assert_eq!(
        status("POST /api/undo", &[&key, "Content-Length: 1", "Content-Length: 2"], "{}"),
        400
    );
    assert_eq!(status("PUT /api/rate", &[&key], ""), 405);
    assert_eq!(status("GET http://127.0.0.1/", &[&key], ""), 400);
    assert_eq!(status("GET /api/rate", &[&key], ""), 404);
    assert_eq!(status("GET /", &[&format!("Cookie: {}", "x".repeat(40_000))], ""), 413);
    assert_eq!(tab.raw(b"nonsense\r\n\r\n").0, 400);
    assert_eq!(tab.raw(b"GET / HTTP/2.0\r\n\r\n").0, 505);
    assert!(page.ratings().height() == 0);
    assert!(journal::read(setting.journal()).unwrap().is_empty());
}

#[test]
fn pictures_go_by_row_and_nothing_else_on_the_disk_can_be_had() {
    let setting = Setting::new();
    std::fs::write(setting.dir.path().join("secret.png"), "secret").unwrap();
    let page = setting.search().rate_in_browser().unwrap();
    let tab = Tab::of(&page);
    assert!(tab.text("/api/picture/59?side=64").contains("JFIF"));
    for path in [
        "/api/picture/60",
        "/api/picture/-1",
        "/api/picture/+1",
        "/api/picture/",
        "/api/picture/99999999999999999999999999",
        "/api/picture/secret.png",
        "/api/picture/../secret.png",
        "/api/picture/..%2fsecret.png",
        "/api/picture/%2e%2e/secret.png",
        "/api/picture/0/../../secret.png",
        "/api/picture//etc/passwd",
        "/api/picture/..\\secret.png",
        "/../secret.png",
        "/secret.png",
        "/api/galaxy/60",
    ] {
        let (status, said) = tab.get(path);
        assert_eq!(status, 404, "{path}: {said}");
        assert!(!said.to_string().contains("\"secret\""), "{said}");
    }
    for side in ["0", "31", "1025", "x", "99999999999"] {
        assert_eq!(tab.get(&format!("/api/picture/1?side={side}")).0, 400, "{side}");
    }
    let known = tab.get("/api/galaxy/1").1;
    assert!(known["about"].to_string().contains("axis_ratio"), "{known}");
    zoobot_testing::recorded_fits(setting.dir.path());
    let files = setting.space.catalog().unwrap().files();
    std::fs::copy(setting.dir.path().join("radio_cube.fits"), &files[6]).unwrap();
    assert!(tab.text("/api/picture/6?side=64").contains("JFIF"));
    let file = files[5].clone();
    std::fs::write(file, "no picture").unwrap();
    let (status, said) = tab.get("/api/picture/5");
    assert_eq!(status, 404);
    assert!(said["error"].as_str().unwrap().contains("it is not a picture"), "{said}");
}

#[test]
fn a_batch_after_the_other_is_rated_and_the_ranking_follows() {
    let setting = Setting::new();
    let mut search = setting.search().user("ana");
    let page = search.rate_in_browser().unwrap();
    let tab = Tab::of(&page);
    let state = tab.idle();
    assert_eq!(
        (&state["galaxies"], &state["batch"], &state["user"]),
        (&60.into(), &1.into(), &"ana".into())
    );
    assert!(state["ranking"].is_null() && state["items"][0]["why"] == "random, to begin with");
    assert_eq!(tab.get("/api/ranking").0, 400);
    assert_eq!(tab.get("/api/ranking.csv").0, 400);
    assert_eq!(tab.batch(), search.next().unwrap().ids());
    let rate_all = || {
        let batch = tab.batch();
        for id in &batch {
            tab.rate(id, if setting.space.row(id).unwrap() >= 50 { 5 } else { 0 });
        }
        batch
    };
    let first = rate_all();
    let state = tab.idle();
    assert_eq!((&state["batch"], &state["rated"]), (&2.into(), &10.into()));
    assert_eq!(state["ranking"]["fresh"], true);
    assert!(tab.batch().iter().all(|id| !first.contains(id)));
    rate_all();
    rate_all();
    let state = tab.idle();
    assert!(state["items"][0]["why"].as_str().unwrap().contains("expected "), "{state}");
    // The notebook shares the ratings.
    assert_eq!(search.ratings().len(), 30);
    let odd = |ids: &[String]| ids.iter().filter(|id| setting.space.row(id).unwrap() >= 50).count();
    assert_eq!(odd(page.ranking(10).unwrap().ids()), 10);
    assert!(page.ranking(0).is_err());
    let ranking = tab.get("/api/ranking?count=10").1;
    assert_eq!((ranking["items"].as_array().unwrap().len(), &ranking["all"]), (10, &60.into()));
    let ids: Vec<String> = ranking["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["id"].as_str().unwrap().into())
        .collect();
    assert_eq!((odd(&ids), &ranking["items"][0]["rank"]), (10, &1.into()));
    let open = tab.get("/api/ranking?unrated=true&count=500&from=5").1;
    assert_eq!((open["items"].as_array().unwrap().len(), &open["all"]), (25, &30.into()));
    assert!(open["items"][0]["rating"].is_null() && open["items"][0]["rank"] == 6);
    let rated = tab.get("/api/rated").1;
    assert_eq!((&rated["all"], rated["items"].as_array().unwrap().len()), (&30.into(), 30));
    assert!(tab.text("/api/ratings.csv").starts_with("id_str,rating,liked\n"));
    let csv = tab.text("/api/ranking.csv");
    assert!(
        csv.starts_with("rank,id_str,expected,deviation,rating\n") && csv.lines().count() == 61
    );

    // The top of the ranking, if asked for.
    let unrated = search.ranking().unwrap().unrated().head(10).ids().to_vec();
    assert_eq!(tab.post("/api/retrain", "{\"choice\":\"top\"}").0, 200);
    let state = tab.idle();
    assert_eq!((&state["choice"], tab.batch()), (&"top".into(), unrated));
    assert!(
        state["items"][0]["why"].as_str().unwrap().starts_with("number 1 of the unrated"),
        "{state}"
    );
    assert_eq!(tab.post("/api/retrain", "{\"choice\":\"best\"}").0, 400);
}

#[test]
fn a_rating_is_taken_back_and_its_galaxy_comes_again() {
    let setting = Setting::new();
    let mut search = setting.search();
    let page = search.rate_in_browser().unwrap();
    let tab = Tab::of(&page);
    assert_eq!(tab.post("/api/undo", "{}").1, json!({ "undone": null }));
    let batch = tab.batch();
    batch.iter().for_each(|id| drop(tab.rate(id, 1)));
    assert_ne!(tab.batch(), batch);
    let undone = tab.post("/api/undo", "{}").1["undone"].clone();
    assert_eq!(undone["id"], batch[9]);
    let state = tab.idle();
    assert_eq!((&state["items"][0]["id"], &state["rated"]), (&batch[9].clone().into(), &9.into()));
    assert_eq!(
        (&state["ranking"]["fresh"], &state["ranking"]["ratings"]),
        (&false.into(), &10.into())
    );
    // The page also knows what the notebook rates.
    search.rate(&batch[9], 4).unwrap();
    assert_eq!(tab.get("/api/state").1["items"][0]["rating"], 4);
    let left = tab.batch();
    left[1..].iter().for_each(|id| search.rate(id, 0).unwrap());
    tab.get("/api/state");
    assert!(tab.batch().iter().all(|id| !left.contains(id)), "a new batch follows");
}

#[test]
fn tabs_that_rate_at_once_lose_nothing_and_the_last_one_wins() {
    let setting = Setting::new();
    let page = setting.search().rate_in_browser().unwrap();
    let tab = Tab::of(&page);
    let ids = setting.space.ids();
    let mut acknowledged: Vec<(String, u8)> = std::thread::scope(|scope| {
        let tabs: Vec<_> = (0..4_usize)
            .map(|number| {
                let tab = tab.clone();
                scope.spawn(move || {
                    let rate = |turn: usize| {
                        // One rating in five is of a galaxy that all tabs rate.
                        let row =
                            if turn.is_multiple_of(5) { 0 } else { (number * 13 + turn) % 60 };
                        let value = ((number + turn) % 6) as u8;
                        tab.rate(&ids[row], value);
                        (ids[row].clone(), value)
                    };
                    (0..25).map(rate).collect::<Vec<_>>()
                })
            })
            .collect();
        tabs.into_iter().flat_map(|tab| tab.join().unwrap()).collect()
    });
    let lines = journal::read(setting.journal()).unwrap();
    let mut kept: Vec<(String, u8)> =
        lines.iter().map(|line| (line.id_str.clone(), line.rating.unwrap())).collect();
    let last = kept.iter().rev().find(|(id, _)| *id == ids[0]).unwrap().1;
    let shown = page.search().ratings().iter().find(|it| it.row == 0).unwrap().value;
    assert_eq!(shown, last);
    kept.sort();
    acknowledged.sort();
    assert_eq!(kept, acknowledged);
}

#[test]
fn who_dawdles_keeps_nobody_waiting() {
    let setting = Setting::new();
    let page = setting.search().rate_in_browser().unwrap();
    let tab = Tab::of(&page);
    let silent = TcpStream::connect(("127.0.0.1", tab.port)).unwrap();
    let mut half = TcpStream::connect(("127.0.0.1", tab.port)).unwrap();
    half.write_all(b"POST /api/rate HTTP/1.1\r\nHo").unwrap();
    let begun = Instant::now();
    assert_eq!(tab.get("/api/state").0, 200);
    assert!(begun.elapsed() < Duration::from_secs(5));
    // More connections than are served at once: the others are refused, and service continues.
    let many: Vec<_> =
        (0..100).filter_map(|_| TcpStream::connect(("127.0.0.1", tab.port)).ok()).collect();
    drop((silent, half, many));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(tab.get("/api/state").0, 200);
    // Stopping does not wait for slow clients.
    let _silent = TcpStream::connect(("127.0.0.1", tab.port)).unwrap();
    page.stop();
    assert!(begun.elapsed() < Duration::from_secs(9));
}

#[test]
fn the_page_stays_until_it_is_stopped_or_nobody_holds_it() {
    let setting = Setting::new();
    let closed = |port: u16| TcpStream::connect(("127.0.0.1", port)).is_err();
    let mut search = setting.search();
    // As if a cell ends with the call: the search holds the page.
    let url = search.rate_in_browser().unwrap().url();
    let page = search.rate_in_browser().unwrap();
    assert_eq!(page.url(), url);
    let tab = Tab::of(&page);
    let shown = page.show();
    assert!(shown.get("text/plain").unwrap().contains(&url));
    assert!(shown.get("text/html").unwrap().contains(&format!("href=\"{url}\"")));
    tab.rate(&setting.space.ids()[4], 5);
    assert!(page.show().get("text/plain").unwrap().contains("1 galaxy rated"));
    assert_eq!(page.ratings().height(), 1);
    page.stop();
    page.stop();
    assert!(closed(tab.port) && !page.is_running());
    assert_eq!(search.ratings().len(), 1);
    assert!(page.show().get("text/plain").unwrap().contains("closed"));

    let again = search.rate_in_browser().unwrap();
    assert_ne!(again.url(), url);
    let tab = Tab::of(&again);
    // Other settings open another page; only its handle holds the first.
    let mut search = search.batch(5);
    assert_ne!(search.rate_in_browser().unwrap().url(), again.url());
    assert_eq!(tab.get("/api/state").0, 200);
    drop(again);
    assert!(closed(tab.port));
    let last = Tab::of(&search.rate_in_browser().unwrap());
    assert_eq!(last.get("/api/state").0, 200);
    drop(search);
    assert!(closed(last.port));
}

#[test]
fn without_pictures_there_is_no_page() {
    let space = Space::new(vec!["a".into(), "b".into()], Array2::zeros((2, 1))).unwrap();
    let message = AnomalySearch::new(&space).rate_in_browser().unwrap_err().to_string();
    assert!(message.contains("with_catalog"), "{message}");
}
