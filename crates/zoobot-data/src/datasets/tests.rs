use super::*;
use crate::schema::{Schema, Votes};
use std::path::{Path, PathBuf};
use zoobot_base::error::Error;
use zoobot_testing::data;

#[test]
fn data_sets_have_unique_names_and_are_found_by_them() {
    let mut names = DataSet::names();
    assert_eq!(names.len(), DataSet::all().len());
    for data_set in DataSet::all() {
        assert_eq!(DataSet::named(data_set.name()).unwrap().about(), data_set.about());
        assert_eq!(data_set.to_string().parse::<DataSet>().unwrap().name(), data_set.name());
        for text in [data_set.about(), data_set.citation(), data_set.terms()] {
            assert!(!text.is_empty() && !text.ends_with('.'), "{data_set}: {text:?}");
        }
        let votes = data_set.schema().unwrap().is_some();
        assert_eq!(DataSet::voted().contains(&data_set.name()), votes, "{data_set}");
        assert!(votes || !data_set.labels().is_empty(), "{data_set} says nothing of its galaxies");
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), DataSet::all().len());
    for (wrong, near) in [("efigy", "efigi"), ("GZ2", "gz2"), ("samples", "sample")] {
        let error = DataSet::named(wrong).unwrap_err().to_string();
        assert!(error.contains(&format!("Did you mean {near:?}?")), "{error}");
    }
    let table = DataSet::table().unwrap();
    assert_eq!(table.height(), DataSet::all().len());
    assert_eq!(table.column("schema").unwrap().null_count(), 1);
}

#[test]
fn a_data_set_is_read_from_its_folder_or_its_table_with_the_votes_of_its_schema() {
    let place = tempfile::tempdir().unwrap();
    let table = csv(place.path(), &attributes());
    let efigi = DataSet::named("efigi").unwrap();
    let (by_folder, by_table) = (efigi.read(place.path()).unwrap(), efigi.read(&table).unwrap());
    assert_eq!(by_folder.ids(), by_table.ids());
    let schema = efigi.schema().unwrap().unwrap();
    assert_eq!(Votes::of(&by_folder, &schema).unwrap().totals().row(0).to_vec(), vec![16.0; 13]);
    let unseen = efigi.unseen(&by_folder).unwrap().ids().to_vec();
    let expected: Vec<String> =
        by_folder.ids().iter().filter(|id| is_kept_out(id, efigi::KEPT_OUT)).cloned().collect();
    assert_eq!(unseen, expected);
    assert!(efigi.folder().unwrap().is_none());
}

#[test]
fn the_sample_travels_along_with_its_labels() {
    let sample = DataSet::named("sample").unwrap();
    let catalog = sample.read(sample.folder().unwrap().unwrap()).unwrap();
    assert_eq!(catalog.ids(), Catalog::sample().unwrap().ids());
    for label in sample.labels() {
        assert_eq!(catalog.labels(label).unwrap().len(), 600);
    }
    assert_eq!(sample.unseen(&catalog).unwrap().len(), 600);
    assert!(sample.tags(&catalog).unwrap().is_none());
}

/// A catalogue of two galaxies; `columns` holds the cells of both.
fn csv(folder: &Path, columns: &[(String, [&str; 2])]) -> PathBuf {
    let line = |cells: Vec<String>| cells.join(",") + "\n";
    let names = columns.iter().map(|(name, _)| name.clone());
    let mut text = line(["id_str".into(), "file_loc".into()].into_iter().chain(names).collect());
    for row in 0..2 {
        let cells = columns.iter().map(|(_, cells)| cells[row].to_owned());
        text += &line([format!("G{row}"), format!("{row}.jpg")].into_iter().chain(cells).collect());
    }
    let path = folder.join("catalog.csv");
    std::fs::write(&path, text).unwrap();
    path
}

/// Every attribute of EFIGI: a certain 0.5 for the first galaxy, undetermined for the second.
fn attributes() -> Vec<(String, [&'static str; 2])> {
    let questions = efigi::schema().unwrap();
    let column = |name: &str| {
        let words: Vec<String> = name.trim_end_matches("-efigi").split('-').map(capital).collect();
        words.join("_").replace("_To_", "_to_")
    };
    let names = questions.questions().iter().map(|it| column(it.name()));
    names
        .flat_map(|name| ["", "_inf", "_sup"].map(|end| (format!("{name}{end}"), ["0.5", "-1"])))
        .collect()
}

fn capital(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

#[test]
fn an_undetermined_attribute_of_efigi_is_a_question_that_was_not_asked() {
    let place = tempfile::tempdir().unwrap();
    let catalog = efigi::read(csv(place.path(), &attributes())).unwrap();
    let votes = Votes::of(&catalog, &efigi::schema().unwrap()).unwrap();
    assert_eq!(votes.totals().row(0).to_vec(), vec![16.0; 13]);
    assert_eq!(votes.totals().row(1).sum(), 0.0);
    let bar = efigi::schema().unwrap().answer("bar-length-efigi_high").unwrap().index();
    assert_eq!(votes.counts()[[0, bar]], 8.0);
    assert!(catalog.files()[1].starts_with(place.path()));
}

#[test]
fn an_attribute_outside_of_its_bounds_is_an_error_with_the_galaxy() {
    let place = tempfile::tempdir().unwrap();
    let mut columns = attributes();
    let at = columns.iter().position(|(name, _)| name == "Bar_Length").unwrap();
    columns[at].1[0] = "0.75";
    let error = efigi::read(csv(place.path(), &columns)).unwrap_err().to_string();
    assert!(error.contains("Bar_Length is 0.75, with bounds 0.5 and 0.5, for \"G0\""), "{error}");
    columns.remove(at);
    let error = efigi::read(csv(place.path(), &columns)).unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error}");
}

#[test]
fn a_count_of_galaxy_zoo_2_that_is_a_fraction_is_an_error_with_the_galaxy() {
    let place = tempfile::tempdir().unwrap();
    let name = "t01_smooth_or_features_a01_smooth_count".to_owned();
    let error = gz2::read(csv(place.path(), &[(name, ["3", "0.7"])])).unwrap_err().to_string();
    assert!(error.contains("a01_smooth_count is 0.7 for \"G1\""), "{error}");
}

#[test]
fn the_galaxies_kept_out_depend_on_their_names_alone() {
    let place = tempfile::tempdir().unwrap();
    let lines: String = (0..1000).map(|i| format!("galaxy {i},x.jpg\n")).collect();
    let path = place.path().join("many.csv");
    std::fs::write(&path, format!("id_str,file_loc\n{lines}")).unwrap();
    let catalog = Catalog::read(&path).unwrap();
    let (training, out) = keep_out(&catalog, 5).unwrap();
    assert_eq!(training.len() + out.len(), 1000);
    assert!((150..250).contains(&out.len()), "{}", out.len());
    let (again, out_again) = keep_out(&catalog.select(out.ids()).unwrap(), 5).unwrap();
    assert!(again.is_empty() && out_again.ids() == out.ids());
    assert!(keep_out(&catalog, 1).is_err());
    // Computed with Python's hashlib.
    assert!(is_kept_out("galaxy 2", 5) && !is_kept_out("galaxy 1", 5));
}

#[test]
fn the_real_efigi_catalogue_is_read_and_a_fifth_of_it_kept_out() {
    let Some(path) = data("efigi/catalog.csv") else { return };
    let catalog = efigi::read(path).unwrap();
    let votes = Votes::of(&catalog, &efigi::schema().unwrap()).unwrap();
    // Multiplicity is known for every galaxy, and most galaxies are single.
    let shares = votes.fractions();
    let multiplicity = shares.column(24);
    assert!(multiplicity.iter().all(|share| !share.is_nan()));
    assert!(multiplicity.iter().filter(|share| **share < 0.2).count() * 5 > catalog.len() * 4);
    let (training, out) = keep_out(&catalog, efigi::KEPT_OUT).unwrap();
    assert!(out.len() * 4 < training.len() + 200 && out.len() * 4 + 200 > training.len());
}

#[test]
fn the_real_votes_of_galaxy_zoo_2_divide_as_its_own_fractions_do() {
    let Some(path) = data("s82_votes/catalog.csv") else { return };
    let catalog = gz2::read(path).unwrap();
    let votes = Votes::of(&catalog, &Schema::named("gz2").unwrap()).unwrap();
    let shares = votes.fractions();
    for (answer, theirs) in [(0, "t01_smooth_or_features_a01_smooth"), (7, "t03_bar_a06_bar")] {
        let theirs = numbers(&catalog, &format!("{theirs}_fraction")).unwrap();
        let pairs = shares.column(answer).into_iter().zip(theirs);
        let off: Vec<f64> = pairs
            .filter(|(mine, _)| !mine.is_nan())
            .map(|(mine, theirs)| (mine - theirs).abs())
            .collect();
        // Galaxy Zoo weights volunteers by how often they agree with others, which changes little.
        let mean = off.iter().sum::<f64>() / off.len() as f64;
        assert!(off.len() > 200 && mean < 0.02, "{mean} over {}", off.len());
    }
}
