//! How well galaxies with the same tag cluster in a representation.

use super::Tags;
use crate::similar::Metric;
use crate::space::Space;
use ndarray::Axis;
use polars::prelude::{DataFrame, df};
use std::collections::{HashMap, HashSet};
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::Catalog;
use zoobot_data::datasets::DataSet;

impl Tags {
    /// Precision at `k` of each tag that at least `least` galaxies of the space have: of the `k`
    /// galaxies nearest to a galaxy with the tag, the share that also has it, averaged over all
    /// galaxies with the tag.
    ///
    /// Only galaxies with at least one tag are searched, since nothing is known about the others. The
    /// table has the columns `tag`, `galaxies`, `precision`, `one` (the precision of a single query, for
    /// the first galaxy of the space that has the tag), and `random` (the expected precision of random
    /// neighbours).
    ///
    /// # Errors
    /// [`Error::Unsuitable`] when no tag has `least` galaxies, or fewer than two galaxies have tags;
    /// [`Error::Parameter`] when `k` is 0 or not less than the number of galaxies searched.
    pub fn precision(&self, space: &Space, k: usize, least: usize) -> Result<DataFrame> {
        self.precise(space, k, least, false)
    }

    /// Like [`precision`](Self::precision), but among all galaxies of the space. Use it for tags that
    /// are known for every galaxy, such as the attributes of a data set (see
    /// [`of_efigi`](Self::of_efigi)).
    ///
    /// # Errors
    /// As [`precision`](Self::precision).
    pub fn precision_of_all(&self, space: &Space, k: usize, least: usize) -> Result<DataFrame> {
        self.precise(space, k, least, true)
    }

    /// The tags that a data set gives to each of its galaxies. EFIGI (Baillard et al. 2011) has `ring`
    /// (any of its three rings at 0.5 or more), `bar` (length 0.5 or more), `edge on` (inclination 1),
    /// `multiple` (multiplicity 0.5 or more: close companions and mergers), `early type` (Hubble type
    /// below 0) and `late type` (Hubble types 5, which is Sc, to 11).
    ///
    /// # Errors
    /// [`Error::Missing`] when the catalogue lacks a column of the data set; [`Error::Unsuitable`] for
    /// a data set without tags.
    pub fn of_data_set(data_set: &DataSet, catalog: &Catalog) -> Result<Self> {
        let tags = data_set.tags(catalog)?.ok_or_else(|| {
            let problem = format!("The data set {data_set} has no tags");
            Error::unsuitable(problem, format!("These have: {}", DataSet::tagged().join(", ")))
        })?;
        Ok(Self::of(tags.into_iter().map(|(id, tag)| (id, tag.to_owned()))))
    }

    /// The tags of the data set `efigi`: see [`of_data_set`](Self::of_data_set).
    ///
    /// # Errors
    /// [`Error::Missing`] when the catalogue lacks a column of EFIGI.
    pub fn of_efigi(catalog: &Catalog) -> Result<Self> {
        Self::of_data_set(&DataSet::named("efigi")?, catalog)
    }

    fn precise(&self, space: &Space, k: usize, least: usize, all: bool) -> Result<DataFrame> {
        let place: HashMap<&str, u32> =
            space.ids().iter().zip(0..).map(|(id, row)| (id.as_str(), row)).collect();
        let with: Vec<(&str, HashSet<u32>)> = self
            .galaxies
            .iter()
            .map(|(tag, ids)| {
                let rows = ids.iter().filter_map(|id| place.get(id.as_str()).copied());
                (tag.as_str(), rows.collect())
            })
            .collect();
        let mut tagged: Vec<usize> = match all {
            true => (0..space.len()).collect(),
            false => with.iter().flat_map(|(_, rows)| rows).map(|&row| row as usize).collect(),
        };
        tagged.sort_unstable();
        tagged.dedup();
        let most = tagged.len().saturating_sub(1);
        if most == 0 {
            let problem = format!(
                "at least 2 galaxies are needed to compare, but there are {}",
                tagged.len()
            );
            return Err(Error::unsuitable(problem, "Give tags for more galaxies of this space"));
        }
        if k == 0 || k > most {
            let range = format!("between 1 and {most}, the number of other galaxies");
            return Err(Error::parameter("k", k, range));
        }
        let features = space.features().select(Axis(0), &tagged);
        let pool =
            Space::new(tagged.iter().map(|&row| space.ids()[row].clone()).collect(), features)?;
        // One more neighbour, since a galaxy finds itself, though not always first among copies.
        let near = pool.nearest(pool.features(), k + 1, Metric::L2)?.rows;
        let others = |query: usize| {
            let found = near.row(query).to_vec().into_iter().map(|place| place as usize);
            found.filter(move |&place| place != query).take(k).map(|place| tagged[place] as u32)
        };
        let (mut tags, mut counts) = (Vec::new(), Vec::new());
        let (mut precision, mut one, mut random) = (Vec::new(), Vec::new(), Vec::new());
        for (tag, rows) in with.iter().filter(|(_, rows)| rows.len() >= least.max(1)) {
            let queries = (0..tagged.len()).filter(|&query| rows.contains(&(tagged[query] as u32)));
            let hits: Vec<usize> =
                queries.map(|q| others(q).filter(|row| rows.contains(row)).count()).collect();
            tags.push(*tag);
            counts.push(rows.len() as u32);
            precision.push(hits.iter().sum::<usize>() as f64 / (rows.len() * k) as f64);
            one.push(hits.first().map_or(f64::NAN, |&hits| hits as f64 / k as f64));
            random.push((rows.len() - 1) as f64 / most as f64);
        }
        if tags.is_empty() {
            let problem = format!("no tag has {least} or more galaxies in this space");
            return Err(Error::unsuitable(problem, "Lower `least`"));
        }
        Ok(df!(
            "tag" => tags, "galaxies" => counts, "precision" => precision, "one" => one,
            "random" => random
        )?)
    }
}
