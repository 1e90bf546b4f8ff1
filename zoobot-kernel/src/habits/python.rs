//! Translates Python's expressions to Rust, as far as the words alone allow.

use super::expressions::{range_of, without_kinds};
use super::scan::Kind;
use super::shapes::Line;

/// Functions of Python and numpy that are methods of numbers in Rust, with their names in Rust.
const OF_NUMBERS: [(&str, &str); 20] = [
    ("sqrt", "sqrt"),
    ("abs", "abs"),
    ("fabs", "abs"),
    ("exp", "exp"),
    ("log", "ln"),
    ("log10", "log10"),
    ("log2", "log2"),
    ("sin", "sin"),
    ("cos", "cos"),
    ("tan", "tan"),
    ("floor", "floor"),
    ("ceil", "ceil"),
    ("round", "round"),
    ("len", "len"),
    ("str", "to_string"),
    ("isnan", "is_nan"),
    ("isfinite", "is_finite"),
    ("radians", "to_radians"),
    ("deg2rad", "to_radians"),
    ("degrees", "to_degrees"),
];
/// Methods that have another name in Rust.
const RENAMED: [(&str, &str); 5] = [
    ("upper", "to_uppercase"),
    ("lower", "to_lowercase"),
    ("strip", "trim"),
    ("startswith", "starts_with"),
    ("endswith", "ends_with"),
];
const MODULES: [&str; 3] = ["math", "np", "numpy"];

/// What a loop iterates over.
pub(super) struct Over {
    /// The iterator.
    pub(super) iterator: String,
    /// Whether its elements are floats.
    pub(super) floats: bool,
    /// Whether it yields references to elements that can be copied.
    pub(super) copies: bool,
    /// Whether it yields its elements by value.
    pub(super) owns: bool,
}

/// Translates the tokens from `from` up to `to`, over which a loop iterates.
pub(super) fn over(line: &Line, from: usize, to: usize) -> Over {
    let text = line.text(from, to);
    let owned =
        |iterator: String, floats: bool| Over { iterator, floats, copies: false, owns: true };
    if let Some(range) = range_of(line, from) {
        let range = if range.starts_with('(') { range } else { format!("({range})") };
        return owned(range, false);
    }
    if ["..", "..="].iter().any(|sign| line.outside(from, to, sign).is_some()) {
        return owned(format!("({text})"), false);
    }
    let call = line.is(from + 1, "(") && line.closing(from + 1) == to.checked_sub(1);
    if let (true, Some(function)) = (call, line.word(from)) {
        let (first, last) = (from + 2, to - 1);
        match function {
            "enumerate" | "reversed" => {
                let inner = over(line, first, last);
                let then = if function == "enumerate" { "enumerate" } else { "rev" };
                let copied = if inner.copies { ".copied()" } else { "" };
                let iterator = format!("{}{copied}.{then}()", inner.iterator);
                return Over { iterator, owns: true, copies: false, ..inner };
            }
            "zip" => {
                if let Some(comma) = line.outside(first, last, ",") {
                    let inner = over(line, first, comma);
                    let other = over(line, comma + 1, last);
                    let copied = |it: &Over| if it.copies { ".copied()" } else { "" };
                    let iterator = format!(
                        "{}{}.zip({}{})",
                        inner.iterator,
                        copied(&inner),
                        other.iterator,
                        copied(&other)
                    );
                    return Over { iterator, owns: true, copies: false, ..inner };
                }
            }
            _ => {}
        }
    }
    if matches!(line.kind(from), Some(Kind::Text | Kind::Single)) && to == from + 1 {
        return owned(format!("{}.chars()", rust(line, from, to, false)), false);
    }
    if line.is(from, "[") && line.closing(from) == to.checked_sub(1) {
        return owned(format!("{text}.into_iter()"), text.contains('.'));
    }
    if let Some(map) = text.strip_suffix(".items()") {
        return owned(format!("{map}.iter()"), false);
    }
    if text.ends_with(')')
        && [".iter()", ".chars()", ".keys()", ".values()", ".into_iter()"]
            .iter()
            .any(|it| text.contains(it))
    {
        return owned(text.to_owned(), false);
    }
    if text.ends_with([')', '?']) && !text.starts_with('(') {
        return owned(format!("{text}.into_iter()"), text.contains("numbers("));
    }
    let ty = line
        .word(from)
        .filter(|_| to == from + 1)
        .and_then(|name| line.ty(name))
        .unwrap_or_default();
    let element = ty.split_once("Vec<").map_or(ty, |(_, inner)| inner);
    let is = |names: &[&str]| {
        names.iter().any(|name| element.trim_start_matches(['&', '[']).starts_with(name))
    };
    if ty.ends_with("Catalog") {
        return owned(format!("{text}.ids().iter().cloned()"), false);
    }
    if ty.ends_with("String") && !ty.contains("Vec<") || ty == "&str" {
        return owned(format!("{text}.chars()"), false);
    }
    let list = ty.contains("Vec<") || ty.contains('[');
    let floats = list && is(&["f64", "f32"]);
    let whole = [
        "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "usize", "isize", "bool", "char",
        "str",
    ];
    Over {
        iterator: format!("{text}.iter()"),
        floats,
        copies: floats || list && is(&whole),
        owns: false,
    }
}

/// The variables of a loop: `i`, or `(i, x)`.
pub(super) fn variables(line: &Line, from: usize, to: usize) -> String {
    let names = line.text(from, to);
    if names.contains(',') && !names.starts_with('(') {
        format!("({names})")
    } else {
        names.to_owned()
    }
}

/// The tokens from `from` up to `to` as Rust writes them; `floats` turns numbers into floats.
pub(super) fn rust(line: &Line, from: usize, to: usize, floats: bool) -> String {
    if let Some(condition) = line.outside(from, to, "if").filter(|at| *at > from)
        && let Some(otherwise) = line.outside(condition, to, "else")
    {
        let part = |from, to| rust(line, from, to, floats);
        return format!(
            "if {} {{ {} }} else {{ {} }}",
            part(condition + 1, otherwise),
            part(from, condition),
            part(otherwise + 1, to)
        );
    }
    let mut out = String::new();
    let mut k = from;
    while k < to.min(line.tokens.len()) {
        if k > from {
            out.push_str(line.gap(k));
        }
        let (text, next) = piece(line, k, to, floats);
        out.push_str(&text);
        k = next;
    }
    out
}

/// The token at `k` in Rust, with what belongs to it, and the index of the token after that.
fn piece(line: &Line, k: usize, to: usize, floats: bool) -> (String, usize) {
    let token = line.tokens[k];
    let member = k > 0 && line.is(k - 1, ".");
    let is_module = MODULES.iter().any(|name| line.is(k, name)) && line.is(k + 1, ".");
    let at = if is_module { k + 2 } else { k };
    if let (Some(word), true, false) = (line.word(at), line.is(at + 1, "("), member)
        && let Some(end) = line.closing(at + 1).filter(|end| *end < to)
    {
        let inner = || rust(line, at + 2, end, floats);
        if word == "print" || word == "println" {
            return (printed(line, at + 2, end), end + 1);
        }
        if let Some(range) = range_of(line, at) {
            return (format!("({range})"), end + 1);
        }
        if let Some((_, method)) = OF_NUMBERS.iter().find(|(name, _)| *name == word) {
            return (format!("{}.{method}()", atom(&inner())), end + 1);
        }
        if word == "int" || word == "float" {
            let ty = if word == "int" { "i64" } else { "f64" };
            return (format!("({} as {ty})", atom(&inner())), end + 1);
        }
    }
    if is_module && line.is(k + 2, "pi") {
        return ("std::f64::consts::PI".to_owned(), k + 3);
    }
    if line.is(k + 1, "**") && k + 2 < to && token.ends_value() {
        return (power(line, k, floats), k + 3);
    }
    let after = k + 1;
    let text = match token.kind {
        Kind::Single => format!("\"{}\"", token.text.trim_matches('\'')),
        Kind::Number
            if floats && token.text.bytes().all(|b| b.is_ascii_digit()) && counts(line, k) =>
        {
            format!("{}.0", token.text)
        }
        Kind::Word
            if matches!(token.text, "f" | "F")
                && matches!(line.kind(after), Some(Kind::Text | Kind::Single)) =>
        {
            let inside = line.tokens[after].text.trim_matches(['"', '\'']);
            return (format!("format!(\"{}\")", without_kinds(inside)), k + 2);
        }
        Kind::Word if member => {
            let known = RENAMED.iter().find(|(name, _)| *name == token.text);
            known.map_or(token.text, |(_, name)| name).to_owned()
        }
        Kind::Word => match token.text {
            "True" => "true".to_owned(),
            "False" => "false".to_owned(),
            "and" => "&&".to_owned(),
            "or" => "||".to_owned(),
            "not" => return ("!".to_owned() + &rust(line, after, to, floats), to),
            word => word.to_owned(),
        },
        _ => token.text.to_owned(),
    };
    (text, after)
}

/// Whether a number is an operand of arithmetic, not an index or argument.
fn counts(line: &Line, k: usize) -> bool {
    let signs = ["+", "-", "*", "/", "%", "<", ">", "<=", ">=", "==", "!="];
    let is = |k: usize| signs.iter().any(|sign| line.is(k, sign));
    k > 0 && is(k - 1) || is(k + 1)
}

/// `x**2` at token `k`.
fn power(line: &Line, k: usize, floats: bool) -> String {
    let (base, exponent) = (line.tokens[k], line.tokens[k + 2]);
    let whole = exponent.text.bytes().all(|b| b.is_ascii_digit());
    match (base.kind, exponent.text) {
        (Kind::Word, "2") => format!("({0} * {0})", base.text),
        (Kind::Word, "3") => format!("({0} * {0} * {0})", base.text),
        (Kind::Number, _) if base.text.contains('.') => {
            format!("{}_f64.powf({} as f64)", base.text, exponent.text)
        }
        (Kind::Number, _) => format!("{}_i64.pow({} as u32)", base.text, exponent.text),
        (_, "0.5") => format!("{}.sqrt()", base.text),
        (_, text) if whole && floats => format!("{}.powi({text})", base.text),
        (_, text) if whole => format!("{}.pow({text})", base.text),
        (_, text) => format!("{}.powf({text})", base.text),
    }
}

/// The value, in brackets if a method call needs them.
fn atom(text: &str) -> String {
    let plain = text.chars().all(|c| c.is_alphanumeric() || c == '_');
    if plain && !text.starts_with(|c: char| c.is_ascii_digit()) {
        text.to_owned()
    } else {
        format!("({text})")
    }
}

/// The Rust for `print(...)` with these tokens.
pub(super) fn printed(line: &Line, from: usize, to: usize) -> String {
    let inside = |k: usize| line.tokens[k].text.trim_matches(['"', '\'']);
    match (line.kind(from), to.saturating_sub(from)) {
        (_, 0) => "println!()".to_owned(),
        (Some(Kind::Word), 2)
            if matches!(line.kind(from + 1), Some(Kind::Text | Kind::Single))
                && line.is(from, "f") =>
        {
            format!("println!(\"{}\")", without_kinds(inside(from + 1)))
        }
        (Some(Kind::Text | Kind::Single), 1) => format!("println!(\"{}\")", inside(from)),
        (Some(Kind::Text), _) => format!("println!({})", line.text(from, to)),
        (Some(Kind::Word), 1) => {
            let name = line.tokens[from].text;
            let shown = if line.ty(name).is_some_and(|ty| ty.contains("Vec<")) { ":?" } else { "" };
            format!("println!(\"{{{name}{shown}}}\")")
        }
        _ => {
            let mut places = vec!["{}"];
            let mut at = from;
            while let Some(comma) = line.outside(at, to, ",") {
                places.push("{}");
                at = comma + 1;
            }
            format!("println!(\"{}\", {})", places.join(" "), rust(line, from, to, false))
        }
    }
}
