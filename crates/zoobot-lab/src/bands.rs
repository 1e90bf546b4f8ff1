//! The figure of an experiment: how accurate each method is, and how much this varies between runs.

use super::experiment::{Run, Runs, deviation, mean};
use zoobot_core::figure::{Curve, Dash, Figure, curves};

impl Runs {
    /// The accuracy of each representation and method: the fraction of interesting galaxies among the first N
    /// of a ranking that includes the rated galaxies, averaged over the runs, with a band of one standard
    /// deviation. Random choices are grey.
    ///
    /// # If it cannot be drawn
    /// [`Error::Empty`](zoobot_base::Error::Empty) without runs.
    pub fn figure(&self) -> Figure {
        let mut all: Vec<(Curve, Vec<&Run>)> = Vec::new();
        let several = self.runs.iter().any(|run| run.representation != self.runs[0].representation);
        for run in &self.runs {
            let name = match several {
                true => format!("{}, {}", run.representation, run.method),
                false => run.method.to_string(),
            };
            match all.iter_mut().find(|(curve, _)| curve.name == name) {
                Some((_, runs)) => runs.push(run),
                None => {
                    let grey = run.method == super::Method::Random;
                    let coloured = all.iter().filter(|(it, _)| it.colour.is_some()).count();
                    let colour = (!grey).then_some(coloured);
                    let dash = if grey { Dash::Dashed } else { Dash::Full };
                    let curve = Curve { name, points: Vec::new(), dash, colour };
                    all.push((curve, vec![run]));
                }
            }
        }
        let drawn = all.into_iter().map(|(curve, runs)| {
            let depths = runs[0].figures.accuracy_at.keys();
            let points = depths.map(|depth| {
                let at = |run: &&Run| run.figures.accuracy_at.get(depth).copied();
                let values: Vec<f64> = runs.iter().filter_map(at).collect();
                (*depth as f64, mean(&values), deviation(&values))
            });
            Curve { points: points.collect(), ..curve }
        });
        curves(&drawn.collect::<Vec<_>>(), "first N of the ranking", "accuracy")
    }
}
