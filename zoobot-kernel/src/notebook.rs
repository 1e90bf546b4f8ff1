//! What the kernel knows about a notebook between two cells.

use crate::cell::{Cell, words};
use crate::check::Findings;
use crate::items::{Item, Items};
use crate::source::Variable;
use std::collections::HashMap;

/// Items, variables, and why variables are gone.
#[derive(Debug, Clone, Default)]
pub struct Notebook {
    /// The items of the cells so far.
    pub items: Items,
    /// The variables kept between cells.
    pub variables: Vec<Variable>,
    gone: HashMap<String, String>,
}

impl Notebook {
    /// Why there is no variable `name` any more.
    pub fn why_gone(&self, name: &str) -> Option<&str> {
        self.gone.get(name).map(String::as_str)
    }

    /// The variables whose types the items of a cell change, and why each is dropped.
    pub fn changed_by(&self, items: &[Item]) -> Vec<(String, String)> {
        let changed = self.items.changed_by(items);
        let because = |variable: &Variable| {
            let name = words(&variable.ty).find(|word| changed.contains(*word))?;
            let reason =
                format!("`{name}` is defined differently now; run the cell that makes it again.");
            Some((variable.name.clone(), reason))
        };
        self.variables.iter().filter_map(because).collect()
    }

    /// Records that cell number `number` has succeeded.
    pub fn succeeded(&mut self, cell: &Cell, found: &Findings, number: usize) {
        self.moved(
            cell,
            found,
            "an earlier cell moved it away; keep a copy there with `.clone()`.",
        );
        for (binding, ty) in cell.bindings.iter().zip(&found.types) {
            if found.moved.contains(&binding.name) {
                let reason =
                    "the cell that made it also moved it away; keep a copy with `.clone()`.";
                self.forget(&binding.name, reason);
                continue;
            }
            self.variables.retain(|variable| variable.name != binding.name);
            self.gone.remove(&binding.name);
            self.variables.push(Variable {
                name: binding.name.clone(),
                ty: ty.clone(),
                mutable: binding.mutable,
                cell: number,
            });
        }
    }

    /// Records that a cell failed before it defined its variables; earlier variables of these names
    /// are kept.
    pub fn not_made(&mut self, cell: &Cell) {
        for binding in &cell.bindings {
            if self.variables.iter().all(|variable| variable.name != binding.name) {
                let reason = "the cell that makes it has failed; run it again.";
                self.gone.insert(binding.name.clone(), reason.to_owned());
            }
        }
    }

    /// Records that a cell failed while it ran.
    pub fn failed(&mut self, cell: &Cell, found: &Findings) {
        self.moved(
            cell,
            found,
            "a cell that then failed moved it away; run the cell that makes it again.",
        );
    }

    /// Records that the process with the variables has ended; returns the lost variables.
    pub fn lost_process(&mut self) -> Vec<Variable> {
        let lost = std::mem::take(&mut self.variables);
        for variable in &lost {
            let reason = "the process that runs the cells ended; run the cell that makes it again.";
            self.gone.insert(variable.name.clone(), reason.to_owned());
        }
        lost
    }

    /// Forgets a variable.
    pub fn forget(&mut self, name: &str, reason: &str) {
        self.variables.retain(|variable| variable.name != name);
        self.gone.insert(name.to_owned(), reason.to_owned());
    }

    fn moved(&mut self, cell: &Cell, found: &Findings, reason: &str) {
        let moved: Vec<String> = self
            .variables
            .iter()
            .filter(|variable| cell.uses.contains(&variable.name))
            .filter(|variable| found.moved.contains(&variable.name))
            .map(|variable| variable.name.clone())
            .collect();
        for name in moved {
            self.forget(&name, reason);
        }
    }
}
