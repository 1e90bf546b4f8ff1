//! Saves a figure: SVG, PDF (vector graphics, with text and embedded font) or PNG.

use super::{Figure, font};
use resvg::tiny_skia::{FilterQuality, Pixmap, PixmapPaint, Transform};
use resvg::usvg::{Options, Tree};
use std::path::Path;
use zoobot_base::files::write_whole_at;
use zoobot_base::{Error, Result};

/// A PNG with more pixels would need too much memory.
const MAX_PIXELS: f64 = 200e6;

impl Figure {
    /// Saves the figure in the format of the path's extension: `.svg`, `.pdf` or `.png`. A missing folder is
    /// created.
    ///
    /// # Errors
    /// Another extension, a file that cannot be written, a figure that [cannot be drawn](Self::checked).
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        self.drawable()?;
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let bytes = match ending.as_deref() {
            Some("svg") => self.svg().into_bytes(),
            Some("pdf") => self.pdf()?,
            Some("png") => self.png()?,
            _ => {
                let problem = format!("a figure cannot be saved as {}", path.display());
                let hint = "Choose a name that ends in .svg, .pdf or .png";
                return Err(Error::unsuitable(problem, hint));
            }
        };
        write_whole_at(path, |partial| {
            std::fs::write(partial, &bytes).map_err(Error::io("write", path))
        })
    }

    /// The figure as a one-page PDF in its size on paper.
    ///
    /// # Errors
    /// A figure that [cannot be drawn](Self::checked).
    pub fn pdf(&self) -> Result<Vec<u8>> {
        self.drawable()?;
        let page = svg2pdf::PageOptions { dpi: 96.0 };
        svg2pdf::to_pdf(&tree(&self.svg())?, svg2pdf::ConversionOptions::default(), page)
            .map_err(|error| Error::Figure(format!("PDF: {error}")))
    }

    /// The figure as a PNG picture at its resolution ([`Figure::dpi`]), which the file records.
    ///
    /// # Errors
    /// More than 200 million pixels; a figure that [cannot be drawn](Self::checked).
    pub fn png(&self) -> Result<Vec<u8>> {
        self.drawable()?;
        let scale = self.dpi / 96.0;
        let [width, height] =
            [self.size.0, self.size.1].map(|side| (f64::from(side) * scale).round());
        if width * height > MAX_PIXELS {
            let problem =
                format!("the PNG would have {width} × {height} pixels, which is too many");
            return Err(Error::unsuitable(problem, "Lower the dpi, or save it as .svg or .pdf"));
        }
        let mut pixels = Pixmap::new(width as u32, height as u32)
            .ok_or_else(|| Error::Figure("PNG without pixels".into()))?;
        let scale = Transform::from_scale(scale as f32, scale as f32);
        let vectors = format!("{}{}</svg>", self.head(), self.body);
        resvg::render(&tree(&vectors)?, scale, &mut pixels.as_mut());
        self.draw_layers(scale, &mut pixels)?;
        let png = pixels.encode_png().map_err(|error| Error::Figure(format!("PNG: {error}")))?;
        Ok(with_resolution(png, self.dpi))
    }

    /// Returns the figure's problems as an error.
    fn drawable(&self) -> Result<()> {
        self.problem().map_or(Ok(()), |problem| Err(Error::Figure(problem)))
    }

    /// Bitmaps are drawn here: decoding pictures inside SVG would need more features of resvg.
    fn draw_layers(&self, scale: Transform, pixels: &mut Pixmap) -> Result<()> {
        let paint = PixmapPaint { quality: FilterQuality::Bilinear, ..Default::default() };
        for layer in &self.layers {
            let picture = Pixmap::decode_png(&layer.png)
                .map_err(|error| Error::Figure(format!("bitmap layer: {error}")))?;
            let place = scale.pre_translate(layer.x as f32, layer.y as f32).pre_scale(
                layer.width as f32 / picture.width() as f32,
                layer.height as f32 / picture.height() as f32,
            );
            pixels.draw_pixmap(0, 0, picture.as_ref(), &paint, place, None);
        }
        Ok(())
    }
}

fn tree(svg: &str) -> Result<Tree> {
    let options = Options { fontdb: font::database(), ..Options::default() };
    Tree::from_str(svg, &options).map_err(|error| Error::Figure(format!("SVG: {error}")))
}

/// The position of the first chunk after the header of every PNG.
const AFTER_HEADER: usize = 33;

/// Adds the chunk that records the resolution of a picture.
fn with_resolution(mut png: Vec<u8>, dpi: f64) -> Vec<u8> {
    let per_metre = ((dpi / 0.0254).round() as u32).to_be_bytes();
    let content = [&b"pHYs"[..], &per_metre, &per_metre, &[1]].concat();
    let checksum = crc32(&content).to_be_bytes();
    let chunk = [&9u32.to_be_bytes()[..], &content, &checksum].concat();
    png.splice(AFTER_HEADER..AFTER_HEADER, chunk);
    png
}

/// The CRC-32 of PNG (ISO 3309), bit by bit: it is only computed for thirteen bytes.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1)))
    })
}

/// The width and height at which a front end should show a PNG with a resolution recorded by this module.
pub(crate) fn shown_size(png: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| Some(u32::from_be_bytes(png.get(at..at + 4)?.try_into().ok()?));
    if png.get(AFTER_HEADER + 4..AFTER_HEADER + 8)? != b"pHYs" {
        return None;
    }
    let scale = 96.0 / (f64::from(number(AFTER_HEADER + 8)?) * 0.0254);
    let side = |at| Some((f64::from(number(at)?) * scale).round() as u32);
    Some((side(16)?, side(20)?))
}
