//! Advice, one sentence long, for errors that newcomers meet and that rustc explains badly or not
//! at all.

mod names;
mod values;

use crate::cell::Cell;
use crate::diagnostics::{Diagnostic, readable};
use crate::errors::Advice;
use crate::habits::{self, Holder};
use crate::notebook::Notebook;
use crate::source::{Origin, Variable};
use names::unknown_name;
use strsim::levenshtein;
use values::{arithmetic, display, indexed, member, of_figures_and_conditions};

const BORROWED: &str = "a variable that borrows from another cannot be kept for later cells. Keep a \
    copy (`.clone()`, `.to_owned()`, `.to_vec()`), or use it up inside of braces.";
const PRELUDE: &str = "run `use zoobot::prelude::*;` first: it brings the names of the library.";

/// The advice for an error in a cell of this notebook.
pub fn advice(error: &Diagnostic, code: &str, notebook: &Notebook) -> Option<Advice> {
    let name = error.message.split('`').nth(1).unwrap_or_default();
    let unknown = ["E0425", "E0423", "E0433"].iter().any(|number| error.is(number));
    let instead = gone(error, code, notebook)
        .or_else(|| refused(error, code))
        .or_else(|| in_a_function(error, name, code, notebook))
        .or_else(|| unknown.then(|| unknown_name(error, name, code)).flatten())
        .or_else(|| habit(error, name, code, &notebook.variables));
    instead
        .map(Advice::Instead)
        .or_else(|| besides(error, name, code, notebook).map(Advice::Besides))
}

/// Explains a missing variable in the line of the error: a cell failed before it defined the
/// variable, or moved its value. If a function or macro has the same name, rustc may report any
/// kind of error.
fn gone(error: &Diagnostic, code: &str, notebook: &Notebook) -> Option<String> {
    let named = error.message.split('`').nth(1).unwrap_or_default();
    let by_name = ["E0425", "E0423", "E0433", "E0424"].iter().any(|number| error.is(number));
    let made = Cell::parse(code).bindings;
    let missing = if by_name {
        vec![named]
    } else {
        // An error without a place is about the value of the cell.
        values_in(line_of(error, code).unwrap_or(code))
    };
    let missing = missing.into_iter().find(|word| {
        notebook.why_gone(word).is_some()
            && made.iter().all(|binding| binding.name != *word)
            && !introduced(code, word)
    })?;
    Some(format!("`{missing}` is not there: {}", notebook.why_gone(missing)?))
}

/// The names in a line that refer to values: not calls, fields or names of arguments.
fn values_in(line: &str) -> Vec<&str> {
    let names = habits::names_in(line);
    names
        .into_iter()
        .filter(|name| {
            // Each name is a slice of the line.
            let end = name.as_ptr() as usize - line.as_ptr() as usize + name.len();
            let after = line[end..].trim_start();
            let assigned = after.starts_with('=') && !after.starts_with("==");
            !(after.starts_with(['(', '!', ':']) && !after.starts_with("!=") || assigned)
        })
        .collect()
}

/// Whether the cell itself introduces a name: as an argument of a function or closure, or in a
/// pattern.
fn introduced(code: &str, name: &str) -> bool {
    crate::cell::words(code).filter(|word| *word == name).any(|word| {
        let start = word.as_ptr() as usize - code.as_ptr() as usize;
        let (before, after) = (code[..start].trim_end(), code[start + word.len()..].trim_start());
        let typed = after.starts_with(':') && !after.starts_with("::");
        let closure =
            before.ends_with('|') && !before.ends_with("||") && after.starts_with(['|', ',', ':']);
        let made = ["let", "mut", "for", "ref"].iter().any(|word| {
            before
                .strip_suffix(word)
                .is_some_and(|rest| !rest.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        });
        typed || closure || made
    })
}

/// Advice for a function that uses a variable of the notebook: a function sees only its arguments.
fn in_a_function(
    error: &Diagnostic,
    name: &str,
    code: &str,
    notebook: &Notebook,
) -> Option<String> {
    if !error.is("E0425") {
        return None;
    }
    let cell = Cell::parse(code);
    let known = notebook.variables.iter().find(|variable| variable.name == name);
    if known.is_none() && cell.bindings.iter().all(|binding| binding.name != name) {
        return None;
    }
    let at = place_of(error, code)?;
    cell.items.iter().find(|(range, _)| range.contains(&at))?;
    let ty = known.map_or_else(|| "...".to_owned(), |variable| argument(&readable(&variable.ty)));
    Some(format!(
        "a function sees its arguments and not the variables of the notebook: pass it, as in \
         `fn f({name}: {ty})`."
    ))
}

/// The parameter type with which a function takes a value of this type without consuming it.
fn argument(ty: &str) -> String {
    let ty = ty.rsplit_once("::").filter(|_| !ty.contains('<')).map_or(ty, |(_, last)| last);
    let plain = ["f64", "f32", "bool", "char", "usize", "i32", "i64", "u32", "u64", "u8"];
    match ty {
        "String" => "&str".to_owned(),
        ty if plain.contains(&ty) || ty.starts_with('&') => ty.to_owned(),
        ty => match ty.strip_prefix("Vec<").and_then(|rest| rest.strip_suffix('>')) {
            Some(element) => format!("&[{element}]"),
            None => format!("&{ty}"),
        },
    }
}

/// Types with a counterpart in Python, as error messages name them. For other types, rustc's own
/// advice is better.
const PYTHONS: [&str; 9] =
    ["`Vec<", "`[", "str`", "String`", "HashMap<", "HashSet<", "Catalog`", "DataFrame`", "Column`"];
/// Integer types, and the methods that only floats have.
const WHOLE: [&str; 8] = ["usize", "i32", "i64", "u32", "u64", "u8", "{integer}", "isize"];
const OF_FLOATS: [&str; 14] = [
    "sqrt", "ln", "log10", "log2", "exp", "sin", "cos", "tan", "powf", "powi", "floor", "ceil",
    "round", "cbrt",
];

/// Advice for code that rustc's lints refuse because it would panic.
fn refused(error: &Diagnostic, code: &str) -> Option<String> {
    let divided = ["/ 0", "/0", "% 0", "%0"].iter().any(|sign| code.contains(sign));
    match error.code.as_deref()? {
        "unconditional_panic" if divided => Some(crate::crashes::DIVIDED.to_owned()),
        "unconditional_panic" => {
            Some("the list has no such element: elements are counted from 0, and `.len()` is their number.".to_owned())
        }
        "arithmetic_overflow" => {
            Some("the result does not fit its type. `i64` and `f64` have room for larger numbers.".to_owned())
        }
        _ => None,
    }
}

/// Advice for a line that is written as in another language.
fn habit(error: &Diagnostic, name: &str, code: &str, variables: &[Variable]) -> Option<String> {
    let line = line_of(error, code)?;
    let number = line_number(error)?;
    if ["E0599", "E0609", "E0610", "E0615"].iter().any(|number| error.is(number)) {
        if let Some(text) = member(error, name, code) {
            return Some(text);
        }
        if PYTHONS.iter().any(|ty| error.message.contains(ty))
            && Holder::in_message(&error.message).is_none()
            && let Some(text) = habits::method(name)
        {
            return Some(text.to_owned());
        }
    }
    if let Some(text) =
        of_figures_and_conditions(error, line, code).or_else(|| display(error, line))
    {
        return Some(text);
    }
    if let Some(text) = arithmetic(error, code) {
        return Some(text);
    }
    if error.is("E0599")
        && WHOLE.iter().any(|ty| error.message.contains(&format!("for type `{ty}`")))
        && OF_FLOATS.contains(&name)
    {
        return Some(format!("whole numbers have no `{name}`: `(n as f64).{name}(...)`."));
    }
    if error.is("E0689") {
        return Some(
            "say which kind of number it is: `2.0_f64` for a literal, `let x: f64 = 2.0;` for a variable."
                .to_owned(),
        );
    }
    if error.message.starts_with("unknown format trait") {
        return Some("decimals are given without a letter: `{x:.2}` has two.".to_owned());
    }
    if let Some(text) = indexed(error, code) {
        return Some(text);
    }
    if mixes_numbers(&error.message) {
        return Some(
            "numbers of two kinds do not mix. `n as f64` converts one; write `2.0` and not `2` for a \
             number with decimals."
                .to_owned(),
        );
    }
    if ["E0282", "E0283", "E0284"].iter().any(|number| error.is(number))
        && line.contains("random()")
    {
        return Some("say what kind of value it is: `zoobot::rand::random::<f64>()`.".to_owned());
    }
    if error.is("E0277") && error.message.ends_with("`Catalog` is not an iterator") {
        let name = line
            .split(" in ")
            .nth(1)
            .and_then(|it| it.split([' ', '{']).next())
            .unwrap_or("galaxies");
        return habits::member(Holder::Catalog, "iter", name, None);
    }
    if error.is("E0308")
        && line.contains("display(")
        && error.places.iter().any(|it| it.label.contains("expected `&"))
    {
        let argument = marked(error, code)?;
        return Some(format!(
            "`display(&{argument});` shows a value; as the last line of a cell it shows itself."
        ));
    }
    if ["E0283", "E0284"].iter().any(|number| error.is(number)) && line.contains(".sum()") {
        return Some("say what kind of number the sum is: `.sum::<f64>()`.".to_owned());
    }
    if error.is("E0308") && line.contains(".append(") {
        return habits::method("append").map(str::to_owned);
    }
    if error.is("E0061") && marked(error, code) == Some("len") {
        return habits::name("len").map(str::to_owned);
    }
    if error.is("E0425") && line.trim_start().starts_with(name) && error.message.contains("value") {
        let made = habits::assignment(code, number);
        if made.is_some() {
            return made;
        }
    }
    habits::find(code, Some(number), variables).map(|habit| habit.advice)
}

/// Advice that is shown in addition to rustc's own.
fn besides(error: &Diagnostic, name: &str, code: &str, notebook: &Notebook) -> Option<String> {
    if error.places.iter().any(|place| place.label.contains("`'static`")) {
        return Some(BORROWED.to_owned());
    }
    match error.code.as_deref()? {
        "E0425" => missing_value(name, notebook, error),
        "E0412" | "E0432" | "E0433" => without_prelude(notebook, error),
        "E0382" => Some(format!(
            "the value of `{name}` was given away before. Lend it there (`&{name}`), or give a copy \
             (`{name}.clone()`)."
        )),
        "E0499" | "E0502" | "E0505" | "E0506" => Some(format!(
            "`{name}` is still lent out where it is to change. Take a copy of what was lent \
             (`.clone()`, `.to_vec()`), or use the loan up before."
        )),
        "E0384" | "E0594" | "E0596" if !name.contains(['*', '.']) => Some(format!(
            "only what was made with `let mut {name} = ...` can change: run the cell that makes it \
             with `mut`."
        )),
        "E0308" => mismatched(error, code, notebook),
        "E0277" if error.message.contains("the `?` operator can only be applied") => {
            Some(
                "this cannot fail, so it needs no `?`. To read about a name, put the `?` before it, in a \
                 cell of its own."
                    .to_owned(),
            )
        }
        "E0369" | "E0277" | "E0599" if error.message.contains("`Option<") => Some(
            "there may be no value here, so it is an `Option`: take the value out with \
             `.ok_or(\"none\")?` or `.unwrap_or(...)`."
                .to_owned(),
        ),
        _ => None,
    }
}

/// Whether the message is about an operator between two numeric types.
fn mixes_numbers(message: &str) -> bool {
    let numbers =
        ["`f64`", "`f32`", "`{float}`", "`{integer}`", "`i32`", "`i64`", "`usize`", "`u32`"];
    let verbs =
        ["cannot add", "cannot subtract", "cannot multiply", "cannot divide", "can't compare"];
    let kinds = ["an integer", "a float"].iter().all(|kind| message.contains(kind));
    let named = numbers.iter().map(|number| message.matches(number).count()).sum::<usize>() == 2;
    verbs.iter().any(|verb| message.starts_with(verb)) && (kinds || named)
}

/// The number of the line of the cell that an error is about.
fn line_number(error: &Diagnostic) -> Option<usize> {
    error.places.iter().find_map(|place| match place.origin {
        Origin::Cell(line) => Some(line),
        _ => None,
    })
}

/// The line of the cell that an error is about.
fn line_of<'a>(error: &Diagnostic, code: &'a str) -> Option<&'a str> {
    code.lines().nth(line_number(error)?.checked_sub(1)?)
}

/// The byte offset in the cell at which an error's primary span begins.
fn place_of(error: &Diagnostic, code: &str) -> Option<usize> {
    let line = line_of(error, code)?;
    let column = error.places.first()?.columns.0.checked_sub(1)?;
    let start: usize = code.split_inclusive('\n').take(line_number(error)? - 1).map(str::len).sum();
    Some(start + line.char_indices().nth(column).map_or(line.len(), |(at, _)| at))
}

/// The code that an error's primary span covers.
fn marked<'a>(error: &Diagnostic, code: &'a str) -> Option<&'a str> {
    let (from, to) = error.places.first()?.columns;
    let start = place_of(error, code)?;
    let length: usize =
        code[start..].chars().take(to?.checked_sub(from)?).map(char::len_utf8).sum();
    code.get(start..start + length)
}

/// Why a value is missing, or which name was probably meant.
fn missing_value(name: &str, notebook: &Notebook, error: &Diagnostic) -> Option<String> {
    let near = notebook.variables.iter().map(|variable| variable.name.as_str());
    let near = near.filter(|known| levenshtein(known, name) <= 1 + name.len() / 6);
    let near = near.min_by_key(|known| levenshtein(known, name));
    match near {
        Some(near) => Some(format!("there is a variable `{near}`.")),
        None if error.message.contains("function") => without_prelude(notebook, error),
        None => None,
    }
}

fn without_prelude(notebook: &Notebook, error: &Diagnostic) -> Option<String> {
    let used = notebook.items.besides(&[]).iter().any(|item| item.contains("zoobot::prelude"));
    (!used && error.notes.is_empty()).then(|| PRELUDE.to_owned())
}

fn mismatched(error: &Diagnostic, code: &str, notebook: &Notebook) -> Option<String> {
    let label = error.places.iter().map(|place| &place.label);
    let mut label = label.filter(|label| label.starts_with("expected"));
    let (expected, found) = label.next()?.split_once(", found ")?;
    let about_question_mark = error.notes.iter().any(|(_, text)| text.contains("`?`"));
    if found.contains("Result<") && !expected.contains("Result<") {
        let advice = "the call may fail, so it gives a `Result`: put `?` behind it.";
        return (!about_question_mark).then(|| advice.to_owned());
    }
    let assigned = assigned(error, code)?;
    let kept = notebook.variables.iter().find(|variable| variable.name == assigned)?;
    Some(format!(
        "`{assigned}` keeps its type `{}`; `let {assigned} = ...` makes a new variable of that name.",
        readable(&kept.ty)
    ))
}

/// The variable to which the value in the error is assigned.
fn assigned<'a>(error: &Diagnostic, code: &'a str) -> Option<&'a str> {
    let place = error.places.first()?;
    let Origin::Cell(line) = place.origin else { return None };
    let line = code.lines().nth(line.checked_sub(1)?)?;
    let (at, _) = line.char_indices().nth(place.columns.0.checked_sub(1)?)?;
    let before = line[..at].trim_end().strip_suffix('=')?.trim_end();
    let start = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |at| at + 1);
    // Not in `let a = ...` and `a.b = ...`.
    before[..start].trim_end().is_empty().then(|| &before[start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::diagnostics::Place;

    /// An error located at the first occurrence of `marked` in the code.
    fn error(number: &str, message: &str, code: &str, marked: &str) -> Diagnostic {
        let at = code.find(marked).unwrap();
        let line = code[..at].matches('\n').count() + 1;
        let start = at - code[..at].rfind('\n').map_or(0, |at| at + 1) + 1;
        let columns = (start, Some(start + marked.len()));
        let origin = Origin::Cell(line);
        let places = vec![Place { origin, columns, label: String::new(), primary: true }];
        Diagnostic {
            code: Some(number.to_owned()).filter(|number| !number.is_empty()),
            message: message.to_owned(),
            places,
            notes: Vec::new(),
        }
    }

    fn notebook() -> Notebook {
        let mut notebook = Notebook::default();
        let variable = |name: &str, ty: &str| Variable {
            name: name.to_owned(),
            ty: ty.to_owned(),
            mutable: false,
            cell: 1,
        };
        notebook.variables = vec![
            variable("galaxies", "zoobot::catalog::Catalog"),
            variable("limit", "f64"),
            variable("names", "std::vec::Vec<std::string::String>"),
        ];
        notebook.forget("df", "the cell that makes it has failed; run it again.");
        notebook
    }

    fn told(number: &str, message: &str, code: &str, marked: &str) -> String {
        match advice(&error(number, message, code, marked), code, &notebook()) {
            Some(Advice::Instead(text)) => format!("instead: {text}"),
            Some(Advice::Besides(text)) => format!("besides: {text}"),
            None => String::new(),
        }
    }

    #[test]
    fn a_variable_that_was_not_made_is_told_whatever_else_has_its_name() {
        let wanted = "instead: `df` is not there: the cell that makes it has failed; run it again.";
        let macros = "expected value, found macro `df`";
        assert_eq!(told("E0423", macros, "df", "df"), wanted);
        assert_eq!(told("E0423", macros, "let a = 1;\ndf.head(3)", "df"), wanted);
        assert_eq!(told("E0425", "cannot find value `df`", "println!(\"{df}\")", "{df}"), wanted);
        // The cell itself defines the name.
        assert_eq!(told("E0599", "no method", "let df = 1;\ndf.head(3)", "head"), "");
        // The name belongs to a method.
        assert_eq!(told("E0599", "no method", "galaxies.df()", "df"), "");
    }

    #[test]
    fn a_function_is_told_to_take_what_it_uses() {
        for (name, ty) in [("galaxies", "&Catalog"), ("limit", "f64"), ("names", "&[String]")] {
            let code = format!("fn count() -> usize {{\n    {name}.len()\n}}");
            let message = format!("cannot find value `{name}` in this scope");
            let found = told("E0425", &message, &code, name);
            assert!(found.ends_with(&format!("as in `fn f({name}: {ty})`.")), "{found}");
        }
        let both = "let radius = 2.0;\nfn area() -> f64 { radius * radius }";
        assert!(
            told("E0425", "cannot find value `radius`", both, "radius *")
                .contains("`fn f(radius: ...)`")
        );
        // A use before the definition is a different mistake.
        let early = "let a = radius;\nlet radius = 2.0;";
        assert_eq!(told("E0425", "cannot find value `radius`", early, "radius"), "");
    }

    #[test]
    fn names_and_methods_of_python_are_answered() {
        for (number, message, code, marked, part) in [
            ("E0423", "expected function, found macro `print`", "print(1)", "print", "`println!("),
            ("E0061", "this function takes 0 arguments", "len(names)", "len", "`x.len()`"),
            ("E0425", "cannot find value `np` in this scope", "np.mean(1)", "np", "ndarray"),
            ("E0433", "use of undeclared crate `np`", "np::mean(1)", "np", "ndarray"),
            ("E0425", "cannot find value `y` in this scope", "y = 5", "y", "`let y = 5;`"),
            (
                "E0599",
                "no method named `append` found for struct `Vec<i32>`",
                "v.append(1)",
                "append",
                "`.push(value)`",
            ),
            ("E0308", "mismatched types", "v.append(1)", "1", "`.push(value)`"),
            ("E0609", "no field `values` on type `Catalog`", "g.values", "values", "numbers"),
            ("E0614", "type `{integer}` cannot be dereferenced", "x ** 2", "*", "`x.powi(2)`"),
            ("E0369", "no implementation for `{float} ^ {float}`", "a ^ 2.0", "^", "`a.powf(2.0)`"),
            ("E0600", "cannot apply unary operator `-`", "x[-1]", "-1", "`x[x.len() - 1]`"),
            ("", "negative integers cannot be used to index", "x[-1]", "-1", "`x[x.len() - 1]`"),
            ("E0277", "cannot multiply `f64` by `{integer}`", "a * 2", "*", "`n as f64`"),
            ("E0277", "cannot add an integer to a float", "a + 2", "+", "`n as f64`"),
            ("E0277", "the type `[f64]` cannot be indexed by `i32`", "a[i]", "i", "usize"),
            ("E0283", "type annotations needed", "let z = x.iter().sum();", "z", "`.sum::<f64>()`"),
            ("", "unknown format trait `f`", "println!(\"{:.2f}\", y)", "f", "`{x:.2}`"),
            ("E0689", "can't call method `sqrt`", "2.0.sqrt()", "sqrt", "`2.0_f64`"),
            (
                "E0599",
                "no method named `sqrt` found for type `usize`",
                "n.sqrt()",
                "sqrt",
                "(n as f64)",
            ),
        ] {
            let found = told(number, message, code, marked);
            assert!(found.starts_with("instead: ") && found.contains(part), "{code}: {found}");
        }
        let index = "cannot index into a value of type `Catalog`";
        let found = told("E0608", index, "g[\"a\"]", "g");
        assert!(found.starts_with("instead: ") && found.contains(".column"), "{found}");
        assert_eq!(told("E0277", "cannot add `String` to `f64`", "a + b", "+"), "");
        // rustc knows the fields of the user's own types.
        assert_eq!(told("E0609", "no field `size` on type `Mine`", "mine.size", "size"), "");
    }

    #[test]
    fn an_argument_of_a_function_is_no_variable_that_has_failed() {
        let code = "fn area(df: f64) -> f64 { PI * df * df }";
        assert!(
            told("E0425", "cannot find value `PI` in this scope", code, "PI")
                .contains("consts::PI")
        );
        assert!(!told("E0425", "cannot find function `dict`", "dict(df=1)", "dict").contains("df"));
    }

    #[test]
    fn advice_fits_what_the_error_is_about() {
        for (number, message, code, marked, part) in [
            (
                "E0599",
                "no method named `mean` found for enum `Column`",
                "g.column(\"a\")?.mean()",
                "mean",
                "`g.column(\"a\")?.as_materialized_series().mean()`",
            ),
            (
                "E0277",
                "the type `({integer}, {integer})` cannot be indexed by `{integer}`",
                "(1,2)[0]",
                "0",
                "`(1,2).0`",
            ),
            (
                "E0608",
                "cannot index into a value of type `Catalog`",
                "g[0..10]",
                "[0..10]",
                "`g.head(10)`",
            ),
            (
                "E0369",
                "cannot multiply `Vec<f64>` by `{integer}`",
                "v * 2",
                "*",
                "`v.iter().map(|a| a * 2.0)",
            ),
            (
                "E0433",
                "cannot find module or crate `rand` in this scope",
                "rand::thread_rng()",
                "rand",
                "`zoobot::rand::rng()`",
            ),
            (
                "E0369",
                "binary operation `<` cannot be applied to type `Expr`",
                "g.filter(col(\"m\") < 17)",
                "<",
                "`col(\"m\").lt(lit(17))`",
            ),
        ] {
            let found = told(number, message, code, marked);
            assert!(found.contains(part), "{code}: {found}");
        }
    }
}
