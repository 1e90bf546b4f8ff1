use super::{Index, IndexConfig};
use crate::similar::{Metric, VectorFile};
use crate::space::Space;
use hnsw_rs::anndists::dist::distances::DistL2;
use ndarray::{Array2, s};
use polars::prelude::{col, df, lit};
use rand::{Rng, SeedableRng};
use zoobot_data::catalog::Catalog;

/// Clusters of different widths, as in real representations.
fn clusters(rows: usize, width: usize, seed: u64) -> Array2<f32> {
    let mut rng = rand::rngs::StdRng::seed_from_u64(77);
    let centres = Array2::from_shape_fn((8, width), |_| rng.random_range(-2.0..2.0_f32));
    let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
    let mut table = Array2::zeros((rows, width));
    for mut row in table.rows_mut() {
        let cluster = rng.random_range(0..8);
        let spread = 0.2 + 0.1 * cluster as f32;
        for (column, value) in row.iter_mut().enumerate() {
            *value = centres[[cluster, column]] + spread * rng.random_range(-1.0..1.0_f32);
        }
    }
    table
}

fn space(rows: usize, width: usize) -> Space {
    Space::new((0..rows).map(|i| format!("g{i}")).collect(), clusters(rows, width, 1)).unwrap()
}

/// The recall of an index at points that are not in its table.
fn found(space: &Space, index: &Index, metric: Metric) -> f64 {
    let queries = clusters(100, space.width(), 99);
    let truth = space.nearest(queries.view(), 10, metric).unwrap();
    let found = index.nearest(queries.view(), 10).unwrap();
    let hits = truth.rows.rows().into_iter().zip(found.rows.rows()).map(|(truth, found)| {
        found.iter().filter(|row| truth.iter().any(|other| other == *row)).count()
    });
    hits.sum::<usize>() as f64 / 1000.0
}

#[test]
fn an_index_finds_what_exact_search_finds_in_every_metric_and_precision() {
    let space = space(8000, 12);
    for metric in [Metric::L2, Metric::L1, Metric::Cosine] {
        for half in [false, true] {
            let config = IndexConfig { metric, half, ..IndexConfig::default() };
            let index = space.index(&config).unwrap();
            assert!(index.recall() >= 0.99, "{index}");
            let share = found(&space, &index, metric);
            assert!(share > 0.95, "{share} {index}");
            // The distances of the results are those of exact search.
            let some = space.features().slice(s![..5, ..]).to_owned();
            let exact = space.nearest(some.view(), 1, metric).unwrap();
            assert_eq!(index.nearest(some.view(), 1).unwrap().distances, exact.distances);
        }
    }
}

#[test]
fn one_seed_gives_one_index_and_more_recall_widens_its_walks() {
    let space = space(13_000, 6);
    let config = IndexConfig { links: 4, construction: 20, recall: 0.8, ..Default::default() };
    let [a, b] = [0, 0].map(|seed| space.index(&IndexConfig { seed, ..config.clone() }).unwrap());
    assert_eq!((a.graph(), a.measured()), (b.graph(), b.measured()));
    let other = space.index(&IndexConfig { seed: 1, ..config.clone() }).unwrap();
    assert_ne!(a.graph(), other.graph());
    let more = a.for_recall(0.99).unwrap();
    assert!(more.measured().wide > a.measured().wide, "{a} {more}");
    assert!(more.recall() > a.recall());
    assert_eq!(a.wide(30).unwrap().measured().wide, 30);
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let alone = one.install(|| space.index(&config).unwrap());
    assert_eq!(alone.graph(), a.graph());
}

#[test]
fn an_index_is_kept_beside_its_table_and_refused_by_every_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = Index::beside(folder.path().join("reps.parquet"));
    assert!(path.ends_with("reps.parquet.index"));
    let space = space(3000, 5);
    let built = space.index(&IndexConfig { half: true, ..Default::default() }).unwrap();
    built.save(&path).unwrap();
    let read = space.open_index(&path).unwrap();
    assert_eq!(read.graph(), built.graph());
    assert_eq!((read.measured(), read.config()), (built.measured(), built.config()));
    let some = space.features().slice(s![10..60, ..]).to_owned();
    let [a, b] = [&read, &built].map(|index| index.nearest(some.view(), 7).unwrap());
    assert_eq!(a, b);

    let mut changed = space.features().to_owned();
    changed[[2999, 4]] += 1.0;
    let changed = Space::new(space.ids().to_vec(), changed).unwrap();
    let refused = |space: &Space| space.open_index(&path).unwrap_err().to_string();
    assert!(refused(&changed).contains("before it changed"), "{}", refused(&changed));
    assert!(refused(&self::space(2000, 5)).contains("another table"));
    let message = changed.search().like("g1").index(&built).nearest(1).unwrap_err().to_string();
    assert!(message.contains("another table"), "{message}");
    let search = space.search().like("g1").index(&built).metric(Metric::L1);
    assert!(
        search
            .nearest(1)
            .unwrap_err()
            .to_string()
            .contains("uses l1, but the index was built for l2")
    );

    // Damage anywhere is an error, never a crash.
    let whole = std::fs::read(&path).unwrap();
    for cut in [0, 7, 15, 40, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        assert!(space.open_index(&path).is_err(), "{cut}");
    }
    let mut wild = whole;
    let end = wild.len();
    wild[end / 2..].fill(0xff);
    std::fs::write(&path, &wild).unwrap();
    assert!(refused(&space).contains("damaged"), "{}", refused(&space));
}

#[test]
fn a_filter_is_kept_and_few_that_it_leaves_are_searched_exactly() {
    let rows = 20_000;
    let space = space(rows, 4);
    let table = df!(
        "id_str" => space.ids(),
        "file_loc" => vec![""; rows],
        "number" => (0..rows as u32).collect::<Vec<_>>()
    );
    let space = space.with_catalog(&Catalog::from_table(table.unwrap(), "").unwrap()).unwrap();
    let index = space.index(&IndexConfig::default()).unwrap();
    for most in [15, 300, 12_000] {
        let search = space.search().like("g19000").filter(col("number").lt(lit(most)));
        let (exact, walked) = (search.nearest(10), search.clone().index(&index).nearest(10));
        let (exact, walked) = (exact.unwrap(), walked.unwrap());
        let same = walked.ids().iter().filter(|id| exact.ids().contains(id)).count();
        assert!(same >= 9, "{most}: {same}");
        assert!(walked.ids().iter().all(|id| id[1..].parse::<u32>().unwrap() < most));
    }
}

#[test]
fn copies_lines_and_a_single_galaxy_can_be_indexed() {
    let one = Space::new(vec!["a".into()], Array2::ones((1, 2))).unwrap();
    let index = one.index(&IndexConfig::default()).unwrap();
    assert_eq!(index.nearest(one.features(), 1).unwrap().rows[[0, 0]], 0);
    let ids: Vec<String> = (0..600).map(|i| i.to_string()).collect();
    for metric in [Metric::L2, Metric::L1, Metric::Cosine] {
        let config = IndexConfig { metric, ..Default::default() };
        let copies = Space::new(ids.clone(), Array2::ones((600, 3))).unwrap();
        let found = copies.index(&config).unwrap().nearest(copies.features(), 3).unwrap();
        assert!(found.distances.iter().all(|&far| far == 0.0));
        let mut zeros = clusters(600, 3, 2);
        zeros.slice_mut(s![..50, ..]).fill(0.0);
        let space = Space::new(ids.clone(), zeros).unwrap();
        assert!(space.index(&config).unwrap().recall() > 0.9);
    }
}

#[test]
fn what_cannot_be_built_is_refused_with_the_reason() {
    let space = space(50, 2);
    let config = IndexConfig::default();
    for (config, word) in [
        (IndexConfig { links: 1, ..config.clone() }, "links"),
        (IndexConfig { construction: 3, ..config.clone() }, "construction"),
        (IndexConfig { recall: 1.5, ..config.clone() }, "recall"),
        (IndexConfig { recall: f64::NAN, ..config.clone() }, "recall"),
    ] {
        let message = space.index(&config).unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
    }
    let large = Space::new(vec!["a".into(), "b".into()], Array2::from_elem((2, 2), 1e6)).unwrap();
    let message = large.index(&IndexConfig { half: true, ..config.clone() }).unwrap_err();
    assert!(message.to_string().contains("65504"), "{message}");
    let index = space.index(&config).unwrap();
    assert!(index.wide(0).is_err());
    let nan = Array2::from_elem((1, 2), f32::NAN);
    assert!(index.nearest(nan.view(), 1).unwrap_err().to_string().contains("NaN"));
    assert!(index.nearest(space.features(), 51).unwrap_err().to_string().contains("1 and 50"));
    let narrow = Array2::zeros((1, 1));
    assert!(
        index
            .nearest(narrow.view(), 1)
            .unwrap_err()
            .to_string()
            .contains("1 column, but the table has 2")
    );
}

#[test]
fn a_file_of_vectors_is_indexed_where_it_lies() {
    let folder = tempfile::tempdir().unwrap();
    let space = space(3000, 6);
    let path = folder.path().join("all.vectors");
    let file = VectorFile::write(&path, false, |to| to.add(&space)).unwrap();
    let index = file.index(&IndexConfig::default()).unwrap();
    let near = |index: &Index| file.search().like("g17").index(index).nearest(5).unwrap();
    let exact = space.similar_to("g17", 5).unwrap();
    assert_eq!((near(&index).ids(), near(&index).distances()), (exact.ids(), exact.distances()));
    // A table in memory with equal numbers counts as the same table.
    let beside = Index::beside(&path);
    index.save(&beside).unwrap();
    assert_eq!(near(&file.open_index(&beside).unwrap()).ids(), exact.ids());
    assert_eq!(space.open_index(&beside).unwrap().graph(), index.graph());
}

#[test]
fn every_row_is_reached_where_each_has_copies() {
    let features = Array2::from_shape_fn((3000, 4), |(i, j)| ((i * (31 + 7 * j) + j) % 997) as f32);
    let space = Space::new((0..3000).map(|i| i.to_string()).collect(), features).unwrap();
    let index = space.index(&IndexConfig::default()).unwrap();
    let graph = &index.inner.graph;
    let mut reached = vec![false; 3000];
    let mut todo = vec![graph.parts().1];
    while let Some(row) = todo.pop() {
        if !std::mem::replace(&mut reached[row as usize], true) {
            todo.extend(graph.links(row, 0));
        }
    }
    assert!(reached.iter().all(|it| *it));
    assert!(index.recall() >= 0.99);
}

#[test]
fn walks_of_one_width_find_as_much_as_those_of_hnsw_rs() {
    let space = space(6000, 12);
    let (links, construction, ef) = (8, 60, 24);
    let config = IndexConfig { links, construction, ..IndexConfig::default() };
    let ours = found(&space, &space.index(&config).unwrap().wide(ef).unwrap(), Metric::L2);

    let reference = hnsw_rs::hnsw::Hnsw::<f32, DistL2>::new(links, 6000, 16, construction, DistL2);
    for (row, values) in space.features().rows().into_iter().enumerate() {
        reference.insert_slice((values.as_slice().unwrap(), row));
    }
    let queries = clusters(100, space.width(), 99);
    let truth = space.nearest(queries.view(), 10, Metric::L2).unwrap();
    let hits = queries.rows().into_iter().zip(truth.rows.rows()).map(|(query, truth)| {
        let near = reference.search(query.as_slice().unwrap(), 10, ef);
        near.iter().filter(|it| truth.iter().any(|row| *row as usize == it.d_id)).count()
    });
    let theirs = hits.sum::<usize>() as f64 / 1000.0;
    assert!(theirs > 0.6, "{theirs}");
    assert!(ours > theirs - 0.02, "{ours} beside {theirs}");
}
