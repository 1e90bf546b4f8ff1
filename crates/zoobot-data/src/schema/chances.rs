//! The probabilities that a question is asked and that an answer is given.

use super::Schema;
use ndarray::{Array2, ArrayView2, Zip};
use zoobot_base::error::{Error, Result};

impl Schema {
    /// The probability that a volunteer is asked each question: the product of the fractions of the answers
    /// that lead to it; 1 for a question that everyone is asked.
    ///
    /// `fractions` are observed or expected vote fractions, summing to 1 over each question. Average the
    /// fractions of several passes or ensemble members first, as `zoobot` does.
    ///
    /// # Shapes
    /// From `[galaxies, answers]` to `[galaxies, questions]`.
    ///
    /// # Errors
    /// [`Error::Shape`] when `fractions` does not have one column for each answer.
    pub fn asked(&self, fractions: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        self.check_width("fractions", fractions.ncols())?;
        Ok(self.chances(fractions))
    }

    /// Like [`asked`](Self::asked), for fractions known to have a column for each answer.
    #[doc(hidden)]
    pub fn chances(&self, fractions: ArrayView2<'_, f64>) -> Array2<f64> {
        let mut asked = Array2::<f64>::ones((fractions.nrows(), self.questions.len()));
        for &place in &self.order {
            let Some(parent) = self.questions[place].parent else { continue };
            let (before, mut this) =
                asked.multi_slice_mut((ndarray::s![.., parent.question], ndarray::s![.., place]));
            Zip::from(&mut this)
                .and(&before)
                .and(fractions.column(parent.answer))
                .for_each(|this, before, fraction| *this = before * fraction);
        }
        asked
    }

    /// The probability that a volunteer is asked the question and gives the answer: the fraction times
    /// [`asked`](Self::asked).
    ///
    /// # Shapes
    /// From `[galaxies, answers]` to `[galaxies, answers]`.
    ///
    /// # Errors
    /// [`Error::Shape`] when `fractions` does not have one column for each answer.
    pub fn joint(&self, fractions: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let asked = self.asked(fractions)?;
        let mut joint = fractions.to_owned();
        for (place, question) in self.questions.iter().enumerate() {
            for answer in question.range() {
                Zip::from(joint.column_mut(answer))
                    .and(asked.column(place))
                    .for_each(|joint, asked| *joint *= asked);
            }
        }
        Ok(joint)
    }

    /// The sum over the answers of each question.
    ///
    /// # Shapes
    /// From `[galaxies, answers]` to `[galaxies, questions]`.
    #[doc(hidden)]
    pub fn sums(&self, values: ArrayView2<'_, f64>) -> Array2<f64> {
        let mut sums = Array2::zeros((values.nrows(), self.questions.len()));
        for (place, question) in self.questions.iter().enumerate() {
            for answer in question.range() {
                let mut sum = sums.column_mut(place);
                sum += &values.column(answer);
            }
        }
        sums
    }

    /// The share of each answer in the sum over the answers of its question; NaN where the sum is 0.
    ///
    /// # Shapes
    /// `[galaxies, answers]`, as the result.
    pub(crate) fn shares(&self, mut values: Array2<f64>) -> Array2<f64> {
        let totals = self.sums(values.view());
        for (place, question) in self.questions.iter().enumerate() {
            for answer in question.range() {
                let mut column = values.column_mut(answer);
                column /= &totals.column(place);
            }
        }
        values
    }

    /// Refuses a table without a column for each answer.
    #[doc(hidden)]
    pub fn check_width(&self, name: &'static str, columns: usize) -> Result<()> {
        if columns == self.width() {
            return Ok(());
        }
        let (schema, answers) = (&self.name, self.width());
        let problem =
            format!("the {name} have {columns} columns, but {schema} has {answers} answers");
        Err(Error::shape(problem, "Give one column for each answer"))
    }
}
