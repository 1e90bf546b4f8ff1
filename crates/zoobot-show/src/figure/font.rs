//! The only font, DejaVu Sans, embedded in the library: figures need no system fonts and look the same
//! everywhere.

use plotters::style::{FontStyle, register_font};
use resvg::usvg::fontdb;
use std::sync::{Arc, Once};

static DEJAVU_SANS: &[u8] = include_bytes!("font/DejaVuSans.ttf");

/// The family name in the font file.
pub(super) const FAMILY: &str = "DejaVu Sans";

/// Every name under which plotters may ask for the font.
const NAMES: [&str; 4] = [FAMILY, "sans-serif", "serif", "monospace"];

/// Registers the font with plotters, once per process.
pub(super) fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for name in NAMES {
            // The bytes are a font (tested), so this cannot fail.
            let _ = register_font(name, FontStyle::Normal, DEJAVU_SANS);
        }
    });
}

/// The font database for SVG readers; every family is DejaVu Sans.
pub(super) fn database() -> Arc<fontdb::Database> {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_source(fontdb::Source::Binary(Arc::new(DEJAVU_SANS)));
    fonts.set_sans_serif_family(FAMILY);
    fonts.set_serif_family(FAMILY);
    fonts.set_monospace_family(FAMILY);
    Arc::new(fonts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_font_is_dejavu_sans_and_plotters_takes_it() {
        let fonts = database();
        let face = fonts.faces().next().unwrap();
        assert_eq!(fonts.len(), 1);
        assert_eq!(face.families[0].0, FAMILY);
        assert!(register_font("trial", FontStyle::Normal, DEJAVU_SANS).is_ok());
    }
}
