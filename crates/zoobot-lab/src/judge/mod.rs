//! Compares encoders on real galaxies that were not used for their training.
//!
//! A [`Judge`] encodes the same galaxies with each encoder and fits linear probes ([`crate::probe`]) for a
//! fixed set of questions, repeated with different folds. No network is trained, so judging an encoder takes
//! little longer than encoding the galaxies.

mod samples;
mod verdict;

pub use verdict::{Score, Verdict};

use samples::{Sample, samples};
use std::path::{Path, PathBuf};
use zoobot_core::encoder::{Architecture, Encoder};
use zoobot_core::picture::Recipe;
use zoobot_core::probe::Probe;
use zoobot_core::space::Space;
use zoobot_core::{Error, Result};
use zoobot_nets::lite0;

/// Judges encoders by what linear models can predict from their features.
///
/// ```no_run
/// use zoobot_lab::judge::Judge;
/// use zoobot_core::prelude::*;
/// let encoders = [("mine".to_owned(), Encoder::load("my-encoder")?)];
/// let verdict = Judge::new("shared/data").seeds(3).run(&encoders)?;
/// println!("{}", verdict.markdown());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Judge {
    data: PathBuf,
    seeds: u64,
    cache: Option<PathBuf>,
}

impl Judge {
    /// Creates a judge with the real galaxies in a folder: `rings/catalog.csv` (column `ring`),
    /// `gz2_odd/catalog.csv` (column `odd`; -1 for unknown) and `efigi/catalog.csv` (see
    /// [`zoobot_core::survey::efigi`]).
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into(), seeds: 5, cache: None }
    }

    /// Sets the number of repeats of each probe, each with different folds (default 5).
    pub fn seeds(self, seeds: u64) -> Self {
        Self { seeds, ..self }
    }

    /// Sets a folder that caches features, so that an encoder need not encode the galaxies again (default: no
    /// cache).
    pub fn cache(self, folder: impl Into<PathBuf>) -> Self {
        Self { cache: Some(folder.into()), ..self }
    }

    /// Judges the encoders, each listed with its name.
    ///
    /// # Errors
    /// When a catalogue is missing or malformed, when pictures cannot be read, and [`Error::Interrupted`]
    /// when stopped: completely encoded samples are in the cache.
    pub fn run(&self, encoders: &[(String, Encoder)]) -> Result<Verdict> {
        if self.seeds == 0 {
            return Err(Error::parameter("seeds", 0, "at least 1"));
        }
        let samples = samples(&self.data)?;
        let mut scores = Vec::new();
        for (name, encoder) in encoders {
            for sample in &samples {
                let space = self.encoded(encoder, sample)?;
                for question in &sample.questions {
                    let probes = (1..=self.seeds).map(|seed| {
                        let probe = Probe::of(question.label).seed(seed);
                        if question.numbers { probe.numbers() } else { probe.classes() }.run(&space)
                    });
                    let probes = probes.collect::<Result<Vec<_>>>()?;
                    for measure in question.measures {
                        let values = probes
                            .iter()
                            .map(|it| it.value(measure))
                            .collect::<Result<Vec<_>>>()?;
                        scores.push(Score {
                            encoder: name.clone(),
                            task: question.task.to_owned(),
                            galaxies: probes[0].ids().len(),
                            measure: (*measure).to_owned(),
                            values,
                        });
                    }
                }
            }
        }
        Ok(Verdict { scores })
    }

    /// The features of a sample, from the cache if possible.
    fn encoded(&self, encoder: &Encoder, sample: &Sample) -> Result<Space> {
        let kept = match &self.cache {
            Some(folder) => {
                std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
                let key = encoder.key(&sample.catalog)?;
                Some(folder.join(format!("{}-{key}.parquet", sample.name)))
            }
            None => None,
        };
        if let Some(path) = kept.as_ref().filter(|path| path.is_file()) {
            return Space::read(path)?.with_catalog(&sample.catalog);
        }
        let space = encoder.encode(&sample.catalog)?;
        if let Some(first) = space.failed().first() {
            let (path, reason) = (first.file_loc.clone(), first.reason.clone());
            return Err(Error::Picture { path, reason });
        }
        if let Some(path) = kept {
            space.save(path)?;
        }
        Ok(space)
    }
}

/// Loads an encoder as [`Encoder::load`] does, or creates one: `untrained` is EfficientNet-Lite0 with random
/// weights and the recipe of `imagenet`; `untrained:ARCHITECTURE` is an architecture, by timm's name, with
/// random weights.
///
/// # Errors
/// As for [`Encoder::load`]; [`Error::Missing`] for an unknown architecture.
pub fn encoder(name: &str) -> Result<Encoder> {
    let architecture = match name.split_once(':') {
        None if name == "untrained" => lite0::ARCHITECTURE,
        Some(("untrained", architecture)) => architecture,
        _ => return Encoder::load(Path::new(name)),
    };
    Encoder::untrained(Architecture::named(architecture)?, Recipe::imagenet_lite(), 1)
}

#[cfg(test)]
mod tests;
