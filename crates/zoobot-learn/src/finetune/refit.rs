//! What votes a model's answers were learned from, and fitting them again to other votes.

use super::Finetune;
use super::heads::Known;
use super::solve::{Rows, solve};
use super::truth::Truth;
use crate::model::Model;
use crate::predict::{Posterior, Recalibration};
use ndarray::Axis;
use zoobot_base::error::{Error, Result};
use zoobot_data::schema::Votes;
use zoobot_representation::space::{Space, array, tensor};

/// The number of galaxies below which a fit is refused.
const FEWEST: usize = 50;

impl Model {
    /// Fits the answers to the questions of these votes again, on galaxies that are already encoded; all other questions
    /// keep their answers. As for [`Finetune::tree`], the expected fractions come from a multinomial logistic regression
    /// on the features for each question, whose penalty is chosen by galaxies that are left out, and the certainty is one
    /// total for each question. The posterior is then corrected ([`Recalibration`]) by the answers for left-out galaxies.
    ///
    /// The model then predicts from as many views of each picture as `space` was encoded with
    /// ([`Encoder::with_views`](zoobot_representation::encoder::Encoder::with_views)). The questions no longer count as
    /// [`simulated`](Self::simulated). `seed` divides the galaxies into folds.
    ///
    /// ```no_run
    /// use zoobot_core::prelude::*;
    /// let (galaxies, schema) = (Catalog::read("voted.csv")?, Schema::named("gz2")?);
    /// let model = Model::load("sample")?;
    /// let space = model.encoder().clone().with_views(4)?.encode(&galaxies)?;
    /// let votes = Votes::of(&galaxies.select(space.ids())?, &schema)?;
    /// model.refit(&space, &votes, 1)?.save("fitted")?;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Unsuitable`] when the model does not predict concentrations of votes; [`Error::Missing`] for a question
    /// that it does not have; [`Error::Shape`] unless `space` and `votes` hold the same galaxies in the same order;
    /// [`Error::Empty`] for fewer than 50 galaxies; [`Error::Interrupted`].
    pub fn refit(&self, space: &Space, votes: &Votes, seed: u64) -> Result<Self> {
        self.encoder().check(space)?;
        if space.ids() != votes.ids() {
            let problem = "the representations and the votes are of different galaxies";
            return Err(Error::shape(problem, "Give the same galaxies in the same order"));
        }
        if votes.len() < FEWEST {
            let problem = format!("there are votes for {} galaxies", votes.len());
            return Err(Error::empty(problem, format!("Give at least {FEWEST} to fit answers to")));
        }
        let (schema, asked) = (self.schema()?, votes.schema());
        let places = schema.places_of(asked)?;
        let first: Vec<usize> =
            asked.questions().iter().map(|it| places[it.range().start]).collect();
        let finetune = Finetune::tree(asked).seed(seed);
        let truth = Truth::Votes(Box::new(votes.clone()));
        let known = Known { features: space.features().to_owned(), truth };
        let solved = solve(&finetune, &Rows::of(&known, votes.len()), None)?;
        let head = self.own_head()?.with_fractions(&first, &solved.head.folded()?)?;
        let unseen = solved.head.config().meaning(&tensor(&solved.left_out)?)?;
        let unseen = array(&unseen, votes.len(), asked.width())?;
        let posterior = Posterior::new(asked, votes.ids().to_vec(), unseen.insert_axis(Axis(2)))?;
        let found = Recalibration::fit(&posterior, votes)?;
        let found = match self.recalibration() {
            Some(before) => before.clone().replaced(&found)?,
            None => found.within(schema)?,
        };
        Self::new(self.encoder().clone(), &head, self.labels().clone())?
            .with_recalibration(Some(found))?
            .with_simulated(self.simulated().to_vec())?
            .not_simulated(asked)
            .with_views(space.origin().map_or(self.views(), |it| it.views))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Labels;
    use crate::model::tests::{head, small_encoder};
    use crate::predict::Ensemble;
    use crate::train::HeadConfig;
    use ndarray::Array2;
    use rand::Rng;
    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use zoobot_data::schema::Schema;

    /// Galaxies whose vote fraction depends on one feature, for a head that knows nothing of it.
    #[test]
    fn a_refitted_head_learns_from_votes_and_keeps_its_other_answers() {
        let encoder = small_encoder("atto");
        let [rings, other] = ["gz_rings", "gz2"].map(|it| Schema::named(it).unwrap());
        let both = Schema::union("both", &[rings.clone(), other.clone()]).unwrap();
        let config = HeadConfig::concentrations(both.width());
        let before = head(&config, encoder.width() as i64, 3);
        let model = Model::new(encoder.clone(), &before, Labels::Votes(both)).unwrap();
        let mut rng = StdRng::seed_from_u64(1);
        let features = Array2::from_shape_fn((300, encoder.width()), |(_, feature)| {
            let reach = if feature == 0 { 1.0 } else { 0.05 };
            rng.random_range(-reach..reach)
        });
        let ids: Vec<String> = (0..300).map(|i| format!("g{i}")).collect();
        let yes =
            |row: usize| (20.0 / (1.0 + (-4.0 * f64::from(features[[row, 0]])).exp())).round();
        let counts = Array2::from_shape_fn((300, 2), |(row, answer)| match answer {
            0 => yes(row),
            _ => 20.0 - yes(row),
        });
        let space = Space::new(ids.clone(), features.clone()).unwrap();
        let part = |rows: std::ops::Range<usize>| {
            let names = ids[rows.clone()].to_vec();
            let counts = counts.slice(ndarray::s![rows, ..]).to_owned();
            (space.select(&names).unwrap(), Votes::new(&rings, names, counts).unwrap())
        };
        let (learn, test) = (part(0..200), part(200..300));
        let refitted = model.refit(&learn.0, &learn.1, 1).unwrap();
        let fractions = |model: &Model, schema: &Schema| {
            let ensemble = Ensemble::new([model.clone()]).unwrap().of_schema(schema).unwrap();
            ensemble.posterior_encoded(&test.0).unwrap().fractions()
        };
        let off = |model: &Model| {
            (fractions(model, &rings) - test.1.fractions()).mapv(f64::abs).mean().unwrap()
        };
        assert!(off(&refitted) < 0.5 * off(&model), "{} {}", off(&refitted), off(&model));
        let moved = fractions(&refitted, &other) - fractions(&model, &other);
        assert!(moved.iter().all(|it| it.abs() < 1e-9));
        assert!(refitted.recalibration().is_some());
        let few = part(0..20);
        let message = model.refit(&few.0, &few.1, 1).unwrap_err().to_string();
        assert!(message.contains("20 galaxies"), "{message}");
    }
}
