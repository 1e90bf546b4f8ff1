//! The galaxies that encoders are judged on, and the questions about them.

use polars::prelude::{IntoColumn, NamedFrom, Series, col, lit};
use std::path::Path;
use zoobot_core::Result;
use zoobot_core::catalog::Catalog;
use zoobot_core::survey::{efigi, keep_out};

/// Galaxies that are encoded together.
#[derive(Debug)]
pub struct Sample {
    pub name: &'static str,
    pub catalog: Catalog,
    pub questions: Vec<Question>,
}

/// A probe of the galaxies of a sample.
#[derive(Debug)]
pub struct Question {
    /// The name in the verdict.
    pub task: &'static str,
    /// The column.
    pub label: &'static str,
    pub numbers: bool,
    /// The measures to report, from [`crate::probe::Probed::measures`]; higher is better for all of them.
    pub measures: &'static [&'static str],
}

/// Whether an EFIGI galaxy has a ring: see [`has_ring`].
const ANY_RING: &str = "any_ring";

pub fn samples(data: &Path) -> Result<Vec<Sample>> {
    let rings = Catalog::read(data.join("rings/catalog.csv"))?;
    let odd = Catalog::read(data.join("gz2_odd/catalog.csv"))?;
    let odd = odd.filter(col("odd").gt_eq(lit(0)))?;
    let (_, fifth) = keep_out(&efigi::read(data.join("efigi/catalog.csv"))?, efigi::KEPT_OUT)?;
    let mut table = fifth.table().clone();
    table.with_column(Series::new(ANY_RING.into(), has_ring(&fifth)?).into_column())?;
    let fifth = Catalog::from_table(table, fifth.folder())?;
    let classes = |task, label, measures| Question { task, label, numbers: false, measures };
    let hubble_type =
        Question { task: "Hubble type", label: "T", numbers: true, measures: &["spearman"] };
    Ok(vec![
        Sample {
            name: "rings",
            catalog: rings,
            questions: vec![classes("rings", "ring", &["accuracy", "auc"])],
        },
        Sample {
            name: "odd",
            catalog: odd,
            questions: vec![classes("odd", "odd", &["auc", "average_precision"])],
        },
        Sample {
            name: "efigi",
            catalog: fifth,
            questions: vec![classes("EFIGI rings", ANY_RING, &["auc"]), hubble_type],
        },
    ])
}

/// 1 if any ring attribute is at least 0.5, 0 if all of them are 0, and empty in between or if one is
/// undetermined.
fn has_ring(catalog: &Catalog) -> Result<Vec<Option<u32>>> {
    let rings = efigi::RINGS.iter().map(|name| efigi::attribute(catalog, name));
    let rings = rings.collect::<Result<Vec<_>>>()?;
    let ring = |row: usize| {
        let mut all = rings.iter().map(|values| values[row]);
        match (all.clone().any(|value| value >= 0.5), all.all(|value| value == 0.0)) {
            (true, _) => Some(1),
            (_, true) => Some(0),
            _ => None,
        }
    };
    Ok((0..catalog.len()).map(ring).collect())
}
