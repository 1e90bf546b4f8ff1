//! A schema as a drawn tree.

use super::{Question, Schema};
use zoobot_show::figure::{Branch, Figure, tree};

impl Schema {
    /// The tree drawn from left to right: a box for each question with its answers, and a line from
    /// an answer to each question that is asked after it.
    ///
    /// # Problems shown in its place
    /// [`Error::Unsuitable`](zoobot_base::Error::Unsuitable) when it would be larger than a figure can be.
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
