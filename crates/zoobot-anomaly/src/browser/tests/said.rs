//! Skips and notes, and what the page shows of the catalogue.

use super::*;

fn said(id: &str, more: &str) -> String {
    format!("{{\"id\":{}{more}}}", json!(id))
}

#[test]
fn a_skipped_galaxy_counts_for_the_batch_and_not_for_the_model() {
    let setting = Setting::new();
    let page = setting.search().rate_in_browser().unwrap();
    let tab = Tab::of(&page);
    let batch = tab.batch();
    for id in &batch[..9] {
        tab.rate(id, 2);
    }
    assert_eq!(tab.post("/api/skip", &said(&batch[9], "")).0, 200);
    let state = tab.idle();
    assert_eq!(
        (&state["batch"], &state["rated"], &state["skipped"]),
        (&2.into(), &9.into(), &1.into())
    );
    assert!(!tab.batch().contains(&batch[9]));
    let rated = tab.get("/api/rated").1;
    assert_eq!((&rated["all"], &rated["skipped"][0]["id"]), (&9.into(), &json!(batch[9])));
    assert!(rated["skipped"][0]["rating"].is_null() && rated["skipped"][0]["skipped"] == true);
    // After an undo, the galaxy is to be rated again.
    assert_eq!(tab.post("/api/undo", "{}").1["undone"]["id"], batch[9]);
    let state = tab.idle();
    assert_eq!((&state["items"][0]["id"], &state["skipped"]), (&json!(batch[9]), &0.into()));
    let next = journal::read(setting.journal()).unwrap();
    assert!(next[9].skip && next[9].rating.is_none() && next[10].undo);
    for (body, status) in
        [(said("nobody", ""), 404), (said(&batch[0], ",\"rating\":1"), 400), ("{}".to_owned(), 400)]
    {
        assert_eq!(tab.post("/api/skip", &body).0, status, "{body}");
    }
}

#[test]
fn a_ranking_says_by_how_many_changes_it_is_behind() {
    let setting = Setting::new();
    let page = setting.search().rate_in_browser().unwrap();
    let tab = Tab::of(&page);
    let batch = tab.batch();
    batch.iter().for_each(|id| drop(tab.rate(id, 3)));
    let behind = |expected: u64| {
        let ranking = tab.idle()["ranking"].clone();
        assert_eq!(ranking["behind"], expected, "{ranking}");
        assert_eq!(ranking["fresh"], expected == 0, "{ranking}");
    };
    behind(0);
    let next = tab.batch();
    // Neither a skip nor a note makes the ranking out of date.
    tab.post("/api/skip", &said(&next[0], ""));
    tab.post("/api/note", &said(&next[1], ",\"note\":\"x\""));
    behind(0);
    tab.rate(&next[1], 5);
    behind(1);
    tab.post("/api/undo", "{}");
    behind(2);
    tab.post("/api/retrain", "{}");
    behind(0);
}

#[test]
fn a_note_is_kept_shown_and_exported() {
    let setting = Setting::new();
    let page = setting.search().rate_in_browser().unwrap();
    let tab = Tab::of(&page);
    let batch = tab.batch();
    let text = "a \"tail\", <b>or</b> a bar: ü\nsecond line";
    tab.rate(&batch[0], 4);
    let (status, kept) =
        tab.post("/api/note", &json!({"id": batch[0], "note": format!(" {text} ")}).to_string());
    assert_eq!((status, &kept["note"]), (200, &json!(text)));
    assert_eq!(tab.idle()["items"][0]["note"], text);
    assert_eq!(tab.get("/api/rated").1["items"][0]["note"], text);
    let csv = tab.text("/api/ratings.csv");
    assert!(csv.starts_with("id_str,rating,liked,note\n") && csv.contains("tail"), "{csv}");
    assert_eq!(page.search().notes().height(), 1);
    // Another search with this file has the note.
    assert_eq!(setting.search().notes().height(), 1);
    for (id, note, status) in
        [("nobody", "x".to_owned(), 404), (batch[1].as_str(), "x".repeat(2001), 400)]
    {
        let body = json!({"id": id, "note": note}).to_string();
        assert_eq!(tab.post("/api/note", &body).0, status, "{id}");
    }
    tab.post("/api/note", &json!({"id": batch[0], "note": ""}).to_string());
    assert!(tab.idle()["items"][0]["note"].is_null());
}

#[test]
fn what_the_catalogue_knows_of_classes_is_not_shown_unless_it_is_chosen() {
    let setting = Setting::new();
    let page = setting.search().rate_in_browser().unwrap();
    let columns = Tab::of(&page).get("/api/columns").1;
    let shown: Vec<&str> = columns
        .as_array()
        .unwrap()
        .iter()
        .filter(|column| column["shown"] == true)
        .map(|column| column["name"].as_str().unwrap())
        .collect();
    assert_eq!(shown, ["magnitude"]);
    assert!(columns.to_string().contains("\"class\""), "{columns}");
}

#[test]
fn a_ranking_that_orders_nothing_says_so() {
    // Ratings that have nothing to do with the representation.
    let setting = Setting::new();
    let mut search = setting.search();
    for (place, id) in setting.space.ids().iter().take(40).enumerate() {
        search.rate(id, [0, 5, 3, 1, 4, 0, 2, 5][(place * 5 + place / 3) % 8]).unwrap();
    }
    let ranking = search.ranking().unwrap();
    let open = ranking.unrated();
    let table = open.table();
    let means = table.column("expected").unwrap().f64().unwrap().clone();
    let spread = means.iter().flatten().fold(f64::MIN, f64::max)
        - means.iter().flatten().fold(f64::MAX, f64::min);
    assert_eq!(ranking.note().is_some(), spread < 0.1, "{spread}");
    // The gallery, which shows only the top of the ranking, has the warning too.
    let said = ranking.gallery(6).show().get("text/plain").unwrap().contains("no connection");
    assert_eq!(said, ranking.note().is_some());
    // Ratings of something that the representation shows.
    let mut search = AnomalySearch::new(&setting.space);
    for (row, id) in setting.space.ids().iter().enumerate().skip(20).take(35) {
        search.rate(id, if row >= 50 { 5 } else { 0 }).unwrap();
    }
    assert!(search.ranking().unwrap().note().is_none());
}
