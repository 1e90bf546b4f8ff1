//! Tables larger than memory: vectors in a flat file, searched without loading them.

use super::exact::{self, Nearest};
use super::index::{Index, IndexConfig, Table};
use super::search::Within;
use super::vectors::{Fingerprint, Vectors};
use super::{Metric, Search};
use crate::space::{Origin, Pca, PcaFit, Space};
use half::f16;
use memmap2::{Mmap, UncheckedAdvice};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};
use zoobot_base::files::write_whole;
use zoobot_data::catalog::Catalog;
use zoobot_show::notebook::{Bundle, Show};

/// The first bytes of the file.
const MAGIC: &[u8; 8] = b"zoobotV1";
/// The offset of the vectors: the header is padded to one page.
const HEAD: usize = 4096;
/// The number of rows read at a time by [`VectorFile::pca`].
const ROWS: usize = 4096;
/// The number of ids up to which an unknown id gets a suggestion.
const HINTED: usize = 200_000;

/// Vectors and their galaxies' names in a flat file, which is memory-mapped.
///
/// A search streams through the file. Besides its results it needs, per core, 4 MB of the file and a
/// buffer of 128 KB, however large the file is. The operating system may keep parts of the file in free
/// memory, and releases them when memory is needed.
///
/// The file begins with `zoobotV1`, followed by the length of a JSON object (8 bytes; all numbers are
/// little-endian) and the object itself, with `rows`, `width`, `half`, a `fingerprint` and the `origin`
/// of the vectors. The vectors begin at byte 4096, row by row, as float32 or (with `half`) float16. From
/// the next multiple of 8 bytes follow `rows` + 1 offsets (8 bytes each), at which the ids begin and end
/// in the UTF-8 text after them.
///
/// ```
/// use zoobot_core::{ndarray::array, similar::VectorFile, space::Space};
/// let path = std::env::temp_dir().join(format!("doc-{}.vectors", std::process::id()));
/// let ids = ["a", "b", "c"].map(str::to_owned).to_vec();
/// let space = Space::new(ids, array![[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])?;
/// let file = VectorFile::write(&path, false, |to| to.add(&space))?;
/// assert_eq!(file.search().like("a").nearest(2)?.ids(), ["c", "b"]);
/// # std::fs::remove_file(path).expect("just written");
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct VectorFile {
    inner: Arc<Mapped>,
    /// In the order of the file.
    catalog: Option<Catalog>,
}

#[derive(Debug)]
struct Mapped {
    path: PathBuf,
    map: Mmap,
    head: Head,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Head {
    rows: usize,
    width: usize,
    half: bool,
    fingerprint: String,
    origin: Option<Origin>,
}

impl Head {
    fn size(&self) -> usize {
        if self.half { 2 } else { 4 }
    }

    /// The offset of the ids' table: the first multiple of 8 after the vectors.
    fn ids(&self) -> Option<usize> {
        let vectors = self.rows.checked_mul(self.width)?.checked_mul(self.size())?;
        Some(vectors.checked_add(HEAD)?.next_multiple_of(8))
    }
}

impl VectorFile {
    /// Writes a file. `fill` adds the tables one by one. With `half`, numbers are rounded to half
    /// precision (11 bits). The file appears whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written, or nothing was added.
    pub fn write(
        path: impl AsRef<Path>,
        half: bool,
        fill: impl FnOnce(&mut VectorWriter) -> Result<()>,
    ) -> Result<Self> {
        let path = path.as_ref();
        write_whole(path, |file| {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let ids = tempfile::tempfile_in(folder.unwrap_or(Path::new(".")));
            let mut writer = VectorWriter {
                path: path.to_path_buf(),
                vectors: BufWriter::with_capacity(1 << 20, file.try_clone().map_err(io(path))?),
                places: BufWriter::new(ids.map_err(io(path))?),
                names: tempfile::tempfile_in(folder.unwrap_or(Path::new(".")))
                    .map(BufWriter::new)
                    .map_err(io(path))?,
                print: None,
                half,
                rows: 0,
                width: 0,
                end: 0,
                origin: None,
            };
            writer.vectors.seek(SeekFrom::Start(HEAD as u64)).map_err(io(path))?;
            fill(&mut writer)?;
            writer.finish()
        })?;
        Self::open(path)
    }

    /// Opens a file that [`write`](Self::write) wrote. The file must not be modified while it is open;
    /// replacing it with another file does no harm.
    ///
    /// # Errors
    /// When the file cannot be read or is not a file of vectors.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = File::open(path).map_err(Error::io("read", path))?;
        // SAFETY: the file is only read; the documentation asks not to change it.
        let map = unsafe { Mmap::map(&file) }.map_err(Error::io("read", path))?;
        let wrong = |problem: &str| Error::Catalog {
            path: path.to_path_buf(),
            problem: problem.to_owned(),
            hint: advice(
                "Make one with `zoobot vectors` or VectorFile::write(..)",
                "Make one with `zoobot vectors`",
            ),
        };
        let no_vectors = || wrong("it is not a file of vectors");
        let long = map.get(8..16).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
        let long = long.filter(|&long| map.starts_with(MAGIC) && long <= (HEAD - 16) as u64);
        let long = long.ok_or_else(no_vectors)? as usize;
        let head = map.get(16..16 + long).ok_or_else(no_vectors)?;
        let head: Head = serde_json::from_slice(head).map_err(|_| no_vectors())?;
        let damaged = || wrong("it is damaged: its length does not match its header");
        let ids = head.ids().ok_or_else(damaged)?;
        let names = head.rows.checked_add(1).and_then(|n| n.checked_mul(8)?.checked_add(ids));
        let names = names.filter(|&names| names <= map.len() && head.rows > 0 && head.width > 0);
        let names = names.ok_or_else(damaged)?;
        let inner = Arc::new(Mapped { path: path.to_path_buf(), map, head });
        let opened = Self { inner, catalog: None };
        if opened.place(opened.len()) != Some(opened.inner.map.len() - names) {
            return Err(damaged());
        }
        Ok(opened)
    }

    /// Whether a file begins with the signature of a vector file.
    pub fn is_one(path: impl AsRef<Path>) -> bool {
        let mut start = [0; 8];
        let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
        read.is_ok() && &start == MAGIC
    }

    /// The number of galaxies.
    pub fn len(&self) -> usize {
        self.inner.head.rows
    }

    /// Always false: a file holds at least one galaxy.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of features per galaxy.
    pub fn width(&self) -> usize {
        self.inner.head.width
    }

    /// The fingerprint of the vectors.
    pub fn fingerprint(&self) -> &str {
        &self.inner.head.fingerprint
    }

    /// The offset in the ids' text at which a row's id begins.
    fn place(&self, row: usize) -> Option<usize> {
        let start = self.inner.head.ids()? + 8 * row;
        let bytes = self.inner.map.get(start..start + 8)?.try_into().ok()?;
        usize::try_from(u64::from_le_bytes(bytes)).ok()
    }

    /// The name of a galaxy. It is empty if the row does not exist or the file is damaged.
    pub fn id(&self, row: usize) -> &str {
        let id = || {
            let (start, end) = (self.place(row)?, self.place(row + 1)?);
            let names = self.inner.head.ids()? + 8 * (self.len() + 1);
            let bytes = self.inner.map.get(names.checked_add(start)?..names.checked_add(end)?)?;
            std::str::from_utf8(bytes).ok()
        };
        if row < self.len() { id().unwrap_or_default() } else { "" }
    }

    /// The row of a galaxy. This looks through all names.
    ///
    /// # Errors
    /// [`Error::Missing`], with the most similar name if the file has at most 200,000 galaxies.
    pub fn row(&self, id: &str) -> Result<usize> {
        let found = (0..self.len()).find(|&row| self.id(row) == id);
        let begin = self.inner.head.ids().unwrap_or_default();
        self.give_back(begin..self.inner.map.len());
        found.ok_or_else(|| Error::Missing {
            kind: "galaxy",
            name: id.to_owned(),
            place: self.inner.path.display().to_string(),
            hint: match self.len() {
                0..=HINTED => {
                    zoobot_base::spelling::near(id, (0..self.len()).map(|row| self.id(row)))
                }
                many => format!("It holds {many} galaxies"),
            },
        })
    }

    /// Reads some of the galaxies into a space in memory.
    ///
    /// # Errors
    /// [`Error::Missing`] for a galaxy that the file does not have; [`Error::Empty`] if `ids` is empty.
    pub fn select<S: AsRef<str>>(&self, ids: &[S]) -> Result<Space> {
        let rows = ids.iter().map(|id| self.row(id.as_ref())).collect::<Result<Vec<_>>>()?;
        self.space(&rows)
    }

    /// The encoder and the steps that made the vectors, if the file records them.
    pub fn origin(&self) -> Option<&Origin> {
        self.inner.head.origin.as_ref()
    }

    /// Reads some of the rows into a space in memory.
    pub(super) fn space(&self, rows: &[usize]) -> Result<Space> {
        let mut features = Array2::zeros((rows.len(), self.width()));
        for (&row, mut to) in rows.iter().zip(features.rows_mut()) {
            if let Some(to) = to.as_slice_mut() {
                self.read(row, to);
            }
        }
        let ids = rows.iter().map(|&row| self.id(row).to_owned()).collect();
        let space = Space::new(ids, features)?;
        Ok(match &self.inner.head.origin {
            Some(origin) => space.with_origin(origin.clone()),
            None => space,
        })
    }

    /// The `k` rows nearest to each of many `queries` (one per row), exactly, as [`Space::nearest`]
    /// finds them.
    ///
    /// # Errors
    /// As [`Space::nearest`].
    pub fn nearest(&self, queries: ArrayView2<f32>, k: usize, metric: Metric) -> Result<Nearest> {
        exact::nearest(self, queries, k, metric, None)
    }

    /// Computes the first principal components, streaming through the file.
    ///
    /// # Errors
    /// As [`Space::pca`]; [`Error::Interrupted`].
    pub fn pca(&self, components: usize) -> Result<Pca> {
        let mut fit = PcaFit::new(components);
        let mut block = Array2::zeros((0, self.width()));
        for start in (0..self.len()).step_by(ROWS) {
            let rows = start..(start + ROWS).min(self.len());
            if block.nrows() != rows.len() {
                block = Array2::zeros((rows.len(), self.width()));
            }
            for (row, mut to) in rows.clone().zip(block.rows_mut()) {
                if let Some(to) = to.as_slice_mut() {
                    self.read(row, to);
                }
            }
            fit.add(block.view())?;
            self.release(rows);
        }
        fit.finish()
    }

    /// Attaches the catalogue of these galaxies, in any order; other galaxies in it are left out. The
    /// catalogue is kept in memory. Searches can then have conditions, and their results show pictures.
    ///
    /// # Errors
    /// [`Error::Missing`] for the first galaxy of the file that the catalogue lacks.
    pub fn with_catalog(&self, catalog: &Catalog) -> Result<Self> {
        let ids: Vec<&str> = (0..self.len()).map(|row| self.id(row)).collect();
        Ok(Self { catalog: Some(catalog.select(&ids)?), ..self.clone() })
    }

    /// The catalogue of exactly these galaxies, in the order of the file, if one is attached.
    pub fn catalog(&self) -> Option<&Catalog> {
        self.catalog.as_ref()
    }

    /// Begins a search for similar galaxies.
    pub fn search(&self) -> Search {
        Search::within(Within::File(self.clone()))
    }

    /// Builds an [`Index`] of the file, in memory.
    ///
    /// # Errors
    /// As [`Space::index`].
    pub fn index(&self, config: &IndexConfig) -> Result<Index> {
        Index::build(Table::File(self.clone()), config)
    }

    /// Reads an index of this file that [`Index::save`] wrote.
    ///
    /// # Errors
    /// As [`Space::open_index`].
    pub fn open_index(&self, path: impl AsRef<Path>) -> Result<Index> {
        Index::read(path.as_ref(), Table::File(self.clone()))
    }

    /// Releases the memory pages that are entirely within a range of the file.
    fn give_back(&self, bytes: Range<usize>) {
        let page = HEAD;
        let start = bytes.start.next_multiple_of(page);
        let end = bytes.end.min(self.inner.map.len()) / page * page;
        if start < end {
            // SAFETY: the mapping is of a file and never written to, so dropped pages are read again
            // unchanged. A failure, as on systems other than Linux, does no harm.
            let _ = unsafe {
                self.inner.map.unchecked_advise_range(UncheckedAdvice::DontNeed, start, end - start)
            };
        }
    }
}

impl Vectors for VectorFile {
    fn len(&self) -> usize {
        self.inner.head.rows
    }

    fn width(&self) -> usize {
        self.inner.head.width
    }

    #[inline]
    fn read(&self, row: usize, to: &mut [f32]) {
        let Mapped { map, head, .. } = self.inner.as_ref();
        let bytes = head.width * head.size();
        let row = &map[HEAD + row * bytes..][..bytes];
        match head.half {
            true => {
                for (to, bytes) in to.iter_mut().zip(row.chunks_exact(2)) {
                    *to = f16::from_le_bytes([bytes[0], bytes[1]]).to_f32();
                }
            }
            false => {
                for (to, bytes) in to.iter_mut().zip(row.chunks_exact(4)) {
                    *to = f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
                }
            }
        }
    }

    fn release(&self, rows: Range<usize>) {
        let bytes = self.width() * self.inner.head.size();
        self.give_back(HEAD + rows.start * bytes..HEAD + rows.end * bytes);
    }
}

impl Show for VectorFile {
    fn show(&self) -> Bundle {
        let Head { rows, width, half, .. } = &self.inner.head;
        let kind = if *half { "float16" } else { "float32" };
        let path = self.inner.path.display();
        Bundle::plain(format!("{rows} galaxies with {width} features, {kind}, in {path}"))
    }
}

/// Writes the tables of a [`VectorFile`].
///
/// ```
/// use zoobot_core::{ndarray::array, similar::VectorFile};
/// let file = std::env::temp_dir().join(format!("zoobot-writer-{}.vectors", std::process::id()));
/// let vectors = VectorFile::write(&file, false, |writer| {
///     writer.add_rows(&["a".to_owned(), "b".to_owned()], array![[0.0, 1.0], [2.0, 3.0]].view())?;
///     writer.add_rows(&["c".to_owned()], array![[4.0, 5.0]].view())
/// })?;
/// assert_eq!((vectors.len(), vectors.width()), (3, 2));
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug)]
pub struct VectorWriter {
    path: PathBuf,
    vectors: BufWriter<File>,
    places: BufWriter<File>,
    names: BufWriter<File>,
    print: Option<Fingerprint>,
    half: bool,
    rows: usize,
    width: usize,
    /// The offset at which the names written so far end.
    end: u64,
    origin: Option<Origin>,
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> Error + use<> {
    let path = path.to_path_buf();
    move |source| Error::Io { action: "write", path: path.clone(), source }
}

impl VectorWriter {
    /// Adds the galaxies of a space.
    ///
    /// # Errors
    /// As [`add_rows`](Self::add_rows).
    pub fn add(&mut self, space: &Space) -> Result<()> {
        if self.rows == 0 {
            self.origin = space.origin().cloned();
        }
        self.add_rows(space.ids(), space.features())
    }

    /// Adds galaxies: their names, and their vectors, one per row.
    ///
    /// # Errors
    /// [`Error::Shape`] when the numbers of names and rows differ, or the rows differ in width from
    /// earlier ones; [`Error::Unsuitable`] when a number is not finite or (with `half`) exceeds 65504 in
    /// size; [`Error::Io`].
    pub fn add_rows(&mut self, ids: &[String], rows: ArrayView2<f32>) -> Result<()> {
        if ids.len() != rows.nrows() {
            let problem = format!("there are {} names for {} rows", ids.len(), rows.nrows());
            return Err(Error::shape(problem, "Give one name for each row"));
        }
        if rows.ncols() == 0 {
            return Err(Error::empty("the rows have no features", "Give at least one"));
        }
        if self.rows == 0 {
            self.width = rows.ncols();
        }
        if rows.ncols() != self.width {
            let problem = format!(
                "the rows have {} columns, but earlier ones had {}",
                rows.ncols(),
                self.width
            );
            return Err(Error::shape(problem, "Give every row the same number of features"));
        }
        let print = self.print.get_or_insert_with(|| Fingerprint::new(rows.ncols()));
        let mut bytes = Vec::new();
        for (id, row) in ids.iter().zip(rows.rows()) {
            bytes.clear();
            for &value in row {
                let fits = if self.half { value.abs() <= 65_504.0 } else { value.is_finite() };
                if !fits {
                    let problem = format!("a feature is {value} for {id:?}");
                    let hint = match self.half {
                        true => "Half precision holds numbers up to 65504; use single precision",
                        false => "Every feature must be a finite number",
                    };
                    return Err(Error::unsuitable(problem, hint));
                }
                match self.half {
                    true => bytes.extend(f16::from_f32(value).to_le_bytes()),
                    false => bytes.extend(value.to_le_bytes()),
                }
            }
            print.update(&bytes);
            self.vectors.write_all(&bytes).map_err(io(&self.path))?;
            self.places.write_all(&self.end.to_le_bytes()).map_err(io(&self.path))?;
            self.names.write_all(id.as_bytes()).map_err(io(&self.path))?;
            self.end += id.len() as u64;
        }
        self.rows += ids.len();
        Ok(())
    }

    fn finish(self) -> Result<()> {
        let Self { path, mut vectors, mut places, names, print, half, rows, width, end, origin } =
            self;
        let Some(print) = print.filter(|_| rows > 0) else {
            return Err(Error::empty("there are no galaxies to write", "Add at least one row"));
        };
        let head = Head { rows, width, half, fingerprint: print.finish(), origin };
        let written = || -> std::io::Result<()> {
            places.write_all(&end.to_le_bytes())?;
            let long = rows * width * head.size();
            vectors.write_all(&[0; 8][..long.next_multiple_of(8) - long])?;
            for part in [places, names] {
                let mut part = part.into_inner().map_err(|error| error.into_error())?;
                part.seek(SeekFrom::Start(0))?;
                std::io::copy(&mut BufReader::with_capacity(1 << 20, part), &mut vectors)?;
            }
            vectors.seek(SeekFrom::Start(0))?;
            let head = serde_json::to_vec(&head)?;
            if head.len() > HEAD - 16 {
                return Err(std::io::Error::other("the encoder's recipe is too long"));
            }
            vectors.write_all(MAGIC)?;
            vectors.write_all(&(head.len() as u64).to_le_bytes())?;
            vectors.write_all(&head)?;
            vectors.flush()
        };
        written().map_err(io(&path))
    }
}

#[cfg(test)]
mod tests;
