//! The page for ratings as a user sees it, in headless Chromium: `tests/python/rating_page.py`. Without the
//! Python environment of `cargo xtask setup` or without Chromium the test is skipped and says so.

use std::process::Command;
use zoobot_tests::{program, python, repository};

#[test]
fn a_person_rates_by_clicks_and_keys_in_two_tabs() {
    let Some(python) = python() else {
        zoobot_tests::skip("run cargo xtask setup");
        return;
    };
    if !Command::new("chromium").arg("--version").output().is_ok_and(|it| it.status.success()) {
        zoobot_tests::skip("there is no chromium on the PATH (apt-get install chromium)");
        return;
    }
    let zoobot = program("zoobot").unwrap();
    let out = zoobot.parent().unwrap().join("rating_page");
    let output = Command::new(python)
        .arg(repository().join("tests/python/rating_page.py"))
        .arg(&zoobot)
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}{failed}");
    println!("{told}");
}
