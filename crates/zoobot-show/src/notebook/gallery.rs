//! A gallery: pictures in rows, each with its id and a caption.

use super::markup::picture_or_reason;
use super::text::{self, cut, escape, plural, thousands};
use super::thumbnail::Look;
use super::{Bundle, Show, thumbnail};
use image::RgbImage;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;
use zoobot_base::{Error, Result};
use zoobot_picture::Stretch;

/// The maximum number of tiles: a notebook with more might not open any more.
const MOST: usize = 200;
/// Up to this many tiles get one and a half times the pixels, for high-resolution screens.
const SHARP: usize = 30;
/// The maximum number of characters of an id or a caption.
const LONGEST: usize = 60;

/// One picture of a gallery.
///
/// ```
/// use zoobot_core::prelude::*;
/// let galaxies = Catalog::sample()?;
/// let tile = Tile::new("first", &galaxies.files()[0]).caption("a galaxy");
/// assert_eq!(tile.caption, "a galaxy");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Tile {
    /// The galaxy's id, written below the picture.
    pub id: String,
    /// A second line, for a class or a distance; may be empty.
    pub caption: String,
    /// The picture file: JPEG, PNG or FITS.
    pub file: PathBuf,
    /// The picture itself, if it does not come from a file.
    picture: Option<Arc<RgbImage>>,
}

impl Tile {
    /// A tile without a caption.
    pub fn new(id: impl Into<String>, file: impl Into<PathBuf>) -> Self {
        Self { id: id.into(), caption: String::new(), file: file.into(), picture: None }
    }

    /// A tile for a picture in memory, without a caption.
    pub fn of(id: impl Into<String>, picture: RgbImage) -> Self {
        Self { picture: Some(Arc::new(picture)), ..Self::new(id, "") }
    }

    /// The picture, if it does not come from a file.
    pub(crate) fn picture(&self) -> Option<&RgbImage> {
        self.picture.as_deref()
    }

    /// Sets the second line below the picture.
    pub fn caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = caption.into();
        self
    }
}

/// Pictures in rows. They are read when the gallery is displayed; a picture that cannot be read becomes a box
/// that says why.
///
/// ```
/// use zoobot_core::prelude::*;
/// let gallery = Catalog::sample()?.gallery(6).title("Six galaxies").columns(3);
/// assert_eq!(gallery.tiles().len(), 6);
/// display(&gallery);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Gallery {
    tiles: Vec<Tile>,
    title: String,
    columns: usize,
    side: u32,
    query: bool,
    look: Look,
    /// The reason why there are no pictures.
    problem: Option<String>,
}

/// A gallery that could not be made shows the reason in its place.
impl From<Result<Gallery>> for Gallery {
    fn from(made: Result<Gallery>) -> Self {
        made.unwrap_or_else(|error| Self { problem: Some(error.to_string()), ..Self::new(vec![]) })
    }
}

impl Gallery {
    /// A gallery of these tiles, six in a row, 120 pixels each.
    pub fn new(tiles: Vec<Tile>) -> Self {
        Self {
            tiles,
            title: String::new(),
            columns: 6,
            side: 120,
            query: false,
            look: Look::default(),
            problem: None,
        }
    }

    /// Sets the title above the pictures (default none).
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Sets the number of pictures in a row (default 6, at least 1).
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = columns.max(1);
        self
    }

    /// Sets the side of a picture in pixels (default 120, 32 to 512).
    pub fn thumbnail(mut self, pixels: u32) -> Self {
        self.side = pixels.clamp(32, 512);
        self
    }

    /// Sets the stretch of FITS pictures (default [`Stretch::default`]).
    ///
    /// ```
    /// use zoobot_core::picture::{Cutouts, FitsFile};
    /// use zoobot_core::prelude::*;
    /// let field = zoobot_core::survey::sample_field_folder()?;
    /// let image = FitsFile::open(field.join("field.fits.fz"))?.image(None)?;
    /// let out = std::env::temp_dir().join(format!("doc-gallery-{}", std::process::id()));
    /// let galaxies = Cutouts::new(&image, 80)?.write(field.join("catalog.csv"), &out)?.catalog;
    /// let gallery = galaxies.gallery(6).stretch(Stretch::legacy()).scale_bar(5.0).compass();
    /// display(&gallery);
    /// # std::fs::remove_dir_all(out).expect("just written");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn stretch(mut self, stretch: Stretch) -> Self {
        self.look.stretch = stretch;
        self
    }

    /// Shows only one band of FITS pictures: by the name in their headers, or by its place, from 0.
    pub fn band(mut self, band: impl Into<String>) -> Self {
        self.look.band = Some(band.into());
        self
    }

    /// Draws a scale bar of this many arcseconds on FITS pictures that have coordinates on the sky.
    pub fn scale_bar(mut self, arcsec: f64) -> Self {
        self.look.marks.bar = Some(arcsec);
        self
    }

    /// Draws arrows to north and east on FITS pictures that have coordinates on the sky.
    pub fn compass(mut self) -> Self {
        self.look.marks.compass = true;
        self
    }

    /// How FITS pictures are shown.
    pub(crate) fn look(&self) -> &Look {
        &self.look
    }

    /// Frames the first picture as the query that the others match.
    pub fn first_is_query(mut self) -> Self {
        self.query = true;
        self
    }

    /// The gallery, or an error if it has no pictures.
    ///
    /// Calls that make a gallery return no error. A gallery that cannot be made shows the reason in its
    /// place, and [`save`](Self::save) returns it as an error.
    ///
    /// # Errors
    /// [`Error::Figure`] with the reason.
    pub fn checked(self) -> Result<Self> {
        match self.problem {
            Some(problem) => Err(Error::Figure(problem)),
            None => Ok(self),
        }
    }

    /// The reason why there are no pictures; `None` if there are some.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// The title above the pictures.
    pub(crate) fn about(&self) -> &str {
        &self.title
    }

    /// The number of pictures in a row.
    pub(crate) fn in_a_row(&self) -> usize {
        self.columns
    }

    /// Whether the first picture is the query that the others match.
    pub(crate) fn has_query(&self) -> bool {
        self.query
    }

    /// The tiles, in order.
    pub fn tiles(&self) -> &[Tile] {
        &self.tiles
    }

    fn html(&self) -> String {
        let shown = &self.tiles[..self.tiles.len().min(MOST)];
        let density = if shown.len() <= SHARP { 1.5 } else { 1.0 };
        let pixels = (f64::from(self.side) * density) as u32;
        let file = |tile: &Tile| tile.picture.is_none().then(|| tile.file.clone());
        let files: Vec<_> = shown.iter().map(file).collect();
        let loaded = thumbnail::load_all(&files, pixels, &self.look);
        let pictures = shown.iter().zip(loaded).filter_map(|(tile, loaded)| match &tile.picture {
            Some(picture) => Some(thumbnail::of(picture, pixels)),
            None => loaded,
        });
        let pictures: Vec<_> = pictures.collect();

        let mut html = String::from("<div>");
        if !self.title.is_empty() {
            let _ = write!(
                html,
                "<div style=\"margin:2px 0 6px\"><b>{}</b></div>",
                escape(&self.title)
            );
        }
        html.push_str(
            "<div style=\"max-width:100%;overflow-x:auto\">\
             <table style=\"border:none;border-collapse:separate;border-spacing:0;margin:0;\
             table-layout:auto\"><tbody>",
        );
        let tiles: Vec<_> = shown.iter().zip(&pictures).collect();
        for (row, tiles) in tiles.chunks(self.columns).enumerate() {
            html.push_str("<tr style=\"background:none\">");
            for (column, (tile, picture)) in tiles.iter().enumerate() {
                self.tile(&mut html, tile, picture, self.query && row == 0 && column == 0);
            }
            html.push_str("</tr>");
        }
        html.push_str("</tbody></table></div>");
        if let Some(note) = self.note() {
            let _ =
                write!(html, "<div style=\"margin:4px 0;opacity:.6;font-size:85%\">{note}</div>");
        }
        html + "</div>"
    }

    fn tile(
        &self,
        html: &mut String,
        tile: &Tile,
        picture: &Result<thumbnail::Thumbnail>,
        query: bool,
    ) {
        let frame = if query {
            "border-radius:4px;outline:3px solid #009E73;outline-offset:1px"
        } else {
            "border-radius:4px"
        };
        let _ = write!(
            html,
            "<td width=\"{0}\" align=\"center\" style=\"border:none;background:none;padding:5px;\
             width:{0}px;max-width:{0}px;vertical-align:top;text-align:center;white-space:normal;\
             overflow-wrap:anywhere\">{1}<div style=\"margin-top:4px;font-size:11px;\
             line-height:1.3\">{2}",
            self.side + 10,
            picture_or_reason(&tile.id, picture, self.side, frame),
            escape(&cut(&tile.id, LONGEST)),
        );
        if query {
            html.push_str("<br><b style=\"color:#009E73\">query</b>");
        }
        if !tile.caption.is_empty() {
            let caption = escape(&cut(&tile.caption, LONGEST));
            let _ = write!(html, "<br><span style=\"opacity:.65\">{caption}</span>");
        }
        html.push_str("</div></td>");
    }

    fn note(&self) -> Option<String> {
        match self.tiles.len() {
            0 => Some("no pictures".to_owned()),
            all if all > MOST => Some(format!("… {} more", thousands((all - MOST) as u64))),
            _ => None,
        }
    }

    fn plain(&self) -> String {
        let title = if self.title.is_empty() { "Gallery" } else { &self.title };
        let mut text = format!("{title}, {}", plural(self.tiles.len(), "picture"));
        for (i, tile) in self.tiles.iter().take(MOST).enumerate() {
            let query = if self.query && i == 0 { "  query" } else { "" };
            let caption = if tile.caption.is_empty() { "" } else { "  " };
            let _ = write!(text, "\n  {}{query}{caption}{}", tile.id, tile.caption);
        }
        if self.tiles.len() > MOST {
            let _ = write!(text, "\n  … {} more", thousands((self.tiles.len() - MOST) as u64));
        }
        text
    }
}

impl Show for Gallery {
    fn show(&self) -> Bundle {
        if let Some(problem) = &self.problem {
            return text::problem(&format!("There is no gallery: {problem}"));
        }
        Bundle::plain(self.plain()).with("text/html", self.html())
    }
}

#[cfg(test)]
mod tests;
