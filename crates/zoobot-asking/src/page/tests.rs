use super::*;
use crate::read_answers;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use zoobot_simulator::Simulation;

/// 12 galaxies with pictures.
struct Setting {
    dir: tempfile::TempDir,
    catalog: Catalog,
}

impl Setting {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let catalog = Simulation::new(12).size(32).write(dir.path()).unwrap();
        Self { dir, catalog }
    }

    fn asking(&self) -> Asking {
        let schema = Schema::named("decals_dr5").unwrap();
        Asking::new(&self.catalog, &schema, "bar-dr5").unwrap().journal(self.journal())
    }

    fn journal(&self) -> PathBuf {
        self.dir.path().join("bars.jsonl")
    }

    fn id(&self, row: usize) -> &str {
        &self.catalog.ids()[row]
    }
}

/// A client of the page.
struct Tab {
    port: u16,
    token: String,
}

impl Tab {
    fn of(page: &AskingPage) -> Self {
        let url = page.url();
        let rest = url.strip_prefix("http://127.0.0.1:").unwrap();
        let (port, token) = rest.split_once("/?token=").unwrap();
        Self { port: port.parse().unwrap(), token: token.to_owned() }
    }

    fn send(&self, line: &str, body: Option<&str>) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let length = body.map(|it| format!("Content-Length: {}\r\n", it.len())).unwrap_or_default();
        let (port, token) = (self.port, &self.token);
        let head = format!(
            "{line} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-Zoobot-Token: {token}\r\n{length}\r\n"
        );
        stream.write_all((head + body.unwrap_or_default()).as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
        (std::str::from_utf8(&bytes[9..12]).unwrap().parse().unwrap(), bytes[end..].to_vec())
    }

    fn get(&self, path: &str) -> (u16, String) {
        let (status, body) = self.send(&format!("GET {path}"), None);
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let (status, said) = self.send(&format!("POST /api/{path}"), Some(&body.to_string()));
        (status, serde_json::from_slice(&said).unwrap_or(Value::Null))
    }

    /// The galaxy that a person is asked next.
    fn next(&self, user: &str) -> Option<String> {
        let state = self.post("state", &json!({ "user": user })).1;
        state["next"][0]["id"].as_str().map(str::to_owned)
    }

    fn answer(&self, user: &str, id: &str, answer: &str) -> Value {
        let (status, said) =
            self.post("answer", &json!({ "user": user, "id": id, "answer": answer }));
        assert_eq!(status, 200, "{said}");
        said
    }
}

#[test]
fn people_answer_each_in_turn_and_their_answers_are_votes() {
    let setting = Setting::new();
    let page = setting.asking().open().unwrap();
    let tab = Tab::of(&page);
    let state = tab.post("state", &json!({ "user": "ana" })).1;
    assert_eq!(
        (&state["galaxies"], &state["answered"], &state["words"]),
        (&12.into(), &0.into(), &"Bar".into())
    );
    let names: Vec<&str> = state["answers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["strong", "weak", "no"]);
    for (row, answer) in ["strong", "no", "weak"].into_iter().enumerate() {
        assert_eq!(tab.next("ana").as_deref(), Some(setting.id(row)));
        tab.answer("ana", setting.id(row), answer);
    }
    assert_eq!(tab.next(" ben ").as_deref(), Some(setting.id(0)));
    tab.answer("ben", setting.id(0), "weak");
    assert_eq!(tab.post("skip", &json!({ "user": "ben", "id": setting.id(1) })).1["skipped"], 1);
    let state = tab.post("state", &json!({ "user": "ben" })).1;
    assert_eq!(
        (&state["next"][0]["id"], &state["people"]),
        (&setting.id(2).into(), &json!(["ana", "ben"]))
    );
    let votes = page.votes().unwrap();
    let bar = votes.schema().question("bar-dr5").unwrap().range();
    let row = votes.ids().iter().position(|it| it == setting.id(0)).unwrap();
    assert_eq!(votes.counts().row(row).to_vec()[bar], [1.0, 1.0, 0.0]);
    assert_eq!(votes.counts().sum(), 4.0);
    assert!(tab.get("/api/votes.csv").1.lines().count() == 4);
    assert!(tab.get("/api/answers.csv").1.starts_with("volunteer,id_str,question,answer\n"));
    // The journal says the same, also after the page.
    page.stop();
    let read = read_answers(setting.journal(), &Schema::named("decals_dr5").unwrap()).unwrap();
    assert!(read.table().equals(&page.answers()));
    // Another page goes on from there.
    let page = setting.asking().open().unwrap();
    assert_eq!(Tab::of(&page).next("ana").as_deref(), Some(setting.id(3)));
}

#[test]
fn an_answer_is_taken_back_and_its_galaxy_comes_first() {
    let setting = Setting::new();
    let page = setting.asking().open().unwrap();
    let tab = Tab::of(&page);
    let undo = |user: &str| tab.post("undo", &json!({ "user": user })).1;
    assert!(undo("ana")["undone"].is_null());
    for row in 0..4 {
        tab.answer("ana", setting.id(row), "no");
    }
    tab.answer("ben", setting.id(0), "strong");
    let undone = undo("ana");
    assert_eq!(
        (&undone["undone"], &undone["next"][0]["id"]),
        (&setting.id(3).into(), &setting.id(3).into())
    );
    assert_eq!(undo("ana")["undone"], setting.id(2));
    assert_eq!(tab.answer("ana", setting.id(2), "weak")["next"][0]["id"], setting.id(3));
    assert_eq!(page.answers().height(), 4);
    // Undoing is on the disk, too.
    drop(page);
    let page = setting.asking().open().unwrap();
    let counts = page.votes().unwrap().counts().sum_axis(ndarray::Axis(0)).to_vec();
    let bar = Schema::named("decals_dr5").unwrap().question("bar-dr5").unwrap().range();
    assert_eq!(counts[bar], [1.0, 1.0, 2.0]);
}

#[test]
fn what_is_no_answer_is_refused_and_does_not_count() {
    let setting = Setting::new();
    let page = setting.asking().open().unwrap();
    let tab = Tab::of(&page);
    let id = setting.id(0);
    for (path, body, status, word) in [
        ("answer", json!({ "user": "a", "id": id, "answer": "yes" }), 404, "no answer \"yes\""),
        (
            "answer",
            json!({ "user": "a", "id": "nobody", "answer": "no" }),
            404,
            "no galaxy \"nobody\"",
        ),
        ("answer", json!({ "user": "a", "id": id }), 400, "answer"),
        ("answer", json!({ "user": "a", "id": id, "answer": "no", "at": 1 }), 400, "at"),
        (
            "answer",
            json!({ "user": "x".repeat(65), "id": id, "answer": "no" }),
            400,
            "64 characters",
        ),
        ("answer", json!({ "user": "a\nb", "id": id, "answer": "no" }), 400, "end of line"),
        ("skip", json!({ "user": "a", "id": "nobody" }), 404, "nobody"),
        ("state", json!([1, 2]), 400, ""),
        ("nothing", json!({}), 404, "no such address"),
    ] {
        let (said, why) = tab.post(path, &body);
        assert_eq!(said, status, "{path} {body}: {why}");
        assert!(why["error"].as_str().unwrap().contains(word), "{word:?} is not in {why}");
    }
    assert!(page.answers().height() == 0 && std::fs::read(setting.journal()).unwrap().is_empty());
    assert!(tab.get("/api/picture/11?side=64").1.contains("JFIF"));
    for path in ["/api/picture/12", "/api/picture/-1", "/api/picture/../bars.jsonl", "/bars.jsonl"]
    {
        assert_eq!(tab.get(path).0, 404, "{path}");
    }
    assert_eq!(tab.get("/api/picture/1?side=5").0, 400);
    let stranger = Tab { token: "0".repeat(32), ..Tab::of(&page) };
    assert_eq!(stranger.post("state", &json!({})).0, 403);
}

#[test]
fn a_galaxy_is_shown_to_as_many_people_as_wanted() {
    let setting = Setting::new();
    let page = setting.asking().people(2).open().unwrap();
    let tab = Tab::of(&page);
    tab.answer("ana", setting.id(0), "no");
    assert_eq!(tab.next("ben").as_deref(), Some(setting.id(0)));
    tab.answer("ben", setting.id(0), "no");
    assert_eq!(tab.next("cy").as_deref(), Some(setting.id(1)));
    // Who has answered may still change the answer; skipping is not answering.
    tab.post("skip", &json!({ "user": "cy", "id": setting.id(1) }));
    tab.answer("ana", setting.id(1), "no");
    assert_eq!(tab.next("ben").as_deref(), Some(setting.id(1)));
    assert!(setting.asking().people(0).open().is_err());
}

#[test]
fn tabs_that_answer_at_once_lose_nothing() {
    let setting = Setting::new();
    let page = setting.asking().open().unwrap();
    std::thread::scope(|scope| {
        for user in ["ana", "ben", "cy", "dee"] {
            let (tab, setting) = (Tab::of(&page), &setting);
            scope.spawn(move || {
                for row in 0..12 {
                    tab.answer(user, setting.id(row), ["strong", "weak", "no"][row % 3]);
                }
                assert_eq!(tab.next(user), None);
            });
        }
    });
    assert_eq!(page.answers().height(), 48);
    let read = read_answers(setting.journal(), &Schema::named("decals_dr5").unwrap()).unwrap();
    assert_eq!(read.len(), 48);
}

#[test]
fn classes_and_wrong_questions() {
    let setting = Setting::new();
    let page =
        Asking::classes(&setting.catalog, &["ring", "shell", "neither"]).unwrap().open().unwrap();
    let tab = Tab::of(&page);
    tab.answer("", setting.id(4), "shell");
    assert_eq!(page.votes().unwrap().counts().row(0).to_vec(), [0.0, 1.0, 0.0]);
    assert!(page.show().get("text/plain").unwrap().contains("1 answer"));
    let html = tab.send(&format!("GET /?token={}", tab.token), None).1;
    let html = String::from_utf8(html).unwrap();
    assert!(
        html.contains("Classify galaxies")
            && !html.contains("ONCE")
            && !html.contains("SCRIPT</script>")
    );
    let schema = Schema::named("decals_dr5").unwrap();
    let message = Asking::new(&setting.catalog, &schema, "bar").unwrap_err().to_string();
    assert!(message.contains("bar-dr5"), "{message}");
    let many: Vec<String> = (0..10).map(|it| it.to_string()).collect();
    assert!(
        Asking::classes(&setting.catalog, &many).unwrap_err().to_string().contains("10 answers")
    );
    assert!(Asking::new(&setting.catalog.head(0), &schema, "bar-dr5").is_err());
    // An answer in the journal that is none of the classes.
    std::fs::write(
        setting.journal(),
        "{\"id_str\":\"a\",\"question\":\"class\",\"answer\":\"bar\"}\n",
    )
    .unwrap();
    let asking =
        Asking::classes(&setting.catalog, &["ring", "shell"]).unwrap().journal(setting.journal());
    assert!(asking.open().unwrap_err().to_string().contains("no answer \"bar\""));
}
