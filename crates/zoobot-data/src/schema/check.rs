//! Checks a schema read from JSON.

use super::written::{Written, WrittenQuestion};
use super::{Answer, Parent, Question, Schema};
use std::collections::HashMap;
use zoobot_base::error::Error;
use zoobot_base::spelling::near;

impl TryFrom<Written> for Schema {
    type Error = Error;

    fn try_from(written: Written) -> Result<Self, Error> {
        let wrong = |problem: String, hint: String| Error::Schema {
            name: written.name.clone(),
            problem,
            hint,
        };
        if written.questions.is_empty() {
            return Err(wrong("it has no question".into(), "Give it at least one".into()));
        }
        let mut questions: Vec<Question> = Vec::with_capacity(written.questions.len());
        let mut owners: HashMap<String, Parent> = HashMap::new();
        for (place, question) in written.questions.iter().enumerate() {
            check_names(question).map_err(|(problem, hint)| wrong(problem, hint))?;
            if questions.iter().any(|it| it.name == question.question) {
                let problem = format!("two questions are called {:?}", question.question);
                let hint = "Add the campaign to the name, as in bar-dr5".to_owned();
                return Err(wrong(problem, hint));
            }
            let mut answers = Vec::with_capacity(question.answers.len());
            for name in &question.answers {
                let column = format!("{}_{name}", question.question);
                let index = owners.len();
                if owners
                    .insert(column.clone(), Parent { question: place, answer: index })
                    .is_some()
                {
                    let problem = format!("two answers have the column name {column:?}");
                    return Err(wrong(problem, "Rename one of them".into()));
                }
                answers.push(Answer { name: name.clone(), column, index });
            }
            questions.push(Question {
                name: question.question.clone(),
                answers,
                depends_on: question.depends_on.clone(),
                parent: None,
            });
        }
        for question in &mut questions {
            let Some(column) = &question.depends_on else { continue };
            let Some(parent) = owners.get(column) else {
                let columns = written.questions.iter().flat_map(|it| {
                    it.answers.iter().map(move |answer| format!("{}_{answer}", it.question))
                });
                let columns: Vec<String> = columns.collect();
                let problem = format!(
                    "{:?} depends on {column:?}, which is not an answer of the schema",
                    question.name
                );
                return Err(wrong(problem, near(column, columns.iter().map(String::as_str))));
            };
            question.parent = Some(*parent);
        }
        let order = order(&questions).map_err(|circle| {
            wrong(
                format!("questions depend on each other in a cycle: {}", circle.join(" → ")),
                "Remove depends_on from the first of them".into(),
            )
        })?;
        Ok(Self { name: written.name, questions, order })
    }
}

/// A problem and its hint.
type Problem = (String, String);

fn check_names(question: &WrittenQuestion) -> Result<(), Problem> {
    let name = &question.question;
    if name.trim().is_empty() || question.answers.iter().any(|answer| answer.trim().is_empty()) {
        let problem = format!("the question {name:?} or one of its answers has no name");
        return Err((problem, "Give it one: names become the columns of the vote table".into()));
    }
    if question.answers.len() < 2 {
        let problem = match question.answers.first() {
            None => format!("{name:?} has no answers"),
            Some(only) => format!("{name:?} has one answer, {only:?}"),
        };
        return Err((problem, "Give the question at least two answers".into()));
    }
    for (i, answer) in question.answers.iter().enumerate() {
        if question.answers[..i].contains(answer) {
            let problem = format!("{name:?} has the answer {answer:?} twice");
            return Err((problem, "Name each answer once".into()));
        }
    }
    Ok(())
}

/// The questions in topological order, each after the one it depends on, or the names in a cycle.
fn order(questions: &[Question]) -> Result<Vec<usize>, Vec<String>> {
    let parent = |place: usize| questions[place].parent.map(|parent| parent.question);
    let depth = |start: usize| {
        let above = std::iter::successors(Some(start), |place| parent(*place));
        above.take(questions.len() + 1).count()
    };
    let depths: Vec<usize> = (0..questions.len()).map(depth).collect();
    if let Some(lost) = depths.iter().position(|depth| *depth > questions.len()) {
        // After as many steps as there are questions, the walk is inside the cycle.
        let inside = (0..questions.len()).fold(lost, |place, _| parent(place).unwrap_or(place));
        let mut circle = vec![inside];
        while let Some(next) = parent(circle[circle.len() - 1]) {
            circle.push(next);
            if next == inside {
                break;
            }
        }
        circle.reverse();
        return Err(circle.into_iter().map(|place| questions[place].name.clone()).collect());
    }
    let mut order: Vec<usize> = (0..questions.len()).collect();
    order.sort_by_key(|place| depths[*place]);
    Ok(order)
}

impl From<Schema> for Written {
    fn from(schema: Schema) -> Self {
        let question = |question: Question| WrittenQuestion {
            question: question.name,
            answers: question.answers.into_iter().map(|answer| answer.name).collect(),
            depends_on: question.depends_on,
        };
        Self { name: schema.name, questions: schema.questions.into_iter().map(question).collect() }
    }
}
