use super::VectorFile;
use crate::similar::{Metric, Vectors};
use crate::space::Space;
use ndarray::{Array2, s};

fn space(rows: usize, width: usize) -> Space {
    let features = Array2::from_shape_fn((rows, width), |(i, j)| {
        (((i * 7919 + j * 104_729) % 10_007) as f32).sqrt() - 50.0
    });
    Space::new((0..rows).map(|i| format!("galaxy {i} ☆")).collect(), features).unwrap()
}

#[test]
fn a_file_is_searched_as_the_table_in_memory_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.vectors");
    // Larger than the part of the file that is kept in memory.
    let all = space(50_000, 37);
    let file = VectorFile::write(&path, false, |to| {
        for part in 0..5 {
            let rows = part * 10_000..(part + 1) * 10_000;
            to.add_rows(&all.ids()[rows.clone()], all.features().slice(s![rows, ..]))?;
        }
        Ok(())
    });
    let file = file.unwrap();
    assert!(VectorFile::is_one(&path));
    assert_eq!((file.len(), file.width()), (50_000, 37));
    assert_eq!((file.id(49_999), file.id(50_000)), ("galaxy 49999 ☆", ""));
    assert_eq!(file.row("galaxy 31234 ☆").unwrap(), 31_234);
    let queries = all.features().slice(s![100..140, ..]).to_owned();
    for metric in [Metric::L2, Metric::L1, Metric::Cosine] {
        let near = |k| all.nearest(queries.view(), k, metric).unwrap();
        assert_eq!(file.nearest(queries.view(), 9, metric).unwrap(), near(9));
    }
    let search = all.search().like("galaxy 5 ☆").like(vec![1.0; 37]).unlike("galaxy 9 ☆");
    let there = file.search().like("galaxy 5 ☆").like(vec![1.0; 37]).unlike("galaxy 9 ☆");
    let (a, b) = (search.nearest(8).unwrap(), there.nearest(8).unwrap());
    assert_eq!((a.ids(), a.distances(), a.query()), (b.ids(), b.distances(), b.query()));
    let some = file.select(&["galaxy 7 ☆", "galaxy 3 ☆"]).unwrap();
    assert_eq!(some.features().row(1), all.features().row(3));
}

#[test]
fn half_precision_keeps_three_digits_in_half_the_space() {
    let folder = tempfile::tempdir().unwrap();
    let all = space(1001, 3);
    let write = |name: &str, half| {
        let path = folder.path().join(name);
        VectorFile::write(&path, half, |to| to.add(&all)).unwrap();
        (std::fs::metadata(&path).unwrap().len(), VectorFile::open(&path).unwrap())
    };
    let ((full, _), (small, half)) = (write("full", false), write("half", true));
    assert!(full - small >= 1001 * 3 * 2 - 8, "{full} {small}");
    let mut row = [0.0; 3];
    for i in 0..1001 {
        half.read(i, &mut row);
        for (a, b) in row.iter().zip(all.features().row(i)) {
            assert!((a - b).abs() <= 5e-4 * b.abs(), "{a} {b}");
        }
    }
    assert_eq!(half.id(1000), "galaxy 1000 ☆");
}

#[test]
fn what_is_no_file_of_vectors_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.vectors");
    let all = space(100, 3);
    let file = VectorFile::write(&path, true, |to| to.add(&all)).unwrap();
    let message = |k| file.search().like("galaxy 1 ☆").nearest(k).unwrap_err().to_string();
    assert!(message(0).contains("1 and 99") && message(100).contains("1 and 99"));
    let missing = file.search().like("galaxy 1").nearest(1).unwrap_err().to_string();
    assert!(missing.contains("Did you mean"), "{missing}");
    let wide = file.search().like(vec![1.0]).nearest(1).unwrap_err().to_string();
    assert!(wide.contains("1 number, but this representation has 3"), "{wide}");

    let whole = std::fs::read(&path).unwrap();
    for cut in [0, 3, 12, 60, 4096, 4200, whole.len() - 1] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        assert!(VectorFile::open(&path).is_err(), "{cut}");
    }
    let wrong = |rows: Array2<f32>| {
        let ids = vec!["a".to_owned(); 2];
        VectorFile::write(&path, true, |to| to.add_rows(&ids, rows.view())).unwrap_err().to_string()
    };
    assert!(wrong(Array2::from_elem((2, 2), f32::NAN)).contains("NaN for \"a\""));
    assert!(wrong(Array2::from_elem((2, 2), 1e5)).contains("65504"));
    assert!(wrong(Array2::zeros((3, 2))).contains("2 names for 3 rows"));
    assert!(VectorFile::write(&path, false, |_| Ok(())).is_err());
    // A failed write leaves the old file in place.
    assert_eq!(std::fs::read(&path).unwrap(), &whole[..whole.len() - 1]);
}
