//! Figures and tables of predictions: confusion, precision and recall, reliability, and galaxies that were
//! classified correctly and incorrectly.

use super::predicted::{Kind, Predicted};
use crate::predict::{calibration_error, reliability};
use ndarray::Array2;
use polars::prelude::{Column, DataFrame};
use std::collections::HashMap;
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};
use zoobot_representation::probe::score::likeliest;
use zoobot_show::figure::{self, Figure, lines};
use zoobot_show::notebook::{Gallery, Tile};

/// The number of probability bins.
const BINS: usize = 10;

impl Predicted {
    /// The confusion matrix: the number of galaxies of each true class (rows) predicted as each class
    /// (columns).
    ///
    /// # Errors
    /// [`Error::Unsuitable`] unless classes are predicted; [`Error::Missing`] if the truth is not known.
    pub fn confusion(&self) -> Result<Array2<u64>> {
        let (of, judged) = (self.true_classes()?, self.judged()?);
        let mut counts = Array2::zeros((self.names.len(), self.names.len()));
        for (&class, row) in of.iter().zip(judged.rows()) {
            counts[[class, likeliest(row)]] += 1;
        }
        Ok(counts)
    }

    /// The [`confusion`](Self::confusion) matrix as a table: `true_class`, then a column for each class.
    ///
    /// # Errors
    /// As for [`confusion`](Self::confusion).
    pub fn confusion_table(&self) -> Result<DataFrame> {
        let counts = self.confusion()?;
        let mut columns = vec![Column::new("true_class".into(), &self.names)];
        for (name, of) in self.names.iter().zip(counts.columns()) {
            columns.push(Column::new(format!("predicted_{name}").into(), of.to_vec()));
        }
        Ok(DataFrame::new(self.names.len(), columns)?)
    }

    /// The [`confusion`](Self::confusion) matrix as a figure.
    ///
    /// # If it cannot be drawn
    /// As for [`confusion`](Self::confusion).
    pub fn confusion_matrix(&self) -> Figure {
        self.draw_confusion().into()
    }

    fn draw_confusion(&self) -> Result<Figure> {
        Ok(figure::confusion(&self.names, &self.confusion()?))
    }

    /// A figure of precision against recall. With two classes it shows the last class by name, otherwise each
    /// class against all others.
    ///
    /// # If it cannot be drawn
    /// [`Error::Missing`] if the truth is not known; [`Error::Unsuitable`] for numbers.
    pub fn precision_recall(&self) -> Figure {
        self.draw_precision().into()
    }

    fn draw_precision(&self) -> Result<Figure> {
        let mut figure = lines().labels("recall", "precision");
        for (name, chances, is) in self.each_chance()? {
            let mut order: Vec<usize> = (0..chances.len()).collect();
            order.sort_by(|&a, &b| chances[b].total_cmp(&chances[a]));
            let all = is.iter().filter(|it| **it).count() as f64;
            let (mut found, mut recall, mut precision) = (0.0, Vec::new(), Vec::new());
            for (seen, place) in order.into_iter().enumerate() {
                found += f64::from(is[place]);
                recall.push(found / all);
                precision.push(found / (seen + 1) as f64);
            }
            figure = figure.series(&name, &recall, &precision);
        }
        Ok(figure.build())
    }

    /// A reliability diagram: how often predictions of each probability came true. Calibrated probabilities
    /// are on the diagonal.
    ///
    /// # If it cannot be drawn
    /// [`Error::Missing`] if the truth is not known; [`Error::Unsuitable`] for numbers.
    pub fn reliability(&self) -> Figure {
        self.draw_reliability().into()
    }

    fn draw_reliability(&self) -> Result<Figure> {
        let mut figure = lines().labels("predicted probability", "share that is true").series(
            "perfect",
            [0.0, 1.0],
            [0.0, 1.0],
        );
        for (name, chances, is) in self.each_chance()? {
            let bins = self.bins(&chances, &is)?;
            let expected: Vec<f64> = bins.iter().map(|it| it.confidence).collect();
            let came: Vec<f64> = bins.iter().map(|it| it.outcome).collect();
            let name = format!("{name} (error {:.3})", calibration_error(&bins));
            figure = figure.series(&name, &expected, &came);
        }
        Ok(figure.build())
    }

    /// The expected calibration error: the mean distance between probabilities and outcomes over ten bins,
    /// weighted by their galaxies, then averaged over the classes.
    ///
    /// # Errors
    /// As for [`reliability`](Self::reliability).
    pub fn calibration_error(&self) -> Result<f64> {
        let each = self.each_chance()?;
        let mut sum = 0.0;
        for (_, chances, is) in &each {
            sum += calibration_error(&self.bins(chances, is)?);
        }
        Ok(sum / each.len() as f64)
    }

    fn bins(&self, chances: &[f64], is: &[bool]) -> Result<Vec<crate::predict::Bin>> {
        let came: Vec<f64> = is.iter().map(|it| f64::from(*it)).collect();
        reliability(chances, &came, &vec![1.0; came.len()], BINS)
    }

    /// The temperature at which the class probabilities fit the truth best.
    pub(super) fn temperature(&self) -> Result<f64> {
        let of = self.true_classes()?;
        let scores = self.judged()?.mapv(|it| it.max(1e-300).ln());
        let loss = |log: f64| {
            let temperature = log.exp();
            let each = of.iter().enumerate().map(|(row, &class)| {
                let scores = scores.row(row).mapv(|it| it / temperature);
                let most = scores.fold(f64::NEG_INFINITY, |most, it| most.max(*it));
                let sum: f64 = scores.iter().map(|it| (it - most).exp()).sum();
                most + sum.ln() - scores[class]
            });
            each.sum::<f64>()
        };
        // A golden-section search: the loss has one minimum in 1 / temperature, and so also in its logarithm.
        let golden = (5_f64.sqrt() - 1.0) / 2.0;
        let (mut low, mut high) = ((0.05_f64).ln(), (20_f64).ln());
        while high - low > 1e-6 {
            let (a, b) = (high - golden * (high - low), low + golden * (high - low));
            if loss(a) < loss(b) { high = b } else { low = a }
        }
        Ok(((low + high) / 2.0).exp())
    }

    /// The pictures of `n` galaxies that were classified correctly and `n` that were not, each group sorted
    /// by decreasing confidence.
    ///
    /// # If it cannot be drawn
    /// As for [`confusion`](Self::confusion); [`Error::Parameter`] when `n` is 0.
    pub fn right_and_wrong(&self, n: usize) -> Gallery {
        self.surest(n).into()
    }

    fn surest(&self, n: usize) -> Result<Gallery> {
        if n == 0 {
            return Err(Error::parameter("n", n, "at least 1"));
        }
        let of = self.true_classes()?;
        let Some(catalog) = self.catalog.as_ref().filter(|_| self.kind == Kind::Classes) else {
            return Err(Error::Missing {
                kind: "catalogue",
                name: "catalog".to_owned(),
                place: "these predictions".to_owned(),
                hint: advice(
                    "Give the labels: predicted.against(&galaxies, \"LABEL\")?",
                    "Give the labels: --label COLUMN",
                ),
            });
        };
        let (ids, files) = (catalog.ids(), catalog.files());
        let rows = &self.known()?.rows;
        let of: HashMap<usize, usize> = rows.iter().copied().zip(of.iter().copied()).collect();
        let mut order = rows.clone();
        let surest = |row: usize| self.values[[row, self.likeliest(row)]];
        order.sort_by(|&a, &b| surest(b).total_cmp(&surest(a)));
        let (right, wrong): (Vec<usize>, Vec<usize>) =
            order.into_iter().partition(|&row| self.likeliest(row) == of[&row]);
        let tile = |row: usize, word: &str| {
            let found = self.likeliest(row);
            let caption = format!(
                "{word}: {} ({:.0} %), is {}",
                self.names[found],
                100.0 * surest(row),
                self.names[of[&row]]
            );
            Tile::new(ids[row].as_str(), files[row].as_path()).caption(caption)
        };
        let title = format!("{} right, {} wrong; the surest of each", right.len(), wrong.len());
        let tiles = right.iter().take(n).map(|&row| tile(row, "right"));
        let tiles = tiles.chain(wrong.iter().take(n).map(|&row| tile(row, "wrong")));
        Ok(Gallery::new(tiles.collect()).title(title))
    }
}
