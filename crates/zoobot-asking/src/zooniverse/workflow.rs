//! The tasks of a workflow that asks the questions of a schema.

use super::mapping::{question_words, words};
use zoobot_data::schema::{Answer, Question, Schema};

/// The text that says how to set up the workflow in the project's Lab.
pub fn workflow_text(schema: &Schema) -> String {
    let mut text = format!(
        "The workflow for the schema {}: {} question tasks.\n\n\
         In the project's Lab, create a workflow with these tasks, each with one answer allowed, and choose for each\n\
         answer the task that follows. Keep the texts: the export is then read without further settings,\n\
         or with the file mapping.json beside this one.\n",
        schema.name(),
        schema.questions().len()
    );
    for (place, question) in schema.questions().iter().enumerate() {
        let first = if place == 0 { "   (the first task)" } else { "" };
        text.push_str(&format!("\n{}. {}?{first}\n", place + 1, question_words(schema, question)));
        let width = question.answers().iter().map(|it| words(it.name()).chars().count()).max();
        for answer in question.answers() {
            let name = words(answer.name());
            let next = match next(schema, question, answer) {
                Some(next) => format!(
                    "{}. {}?",
                    schema.position(next.name()).map_or(0, |it| it + 1),
                    question_words(schema, next)
                ),
                None => "the end".to_owned(),
            };
            text.push_str(&format!(
                "   - {name:width$}  ->  {next}\n",
                width = width.unwrap_or_default()
            ));
        }
    }
    text
}

/// The question that follows an answer; `None` at the end.
fn next<'a>(schema: &'a Schema, question: &'a Question, answer: &Answer) -> Option<&'a Question> {
    schema.leads_to(answer).next().or_else(|| after(schema, question))
}

/// The question that follows when a question and all that depends on its answers are answered: the next one that
/// depends on the same answer, else what follows the question of this answer.
fn after<'a>(schema: &'a Schema, question: &'a Question) -> Option<&'a Question> {
    let place = schema.questions().iter().position(|it| it.name() == question.name())?;
    let same = |it: &&Question| it.depends_on() == question.depends_on();
    let next = schema.questions()[place + 1..].iter().find(same);
    next.or_else(|| after(schema, schema.asked_after(question)?.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_follows_where_the_schema_asks_it() {
        let schema = Schema::named("decals_dr5").unwrap();
        // What a volunteer is asked who always gives an answer of this place, or the last.
        let path = |place: usize| {
            let mut asked = Vec::new();
            let mut now = schema.questions().first();
            while let Some(question) = now {
                asked.push(question.name());
                let answers = question.answers();
                now = next(&schema, question, &answers[place.min(answers.len() - 1)]);
            }
            asked
        };
        assert_eq!(path(0), ["smooth-or-featured-dr5", "how-rounded-dr5", "merging-dr5"]);
        assert_eq!(
            path(1),
            [
                "smooth-or-featured-dr5",
                "disk-edge-on-dr5",
                "has-spiral-arms-dr5",
                "bar-dr5",
                "bulge-size-dr5",
                "merging-dr5"
            ]
        );
        assert_eq!(path(2), ["smooth-or-featured-dr5", "merging-dr5"]);
        let yes = schema.answer("has-spiral-arms-dr5_yes").unwrap();
        let spiral = schema.question("has-spiral-arms-dr5").unwrap();
        assert_eq!(next(&schema, spiral, yes).unwrap().name(), "spiral-winding-dr5");
        let text = workflow_text(&schema);
        assert!(
            text.contains("1. Smooth or featured?   (the first task)")
                && text.contains("->  the end"),
            "{text}"
        );
        // Every schema's workflow ends, whatever is answered.
        for name in Schema::names() {
            let schema = Schema::named(&name).unwrap();
            assert!(workflow_text(&schema).contains("the end"), "{name}");
        }
    }
}
