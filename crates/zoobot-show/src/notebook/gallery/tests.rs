use super::*;
use image::{Rgb, RgbImage};
use std::path::Path;

/// A picture that is as hard to compress as a real one: a galaxy-like blob in noise.
fn galaxy(folder: &Path, seed: u32) -> PathBuf {
    let mut noise = seed.wrapping_mul(2_654_435_761).max(1);
    let picture = RgbImage::from_fn(300, 300, |x, y| {
        noise ^= noise << 13;
        noise ^= noise >> 17;
        noise ^= noise << 5;
        let from_centre = (f64::from(x) - 150.0).hypot(f64::from(y) - 150.0);
        let light = (220.0 * (-from_centre / 40.0).exp()) as u8;
        Rgb([light, light / 2, light / 3].map(|it| it.saturating_add((noise % 24) as u8)))
    });
    let file = folder.join(format!("{seed}.jpg"));
    picture.save(&file).unwrap();
    file
}

fn html(gallery: &Gallery) -> String {
    gallery.show().get("text/html").unwrap().to_owned()
}

#[test]
fn twenty_four_tiles_stay_light_and_stand_in_rows() {
    let folder = tempfile::tempdir().unwrap();
    let tiles: Vec<_> = (0..24)
        .map(|i| Tile::new(format!("G{i:06}"), galaxy(folder.path(), i)).caption("spiral"))
        .collect();
    let gallery = Gallery::new(tiles).title("A first look");
    let html = html(&gallery);
    assert_eq!(html.matches("<img src=\"data:image/jpeg;base64,").count(), 24);
    assert_eq!(html.matches("<tr").count(), 4);
    assert!(html.len() < 400_000, "{} bytes", html.len());
    let plain = gallery.show().get("text/plain").unwrap().to_owned();
    assert!(plain.starts_with("A first look, 24 pictures\n  G000000  spiral\n"), "{plain}");
}

#[test]
fn the_first_tile_is_framed_when_it_is_the_query() {
    let folder = tempfile::tempdir().unwrap();
    let tiles: Vec<_> =
        (0..3).map(|i| Tile::new(i.to_string(), galaxy(folder.path(), i))).collect();
    assert_eq!(html(&Gallery::new(tiles.clone())).matches("outline").count(), 0);
    let html = html(&Gallery::new(tiles).first_is_query());
    assert_eq!(html.matches("outline:3px").count(), 1);
    assert!(html.find("outline:3px") < html.find("alt=\"1\""));
    assert!(html.contains(">query</b>"));
}

#[test]
fn a_picture_that_cannot_be_read_leaves_a_box_with_the_reason() {
    let html = html(&Gallery::new(vec![Tile::new("<G1>", "/no/such/file.jpg").caption("a & b")]));
    assert!(!html.contains("<img") && html.contains("no such file"));
    assert!(html.contains("&lt;G1&gt;") && html.contains("a &amp; b") && !html.contains("<G1>"));
}

#[test]
fn fits_files_are_shown_by_the_default_stretch() {
    let folder = tempfile::tempdir().unwrap();
    zoobot_testing::recorded_fits(folder.path());
    let names = ["RICE_1_cube_dither1.fits", "whole.fits.gz", "radio.fits"];
    let tile = |name: &&str| Tile::new(*name, folder.path().join(name));
    let shown = Gallery::new(names.iter().map(tile).collect());
    let pictures: Vec<_> = names
        .iter()
        .map(|name| zoobot_picture::read(folder.path().join(name)).unwrap())
        .map(|picture| Tile::of("a", picture))
        .collect();
    let sources = |gallery: &Gallery| -> Vec<String> {
        let html = html(gallery);
        let uris = html.split("src=\"").skip(1).map(|it| it.split('"').next().unwrap().to_owned());
        uris.collect()
    };
    assert_eq!(sources(&shown).len(), 3);
    assert_eq!(sources(&shown), sources(&Gallery::new(pictures)));
}

#[test]
fn too_many_and_no_tiles_are_said() {
    let many = vec![Tile::new("x", "/no/such/file.jpg"); 250];
    let many = Gallery::new(many).columns(0);
    assert!(html(&many).contains("… 50 more"));
    assert!(many.show().get("text/plain").unwrap().ends_with("… 50 more"));
    assert!(html(&Gallery::new(Vec::new())).contains("no pictures"));
}
