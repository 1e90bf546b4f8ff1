//! A subject set: pictures and a manifest, as the Zooniverse's uploaders expect them.

use super::mapping::TaskMapping;
use super::workflow::workflow_text;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use zoobot_base::error::{Error, Result};
use zoobot_base::files::write_whole;
use zoobot_base::interrupt;
use zoobot_base::lines::{JsonLine, JsonLines};
use zoobot_data::catalog::Catalog;
use zoobot_data::picture::{Failed, Failures};
use zoobot_data::schema::Schema;
use zoobot_show::notebook::text::plural;
use zoobot_show::notebook::{Bundle, Progress, Show, jpeg, png};

/// The ledger of what is done.
const LEDGER: &str = "ledger.jsonl";
/// The number of pictures between two entries into the ledger.
const TOGETHER: usize = 64;
/// The smallest side of a picture that is made to fit the limit, in pixels.
const SMALLEST: u32 = 64;

/// A subject set for the Zooniverse: pictures of galaxies with a manifest, in parts of a size that the uploaders
/// take, and a text that says how to set up the workflow.
///
/// ```
/// use zoobot_core::asking::SubjectSet;
/// use zoobot_core::prelude::*;
/// let folder = std::env::temp_dir().join(format!("zoobot-subjects-{}", std::process::id()));
/// let galaxies = Catalog::sample()?.head(5);
/// let set = SubjectSet::new(&galaxies, &Schema::named("gz_rings")?).part(3);
/// assert_eq!(set.write(&folder)?.parts(), 2);
/// // The same call again writes only what is missing.
/// assert_eq!(set.write(&folder)?.written(), 0);
/// # std::fs::remove_dir_all(folder).expect("it is there");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SubjectSet {
    catalog: Catalog,
    schema: Schema,
    pixels: u32,
    png: bool,
    bytes: usize,
    part: usize,
    columns: Vec<String>,
}

/// What a subject set contains, and what a call of [`SubjectSet::write`] added.
///
/// ```no_run
/// use zoobot_core::asking::SubjectSet;
/// use zoobot_core::prelude::*;
/// let set = SubjectSet::new(&Catalog::sample()?, &Schema::named("gz_rings")?).write("subjects")?;
/// set.failed().table()
/// # ;
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct WrittenSubjects {
    subjects: usize,
    written: usize,
    parts: usize,
    failed: Failures,
}

/// A line of the ledger: the settings, then a line for each picture.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Entry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settings: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    id_str: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    file: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    bytes: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl JsonLine for Entry {
    const FORM: &'static str = "Delete the folder, and write the subject set again";

    fn problem(&self) -> Option<String> {
        (self.settings.is_none() && self.file.is_empty()).then(|| "it names no file".to_owned())
    }
}

impl SubjectSet {
    /// A subject set of the galaxies of a catalogue, to be asked the questions of a schema.
    pub fn new(catalog: &Catalog, schema: &Schema) -> Self {
        Self {
            catalog: catalog.clone(),
            schema: schema.clone(),
            pixels: 512,
            png: false,
            bytes: 1_000_000,
            part: 500,
            columns: Vec::new(),
        }
    }

    /// The maximum side of a picture in pixels, at least 64. Default 512. The central square of each picture is
    /// shown; FITS files are rendered as galleries render them. Smaller pictures keep their size.
    #[must_use]
    pub fn pixels(self, pixels: u32) -> Self {
        Self { pixels, ..self }
    }

    /// Whether to write PNG files in place of JPEG files. Default false.
    #[must_use]
    pub fn png(self, png: bool) -> Self {
        Self { png, ..self }
    }

    /// The maximum size of a picture's file in bytes, at least 10,000. Default 1,000,000, the platform's limit. A
    /// picture above it is made smaller until it fits.
    #[must_use]
    pub fn bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    /// The maximum number of subjects in a part, at least 1. Default 500. Each part has its own folder and manifest.
    #[must_use]
    pub fn part(self, part: usize) -> Self {
        Self { part, ..self }
    }

    /// Columns of the catalogue to add to the manifest. Volunteers do not see them: their names begin with `#`.
    #[must_use]
    pub fn columns<T: Into<String>>(self, columns: impl IntoIterator<Item = T>) -> Self {
        Self { columns: columns.into_iter().map(Into::into).collect(), ..self }
    }

    /// Writes the set into a folder: `part-001/manifest.csv` with the columns `image` and `#id_str` beside its
    /// pictures, `part-002` and so on; `workflow.txt`, the tasks to set up; and `mapping.json`, for reading the
    /// export back ([`TaskMapping`]).
    ///
    /// Files appear whole. A call that was stopped or killed is resumed by repeating it: what the ledger names and
    /// the disk has is not made again. A picture that cannot be read is left out, and tried again by the next call.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a setting out of range; [`Error::Missing`] for an unknown column;
    /// [`Error::Unsuitable`] for a folder with another set or other settings; [`Error::Empty`] for an empty
    /// catalogue; [`Error::Io`]; [`Error::Interrupted`] after the stop button.
    pub fn write(&self, folder: impl AsRef<Path>) -> Result<WrittenSubjects> {
        let folder = folder.as_ref();
        let hidden = self.check()?;
        std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        let (mut ledger, lines) = JsonLines::<Entry>::open(folder.join(LEDGER))?;
        let settings = self.settings();
        match lines.first().map(|it| it.settings.as_deref()) {
            None => ledger.append(&[Entry { settings: Some(settings), ..Entry::default() }])?,
            Some(Some(known)) if known == settings => {}
            Some(_) => {
                let problem = format!(
                    "{} holds a subject set of other galaxies or settings",
                    folder.display()
                );
                return Err(Error::unsuitable(
                    problem,
                    "Choose another folder, or delete this one",
                ));
            }
        }
        let done: HashMap<&str, u64> =
            lines.iter().map(|it| (it.file.as_str(), it.bytes)).collect();
        let names = file_names(self.catalog.ids(), if self.png { "png" } else { "jpg" });
        let files = self.catalog.files();
        let progress = Progress::new("writing subjects", Some(self.catalog.len()));
        let mut result =
            WrittenSubjects { subjects: 0, written: 0, parts: 0, failed: Failures::default() };
        let mut failed = Vec::new();
        let rows: Vec<usize> = (0..self.catalog.len()).collect();
        for (number, rows) in rows.chunks(self.part).enumerate() {
            let part = format!("part-{:03}", number + 1);
            let place = folder.join(&part);
            std::fs::create_dir_all(&place).map_err(Error::io("create", &place))?;
            let mut whole = Vec::new();
            for some in rows.chunks(TOGETHER) {
                interrupt::check("writing subjects", || format!("{} pictures", progress.done()))?;
                let made: Vec<Result<Option<Entry>>> = some
                    .par_iter()
                    .map(|&row| {
                        let file = format!("{part}/{}", names[row]);
                        let size = std::fs::metadata(folder.join(&file)).map(|it| it.len()).ok();
                        if size.is_some() && done.get(file.as_str()).copied() == size {
                            return Ok(None);
                        }
                        let bytes = self.picture(&files[row])?;
                        write_whole(&folder.join(&file), |mut out| {
                            out.write_all(&bytes).map_err(Error::io("write", &file))
                        })?;
                        let id_str = self.catalog.ids()[row].clone();
                        Ok(Some(Entry { settings: None, id_str, file, bytes: bytes.len() as u64 }))
                    })
                    .collect();
                let mut new = Vec::new();
                for (&row, made) in some.iter().zip(made) {
                    match made {
                        Ok(entry) => {
                            whole.push(row);
                            new.extend(entry);
                        }
                        Err(error @ (Error::Picture { .. } | Error::Io { action: "read", .. })) => {
                            failed.push(Failed {
                                id_str: self.catalog.ids()[row].clone(),
                                file_loc: files[row].clone(),
                                reason: error.to_string(),
                            });
                        }
                        Err(error) => return Err(error),
                    }
                }
                result.written += new.len();
                if !new.is_empty() {
                    ledger.append(&new)?;
                }
                progress.advance(some.len());
            }
            self.manifest(&place, &whole, &names, &hidden)?;
            result.parts += 1;
            result.subjects += whole.len();
        }
        progress.finish();
        self.texts(folder)?;
        result.failed = failed.into();
        Ok(result)
    }

    /// Checks the settings, and returns the columns to add.
    fn check(&self) -> Result<Vec<Vec<String>>> {
        let pixels = match self.pixels >= SMALLEST {
            true => Ok(()),
            false => Err(Error::parameter("pixels", self.pixels, format!("at least {SMALLEST}"))),
        };
        let bytes = match self.bytes >= 10_000 {
            true => Ok(()),
            false => Err(Error::parameter("bytes", self.bytes, "at least 10000")),
        };
        let part = match self.part {
            0 => Err(Error::parameter("part", 0, "at least 1")),
            _ => Ok(()),
        };
        Error::together([pixels, bytes, part])?;
        if self.catalog.is_empty() {
            return Err(Error::empty("The catalogue has no galaxies", "Give some to ask about"));
        }
        self.columns.iter().map(|it| self.catalog.labels(it)).collect()
    }

    /// The settings in a few words, and what tells one catalogue from another.
    fn settings(&self) -> String {
        let ids = self.catalog.ids().iter().flat_map(|it| [it.as_bytes(), b"\n"]);
        let of = zoobot_base::files::short_hash(ids);
        format!(
            "{} galaxies ({of}), {}, {} pixels, {} bytes, parts of {}",
            self.catalog.len(),
            if self.png { "png" } else { "jpg" },
            self.pixels,
            self.bytes,
            self.part
        )
    }

    /// A picture below the limit.
    fn picture(&self, file: &Path) -> Result<Vec<u8>> {
        let no_file = || Error::Picture {
            path: PathBuf::new(),
            reason: "the catalogue has no file for this galaxy".into(),
        };
        if file.as_os_str().is_empty() {
            return Err(no_file());
        }
        let made = |pixels: u32| if self.png { png(file, pixels) } else { jpeg(file, pixels) };
        let mut pixels = self.pixels;
        let mut bytes = made(pixels)?;
        while bytes.len() > self.bytes && pixels > SMALLEST {
            pixels = (pixels * 4 / 5).max(SMALLEST);
            bytes = made(pixels)?;
        }
        match bytes.len() > self.bytes {
            false => Ok(bytes),
            true => Err(Error::Picture {
                path: file.to_path_buf(),
                reason: format!("even {SMALLEST} pixels take {} bytes", bytes.len()),
            }),
        }
    }

    /// Writes the manifest of a part.
    fn manifest(
        &self,
        place: &Path,
        rows: &[usize],
        names: &[String],
        hidden: &[Vec<String>],
    ) -> Result<()> {
        let mut text = String::from("image,#id_str");
        self.columns.iter().for_each(|it| text.push_str(&format!(",{}", cell(&format!("#{it}")))));
        text.push('\n');
        for &row in rows {
            text.push_str(&format!("{},{}", cell(&names[row]), cell(&self.catalog.ids()[row])));
            hidden.iter().for_each(|it| text.push_str(&format!(",{}", cell(&it[row]))));
            text.push('\n');
        }
        written(&place.join("manifest.csv"), &text)
    }

    /// Writes what the workflow must ask, and how to read it back.
    fn texts(&self, folder: &Path) -> Result<()> {
        written(&folder.join("workflow.txt"), &workflow_text(&self.schema))?;
        written(&folder.join("mapping.json"), &TaskMapping::of(&self.schema).to_json())
    }
}

fn written(path: &Path, text: &str) -> Result<()> {
    write_whole(path, |mut file| file.write_all(text.as_bytes()).map_err(Error::io("write", path)))
}

/// A cell of CSV.
fn cell(text: &str) -> String {
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

/// A file name for each galaxy, different also where capitals do not count: only letters, digits, `.`, `_`, `+`, `-`.
fn file_names(ids: &[String], ending: &str) -> Vec<String> {
    let mut taken = HashSet::with_capacity(ids.len());
    let names = ids.iter().map(|id| {
        let usual = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '+' | '-' | '.');
        let stem: String =
            id.chars().map(|it| if usual(it) { it } else { '_' }).take(120).collect();
        let stem = match stem.starts_with('.') {
            true => format!("_{stem}"),
            false => stem,
        };
        let mut name = format!("{stem}.{ending}");
        let mut number = 2;
        while !taken.insert(name.to_lowercase()) {
            name = format!("{stem}-{number}.{ending}");
            number += 1;
        }
        name
    });
    names.collect()
}

impl WrittenSubjects {
    /// The number of subjects in the folder.
    pub fn subjects(&self) -> usize {
        self.subjects
    }

    /// The number of pictures that this call wrote.
    pub fn written(&self) -> usize {
        self.written
    }

    /// The number of parts.
    pub fn parts(&self) -> usize {
        self.parts
    }

    /// The galaxies whose pictures could not be read, with reasons.
    pub fn failed(&self) -> &Failures {
        &self.failed
    }
}

impl Show for WrittenSubjects {
    fn show(&self) -> Bundle {
        Bundle::plain(format!(
            "{} in {}: {} written now, {} failed",
            plural(self.subjects, "subject"),
            plural(self.parts, "part"),
            self.written,
            self.failed.len()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_safe_and_different() {
        let ids = ["J1 2/3", "J1_2_3", "j1_2_3", "../x", "ä", ".a"].map(str::to_owned);
        let names = file_names(&ids, "jpg");
        assert_eq!(
            names,
            ["J1_2_3.jpg", "J1_2_3-2.jpg", "j1_2_3-3.jpg", "_.._x.jpg", "_.jpg", "_.a.jpg"]
        );
        assert_eq!(cell("a\"b,c"), "\"a\"\"b,c\"");
    }
}
