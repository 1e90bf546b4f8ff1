//! The validation loss by question and by campaign.

use tch::{Kind, Tensor};
use zoobot_base::error::{Error, Result};
use zoobot_data::schema::Schema;

/// Accumulates the losses of galaxies, question by question.
///
/// ```
/// use zoobot_core::{schema::Schema, tch::Tensor, train::{QuestionLosses, VoteLoss}};
/// let rings = Schema::named("gz_rings")?;
/// let votes = Tensor::from_slice2(&[[1.0, 0.0], [0.0, 0.0]]);
/// let even = Tensor::from_slice2(&[[1.0, 1.0], [1.0, 1.0]]);
/// let mut losses = QuestionLosses::new(&rings);
/// losses.add(&VoteLoss::new(&rings).each(&even, &votes)?, &votes)?;
/// // The galaxy without votes does not count.
/// let (name, loss) = losses.parts()[0].clone();
/// assert_eq!(name, "ring");
/// assert!((loss - 2f64.ln()).abs() < 1e-9);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct QuestionLosses {
    schema: Schema,
    /// The questions, followed by the campaigns, each with the questions that it sums over.
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
struct Part {
    name: String,
    questions: Vec<usize>,
    sum: f64,
    galaxies: f64,
}

impl QuestionLosses {
    /// Starts without losses.
    ///
    /// The campaign of a question is the part of its name after the last hyphen, such as `dr5` in `bar-dr5`.
    /// Campaigns are listed separately if there are several.
    pub fn new(schema: &Schema) -> Self {
        let part = |name: String, questions| Part { name, questions, sum: 0.0, galaxies: 0.0 };
        let questions = schema.questions();
        let mut campaigns: Vec<(&str, Vec<usize>)> = Vec::new();
        for (place, question) in questions.iter().enumerate() {
            let campaign = question.name().rsplit_once('-').map_or("", |(_, campaign)| campaign);
            match campaigns.iter_mut().find(|(known, _)| *known == campaign) {
                Some((_, places)) => places.push(place),
                None => campaigns.push((campaign, vec![place])),
            }
        }
        let each = questions.iter().enumerate();
        let mut parts: Vec<Part> =
            each.map(|(place, it)| part(it.name().to_owned(), vec![place])).collect();
        if campaigns.len() > 1 && campaigns.len() < questions.len() {
            let campaigns = campaigns.into_iter();
            parts.extend(campaigns.map(|(name, places)| part(format!("campaign {name}"), places)));
        }
        Self { schema: schema.clone(), parts }
    }

    /// Adds the losses of some galaxies.
    ///
    /// # Shapes
    /// `losses` is `[n, questions]`, as returned by [`VoteLoss::each`](super::VoteLoss::each), and `votes` is
    /// `[n, answers]`.
    ///
    /// # Errors
    /// [`Error::Shape`] for other shapes.
    pub fn add(&mut self, losses: &Tensor, votes: &Tensor) -> Result<()> {
        let (found, galaxies) = (losses.size(), votes.size().first().copied().unwrap_or(0));
        let questions = self.schema.questions();
        let expected = [galaxies, questions.len() as i64];
        if found != expected || votes.size() != [galaxies, self.schema.width() as i64] {
            let problem =
                format!("the losses have the shape {found:?} for votes {:?}", votes.size());
            return Err(Error::shape(problem, format!("Give losses of the shape {expected:?}")));
        }
        for part in &mut self.parts {
            let mut asked = Tensor::f_zeros([galaxies], (Kind::Double, votes.device()))?;
            for place in &part.questions {
                let range = questions[*place].range();
                let votes = votes.f_narrow(1, range.start as i64, range.len() as i64)?;
                asked += votes.f_sum_dim_intlist(1i64, false, Kind::Double)?;
                let loss = losses.f_select(1, *place as i64)?.f_sum(Kind::Double)?;
                part.sum += loss.f_double_value(&[])?;
            }
            part.galaxies += asked.f_gt(0.0)?.f_sum(Kind::Double)?.f_double_value(&[])?;
        }
        Ok(())
    }

    /// The mean loss of each question and of each campaign (the sum over its questions), over the galaxies
    /// with votes for it. Questions and campaigns without galaxies are left out.
    pub fn parts(&self) -> Vec<(String, f64)> {
        let asked = self.parts.iter().filter(|part| part.galaxies > 0.0);
        asked.map(|part| (part.name.clone(), part.sum / part.galaxies)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::VoteLoss;

    #[test]
    fn questions_and_campaigns_count_the_galaxies_that_were_asked() {
        let dr5 = Schema::named("decals_dr5").unwrap();
        let both = Schema::union("both", &[dr5.clone(), Schema::named("gz2").unwrap()]).unwrap();
        let width = both.width() as i64;
        // Two galaxies with votes in the first campaign, one in the second, and one without votes.
        let votes = Tensor::zeros([4, width], (Kind::Float, tch::Device::Cpu));
        for (galaxy, column, count) in
            [(0, 0, 5.0), (0, 1, 2.0), (1, 1, 9.0), (1, 3, 4.0), (2, dr5.width() as i64, 7.0)]
        {
            let _ = votes.get(galaxy).get(column).fill_(count);
        }
        let alpha = Tensor::full([4, width], 3.0, (Kind::Float, tch::Device::Cpu));
        let loss = VoteLoss::new(&both);
        let each = loss.each(&alpha, &votes).unwrap();
        let mut losses = QuestionLosses::new(&both);
        // In two batches.
        for start in [0, 2] {
            losses.add(&each.narrow(0, start, 2), &votes.narrow(0, start, 2)).unwrap();
        }
        let parts = losses.parts();
        let of = |name: &str| parts.iter().find(|it| it.0 == name).map(|it| it.1);
        let value = |i: i64, j: i64| each.double_value(&[i, j]);
        let close = |a: Option<f64>, b: f64| (a.unwrap() - b).abs() < 1e-6;
        let [first, second] = [&both.questions()[0], &both.questions()[1]].map(|it| it.name());
        assert!(close(of(first), (value(0, 0) + value(1, 0)) / 2.0));
        assert!(close(of(second), value(1, 1)));
        assert!(close(of("campaign dr5"), (value(0, 0) + value(1, 0) + value(1, 1)) / 2.0));
        assert!(close(of("campaign gz2"), value(2, dr5.questions().len() as i64)));
        assert_eq!(parts.len(), 5);
        // A single campaign is not listed separately.
        assert!(QuestionLosses::new(&dr5).parts.iter().all(|it| !it.name.contains("campaign")));
        assert!(losses.add(&each, &votes.narrow(0, 0, 2)).is_err());
    }
}
