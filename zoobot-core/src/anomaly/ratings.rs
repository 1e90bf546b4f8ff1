//! Who rated what: the ratings of every person, in order, each of which can be taken back.

use super::journal::Line;
use std::collections::{BTreeMap, HashMap};

/// A rating that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rating {
    /// The galaxy's place in the table.
    pub row: usize,
    /// 0 (of no interest) to 5.
    pub value: u8,
    /// An example that the search was begun with.
    pub liked: bool,
}

/// The ratings of all people on one table.
#[derive(Debug, Clone, Default)]
pub struct Ratings {
    people: BTreeMap<String, Vec<Rating>>,
}

impl Ratings {
    /// Takes in a line of a journal, of a galaxy in this place.
    pub fn take(&mut self, line: &Line, row: usize) {
        let ratings = self.people.entry(line.user.clone()).or_default();
        match line.rating {
            Some(value) => ratings.push(Rating { row, value, liked: line.liked }),
            None => drop(ratings.pop()),
        }
    }

    /// The people who rated.
    pub fn people(&self) -> Vec<&str> {
        let rated = self.people.iter().filter(|(_, ratings)| !ratings.is_empty());
        rated.map(|(user, _)| user.as_str()).collect()
    }

    /// Everything that a person did, but for what was taken back.
    pub fn history(&self, user: &str) -> &[Rating] {
        self.people.get(user).map_or(&[], Vec::as_slice)
    }

    /// The ratings that count, in the order of the galaxies' first ones: of several of one galaxy
    /// the last.
    pub fn current(&self, user: &str) -> Vec<Rating> {
        let mut places: HashMap<usize, usize> = HashMap::new();
        let mut current: Vec<Rating> = Vec::new();
        for rating in self.history(user) {
            let place = *places.entry(rating.row).or_insert(current.len());
            match current.get_mut(place) {
                Some(known) => *known = *rating,
                None => current.push(*rating),
            }
        }
        current
    }
}
