//! The display of a catalogue: a table with thumbnails, a gallery, and a table of its columns.

use super::{Catalog, GalaxyNames};
use zoobot_show::notebook::{Bundle, Gallery, Show, Table, Tile, schema_of};

impl Catalog {
    /// The pictures of the first `n` galaxies, with their names.
    pub fn gallery(&self, n: usize) -> Gallery {
        let first = self.head(n);
        let tiles = first.ids().iter().zip(first.files());
        let title = format!("{} of {} galaxies", first.len(), self.len());
        let tiles = tiles.map(|(id, file)| Tile::new(id, file)).collect();
        Gallery::new(tiles).title(title)
    }

    /// The pictures of some galaxies, in the order given: by their names, or by a table or catalogue that
    /// contains them. If a galaxy is missing, an error that names it is shown in place of the pictures.
    ///
    /// ```
    /// use zoobot_core::prelude::*;
    /// let galaxies = Catalog::sample()?;
    /// let gallery = galaxies.gallery_of(&["SIM000005", "SIM000011"]);
    /// assert_eq!(gallery.tiles().len(), 2);
    /// assert!(galaxies.gallery_of(&["SIM5"]).problem().is_some());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn gallery_of(&self, galaxies: &(impl GalaxyNames + ?Sized)) -> Gallery {
        self.select(galaxies).map(|found| found.gallery(found.len())).into()
    }

    /// A table that describes the columns: name, type, empty values, examples.
    pub fn columns(&self) -> Table {
        schema_of(self.table())
    }
}

impl Show for Catalog {
    fn show(&self) -> Bundle {
        let title = match self.len() {
            1 => "1 galaxy".to_owned(),
            n => format!("{n} galaxies"),
        };
        Table::new(self.table().clone()).title(title).pictures(self.folder()).show()
    }
}
