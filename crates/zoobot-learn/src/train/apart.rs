//! Checks that training and validation do not share galaxies or pictures.

use super::same_picture::same_pictures;
use std::collections::HashSet;
use std::path::PathBuf;
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::Catalog;
use zoobot_show::notes::note;

/// The number of galaxies that an error names.
const EXAMPLES: usize = 3;

/// Fails if a galaxy or a picture is on both sides. Pictures are compared by file, however the path is
/// written, and by content: a copy under another name is the same picture.
#[doc(hidden)]
pub fn apart(train: &Catalog, val: &Catalog) -> Result<()> {
    if val.is_empty() {
        let hint = advice(
            "Keep some aside, to know when to stop: galaxies.split([0.8, 0.2, 0.0], 1)?",
            "Keep some aside, to know when to stop: --validation 0.2",
        );
        return Err(Error::empty("there are no validation galaxies", hint));
    }
    let leak = |found: String| {
        let way = advice("hold_out(…) divides", "Without --val, `zoobot` divides");
        let hint = format!(
            "Leave them out of one of the two: a model knows the galaxies that it was trained on. {way} \
             one catalogue so that copies of a picture stay on one side"
        );
        let path = val.source().to_path_buf();
        Err(Error::Catalog { path, problem: found, hint })
    };
    match on_both_sides(train, val, ["training", "validation"]).problem {
        Some(problem) => leak(problem),
        None => Ok(()),
    }
}

/// What two catalogues share.
pub(crate) struct Common {
    /// A description with a few examples; `None` if they share nothing.
    pub problem: Option<String>,
    /// The rows of the second catalogue that are in the first, by name or by picture.
    pub rows: Vec<usize>,
}

/// Finds the galaxies and pictures that are in two catalogues; `sides` is what each is called.
pub(crate) fn on_both_sides(train: &Catalog, val: &Catalog, sides: [&str; 2]) -> Common {
    let [one, other] = sides;
    let (ids, known) = (val.ids(), train.ids());
    let learnt: HashSet<&String> = known.iter().collect();
    let by_name: Vec<usize> = (0..ids.len()).filter(|&row| learnt.contains(&ids[row])).collect();
    let (learn, keep) = (train.files(), val.files());
    let all: Vec<PathBuf> = learn.iter().chain(&keep).cloned().collect();
    let first = same_pictures(&all);
    // The first occurrence of a picture is in `train` if there is one.
    let by_picture: Vec<usize> =
        (0..keep.len()).filter(|row| first[row + learn.len()] < learn.len()).collect();
    let problem = if !by_name.is_empty() {
        let twice: Vec<String> = by_name.iter().map(|&row| format!("{:?}", ids[row])).collect();
        let (galaxies, names) = (counted(twice.len(), "galaxy", "galaxies"), examples(&twice));
        Some(format!("{galaxies} in both the {one} and the {other} catalogue: {names}"))
    } else if !by_picture.is_empty() {
        let name = |&here: &usize| {
            let there = first[here + learn.len()];
            let is = if learn[there] == keep[here] { "also of" } else { "the same as" };
            let same = match learn[there] == keep[here] {
                true => format!("{:?}", known[there]),
                false => format!("{} of {:?}", learn[there].display(), known[there]),
            };
            format!("{} of {:?}, {is} {same}", keep[here].display(), ids[here])
        };
        let twice: Vec<String> = by_picture.iter().map(name).collect();
        let (pictures, names) = (counted(twice.len(), "picture", "pictures"), examples(&twice));
        Some(format!("{pictures} in both the {one} and the {other} catalogue: {names}"))
    } else {
        None
    };
    let mut rows = [by_name, by_picture].concat();
    rows.sort_unstable();
    rows.dedup();
    Common { problem, rows }
}

/// The error for a share that leaves no galaxies for training or for validation.
#[doc(hidden)]
pub fn empty_side(share: f64, galaxies: usize) -> Error {
    let problem = format!(
        "a share of {share} of {galaxies} galaxies leaves none on one side: training or validation"
    );
    let hint = advice(
        "Choose another share, or give more galaxies",
        "Choose another --validation, or give more galaxies",
    );
    Error::unsuitable(problem, hint)
}

/// The training and validation galaxies, in catalogue order, after moving validation galaxies whose picture
/// is also a training picture to the training galaxies.
///
/// # Errors
/// [`Error::Unsuitable`] when no validation galaxies are left.
#[doc(hidden)]
pub fn with_copies_together(
    catalog: &Catalog,
    learn: Catalog,
    keep: Catalog,
) -> Result<(Catalog, Catalog)> {
    let files: Vec<PathBuf> = learn.files().into_iter().chain(keep.files()).collect();
    let first = same_pictures(&files);
    let is_copy = |place: usize| first[place + learn.len()] < learn.len();
    let mut kept: HashSet<String> = keep.ids().iter().cloned().collect();
    let copies: Vec<String> = keep
        .ids()
        .iter()
        .enumerate()
        .filter(|(i, _)| is_copy(*i))
        .map(|(_, id)| id.clone())
        .collect();
    if copies.is_empty() {
        return Ok((learn, keep));
    }
    copies.iter().for_each(|id| {
        kept.remove(id);
    });
    if kept.is_empty() {
        let problem = "every validation galaxy has a copy of a training picture";
        return Err(Error::unsuitable(problem, "Keep more galaxies aside"));
    }
    let mut learnt: HashSet<String> = learn.ids().iter().cloned().collect();
    learnt.extend(copies);
    let ids = catalog.ids();
    let part = |of: &HashSet<String>| {
        let some: Vec<&str> =
            ids.iter().filter(|id| of.contains(*id)).map(String::as_str).collect();
        catalog.select(&some)
    };
    Ok((part(&learnt)?, part(&kept)?))
}

/// Prints a note if a catalogue has a picture more than once. A model may then predict one copy after it has
/// learnt from another.
#[doc(hidden)]
pub fn note_copies(catalog: &Catalog) {
    let first = same_pictures(&catalog.files());
    let ids = catalog.ids();
    let copies: Vec<String> = (0..ids.len())
        .filter(|&row| first[row] != row)
        .map(|row| format!("{:?} has the picture of {:?}", ids[row], ids[first[row]]))
        .collect();
    if !copies.is_empty() {
        let rows = match copies.len() {
            1 => "1 galaxy has".to_owned(),
            several => format!("{several} galaxies have"),
        };
        note(format!(
            "{rows} the picture of another galaxy, so results for left-out galaxies are too good: {}",
            examples(&copies)
        ));
    }
}

fn counted(count: usize, one: &str, several: &str) -> String {
    if count == 1 { format!("1 {one} is") } else { format!("{count} {several} are") }
}

fn examples(all: &[String]) -> String {
    let mut text = all.iter().take(EXAMPLES).cloned().collect::<Vec<_>>().join("; ");
    if all.len() > EXAMPLES {
        text += &format!("; and {} more", all.len() - EXAMPLES);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::df;
    use std::path::Path;

    /// A catalogue of these files.
    fn catalog(folder: &Path, prefix: &str, files: &[&str]) -> Catalog {
        let ids: Vec<String> = (0..files.len()).map(|i| format!("{prefix}{i}")).collect();
        Catalog::from_table(df!("id_str" => ids, "file_loc" => files).unwrap(), folder).unwrap()
    }

    #[test]
    fn copies_within_a_catalogue_are_noted() {
        let folder = folder();
        note_copies(&catalog(folder.path(), "apart", &["a.jpg", "b.jpg", "copy.png"]));
        let said = zoobot_show::notes::notes().into_iter().find(|it| it.contains("\"apart2\""));
        let said = said.unwrap();
        assert!(said.contains("1 galaxy has the picture") && said.contains("\"apart0\""), "{said}");
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c", "d"] {
            std::fs::write(folder.path().join(format!("{name}.jpg")), name.repeat(700)).unwrap();
        }
        std::fs::copy(folder.path().join("a.jpg"), folder.path().join("copy.png")).unwrap();
        std::os::unix::fs::symlink("b.jpg", folder.path().join("link.jpg")).unwrap();
        folder
    }

    #[test]
    fn galaxies_and_pictures_on_both_sides_are_refused_with_both_names() {
        let folder = folder();
        let place = folder.path();
        let absolute = place.join("b.jpg").display().to_string();
        let train = catalog(place, "t", &["a.jpg", "b.jpg", "nowhere.jpg", ""]);
        let refused = |val: &Catalog| apart(&train, val).unwrap_err().to_string();
        for other in ["b.jpg", "./b.jpg", "../x/b.jpg", &absolute, "link.jpg"] {
            let other =
                other.replace("../x", &format!("../{}", place.file_name().unwrap().display()));
            let message = refused(&catalog(place, "v", &["c.jpg", &other]));
            let words = [
                "1 picture is in both the training and the validation",
                "\"v1\"",
                "\"t1\"",
                "hold_out",
            ];
            words.iter().for_each(|word| assert!(message.contains(word), "{word}: {message}"));
        }
        let message = refused(&catalog(place, "v", &["copy.png", "d.jpg"]));
        assert!(
            message.contains("copy.png of \"v0\"") && message.contains("a.jpg of \"t0\""),
            "{message}"
        );
        assert!(refused(&catalog(place, "v", &["nowhere.jpg"])).contains("nowhere.jpg"));
        assert!(refused(&catalog(place, "t", &["c.jpg"])).contains("1 galaxy is in both"));
        assert!(refused(&train.head(0)).contains("no validation galaxies"));
        // Galaxies without a file are not copies of each other.
        apart(&train, &catalog(place, "v", &["c.jpg", "d.jpg", "d.jpg", ""])).unwrap();
    }

    #[test]
    fn copies_go_over_to_the_side_that_is_learnt_from() {
        let folder = folder();
        let all = catalog(folder.path(), "g", &["copy.png", "b.jpg", "a.jpg", "c.jpg", "link.jpg"]);
        let parts = |learn: &[&str], keep: &[&str]| {
            let (learn, keep) = (all.select(learn).unwrap(), all.select(keep).unwrap());
            with_copies_together(&all, learn, keep)
                .map(|(a, b)| (a.ids().to_vec(), b.ids().to_vec()))
        };
        let ids = |ids: &[&str]| ids.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            parts(&["g1", "g2"], &["g0", "g3", "g4"]).unwrap(),
            (ids(&["g0", "g1", "g2", "g4"]), ids(&["g3"]))
        );
        // Without copies, both sides and their order are unchanged.
        assert_eq!(
            parts(&["g3", "g2"], &["g4", "g1"]).unwrap(),
            (ids(&["g3", "g2"]), ids(&["g4", "g1"]))
        );
        assert!(parts(&["g1", "g2", "g3"], &["g0", "g4"]).is_err());
    }
}
