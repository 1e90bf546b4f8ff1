//! The display of a catalogue: a table with thumbnails, a gallery, its columns.

use super::Catalog;
use zoobot_base::error::{Error, Result};
use zoobot_show::notebook::{Bundle, Gallery, Show, Table, Tile, schema_of};

impl Catalog {
    /// The pictures of the first `n` galaxies, with their names.
    ///
    /// # Errors
    /// [`Error::Parameter`] when `n` is 0.
    pub fn gallery(&self, n: usize) -> Result<Gallery> {
        if n == 0 {
            return Err(Error::parameter("n", n, "at least 1"));
        }
        let first = self.head(n);
        let tiles = first.ids().into_iter().zip(first.files());
        let title = format!("{} of {} galaxies", first.len(), self.len());
        let tiles = tiles.map(|(id, file)| Tile::new(id, file)).collect();
        Ok(Gallery::new(tiles).title(title))
    }

    /// A table of the columns: name, type, empty values, examples.
    ///
    /// # Errors
    /// Only when memory for the table cannot be had.
    pub fn columns(&self) -> Result<Table> {
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
