//! `zoobot similar`.

use crate::output::Overwrite;
use crate::stretching::Stretching;
use crate::wanted::LANGUAGE;
use crate::{galaxies, report};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zoobot_core::catalog::{TableFormat, condition, write_table};
use zoobot_core::encoder::Encoder;
use zoobot_core::notebook::{Gallery, Tile};
use zoobot_core::similar::{
    EXACT, Index, IndexConfig, Metric, Neighbours, Query, Search, Searched, VectorFile,
};
use zoobot_core::space::{Origin, Space};
use zoobot_core::tags::{Cleaning, Tags, TextEncoder};
use zoobot_core::{Error, Result};

/// Find the galaxies that are most similar to other galaxies, or to a picture.
///
/// Say what to search for with --id, --picture, --tag or --text; several examples are averaged. Lists
/// the k nearest galaxies and their distances, nearest first; --gallery shows them. Every galaxy is
/// compared, unless there are more than a million or --index is given: then an index is used, and built
/// if it does not exist. If the catalogue has positions (ra and dec, RAJ2000 and DEJ2000 or other usual
/// names, in degrees or sexagesimal), entries within 100 arcseconds of an example, which show the object
/// itself, are left out.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot encode sample --out reps.parquet
  zoobot similar --representations reps.parquet --id SIM000005 -k 9
  zoobot similar --representations reps.parquet --id SIM000005 --catalog sample --gallery like.png --out like.csv
  zoobot similar --representations reps.parquet --id SIM000005 --catalog sample --where 'magnitude < 17'
  zoobot similar --representations reps.parquet --id SIM000005 --index
  zoobot simulate --galaxies 40 --votes decals_dr5 --tags 0.5 --out voted
  zoobot similar --representations reps.parquet --picture voted/images/SIM000001.jpg --catalog sample --gallery like.html
  zoobot encode voted --out voted.parquet
  zoobot similar --representations voted.parquet --tags voted/tags.csv --tag spiral

Words in place of a tag, if the text encoder is installed: --text 'ghostly faint disc'")]
pub struct Similar {
    /// The table from `zoobot encode`, or a file from `zoobot vectors`, which is searched without being
    /// read into memory
    #[arg(long)]
    representations: PathBuf,
    /// The id_str of a galaxy; may be given several times
    #[arg(long)]
    id: Vec<String>,
    /// A file with a picture of a galaxy; may be given several times
    #[arg(long)]
    picture: Vec<PathBuf>,
    /// A tag: search for the mean of the galaxies that have it in --tags
    #[arg(long, requires = "tags")]
    tag: Option<String>,
    /// A description in words: search for the tag in --tags whose meaning is nearest
    #[arg(long, requires = "tags")]
    text: Option<String>,
    /// The folder of the text encoder all-MiniLM-L6-v2 (default: as installed by set-up, or from the
    /// Hugging Face Hub)
    #[arg(long, requires = "text")]
    text_encoder: Option<PathBuf>,
    /// The tags, .csv or .parquet with id_str and tag; spellings and synonyms are merged
    #[arg(long)]
    tags: Option<PathBuf>,
    /// A .json file with tags to merge and to drop (default: the list that is included)
    #[arg(long, requires = "tags")]
    cleaning: Option<PathBuf>,
    /// The id_str of a counter-example, which results should not be like; may be given several times
    #[arg(long)]
    unlike: Vec<String>,
    /// How many galaxies to find
    #[arg(short, default_value_t = 9)]
    k: usize,
    /// The distance: l2 (Euclidean), l1 (as in the public search app of Galaxy Zoo) or cosine
    #[arg(long, default_value_t)]
    metric: Metric,
    /// The catalogue of the galaxies, for --where, --gallery and positions: a table, a folder of
    /// pictures, or sample
    #[arg(long)]
    catalog: Option<PathBuf>,
    /// A file to write the pictures of examples and results into: .png, .svg, .pdf, or .html for a web page
    #[arg(long, value_name = "FILE", requires = "catalog")]
    gallery: Option<PathBuf>,
    /// A file to write the table of results into: .csv, .parquet or .fits
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Search only galaxies that satisfy this condition, such as 'mag_r < 17.5 and class is not missing'
    #[arg(long = "where", value_name = "CONDITION", requires = "catalog", long_help = LANGUAGE)]
    condition: Option<String>,
    /// The encoder for pictures (default: the encoder that made the table)
    #[arg(long)]
    encoder: Option<String>,
    #[command(flatten)]
    stretching: Stretching,
    /// Compress to this many principal components first (10 in the paper)
    #[arg(long)]
    pca: Option<usize>,
    /// Search with an index, which is kept beside the table (as TABLE.index, or TABLE.pcaN.index with
    /// --pca N), or in the given file
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    index: Option<Option<PathBuf>>,
    /// Compare every galaxy, however many there are
    #[arg(long, conflicts_with = "index")]
    exact: bool,
    /// The recall of a new index: the share of the true 10 nearest galaxies that it finds
    #[arg(long, default_value_t = 0.99)]
    recall: f64,
    /// Store the vectors of a new index in half precision
    #[arg(long)]
    half: bool,
    #[command(flatten)]
    overwrite: Overwrite,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Similar {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        self.asked()?;
        let read = [Some(&self.representations), self.catalog.as_ref(), self.tags.as_ref()];
        let read: Vec<&Path> = read.into_iter().flatten().map(PathBuf::as_path).collect();
        if let Some(out) = &self.out {
            TableFormat::of(out)?;
        }
        self.overwrite.any_file("--out", self.out.as_deref(), &read)?;
        self.overwrite.any_file("--gallery", self.gallery.as_deref(), &read)?;
        let (found, index) = match VectorFile::is_one(&self.representations) {
            true => self.in_file()?,
            false => self.in_table()?,
        };
        if let Some(path) = &self.gallery {
            self.shown(&found)?.save(path)?;
        }
        if let Some(out) = &self.out {
            write_table(&found.table(), out)?;
        }
        let pairs = || found.ids().iter().zip(found.distances()).enumerate();
        let neighbours: Vec<_> = pairs()
            .map(|(i, (id, distance))| json!({"rank": i + 1, "id_str": id, "distance": distance}))
            .collect();
        let mut figures = json!({
            "id": found.query(), "k": self.k, "metric": self.metric, "neighbours": neighbours,
        });
        for (name, path) in [("out", &self.out), ("gallery", &self.gallery)] {
            if let Some(path) = path {
                figures[name] = json!(path);
            }
        }
        if let Some(index) = index {
            figures["index"] = serde_json::to_value(index.measured())?;
        }
        report(self.json, &figures, || {
            let line = |(i, (id, distance)): (usize, (&String, &f32))| {
                format!("{:>4}  {id}  {distance:.4}", i + 1)
            };
            Ok(pairs().map(line).collect::<Vec<_>>().join("\n"))
        })?;
        Ok(ExitCode::SUCCESS)
    }

    /// Fails if no option says what to search for.
    fn asked(&self) -> Result<()> {
        let none = self.id.is_empty() && self.picture.is_empty();
        if none && self.tag.is_none() && self.text.is_none() {
            let hint = "Give --id NAME for a galaxy of the table, --picture FILE for a picture, --tag TAG \
                        for the galaxies with a tag in --tags, or --text WORDS for the nearest tag in \
                        --tags";
            return Err(Error::empty("there is nothing to search for", hint));
        }
        Ok(())
    }

    /// The pictures of the examples, and of the galaxies that were found.
    fn shown(&self, found: &Neighbours) -> Result<Gallery> {
        let name =
            |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let own = self.picture.iter().map(|path| Tile::new(name(path), path));
        let gallery = found.gallery(usize::MAX);
        let tiles: Vec<Tile> = own.chain(gallery.tiles().iter().cloned()).collect();
        let shown = Gallery::new(tiles).title(format!("Like {}", found.query()));
        // The gallery begins with the examples that are galaxies of the table; words have no picture.
        let examples = !self.picture.is_empty() || gallery.tiles().len() > found.ids().len();
        Ok(if examples { shown.first_is_query() } else { shown })
    }

    fn in_table(&self) -> Result<(Neighbours, Option<Index>)> {
        let space = self.space()?;
        let index =
            self.index(space.len(), |path| space.open_index(path), |config| space.index(config))?;
        Ok((self.search(space.search(), &space, space.origin(), index.as_ref())?, index))
    }

    fn in_file(&self) -> Result<(Neighbours, Option<Index>)> {
        if self.pca.is_some() {
            let problem = "--pca cannot compress a file of vectors";
            let hint = "Leave --pca out, or give a table from `zoobot encode`";
            return Err(Error::unsuitable(problem, hint));
        }
        let mut file = VectorFile::open(&self.representations)?;
        if let Some(catalog) = &self.catalog {
            file = file.with_catalog(&galaxies::read(catalog)?)?;
        }
        // Only on request, because an index is in memory, which a file of vectors is meant to save.
        let index = match &self.index {
            Some(_) => {
                self.index(file.len(), |path| file.open_index(path), |config| file.index(config))?
            }
            None => None,
        };
        Ok((self.search(file.search(), &file, file.origin(), index.as_ref())?, index))
    }

    /// Adds the examples and settings to a search, and runs it.
    fn search(
        &self,
        begun: Search,
        within: &impl Searched,
        origin: Option<&Origin>,
        index: Option<&Index>,
    ) -> Result<Neighbours> {
        let mut search = begun.metric(self.metric);
        let tags = self.tags()?;
        if let (Some(tag), Some(tags)) = (&self.tag, &tags) {
            search = search.like(tags.query(tag, within)?);
        }
        if let (Some(text), Some(tags)) = (&self.text, &tags) {
            let (tag, query) = tags.query_text(text, &self.text_encoder()?, within)?;
            eprintln!("{text:?} is nearest to the tag {tag:?}");
            search = search.like(query);
        }
        if let Some(text) = &self.condition {
            search = search.filter(condition(text)?);
        }
        // Without these options the search prepares pictures as for the table.
        let encoder = match (&self.encoder, &self.stretching.stretch, origin) {
            (Some(name), _, _) => Some(Encoder::load(name)?),
            (None, Some(_), Some(origin)) => {
                Some(Encoder::load(&origin.encoder)?.with_recipe(origin.recipe.clone())?)
            }
            _ => None,
        };
        if let Some(encoder) = encoder {
            search = search.encoder(&self.stretching.of_encoder(encoder)?);
        }
        let ids = self.id.iter().map(Query::from);
        search = ids.chain(self.pictures()?).fold(search, |search, one| search.like(one));
        search = self.unlike.iter().fold(search, |search, id| search.unlike(id));
        if let Some(index) = index {
            search = search.index(index);
        }
        search.nearest(self.k)
    }

    /// The index to search with, if any: read from its file, or built and saved.
    fn index(
        &self,
        galaxies: usize,
        open: impl Fn(&PathBuf) -> Result<Index>,
        build: impl Fn(&IndexConfig) -> Result<Index>,
    ) -> Result<Option<Index>> {
        if self.exact || (self.index.is_none() && galaxies <= EXACT) {
            return Ok(None);
        }
        let beside = || match self.pca {
            Some(n) => {
                let mut table = self.representations.clone().into_os_string();
                table.push(format!(".pca{n}"));
                Index::beside(PathBuf::from(table))
            }
            None => Index::beside(&self.representations),
        };
        let path = self.index.clone().flatten().unwrap_or_else(beside);
        if path.exists() {
            return open(&path).map(Some);
        }
        let index = build(&IndexConfig {
            metric: self.metric,
            recall: self.recall,
            half: self.half,
            ..IndexConfig::default()
        })?;
        eprintln!("{index}, in {}", path.display());
        index.save(&path)?;
        Ok(Some(index))
    }

    fn text_encoder(&self) -> Result<TextEncoder> {
        match &self.text_encoder {
            Some(folder) => TextEncoder::read(folder),
            None => TextEncoder::load(),
        }
    }

    /// The tags, cleaned.
    fn tags(&self) -> Result<Option<Tags>> {
        let Some(tags) = &self.tags else { return Ok(None) };
        let cleaning = match &self.cleaning {
            Some(path) => Cleaning::read(path)?,
            None => Cleaning::standard(),
        };
        Tags::read(tags)?.clean(&cleaning).map(Some)
    }

    fn space(&self) -> Result<Space> {
        let space = Space::read(&self.representations)?;
        let space = match self.pca {
            Some(components) => space.pca(components)?,
            None => space,
        };
        match &self.catalog {
            Some(catalog) => space.with_catalog(&galaxies::read(catalog)?),
            None => Ok(space),
        }
    }

    /// The pictures as queries, by absolute path: a relative path would be resolved against the
    /// catalogue's folder.
    fn pictures(&self) -> Result<Vec<Query>> {
        let full = |path: &PathBuf| {
            std::path::absolute(path).map(Query::from).map_err(Error::io("read", path))
        };
        self.picture.iter().map(full).collect()
    }
}
