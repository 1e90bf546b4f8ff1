//! Experiments of the paper, repeated on your own galaxies.
//!
//! [`FewLabels`]: how well a question is learnt from few labels, depending on the starting weights.
//! [`KShot`]: how well classes are learnt from a few examples of each, by several methods.

mod kshot;
mod kshot_sets;
mod outcome;
mod paper;

pub use kshot::{KShot, KShotOutcome};
pub use kshot_sets::FewSet;
pub use outcome::{FewLabelsOutcome, Row};

use crate::catalog::{Catalog, Label};
use crate::encoder::{Encoder, catalog_key};
use crate::error::{Error, Result};
use crate::files::write_whole_at;
use crate::finetune::Finetune;
use crate::notebook::Progress;
use crate::seed::{self, mixed};
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

/// The ring experiment of Walmsley et al. (2022): fine-tunes several encoders with increasing numbers of
/// labels, each repeated with different galaxies.
///
/// Each repeat holds out galaxies for testing and for early stopping, and draws training sets from the
/// others. Each set has equal numbers of both classes, as far as possible, and larger training sets contain
/// the smaller ones. Every result is written immediately as a row of a table in the folder; results that are
/// already there are not computed again.
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
/// outcome.figure();
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

/// One cell of the grid: a start, a mode, a training size and a repeat.
#[derive(Debug, Clone, PartialEq)]
struct Cell {
    start: String,
    mode: &'static str,
    size: usize,
    repeat: u64,
}

/// The galaxies of one repeat, by row.
struct Division {
    train: Vec<usize>,
    val: Vec<usize>,
    test: Vec<usize>,
}

impl FewLabels {
    /// The experiment on the galaxies of a catalogue whose column `label` has two classes.
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
            seed: seed::DEFAULT,
        }
    }

    /// Sets the sizes of the training sets (10, 30, 100, 200 galaxies).
    pub fn sizes(mut self, sizes: impl Into<Vec<usize>>) -> Self {
        self.sizes = sizes.into();
        self
    }

    /// Sets the number of repeats with different galaxies (5).
    pub fn repeats(mut self, repeats: u64) -> Self {
        self.repeats = repeats;
        self
    }

    /// Adds a named encoder to start from.
    pub fn start(mut self, name: impl Into<String>, encoder: &Encoder) -> Self {
        self.starts.push((name.into(), encoder.clone()));
        self
    }

    /// Adds the architecture of an encoder with random weights: `untrained` if it is frozen, `scratch` if it
    /// is trained.
    pub fn scratch(mut self, encoder: &Encoder) -> Self {
        self.scratch = Some(encoder.clone());
        self
    }

    /// Sets whether to train heads on frozen encoders (`frozen`), and whole networks (`full`).
    pub fn modes(mut self, frozen: bool, full: bool) -> Self {
        (self.frozen, self.full) = (frozen, full);
        self
    }

    /// Sets the number of galaxies for testing (100) and for early stopping (30).
    pub fn aside(mut self, test: usize, val: usize) -> Self {
        (self.test, self.val) = (test, val);
        self
    }

    /// Sets the maximum number of epochs for a whole network (20); for heads it is 100.
    pub fn epochs(mut self, epochs: u64) -> Self {
        self.epochs = epochs;
        self
    }

    /// Sets the random seed (0).
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Performs the runs that are not finished yet, and returns all results. The folder holds `results.csv`,
    /// with a row for each finished run, and features, so that frozen encoders encode each picture once.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] for fewer galaxies than the largest size needs, a label that does not have two
    /// classes, and a folder of another experiment; [`Error::Interrupted`] when stopped: repeat the call to
    /// resume.
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

    /// All runs, grouped by encoder.
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

    /// Whether each galaxy is in the second class.
    fn classes(&self) -> Result<Vec<bool>> {
        let label = Label::of(&self.catalog, &self.label)?;
        let labels = label.all(label.classes()?)?;
        let mut names: Vec<&String> = labels.iter().collect();
        names.sort_unstable();
        names.dedup();
        let [_, positive] = names[..] else {
            let problem = format!("the label {:?} has {} classes", self.label, names.len());
            return Err(Error::unsuitable(problem, "Choose a label with two classes"));
        };
        let is: Vec<bool> = labels.iter().map(|it| it == positive).collect();
        let least = is.iter().filter(|it| **it).count().min(is.iter().filter(|it| !**it).count());
        let most = self.sizes.iter().max().copied().unwrap_or(0);
        let needed = (most + self.val + self.test).div_ceil(2);
        if self.sizes.is_empty() || self.repeats == 0 || self.test < 2 || self.val < 2 {
            let problem = format!(
                "the experiment has {} sizes, {} repeats, {} galaxies to judge by and {} to stop by",
                self.sizes.len(),
                self.repeats,
                self.test,
                self.val
            );
            let hint = "Choose at least 1 size, 1 repeat, 2 galaxies to judge by and 2 to stop by";
            return Err(Error::unsuitable(problem, hint));
        }
        if needed > least {
            let problem = format!(
                "there are {least} galaxies of the rarer class, but {needed} are needed: half of {most} \
                 to learn from, {} to stop by and {} to judge by",
                self.val, self.test
            );
            return Err(Error::unsuitable(problem, "Choose smaller sizes, or give more galaxies"));
        }
        Ok(is)
    }

    /// Writes the settings into the folder; fails if the folder belongs to another experiment.
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
                let (folder, other) = (folder.display(), other.join(", "));
                let problem = format!("{folder} holds an experiment with other settings: {other}");
                let hint = "Choose another folder, or repeat the settings of that experiment";
                Err(Error::unsuitable(problem, hint))
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

    /// The galaxies of a repeat: equal numbers of both classes in each set.
    fn divide(&self, classes: &[bool], size: usize, repeat: u64) -> Division {
        let mut rng = StdRng::seed_from_u64(mixed(self.seed, repeat));
        let mut sides: [Vec<usize>; 2] = [Vec::new(), Vec::new()];
        classes.iter().enumerate().for_each(|(row, is)| sides[usize::from(*is)].push(row));
        sides.iter_mut().for_each(|it| it.shuffle(&mut rng));
        let [mut no, mut yes] = sides.map(Vec::into_iter);
        // Takes the classes in turn, so that half of each set is from either class.
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
            None => Err(Error::Internal(format!("there is no encoder for the start {start:?}"))),
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
            // Rounded as in the table.
            seconds: (100.0 * started.elapsed().as_secs_f64()).round() / 100.0,
        })
    }

    /// All galaxies encoded by a frozen encoder, read from the folder if they are there.
    fn encoded(&self, encoder: &Encoder, name: &str, folder: &Path) -> Result<Space> {
        let key = encoder.key(&self.catalog)?;
        let path: PathBuf = folder.join(format!("features-{key}.parquet"));
        // Random weights may differ the next time, so their features are kept under a fixed name.
        let named = folder.join(format!("features-{name}.parquet"));
        let path = if name == "untrained" { named } else { path };
        if !path.is_file() {
            encoder.encode_to(&self.catalog, &path)?;
        }
        let space = Space::read(&path)?;
        if space.len() < self.catalog.len() {
            let (read, all) = (space.len(), self.catalog.len());
            let problem = format!("{} of {all} pictures cannot be read", all - read);
            return Err(Error::unsuitable(problem, "Leave out their galaxies"));
        }
        space.with_catalog(&self.catalog)
    }

    /// Selects galaxies of a space.
    fn part(&self, space: &Space, rows: &[usize]) -> Result<Space> {
        let ids: Vec<String> = rows.iter().map(|&row| space.ids()[row].clone()).collect();
        let features = space.features().select(Axis(0), rows);
        Space::new(ids, features)?.with_catalog(&self.catalog)
    }
}

#[cfg(test)]
mod tests;
