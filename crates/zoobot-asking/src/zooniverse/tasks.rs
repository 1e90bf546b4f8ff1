//! The tasks and answers that an export contains, and what they mean in a schema.

use super::cells::{Entry, Value};
use super::mapping::{Rule, TaskMapping, answer_named, plain, without_campaign};
use std::borrow::Cow;
use std::collections::HashMap;
use zoobot_base::error::{Error, Result};
use zoobot_base::spelling::near;
use zoobot_data::schema::{Question, Schema};
use zoobot_show::notebook::text::{cut, thousands};

/// The maximum number of different answers of a task. A task with more is no question with choices: volunteers
/// write texts.
const CHOICES: usize = 256;
/// The maximum number of tasks, each with its question. Only a file that is no export has more.
const TASKS: usize = 4096;
/// The maximum depth of tasks within tasks.
const DEPTH: usize = 8;
/// What a suggested mapping has in place of a name that is not known.
const UNKNOWN: &str = "?";
/// The maximum number of characters of a label in a message.
const LONG: usize = 60;

/// A task as it is in the export.
#[derive(Debug)]
pub struct Task {
    /// Its key in the workflow, such as `T0`.
    pub key: String,
    /// The question as volunteers read it.
    pub label: String,
    texts: HashMap<Box<str>, u32>,
    indices: HashMap<u64, u32>,
    /// Whether volunteers write texts.
    open: bool,
}

/// An answer as it is in the export.
#[derive(Debug)]
pub struct Choice {
    pub task: usize,
    pub text: String,
    /// The place of the answer, if the export has it in place of the label.
    index: Option<u64>,
    /// How often it was given.
    pub given: u64,
}

/// All tasks and answers.
#[derive(Debug, Default)]
pub struct Tasks {
    pub tasks: Vec<Task>,
    pub choices: Vec<Choice>,
    places: HashMap<Box<str>, HashMap<Box<str>, u32>>,
    /// The number of questions that volunteers skipped.
    pub skipped: u64,
    /// Whether the classification that is being read has a text of its own.
    wrote: bool,
}

/// An answer in a classification, and whether others were given with it to the same task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picked {
    pub choice: u32,
    /// Numbers the annotations of one classification: answers of a list have the same number.
    pub annotation: u32,
}

impl Tasks {
    /// Adds the answers of a classification to `picked`. Returns whether it says anything: also texts that are no choices.
    pub fn read(&mut self, annotations: Value, picked: &mut Vec<Picked>) -> bool {
        let (mut number, first) = (0, picked.len());
        self.wrote = false;
        self.list(annotations, picked, &mut number, 0);
        self.wrote || picked.len() > first
    }

    fn list(&mut self, list: Value, picked: &mut Vec<Picked>, number: &mut u32, depth: usize) {
        let Value::List(list) = list else { return };
        for each in list {
            if let Value::Entry(entry) = each {
                self.annotation(*entry, picked, number, depth);
            }
        }
    }

    fn annotation(&mut self, it: Entry, picked: &mut Vec<Picked>, number: &mut u32, depth: usize) {
        let is_task = |it: &Value| matches!(it, Value::Entry(entry) if entry.task.is_some());
        let Some(key) = it.task else { return };
        match it.value {
            // A task of several tasks.
            Some(Value::List(parts)) if parts.iter().any(is_task) => {
                if depth < DEPTH {
                    self.list(Value::List(parts), picked, number, depth + 1);
                }
            }
            None | Some(Value::Null) => self.skipped += 1,
            Some(Value::List(parts)) if parts.is_empty() => self.skipped += 1,
            Some(value) => {
                let label = it.task_label.unwrap_or_default();
                let Some(task) = self.task(&key, &label) else { return };
                *number += 1;
                let parts = match value {
                    Value::List(parts) => parts,
                    one => vec![one],
                };
                for choice in parts.into_iter().filter_map(|it| self.choice(task, it)) {
                    picked.push(Picked { choice, annotation: *number });
                }
            }
        }
    }

    fn task(&mut self, key: &str, label: &str) -> Option<usize> {
        if let Some(place) = self.places.get(key).and_then(|it| it.get(label)) {
            return Some(*place as usize);
        }
        let place = self.tasks.len();
        if place == TASKS {
            return None;
        }
        self.places.entry(key.into()).or_default().insert(label.into(), place as u32);
        let (key, label) = (key.to_owned(), label.to_owned());
        let (texts, indices) = (HashMap::new(), HashMap::new());
        self.tasks.push(Task { key, label, texts, indices, open: false });
        Some(place)
    }

    fn choice(&mut self, place: usize, value: Value) -> Option<u32> {
        let task = self.tasks.get_mut(place)?;
        let (text, index) = match value {
            Value::Text(text) => (text, None),
            Value::Index(index) => (Cow::Owned(index.to_string()), Some(index)),
            Value::Entry(entry) => match (entry.label, entry.value) {
                (Some(label), _) => (label, None),
                (None, Some(Value::Text(text))) => (text, None),
                (None, Some(Value::Index(index))) => (Cow::Owned(index.to_string()), Some(index)),
                _ => return None,
            },
            _ => return None,
        };
        let known = match index {
            Some(index) => task.indices.get(&index),
            None => task.texts.get(&*text),
        };
        let choice = match known {
            Some(choice) => *choice,
            None if task.open || task.texts.len() + task.indices.len() == CHOICES => {
                task.open = true;
                self.wrote = true;
                return None;
            }
            None => {
                let choice = self.choices.len() as u32;
                match index {
                    Some(index) => task.indices.insert(index, choice),
                    None => task.texts.insert((&*text).into(), choice),
                };
                let text = text.into_owned();
                self.choices.push(Choice { task: place, text, index, given: 0 });
                choice
            }
        };
        self.choices[choice as usize].given += 1;
        Some(choice)
    }

    /// The answer of the schema that each choice means, and the question that each task asks.
    pub fn meaning(&self, schema: &Schema, mapping: Option<&TaskMapping>) -> Result<Meaning> {
        let mut meaning = match mapping {
            Some(mapping) => self.by_mapping(schema, mapping)?,
            None => self.by_names(schema),
        };
        let unknown: Vec<String> = meaning.unknown(self, schema);
        if !unknown.is_empty() {
            return Err(Error::unsuitable(
                format!(
                    "the export does not fit the schema {}: {}",
                    schema.name(),
                    unknown.join("; ")
                ),
                "Say which label is which answer in a mapping file (--mapping; --suggest-mapping writes \
                 one to complete), with null for what is to be ignored",
            ));
        }
        meaning.problems.clear();
        Ok(meaning)
    }

    /// What can be told about the tasks, without an error for what is not known.
    pub fn guess(&self, schema: &Schema) -> Meaning {
        self.by_names(schema)
    }

    fn by_mapping(&self, schema: &Schema, mapping: &TaskMapping) -> Result<Meaning> {
        mapping.check(schema)?;
        let mut meaning = Meaning::new(self);
        for (place, task) in self.tasks.iter().enumerate() {
            let Some(Some(rule)) = mapping.rule(&task.key, &task.label)? else { continue };
            let question = schema.question(&rule.question)?;
            meaning.questions[place] = Some(schema.position(&rule.question)?);
            self.answers(place, question, Some(&rule), &mut meaning);
        }
        if meaning.questions.iter().all(Option::is_none) && !self.tasks.is_empty() {
            meaning.problems.push(format!(
                "the mapping names none of its tasks ({})",
                self.tasks.iter().take(5).map(Task::named).collect::<Vec<_>>().join(", ")
            ));
        }
        Ok(meaning)
    }

    fn by_names(&self, schema: &Schema) -> Meaning {
        let mut meaning = Meaning::new(self);
        let mut taken = vec![false; schema.questions().len()];
        let asks = |question: &Question, task: &Task| {
            let names = [plain(question.name()), plain(without_campaign(question.name()))];
            names.contains(&plain(&task.label)) || names.contains(&plain(&task.key))
        };
        for (place, task) in self.tasks.iter().enumerate() {
            let found = schema.questions().iter().position(|it| asks(it, task));
            meaning.questions[place] = found;
            found.into_iter().for_each(|it| taken[it] = true);
        }
        // By their answers, if only one question has all of them.
        for place in 0..self.tasks.len() {
            let labels: Vec<String> = self
                .choices
                .iter()
                .filter(|it| it.task == place)
                .map(|it| plain(&it.text))
                .collect();
            if meaning.questions[place].is_some() || labels.len() < 2 {
                continue;
            }
            let has = |question: &Question| {
                let names: Vec<String> =
                    question.answers().iter().map(|it| plain(it.name())).collect();
                labels.iter().all(|it| names.contains(it))
            };
            let open = schema.questions().iter().enumerate();
            let fits: Vec<usize> =
                open.filter(|(it, question)| !taken[*it] && has(question)).map(|it| it.0).collect();
            if let [only] = fits[..] {
                meaning.questions[place] = Some(only);
            }
        }
        let asked: Vec<usize> = meaning.questions.iter().flatten().copied().collect();
        let open = schema.questions().iter().enumerate().filter(|(it, _)| !asked.contains(it));
        let open: Vec<&str> = open.map(|(_, it)| it.name()).collect();
        for (place, task) in self.tasks.iter().enumerate() {
            match meaning.questions[place] {
                Some(it) => self.answers(place, &schema.questions()[it], None, &mut meaning),
                // Other tasks may ask what the schema does not know.
                None if open.is_empty() || task.open || !task.has_answers() => {}
                None => {
                    let label = plain(&task.label);
                    let hint = near(&label, open.iter().copied());
                    meaning
                        .problems
                        .push(format!("no question for the task {}. {hint}", task.named()));
                }
            }
        }
        meaning
    }

    /// Finds the answers of a task.
    fn answers(
        &self,
        place: usize,
        question: &Question,
        rule: Option<&Rule>,
        meaning: &mut Meaning,
    ) {
        let choices = self.choices.iter().enumerate().filter(|(_, it)| it.task == place);
        for (number, choice) in choices {
            let listed =
                rule.filter(|it| !it.answers.is_empty()).and_then(|rule| match choice.index {
                    Some(index) => rule.answers.values().nth(usize::try_from(index).ok()?),
                    None => rule.answers.get(&choice.text).or_else(|| {
                        let mut all = rule.answers.iter();
                        all.find(|(label, _)| plain(label) == plain(&choice.text)).map(|it| it.1)
                    }),
                });
            let by_name = || {
                let mut answers = question.answers().iter();
                let found = match choice.index {
                    Some(index) => answers.nth(usize::try_from(index).ok()?),
                    None => answers.find(|it| plain(it.name()) == plain(&choice.text)),
                };
                found.map(|it| it.index())
            };
            let answer = match listed {
                Some(serde_json::Value::String(name)) => answer_named(question, name),
                Some(_) => continue,
                None if rule.is_some_and(|it| !it.answers.is_empty()) && choice.index.is_some() => {
                    None
                }
                None => by_name(),
            };
            meaning.answers[number] = answer.map(|it| it as u32);
            if answer.is_none() {
                meaning.unmatched.push(number);
            }
        }
    }
}

impl Task {
    /// Whether volunteers gave answers: to mark something is none.
    fn has_answers(&self) -> bool {
        !self.texts.is_empty() || !self.indices.is_empty()
    }

    /// The task in a message.
    pub fn named(&self) -> String {
        match self.label.is_empty() {
            true => self.key.clone(),
            false => format!("{} {:?}", self.key, cut(&self.label, LONG)),
        }
    }
}

/// What tasks and choices mean.
#[derive(Debug)]
pub struct Meaning {
    /// The question of each task, by its place in the schema.
    pub questions: Vec<Option<usize>>,
    /// The answer of each choice, by its index in the whole schema.
    pub answers: Vec<Option<u32>>,
    /// Choices of known questions that are no known answer.
    unmatched: Vec<usize>,
    problems: Vec<String>,
}

impl Meaning {
    fn new(tasks: &Tasks) -> Self {
        let questions = vec![None; tasks.tasks.len()];
        let answers = vec![None; tasks.choices.len()];
        Self { questions, answers, unmatched: Vec::new(), problems: Vec::new() }
    }

    /// What does not fit the schema, a sentence each.
    fn unknown(&self, tasks: &Tasks, schema: &Schema) -> Vec<String> {
        let answers = self.unmatched.iter().filter_map(|number| {
            let choice = &tasks.choices[*number];
            let question = &schema.questions()[self.questions[choice.task]?];
            let names: Vec<&str> = question.answers().iter().map(|it| it.name()).collect();
            let times = thousands(choice.given);
            Some(format!(
                "no answer of {:?} for {:?} of the task {} ({times} times). {}",
                question.name(),
                cut(&choice.text, LONG),
                tasks.tasks[choice.task].named(),
                near(&plain(&choice.text), names.into_iter())
            ))
        });
        self.problems.iter().cloned().chain(answers).collect()
    }

    /// A mapping file to complete: what was recognised, and `?` for the rest.
    pub fn suggestion(&self, tasks: &Tasks, schema: &Schema) -> TaskMapping {
        let names: Vec<&str> = schema.answers().map(|it| it.name()).collect();
        let each =
            tasks.tasks.iter().enumerate().filter(|(_, it)| !it.open).map(|(place, task)| {
                let mut own: Vec<(usize, &Choice)> =
                    tasks.choices.iter().enumerate().filter(|(_, it)| it.task == place).collect();
                own.sort_by_key(|(_, it)| (it.index, std::cmp::Reverse(it.given)));
                let answers = own.iter().map(|(number, it)| {
                    let name = self.answers[*number].map_or(UNKNOWN, |it| names[it as usize]);
                    (it.text.clone(), serde_json::json!(name))
                });
                let answers: serde_json::Map<_, _> = answers.collect();
                let question =
                    self.questions[place].map_or(UNKNOWN, |it| schema.questions()[it].name());
                let rule = serde_json::json!({ "question": question, "answers": answers });
                let shared = tasks.tasks.iter().filter(|it| it.key == task.key).count() > 1;
                (if shared { task.label.clone() } else { task.key.clone() }, rule)
            });
        TaskMapping { tasks: each.collect() }
    }
}
