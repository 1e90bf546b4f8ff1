//! Which task of a workflow is which question of a schema.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::path::Path;
use zoobot_base::error::{Error, Result};
use zoobot_data::schema::{Question, Schema};

/// Which tasks of a Zooniverse workflow are which questions of a [`Schema`].
///
/// In JSON, a task is named by its key in the workflow (`T0`) or by its question as volunteers read it. `null`
/// says that a task or an answer is to be ignored. Answers may be left out if their labels are the schema's
/// names. If an export has the place of an answer in place of its label, the first answer listed is number 0.
///
/// ```
/// use zoobot_core::asking::TaskMapping;
/// use zoobot_core::schema::Schema;
/// let mapping = TaskMapping::from_json(
///     r#"{"tasks": {
///         "T0": {"question": "ring", "answers": {"Yes, a ring": "yes", "No": "no", "I don't know": null}},
///         "T1": null
///     }}"#,
/// )?;
/// mapping.check(&Schema::named("gz_rings")?)?;
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskMapping {
    pub(super) tasks: Map<String, Value>,
}

/// The question of a task, and the schema's name for each label.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub question: String,
    #[serde(default)]
    pub answers: Map<String, Value>,
}

impl TaskMapping {
    /// Parses a mapping from JSON, as shown at [`TaskMapping`].
    ///
    /// # Errors
    /// [`Error::Json`] for other JSON.
    pub fn from_json(text: &str) -> Result<Self> {
        let mapping: Self = serde_json::from_str(text)?;
        mapping.rules().try_for_each(|it| it.map(drop))?;
        Ok(mapping)
    }

    /// Reads a mapping from a JSON file.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read; [`Error::Catalog`], with the file's name, for other JSON.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
        Self::from_json(&text).map_err(|error| Error::Catalog {
            path: path.to_path_buf(),
            problem: error.to_string(),
            hint: "A mapping is {\"tasks\": {\"T0\": {\"question\": \"NAME\", \"answers\": {\"Label\": \
                   \"name\"}}}}"
                .to_owned(),
        })
    }

    /// The mapping of a workflow whose tasks are those that [`SubjectSet`](super::SubjectSet) writes for a
    /// schema: their texts are the questions in plain words, such as `Smooth or featured?`.
    pub fn of(schema: &Schema) -> Self {
        let tasks = schema.questions().iter().map(|question| {
            let answers = question.answers().iter();
            let answers = answers.map(|it| (words(it.name()), json!(it.name())));
            let answers: Map<String, Value> = answers.collect();
            let task = question_words(schema, question) + "?";
            (task, json!({ "question": question.name(), "answers": answers }))
        });
        Self { tasks: tasks.collect() }
    }

    /// The mapping as JSON.
    pub fn to_json(&self) -> String {
        // A map of plain values always serialises to JSON.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Checks that a schema has all questions and answers of the mapping.
    ///
    /// # Errors
    /// [`Error::Missing`] for the first one that it lacks, with a similar name.
    pub fn check(&self, schema: &Schema) -> Result<()> {
        for rule in self.rules() {
            let (task, rule) = rule?;
            let Some(rule) = rule else { continue };
            let question = schema.question(&rule.question)?;
            for name in rule.answers.values().filter_map(Value::as_str) {
                if answer_named(question, name).is_none() {
                    let place = format!("the question {:?} (task {task:?})", question.name());
                    let names = question.answers().iter().map(|it| it.name());
                    return Err(Error::missing("answer", name, place, names));
                }
            }
        }
        Ok(())
    }

    /// The tasks, each with its rule; `None` for a task to ignore.
    pub(super) fn rules(&self) -> impl Iterator<Item = Result<(&str, Option<Rule>)>> {
        self.tasks.iter().map(|(task, rule)| {
            let rule: Option<Rule> = serde_json::from_value(rule.clone())?;
            let texts = rule.iter().flat_map(|it| it.answers.values());
            if let Some(other) = texts.into_iter().find(|it| !it.is_string() && !it.is_null()) {
                let problem = format!("an answer of the task {task:?} is {other}");
                return Err(Error::unsuitable(
                    problem,
                    "Give the answer's name in the schema, or null",
                ));
            }
            Ok((task.as_str(), rule))
        })
    }

    /// The rule of a task; `Some(None)` for a task to ignore, `None` for one that is not listed.
    pub(super) fn rule(&self, key: &str, label: &str) -> Result<Option<Option<Rule>>> {
        let same = |name: &str| name == key || plain(name) == plain(label);
        for rule in self.rules() {
            let (name, rule) = rule?;
            if same(name) {
                return Ok(Some(rule));
            }
        }
        Ok(None)
    }
}

/// The text of a task that asks a question: its name in plain words, without the campaign's ending if all questions
/// stay different.
pub(super) fn question_words(schema: &Schema, question: &Question) -> String {
    let short = without_campaign(question.name());
    let others = schema.questions().iter().filter(|it| without_campaign(it.name()) == short);
    words(if others.count() == 1 { short } else { question.name() })
}

/// The index in the whole schema of an answer of a question.
pub(super) fn answer_named(question: &Question, name: &str) -> Option<usize> {
    let mut answers = question.answers().iter();
    answers.find(|it| it.name() == name || it.column() == name).map(|it| it.index())
}

/// A name in plain words: `smooth-or-featured` becomes `Smooth or featured`.
pub(crate) fn words(name: &str) -> String {
    let text = name.replace(['-', '_'], " ");
    let mut letters = text.chars();
    letters.next().map(|it| it.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A label without pictures, links, emphasis and punctuation, in lower case, with `-` between words:
/// `![icon](https://...) **Features** or disk` becomes `features-or-disk`.
pub(super) fn plain(label: &str) -> String {
    let mut rest = label;
    let mut text = String::new();
    while let Some(start) = rest.find('[') {
        let picture = rest[..start].ends_with('!');
        text.push_str(rest[..start].trim_end_matches('!'));
        let inside = &rest[start + 1..];
        let Some((name, after)) = inside.split_once(']') else {
            rest = inside;
            continue;
        };
        if !picture {
            text.push_str(name);
        }
        rest = match after.strip_prefix('(').and_then(|it| it.split_once(')')) {
            Some((_, after)) => after,
            None => after,
        };
    }
    text.push_str(rest);
    let parts = text.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty());
    parts.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

/// The name of a question without the ending that names its campaign, such as `-dr5`: the last part, if it holds
/// a digit.
pub(crate) fn without_campaign(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((front, last)) if last.chars().any(|it| it.is_ascii_digit()) && last.len() > 1 => {
            front
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_compared_without_pictures_links_and_punctuation() {
        for (label, expected) in [
            ("Features or Disk", "features-or-disk"),
            ("![icon](https://x.org/a.png =40x) **Smooth**", "smooth"),
            ("A [ring](https://x.org)?", "a-ring"),
            ("more-than-4", "more-than-4"),
            ("[open", "open"),
            ("", ""),
        ] {
            assert_eq!(plain(label), expected, "{label}");
        }
        assert_eq!(without_campaign("bar-dr5"), "bar");
        assert_eq!(without_campaign("smooth-or-featured"), "smooth-or-featured");
        assert_eq!(words("cigar-shaped"), "Cigar shaped");
    }

    #[test]
    fn the_mapping_of_a_schema_fits_it_and_wrong_names_are_told() {
        for name in Schema::names() {
            let schema = Schema::named(&name).unwrap();
            let mapping = TaskMapping::of(&schema);
            mapping.check(&schema).unwrap();
            assert_eq!(TaskMapping::from_json(&mapping.to_json()).unwrap(), mapping);
        }
        let rings = Schema::named("gz_rings").unwrap();
        let refused = |text: &str| {
            let mapping = TaskMapping::from_json(text);
            mapping.and_then(|it| it.check(&rings)).unwrap_err().to_string()
        };
        let message = refused(r#"{"tasks": {"T0": {"question": "rign"}}}"#);
        assert!(message.contains("Did you mean \"ring\"?"), "{message}");
        let message =
            refused(r#"{"tasks": {"T0": {"question": "ring", "answers": {"a": "yess"}}}}"#);
        assert!(message.contains("yess") && message.contains("T0"), "{message}");
        assert!(
            refused(r#"{"tasks": {"T0": {"question": "ring", "answers": {"a": 1}}}}"#)
                .contains("T0")
        );
        assert!(refused(r#"{"tasks": {"T0": {}}}"#).contains("question"));
        assert!(refused("[]").contains("invalid"));
    }
}
