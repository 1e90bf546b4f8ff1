//! Expressions that other languages write differently.

use super::python::{over, rust, variables};
use super::scan::Kind;
use super::shapes::Line;

/// `lambda x: x + 1`.
pub(super) fn lambda(line: &Line, i: usize) -> Option<String> {
    if !line.is(i, "lambda") {
        return None;
    }
    let end = line.tokens.len();
    let colon = line.outside(i + 1, end, ":")?;
    let stop = (colon + 1..end).find(|&k| {
        let text = line.tokens[k].text;
        let open = (colon + 1..k).filter(|&k| matches!(line.tokens[k].text, "(" | "[")).count();
        let closed = (colon + 1..k).filter(|&k| matches!(line.tokens[k].text, ")" | "]")).count();
        open == closed && matches!(text, ")" | "]" | "," | ";")
    });
    let body = line.text(colon + 1, stop.unwrap_or(end));
    Some(format!("a function without a name is written `|{}| {body}`.", line.text(i + 1, colon)))
}

/// `[2 * x for x in xs]`, `sum(x for x in xs)`, `{x for x in xs}`, `{k: v for k in ks}`.
pub(super) fn comprehension(line: &Line, i: usize) -> Option<String> {
    if !["[", "(", "{"].iter().any(|open| line.is(i, open)) {
        return None;
    }
    let end = line.closing(i)?;
    let at = line.outside(i + 1, end, "for")?;
    let within = line.outside(at, end, "in")?;
    if at == i + 1 {
        return None;
    }
    let second = line.outside(within, end, "for");
    let condition = line.outside(within, end, "if").filter(|it| second.is_none_or(|at| at < *it));
    let stop = second.or(condition).unwrap_or(end);
    let mut source = over(line, within + 1, stop);
    let variable = variables(line, at + 1, within);
    let pair = if line.is(i, "{") { line.outside(i + 1, at, ":") } else { None };
    let result = match pair {
        Some(colon) => {
            format!("({}, {})", rust(line, i + 1, colon, false), rust(line, colon + 1, at, false))
        }
        None => rust(line, i + 1, at, source.floats),
    };
    let compares =
        ["<", ">", "==", "!=", " as ", "pow", "if "].iter().any(|it| result.contains(it));
    if source.copies && (condition.is_some() || compares || result == variable || pair.is_some()) {
        source.iterator.push_str(".copied()");
        source.owns = true;
    }
    let filter = condition.map_or(String::new(), |condition| {
        let copied = source.owns || line.ty(line.text(within + 1, stop)).is_none();
        if copied && !source.owns {
            source.iterator.push_str(".copied()");
        }
        let by = if copied && !source.iterator.contains("chars()") { "&" } else { "" };
        format!(".filter(|{by}{variable}| {})", rust(line, condition + 1, end, source.floats))
    });
    let over_text = &source.iterator;
    let map = if result == variable && source.owns {
        String::new()
    } else {
        format!(".map(|{variable}| {result})")
    };
    if let Some(second) = second {
        let inner = line.outside(second, end, "in")?;
        let last = condition.unwrap_or(end);
        let other = over(line, inner + 1, last);
        let inner_variable = variables(line, second + 1, inner);
        return Some(format!(
            "a new list is made with `{over_text}.flat_map(|{variable}| {}.map(move |{inner_variable}| \
             {result})).collect::<Vec<_>>()`.",
            other.iterator
        ));
    }
    let called = i.checked_sub(1).and_then(|before| line.word(before));
    Some(match called.filter(|_| line.is(i, "(")) {
        Some("sum") => {
            let ty = if source.floats { "f64" } else { "i32" };
            let ty = if source.owns || source.floats { ty } else { "f64" };
            format!("a sum is `{over_text}{filter}{map}.sum::<{ty}>()`.")
        }
        Some(word @ ("any" | "all")) if condition.is_none() => {
            format!("it is a method of an iterator: `{over_text}.{word}(|{variable}| {result})`.")
        }
        _ if line.is(i, "{") && !source.floats => {
            let (what, ty) = match pair {
                Some(_) => ("dictionary", "HashMap<_, _>"),
                None => ("set", "HashSet<_>"),
            };
            format!(
                "a new {what} is made with `{over_text}{filter}{map}.collect::<std::collections::{ty}>()`."
            )
        }
        _ if line.is(i, "{") => format!(
            "numbers with decimals cannot be the keys of a dictionary or the members of a set. A list has \
             room for them: `{over_text}{filter}{map}.collect::<Vec<_>>()`."
        ),
        _ => format!("a new list is made with `{over_text}{filter}{map}.collect::<Vec<_>>()`."),
    })
}

/// `{"a": 1}`.
pub(super) fn dictionary(line: &Line, i: usize) -> Option<String> {
    let key = matches!(line.kind(i + 1), Some(Kind::Text | Kind::Single));
    (line.is(i, "{") && key && line.is(i + 2, ":")).then(|| {
        let key = line.tokens[i + 1].text.trim_matches(['"', '\'']);
        format!("a dictionary is `std::collections::HashMap::from([(\"{key}\", ...), ...])`.")
    })
}

/// `f"{x:.2f}"`.
pub(super) fn f_string(line: &Line, i: usize) -> Option<String> {
    let prefix = matches!(line.word(i)?, "f" | "F" | "rf" | "fr");
    let text = matches!(line.kind(i + 1), Some(Kind::Text | Kind::Single));
    if !(prefix && text && line.adjacent(i)) {
        return None;
    }
    let quoted = line.tokens[i + 1].text;
    let inside = quoted.trim_matches(['"', '\'']);
    let rust = without_kinds(inside);
    let printed = i >= 2 && line.is(i - 1, "(") && line.is(i - 2, "print");
    let made = if printed { "println!" } else { "format!" };
    Some(format!(
        "values are put into a text with `{made}(\"{rust}\")`. Only names may stand in the braces; an \
         expression comes after the text: `{made}(\"{{}}\", a + b)`."
    ))
}

/// Python's `{x:.2f}` and `{n:5d}` as Rust's `{x:.2}` and `{n:5}`.
pub(super) fn without_kinds(text: &str) -> String {
    let mut out = String::new();
    for part in text.split_inclusive('}') {
        let field = part.rsplit_once('{').map_or("", |(_, field)| field);
        let kind = field.contains(':').then(|| part.strip_suffix('}')).flatten();
        match kind.and_then(|part| part.strip_suffix(['f', 'd', 'g', 's'])) {
            Some(short) => out.push_str(&format!("{short}}}")),
            None => out.push_str(part),
        }
    }
    out
}

/// `"""a text"""`.
pub(super) fn triple_quotes(line: &Line, i: usize) -> Option<String> {
    let empty = matches!(line.tokens[i].text, "\"\"" | "''");
    let quote = matches!(line.kind(i + 1), Some(Kind::Text | Kind::Single | Kind::Letter));
    (empty && quote && line.adjacent(i)).then(|| {
        "a text in plain double quotes may span several lines. The documentation of a function goes in \
         lines above it that begin with `///`."
            .to_owned()
    })
}

/// `'ring'`.
pub(super) fn single_quotes(line: &Line, i: usize) -> Option<String> {
    let token = line.tokens[i];
    (token.kind == Kind::Single).then(|| {
        let inside = token.text.trim_matches('\'');
        format!("a text is written in double quotes: `\"{inside}\"`.")
    })
}

/// `x ** 2`.
pub(super) fn power(line: &Line, i: usize) -> Option<String> {
    let signed = line.is(i + 1, "-");
    let at = if signed { i + 2 } else { i + 1 };
    if !(line.is(i, "**") || line.is(i, "^")) || !line.after_value(i) || !line.value(at) {
        return None;
    }
    let exponent = line.tokens[at];
    let sign = if signed { "-" } else { "" };
    let whole = exponent.kind == Kind::Number && !exponent.text.contains(['.', 'e']);
    let base = match line.tokens[i - 1].kind {
        Kind::Word => line.tokens[i - 1].text.to_owned(),
        Kind::Number if line.tokens[i - 1].text.contains('.') => {
            format!("{}_f64", line.tokens[i - 1].text)
        }
        Kind::Number => line.tokens[i - 1].text.to_owned(),
        _ => "x".to_owned(),
    };
    let number = line.tokens[i - 1].kind == Kind::Number && !base.contains('.');
    let power = match (whole, exponent.text) {
        (true, text) if number && signed => format!("`{base}_f64.powi(-{text})`"),
        (true, text) if number => format!("`{base}_i64.pow({text})`"),
        (true, text) if signed => format!("`{base}.powi(-{text})`"),
        (true, text) => format!("`{base}.powi({text})`, or `{base}.pow({text})` of a whole number"),
        (false, "0.5") if !signed && !number => format!("`{base}.sqrt()`"),
        (false, text) if exponent.kind == Kind::Number && number => {
            format!("`{base}_f64.powf({sign}{text})`")
        }
        (false, text) if exponent.kind == Kind::Number => format!("`{base}.powf({sign}{text})`"),
        (false, text) if number => {
            format!(
                "`{base}_i64.pow({text} as u32)`, or `{base}_f64.powf({sign}{text} as f64)` with decimals"
            )
        }
        (false, text) => format!(
            "`{base}.powf({sign}{text})` where both have decimals, or `{base}.pow({text} as u32)` where both are whole"
        ),
    };
    let or = if line.is(i, "^") { " `^` is bitwise exclusive or." } else { "" };
    Some(format!("a power is {power}.{or}"))
}

/// `x[-1]`.
pub(super) fn last_element(line: &Line, i: usize) -> Option<String> {
    let from_end = line.is(i, "[") && line.is(i + 1, "-") && line.kind(i + 2) == Some(Kind::Number);
    if !(from_end && line.is(i + 3, "]") && line.after_value(i)) {
        return None;
    }
    let number = line.tokens[i + 2].text;
    let name = line.word(i - 1).unwrap_or("x");
    let last = if number == "1" {
        format!(", or `{name}.last()`, which is an `Option`")
    } else {
        String::new()
    };
    Some(format!("elements are counted from the start: `{name}[{name}.len() - {number}]`{last}."))
}

/// `x[1:3]`, `x[::2]`.
pub(super) fn slice(line: &Line, i: usize) -> Option<String> {
    if !line.is(i, "[") || !line.after_value(i) {
        return None;
    }
    let end = line.closing(i)?;
    let name = line.word(i - 1).unwrap_or("x");
    if line.is(i + 1, "::") && end == i + 3 {
        let step = line.text(i + 2, end);
        return Some(if step == "-" || step.starts_with('-') {
            format!("`{name}.iter().rev()` goes through a list from its end.")
        } else {
            format!("`{name}.iter().step_by({step})` takes every {step}th element.")
        });
    }
    if line.is(i + 1, "::") && line.is(i + 2, "-") {
        return Some(format!("`{name}.iter().rev()` goes through a list from its end."));
    }
    let colon = line.outside(i + 1, end, ":")?;
    let (from, to) = (line.text(i + 1, colon), line.text(colon + 1, end));
    if let Some(count) = to.strip_prefix('-') {
        return Some(format!("a part of a list is `&{name}[{from}..{name}.len() - {count}]`."));
    }
    if let Some(count) = from.strip_prefix('-') {
        return Some(format!("the last {count} elements are `&{name}[{name}.len() - {count}..]`."));
    }
    Some(format!("a part of a list is `&{name}[{from}..{to}]`."))
}

/// `range(10)`.
pub(super) fn range(line: &Line, i: usize) -> Option<String> {
    let range = range_of(line, i)?;
    (i == 0 || !(line.is(i - 1, ".") || line.is(i - 1, "fn")))
        .then(|| format!("whole numbers from one to another are `{range}`."))
}

/// `range(a, b, step)` at token `i` as Rust writes it.
pub(super) fn range_of(line: &Line, i: usize) -> Option<String> {
    if !line.is(i, "range") || !line.is(i + 1, "(") {
        return None;
    }
    let end = line.closing(i + 1)?;
    let mut parts = Vec::new();
    let mut from = i + 2;
    while let Some(comma) = line.outside(from, end, ",") {
        parts.push(line.text(from, comma));
        from = comma + 1;
    }
    parts.push(line.text(from, end));
    let length = |part: &str| {
        let name = part.strip_prefix("len(").and_then(|rest| rest.strip_suffix(')'));
        name.map_or_else(|| part.to_owned(), |name| format!("{name}.len()"))
    };
    match parts[..] {
        [to] => Some(format!("0..{}", length(to))),
        [from, to] => Some(format!("{from}..{}", length(to))),
        [from, to, step] => Some(format!("({from}..{}).step_by({step})", length(to))),
        _ => None,
    }
}

/// `a and b`, `not a`.
pub(super) fn logic(line: &Line, i: usize) -> Option<String> {
    if i > 0 && line.is(i - 1, ".") {
        return None;
    }
    let between = line.after_value(i) && (line.value(i + 1) || line.is(i + 1, "!"));
    match line.word(i)? {
        "and" if between || line.after_value(i) && line.is(i + 1, "not") => {
            Some("`and` is written `&&`.".to_owned())
        }
        "or" if between || line.after_value(i) && line.is(i + 1, "not") => {
            Some("`or` is written `||`.".to_owned())
        }
        "not" if line.is(i + 1, "in") => membership(line, i + 1),
        "not" if line.value(i + 1) && !(i > 0 && line.is(i - 1, "is")) => {
            let operand = if line.is(i + 1, "(") { "(...)" } else { line.tokens[i + 1].text };
            Some(format!("`not` is written `!`: `!{operand}`."))
        }
        _ => None,
    }
}

/// `True`, `False`.
pub(super) fn truth(line: &Line, i: usize) -> Option<String> {
    let part = i > 0 && (line.is(i - 1, "::") || line.is(i - 1, "."));
    match line.word(i)? {
        word @ ("True" | "False") if !part => {
            Some(format!("`{word}` is written `{}`.", word.to_lowercase()))
        }
        _ => None,
    }
}

/// `x is None`.
pub(super) fn is_none(line: &Line, i: usize) -> Option<String> {
    if !line.is(i, "is") || !line.after_value(i) {
        return None;
    }
    let name = line.word(i - 1).unwrap_or("x");
    match (line.word(i + 1)?, line.word(i + 2)) {
        ("None", _) => Some(format!("`{name}.is_none()` tells whether there is no value.")),
        ("not", Some("None")) => {
            Some(format!("`{name}.is_some()` tells whether there is a value."))
        }
        _ => Some("two values are compared with `==`.".to_owned()),
    }
}

/// `x in xs` outside a loop.
pub(super) fn membership(line: &Line, i: usize) -> Option<String> {
    let after_not = i > 1 && line.is(i - 1, "not");
    let value = if after_not { i - 2 } else { i.checked_sub(1)? };
    let in_loop = (0..i).any(|k| line.is(k, "for"));
    if !line.is(i, "in") || in_loop || !line.tokens[value].ends_value() || !line.value(i + 1) {
        return None;
    }
    let not = if after_not { "!" } else { "" };
    let name = line.tokens[value].text;
    let within = line.word(i + 1).unwrap_or("list");
    Some(format!("`{not}{within}.contains(&{name})` tells whether it is there."))
}

/// `a if c else b`.
pub(super) fn choice(line: &Line, i: usize) -> Option<String> {
    if !line.is(i, "if") || !line.after_value(i) {
        return None;
    }
    let otherwise =
        line.outside(i + 1, line.tokens.len(), "else").filter(|&k| !line.is(k + 1, "{"))?;
    let condition = line.text(i + 1, otherwise);
    Some(format!("a choice is written `if {condition} {{ a }} else {{ b }}`."))
}
