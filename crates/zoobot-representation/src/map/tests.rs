use super::{MapConfig, Region};
use crate::space::Space;
use image::RgbImage;
use ndarray::{Array2, s};
use polars::prelude::df;
use rand::{Rng, SeedableRng};
use zoobot_data::catalog::Catalog;
use zoobot_show::notebook::Show;

/// Clumps in ten dimensions; consecutive galaxies belong to different clumps.
fn clumps(rows: usize, clumps: usize, seed: u64) -> Array2<f32> {
    let mut rng = rand::rngs::StdRng::seed_from_u64(9);
    let centres = Array2::from_shape_fn((clumps, 10), |_| rng.random_range(-4.0..4.0_f32));
    let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
    Array2::from_shape_fn((rows, 10), |(i, j)| {
        centres[[i % clumps, j]] + rng.random_range(-1.0..1.0_f32)
    })
}

fn space(rows: usize) -> Space {
    Space::new((0..rows).map(|i| format!("g{i}")).collect(), clumps(rows, 5, 1)).unwrap()
}

#[test]
fn a_map_keeps_neighbours_and_one_seed_gives_one_map() {
    let space = space(1500);
    let map = space.map(&MapConfig::default()).unwrap();
    let trust = map.trustworthiness(10, 1000).unwrap();
    let flat = space.pca(2).unwrap();
    let control = crate::metrics::trustworthiness(space.features(), flat.features(), 10);
    assert!(trust > 0.9 && trust > control, "{trust} {control}");
    // Clumps stay together: the nearest galaxy on the map is of the same clump.
    let near = Space::new(space.ids().to_vec(), map.places().to_owned()).unwrap();
    let found = near.nearest(near.features(), 2, crate::similar::Metric::L2).unwrap().rows;
    let same = (0..1500).filter(|&i| found[[i, 1]] as usize % 5 == i % 5).count();
    assert!(same > 1490, "{same}");
    assert!(map.places().iter().all(|place| place.is_finite()));

    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let again = one.install(|| space.map(&MapConfig::default()).unwrap());
    assert_eq!(again.places(), map.places());
    let other = space.map(&MapConfig { seed: 1, ..MapConfig::default() }).unwrap();
    assert_ne!(other.places(), map.places());
}

#[test]
fn new_galaxies_are_placed_among_their_like() {
    let space = space(1000);
    let map = space.map(&MapConfig::default()).unwrap();
    let new = clumps(100, 5, 2);
    let placed = map.place(new.view()).unwrap();
    assert_eq!(placed, map.place(new.view()).unwrap());
    let near = Space::new(space.ids().to_vec(), map.places().to_owned()).unwrap();
    let found = near.nearest(placed.view(), 1, crate::similar::Metric::L2).unwrap().rows;
    let same = (0..100).filter(|&i| found[[i, 0]] as usize % 5 == i % 5).count();
    assert!(same >= 99, "{same}");
    assert!(
        map.place(new.slice(s![.., ..3])).unwrap_err().to_string().contains("the table has 10")
    );
}

#[test]
fn regions_pick_galaxies_and_figures_show_them() {
    let folder = tempfile::tempdir().unwrap();
    let space = space(200);
    RgbImage::from_pixel(40, 30, image::Rgb([200, 10, 10]))
        .save(folder.path().join("a.png"))
        .unwrap();
    let table = df!(
        "id_str" => space.ids(),
        "file_loc" => vec!["a.png"; 200],
        "clump" => (0..200).map(|i| format!("c{}", i % 5)).collect::<Vec<_>>()
    );
    let catalog = Catalog::from_table(table.unwrap(), folder.path()).unwrap();
    let space = space.with_catalog(&catalog).unwrap();
    let map = space.map(&MapConfig { rounds: Some(50), ..MapConfig::default() }).unwrap();
    let [x, y] = [0, 1].map(|axis| f64::from(map.places()[[7, axis]]));
    let corners = [(-0.01, -0.01), (0.01, -0.01), (0.01, 0.01), (-0.01, 0.01)];
    let around = corners.map(|(dx, dy)| (x + dx, y + dy));
    assert!(map.inside(&Region::polygon(&around).unwrap()).contains(&"g7"));
    let all = corners.map(|(dx, dy)| (dx * 1e6, dy * 1e6));
    assert_eq!(map.inside(&Region::polygon(&all).unwrap()).len(), 200);

    assert_eq!(map.table().get_column_names(), ["id_str", "map_x", "map_y"]);
    assert!(map.coloured("clump").about().contains("200"));
    assert!(map.density().about().contains("density of 200"));
    let thumbnails = map.thumbnails(6);
    assert!(thumbnails.about().contains("where they lie"), "{}", thumbnails.about());
    let png = image::load_from_memory(&thumbnails.png().unwrap()).unwrap().to_rgb8();
    let red = png.pixels().filter(|p| p.0[0] > 150 && p.0[1] < 60).count();
    assert!(red > 1000, "{red}");
    assert!(map.show().get("text/plain").is_some());
    assert!(map.thumbnails(0).checked().is_err());
    assert!(map.coloured("nothing").checked().is_err());
}

#[test]
fn copies_and_thin_spaces_are_mapped_and_nonsense_is_refused() {
    let ids: Vec<String> = (0..100).map(|i| i.to_string()).collect();
    let flat = Space::new(ids.clone(), Array2::ones((100, 3))).unwrap();
    assert!(flat.map(&MapConfig::default()).unwrap().places().iter().all(|it| it.is_finite()));
    let line = Array2::from_shape_fn((100, 1), |(i, _)| i as f32);
    let line = Space::new(ids, line).unwrap().map(&MapConfig::default()).unwrap();
    assert!(line.trustworthiness(3, 100).unwrap() > 0.9);
    assert!(line.trustworthiness(50, 100).is_err());
    let refused = |config: MapConfig| flat.map(&config).unwrap_err().to_string();
    let config = MapConfig::default();
    assert!(refused(MapConfig { neighbours: 1, ..config }).contains("between 2 and 200"));
    assert!(refused(MapConfig { neighbours: 100, ..config }).contains("more than 100"));
    assert!(refused(MapConfig { apart: -1.0, ..config }).contains("apart"));
    assert!(refused(MapConfig { rounds: Some(0), ..config }).contains("rounds"));
}
