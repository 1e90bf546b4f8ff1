//! Validation galaxies, held out to choose the best epoch.

use super::{Finetune, LabelKind};
use crate::train::{empty_side, with_copies_together};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use std::collections::BTreeMap;
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::{Catalog, Target};

impl Finetune {
    /// Holds out a fraction of the galaxies at random (stratified by class for a classifier). Returns the
    /// training galaxies, then the validation galaxies, both in catalogue order. Galaxies that share a
    /// picture, or whose pictures are copies, stay on the same side.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a share that is not between 0 and 1; [`Error::Unsuitable`] for a share that
    /// leaves a side empty; for a classifier as for [`train`](Self::train) if labels are missing.
    pub fn hold_out(&self, catalog: &Catalog, share: f64) -> Result<(Catalog, Catalog)> {
        if !(share > 0.0 && share < 1.0) {
            return Err(Error::parameter("share", share, "above 0 and below 1"));
        }
        let classes = match self.question() {
            LabelKind::Classes { label } => Target::texts(catalog, label)?,
            _ => vec![String::new(); catalog.len()],
        };
        let mut rows: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        classes.iter().enumerate().for_each(|(row, name)| rows.entry(name).or_default().push(row));
        let mut rng = StdRng::seed_from_u64(self.settings().seed);
        let (mut learn, mut kept) = (Vec::new(), Vec::new());
        for mut rows in rows.into_values() {
            rows.shuffle(&mut rng);
            // At least two galaxies of each class remain to learn from.
            let aside =
                ((rows.len() as f64 * share).round() as usize).min(rows.len().saturating_sub(2));
            kept.extend(rows.drain(..aside));
            learn.extend(rows);
        }
        if learn.is_empty() || kept.is_empty() {
            return Err(empty_side(share, catalog.len()));
        }
        let ids = catalog.ids();
        let part = |mut rows: Vec<usize>| {
            rows.sort_unstable();
            catalog.select(&rows.into_iter().map(|row| ids[row].as_str()).collect::<Vec<_>>())
        };
        with_copies_together(catalog, part(learn)?, part(kept)?)
    }
}
