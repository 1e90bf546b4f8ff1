//! The real sample: 283 SDSS galaxies with the votes of Galaxy Zoo 2's volunteers, bundled with the library.

use super::sample::unpacked;
use super::{DataSet, gz2, is_kept_out};
use crate::catalog::Catalog;
use polars::prelude::{IntoColumn, NamedFrom, Series};
use std::path::{Path, PathBuf};
use zoobot_base::error::Result;

pub(super) const DATA_SET: DataSet = DataSet {
    name: "real_sample",
    about: "283 SDSS galaxies with the counts of votes in Galaxy Zoo 2, which travel inside the library",
    citation: "Willett et al. 2013, MNRAS 435, 2835",
    terms: "pictures of the Sloan Digital Sky Survey, CC-BY; votes published with the paper; the credits to \
            give are README.txt in its folder",
    read: |table| read(table),
    folder: Some(real_sample_folder),
    schema: Some(gz2::schema),
    labels: &[],
    tags: None,
    kept_out: Some(gz2::KEPT_OUT),
};

/// Whether the library's own encoder learned from a galaxy.
const LEARNED: &str = "encoder_learned";

/// `data/real_sample.zip`: `README.txt`, `catalog.csv` and `images/`.
// A constant would go into the metadata that every cell is compiled against.
static REAL_SAMPLE: &[u8] = include_bytes!("../../../../data/real_sample.zip");

/// The folder of the real sample, with `README.txt` (the credits), `catalog.csv` and `images/`: unpacked on
/// first use, as [`sample_folder`](super::sample_folder) is.
///
/// ```
/// let credits = zoobot_core::survey::real_sample_folder()?.join("README.txt");
/// assert!(credits.is_file());
/// # Ok::<(), zoobot_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Io`](zoobot_base::Error::Io) when no folder for it is writable.
pub fn real_sample_folder() -> Result<PathBuf> {
    unpacked("real_sample", REAL_SAMPLE)
}

/// Reads the table of the real sample.
fn read(path: &Path) -> Result<Catalog> {
    let catalog = gz2::read(path)?;
    let learned = catalog.ids().iter().map(|id| !is_kept_out(id, gz2::KEPT_OUT));
    let learned = Series::new(LEARNED.into(), learned.collect::<Vec<bool>>());
    let mut table = catalog.table().clone();
    table.with_column(learned.into_column())?;
    Catalog::from_table(table, catalog.folder())
}

impl Catalog {
    /// The real sample: 283 galaxies of SDSS's Stripe 82, 200 x 200 pixels, with the votes of Galaxy Zoo 2's
    /// volunteers, about 20 for each galaxy (Willett et al. 2013, MNRAS 435, 2835; cite it when you use
    /// them). Nothing is downloaded.
    ///
    /// Its columns: `ra` and `dec` in degrees; `total_classifications`, the number of volunteers; the counts
    /// of the schema `gz2`, such as `bar-gz2_yes`; the published columns of each answer, such as
    /// `t03_bar_a06_bar_debiased`; and `encoder_learned`, true for the 185 galaxies that the library's own
    /// encoder learned from. Test it on the other 98.
    ///
    /// ```
    /// use zoobot_core::prelude::*;
    /// let galaxies = Catalog::real_sample()?;
    /// let unseen = galaxies.filter(col("encoder_learned").not())?;
    /// assert_eq!((galaxies.len(), unseen.len()), (283, 98));
    /// let votes = Votes::of(&unseen, &Schema::named("gz2")?)?;
    /// assert!(votes.totals().column(0).iter().all(|asked| *asked >= 10.0)); // the first question
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// The pictures are those of the Sloan Digital Sky Survey (CC-BY). The credits that must go with them are
    /// in `README.txt` of [`real_sample_folder`] and in the README of the library's folder `data`.
    ///
    /// # Errors
    /// [`Error::Io`](zoobot_base::Error::Io) when the sample cannot be unpacked.
    pub fn real_sample() -> Result<Self> {
        read(&real_sample_folder()?.join("catalog.csv"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Schema, Votes};
    use polars::prelude::col;

    #[test]
    fn the_real_sample_has_a_picture_and_votes_for_every_galaxy() {
        let galaxies = Catalog::real_sample().unwrap();
        let votes = Votes::of(&galaxies, &Schema::named("gz2").unwrap()).unwrap();
        assert_eq!((galaxies.len(), votes.without_votes().len()), (283, 0));
        for file in galaxies.files() {
            let picture = zoobot_picture::read(&file).unwrap();
            assert_eq!((picture.width(), picture.height()), (200, 200), "{}", file.display());
        }
    }

    #[test]
    fn the_encoder_learned_from_the_galaxies_of_the_real_sample_that_are_not_kept_out() {
        let galaxies = Catalog::real_sample().unwrap();
        let unseen = galaxies.filter(col("encoder_learned").not()).unwrap();
        // Counted with Python's hashlib.
        assert_eq!(unseen.len(), 98);
        let data_set = DataSet::named("real_sample").unwrap();
        assert_eq!(data_set.unseen(&galaxies).unwrap().ids(), unseen.ids());
        let read = data_set.read(data_set.folder().unwrap().unwrap()).unwrap();
        assert_eq!(read.table(), galaxies.table());
    }

    #[test]
    fn the_credits_travel_with_the_pictures_as_the_readme_gives_them() {
        let credits =
            std::fs::read_to_string(real_sample_folder().unwrap().join("README.txt")).unwrap();
        let readme = include_str!("../../../../data/README.md");
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let block = words(&credits);
        let block = &block[block.find("Images: Sloan").unwrap()..];
        assert!(block.ends_with("Thanks to the Galaxy Zoo volunteers."), "{block}");
        assert!(words(readme).contains(block));
    }
}
