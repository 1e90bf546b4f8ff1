//! Rating in a notebook, without a browser page: pictures below the cell and a line to type in.

use super::proposal::Proposal;
use super::search::AnomalySearch;
use zoobot_base::error::{Error, Result};
use zoobot_show::notebook::{Bundle, Live, Show, input};

/// The meaning of a typed line.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Ratings(Vec<u8>),
    Undo,
    Stop,
}

impl AnomalySearch {
    /// Shows one batch after another and asks for its ratings: a digit from 0 to 5 for each galaxy,
    /// in the order in which they are shown, such as `0 0 5 3` or `0053`; galaxies without a digit
    /// are shown again. `u` takes back the last rating, an empty line ends the rating. Returns the number
    /// of ratings.
    ///
    /// # Errors
    /// As [`next`](Self::next) and [`rate`](Self::rate); also outside a notebook, and if the front end
    /// does not accept input. Earlier ratings are kept.
    pub fn rate_here(&mut self) -> Result<usize> {
        let live = Live::new();
        self.rate_by(|proposal, note| {
            live.show(&proposal.show().above(&text(note)));
            input("Ratings from 0 to 5, in this order (u: undo, empty: stop) ")
        })
    }

    fn rate_by(&mut self, mut ask: impl FnMut(&Proposal, &str) -> Result<String>) -> Result<usize> {
        let mut note = String::new();
        loop {
            let proposal = self.next()?;
            if proposal.ids().is_empty() {
                return Ok(self.ratings().len());
            }
            match answer(&ask(&proposal, &note)?, proposal.ids().len()) {
                Ok(Answer::Stop) => return Ok(self.ratings().len()),
                Ok(Answer::Undo) => {
                    note = match self.undo()? {
                        Some(id) => format!("The rating of {id} is taken back."),
                        None => "There is no rating to take back.".to_owned(),
                    };
                }
                Ok(Answer::Ratings(ratings)) => {
                    for (id, rating) in proposal.ids().iter().zip(&ratings) {
                        self.rate(id, rating)?;
                    }
                    note = format!("{} galaxies are rated.", self.ratings().len());
                }
                Err(error) => note = format!("Nothing is rated: {error}."),
            }
        }
    }
}

fn answer(typed: &str, galaxies: usize) -> Result<Answer> {
    match typed.trim() {
        "" => return Ok(Answer::Stop),
        "u" => return Ok(Answer::Undo),
        _ => {}
    }
    let digits = typed.chars().filter(|c| !c.is_whitespace() && *c != ',');
    let ratings: Option<Vec<u8>> = digits
        .map(|c| c.to_digit(10).and_then(|digit| u8::try_from(digit).ok()).filter(|it| *it <= 5))
        .collect();
    match ratings {
        Some(ratings) if ratings.len() <= galaxies => Ok(Answer::Ratings(ratings)),
        Some(ratings) => {
            let problem = format!("the line has {} digits for {galaxies} galaxies", ratings.len());
            Err(Error::unsuitable(problem, "Type at most one digit for each"))
        }
        None => Err(Error::unsuitable(
            format!("{typed:?} is not a line of ratings"),
            "Type digits from 0 to 5, or u",
        )),
    }
}

fn text(note: &str) -> Bundle {
    let html = format!("<div>{}</div>", zoobot_show::notebook::text::escape(note));
    Bundle::plain(note).with("text/html", html)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use zoobot_representation::space::Space;

    #[test]
    fn lines_of_digits_rate_and_wrong_ones_rate_nothing() {
        let features = Array2::from_shape_fn((30, 2), |(row, column)| (row * (column + 1)) as f32);
        let ids = (0..30).map(|row| format!("G{row}")).collect();
        let mut search = AnomalySearch::new(&Space::new(ids, features).unwrap());
        let mut lines = ["0 0 5,3", "u", "06", "x", "00000000000", "0000000", "5", ""].into_iter();
        let mut notes = Vec::new();
        let mut shown = Vec::new();
        let rated = search.rate_by(|proposal, note| {
            notes.push(note.to_owned());
            shown.push(proposal.ids().len());
            Ok(lines.next().unwrap().to_owned())
        });
        assert_eq!(rated.unwrap(), 11);
        assert_eq!(shown, [10, 6, 7, 7, 7, 7, 10, 9]);
        assert!(notes[1].contains("4 galaxies") && notes[2].contains("taken back"), "{notes:?}");
        assert!(notes[3].contains("\"06\"") && notes[5].contains("for 7 galaxies"), "{notes:?}");
        assert_eq!(search.ratings().iter().filter(|it| it.value == 5).count(), 2);
        let error = search.rate_here().unwrap_err().to_string();
        assert!(error.contains("notebook"), "{error}");
    }

    #[test]
    fn when_all_are_rated_nothing_is_asked() {
        let ids = vec!["a".to_owned(), "b".to_owned()];
        let space = Space::new(ids, Array2::zeros((2, 1))).unwrap();
        let mut search = AnomalySearch::new(&space);
        let mut asked = 0;
        let rated = search.rate_by(|_, _| {
            asked += 1;
            Ok("13".to_owned())
        });
        assert_eq!((rated.unwrap(), asked), (2, 1));
    }
}
