//! Advice on what a value does not have or Rust writes differently: a method, an index, an operator, a
//! condition, a text to print.

use super::{marked, place_of};
use crate::diagnostics::Diagnostic;
use crate::habits::{self, Holder};

/// Advice for a method or field that a catalogue, a table or a column does not have.
pub(super) fn member(error: &Diagnostic, name: &str, code: &str) -> Option<String> {
    let at = place_of(error, code)?;
    if name == "into_iter" && error.message.contains("ChunkedArray<") {
        return Some(
            "it is written `.iter()`: each value is an `Option`, `None` where it is missing. \
             `galaxies.numbers(\"magnitude\")?` has the numbers of a column, NaN where they are missing."
                .to_owned(),
        );
    }
    let holder = Holder::in_message(&error.message)?;
    let receiver = receiver(code, code[..at].trim_end().strip_suffix('.')?.len());
    let behind = code[at..].strip_prefix(name)?;
    let argument = behind.trim_start().strip_prefix("(\"").and_then(|rest| rest.split('"').next());
    let known = habits::member(holder, name, receiver, argument);
    known.or_else(|| {
        (error.is("E0609") && holder != Holder::Column)
            .then(|| format!("a column is taken with `{receiver}.column(\"{name}\")?`."))
    })
}

/// The expression that ends at byte `end` of the code: `galaxies.column("a")?`.
fn receiver(code: &str, end: usize) -> &str {
    let mut depth = 0_usize;
    let mut quoted = false;
    let mut start = end;
    for (at, c) in code[..end].char_indices().rev() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            ')' | ']' | '}' => depth += 1,
            '(' | '[' | '{' if depth == 0 => break,
            '(' | '[' | '{' => depth -= 1,
            c if depth > 0 || c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '?' | '!') => {}
            _ => break,
        }
        start = at;
    }
    code[start..end].trim()
}

/// Advice for `x[i]` where x cannot be indexed like this.
pub(super) fn indexed(error: &Diagnostic, code: &str) -> Option<String> {
    let mut quoted = error.message.split('`').skip(1).step_by(2);
    let (ty, by) = (quoted.next()?, quoted.next().unwrap_or_default());
    let at = place_of(error, code)?;
    if !(error.message.contains("cannot be indexed by") || error.is("E0608")) {
        return None;
    }
    let open = match code[at..].starts_with('[') && error.is("E0608") {
        true => at,
        false => match code[at..].find('[').filter(|_| error.is("E0608")) {
            Some(open) => at + open,
            None => code[..at].rfind('[')?,
        },
    };
    let mut depth = 0;
    let close = code[open..].char_indices().find(|(_, c)| {
        depth += i32::from(*c == '[') - i32::from(*c == ']');
        depth == 0
    })?;
    let index = code[open + 1..open + close.0].trim();
    habits::index(ty, by, receiver(code, open), index)
}

/// Advice for the arguments of figures and the conditions of filters.
pub(super) fn of_figures_and_conditions(
    error: &Diagnostic,
    line: &str,
    code: &str,
) -> Option<String> {
    let message = error.message.as_str();
    let argument = marked(error, code).unwrap_or_default();
    if message.contains("`Numbers: From<") && argument.starts_with('"') {
        return Some(format!(
            "a name is no column: take it from the catalogue, `galaxies.column({argument})?`."
        ));
    }
    if message.contains("`Filter: From<&str>`") {
        return Some(
            "a condition is written in Rust: `galaxies.filter(col(\"class\").eq(lit(\"ring\")))?`."
                .to_owned(),
        );
    }
    let filters = message.contains("`Filter: From<bool>`")
        || (error.is("E0369") && message.contains("`Expr`"))
        || (error.is("E0308")
            && line.contains("col(")
            && ["==", "!="].iter().any(|sign| line.contains(sign)));
    filters.then(|| condition(line)).flatten()
}

/// `col("a") < 17` as polars writes it.
fn condition(line: &str) -> Option<String> {
    let start = line.find("col(")?;
    let signs =
        [("==", "eq"), ("!=", "neq"), ("<=", "lt_eq"), (">=", "gt_eq"), ("<", "lt"), (">", "gt")];
    let (at, sign, method) = signs
        .iter()
        .filter_map(|(sign, method)| Some((start + line[start..].find(sign)?, *sign, *method)))
        .min_by_key(|(at, sign, _)| (*at, std::cmp::Reverse(sign.len())))?;
    let left = line[start..at].trim();
    let right = line[at + sign.len()..].trim_start();
    let right = match right.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
        Some((text, _)) => format!("\"{text}\""),
        None => {
            right[..right.find([')', ';', '&', '|', ' ', ',']).unwrap_or(right.len())].to_owned()
        }
    };
    let value = if right.starts_with("lit(") || right.starts_with("col(") {
        format!("{right})")
    } else {
        format!("lit({right})")
    };
    Some(format!(
        "a condition on a column is written with a method: `{left}.{method}({value})`. Several are joined \
         with `.and(...)` and `.or(...)`."
    ))
}

/// Advice for printing a value without `Display`: `println!("{}", galaxies)`.
pub(super) fn display(error: &Diagnostic, line: &str) -> Option<String> {
    let message = &error.message;
    if !message.contains("doesn't implement `Display`") {
        return None;
    }
    let printed = line.split_once("!(").map_or("", |(_, rest)| rest);
    let text = printed.split('"').nth(1).unwrap_or_default();
    let name = match text.contains("{}") {
        true => printed.rsplit_once(',').map_or("", |(_, last)| last).trim_end_matches([';', ' ']),
        false => {
            text.split_once('{').and_then(|(_, rest)| rest.split('}').next()).unwrap_or_default()
        }
    };
    // Drops the closing bracket of the macro itself.
    let name = name.strip_suffix(')').filter(|_| text.contains("{}")).unwrap_or(name).trim();
    let fixed = line.trim().replacen("{}", "{:?}", 1);
    let fixed = match text.contains("{}") {
        true => fixed,
        false => line.trim().replacen(&format!("{{{name}}}"), &format!("{{{name}:?}}"), 1),
    };
    let itself = if name.is_empty() || text.matches('{').count() > 1 {
        "The last expression of a cell shows itself.".to_owned()
    } else {
        format!("`{name}` as the last line of a cell shows itself.")
    };
    Some(format!("it prints with `{{:?}}`: `{fixed}`. {itself}"))
}

/// Advice for arithmetic with lists and texts: `v * 2.0`, `v + v`, `"abc" * 3`.
pub(super) fn arithmetic(error: &Diagnostic, code: &str) -> Option<String> {
    if !(error.is("E0369") || error.is("E0277") || error.is("E0308")) {
        return None;
    }
    let message = error.message.as_str();
    let verbs = [
        ("cannot add", "+"),
        ("cannot subtract", "-"),
        ("cannot multiply", "*"),
        ("cannot divide", "/"),
    ];
    let (_, sign) = *verbs.iter().find(|(verb, _)| message.starts_with(verb))?;
    let mut types = message.split('`').skip(1).step_by(2);
    let (first, second) = (types.next()?, types.next().unwrap_or_default());
    // "cannot add `b` to `a`", "cannot subtract `b` from `a`", "cannot multiply `a` by `b`".
    let (left, right) = if matches!(sign, "+" | "-") { (second, first) } else { (first, second) };
    let at = place_of(error, code)?;
    let start = code[..at].rfind('\n').map_or(0, |at| at + 1);
    let before = code[start..at].trim_end();
    let a = receiver(before, before.len());
    let after = code[at..].strip_prefix(sign)?.trim_start();
    let b = &after[..after.find([';', ')', '\n', ' ']).unwrap_or(after.len())];
    let list = |ty: &str| ty.contains("Vec<") || ty.trim_start_matches('&').starts_with('[');
    let text = |ty: &str| matches!(ty.trim_start_matches('&'), "str" | "String");
    let number = |text: &str| {
        if text.bytes().all(|b| b.is_ascii_digit()) { format!("{text}.0") } else { text.to_owned() }
    };
    if sign == "*" && text(left) {
        return Some(format!("a text is repeated with `{a}.repeat({b})`."));
    }
    if sign == "+" && text(left) {
        return Some(format!("texts are joined with `format!(\"{{}}{{}}\", {a}, {b})`."));
    }
    if list(left) && list(right) {
        let joined = if sign == "+" {
            format!(" One behind the other they are `[&{a}[..], &{b}[..]].concat()`.")
        } else {
            String::new()
        };
        return Some(format!(
            "two lists are combined element by element with `{a}.iter().zip(&{b}).map(|(a, b)| a {sign} \
             b).collect::<Vec<_>>()`.{joined}"
        ));
    }
    if list(left) && a.starts_with('[') && sign == "*" {
        let element = a.trim_matches(['[', ']']);
        return Some(format!("a list of one value many times is `vec![{element}; {b}]`."));
    }
    if list(left) {
        let b =
            if left.contains("f64") || left.contains("float") { number(b) } else { b.to_owned() };
        return Some(format!(
            "each element is changed with `{a}.iter().map(|a| a {sign} {b}).collect::<Vec<_>>()`."
        ));
    }
    if list(right) {
        let a =
            if right.contains("f64") || right.contains("float") { number(a) } else { a.to_owned() };
        return Some(format!(
            "each element is changed with `{b}.iter().map(|b| {a} {sign} b).collect::<Vec<_>>()`."
        ));
    }
    None
}
