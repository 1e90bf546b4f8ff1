//! The result: probabilities of the classes for every galaxy of a survey, in a useful order.

use super::choice::FewTrial;
use super::method::FewMethod;
use ndarray::{Array2, ArrayView2, Axis};
use polars::prelude::{Column, DataFrame};
use zoobot_base::error::{Error, Result};
use zoobot_base::table::table_of;
use zoobot_data::catalog::{Catalog, ID};
use zoobot_data::picture::Failures;
use zoobot_show::notebook::{Bundle, Gallery, Show, Table};

/// Probabilities of the classes for the galaxies of a survey, the likeliest of the sought class first.
///
/// ```no_run
/// use zoobot_core::prelude::*;
/// let (support, survey) = (Catalog::read("five.csv")?, Catalog::read("survey.csv")?);
/// let ranking = Finetune::few("kind").rank(&support, &survey)?;
/// println!("{}: {}", ranking.method(), ranking.reason());
/// write_table(&ranking.table(), "ranking.csv")?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FewRanking {
    pub(super) label: String,
    pub(super) classes: Vec<String>,
    pub(super) sought: usize,
    pub(super) ids: Vec<String>,
    /// Galaxies x classes.
    pub(super) probabilities: Array2<f64>,
    pub(super) method: FewMethod,
    pub(super) reason: String,
    pub(super) trials: Vec<FewTrial>,
    pub(super) counts: Vec<usize>,
    pub(super) catalog: Option<Catalog>,
    pub(super) failed: Failures,
}

impl FewRanking {
    /// Sorts galaxies by the probability of the sought class: the class that was asked for, or the rarest one
    /// of the survey by the sum of its probabilities.
    pub(super) fn sorted(mut self, sought: Option<&str>) -> Result<Self> {
        let sums = self.probabilities.sum_axis(Axis(0));
        let rarest = (0..self.classes.len()).min_by(|&a, &b| sums[a].total_cmp(&sums[b]));
        self.sought = match sought {
            None => rarest.unwrap_or(0),
            Some(name) => self.classes.iter().position(|it| it == name).ok_or_else(|| {
                let known = self.classes.iter().map(String::as_str);
                Error::missing("class", name, format!("{:?}", self.label), known)
            })?,
        };
        let mut order: Vec<usize> = (0..self.ids.len()).collect();
        let by = self.probabilities.column(self.sought);
        order.sort_by(|&a, &b| by[b].total_cmp(&by[a]));
        self.ids = order.iter().map(|&row| self.ids[row].clone()).collect();
        self.probabilities = self.probabilities.select(Axis(0), &order);
        Ok(self)
    }

    /// The method that was used; never [`FewMethod::Auto`].
    pub fn method(&self) -> FewMethod {
        self.method
    }

    /// Why the method was used.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// How well each method that was tried predicts examples that are left out.
    pub fn trials(&self) -> &[FewTrial] {
        &self.trials
    }

    /// The names of the classes, sorted.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The number of examples of each class.
    pub fn counts(&self) -> &[usize] {
        &self.counts
    }

    /// The class by which galaxies are ranked.
    pub fn sought(&self) -> &str {
        &self.classes[self.sought]
    }

    /// The galaxies, the likeliest of the [`sought`](Self::sought) class first.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The probabilities, galaxies x classes; each row sums to 1.
    pub fn probabilities(&self) -> ArrayView2<'_, f64> {
        self.probabilities.view()
    }

    /// The galaxies whose pictures could not be read.
    pub fn failed(&self) -> &Failures {
        &self.failed
    }

    /// The table: `id_str`, `predicted` and `probability_<class>` for each class.
    pub fn table(&self) -> DataFrame {
        let likeliest = |row| &self.classes[super::ground::likeliest(row)];
        let predicted: Vec<&String> =
            self.probabilities.rows().into_iter().map(likeliest).collect();
        let predicted: Vec<&str> = predicted.into_iter().map(String::as_str).collect();
        let mut columns =
            vec![Column::new(ID.into(), &self.ids), Column::new("predicted".into(), predicted)];
        for (name, values) in self.classes.iter().zip(self.probabilities.columns()) {
            columns.push(Column::new(format!("probability_{name}").into(), values.to_vec()));
        }
        table_of(self.ids.len(), columns)
    }

    /// The pictures of the first `n` galaxies.
    ///
    /// # If it cannot be drawn
    /// [`Error::Missing`] for representations without a catalogue.
    pub fn gallery(&self, n: usize) -> Gallery {
        let first: Vec<&String> = self.ids.iter().take(n).collect();
        match &self.catalog {
            Some(galaxies) => galaxies.gallery_of(&first),
            None => Err(Error::Missing {
                kind: "catalogue",
                name: "of the survey".to_owned(),
                place: "the ranking".to_owned(),
                hint: "Attach one to the representations: with_catalog(&galaxies)?".to_owned(),
            })
            .into(),
        }
    }
}

impl Show for FewRanking {
    fn show(&self) -> Bundle {
        let title = format!(
            "{} galaxies, the likeliest {:?} first, by {}: {}",
            self.ids.len(),
            self.sought(),
            self.method,
            self.reason
        );
        Table::new(self.table()).title(title).show()
    }
}
