//! Everything that users did, in order. Each step can be taken back.

use super::journal::Line;
use std::collections::{BTreeMap, HashMap};

/// A rating in effect: not taken back, replaced, or followed by a skip.
///
/// ```
/// use zoobot_core::{ndarray::Array2, prelude::*};
/// let features = Array2::from_shape_fn((100, 2), |(i, j)| ((i * (j + 3)) % 17) as f32);
/// let space = Space::new((0..100).map(|i| format!("G{i}")).collect(), features)?;
/// let mut search = AnomalySearch::new(&space).seed(1);
/// search.rate("G7", 4)?;
/// let rating = search.ratings()[0];
/// assert_eq!((rating.row, rating.value, rating.liked), (7, 4, false));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rating {
    /// The galaxy's row in the table.
    pub row: usize,
    /// The rating, from 0 (of no interest) to 5.
    pub value: u8,
    /// Whether this is an example that the search was started with.
    pub liked: bool,
}

/// What a user did with a galaxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// The user rated it.
    Rated(Rating),
    /// The user skipped the galaxy in this row.
    Skipped(usize),
}

impl Act {
    /// The galaxy's row in the table.
    pub fn row(self) -> usize {
        match self {
            Self::Rated(rating) => rating.row,
            Self::Skipped(row) => row,
        }
    }
}

/// One user's acts, and notes by the galaxies' rows.
#[derive(Debug, Clone, Default)]
struct Person {
    acts: Vec<Act>,
    notes: BTreeMap<usize, String>,
}

/// The acts and notes of all users on one table.
#[derive(Debug, Clone, Default)]
pub struct Ratings {
    people: BTreeMap<String, Person>,
}

impl Ratings {
    /// Adds a journal line about the galaxy in this row. Returns whether the ratings in effect may have
    /// changed.
    pub fn take(&mut self, line: &Line, row: usize) -> bool {
        let person = self.people.entry(line.user.clone()).or_default();
        if let Some(note) = &line.note {
            match note.trim() {
                "" => person.notes.remove(&row),
                text => person.notes.insert(row, text.to_owned()),
            };
        }
        if let Some(value) = line.rating {
            person.acts.push(Act::Rated(Rating { row, value, liked: line.liked }));
            return true;
        }
        if line.skip {
            let rated =
                person.acts.iter().any(|act| matches!(act, Act::Rated(it) if it.row == row));
            person.acts.push(Act::Skipped(row));
            return rated;
        }
        // Taking back a skip may bring an earlier rating back into effect.
        line.undo && person.acts.pop().is_some()
    }

    /// The users who rated galaxies.
    pub fn people(&self) -> Vec<&str> {
        let rated = |person: &Person| person.acts.iter().any(|act| matches!(act, Act::Rated(_)));
        let people = self.people.iter().filter(|(_, person)| rated(person));
        people.map(|(user, _)| user.as_str()).collect()
    }

    /// All acts of a user that were not taken back.
    pub fn history(&self, user: &str) -> &[Act] {
        self.people.get(user).map_or(&[], |person| person.acts.as_slice())
    }

    /// The ratings in effect, in the order in which the galaxies were first rated or skipped: the last
    /// rating of each galaxy, unless the user skipped the galaxy afterwards.
    pub fn current(&self, user: &str) -> Vec<Rating> {
        let rated = |act: Act| match act {
            Act::Rated(rating) => Some(rating),
            Act::Skipped(_) => None,
        };
        self.last(user).into_iter().filter_map(rated).collect()
    }

    /// The rows of the galaxies that were skipped and not rated since.
    pub fn skipped(&self, user: &str) -> Vec<usize> {
        let skipped = |act: Act| match act {
            Act::Rated(_) => None,
            Act::Skipped(row) => Some(row),
        };
        self.last(user).into_iter().filter_map(skipped).collect()
    }

    /// The last act on each galaxy.
    fn last(&self, user: &str) -> Vec<Act> {
        let mut places: HashMap<usize, usize> = HashMap::new();
        let mut last: Vec<Act> = Vec::new();
        for act in self.history(user) {
            let place = *places.entry(act.row()).or_insert(last.len());
            match last.get_mut(place) {
                Some(known) => *known = *act,
                None => last.push(*act),
            }
        }
        last
    }

    /// A user's notes, by the galaxies' rows.
    pub fn notes(&self, user: &str) -> BTreeMap<usize, String> {
        self.people.get(user).map(|person| person.notes.clone()).unwrap_or_default()
    }
}
