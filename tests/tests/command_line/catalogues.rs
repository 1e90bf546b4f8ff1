//! Catalogues in every file format, and folders of pictures.

use super::{ENCODE, figures, refused, run, survey};
use std::path::Path;
use zoobot_core::catalog::{Catalog, write_table};
use zoobot_core::space::Space;

/// The names of the galaxies that are encoded from a catalogue.
fn encoded(catalog: &str, folder: &Path) -> Vec<String> {
    let out = format!("{}.parquet", catalog.replace('/', "-"));
    let done = figures(&run(&["encode", "--catalog", catalog, "--out", &out, "--json"], folder));
    assert_eq!(done["failed"], 0, "{catalog}");
    Space::read(folder.join(out)).unwrap().ids().to_vec()
}

#[test]
fn a_catalogue_may_be_a_table_of_any_kind_or_a_folder() {
    let dir = survey(3);
    let galaxies = Catalog::read(dir.path().join("catalog.csv")).unwrap();
    let text = std::fs::read_to_string(dir.path().join("catalog.csv")).unwrap();
    std::fs::write(dir.path().join("tabs.txt"), text.replace(',', "\t")).unwrap();
    std::fs::write(dir.path().join("comments.csv"), format!("# three\n#{text}")).unwrap();
    write_table(galaxies.table(), dir.path().join("table.fits")).unwrap();
    let rows = galaxies.ids().iter().zip(galaxies.files());
    let rows: String = rows
        .map(|(id, file)| format!("<TR><TD>{id}</TD><TD>{}</TD></TR>\n", file.display()))
        .collect();
    let votable = format!(
        "<VOTABLE><RESOURCE><TABLE><FIELD name='id_str' datatype='char' arraysize='*'/>\
         <FIELD name='file_loc' datatype='char' arraysize='*'/>\
         <DATA><TABLEDATA>{rows}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    );
    std::fs::write(dir.path().join("table.vot"), votable).unwrap();
    for catalog in ["tabs.txt", "comments.csv", "table.fits", "table.vot"] {
        assert_eq!(encoded(catalog, dir.path()), galaxies.ids(), "{catalog}");
    }
    let pictures = galaxies.files()[0].parent().unwrap().to_path_buf();
    let pictures = pictures.strip_prefix(dir.path()).unwrap().to_str().unwrap();
    assert_eq!(encoded(pictures, dir.path()).len(), 3);
}

#[test]
fn names_that_lost_digits_and_rows_of_other_lengths_are_refused_with_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let cases = [
        ("id_str,file_loc\n1.23765E+18,a.jpg\n", "have lost their last digits"),
        ("id_str,file_loc\na,a.jpg,near, blended\n", "line 2 has 4 values, but the header has 2"),
        ("id_str,file_loc,z\na,a.jpg,\"1\nb,b.jpg,2\n", "a quotation mark in line 2 is not closed"),
        ("id_str,file_loc,id_str\na,a.jpg,b\n", "\"id_str\" occurs twice in line 1"),
        ("ID_STR,file_loc\na,a.jpg\n", "Did you mean \"ID_STR\"?"),
    ];
    for (content, words) in cases {
        std::fs::write(dir.path().join("catalog.csv"), content).unwrap();
        refused(&ENCODE, dir.path(), &[words]);
    }
}
