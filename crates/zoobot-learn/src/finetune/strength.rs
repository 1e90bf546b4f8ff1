//! The penalty on the weights of a head, and how its strength was chosen.

use polars::prelude::{Column, DataFrame};
use zoobot_base::table::table_of;
use zoobot_show::figure::{Figure, lines};
use zoobot_show::notebook::{Bundle, Show, Table};

/// The choice for one part of a head: the whole head, a tag, or a question of a tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The column or question.
    pub name: String,
    /// The penalty: the factor of half the sum of squared weights that is added to the sum of the losses,
    /// with features in units of their standard deviation. It corresponds to `alpha` of scikit-learn's
    /// `Ridge` and `1 / C` of its `LogisticRegression`.
    pub penalty: f64,
    /// Each penalty that was tried, with the mean loss of left-out galaxies: nats, or squared errors. A class
    /// of `n` galaxies is taken to be true with probability (n + 1) / (n + 2), as in Platt (1999), so that no
    /// penalty wins by being almost certain about a few galaxies.
    pub losses: Vec<(f64, f64)>,
    /// The number of galaxies with a label.
    pub galaxies: usize,
    /// The number of folds.
    pub folds: usize,
}

/// The strength of the penalty on the weights of a head that was solved for.
#[derive(Debug, Clone, PartialEq)]
pub struct Strength {
    choices: Vec<Choice>,
    totals: Vec<f64>,
}

impl Strength {
    pub(super) fn new(choices: Vec<Choice>, totals: Vec<f64>) -> Self {
        Self { choices, totals }
    }

    /// The choice for each part of the head.
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }

    /// The logarithms of the questions' totals, for votes.
    pub(super) fn totals(&self) -> &[f64] {
        &self.totals
    }

    /// A row for each part of the head: its `name`, the chosen `penalty`, the mean `loss` of left-out
    /// galaxies, the number of `galaxies` and `folds`, and for votes the number of votes that a prediction is
    /// worth (`worth_votes`).
    pub fn table(&self) -> DataFrame {
        let names: Vec<&str> = self.choices.iter().map(|it| it.name.as_str()).collect();
        let all = |of: fn(&Choice) -> f64| self.choices.iter().map(of).collect::<Vec<f64>>();
        let counts = |of: fn(&Choice) -> usize| {
            self.choices.iter().map(|it| of(it) as u64).collect::<Vec<_>>()
        };
        let mut columns = vec![
            Column::new("name".into(), names),
            Column::new("penalty".into(), all(|it| it.penalty)),
            Column::new("loss".into(), all(Choice::loss)),
            Column::new("galaxies".into(), counts(|it| it.galaxies)),
            Column::new("folds".into(), counts(|it| it.folds)),
        ];
        if !self.totals.is_empty() {
            let worth: Vec<f64> = self.totals.iter().map(|it| it.exp()).collect();
            columns.push(Column::new("worth_votes".into(), worth));
        }
        table_of(self.choices.len(), columns)
    }

    /// A figure of the loss of left-out galaxies against the penalty: too weak a penalty fits noise, too
    /// strong a penalty learns nothing. With several parts, each curve is shifted to a minimum of 0.
    ///
    /// # If it cannot be drawn
    /// [`Error::Figure`](zoobot_base::Error::Figure) when it cannot be drawn.
    pub fn figure(&self) -> Figure {
        let several = self.choices.len() > 1;
        let label = if several {
            "loss of left-out galaxies, above the least"
        } else {
            "loss of left-out galaxies"
        };
        let mut figure = lines().labels("penalty (power of ten)", label);
        for choice in &self.choices {
            let least = if several { choice.loss() } else { 0.0 };
            let powers: Vec<f64> = choice.losses.iter().map(|it| it.0.log10()).collect();
            let losses: Vec<f64> = choice.losses.iter().map(|it| it.1 - least).collect();
            figure = figure.series(&choice.name, &powers, &losses);
        }
        if let [only] = &self.choices[..] {
            let power = only.penalty.log10();
            figure = figure.title(&format!("the best penalty is 10 to the power of {power:.1}"));
        }
        figure.build()
    }
}

impl Choice {
    /// The mean loss of left-out galaxies with the chosen penalty.
    pub fn loss(&self) -> f64 {
        self.losses.iter().map(|it| it.1).fold(f64::INFINITY, f64::min)
    }
}

impl Show for Strength {
    fn show(&self) -> Bundle {
        Table::new(self.table()).title("penalty of each part").show()
    }
}
