//! The opcodes of pickle protocols 2 to 5 that describe data.
//!
//! They are defined in CPython's `Lib/pickletools.py`. Opcodes needed only by protocols 0 and 1, and
//! opcodes that create arbitrary instances, are refused.

use super::value::{Id, Pickle, Value};
use super::{Outcome, damaged, refused};
use std::collections::HashMap;
use std::io::Read;

/// The maximum size of a pickle, in bytes. A state dict takes about 150 bytes per tensor, so this is
/// enough for 25,000 tensors, and limits the memory that a pickle can use.
pub(super) const MAX_PICKLE: u64 = 4 << 20;

/// Reads one pickle and leaves `input` right after it.
pub(super) fn load(input: &mut impl Read) -> Outcome<Pickle> {
    let mut machine = Machine {
        input: input.take(MAX_PICKLE),
        values: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    let root = machine.run()?;
    Ok(Pickle { values: machine.values, root })
}

/// The state of a pickle being read.
pub(super) struct Machine<R> {
    input: std::io::Take<R>,
    pub values: Vec<Value>,
    pub stack: Vec<Id>,
    /// The height of the stack at each open `MARK`.
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
}

impl<R: Read> Machine<R> {
    /// Runs to `STOP` and returns the value on top of the stack.
    fn run(&mut self) -> Outcome<Id> {
        loop {
            let opcode = self.byte()?;
            if opcode == b'.' {
                return self.pop();
            }
            self.step(opcode)?;
        }
    }

    fn step(&mut self, opcode: u8) -> Outcome<()> {
        match opcode {
            // framing
            0x80 => match self.byte()? {
                0..=5 => Ok(()),
                version => refused(format!("it uses pickle protocol {version}")),
            },
            0x95 => self.skip(8),

            // scalars
            b'N' => self.push(Value::None),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'K' => self.integer(1),
            b'M' => self.integer(2),
            b'J' => {
                let number = i32::from_le_bytes(self.array()?);
                self.push(Value::Int(number.into()))
            }
            0x8a => {
                let length = self.byte()?;
                self.long(length.into())
            }
            0x8b => {
                let length = self.length(4)?;
                self.long(length)
            }
            b'G' => {
                self.skip(8)?;
                self.push(Value::Other)
            }

            // strings and bytes
            b'X' => self.text(4),
            0x8c | b'U' => self.text(1),
            0x8d => self.text(8),
            b'T' => self.text(4),
            b'C' => self.bytes(1),
            b'B' => self.bytes(4),
            0x8e | 0x96 => self.bytes(8),

            // containers
            b')' => self.push(Value::Tuple(Vec::new())),
            b']' => self.push(Value::List(Vec::new())),
            b'}' => self.push(Value::Dict(Vec::new())),
            0x8f => self.push(Value::Other),
            b't' => {
                let items = self.pop_to_mark()?;
                self.push(Value::Tuple(items))
            }
            0x85..=0x87 => {
                let items = self.pop_many(usize::from(opcode - 0x84))?;
                self.push(Value::Tuple(items))
            }
            b'l' => {
                let items = self.pop_to_mark()?;
                self.push(Value::List(items))
            }
            b'd' => {
                let pairs = pairs(&self.pop_to_mark()?)?;
                self.push(Value::Dict(pairs))
            }
            0x91 => {
                self.pop_to_mark()?;
                self.push(Value::Other)
            }
            b'a' => {
                let item = self.pop()?;
                self.extend_list(vec![item])
            }
            b'e' => {
                let items = self.pop_to_mark()?;
                self.extend_list(items)
            }
            b's' => {
                let items = self.pop_many(2)?;
                self.extend_dict(&items)
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.extend_dict(&items)
            }
            0x90 => self.pop_to_mark().map(drop),

            // the stack and the memo
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => self.pop().map(drop),
            b'1' => self.pop_to_mark().map(drop),
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
                Ok(())
            }
            b'q' => {
                let slot = self.length(1)?;
                self.remember(slot)
            }
            b'r' => {
                let slot = self.length(4)?;
                self.remember(slot)
            }
            0x94 => self.remember(self.memo.len() as u64),
            b'h' => {
                let slot = self.length(1)?;
                self.recall(slot)
            }
            b'j' => {
                let slot = self.length(4)?;
                self.recall(slot)
            }

            // names and what is done with them
            b'c' => {
                let module = self.line()?;
                let name = self.line()?;
                self.global(&module, &name)
            }
            0x93 => {
                let names = self.pop_many(2)?;
                match (&self.values[names[0]], &self.values[names[1]]) {
                    (Value::Text(module), Value::Text(name)) => {
                        let (module, name) = (module.clone(), name.clone());
                        self.global(&module, &name)
                    }
                    _ => damaged("it names a global by something other than strings"),
                }
            }
            b'R' | 0x81 => {
                let call = self.pop_many(2)?;
                self.call(call[0], call[1])
            }
            0x92 => {
                let call = self.pop_many(3)?;
                self.call(call[0], call[1])
            }
            // The state of an object (such as a state dict's `_metadata`) contains no relevant tensors.
            b'b' => self.pop().map(drop),
            b'Q' => self.persistent(),

            other => refused(format!(
                "it uses pickle opcode {:?}, which weights do not need",
                char::from(other)
            )),
        }
    }

    // -- reading -----------------------------------------------------------------------------

    fn array<const N: usize>(&mut self) -> Outcome<[u8; N]> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn byte(&mut self) -> Outcome<u8> {
        Ok(self.array::<1>()?[0])
    }

    /// An unsigned little-endian number of `width` bytes.
    fn length(&mut self, width: usize) -> Outcome<u64> {
        let mut bytes = [0; 8];
        self.input.read_exact(&mut bytes[..width])?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Reads `length` bytes. Memory grows with the bytes actually present, not with the claimed length.
    fn take(&mut self, length: u64) -> Outcome<Vec<u8>> {
        let mut bytes = Vec::new();
        self.input.by_ref().take(length).read_to_end(&mut bytes)?;
        if bytes.len() as u64 == length { Ok(bytes) } else { damaged("it ends too early") }
    }

    fn skip(&mut self, length: u64) -> Outcome<()> {
        self.take(length).map(drop)
    }

    /// Reads text up to a newline, for the `GLOBAL` opcode.
    fn line(&mut self) -> Outcome<String> {
        let mut bytes = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
                byte => bytes.push(byte),
            }
        }
    }

    fn integer(&mut self, width: usize) -> Outcome<()> {
        let number = self.length(width)?;
        self.push(Value::Int(number.into()))
    }

    /// Reads a two's complement number of `length` bytes.
    fn long(&mut self, length: u64) -> Outcome<()> {
        let bytes = self.take(length)?;
        let negative = bytes.last().is_some_and(|&byte| byte >= 0x80);
        let mut wide = [if negative { 0xff } else { 0 }; 16];
        match wide.get_mut(..bytes.len()) {
            Some(low) => {
                low.copy_from_slice(&bytes);
                self.push(Value::Int(i128::from_le_bytes(wide)))
            }
            None => self.push(Value::Other),
        }
    }

    fn text(&mut self, width: usize) -> Outcome<()> {
        let length = self.length(width)?;
        let bytes = self.take(length)?;
        self.push(Value::Text(String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn bytes(&mut self, width: usize) -> Outcome<()> {
        let length = self.length(width)?;
        self.skip(length)?;
        self.push(Value::Other)
    }

    // -- the stack ---------------------------------------------------------------------------

    pub fn push(&mut self, value: Value) -> Outcome<()> {
        self.stack.push(self.values.len());
        self.values.push(value);
        Ok(())
    }

    /// The height of the stack at the innermost open `MARK`, below which nothing may be popped.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Outcome<Id> {
        match self.stack.last() {
            Some(&id) if self.stack.len() > self.floor() => Ok(id),
            _ => damaged("its pickle takes more from the stack than it put there"),
        }
    }

    pub fn pop(&mut self) -> Outcome<Id> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// The top `count` values, in the order in which they were pushed.
    fn pop_many(&mut self, count: usize) -> Outcome<Vec<Id>> {
        match self.stack.len().checked_sub(count) {
            Some(start) if start >= self.floor() => Ok(self.stack.split_off(start)),
            _ => damaged("its pickle takes more from the stack than it put there"),
        }
    }

    fn pop_to_mark(&mut self) -> Outcome<Vec<Id>> {
        match self.marks.pop() {
            Some(start) => Ok(self.stack.split_off(start)),
            None => damaged("its pickle closes a mark that it did not open"),
        }
    }

    fn remember(&mut self, slot: u64) -> Outcome<()> {
        let top = self.top()?;
        self.memo.insert(slot, top);
        Ok(())
    }

    fn recall(&mut self, slot: u64) -> Outcome<()> {
        match self.memo.get(&slot) {
            Some(&id) => {
                self.stack.push(id);
                Ok(())
            }
            None => damaged(format!("its pickle recalls value {slot}, which it did not store")),
        }
    }

    fn extend_list(&mut self, items: Vec<Id>) -> Outcome<()> {
        let top = self.top()?;
        match &mut self.values[top] {
            Value::List(list) => list.extend(items),
            Value::Other => {}
            other => return damaged(format!("its pickle appends to {}", kind_of(other))),
        }
        Ok(())
    }

    fn extend_dict(&mut self, items: &[Id]) -> Outcome<()> {
        let new = pairs(items)?;
        let top = self.top()?;
        match &mut self.values[top] {
            Value::Dict(dict) => dict.extend(new),
            Value::Other => {}
            other => return damaged(format!("its pickle sets items of {}", kind_of(other))),
        }
        Ok(())
    }
}

fn pairs(items: &[Id]) -> Outcome<Vec<(Id, Id)>> {
    match items.as_chunks() {
        (pairs, []) => Ok(pairs.iter().map(|&[key, value]| (key, value)).collect()),
        _ => damaged("a dictionary has a key without a value"),
    }
}

/// A description of a value for messages.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::None => "None",
        Value::Bool(_) => "a truth value",
        Value::Int(_) => "an integer",
        Value::Text(_) => "a string",
        Value::Tuple(_) => "a tuple",
        Value::List(_) => "a list",
        Value::Dict(_) => "a dictionary",
        Value::Global(_) => "a class",
        Value::Storage(_) => "a storage",
        Value::Tensor(_) => "a tensor",
        Value::Other => "an object",
    }
}
