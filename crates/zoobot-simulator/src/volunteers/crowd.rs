//! The volunteers: their number and skill, and their path through the decision tree.

use super::appearance::Appearance;
use super::questions::{Meaning, TOPICS, Topic};
use crate::SimulatedGalaxy;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};
use zoobot_base::error::{Error, Result};
use zoobot_base::spelling::near;
use zoobot_data::schema::{Question, Schema};

/// The number of volunteers who see a galaxy, and how careful they are.
///
/// ```
/// use zoobot_core::prelude::*;
/// use zoobot_core::survey::Crowd;
/// let crowd = Crowd { fewest: 40, most: 40, ..Crowd::default() };
/// let volunteers = Volunteers::new(&Schema::named("gz_rings")?)?.crowd(crowd)?;
/// let votes = volunteers.votes(&Simulation::new(1).galaxy(0)?, 1);
/// assert_eq!(votes.iter().sum::<u32>(), 40);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Crowd {
    /// Minimum number of volunteers who see a galaxy, 0 or more. Default 5.
    pub fewest: usize,
    /// Maximum number of volunteers; all numbers in between are equally likely. Default 60.
    pub most: usize,
    /// Share of an attentive volunteer's answers that are deliberate, 0 to 1; the others are slips, uniform
    /// over all answers. Default 0.97.
    pub skill: f64,
    /// Share of volunteers who are careless, 0 to 1. Default 0.08.
    pub careless: f64,
    /// Skill of careless volunteers, 0 to 1. Default 0.4.
    pub careless_skill: f64,
    /// If a schema has the questions of several campaigns, each galaxy is shown in one of them, and with this
    /// probability (0 to 1) in each of the others too. Default 0.2.
    pub again: f64,
}

impl Default for Crowd {
    fn default() -> Self {
        Self { fewest: 5, most: 60, skill: 0.97, careless: 0.08, careless_skill: 0.4, again: 0.2 }
    }
}

impl Crowd {
    fn check(&self) -> Result<()> {
        if self.fewest > self.most {
            let range = format!("at most {}, the value of most", self.most);
            return Err(Error::parameter("fewest", self.fewest, range));
        }
        for (name, value) in [
            ("skill", self.skill),
            ("careless", self.careless),
            ("careless_skill", self.careless_skill),
            ("again", self.again),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err(Error::parameter(name, value, "between 0 and 1"));
            }
        }
        Ok(())
    }

    /// The two groups of volunteers: (share, skill).
    fn sorts(&self) -> [(f64, f64); 2] {
        [(1.0 - self.careless, self.skill), (self.careless, self.careless_skill)]
    }
}

/// Simulated volunteers who answer the questions of a schema.
///
/// ```
/// use zoobot_core::schema::Schema;
/// use zoobot_core::survey::{Kind, Simulation, Volunteers};
/// let schema = Schema::named("decals_dr5")?;
/// let volunteers = Volunteers::new(&schema)?;
/// let galaxy = Simulation::new(1).kinds([Kind::EdgeOn]).galaxy(0)?;
/// let votes = volunteers.votes(&galaxy, 1);
/// assert_eq!(votes.len(), schema.width());
/// let asked: u32 = votes[schema.question("smooth-or-featured-dr5")?.range()].iter().sum();
/// assert!((5..=60).contains(&asked));
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Volunteers {
    schema: Schema,
    crowd: Crowd,
    /// In the order in which they are asked.
    questions: Vec<Asked>,
    /// The number of campaigns in the schema.
    campaigns: usize,
}

/// A question of the schema, matched to a topic.
#[derive(Debug, Clone)]
struct Asked {
    topic: &'static Topic,
    offered: Vec<Meaning>,
    campaign: usize,
    /// Column index of the first answer.
    first: usize,
    /// Column index of the answer that leads to this question.
    after: Option<usize>,
}

impl Volunteers {
    /// Creates volunteers for a schema, with the default [`Crowd`]. Questions are recognised by their names
    /// without the campaign, such as `bar` or `has-spiral-arms`.
    ///
    /// # Errors
    /// [`Error::Schema`] for a question or an answer that no simulated galaxy can be asked about.
    pub fn new(schema: &Schema) -> Result<Self> {
        let mut campaigns = Vec::new();
        let questions =
            schema.in_order().map(|question| Asked::new(schema, question, &mut campaigns));
        let questions = questions.collect::<Result<_>>()?;
        let campaigns = campaigns.len();
        Ok(Self { schema: schema.clone(), crowd: Crowd::default(), questions, campaigns })
    }

    /// Sets the number and skill of the volunteers.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a setting out of range.
    pub fn crowd(self, crowd: Crowd) -> Result<Self> {
        crowd.check()?;
        Ok(Self { crowd, ..self })
    }

    /// The schema that the volunteers answer.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The number of volunteers who gave each answer about a galaxy, in the order of the schema's columns. It
    /// depends only on the galaxy and the seed.
    ///
    /// A galaxy has no votes for the questions of campaigns that did not show it: see
    /// [`Crowd::again`].
    pub fn votes(&self, galaxy: &SimulatedGalaxy, seed: u64) -> Vec<u32> {
        let mut rng = stream(galaxy, seed, 1);
        let chances = self.chances(&Appearance::of(galaxy));
        let mut votes = vec![0; self.schema.width()];
        let first = rng.random_range(0..self.campaigns);
        for campaign in 0..self.campaigns {
            let again = rng.random::<f64>() < self.crowd.again;
            if campaign != first && !again {
                continue;
            }
            for _ in 0..rng.random_range(self.crowd.fewest..=self.crowd.most) {
                let careless = rng.random::<f64>() < self.crowd.careless;
                let skill = self.crowd.sorts()[usize::from(careless)].1;
                self.walk(campaign, &chances, skill, &mut rng, |answer| votes[answer] += 1);
            }
        }
        votes
    }

    /// The vote fractions of a very large number of such volunteers: the share of each answer among
    /// volunteers who are asked the question, in the order of the schema's columns. They sum to 1 over each
    /// question.
    pub fn fractions(&self, galaxy: &SimulatedGalaxy) -> Vec<f64> {
        self.expected(&Appearance::of(galaxy))
    }

    /// The vote fractions for an appearance, as in [`fractions`](Self::fractions).
    pub fn expected(&self, seen: &Appearance) -> Vec<f64> {
        let chances = self.chances(seen);
        // Careless volunteers stray to other questions, so the mix of volunteers differs between questions.
        let mut given = vec![0.0; chances.len()];
        for (share, skill) in self.crowd.sorts() {
            let mut reached = vec![0.0; chances.len()];
            for question in &self.questions {
                let asked = question.after.map_or(1.0, |answer| reached[answer]);
                for answer in question.range() {
                    let chance = slip(chances[answer], skill, question.offered.len());
                    reached[answer] = asked * chance;
                    given[answer] += share * reached[answer];
                }
            }
        }
        for question in &self.questions {
            let total: f64 = given[question.range()].iter().sum();
            let even = 1.0 / question.offered.len() as f64;
            // If no volunteer can reach a question, nothing is known.
            let fraction = |given: f64| if total > 0.0 { given / total } else { even };
            given[question.range()].iter_mut().for_each(|it| *it = fraction(*it));
        }
        given
    }

    /// The probability of each answer from an attentive volunteer who is asked the question.
    fn chances(&self, seen: &Appearance) -> Vec<f64> {
        let mut chances = vec![0.0; self.schema.width()];
        for question in &self.questions {
            let of = question.topic.chances(&question.offered, seen);
            chances[question.range()].copy_from_slice(&of);
        }
        chances
    }

    /// One volunteer's path through the tree of a campaign.
    fn walk(
        &self,
        campaign: usize,
        chances: &[f64],
        skill: f64,
        rng: &mut StdRng,
        mut give: impl FnMut(usize),
    ) {
        let mut given = vec![false; chances.len()];
        for question in self.questions.iter().filter(|it| it.campaign == campaign) {
            if question.after.is_some_and(|answer| !given[answer]) {
                continue;
            }
            let mut left: f64 = rng.random();
            let last = question.range().end - 1;
            let answer = question.range().find(|&answer| {
                left -= slip(chances[answer], skill, question.offered.len());
                left < 0.0
            });
            let answer = answer.unwrap_or(last);
            given[answer] = true;
            give(answer);
        }
    }
}

impl Asked {
    /// The campaign is the part of the name after the topic; new campaigns are added to `campaigns`.
    fn new<'a>(
        schema: &Schema,
        question: &'a Question,
        campaigns: &mut Vec<&'a str>,
    ) -> Result<Self> {
        let wrong = |problem, hint| Error::Schema { name: schema.name().to_owned(), problem, hint };
        let topic = Topic::named(question.name()).ok_or_else(|| {
            let problem = format!("simulated volunteers cannot answer {:?}", question.name());
            wrong(problem, near(question.name(), TOPICS.iter().map(|topic| topic.name)))
        })?;
        let meaning = |answer: &zoobot_data::schema::Answer| {
            topic.meaning(answer.name()).ok_or_else(|| {
                let name = answer.name();
                let problem = format!(
                    "simulated volunteers do not know the answer {name:?} to {:?}",
                    topic.name
                );
                wrong(problem, near(name, topic.answers()))
            })
        };
        let name = &question.name()[topic.name.len()..];
        let known = campaigns.iter().position(|it| *it == name);
        let campaign = known.unwrap_or_else(|| {
            campaigns.push(name);
            campaigns.len() - 1
        });
        Ok(Self {
            topic,
            campaign,
            offered: question.answers().iter().map(meaning).collect::<Result<_>>()?,
            first: question.range().start,
            after: schema.asked_after(question).map(|(_, answer)| answer.index()),
        })
    }

    fn range(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.offered.len()
    }
}

/// The probability of an answer from a volunteer who answers deliberately with probability `skill`, and
/// otherwise gives any of the `answers` at random.
fn slip(chance: f64, skill: f64, answers: usize) -> f64 {
    skill * chance + (1.0 - skill) / answers as f64
}

/// Random numbers for one galaxy and purpose.
pub(crate) fn stream(galaxy: &SimulatedGalaxy, seed: u64, purpose: u64) -> StdRng {
    // A galaxy's texture is itself a random number.
    let parts = [seed, galaxy.morphology.texture, purpose, 0];
    let mut bytes = [0; 32];
    for (to, part) in bytes.chunks_exact_mut(8).zip(parts) {
        to.copy_from_slice(&part.to_le_bytes());
    }
    StdRng::from_seed(bytes)
}
