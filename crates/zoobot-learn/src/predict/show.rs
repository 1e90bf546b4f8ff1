//! How a posterior is displayed: its friendly table or, for a single galaxy, every answer with its interval.

use super::posterior::Posterior;
use polars::prelude::df;
use zoobot_base::error::Result;
use zoobot_show::notebook::{Bundle, Show, Table};

impl Posterior {
    /// The posterior of one galaxy.
    ///
    /// # Errors
    /// [`Error::Missing`] for another name, with the nearest one.
    pub fn galaxy(&self, id: &str) -> Result<Self> {
        self.select(&[id])
    }

    /// A table of every answer for the first galaxy: the probability that the question is asked, the expected
    /// fraction, and the bounds of its 90 % interval.
    fn answers(&self) -> Result<Table> {
        let (fractions, asked, ends) = (self.fractions(), self.asked(), self.intervals(0.9)?);
        let questions = self.schema().questions();
        let each = || {
            let places = questions.iter().enumerate();
            places.flat_map(|(place, it)| it.answers().iter().map(move |answer| (place, answer)))
        };
        let numbers = |values: &ndarray::Array2<f64>| -> Vec<f64> {
            each().map(|(_, answer)| values[[0, answer.index()]]).collect()
        };
        let table = df!(
            "question" => each().map(|(place, _)| questions[place].name()).collect::<Vec<_>>(),
            "asked" => each().map(|(place, _)| asked[[0, place]]).collect::<Vec<_>>(),
            "answer" => each().map(|(_, answer)| answer.name()).collect::<Vec<_>>(),
            "fraction" => numbers(&fractions),
            "90pc-lower" => numbers(&ends.lower),
            "90pc-upper" => numbers(&ends.upper),
        )?;
        Ok(Table::new(table).whole())
    }
}

impl Show for Posterior {
    fn show(&self) -> Bundle {
        let members = match self.members() {
            1 => String::new(),
            n => format!(", {n} members"),
        };
        let table = match self.ids() {
            [id] => self.answers().map(|table| table.title(format!("{id}{members}"))),
            ids => {
                let title = format!("{} galaxies{members}; null: unlikely to be asked", ids.len());
                Ok(Table::new(self.friendly()).title(title))
            }
        };
        match self.failed().is_empty() {
            true => table.show(),
            false => table.show().above(&self.failed().show()),
        }
    }
}
