use super::{Metric, Query, exact};
use crate::space::Space;
use ndarray::{Array2, ArrayView1, array};
use polars::prelude::{col, df, lit};
use rand::{Rng, SeedableRng};
use zoobot_data::catalog::Catalog;

fn random(rows: usize, columns: usize, seed: u64) -> Array2<f32> {
    let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
    Array2::from_shape_fn((rows, columns), |_| rng.random_range(-1.0..1.0))
}

fn space(rows: usize, columns: usize) -> Space {
    let ids = (0..rows).map(|i| format!("g{i}")).collect();
    Space::new(ids, random(rows, columns, 5)).unwrap()
}

/// Galaxies `a`, `b`, ... on a line, with a catalogue.
fn line(places: &[f32], columns: polars::prelude::DataFrame) -> Space {
    let ids: Vec<String> = ('a'..).take(places.len()).map(String::from).collect();
    let files = vec![""; places.len()];
    let table = df!("id_str" => &ids, "file_loc" => files).unwrap();
    let catalog = Catalog::from_table(table.hstack(columns.columns()).unwrap(), "").unwrap();
    let features = Array2::from_shape_vec((places.len(), 1), places.to_vec()).unwrap();
    Space::new(ids, features).unwrap().with_catalog(&catalog).unwrap()
}

/// All distances in double precision, computed independently.
fn brute(metric: Metric, rows: &Array2<f32>, query: ArrayView1<f32>) -> Vec<(f64, usize)> {
    let (q, double) = (query.mapv(f64::from), rows.mapv(f64::from));
    let mut all: Vec<(f64, usize)> = double
        .outer_iter()
        .map(|row| match metric {
            Metric::L2 => (&row - &q).mapv(|d| d * d).sum().sqrt(),
            Metric::L1 => (&row - &q).mapv(f64::abs).sum(),
            Metric::Cosine => 1.0 - row.dot(&q) / (row.dot(&row) * q.dot(&q)).sqrt(),
        })
        .zip(0..)
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all
}

#[test]
fn neighbours_by_every_metric_are_those_of_a_full_sort() {
    // A few queries are split by rows and many by queries; a single query has its own code path. The
    // widths are not multiples of a register.
    let sizes =
        [(700, 6, 3), (2500, 13, 301), (90, 130, 90), (700, 6, 1), (2500, 40, 1), (90, 130, 1)];
    for (rows, width, queries) in sizes {
        let (table, asked) = (random(rows, width, 1), random(queries, width, 2));
        for metric in [Metric::L2, Metric::L1, Metric::Cosine] {
            let found = exact::nearest(&table, asked.view(), 20, metric, None).unwrap();
            for (i, query) in asked.outer_iter().enumerate() {
                for (place, (distance, row)) in
                    brute(metric, &table, query).into_iter().take(20).enumerate()
                {
                    assert_eq!(found.rows[[i, place]] as usize, row, "{metric} {i} {place}");
                    // Accurate to the last digit of a float32.
                    let off = f64::from(found.distances[[i, place]]) - distance;
                    assert!(off.abs() < 1e-7 * distance.max(1.0), "{metric} {off}");
                }
            }
        }
    }
}

#[test]
fn only_chosen_rows_are_searched() {
    let (table, asked) = (random(1000, 5, 3), random(70, 5, 4));
    let among: Vec<u32> = (0..1000).filter(|row| row % 7 == 3).collect();
    let found =
        exact::nearest(&table, asked.view(), among.len(), Metric::L2, Some(&among)).unwrap();
    for (i, query) in asked.outer_iter().enumerate() {
        let mut expected = brute(Metric::L2, &table, query);
        expected.retain(|(_, row)| row % 7 == 3);
        let expected: Vec<u32> = expected.into_iter().map(|(_, row)| row as u32).collect();
        assert_eq!(found.rows.row(i).to_vec(), expected);
    }
}

#[test]
fn neighbours_far_from_the_origin_keep_their_digits() {
    // A matrix product would lose all digits of these differences.
    let table = Array2::from_shape_fn((64, 4), |(i, _)| 10_000.0 + i as f32 / 512.0);
    let found = exact::nearest(&table, table.view(), 2, Metric::L2, None).unwrap();
    for i in 0..64 {
        assert_eq!(found.rows[[i, 0]] as usize, i);
        assert_eq!(f64::from(found.distances[[i, 1]]), 2.0 / 512.0);
    }
}

#[test]
fn equal_distances_keep_the_order_of_the_table() {
    let ids = ["q", "b", "a"].map(str::to_owned).to_vec();
    let space = Space::new(ids, array![[0.0], [1.0], [-1.0]]).unwrap();
    assert_eq!(space.similar_to("q", 2).unwrap().ids(), ["b", "a"]);
}

#[test]
fn all_zeros_have_no_direction_and_come_last() {
    let ids = ["zero", "across", "back", "near"].map(str::to_owned).to_vec();
    let rows = array![[0.0, 0.0], [0.0, 7.0], [-2.0, 0.0], [9.0, 1.0]];
    let space = Space::new(ids, rows).unwrap();
    let search = space.search().metric(Metric::Cosine);
    let found = search.clone().like(vec![3.0, 0.0]).nearest(3).unwrap();
    assert_eq!(found.ids(), ["near", "across", "back"]);
    let message = search.like("zero").nearest(1).unwrap_err().to_string();
    assert!(message.contains("all zeros"), "{message}");
}

#[test]
fn several_examples_are_searched_by_their_mean_and_counter_examples_push_away() {
    let space = line(&[0.0, 4.0, 2.1, 5.0, 1.0], df!("x" => [0; 5]).unwrap());
    assert_eq!(space.similar_to(["a", "b"], 3).unwrap().ids(), ["c", "e", "d"]);
    // The mean is 2; "e" at 1 pushes it to 2.5.
    let pushed = space.search().like(["a", "b"]).unlike("e").nearest(2).unwrap();
    assert_eq!(pushed.ids(), ["c", "e"]);
    assert!(
        (pushed.distances()[0] - 0.4).abs() < 1e-6 && (pushed.distances()[1] - 1.5).abs() < 1e-6
    );
    let ids = vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(space.similar_to(ids, 1).unwrap().query(), "a, b");
}

#[test]
fn a_filter_is_applied_before_the_search() {
    let mag = df!("mag_r" => [Some(18.0), Some(17.0), Some(16.0), None, Some(15.0)]).unwrap();
    let space = line(&[0.0, 3.0, 2.0, 0.1, 9.0], mag);
    let bright = space.search().like("a").filter(col("mag_r").lt(lit(17.5)));
    assert_eq!(bright.nearest(3).unwrap().ids(), ["c", "b", "e"]);
    let both = bright.clone().filter(col("mag_r").gt(lit(15.5)));
    assert_eq!(both.nearest(2).unwrap().ids(), ["c", "b"]);
    let message = both.nearest(3).unwrap_err().to_string();
    assert!(message.contains("1 and 2") && message.contains("filter"), "{message}");
    let message = bright.filter(col("nonsense").eq(lit(1))).nearest(1).unwrap_err().to_string();
    assert!(message.contains("nonsense"), "{message}");
    let number = space.search().like("a").filter(col("mag_r"));
    assert!(number.nearest(1).unwrap_err().to_string().contains("true or false"));
}

#[test]
fn the_same_object_is_left_out_where_coordinates_are_known() {
    // b is 90 arcsec north of a; c is 90 arcsec of angle east of it, across the meridian at
    // declination 60, where a degree of right ascension is half as wide; d is 110 arcsec north.
    let second = 1.0 / 3600.0;
    let sky = df!(
        "ra" => [Some(0.0), Some(0.0), Some(360.0 - 2.0 * 90.0 * second), Some(0.0), None],
        "dec" => [60.0, 60.0 + 90.0 * second, 60.0, 60.0 - 110.0 * second, 60.0]
    );
    let space = line(&[0.0, 1.0, 2.0, 3.0, 4.0], sky.unwrap());
    assert_eq!(space.similar_to("a", 2).unwrap().ids(), ["d", "e"]);
    assert_eq!(space.search().like("a").apart(0.0).nearest(2).unwrap().ids(), ["b", "c"]);
    assert_eq!(space.search().like("a").apart(120.0).nearest(1).unwrap().ids(), ["e"]);
    assert!(space.search().like("a").apart(-1.0).nearest(1).is_err());
}

#[test]
fn what_cannot_be_searched_for_is_refused_with_the_reason() {
    let space = space(5, 2);
    let message = |query: Query| space.similar_to(query, 1).unwrap_err().to_string();
    assert!(message("g7".into()).contains("Did you mean"));
    assert!(message(vec![1.0].into()).contains("1 number, but this representation has 2"));
    assert!(message(vec![1.0, f32::NAN].into()).contains("NaN"));
    assert!(message(Query::Several(Vec::new())).contains("at least one"));
    assert!(message(std::path::Path::new("a.jpg").into()).contains("encoder"));
    for k in [0, 5] {
        let message = space.similar_to("g1", k).unwrap_err().to_string();
        assert!(message.contains("1 and 4"), "{message}");
    }
    let message = space.search().like("g1").filter(lit(true)).nearest(1).unwrap_err().to_string();
    assert!(message.contains("with_catalog"), "{message}");
    let wide = space.nearest(array![[1.0, 2.0, 3.0]].view(), 1, Metric::L2).unwrap_err();
    assert!(wide.to_string().contains("3 columns, but the table has 2"), "{wide}");
    assert!("l3".parse::<Metric>().unwrap_err().to_string().contains("l1"));
}
