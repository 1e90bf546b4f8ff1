use super::*;
use std::process::{Command, Output};

fn reading(done: usize, total: Option<usize>) -> Reading {
    Reading {
        what: "encoding".into(),
        done,
        total,
        rate: 48.4,
        elapsed: Duration::from_secs(6),
        note: String::new(),
    }
}

#[test]
fn the_line_has_bar_count_rate_and_time_left() {
    assert_eq!(
        reading(300, Some(600)).line(),
        "encoding ██████████░░░░░░░░░░ 300 of 600, 48/s, 6.2 s left"
    );
    assert_eq!(reading(1500, None).line(), "encoding 1,500, 48/s");
    assert!(reading(0, Some(0)).line().starts_with("encoding 0 of 0"));
    let slow = Reading { rate: 0.2, ..reading(1, Some(3)) };
    assert!(slow.line().ends_with("1 of 3, 5.0 s each, 10 s left"), "{}", slow.line());
    let noted = Reading { note: "x".repeat(200), ..reading(1, Some(3)) };
    assert_eq!(noted.line().chars().count(), LINE);
}

#[test]
fn the_end_says_what_was_done_or_where_it_stopped() {
    assert_eq!(reading(600, Some(600)).summary(), "encoding: 600 in 6.0 s (48/s)");
    assert_eq!(reading(300, Some(600)).summary(), "encoding: stopped at 300 of 600 after 6.0 s");
}

#[test]
fn the_notebook_form_is_a_bar_with_escaped_words() {
    let bundle = Reading { note: "<b>".into(), ..reading(150, Some(600)) }.bundle(false);
    let html = bundle.get("text/html").unwrap();
    assert!(html.contains("width:25.0%") && html.contains("&lt;b&gt;") && !html.contains("<b>"));
    assert!(bundle.get("text/plain").unwrap().contains("150 of 600"));
}

#[test]
fn threads_share_one_count() {
    let progress = Progress::new("counting", Some(4000));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..1000).for_each(|_| progress.advance(1)));
        }
    });
    assert_eq!(progress.done(), 4000);
}

/// Not a test itself: the tests below run it in a process with a different environment.
#[test]
#[ignore = "run by other tests"]
fn long_call() {
    let progress = Progress::new("waiting", Some(30));
    for _ in 0..30 {
        std::thread::sleep(Duration::from_millis(30));
        progress.advance(1);
    }
}

fn run_long_call(kernel: bool) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "notebook::progress::tests::long_call", "--ignored", "--nocapture"]);
    command.env_remove("ZOOBOT_KERNEL");
    if kernel {
        command.env("ZOOBOT_KERNEL", "1");
    }
    command.output().unwrap()
}

#[test]
fn nothing_is_printed_where_standard_error_is_no_terminal() {
    let output = run_long_call(false);
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("1 passed") && !stdout.contains("waiting"), "{stdout}");
}

#[test]
fn in_the_kernel_one_display_is_made_and_then_updated_in_place() {
    let output = run_long_call(true);
    let text = String::from_utf8(output.stdout).unwrap();
    let messages: Vec<serde_json::Value> = text
        .lines()
        .filter_map(|line| line.split_once(super::super::MARK))
        .map(|(_, json)| serde_json::from_str(json).unwrap())
        .collect();
    assert!(messages.len() >= 2, "{text}");
    let id = messages[0]["id"].as_str().unwrap();
    assert!(messages.iter().all(|it| it["id"] == id && it["kind"] == "display"));
    let updates: Vec<bool> = messages.iter().map(|it| it["update"] == true).collect();
    assert!(!updates[0] && updates[1..].iter().all(|it| *it), "{updates:?}");
    let last = messages.last().unwrap()["data"]["text/plain"].as_str().unwrap();
    assert!(last.starts_with("waiting: 30 in "), "{last}");
}
