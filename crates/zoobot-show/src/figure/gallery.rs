//! Saves a gallery as a figure for a paper, or as a standalone page.

use super::{Figure, pictures};
use crate::notebook::text::escape;
use crate::notebook::{Gallery, Show, Tile, jpeg_as};
use image::{Rgb, RgbImage};
use std::io::Write;
use std::path::Path;
use zoobot_base::error::{Error, Result};
use zoobot_base::files::write_whole;

/// The side of a picture in pixels: enough for printing at this size.
const PIXELS: u32 = 400;
/// The colour of the frame around a query, as in a notebook.
const FRAME: Rgb<u8> = Rgb([0x00, 0x9E, 0x73]);

impl Gallery {
    /// The gallery as a figure: its pictures in rows, each with its id and caption below; the query has a
    /// frame. A picture that cannot be read stays grey and says so.
    ///
    /// ```
    /// use zoobot_core::catalog::Catalog;
    /// let figure = Catalog::sample()?.gallery(6).figure();
    /// assert!(figure.about().ends_with("6 pictures"));
    /// # Ok::<(), zoobot_core::Error>(())
    /// ```
    ///
    /// # If it cannot be drawn
    /// [`Error::Unsuitable`] without a picture and for more than 200.
    pub fn figure(&self) -> Figure {
        if let Some(problem) = self.problem() {
            return Figure::failed(problem);
        }
        let tiles = self.tiles().iter().enumerate();
        let tiles: Vec<_> = tiles.map(|(place, tile)| self.drawn(place, tile)).collect();
        let about = if self.about().is_empty() { "gallery" } else { self.about() };
        pictures(&tiles, self.in_a_row(), about)
    }

    /// Saves the gallery in the format of the file's extension: `.svg`, `.pdf` or `.png` as a
    /// [figure](Self::figure), `.html` as a standalone page.
    ///
    /// # Errors
    /// As [`figure`](Self::figure) and [`Figure::save`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("html" | "htm") => write_whole(path, |mut file| {
                file.write_all(self.page().as_bytes()).map_err(Error::io("write", path))
            }),
            Some("svg" | "pdf" | "png") => self.figure().save(path),
            _ => {
                let problem = format!("a gallery cannot be saved as {}", path.display());
                let hint = "Choose a name that ends in .html, .svg, .pdf or .png";
                Err(Error::unsuitable(problem, hint))
            }
        }
    }

    fn page(&self) -> String {
        let title = if self.about().is_empty() { "Gallery" } else { self.about() };
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\"><title>{}</title></head>\n\
             <body style=\"font:15px/1.4 system-ui,sans-serif;margin:20px\">\n{}\n</body></html>\n",
            escape(title),
            self.show().get("text/html").unwrap_or_default(),
        )
    }

    /// A tile's picture, and the lines of text below it.
    fn drawn(&self, place: usize, tile: &Tile) -> (RgbImage, String) {
        let read = || image::load_from_memory(&jpeg_as(&tile.file, PIXELS, self.look()).ok()?).ok();
        let known = tile.picture().cloned().or_else(|| Some(read()?.into_rgb8()));
        let mut caption = tile.caption.clone();
        if known.is_none() {
            caption = "cannot be read".to_owned();
        }
        let mut picture = known.unwrap_or_else(|| RgbImage::from_pixel(8, 8, Rgb([200; 3])));
        if self.has_query() && place == 0 {
            framed(&mut picture);
            caption = match caption.as_str() {
                "" | "example" => "query".to_owned(),
                _ => format!("query, {caption}"),
            };
        }
        (picture, format!("{}\n{caption}", tile.id))
    }
}

/// Draws a frame along a picture's edge.
fn framed(picture: &mut RgbImage) {
    let (width, height) = picture.dimensions();
    let thick = (width.min(height) / 30).max(1);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        if x < thick || y < thick || x + thick >= width || y + thick >= height {
            *pixel = FRAME;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gallery() -> Gallery {
        let red = RgbImage::from_pixel(60, 60, Rgb([200, 0, 0]));
        let tiles = vec![
            Tile::of("<a>", red.clone()),
            Tile::of("b", red).caption("distance 0.5"),
            Tile::new("c", "no such file.png").caption("distance 0.7"),
        ];
        Gallery::new(tiles).title("Like <a>").first_is_query()
    }

    #[test]
    fn pictures_their_lines_and_the_query_are_in_the_figure() {
        let figure = gallery().figure();
        let svg = figure.svg();
        for words in ["distance 0.5", "query", "cannot be read"] {
            assert!(svg.contains(words), "{words}");
        }
        assert!(!svg.contains("distance 0.7") && figure.about() == "Like <a>, 3 pictures");
        let (first, second) = (
            gallery().drawn(0, &gallery().tiles()[0]).0,
            gallery().drawn(1, &gallery().tiles()[1]).0,
        );
        assert_eq!((*first.get_pixel(0, 30), *first.get_pixel(30, 30)), (FRAME, Rgb([200, 0, 0])));
        assert_eq!(*second.get_pixel(0, 30), Rgb([200, 0, 0]));
        assert!(Gallery::new(Vec::new()).figure().checked().is_err());
    }

    #[test]
    fn the_ending_of_the_name_says_what_is_written() {
        let dir = tempfile::tempdir().unwrap();
        for (ending, start) in [
            ("png", &b"\x89PNG"[..]),
            ("svg", b"<svg"),
            ("pdf", b"%PDF"),
            ("html", b"<!doctype html>"),
        ] {
            let path = dir.path().join(format!("g.{ending}"));
            gallery().save(&path).unwrap();
            assert!(std::fs::read(&path).unwrap().starts_with(start), "{ending}");
        }
        let page = std::fs::read_to_string(dir.path().join("g.html")).unwrap();
        assert!(
            page.contains("&lt;a&gt;") && !page.contains("<a>") && page.contains("data:image/jpeg")
        );
        let message = gallery().save(dir.path().join("g.tiff")).unwrap_err().to_string();
        assert!(message.contains(".html"), "{message}");
    }
}
