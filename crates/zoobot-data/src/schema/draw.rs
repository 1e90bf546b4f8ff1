//! Draws a schema as a tree.

use super::{Question, Schema};
use zoobot_show::figure::{Branch, Figure, tree};

impl Schema {
    /// The tree drawn from left to right: a box for each question with its answers, and a line from
    /// an answer to each question that is asked after it.
    ///
    /// # If it cannot be drawn
    /// [`Error::Unsuitable`](zoobot_base::Error::Unsuitable) when the figure would be too large.
    pub fn figure(&self) -> Figure {
        let roots: Vec<Branch> = self.first_questions().map(|it| self.branch(it)).collect();
        tree(&self.summary(), &roots)
    }

    fn branch(&self, question: &Question) -> Branch {
        let row = |answer: &super::Answer| {
            (answer.name.clone(), self.leads_to(answer).map(|it| self.branch(it)).collect())
        };
        Branch { title: question.name.clone(), rows: question.answers.iter().map(row).collect() }
    }
}
