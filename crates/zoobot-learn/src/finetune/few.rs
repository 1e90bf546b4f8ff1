//! Training a network from a few examples, without validation galaxies: see [`few`](crate::few).

use super::network::{self, Trained};
use super::truth::Truth;
use super::{Finetune, encoded};
use crate::train::{Event, Head};
use tch::{Kind, Tensor};
use zoobot_base::error::Result;
use zoobot_data::catalog::{Catalog, Target};
use zoobot_representation::encoder::Encoder;
use zoobot_representation::probe::basis::Linear;
use zoobot_representation::probe::scaling::Scaling;

impl Finetune {
    /// A head of classes from a linear function of scaled features: one row for each class, or one for two
    /// classes, which is the logit of the second.
    pub(crate) fn head_of(
        &self,
        classes: &[String],
        linear: &Linear,
        scaling: &Scaling,
    ) -> Result<Head> {
        let config = self.question().head(classes, self.settings().head_dropout);
        let single = linear.intercepts.len() == 1 && classes.len() == 2;
        let rows: Vec<(usize, f64)> = match single {
            true => vec![(0, -0.5), (0, 0.5)],
            false => (0..classes.len()).map(|row| (row, 1.0)).collect(),
        };
        let mut weights: Vec<f32> = Vec::with_capacity(rows.len() * linear.weights.ncols());
        let mut biases: Vec<f32> = Vec::with_capacity(rows.len());
        for (row, factor) in rows {
            weights.extend(linear.weights.row(row).iter().map(|it| (it * factor) as f32));
            biases.push((linear.intercepts[row] * factor) as f32);
        }
        let weight = Tensor::f_from_slice(&weights)?.f_view([biases.len() as i64, -1])?;
        Head::of(&config, &weight, &Tensor::f_from_slice(&biases)?)?.standardised(scaling)
    }

    /// The number of layers whose filters can be grouped.
    pub(crate) fn layers_of(&self, encoder: &Encoder, classes: &[String]) -> Result<usize> {
        let built = network::built(self, encoder, classes)?;
        let recipe = encoder.recipe();
        let side = recipe.size as i64;
        let shape = [1, recipe.channels() as i64, side, side];
        let picture = Tensor::f_zeros(shape, (Kind::Float, built.store.device()))?;
        Ok(built.responses(&picture)?.len())
    }

    /// Trains the network from examples, starting with a head, for all epochs.
    pub(crate) fn taught(
        &self,
        support: &Catalog,
        classes: Target,
        head: &Head,
        observe: &mut dyn FnMut(Event),
    ) -> Result<Trained> {
        self.check()?;
        let encoder = self.begin()?;
        if let Some(folder) = self.home() {
            encoded::same_run(self, folder, &encoder, [support, support], None)?;
        }
        let truth = Truth::One(classes);
        let config = self.fit_of_network();
        network::train(self, &encoder, (support, &truth), None, Some(head), &config, observe)
    }
}
