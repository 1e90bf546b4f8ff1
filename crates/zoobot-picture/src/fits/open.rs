//! A FITS file that is open, and its images.

use super::first_image;
use super::hdu::Hdu;
use super::image::Stored;
use super::part::Part;
use super::read::FitsImage;
use super::source::Source;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zoobot_base::error::{Error, Result};
use zoobot_base::spelling;

/// A FITS file that is open. Only what is asked for is read from the disk; files that are compressed with gzip
/// or bzip2 are unpacked into memory first.
///
/// ```no_run
/// use zoobot_core::picture::FitsFile;
/// let file = FitsFile::open("coadd.fits.fz")?;
/// let image = file.image(None)?;
/// println!("{:?} pixels, {:?} arcsec each", image.shape(), image.wcs()?.pixel_scale());
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FitsFile {
    path: PathBuf,
    source: Arc<Source>,
}

impl FitsFile {
    /// Opens a file. Its name does not matter: a plain file called `.fz` or `.gz` is read as it is.
    ///
    /// # Errors
    /// [`Error::Picture`] with the reason when it cannot be read or is not a FITS file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let opened = Source::open(path).and_then(|source| {
            Part::first(&source)?;
            Ok(source)
        });
        let source = opened.map_err(failed(path))?;
        Ok(Self { path: path.to_path_buf(), source: Arc::new(source) })
    }

    /// An image of the file; without a number or name the first one with two or more axes, or else the first
    /// with any pixels.
    ///
    /// # Errors
    /// [`Error::Picture`] with the reason: there is no such part, it holds no image, it is cut off or damaged.
    pub fn image(&self, hdu: Option<&Hdu>) -> Result<FitsImage> {
        let stored = match hdu {
            Some(hdu) => self.named(hdu),
            None => self.first(),
        };
        let stored = stored.map_err(failed(&self.path))?;
        Ok(FitsImage {
            path: self.path.clone(),
            source: self.source.clone(),
            stored: Arc::new(stored),
        })
    }

    fn first(&self) -> Result<Stored, String> {
        if let Some((part, axes)) = first_image(&self.source)? {
            return Stored::of(&self.source, part, axes);
        }
        let mut part = Some(Part::first(&self.source)?);
        while let Some(this) = part {
            let axes = this.axes()?;
            if !axes.is_empty() && !axes.contains(&0) {
                return Stored::of(&self.source, this, axes);
            }
            part = this.next(&self.source)?;
        }
        Err("the FITS file has no image".to_owned())
    }

    fn named(&self, hdu: &Hdu) -> Result<Stored, String> {
        let (mut part, mut names) = (Some(Part::first(&self.source)?), Vec::new());
        while let Some(this) = part {
            let name = this.name();
            let found = match hdu {
                Hdu::Number(number) => this.number == *number,
                Hdu::Name(wanted, version) => {
                    let primary = this.number == 0 && wanted.eq_ignore_ascii_case("PRIMARY");
                    let named = name.as_ref().is_some_and(|it| it.eq_ignore_ascii_case(wanted));
                    let its = this.header.whole("EXTVER").unwrap_or(1);
                    (named || primary) && version.is_none_or(|version| version == its)
                }
            };
            if found {
                let axes = this.axes()?;
                if axes.is_empty() || axes.contains(&0) {
                    let kind =
                        if this.kind() == "IMAGE" { "no pixels" } else { "a table, not an image" };
                    return Err(format!("the part {hdu} of the FITS file holds {kind}"));
                }
                return Stored::of(&self.source, this, axes);
            }
            names.extend(name);
            part = this.next(&self.source)?;
        }
        Err(match hdu {
            Hdu::Number(number) => {
                format!("the FITS file has no part {number}; they are counted from 0")
            }
            Hdu::Name(name, _) => {
                let near = spelling::near(name, names.iter().map(String::as_str));
                format!("the FITS file has no part {hdu:?}. {near}", hdu = hdu.to_string())
            }
        })
    }
}

/// Makes an error of a reason.
pub(super) fn failed(path: &Path) -> impl Fn(String) -> Error {
    let path = path.to_path_buf();
    move |reason| Error::Picture { path: path.clone(), reason }
}
