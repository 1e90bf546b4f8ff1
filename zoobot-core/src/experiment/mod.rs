//! Experiments that repeat a paper's on the galaxies at hand.
//!
//! [`FewLabels`]: how well a question is learnt from few labels, by what a network knew before.

mod outcome;
mod paper;

pub use outcome::{FewLabelsOutcome, Row};

use crate::catalog::{Catalog, Label};
use crate::encoder::{Encoder, catalog_key};
use crate::error::{Error, Result};
use crate::files::write_whole_at;
use crate::finetune::Finetune;
use crate::notebook::Progress;
use crate::seed::mixed;
use crate::space::Space;
use ndarray::Axis;
use outcome::{append, read};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The ring experiment of Walmsley et al. (2022): fine-tuning from several encoders with more and more
/// labels, several times each with other galaxies.
///
/// In each repeat galaxies are put aside to judge by, half of either class, then some to stop by, and
/// the rest is learnt from, half of either class as far as they go: a larger training set holds the
/// smaller ones. Every result is a row of a table in the folder at once; what is there is not
/// done again.
///
/// ```no_run
/// use zoobot_core::experiment::FewLabels;
/// use zoobot_core::prelude::*;
/// let rings = Catalog::read("rings/catalog.csv")?;
/// let outcome = FewLabels::of(&rings, "ring")
///     .sizes([10, 30, 100, 200])
///     .start("galaxies", &Encoder::load("sample")?)
///     .start("ImageNet", &Encoder::load("imagenet")?)
///     .run("rings-grid")?;
/// outcome.figure()?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FewLabels {
    catalog: Catalog,
    label: String,
    sizes: Vec<usize>,
    repeats: u64,
    starts: Vec<(String, Encoder)>,
    scratch: Option<Encoder>,
    frozen: bool,
    full: bool,
    test: usize,
    val: usize,
    epochs: u64,
    seed: u64,
}

/// What is learnt in one cell of the grid.
#[derive(Debug, Clone, PartialEq)]
struct Cell {
    start: String,
    mode: &'static str,
    size: usize,
    repeat: u64,
}

/// Galaxies of one repeat, by their places.
struct Division {
    train: Vec<usize>,
    val: Vec<usize>,
    test: Vec<usize>,
}

impl FewLabels {
    /// The experiment on a catalogue's galaxies, whose column `label` has two classes.
    pub fn of(catalog: &Catalog, label: impl Into<String>) -> Self {
        Self {
            catalog: catalog.clone(),
            label: label.into(),
            sizes: vec![10, 30, 100, 200],
            repeats: 5,
            starts: Vec::new(),
            scratch: None,
            frozen: true,
            full: false,
            test: 100,
            val: 30,
            epochs: 20,
            seed: 1,
        }
    }

    /// Sets the numbers of galaxies to learn from (10, 30, 100, 200).
    pub fn sizes(mut self, sizes: impl Into<Vec<usize>>) -> Self {
        self.sizes = sizes.into();
        self
    }

    /// Sets how often each is repeated with other galaxies (5).
    pub fn repeats(mut self, repeats: u64) -> Self {
        self.repeats = repeats;
        self
    }

    /// Adds an encoder to begin with, by a name.
    pub fn start(mut self, name: impl Into<String>, encoder: &Encoder) -> Self {
        self.starts.push((name.into(), encoder.clone()));
        self
    }

    /// Adds the architecture of an encoder with random weights: `untrained` where it is frozen,
    /// `scratch` where it learns.
    pub fn scratch(mut self, encoder: &Encoder) -> Self {
        self.scratch = Some(encoder.clone());
        self
    }

    /// Sets whether heads are trained on frozen encoders (`true`), and whole networks (`false`).
    pub fn modes(mut self, frozen: bool, full: bool) -> Self {
        (self.frozen, self.full) = (frozen, full);
        self
    }

    /// Sets how many galaxies are judged by (100) and how many stopped by (30).
    pub fn aside(mut self, test: usize, val: usize) -> Self {
        (self.test, self.val) = (test, val);
        self
    }

    /// Sets the most epochs of a whole network (20); heads have 100.
    pub fn epochs(mut self, epochs: u64) -> Self {
        self.epochs = epochs;
        self
    }

    /// Sets the seed of everything random (1).
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Does what is not done yet, and gives all results. In the folder are `results.csv`, a row for
    /// each run, written as it ends, and features, so that frozen encoders see each picture once.
    ///
    /// # Errors
    /// [`Error::Invalid`] for fewer galaxies than the largest size needs, more classes than two, and
    /// a folder of another experiment; [`Error::Interrupted`] when stopped: the same call goes on.
    pub fn run(&self, folder: impl AsRef<Path>) -> Result<FewLabelsOutcome> {
        let folder = folder.as_ref();
        let classes = self.classes()?;
        self.begin(folder, &classes)?;
        let path = folder.join("results.csv");
        let mut rows = read(&path)?;
        let cells = self.cells();
        let progress = Progress::new("few labels", Some(cells.len()));
        let mut spaces: HashMap<String, Space> = HashMap::new();
        for cell in cells {
            let done = rows.iter().any(|row| {
                (row.start.as_str(), row.mode.as_str(), row.size, row.repeat)
                    == (cell.start.as_str(), cell.mode, cell.size, cell.repeat)
            });
            if !done {
                crate::interrupt::check("few labels", || format!("{} runs", rows.len()))?;
                let row = self.cell(&cell, &classes, folder, &mut spaces)?;
                append(&path, &row)?;
                rows.push(row);
            }
            progress.advance(1);
        }
        Ok(FewLabelsOutcome { label: self.label.clone(), rows })
    }

    /// Every run, those of one encoder together.
    fn cells(&self) -> Vec<Cell> {
        let modes = [(self.frozen, "frozen"), (self.full, "full")];
        let modes = modes.into_iter().filter(|(wanted, _)| *wanted).map(|(_, mode)| mode);
        let mut cells = Vec::new();
        for mode in modes {
            let random = self.scratch.as_ref().map(|_| match mode {
                "frozen" => "untrained".to_owned(),
                _ => "scratch".to_owned(),
            });
            for start in self.starts.iter().map(|(name, _)| name.clone()).chain(random) {
                for &size in &self.sizes {
                    let start = start.clone();
                    cells.extend((1..=self.repeats).map(|repeat| Cell {
                        start: start.clone(),
                        mode,
                        size,
                        repeat,
                    }));
                }
            }
        }
        cells
    }

    /// Which galaxies are of the second class.
    fn classes(&self) -> Result<Vec<bool>> {
        let label = Label::of(&self.catalog, &self.label)?;
        let labels = label.all(label.classes()?)?;
        let mut names: Vec<&String> = labels.iter().collect();
        names.sort_unstable();
        names.dedup();
        let [_, positive] = names[..] else {
            let value = format!("{} in {:?}", names.len(), self.label);
            return Err(Error::invalid("classes", value, "two"));
        };
        let is: Vec<bool> = labels.iter().map(|it| it == positive).collect();
        let least = is.iter().filter(|it| **it).count().min(is.iter().filter(|it| !**it).count());
        let most = self.sizes.iter().max().copied().unwrap_or(0);
        let needed = (most + self.val + self.test).div_ceil(2);
        if self.sizes.is_empty() || self.repeats == 0 || self.test < 2 || self.val < 2 {
            let value = format!(
                "{} sizes, {} repeats, {} to judge by, {} to stop by",
                self.sizes.len(),
                self.repeats,
                self.test,
                self.val
            );
            return Err(Error::invalid(
                "the experiment",
                value,
                "a size, a repeat, 2 on each side",
            ));
        }
        if needed > least {
            let value = format!("{least} of the rarer class");
            let expected = format!(
                "at least {needed}, for {most} to learn from, {} to stop by and {} to judge by",
                self.val, self.test
            );
            return Err(Error::invalid("galaxies", value, expected));
        }
        Ok(is)
    }

    /// Writes what the folder is of, or fails where it is of another experiment.
    fn begin(&self, folder: &Path, classes: &[bool]) -> Result<()> {
        std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        let now = json!({
            "galaxies": catalog_key(format!("{} {classes:?}", self.label), &self.catalog),
            "test": self.test,
            "val": self.val,
            "epochs": self.epochs,
            "seed": self.seed,
            "starts": self.starts.iter().map(|(name, it)| json!([name, it.fingerprint()]))
                .collect::<Vec<_>>(),
        });
        let path = folder.join("experiment.json");
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let then: Value = serde_json::from_str(&text)?;
                let parts = ["galaxies", "test", "val", "epochs", "seed", "starts"];
                let other: Vec<&str> = parts.into_iter().filter(|it| then[it] != now[it]).collect();
                if other.is_empty() {
                    return Ok(());
                }
                let value = format!("{} with other {}", folder.display(), other.join(", "));
                Err(Error::invalid(
                    "folder of the experiment",
                    value,
                    "another folder, or the same",
                ))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                write_whole_at(&path, |partial| {
                    let text = serde_json::to_string_pretty(&now)? + "\n";
                    std::fs::write(partial, text).map_err(Error::io("write", partial))
                })
            }
            Err(error) => Err(Error::io("read", &path)(error)),
        }
    }

    /// The galaxies of a repeat: as many of either class on each side.
    fn divide(&self, classes: &[bool], size: usize, repeat: u64) -> Division {
        let mut rng = StdRng::seed_from_u64(mixed(self.seed, repeat));
        let mut sides: [Vec<usize>; 2] = [Vec::new(), Vec::new()];
        classes.iter().enumerate().for_each(|(row, is)| sides[usize::from(*is)].push(row));
        sides.iter_mut().for_each(|it| it.shuffle(&mut rng));
        let [mut no, mut yes] = sides.map(Vec::into_iter);
        // By turns, so that half of each are of either class.
        let mut take = |count: usize| -> Vec<usize> {
            let both =
                std::iter::from_fn(|| Some([yes.next()?, no.next()?])).take(count.div_ceil(2));
            both.flatten().take(count).collect()
        };
        let (test, val, train) = (take(self.test), take(self.val), take(size));
        Division { train, val, test }
    }

    fn encoder(&self, start: &str) -> Result<Encoder> {
        if let Some((_, encoder)) = self.starts.iter().find(|(name, _)| name == start) {
            return Ok(encoder.clone());
        }
        match &self.scratch {
            Some(like) => {
                Encoder::untrained(like.architecture().clone(), like.recipe().clone(), self.seed)
            }
            None => Err(Error::invalid("start", start, "one that was added")),
        }
    }

    fn cell(
        &self,
        cell: &Cell,
        classes: &[bool],
        folder: &Path,
        spaces: &mut HashMap<String, Space>,
    ) -> Result<Row> {
        let started = Instant::now();
        let Division { train, val, test } = self.divide(classes, cell.size, cell.repeat);
        let rings = train.iter().filter(|row| classes[**row]).count();
        let encoder = self.encoder(&cell.start)?;
        let run = Finetune::classifier(&self.label).encoder(&encoder);
        let run = run.seed(mixed(self.seed, cell.repeat));
        let predicted = if cell.mode == "frozen" {
            if !spaces.contains_key(&cell.start) {
                let space = self.encoded(&encoder, &cell.start, folder)?;
                spaces.insert(cell.start.clone(), space);
            }
            let space = &spaces[&cell.start];
            let part = |rows: &[usize]| self.part(space, rows);
            run.train_encoded(&part(&train)?, &part(&val)?)?.predict_encoded(&part(&test)?)?
        } else {
            let ids = self.catalog.ids();
            let part = |rows: &[usize]| {
                self.catalog.select(&rows.iter().map(|row| &ids[*row]).collect::<Vec<_>>())
            };
            let run = match cell.start.as_str() {
                "scratch" => run.scratch(encoder.architecture().clone(), encoder.recipe().clone()),
                _ => run.full(),
            };
            let run = run.epochs(self.epochs);
            let done = run.observed(&part(&train)?, &part(&val)?, &mut |_| ())?;
            done.predict(&part(&test)?)?
        };
        Ok(Row {
            start: cell.start.clone(),
            mode: cell.mode.to_owned(),
            size: cell.size,
            rings,
            repeat: cell.repeat,
            test: predicted.len(),
            accuracy: predicted.accuracy()?.value,
            auc: predicted.auc()?.value,
            // As the table keeps it.
            seconds: (100.0 * started.elapsed().as_secs_f64()).round() / 100.0,
        })
    }

    /// All galaxies by a frozen encoder, from the folder where they are there.
    fn encoded(&self, encoder: &Encoder, name: &str, folder: &Path) -> Result<Space> {
        let key = encoder.key(&self.catalog)?;
        let path: PathBuf = folder.join(format!("features-{key}.parquet"));
        // Random weights may come out otherwise the next time: they are kept.
        let named = folder.join(format!("features-{name}.parquet"));
        let path = if name == "untrained" { named } else { path };
        if !path.is_file() {
            encoder.encode_to(&self.catalog, &path)?;
        }
        let space = Space::read(&path)?;
        if space.len() < self.catalog.len() {
            let value = format!("{} of {}", space.len(), self.catalog.len());
            return Err(Error::invalid("pictures that can be read", value, "all of them"));
        }
        space.with_catalog(&self.catalog)
    }

    /// Some galaxies of a space.
    fn part(&self, space: &Space, rows: &[usize]) -> Result<Space> {
        let ids: Vec<String> = rows.iter().map(|&row| space.ids()[row].clone()).collect();
        let features = space.features().select(Axis(0), rows);
        Space::new(ids, features)?.with_catalog(&self.catalog)
    }
}

#[cfg(test)]
mod tests;
