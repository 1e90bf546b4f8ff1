//! `zoobot similar --gallery`, and folders and the sample as catalogues.

use super::{figures, refused, run, survey};
use zoobot_core::image;

#[test]
fn what_was_searched_for_and_found_is_drawn() {
    let dir = survey(12);
    figures(&run(&["encode", "catalog.csv", "--out", "reps.parquet", "--json"], dir.path()));
    let similar = ["similar", "--representations", "reps.parquet", "--catalog", "catalog.csv"];
    let similar = [&similar[..], &["-k", "4", "--json", "--gallery"]].concat();
    let drawn = |file: &str, more: &[&str]| {
        let found = figures(&run(&[&similar[..], &[file], more].concat(), dir.path()));
        assert_eq!(found["gallery"], file);
        let ids = found["neighbours"].as_array().unwrap().iter();
        let ids: Vec<String> = ids.map(|it| it["id_str"].as_str().unwrap().to_owned()).collect();
        (std::fs::read(dir.path().join(file)).unwrap(), ids)
    };
    let (svg, ids) = drawn("by-id.svg", &["--id", "SIM000003"]);
    let svg = String::from_utf8(svg).unwrap();
    assert!(svg.matches("<image").count() == 5 && svg.contains("SIM000003"), "{}", svg.len());
    assert!(ids.iter().all(|id| svg.contains(id)) && svg.contains("distance"));
    // A picture that is not in the table comes first too.
    let (page, ids) = drawn("by-picture.html", &["--picture", "images/SIM000007.jpg"]);
    let page = String::from_utf8(page).unwrap();
    assert_eq!(page.matches("<img").count(), 5);
    assert!(page.find("SIM000007.jpg") < page.find(ids[1].as_str()) && page.contains("query"));
    assert_eq!(ids[0], "SIM000007");
    let (png, _) =
        drawn("by-both.png", &["--picture", "images/SIM000007.jpg", "--id", "SIM000001"]);
    let picture = image::load_from_memory(&png).unwrap();
    assert!(picture.width() > 500 && picture.height() > 300);
    let (pdf, _) = drawn("by-id.pdf", &["--id", "SIM000003"]);
    assert!(pdf.starts_with(b"%PDF"));
    let wrong = [&similar[..], &["x.tiff", "--id", "SIM000003"]].concat();
    refused(&wrong, dir.path(), &["x.tiff", ".html", ".png"]);
}

#[test]
fn a_folder_of_pictures_and_the_sample_are_catalogues() {
    let dir = survey(6);
    let encode = |words: &[&str]| {
        figures(&run(&[&["encode", "--json"], words].concat(), dir.path()))["encoded"].clone()
    };
    assert_eq!(encode(&["images", "--out", "a.parquet"]), 6);
    assert_eq!(encode(&["--catalog", "images", "--out", "b.parquet"]), 6);
    let predicted = ["predict", "images", "--model", "sample", "--out", "p.csv", "--json"];
    assert_eq!(figures(&run(&predicted, dir.path()))["predicted"], 6);
    let similar = ["similar", "--representations", "a.parquet", "--id", "SIM000002", "--json"];
    let shown = [&similar[..], &["-k", "2", "--catalog", "images", "--gallery", "g.html"]].concat();
    assert_eq!(figures(&run(&shown, dir.path()))["neighbours"].as_array().unwrap().len(), 2);
    // `sample` means the sample, unless there is a file of that name.
    let judged = ["judge", "sample", "--model", "sample"];
    refused(&judged, dir.path(), &["predicts votes"]);
    std::fs::write(dir.path().join("sample"), "x").unwrap();
    let output = run(&["encode", "sample", "--out", "c.parquet"], dir.path());
    assert_eq!(output.status.code(), Some(2));
    std::fs::remove_file(dir.path().join("sample")).unwrap();
    let both = run(&["encode", "images", "--catalog", "images", "--out", "d.parquet"], dir.path());
    assert_eq!(both.status.code(), Some(2));
}
