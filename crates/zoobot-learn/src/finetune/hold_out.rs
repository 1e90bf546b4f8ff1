//! Galaxies kept aside to choose the best epoch by.

use super::truth::with_labels;
use super::{Finetune, LabelKind};
use crate::train::with_copies_together;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use std::collections::BTreeMap;
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::{Catalog, Target};

impl Finetune {
    /// Keeps a share of the galaxies aside, at random by the seed: of a classifier's, the same share of
    /// each class. The first part is to learn from, the second to choose by; rows stay in their order.
    /// Galaxies of one picture, or of copies of it, stay on one side. Galaxies without a label are left
    /// out of both, which is said.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a share outside 0 to 1, or one that leaves nothing on a side; as
    /// [`train`](Self::train) for a column that is not there and for what is no class.
    pub fn hold_out(&self, catalog: &Catalog, share: f64) -> Result<(Catalog, Catalog)> {
        if !(share > 0.0 && share < 1.0) {
            return Err(Error::invalid("share to choose by", share, "above 0, below 1"));
        }
        let catalog = &with_labels(self.question(), catalog)?;
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
            // A class of few keeps enough to be learnt.
            let aside =
                ((rows.len() as f64 * share).round() as usize).min(rows.len().saturating_sub(2));
            kept.extend(rows.drain(..aside));
            learn.extend(rows);
        }
        if learn.is_empty() || kept.is_empty() {
            let value = format!("{share} of {} galaxies", catalog.len());
            return Err(Error::invalid(
                "share to choose by",
                value,
                "a galaxy at least on either side",
            ));
        }
        let ids = catalog.ids();
        let part = |mut rows: Vec<usize>| {
            rows.sort_unstable();
            catalog.select(&rows.into_iter().map(|row| ids[row].as_str()).collect::<Vec<_>>())
        };
        with_copies_together(catalog, part(learn)?, part(kept)?)
    }
}
