//! Whole lines that other languages write otherwise: commands, imports, blocks, definitions.

use super::expressions::range_of;
use super::shapes::Line;

/// `%%time`, `%matplotlib inline`.
pub(super) fn magic(line: &Line, i: usize) -> Option<String> {
    if i > 0 || !(line.is(0, "%") || line.is(0, "%%")) || !line.adjacent(0) {
        return None;
    }
    let name = line.word(1)?;
    Some(match name {
        "time" | "timeit" | "prun" => {
            "`time!(...)` tells how long an expression takes, `time! { ... }` several statements."
                .to_owned()
        }
        "matplotlib" | "config" | "pylab" => {
            "a figure shows itself as the last expression of a cell; nothing has to be switched on."
                .to_owned()
        }
        "who" | "whos" | "who_ls" => "`:vars` lists the variables.".to_owned(),
        "pip" | "conda" => PACKAGES.to_owned(),
        "reset" => "restart the kernel to begin anew: Kernel menu, Restart.".to_owned(),
        "cd" => "`std::env::set_current_dir(\"folder\")?;` changes the folder.".to_owned(),
        "pwd" => "`std::env::current_dir()?` is the folder.".to_owned(),
        "ls" | "bash" | "sh" | "cat" | "mkdir" => SHELL.to_owned(),
        _ => format!(
            "`{name}` is one of IPython's commands, which a Rust notebook does not have; `:help` lists \
             what it has."
        ),
    })
}

const SHELL: &str = "commands of the shell belong in a terminal (File menu, New, Terminal). From a cell: \
    `let out = std::process::Command::new(\"ls\").output()?; String::from_utf8_lossy(&out.stdout)`";
const PACKAGES: &str = "packages cannot be added to a notebook. `zoobot::{polars, plotters, ndarray, \
    image, rand, rand_distr, tch}` are there to use.";

/// `!ls`, `!pip install x`.
pub(super) fn shell(line: &Line, i: usize) -> Option<String> {
    if i > 0 || !line.is(0, "!") || !line.adjacent(0) || line.is(2, "(") {
        return None;
    }
    match line.word(1)? {
        "pip" | "pip3" | "conda" | "cargo" | "mamba" | "uv" => Some(PACKAGES.to_owned()),
        _ => Some(SHELL.to_owned()),
    }
}

/// `!pip install x`, which can be nothing else.
pub(super) fn command_line(line: &Line, i: usize) -> Option<String> {
    let argument = line.word(2).is_some() || line.is(2, "-") && line.is(3, "-");
    if argument { shell(line, i) } else { None }
}

/// `?x` among other code.
pub(super) fn question(line: &Line, i: usize) -> Option<String> {
    (i == 0 && line.is(0, "?")).then(|| {
        "`?name` in a cell of its own shows the documentation, and so does Shift-Tab.".to_owned()
    })
}

/// `# a comment`.
pub(super) fn hash_comment(line: &Line, i: usize) -> Option<String> {
    let attribute = line.is(i + 1, "[") || line.is(i + 1, "!");
    let raw = i > 0 && line.is(i - 1, "r") && line.adjacent(i - 1);
    (line.is(i, "#") && !attribute && !raw)
        .then(|| "a comment begins with `//`, not with `#`.".to_owned())
}

/// `import numpy as np`, `from astropy.io import fits`.
pub(super) fn import(line: &Line, i: usize) -> Option<String> {
    let from = line.is(0, "from");
    if i > 0
        || !(line.is(0, "import") || from && (1..line.tokens.len()).any(|k| line.is(k, "import")))
    {
        return None;
    }
    let module = line.word(1)?;
    Some(super::names::module(module).map_or_else(
        || {
            format!(
                "names are brought in with `use`, as in `use std::collections::HashMap;`. Python's \
                 `{module}` is not there."
            )
        },
        |instead| format!("names are brought in with `use`; {instead}"),
    ))
}

/// `def f(x):`.
pub(super) fn definition(line: &Line, i: usize) -> Option<String> {
    if i > 0 || !(line.is(0, "def") || line.is(0, "function") || line.is(0, "func")) {
        return None;
    }
    let name = line.word(1)?;
    Some(format!(
        "a function is written `fn {name}(x: f64) -> f64 {{ 2.0 * x }}`: with the types of its arguments \
         and of its result, the last expression being the result."
    ))
}

/// `class Galaxy:`.
pub(super) fn class(line: &Line, i: usize) -> Option<String> {
    let name = line.word(1)?;
    (i == 0 && line.is(0, "class")).then(|| {
        format!(
            "a type of your own is written `struct {name} {{ size: f64 }}`, and its methods go into \
             `impl {name} {{ ... }}`."
        )
    })
}

/// `@decorator`, and `a @ b`.
pub(super) fn decorator(line: &Line, i: usize) -> Option<String> {
    if !line.is(i, "@") {
        return None;
    }
    if line.after_value(i) && line.value(i + 1) {
        if (i..line.tokens.len()).any(|k| line.is(k, "=>")) {
            return None;
        }
        return Some("the product of two matrices is `a.dot(&b)`.".to_owned());
    }
    (i == 0).then(|| "Rust has no decorators; wrap the function in another.".to_owned())
}

/// A line that ends in a colon: `for i in range(10):`, `else:`.
pub(super) fn block(line: &Line, i: usize) -> Option<String> {
    let last = line.tokens.len().checked_sub(1)?;
    if i > 0 || !line.is(last, ":") {
        return None;
    }
    let braces = "what belongs to it stands in braces";
    match line.word(0)? {
        "for" => {
            let at = line.outside(1, last, "in")?;
            let over = line.text(at + 1, last);
            let over = range_of(line, at + 1).unwrap_or_else(|| over.to_owned());
            Some(format!("a loop is written `for {} in {over} {{ ... }}`: {braces}.", line.text(1, at)))
        }
        "while" if line.is(1, "True") || line.is(1, "1") => {
            Some(format!("`loop {{ ... }}` goes on until a `break`: {braces}."))
        }
        word @ ("while" | "if") => {
            Some(format!("`{word} {} {{ ... }}`: {braces}, not behind a colon.", line.text(1, last)))
        }
        "elif" => Some(format!("`}} else if {} {{ ... }}`: {braces}.", line.text(1, last))),
        "else" => Some(format!("`}} else {{ ... }}`: {braces}.")),
        "try" | "except" | "finally" => Some(
            "a call that may fail gives a `Result`: `?` behind it ends the cell with the error, and \
             `match` looks at it: `match f() { Ok(value) => ..., Err(error) => ... }`."
                .to_owned(),
        ),
        "with" => Some(
            "a file closes itself at the end of its braces; to read one: \
             `std::fs::read_to_string(\"file.txt\")?`."
                .to_owned(),
        ),
        "match" | "case" => Some(
            "`match x { 1 => \"one\", _ => \"more\" }`: the cases stand in braces.".to_owned(),
        ),
        _ => None,
    }
}

pub(super) fn elif(line: &Line, i: usize) -> Option<String> {
    let words = line.is(i, "elif") || line.is(i, "elseif") || line.is(i, "elsif");
    words.then(|| {
        "`else if`, in two words: `if a { ... } else if b { ... } else { ... }`.".to_owned()
    })
}

/// A word with what it is about: `del x`, `print x`, `assert x`, `raise E`, and `type(x)`.
pub(super) fn statement(line: &Line, i: usize) -> Option<String> {
    let word = line.word(i).filter(|_| i == 0 || line.is(i - 1, "="))?;
    let operand = line.value(i + 1) && !line.is(i + 1, "(");
    let text = match word {
        "del" if operand => {
            let name = line.tokens[i + 1].text;
            return Some(format!("`drop({name});` gives a value away before the notebook ends."));
        }
        "print" if operand => "`println!(\"{x}\")` prints a line.",
        "assert" if operand => "`assert!(a > b)` and `assert_eq!(a, b)` check.",
        "raise" if operand => "`Err(\"what is wrong\")?;` ends a cell or function with an error.",
        "global" | "nonlocal" if operand => {
            "a function sees only its arguments: pass the variable, and return what is new."
        }
        "var" | "const" | "val" | "auto" if operand => "a variable is made with `let x = ...;`.",
        "type" if line.is(i + 1, "(") => {
            "`:vars` lists the variables with their types, and Shift-Tab tells the type of one."
        }
        "yield" if operand => "an iterator is made of others: `.map(...)`, `.filter(...)`.",
        _ => return None,
    };
    Some(text.to_owned())
}

/// `pass`, which may be a name.
pub(super) fn pass(line: &Line, i: usize) -> Option<String> {
    (i == 0 && line.is(0, "pass") && line.kind(1).is_none())
        .then(|| "an empty block is `{}`.".to_owned())
}

pub(super) fn walrus(line: &Line, i: usize) -> Option<String> {
    (line.is(i, ":=")).then(|| "a variable is made with `let x = ...;`.".to_owned())
}

/// `a, b = 1, 2`.
pub(super) fn tuple(line: &Line, i: usize) -> Option<String> {
    let equals = (0..line.tokens.len()).find(|&k| line.is(k, "="))?;
    let names =
        (0..equals).all(|k| if k % 2 == 0 { line.word(k).is_some() } else { line.is(k, ",") });
    if i > 0 || equals < 3 || equals % 2 == 0 || !names {
        return None;
    }
    let (left, right) = (line.text(0, equals), line.text(equals + 1, line.tokens.len()));
    let right = right.trim_end_matches(';');
    let right = if right.contains(',') { format!("({right})") } else { right.to_owned() };
    Some(format!("several variables are made with `let ({left}) = {right};`."))
}

/// `x: float = 5`.
pub(super) fn annotated(line: &Line, i: usize) -> Option<String> {
    if i > 0 || !line.is(1, ":") || !line.is(3, "=") {
        return None;
    }
    let ty = match line.word(2)? {
        "int" => "i64",
        "float" => "f64",
        "str" => "&str",
        "bool" => "bool",
        _ => "...",
    };
    let value = line.text(4, line.tokens.len()).trim_end_matches(';');
    Some(format!("a variable with a type is made with `let {}: {ty} = {value};`.", line.word(0)?))
}
