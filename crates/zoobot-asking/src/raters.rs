//! How far people agree: Cohen's and Fleiss' kappa.

use ndarray::Array2;
use polars::prelude::{Column, DataFrame};
use std::collections::HashMap;
use zoobot_base::error::{Error, Result};
use zoobot_base::table::table_of;
use zoobot_data::volunteers::Classifications;
use zoobot_show::notebook::{Bundle, Show, Table};
use zoobot_show::notes;

/// The maximum number of people who are compared in pairs.
const PAIRED: usize = 100;

/// How far people agree on a question, beyond what chance gives: 1 for full agreement, 0 for chance.
///
/// For two people it is Cohen's kappa (Cohen 1960, Educational and Psychological Measurement 20, 37), over the
/// galaxies that both answered. For all together it is Fleiss' kappa (Fleiss 1971, Psychological Bulletin 76,
/// 378), over the galaxies with at least two answers; the number of answers may differ between galaxies, and each
/// galaxy counts equally in the observed agreement.
///
/// ```
/// use zoobot_core::asking::RaterAgreement;
/// use zoobot_core::prelude::*;
/// let table = df!(
///     "volunteer" => ["ann", "ann", "bob", "bob"], "id_str" => ["g1", "g2", "g1", "g2"],
///     "question" => ["ring"; 4], "answer" => ["yes", "no", "yes", "no"],
/// )?;
/// let answers = Classifications::from_table(&table, &Schema::named("gz_rings")?)?;
/// let people = RaterAgreement::of(&answers, "ring")?;
/// assert_eq!((people.fleiss(), people.cohen("ann", "bob")?), (1.0, 1.0));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RaterAgreement {
    question: String,
    galaxies: usize,
    people: usize,
    fleiss: f64,
    pairs: Vec<Pair>,
}

/// Two people.
#[derive(Debug, Clone)]
struct Pair {
    first: String,
    second: String,
    galaxies: usize,
    agreed: usize,
    kappa: f64,
}

impl RaterAgreement {
    /// Compares the answers to a question, from [`read_answers`](crate::read_answers) or any other
    /// classifications. Pairs are compared if there are at most 100 people.
    ///
    /// # Errors
    /// [`Error::Missing`] for an unknown question; [`Error::Empty`] if no galaxy has two answers to it.
    pub fn of(answers: &Classifications, question: &str) -> Result<Self> {
        let schema = answers.schema();
        let range = schema.question(question)?.range();
        let given: Vec<(u32, u32, usize)> = answers
            .places()
            .filter(|it| range.contains(&(it.2 as usize)))
            .map(|(who, galaxy, answer)| (who, galaxy, answer as usize - range.start))
            .collect();
        let mut counts: Array2<f64> = Array2::zeros((answers.ids().len(), range.len()));
        given.iter().for_each(|(_, galaxy, answer)| counts[[*galaxy as usize, *answer]] += 1.0);
        let compared: Vec<_> = counts.rows().into_iter().filter(|it| it.sum() >= 2.0).collect();
        if compared.is_empty() {
            let hint = "Let a second person answer some of the galaxies";
            return Err(Error::empty(format!("No galaxy has two answers to {question:?}"), hint));
        }
        let (mut agreed, mut shares) = (0.0, vec![0.0; range.len()]);
        for votes in &compared {
            let all = votes.sum();
            agreed += votes.iter().map(|it| it * (it - 1.0)).sum::<f64>() / (all * (all - 1.0));
            votes.iter().zip(&mut shares).for_each(|(votes, share)| *share += votes);
        }
        let all: f64 = shares.iter().sum();
        let by_chance: f64 = shares.iter().map(|it| (it / all).powi(2)).sum();
        let fleiss = kappa(agreed / compared.len() as f64, by_chance);
        let mut by_person: HashMap<u32, HashMap<u32, usize>> = HashMap::new();
        for (who, galaxy, answer) in given {
            by_person.entry(who).or_default().insert(galaxy, answer);
        }
        let mut people: Vec<u32> = by_person.keys().copied().collect();
        people.sort_unstable();
        let mut pairs = Vec::new();
        if people.len() > PAIRED {
            notes::note(format!(
                "{} people are not compared in pairs: at most {PAIRED} are",
                people.len()
            ));
        } else {
            for (place, first) in people.iter().enumerate() {
                for second in &people[place + 1..] {
                    let both = (&by_person[first], &by_person[second]);
                    let names = answers.volunteers();
                    let names = [&names[*first as usize], &names[*second as usize]];
                    pairs.extend(Pair::of(names, both, range.len()));
                }
            }
        }
        let question = question.to_owned();
        Ok(Self { question, galaxies: compared.len(), people: people.len(), fleiss, pairs })
    }

    /// The number of galaxies with at least two answers.
    pub fn galaxies(&self) -> usize {
        self.galaxies
    }

    /// The number of people who answered the question.
    pub fn people(&self) -> usize {
        self.people
    }

    /// Fleiss' kappa of all people; NaN if everyone always gave one answer.
    pub fn fleiss(&self) -> f64 {
        self.fleiss
    }

    /// Cohen's kappa of two people; NaN if both always gave one answer.
    ///
    /// # Errors
    /// [`Error::Missing`] for people who have no galaxy in common.
    pub fn cohen(&self, first: &str, second: &str) -> Result<f64> {
        let found = self.pairs.iter().find(|it| {
            (it.first == first && it.second == second) || (it.first == second && it.second == first)
        });
        found.map(|it| it.kappa).ok_or_else(|| {
            let names: Vec<String> =
                self.pairs.iter().map(|it| format!("{} and {}", it.first, it.second)).collect();
            let place = "the people with galaxies in common";
            Error::missing(
                "pair",
                &format!("{first} and {second}"),
                place,
                names.iter().map(String::as_str),
            )
        })
    }

    /// A table with the columns `first`, `second`, `galaxies` (that both answered), `agreed` (the fraction with
    /// equal answers) and `kappa` (empty where it is not defined).
    pub fn table(&self) -> DataFrame {
        let text = |name: &str, of: fn(&Pair) -> &str| {
            Column::new(name.into(), self.pairs.iter().map(of).collect::<Vec<&str>>())
        };
        let numbers = |name: &str, of: fn(&Pair) -> f64| {
            let all = self.pairs.iter().map(|it| Some(of(it)).filter(|it| it.is_finite()));
            Column::new(name.into(), all.collect::<Vec<Option<f64>>>())
        };
        let galaxies: Vec<u64> = self.pairs.iter().map(|it| it.galaxies as u64).collect();
        let columns = vec![
            text("first", |it| &it.first),
            text("second", |it| &it.second),
            Column::new("galaxies".into(), galaxies),
            numbers("agreed", |it| it.agreed as f64 / it.galaxies as f64),
            numbers("kappa", |it| it.kappa),
        ];
        table_of(self.pairs.len(), columns)
    }
}

impl Pair {
    /// The comparison of two people; `None` without a galaxy in common.
    fn of(
        names: [&String; 2],
        both: (&HashMap<u32, usize>, &HashMap<u32, usize>),
        answers: usize,
    ) -> Option<Self> {
        let mut counts: Array2<f64> = Array2::zeros((answers, answers));
        for (galaxy, first) in both.0 {
            if let Some(second) = both.1.get(galaxy) {
                counts[[*first, *second]] += 1.0;
            }
        }
        let all = counts.sum();
        if all == 0.0 {
            return None;
        }
        let agreed = counts.diag().sum();
        let by_chance: f64 = (0..answers)
            .map(|it| counts.row(it).sum() * counts.column(it).sum() / (all * all))
            .sum();
        let [first, second] = names.map(Clone::clone);
        let kappa = kappa(agreed / all, by_chance);
        Some(Self { first, second, galaxies: all as usize, agreed: agreed as usize, kappa })
    }
}

/// The agreement beyond chance.
fn kappa(agreed: f64, by_chance: f64) -> f64 {
    if by_chance < 1.0 { (agreed - by_chance) / (1.0 - by_chance) } else { f64::NAN }
}

impl Show for RaterAgreement {
    fn show(&self) -> Bundle {
        let title = format!(
            "{}: Fleiss' kappa {:.2} of {} people on {} galaxies",
            self.question, self.fleiss, self.people, self.galaxies
        );
        Table::new(self.table()).title(title).show()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class_schema;

    /// Answers from counts: the number of people of each answer for each galaxy.
    fn answers(given: &[(&str, usize, u32)], classes: usize) -> Classifications {
        let names: Vec<String> = (0..classes).map(|it| format!("c{it}")).collect();
        let schema = class_schema("class", &names).unwrap();
        let mut people: Vec<String> = given.iter().map(|it| it.0.to_owned()).collect();
        people.sort();
        people.dedup();
        let most = given.iter().map(|it| it.1).max().unwrap();
        let ids = (0..=most).map(|it| format!("g{it}")).collect();
        let place = |who: &str| people.iter().position(|it| it == who).unwrap() as u32;
        let places =
            given.iter().map(|(who, galaxy, answer)| (place(who), *galaxy as u32, *answer));
        let places = places.collect();
        Classifications::of_places(&schema, people.clone(), ids, places)
    }

    #[test]
    fn fleiss_kappa_is_that_of_the_example_with_ten_galaxies_and_fourteen_people() {
        // The example of the article "Fleiss' kappa" in Wikipedia: kappa = 0.210.
        let counts: [[u32; 5]; 10] = [
            [0, 0, 0, 0, 14],
            [0, 2, 6, 4, 2],
            [0, 0, 3, 5, 6],
            [0, 3, 9, 2, 0],
            [2, 2, 8, 1, 1],
            [7, 7, 0, 0, 0],
            [3, 2, 6, 3, 0],
            [2, 5, 3, 2, 2],
            [6, 5, 2, 1, 0],
            [0, 2, 2, 3, 7],
        ];
        let names: Vec<String> = (0..14).map(|it| format!("p{it:02}")).collect();
        let mut given = Vec::new();
        for (galaxy, votes) in counts.iter().enumerate() {
            let each =
                votes.iter().zip(0..).flat_map(|(count, answer)| (0..*count).map(move |_| answer));
            given.extend(each.zip(&names).map(|(answer, who)| (who.as_str(), galaxy, answer)));
        }
        let found = RaterAgreement::of(&answers(&given, 5), "class").unwrap();
        assert!((found.fleiss() - 0.210).abs() < 5e-4, "{}", found.fleiss());
        assert_eq!((found.galaxies(), found.people(), found.table().height()), (10, 14, 91));
    }

    #[test]
    fn cohens_kappa_is_that_of_the_example_of_grant_proposals() {
        // Both yes 20, both no 15, only the first yes 5, only the second yes 10: kappa = 0.4. Galaxies that one of
        // both did not answer do not count.
        let mut given = Vec::new();
        let pairs = [(0, 0, 20), (0, 1, 5), (1, 0, 10), (1, 1, 15)];
        let both = pairs.iter().flat_map(|(a, b, count)| (0..*count).map(move |_| (*a, *b)));
        for (galaxy, (first, second)) in both.enumerate() {
            given.extend([("ann", galaxy, first), ("bob", galaxy, second)]);
        }
        given.extend([("ann", 60, 0), ("cy", 61, 1)]);
        let found = RaterAgreement::of(&answers(&given, 2), "class").unwrap();
        assert!((found.cohen("bob", "ann").unwrap() - 0.4).abs() < 1e-12);
        assert!(found.cohen("ann", "cy").is_err());
        assert_eq!(found.galaxies(), 50);
        // One answer by everyone: chance explains all.
        let all = [("ann", 0, 1), ("bob", 0, 1)];
        assert!(RaterAgreement::of(&answers(&all, 2), "class").unwrap().fleiss().is_nan());
        let message =
            RaterAgreement::of(&answers(&[("ann", 0, 1)], 2), "class").unwrap_err().to_string();
        assert!(message.contains("No galaxy has two answers"), "{message}");
    }
}
