use super::*;
use ndarray::{Array1, array};
use rand::{Rng, SeedableRng};

fn random(rows: usize, columns: usize, seed: u64) -> Array2<f32> {
    let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
    // The columns share hidden factors, so that the components differ in variance.
    let mix: Array2<f32> = Array2::from_shape_fn((3, columns), |_| rng.random_range(-1.0..1.0));
    let hidden: Array2<f32> =
        Array2::from_shape_fn((rows, 3), |(_, j)| rng.random_range(-1.0..1.0) * (3 - j) as f32);
    hidden.dot(&mix) + Array2::from_shape_fn((rows, columns), |_| rng.random_range(-0.1..0.1))
}

fn space(features: Array2<f32>) -> Space {
    Space::new((0..features.nrows()).map(|i| format!("g{i}")).collect(), features).unwrap()
}

#[test]
fn components_are_orthonormal_and_carry_the_variance_they_claim() {
    // Both code paths: more rows than columns, and fewer.
    for (rows, columns) in [(200, 12), (9, 40)] {
        let space = space(random(rows, columns, 7));
        let small = space.pca(5).unwrap();
        let pca = small.compression().unwrap();
        let gram = pca.components().dot(&pca.components().t());
        for ((i, j), value) in gram.indexed_iter() {
            assert!((value - f64::from(i == j)).abs() < 1e-10, "{i} {j} {value}");
        }
        for (i, column) in small.features().columns().into_iter().enumerate() {
            let values = column.mapv(f64::from);
            assert!(values.mean().unwrap().abs() < 1e-5);
            assert!((values.var(1.0) / pca.variance()[i] - 1.0).abs() < 1e-4);
        }
        let all = space.pca(rows.min(columns) - usize::from(rows < columns)).unwrap();
        assert!((all.variance_ratio().unwrap().iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
}

#[test]
fn both_ways_of_finding_components_agree() {
    let wide = random(30, 30, 3);
    let mean = wide.mapv(f64::from).mean_axis(Axis(0)).unwrap();
    let tall = Pca::fit(wide.view(), 4).unwrap();
    let more = ndarray::concatenate![Axis(1), wide, Array2::zeros((30, 5))];
    let other = Pca::fit(more.view(), 4).unwrap();
    for i in 0..4 {
        assert!((tall.variance()[i] - other.variance()[i]).abs() < 1e-9 * tall.variance()[0]);
    }
    assert!((tall.mean() - &mean).mapv(f64::abs).sum() < 1e-9);
}

#[test]
fn all_components_give_the_rows_back_and_fewer_lose_the_variance_that_they_miss() {
    let rows = random(60, 5, 8);
    let all = Pca::fit(rows.view(), 5).unwrap();
    let back = all.inverse(all.transform(rows.view()).unwrap().view()).unwrap();
    assert!((&back - &rows).iter().all(|difference| difference.abs() < 1e-5));
    let few = Pca::fit(rows.view(), 2).unwrap();
    let back = few.inverse(few.transform(rows.view()).unwrap().view()).unwrap();
    let lost = (&back - &rows).mapv(|d| f64::from(d * d)).sum() / 59.0;
    let missed: f64 = all.variance()[2..].iter().sum();
    assert!((lost - missed).abs() < 1e-4 * missed, "{lost} {missed}");
    let message = few.inverse(rows.view()).unwrap_err().to_string();
    assert!(message.contains("5 columns for 2 components"), "{message}");
}

#[test]
fn a_stream_gives_the_components_of_the_whole_also_far_from_the_origin() {
    // Wide enough for several panels, and long enough for single-precision products.
    let mut rows = random(12_000, 300, 5);
    rows.column_mut(7).mapv_inplace(|value| value + 1000.0);
    let mut fit = PcaFit::new(3);
    for part in rows.axis_chunks_iter(Axis(0), 2500) {
        fit.add(part).unwrap();
    }
    let stream = fit.finish().unwrap();
    let whole = Pca::fit(rows.view(), 3).unwrap();
    let mean = rows.mapv(f64::from).mean_axis(Axis(0)).unwrap();
    let centred = rows.mapv(f64::from) - &mean;
    for pca in [&stream, &whole] {
        assert!((pca.mean() - &mean).iter().all(|off| off.abs() < 1e-6));
        for (component, &variance) in pca.components().rows().into_iter().zip(pca.variance()) {
            // An eigenvector of the covariance in double precision, with its eigenvalue.
            let image = centred.t().dot(&centred.dot(&component)) / 11_999.0;
            let off = (&image - &(&component * variance)).mapv(f64::abs).sum();
            assert!(off < 1e-4 * variance, "{off} {variance}");
        }
    }
    assert!(fit_of(&[3, 4]).is_err() && fit_of(&[]).is_err() && fit_of(&[4]).is_ok());

    fn fit_of(widths: &[usize]) -> zoobot_base::Result<Pca> {
        let mut fit = PcaFit::new(2);
        widths.iter().try_for_each(|&width| fit.add(random(9, width, 1).view()))?;
        fit.finish()
    }
}

#[test]
fn golden_pca_agrees_with_scikit_learn() {
    let Some(folder) = zoobot_testing::folder("pca") else { return };
    let text = std::fs::read_to_string(folder.join("pca.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&text).unwrap();
    let x = tch::Tensor::read_npy(folder.join("x.npy")).unwrap();
    let (rows, columns) = x.size2().unwrap();
    let values: Vec<f32> = Vec::try_from(x.to_kind(tch::Kind::Float).flatten(0, -1)).unwrap();
    let x = Array2::from_shape_vec((rows as usize, columns as usize), values).unwrap();
    let full = &record["full"];
    let numbers = |value: &serde_json::Value| -> Vec<f64> {
        value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
    };
    let ratios = numbers(&full["explained_variance_ratio"]);
    let ours = Pca::fit(x.view(), ratios.len()).unwrap();
    for (a, b) in ours.variance_ratio().iter().zip(&ratios) {
        assert!((a - b).abs() < 1e-6, "{a} {b}");
    }
    for (i, row) in full["components_first20"].as_array().unwrap().iter().enumerate() {
        let theirs = Array1::from(numbers(row));
        let ours = ours.components().row(i);
        let same = (&ours - &theirs).mapv(f64::abs).fold(0.0, |a: f64, &b| a.max(b));
        let opposite = (&ours + &theirs).mapv(f64::abs).fold(0.0, |a: f64, &b| a.max(b));
        assert!(same.min(opposite) < 1e-5, "component {i}: {same} {opposite}");
    }
}

#[test]
fn standardised_columns_have_mean_0_and_standard_deviation_1() {
    let space = space(array![[1.0, 0.1], [2.0, 0.1], [6.0, 0.1]]);
    let scaled = space.standardize().unwrap();
    let first = scaled.features().column(0).mapv(f64::from);
    assert!(first.mean().unwrap().abs() < 1e-6 && (first.std(0.0) - 1.0).abs() < 1e-6);
    assert!(scaled.features().column(1).iter().all(|&value| value == 0.0));
}

#[test]
fn a_saved_space_comes_back_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("reps.parquet");
    let space = space(random(20, 4, 1));
    space.save(&path).unwrap();
    let back = Space::read(&path).unwrap();
    assert_eq!((back.ids(), back.features()), (space.ids(), space.features()));
    let names = space.table();
    assert_eq!(names.get_column_names()[..2], ["id_str", "feat_0"]);
    let components = space.pca(2).unwrap();
    components.save(&path).unwrap();
    assert_eq!(Space::read(&path).unwrap().table().get_column_names()[1], "feat_0_pca");
}

#[test]
fn what_cannot_be_a_space_is_refused_with_the_reason() {
    let ids = || vec!["a".to_owned(), "b".to_owned()];
    let message = Space::new(ids(), array![[1.0], [f32::NAN]]).unwrap_err().to_string();
    assert!(message.contains("\"b\""), "{message}");
    assert!(Space::new(ids(), array![[1.0]]).is_err());
    let space = space(random(5, 3, 2));
    let message = space.pca(4).unwrap_err().to_string();
    assert!(message.contains("between 1 and 3"), "{message}");
    assert!(space.pca(0).is_err());
    assert!(space.explained_variance().checked().unwrap_err().to_string().contains("pca"));
    assert!(space.row("g9").unwrap_err().to_string().contains("Did you mean"));
    assert!(space.scatter("class").checked().unwrap_err().to_string().contains("with_catalog"));
}

#[test]
fn an_unwritable_place_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let space = space(random(5, 3, 2));
    // A missing folder is created; inside a file, that is impossible.
    space.save(dir.path().join("new/folder/a.parquet")).unwrap();
    let error = space.save(dir.path().join("new/folder/a.parquet/b.parquet")).unwrap_err();
    assert!(error.to_string().contains("a.parquet"), "{error}");
    let there: Vec<_> = std::fs::read_dir(dir.path().join("new/folder")).unwrap().collect();
    assert_eq!(there.len(), 1, "{there:?}");
    let error = Space::read(dir.path().join("none.parquet")).unwrap_err();
    assert!(error.to_string().contains("none.parquet"));
}

#[test]
fn some_galaxies_are_selected_in_the_order_given() {
    let space = space(random(6, 3, 2)).pca(2).unwrap();
    let some = space.select(&["g4", "g1"]).unwrap();
    assert_eq!(some.ids(), ["g4", "g1"]);
    assert_eq!(some.features().row(0), space.features().row(4));
    assert!(some.compression().is_some());
    assert!(space.select(&["g7"]).unwrap_err().to_string().contains("Did you mean"));
    assert!(space.select(&[""; 0]).is_err());
}
