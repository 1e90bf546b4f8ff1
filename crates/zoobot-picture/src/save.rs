//! Pictures as files.

use image::{ImageFormat, RgbImage};
use std::path::Path;
use zoobot_base::error::{Error, Result};
use zoobot_base::files::write_whole_at;

/// Writes a picture as PNG or JPEG, by the ending of its name. The file appears whole or not at all.
///
/// ```
/// use zoobot_core::image::RgbImage;
/// use zoobot_core::picture::save_picture;
/// let path = std::env::temp_dir().join(format!("doc-picture-{}.png", std::process::id()));
/// save_picture(&RgbImage::new(8, 8), &path)?;
/// # std::fs::remove_file(path).expect("just written");
/// # Ok::<(), zoobot_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Unsuitable`] for another ending; [`Error::Io`] when the file cannot be written.
pub fn save_picture(picture: &RgbImage, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let ending = path.extension().map(|it| it.to_string_lossy().to_lowercase());
    let format = match ending.as_deref() {
        Some("png") => ImageFormat::Png,
        Some("jpg" | "jpeg") => ImageFormat::Jpeg,
        _ => {
            let problem = format!("a picture cannot be saved as {}", path.display());
            return Err(Error::unsuitable(problem, "Choose a name that ends in .png or .jpg"));
        }
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).map_err(Error::internal("encoding a picture"))?;
    write_whole_at(path, |partial| {
        std::fs::write(partial, bytes.get_ref()).map_err(Error::io("write", path))
    })
}
