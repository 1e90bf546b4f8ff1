//! `zoobot similar`.

use crate::report;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use zoobot_core::catalog::Catalog;
use zoobot_core::encoder::Encoder;
use zoobot_core::similar::{Metric, Query, condition};
use zoobot_core::space::Space;
use zoobot_core::tags::{Cleaning, Tags};
use zoobot_core::{Error, Result};

/// Find the galaxies most like given ones, or like a picture.
///
/// Every galaxy is looked at. Of several examples the mean is searched for. With a catalogue that
/// has ra and dec, the same object (within 100 arcseconds) is left out.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot similar --representations reps.parquet --id J003937.09-032825.0 -k 9
  zoobot similar --representations reps.parquet --picture ring.jpg --encoder imagenet
  zoobot similar --representations reps.parquet --tags tags.csv --tag diffuse
  zoobot similar --representations reps.parquet --id J003937.09-032825.0 --catalog galaxies.csv --where 'mag_r < 17.5'")]
pub struct Similar {
    /// The table that `zoobot encode` wrote
    #[arg(long)]
    representations: PathBuf,
    /// The id_str of a galaxy; may be given several times
    #[arg(long, required_unless_present_any = ["picture", "tag"])]
    id: Vec<String>,
    /// A picture of a galaxy; may be given several times
    #[arg(long)]
    picture: Vec<PathBuf>,
    /// A tag: the mean of the galaxies that have it in --tags is searched for
    #[arg(long, requires = "tags")]
    tag: Option<String>,
    /// The tags, .csv or .parquet with id_str and tag; spellings and synonyms are merged
    #[arg(long)]
    tags: Option<PathBuf>,
    /// What to merge and drop of the tags, a .json file (default: what zoobot knows)
    #[arg(long, requires = "tags")]
    cleaning: Option<PathBuf>,
    /// The id_str of a galaxy that is not what is searched for; may be given several times
    #[arg(long)]
    unlike: Vec<String>,
    /// How many galaxies to find
    #[arg(short, default_value_t = 9)]
    k: usize,
    /// The distance: l2 (Euclidean), l1 (as the public search app of Galaxy Zoo) or cosine
    #[arg(long, default_value_t)]
    metric: Metric,
    /// The catalogue of the galaxies, .csv or .parquet, for --where and for ra and dec
    #[arg(long)]
    catalog: Option<PathBuf>,
    /// Search only galaxies for which this holds: comparisons of the catalogue's columns, joined by
    /// and, or, not
    #[arg(long = "where", value_name = "CONDITION", requires = "catalog")]
    condition: Option<String>,
    /// The encoder for pictures (default: the one that the table says it was made with)
    #[arg(long)]
    encoder: Option<String>,
    /// Compress to this many principal components before (the paper: 10)
    #[arg(long)]
    pca: Option<usize>,
    /// Print the result as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Similar {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let space = self.space()?;
        let mut search = space.search().metric(self.metric);
        if let (Some(tag), Some(tags)) = (&self.tag, &self.tags) {
            let cleaning = match &self.cleaning {
                Some(path) => Cleaning::read(path)?,
                None => Cleaning::standard()?,
            };
            search = search.like(Tags::read(tags)?.clean(&cleaning)?.query(tag, &space)?);
        }
        if let Some(text) = &self.condition {
            search = search.filter(condition(text)?);
        }
        if let Some(encoder) = &self.encoder {
            search = search.encoder(&Encoder::load(encoder)?);
        }
        let ids = self.id.iter().map(Query::from);
        search = ids.chain(self.pictures()?).fold(search, |search, one| search.like(one));
        search = self.unlike.iter().fold(search, |search, id| search.unlike(id));
        let found = search.nearest(self.k)?;
        let pairs = || found.ids().iter().zip(found.distances()).enumerate();
        let neighbours: Vec<_> = pairs()
            .map(|(i, (id, distance))| json!({"rank": i + 1, "id_str": id, "distance": distance}))
            .collect();
        let figures = json!({
            "id": found.query(), "k": self.k, "metric": self.metric, "neighbours": neighbours,
        });
        report(self.json, &figures, || {
            let line = |(i, (id, distance)): (usize, (&String, &f32))| {
                format!("{:>4}  {id}  {distance:.4}", i + 1)
            };
            Ok(pairs().map(line).collect::<Vec<_>>().join("\n"))
        })?;
        Ok(ExitCode::SUCCESS)
    }

    fn space(&self) -> Result<Space> {
        let space = Space::read(&self.representations)?;
        let space = match self.pca {
            Some(components) => space.pca(components)?,
            None => space,
        };
        match &self.catalog {
            Some(catalog) => space.with_catalog(&Catalog::read(catalog)?),
            None => Ok(space),
        }
    }

    /// The pictures, by full path: a catalogue would look for others beside itself.
    fn pictures(&self) -> Result<Vec<Query>> {
        let full = |path: &PathBuf| {
            std::path::absolute(path).map(Query::from).map_err(Error::io("read", path))
        };
        self.picture.iter().map(full).collect()
    }
}
