//! Whole lines that other languages write differently: commands, imports, blocks, definitions.

use super::expressions::range_of;
use super::python::{over, printed, rust, variables};
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
        "reset" => "restart the kernel to start over: Kernel menu, Restart.".to_owned(),
        "cd" => "`std::env::set_current_dir(\"folder\")?;` changes the folder.".to_owned(),
        "pwd" => "`std::env::current_dir()?` is the folder.".to_owned(),
        "ls" | "bash" | "sh" | "cat" | "mkdir" => SHELL.to_owned(),
        _ => format!(
            "`{name}` is one of IPython's commands, which a Rust notebook does not have; `:help` lists \
             what it has."
        ),
    })
}

const SHELL: &str = "shell commands belong in a terminal (File menu, New, Terminal). From a cell: \
    `let out = std::process::Command::new(\"ls\").output()?; String::from_utf8_lossy(&out.stdout)`";
const PACKAGES: &str = "packages cannot be added to a notebook. `zoobot::{polars, plotters, ndarray, \
    image, rand, rand_distr, tch}` are there to use.";
/// Shell commands that people type without `!`.
const COMMANDS: [&str; 17] = [
    "ls", "ll", "cd", "pwd", "cat", "head", "tail", "mkdir", "rm", "cp", "mv", "grep", "wget",
    "curl", "git", "echo", "which",
];
const INSTALLERS: [&str; 8] = ["pip", "pip3", "conda", "cargo", "mamba", "uv", "apt", "brew"];

/// The Rust counterpart of a shell command.
fn command(name: &str) -> String {
    match name {
        name if INSTALLERS.contains(&name) => PACKAGES.to_owned(),
        "cd" => "`std::env::set_current_dir(\"folder\")?;` changes the folder.".to_owned(),
        "pwd" => "`std::env::current_dir()?` is the folder.".to_owned(),
        _ => SHELL.to_owned(),
    }
}

/// `!ls`, `! ls -l`, `!pip install x`.
pub(super) fn shell(line: &Line, i: usize) -> Option<String> {
    if i > 0 || !line.is(0, "!") || line.is(2, "(") && line.adjacent(1) {
        return None;
    }
    let name = line.word(1)?;
    (line.adjacent(0) || COMMANDS.contains(&name) || INSTALLERS.contains(&name))
        .then(|| command(name))
}

/// `!pip install x`, `!ls *.csv`, `! ls -l`, which cannot be anything else.
pub(super) fn command_line(line: &Line, i: usize) -> Option<String> {
    let known =
        line.word(1).is_some_and(|name| COMMANDS.contains(&name) || INSTALLERS.contains(&name));
    let argument = line.word(2).is_some() || line.is(2, "-") && line.is(3, "-");
    let argument = argument || known && line.tokens.len() > 2;
    if argument { shell(line, i) } else { None }
}

/// `ls`, `cd /tmp`, `pip install numpy` without `!`; `ls` may be a name.
pub(super) fn bare_command(line: &Line, i: usize) -> Option<String> {
    let name = line.word(0).filter(|_| i == 0)?;
    let installs = INSTALLERS.contains(&name) && (line.is(1, "install") || line.is(1, "add"));
    let argument = line.kind(1).is_none()
        || !line.adjacent(0)
            && (line.word(1).is_some()
                || ["/", ".", "..", "*", "-", "~"].iter().any(|sign| line.is(1, sign)));
    (installs || COMMANDS.contains(&name) && argument && line.ty(name).is_none())
        .then(|| command(name))
}

/// `pip install numpy`, which cannot be anything else.
pub(super) fn installs(line: &Line, i: usize) -> Option<String> {
    let words = line.word(1).is_some() && !line.is(1, "as");
    let name = line.word(0).filter(|_| i == 0 && words)?;
    (INSTALLERS.contains(&name) || COMMANDS.contains(&name)).then(|| command(name))
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

/// A line with a colon for a block: `for i in range(10):`, `if x > 3: print(x)`, `else:`.
pub(super) fn block(line: &Line, i: usize) -> Option<String> {
    let last = line.tokens.len().checked_sub(1)?;
    let word = line.word(0).filter(|_| i == 0)?;
    let of_one_line = ["for", "while", "if", "elif", "else", "with"].contains(&word);
    let colon = line.outside(1, last + 1, ":").filter(|at| *at == last || of_one_line)?;
    let body = if colon == last { "...".to_owned() } else { body(line, colon + 1) };
    let braces = "a block is written in braces, not after a colon";
    match word {
        "for" => {
            let at = line.outside(1, colon, "in")?;
            let source = over(line, at + 1, colon);
            let text = line.text(at + 1, colon);
            let plain = source.iterator.trim_end_matches(".iter()").trim_end_matches(".into_iter()");
            // A loop creates the iterator itself.
            let range = range_of(line, at + 1);
            let source = match plain.strip_prefix('(').and_then(|it| it.strip_suffix(')')) {
                _ if range.is_some() => range.unwrap_or_default(),
                Some(inner) if inner == text => inner.to_owned(),
                _ if plain == text && source.copies => format!("&{plain}"),
                _ => plain.to_owned(),
            };
            let names = variables(line, 1, at);
            Some(format!("a loop is written `for {names} in {source} {{ {body} }}`: {braces}."))
        }
        "while" if line.is(1, "True") || line.is(1, "1") => {
            Some(format!("`loop {{ {body} }}` goes on until a `break`: {braces}."))
        }
        "while" | "if" => {
            let condition = rust(line, 1, colon, false);
            Some(format!("`{word} {condition} {{ {body} }}`: {braces}."))
        }
        "elif" => Some(format!("`}} else if {} {{ {body} }}`: {braces}.", rust(line, 1, colon, false))),
        "else" => Some(format!("`}} else {{ {body} }}`: {braces}.")),
        "try" | "except" | "finally" => Some(
            "a call that may fail gives a `Result`. `?` after it ends the cell with the error; `match` \
             handles it: `match f() { Ok(value) => ..., Err(error) => ... }`."
                .to_owned(),
        ),
        "with" => Some(
            "a file closes itself at the end of its block. To read one: \
             `std::fs::read_to_string(\"file.txt\")?`."
                .to_owned(),
        ),
        "match" | "case" => Some(
            "`match x { 1 => \"one\", _ => \"more\" }`: the cases are written in braces.".to_owned(),
        ),
        _ => None,
    }
}

/// The statements from token `from` to the end of the line.
fn body(line: &Line, from: usize) -> String {
    let end = line.tokens.len();
    let call = line.is(from, "print") && line.is(from + 1, "(");
    match line.closing(from + 1).filter(|_| call) {
        Some(last) if last + 1 >= end => format!("{};", printed(line, from + 2, last)),
        _ if line.is(from, "pass") => String::new(),
        _ if line.is(from + 1, ".") && line.is(from + 2, "append") => {
            format!("{}.push{};", line.text(from, from + 1), rust(line, from + 3, end, false))
        }
        _ => format!("{};", rust(line, from, end, false).trim_end_matches(';')),
    }
}

pub(super) fn elif(line: &Line, i: usize) -> Option<String> {
    let words = line.is(i, "elif") || line.is(i, "elseif") || line.is(i, "elsif");
    words.then(|| {
        "`else if`, in two words: `if a { ... } else if b { ... } else { ... }`.".to_owned()
    })
}

/// A keyword with its operand: `del x`, `print x`, `assert x`, `raise E`, and `type(x)`.
pub(super) fn statement(line: &Line, i: usize) -> Option<String> {
    let word = line.word(i).filter(|_| i == 0 || line.is(i - 1, "="))?;
    let operand = line.value(i + 1) && !line.is(i + 1, "(");
    let text = match word {
        "del" if operand => {
            let name = line.tokens[i + 1].text;
            return Some(format!("`drop({name});` removes a variable and frees its memory."));
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

/// `a, b = 1, 2`, `let a, b = 1, 2;`.
pub(super) fn tuple(line: &Line, i: usize) -> Option<String> {
    let first = usize::from(line.is(0, "let"));
    let first = first + usize::from(first == 1 && line.is(1, "mut"));
    let equals = (0..line.tokens.len()).find(|&k| line.is(k, "="))?;
    let names = (first..equals)
        .all(|k| if (k - first) % 2 == 0 { line.word(k).is_some() } else { line.is(k, ",") });
    if i > 0 || equals < first + 3 || (equals - first) % 2 == 0 || !names {
        return None;
    }
    let (left, right) = (line.text(first, equals), line.text(equals + 1, line.tokens.len()));
    let right = right.trim_end_matches(';');
    let right = if right.contains(',') && !right.ends_with(')') {
        format!("({right})")
    } else {
        right.to_owned()
    };
    Some(format!("several variables are made with `let ({left}) = {right};`."))
}

/// `x, y` as a whole line: values are shown together as a tuple.
pub(super) fn bare_tuple(line: &Line, i: usize) -> Option<String> {
    let end = line.tokens.len();
    let comma = line.outside(0, end, ",").filter(|_| i == 0)?;
    let begins =
        line.value(0) && !line.is(0, "use") && end >= 3 && comma > 0 && line.value(comma + 1);
    let plain = (0..end).all(|k| {
        !["=", "{", "}", ";", "|", ":", "=>", "->", "<"].iter().any(|sign| line.is(k, sign))
    });
    let closed = (0..end)
        .filter(|k| line.is(*k, "(") || line.is(*k, "["))
        .all(|k| line.closing(k).is_some());
    let opened = {
        let count = |sign: &str| (0..end).filter(|k| line.is(*k, sign)).count();
        count("(") == count(")") && count("[") == count("]")
    };
    let words = !(0..comma).any(|k| {
        line.kind(k + 1).is_some() && line.word(k).is_some() && line.word(k + 1).is_some()
    });
    (begins && plain && closed && opened && words && line.tokens[end - 1].ends_value()).then(|| {
        format!("several values are shown together as a tuple: `({})`.", line.text(0, end))
    })
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
