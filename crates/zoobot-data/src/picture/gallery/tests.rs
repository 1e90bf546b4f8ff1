use super::*;
use image::Rgb;
use polars::prelude::df;
use zoobot_show::notebook::Show;

#[test]
fn galleries_show_the_pixels_that_the_network_gets() {
    let folder = tempfile::tempdir().unwrap();
    let mut red = RgbImage::from_pixel(300, 300, Rgb([0, 0, 0]));
    for (x, y, pixel) in red.enumerate_pixels_mut() {
        if (100..200).contains(&x) && (100..200).contains(&y) {
            *pixel = Rgb([250, 60, 20]);
        }
    }
    red.save(folder.path().join("a.png")).unwrap();
    let table = df!("id_str" => ["a", "b"], "file_loc" => ["a.png", "a.png"]).unwrap();
    let catalog = Catalog::from_table(table, folder.path()).unwrap();
    for recipe in [Recipe::zoobot(), Recipe::imagenet_lite()] {
        let shown = recipe.gallery(&catalog, 2);
        assert_eq!(
            shown.tiles().iter().map(|tile| tile.id.as_str()).collect::<Vec<_>>(),
            ["a", "b"]
        );
        let bundle = shown.show();
        let (plain, html) = (bundle.get("text/plain").unwrap(), bundle.get("text/html").unwrap());
        assert!(plain.contains("What the network sees"), "{plain}");
        assert_eq!(html.matches("data:image/jpeg;base64,").count(), 2);
        let batch = recipe.batch(&[recipe.prepare(&red).unwrap()], Device::Cpu).unwrap();
        let seen = super::shown(&batch.get(0), &recipe).unwrap();
        assert_eq!((seen.get_pixel(112, 112).0, seen.get_pixel(5, 5).0), ([250, 60, 20], [0; 3]));
    }
    let views = Augment::zoobot().gallery(&catalog, &Recipe::zoobot(), 9);
    assert_eq!(views.tiles().len(), 2);
    let html = views.show().get("text/html").unwrap().to_owned();
    let shown: Vec<&str> = html.split("data:image/jpeg;base64,").skip(1).collect();
    let data = |i: usize| shown[i].split('"').next().unwrap();
    assert_ne!(data(0), data(1), "each galaxy has a view of its own");
    assert!(Recipe::zoobot().gallery(&catalog, 0).checked().is_err());
}

#[test]
fn a_picture_that_cannot_be_read_is_named() {
    let table = df!("id_str" => ["a"], "file_loc" => ["none.png"]).unwrap();
    let catalog = Catalog::from_table(table, "/nowhere").unwrap();
    let message = Recipe::zoobot().gallery(&catalog, 1).checked().unwrap_err().to_string();
    assert!(message.contains("none.png"), "{message}");
}
