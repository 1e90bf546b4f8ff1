//! Completion (Tab) and inspection (Shift-Tab).
//!
//! Names of the library come from an [`Index`] of its sources, the user's own from the notebook,
//! and the type of the expression before a dot from the notebook or from rustc. All of this happens
//! off the cells' thread, so a running cell does not block it.

mod attributes;
mod crates;
mod documents;
mod index;
mod macros;
mod place;
mod reader;
mod scope;

use crate::cell::Cell;
use crate::check::{Checker, type_here};
use crate::library::Library;
use crate::notebook::Notebook;
use crate::source::{Program, Tail};
use index::Index;
use place::{Place, Scope, closing, statements_end};
use reader::{Entry, Kind, Sources};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// The maximum number of matches; more would not help anyone choose.
const MATCHES: usize = 400;
/// The types that have columns, as the library reports them.
const TABLES: [&str; 6] = ["Catalog", "DataFrame", "Table", "Split", "Space", "Map"];
/// The variable whose type rustc is asked for.
const RECEIVER: &str = "zoobot_receiver";

/// What the cells' thread reports after each cell.
#[derive(Debug, Clone)]
pub struct Known {
    /// The notebook.
    pub notebook: Notebook,
    /// The columns of its variables that are tables.
    pub columns: HashMap<String, Vec<String>>,
    /// The library.
    pub library: Library,
    /// The arguments for rustc.
    pub flags: Vec<String>,
}

/// The state of the kernel.
#[derive(Debug, Default)]
enum Stage {
    /// It is starting: nothing is known yet, but will be soon.
    #[default]
    Starting,
    /// It runs cells.
    Running(Box<Known>),
    /// It could not start.
    Failed,
}

/// Answers completion and inspection requests.
///
/// A request waits for what it needs, however long a slow machine takes: half of the names are
/// worse than a late answer, and the front end asks again.
#[derive(Debug)]
pub struct Completer {
    stage: Mutex<Stage>,
    changed: Condvar,
    index: OnceLock<Index>,
    /// rustc's answers since the last cell, by question.
    types: Mutex<HashMap<String, Option<String>>>,
    /// The folder for checks, of which one runs at a time.
    dir: Mutex<PathBuf>,
}

impl Completer {
    /// Creates a completer that may write into `dir`.
    pub fn new(dir: PathBuf) -> Self {
        Self {
            stage: Mutex::default(),
            changed: Condvar::new(),
            index: OnceLock::new(),
            types: Mutex::default(),
            dir: Mutex::new(dir),
        }
    }

    /// Records what is known after a cell.
    pub fn learn(&self, known: Known) {
        locked(&self.types).clear();
        *locked(&self.stage) = Stage::Running(Box::new(known));
        self.changed.notify_all();
    }

    /// Records that the process that runs the cells could not be started.
    pub fn give_up(&self) {
        *locked(&self.stage) = Stage::Failed;
        self.changed.notify_all();
    }

    /// What is known after the last cell; `None` when the kernel could not start.
    fn known(&self) -> Option<Known> {
        let mut stage = locked(&self.stage);
        loop {
            match &*stage {
                Stage::Running(known) => return Some(known.as_ref().clone()),
                Stage::Failed => return None,
                Stage::Starting => {
                    stage = self.changed.wait(stage).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// The content of a `complete_reply`; `cursor` counts characters.
    pub fn complete(&self, code: &str, cursor: usize) -> Value {
        let at = byte_of(code, cursor);
        let place = Place::before(code, at);
        let typed = &code[place.name.clone()];
        let mut found = self.names(code, &place);
        let starts = |entry: &Entry| entry.name.starts_with(typed);
        if found.iter().any(starts) {
            found.retain(starts);
        } else {
            let typed = typed.to_lowercase();
            found.retain(|entry| entry.name.to_lowercase().starts_with(&typed));
        }
        // Names that begin with `_` are internal to their crate.
        found.retain(|entry| typed.starts_with('_') || !entry.name.starts_with('_'));
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found.truncate(MATCHES);
        let start = code[..place.name.start].chars().count();
        let end = code[..at].chars().count();
        let details: Vec<Value> = found
            .iter()
            .map(|entry| {
                json!({"text": text_of(entry), "type": entry.kind, "signature": entry.signature,
                       "start": start, "end": end})
            })
            .collect();
        let matches: Vec<String> = found.iter().map(text_of).collect();
        json!({"status": "ok", "matches": matches, "cursor_start": start, "cursor_end": end,
               "metadata": {"_jupyter_types_experimental": details}})
    }

    /// The content of an `inspect_reply`.
    pub fn inspect(&self, code: &str, cursor: usize) -> Value {
        match self.described(code, cursor) {
            Some(data) => json!({"status": "ok", "found": true, "metadata": {}, "data": data}),
            None => json!({"status": "ok", "found": false, "data": {}, "metadata": {}}),
        }
    }

    /// The documentation of the name at the cursor, by MIME type.
    pub fn described(&self, code: &str, cursor: usize) -> Option<Value> {
        let place = Place::around(code, byte_of(code, cursor));
        let name = &code[place.name.clone()];
        let mut found: Vec<Entry> = Vec::new();
        if !name.is_empty() {
            found = self.names(code, &place);
            found.retain(|entry| entry.name == name);
            if let (true, Scope::Members(_), Some(index)) =
                (found.is_empty(), &place.scope, self.index())
            {
                let receiver = match &place.scope {
                    Scope::Members(receiver) => &code[receiver.clone()],
                    _ => "",
                };
                let made = index.named(receiver).find(|entry| {
                    entry.kind == Kind::Function
                        && entry.of.is_empty()
                        && entry.module.starts_with("zoobot_core")
                });
                let methods: Vec<&Entry> = match made.and_then(|it| it.signature.split_once("-> "))
                {
                    // The value that the function `histogram` returns, in `histogram.labels`.
                    Some((_, ty)) => {
                        index.members(ty).into_iter().filter(|it| it.name == name).collect()
                    }
                    // The type is not known: every method of that name may be meant.
                    None => index.named(name).filter(|entry| entry.kind == Kind::Method).collect(),
                };
                found = methods.into_iter().take(3).cloned().collect();
            }
        }
        if let (true, Scope::All, Some(index)) = (found.is_empty(), &place.scope, self.index()) {
            // Names that Rust always has in scope: `Vec`, `String`, `Option`.
            let own = index.named(name).filter(|entry| {
                entry.of.is_empty()
                    && entry.kind != Kind::Export
                    && entry.module.starts_with("std::")
            });
            found = own.take(1).cloned().collect();
        }
        if found.is_empty() {
            return None;
        }
        let described = |fence: &dyn Fn(&str) -> String| -> String {
            let parts = found.iter().map(|entry| {
                let from = [entry.module.as_str(), entry.of.as_str()];
                let from: Vec<&str> = from.into_iter().filter(|part| !part.is_empty()).collect();
                let from = from.join("::").replace("zoobot_core", "zoobot");
                let doc = documents::for_cells(&entry.doc);
                format!("{}\n\n{doc}\n\n{from}", fence(&entry.signature))
            });
            parts.collect::<Vec<_>>().join("\n\n").trim().replace("\n\n\n\n", "\n\n")
        };
        let plain = described(&|signature| signature.to_owned());
        let markdown = described(&|signature| format!("```rust\n{signature}\n```"));
        Some(json!({"text/plain": plain, "text/markdown": markdown}))
    }

    /// The type of a variable of the notebook.
    pub fn type_of_variable(&self, name: &str) -> Option<String> {
        let variables = self.known()?.notebook.variables;
        variables.into_iter().find(|variable| variable.name == name).map(|variable| variable.ty)
    }

    /// Whether `a.name` is a method rather than a field.
    pub fn is_method(&self, code: &str) -> bool {
        let place = Place::around(code, code.len());
        let name = &code[place.name.clone()];
        let found = self.names(code, &place);
        found.iter().any(|entry| entry.name == name && entry.kind == Kind::Method)
    }

    /// Whether the notebook itself defines a function or macro of this name.
    pub fn defines(&self, name: &str) -> bool {
        let text = self.known().map(|known| known.notebook.items.besides(&[]).join("\n"));
        let mut sources = Sources::default();
        sources.read_all(&text.unwrap_or_default());
        sources.entries.iter().any(|entry| entry.of.is_empty() && entry.name == name)
    }

    /// All names that may appear at a place, each once.
    fn names(&self, code: &str, place: &Place) -> Vec<Entry> {
        if place.scope == Scope::Nothing {
            return Vec::new();
        }
        let known = self.known();
        if let (Scope::Columns, Some(known)) = (&place.scope, &known) {
            return columns(code, place.name.start, known);
        }
        let notebook = known.as_ref().map(|known| known.notebook.clone()).unwrap_or_default();
        let mut text = notebook.items.besides(&[]).join("\n");
        let end = statements_end(code, place.name.start);
        let cell = Cell::parse(&code[..end]);
        for (_, item) in &cell.items {
            text.push('\n');
            text.push_str(&item.text);
        }
        let mut sources = Sources::default();
        sources.read_all(&text);
        let mut found = scope::Names { library: self.index(), own: Index::new(sources), text };
        let entries = match &place.scope {
            Scope::Nothing | Scope::Columns => Vec::new(),
            Scope::Path(path) => found.in_path(path),
            Scope::Members(receiver) => {
                let ty =
                    known.and_then(|known| self.type_of(&known, &cell, code, receiver.clone()));
                ty.map(|ty| found.members(&ty)).unwrap_or_default()
            }
            Scope::All => {
                found.text.push_str(&code[..end]);
                found.in_scope(&notebook.variables, &cell.bindings)
            }
        };
        let mut seen = HashSet::new();
        entries.into_iter().filter(|entry| seen.insert(entry.name.clone())).collect()
    }

    /// The type of an expression of a cell.
    fn type_of(
        &self,
        known: &Known,
        before: &Cell,
        code: &str,
        receiver: std::ops::Range<usize>,
    ) -> Option<String> {
        let start = receiver.start;
        let receiver = &code[receiver];
        if !before.bindings.iter().any(|binding| binding.name == receiver)
            && let Some(variable) = known.notebook.variables.iter().find(|v| v.name == receiver)
        {
            return Some(variable.ty.clone());
        }
        let question = format!("let {RECEIVER} = {receiver};");
        // Unfinished statements must not prevent an answer.
        let cells = [format!("{}\n{question}", before.code), question];
        let right = cells.iter().map(|code| Cell::parse(code)).find(|cell| cell.error.is_none());
        let ask = |cell: &Cell| {
            let items: Vec<_> = cell.items.iter().map(|(_, item)| item.clone()).collect();
            let program = Program {
                number: 0,
                cell,
                items: known.notebook.items.besides(&items),
                variables: known.notebook.variables.iter().collect(),
                moved: &HashSet::new(),
                kept_as: &[],
                tail: Tail::Name,
            };
            let question = program.questions().text;
            if let Some(answer) = locked(&self.types).get(&question) {
                return answer.clone();
            }
            let dir = locked(&self.dir);
            let checker = Checker::new(known.library.clone(), known.flags.clone(), dir.clone());
            let answer = match cell.bindings.iter().any(|binding| binding.name == RECEIVER) {
                true => checker.type_of(&program, RECEIVER),
                false => checker.type_here(&program),
            };
            locked(&self.types).insert(question, answer.clone());
            answer
        };
        right.and_then(|cell| ask(&cell)).or_else(|| {
            // A name of an inner block or a closure is known only there.
            let (before, close) = (&code[..start], closing(code, start));
            let inner =
                Cell::parse(&format!("{before}{{ {}; loop {{}} }}{close};", type_here(receiver)));
            inner.error.is_none().then(|| ask(&inner)).flatten()
        })
    }

    /// The index; the first call loads it, or builds it if that was not done in advance.
    fn index(&self) -> Option<&Index> {
        if let Some(index) = self.index.get() {
            return Some(index);
        }
        let library = self.known()?.library;
        Some(self.index.get_or_init(|| Index::load(&library)))
    }
}

/// The columns that the string from byte `from` may name: those of the tables that its statement
/// uses, or of all tables.
fn columns(code: &str, from: usize, known: &Known) -> Vec<Entry> {
    let statement = &code[statements_end(code, from)..from];
    // The variable may have been replaced by one of another type.
    let there = |name: &str| {
        known.notebook.variables.iter().any(|variable| {
            variable.name == name && TABLES.contains(&reader::head_of(&variable.ty).as_str())
        })
    };
    let tables: Vec<(&String, &Vec<String>)> =
        known.columns.iter().filter(|(name, _)| there(name)).collect();
    let used: HashSet<&str> = crate::cell::words(statement).collect();
    let mentioned: Vec<_> =
        tables.iter().copied().filter(|(name, _)| used.contains(name.as_str())).collect();
    let tables = if mentioned.is_empty() { tables } else { mentioned };
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for (table, columns) in tables {
        for column in columns.iter().filter(|column| seen.insert(column.as_str())) {
            let signature = format!("a column of {table}");
            found.push(Entry { signature, ..scope::word(column, Kind::Column) });
        }
    }
    found
}

/// The examples in the library's documentation that can be run in a cell, by the name they explain.
pub fn examples(library: &Library) -> Vec<(String, String)> {
    let index = Index::load(library);
    let ours = index.entries().iter().filter(|entry| entry.module.starts_with("zoobot_core"));
    let named = ours.flat_map(|entry| {
        let name = [entry.of.as_str(), entry.name.as_str()].join("::");
        documents::examples(&entry.doc).into_iter().map(move |code| (name.clone(), code))
    });
    named.collect()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Builds the index in advance; returns the number of its names.
pub fn prepare(library: &Library) -> usize {
    Index::load(library).entries().len()
}

/// The text that is inserted into the cell.
fn text_of(entry: &Entry) -> String {
    match entry.kind {
        Kind::Macro => format!("{}!", entry.name),
        _ => entry.name.clone(),
    }
}

/// The byte offset of a character.
fn byte_of(code: &str, cursor: usize) -> usize {
    code.char_indices().nth(cursor).map_or(code.len(), |(at, _)| at)
}
