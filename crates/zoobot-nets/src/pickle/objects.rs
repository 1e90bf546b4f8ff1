//! The Python objects of a pickle: the names that it may refer to, and the values that PyTorch would
//! make of them.

use super::machine::{Machine, kind_of};
use super::value::{Global, Id, Layout, Storage, Value};
use super::{Fault, Outcome, damaged, refused};
use std::io::Read;

impl<R: Read> Machine<R> {
    /// Pushes the meaning of `module.name` on the stack, or refuses the name.
    pub fn global(&mut self, module: &str, name: &str) -> Outcome<()> {
        match Global::named(module, name) {
            Some(global) => self.push(Value::Global(global)),
            None => refused(format!("it asks Python for \"{module}.{name}\"")),
        }
    }

    /// Pushes the value that PyTorch would get by calling `function` with `arguments`.
    pub fn call(&mut self, function: Id, arguments: Id) -> Outcome<()> {
        let Value::Tuple(arguments) = &self.values[arguments] else {
            return damaged("its pickle calls something without a tuple of arguments");
        };
        match self.values[function] {
            Value::Global(Global::OrderedDict) => {
                let dict = self.ordered_dict(arguments)?;
                self.push(Value::Dict(dict))
            }
            Value::Global(Global::RebuildTensor) => {
                let layout = self.tensor(arguments)?;
                self.push(Value::Tensor(Box::new(layout)))
            }
            Value::Global(Global::RebuildParameter) => match arguments.first() {
                Some(&data) => {
                    self.stack.push(data);
                    Ok(())
                }
                None => damaged("a parameter has no tensor"),
            },
            Value::Global(Global::Inert) => self.push(Value::Other),
            Value::Global(Global::Storage(_)) => refused("it makes a storage by calling its class"),
            ref other => damaged(format!("its pickle calls {}", kind_of(other))),
        }
    }

    /// `OrderedDict()` or `OrderedDict([(key, value), …])`.
    fn ordered_dict(&self, arguments: &[Id]) -> Outcome<Vec<(Id, Id)>> {
        let Some(&items) = arguments.first() else { return Ok(Vec::new()) };
        let Value::List(items) = &self.values[items] else {
            return damaged("an OrderedDict is made of something other than a list");
        };
        items
            .iter()
            .map(|&item| match &self.values[item] {
                Value::Tuple(pair) | Value::List(pair) if pair.len() == 2 => Ok((pair[0], pair[1])),
                _ => damaged("an OrderedDict is made of something other than pairs"),
            })
            .collect()
    }

    /// `_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks[, metadata])`.
    fn tensor(&self, arguments: &[Id]) -> Outcome<Layout> {
        let &[storage, offset, shape, stride, ..] = arguments else {
            return damaged("a tensor is described by too few values");
        };
        let Value::Storage(storage) = &self.values[storage] else {
            return damaged("a tensor has no storage");
        };
        Layout::new(
            Storage::clone(storage),
            self.int(offset)?,
            self.ints(shape)?,
            self.ints(stride)?,
        )
    }

    /// `("storage", class, key, device, count)`. In the older format, `None` or `(key, first, count)` of
    /// a part of the storage follows.
    pub fn persistent(&mut self) -> Outcome<()> {
        let id = self.pop()?;
        let Value::Tuple(parts) = &self.values[id] else {
            return damaged("it refers to something outside the pickle that is not a storage");
        };
        let &[tag, class, key, _device, numel, ..] = parts.as_slice() else {
            return damaged("a storage is described by too few values");
        };
        let (Value::Text(tag), Value::Text(key), Value::Global(Global::Storage(kind))) =
            (&self.values[tag], &self.values[key], &self.values[class])
        else {
            return refused("it refers to something outside the pickle that is not a storage");
        };
        if tag != "storage" {
            return refused(format!("it refers to a {tag:?} outside the pickle"));
        }
        let numel = self.int(numel)?;
        let window = match parts.get(5).map(|&view| &self.values[view]) {
            Some(Value::Tuple(view)) if view.len() == 3 => (self.int(view[1])?, self.int(view[2])?),
            _ => (0, numel),
        };
        let inside = numel >= 0 && window.0 >= 0 && window.1 >= 0 && window.1 <= numel;
        if !inside || window.0 > numel - window.1 {
            return damaged(format!("storage {key:?} of {numel} numbers is used at {window:?}"));
        }
        let storage = Storage { key: key.clone(), kind: *kind, numel, window };
        self.push(Value::Storage(Box::new(storage)))
    }

    fn int(&self, id: Id) -> Outcome<i64> {
        match self.values[id] {
            Value::Int(number) => i64::try_from(number)
                .map_err(|_| Fault::Damaged(format!("{number} is given as a size"))),
            ref other => damaged(format!("{} is given as a size", kind_of(other))),
        }
    }

    fn ints(&self, id: Id) -> Outcome<Vec<i64>> {
        match &self.values[id] {
            Value::Tuple(ids) | Value::List(ids) => ids.iter().map(|&id| self.int(id)).collect(),
            other => damaged(format!("{} is given as a shape", kind_of(other))),
        }
    }
}
