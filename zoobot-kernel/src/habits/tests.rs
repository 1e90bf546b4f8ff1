use super::*;

fn advice(code: &str) -> String {
    let lines = (1..=code.lines().count()).find_map(|line| find(code, Some(line), &[]));
    find(code, None, &[]).or(lines).map(|habit| habit.advice).unwrap_or_default()
}

/// What a newcomer types, and a part of the advice.
const HABITS: &[(&str, &str)] = &[
    ("%%time\nlet a = 1;", "`time!(...)`"),
    ("%timeit f(x)", "`time!(...)`"),
    ("%matplotlib inline", "shows itself"),
    ("%whos", "`:vars`"),
    ("%load_ext autoreload", "`:help`"),
    ("!ls -l", "std::process::Command"),
    ("!pip install numpy", "packages cannot be added"),
    ("x = 1\n?x", "`?name`"),
    ("# a comment\nlet a = 1;", "`//`, not with `#`"),
    ("let a = 1;  # one", "`//`, not with `#`"),
    ("import numpy as np", "`zoobot::ndarray`"),
    ("import os", "`std::fs`"),
    ("from astropy.io import fits", "`Catalog::read`"),
    ("from mymodule import thing", "Python's `mymodule` is not there"),
    ("def f(x):\n    return 2 * x", "`fn f(x: f64) -> f64"),
    ("class Galaxy:\n    pass", "`struct Galaxy"),
    ("for i in range(10):\n    print(i)", "`for i in 0..10 { ... }`"),
    ("for i in range(2, n):\n    f(i)", "`for i in 2..n { ... }`"),
    ("for i in range(0, 10, 2):\n    f(i)", "`for i in (0..10).step_by(2) { ... }`"),
    ("for i in range(len(x)):\n    f(i)", "`for i in 0..x.len() { ... }`"),
    ("for name in names:\n    f(name)", "`for name in names { ... }`"),
    ("while n < 3:\n    f()", "`while n < 3 { ... }`"),
    ("while True:\n    f()", "`loop { ... }`"),
    ("if x > 3:\n    f()", "`if x > 3 { ... }`"),
    ("if a { 1 }\nelif b { 2 }", "`else if`"),
    ("if a:\n    b\nelse:\n    c", "`if a { ... }`"),
    ("try:\n    f()", "`Result`"),
    ("with open(\"a\") as f:\n    f.read()", "read_to_string"),
    ("let f = lambda x: x + 1", "`|x| x + 1`"),
    ("xs.sort_by(lambda a, b: a - b)", "`|a, b| a - b`"),
    ("let y = [2 * x for x in xs]", "`xs.iter().map(|x| 2 * x).collect::<Vec<_>>()`"),
    ("[i for i in range(5) if i > 2]", "`(0..5).filter(|&i| i > 2).collect::<Vec<_>>()`"),
    ("let d = {\"a\": 1, \"b\": 2}", "HashMap::from([(\"a\", ...), ...])"),
    ("print(f\"{x:.2f} and {n:5d}\")", "`println!(\"{x:.2} and {n:5}\")`"),
    ("let t = f'{x}'", "`format!(\"{x}\")`"),
    ("\"\"\"A docstring.\"\"\"", "`///`"),
    ("let a = 'ring';", "`\"ring\"`"),
    ("galaxies.column('two words')", "`\"two words\"`"),
    ("x ** 2", "`x.powi(2)`"),
    ("x**0.5", "`x.sqrt()`"),
    ("x ** n", "`x.powf(n)`"),
    ("2.0 ^ 3.0", "`2.0_f64.powf(3.0)`"),
    ("x[-1]", "`x[x.len() - 1]`, or `x.last()`"),
    ("x[-2]", "`x[x.len() - 2]`"),
    ("x[1:3]", "`&x[1..3]`"),
    ("x[:3]", "`&x[..3]`"),
    ("x[2:]", "`&x[2..]`"),
    ("x[:-1]", "`&x[..x.len() - 1]`"),
    ("x[-3:]", "`&x[x.len() - 3..]`"),
    ("x[::2]", "`x.iter().step_by(2)`"),
    ("x[::-1]", "`x.iter().rev()`"),
    ("let r = range(3, 7);", "`3..7`"),
    ("if a and b { 1 }", "`&&`"),
    ("if a or b { 1 }", "`||`"),
    ("if not a { 1 }", "`!a`"),
    ("if a and not b { 1 }", "`&&`"),
    ("let a = True;", "`true`"),
    ("f(False)", "`false`"),
    ("if x is None { 1 }", "`x.is_none()`"),
    ("if x is not None { 1 }", "`x.is_some()`"),
    ("if \"a\" in names { 1 }", "`names.contains(&\"a\")`"),
    ("if a not in names { 1 }", "`!names.contains(&a)`"),
    ("let s = 1 if a > b else 2", "`if a > b { a } else { b }`"),
    ("del x", "`drop(x);`"),
    ("print x", "`println!"),
    ("print \"a\"", "`println!"),
    ("assert x == 1", "assert_eq!"),
    ("raise ValueError(\"no\")", "`Err("),
    ("pass", "`{}`"),
    ("type(x)", "`:vars`"),
    ("a, b = 1, 2", "`let (a, b) = (1, 2);`"),
    ("a, b = f()", "`let (a, b) = f();`"),
    ("x: float = 5.0", "`let x: f64 = 5.0;`"),
    ("if (n := 3) > 2 { 1 }", "`let x = ...;`"),
    ("a @ b", "`a.dot(&b)`"),
    ("@property", "no decorators"),
    ("for i in range(3): println!(\"{i}\")", "`for i in 0..3 { println!(\"{i}\"); }`"),
    (
        "for i, a in enumerate(v): print(a)",
        "`for (i, a) in v.iter().enumerate() { println!(\"{a}\"); }`",
    ),
    ("if n == 5: print(\"a\")", "`if n == 5 { println!(\"a\"); }`"),
    ("while n > 3: n -= 1", "`while n > 3 { n -= 1; }`"),
    ("[i for i in 0..3]", "`(0..3).collect::<Vec<_>>()`"),
    ("[a**2 for a in xs]", "`xs.iter().map(|a| (a * a)).collect::<Vec<_>>()`"),
    (
        "{k: 1 for k in xs}",
        "`xs.iter().map(|k| (k, 1)).collect::<std::collections::HashMap<_, _>>()`",
    ),
    ("!ls *.csv", "std::process::Command"),
    ("! ls -l", "std::process::Command"),
    ("!head -3 p.csv", "std::process::Command"),
    ("cd /tmp", "set_current_dir"),
    ("pip install numpy", "packages cannot be added"),
    ("let a, b = 1, 2;", "`let (a, b) = (1, 2);`"),
    ("x, y", "`(x, y)`"),
];

#[test]
fn every_habit_is_answered_with_the_way_of_rust() {
    let wrong = HABITS.iter().filter_map(|(code, part)| {
        let advice = advice(code);
        let right = advice.contains(part) && advice.ends_with(['.', '`', ')']);
        (!right).then(|| format!("{code:?}: {advice:?} does not say {part:?}"))
    });
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn a_habit_is_found_where_it_begins_and_in_the_line_that_is_asked_about() {
    let code = "let a = 1;\nlet b = a ** 2; # power";
    let habit = find(code, None, &[]).unwrap();
    assert_eq!(&code[habit.at..habit.at + 1], "#");
    assert_eq!(find("x ** 2\nlet b = 1;", Some(2), &[]), None);
    assert!(find("let b = 1;\nx ** 2", Some(2), &[]).is_some());
}

#[test]
fn names_are_told_from_methods_and_texts() {
    assert_eq!(names_in("df.len() + f(\"ring\", x) // y"), ["df", "f", "x"]);
}

#[test]
fn rust_is_no_habit() {
    let right = [
        "use zoobot::prelude::*;\nlet galaxies = Catalog::sample()?;",
        "#[derive(Debug)]\nstruct P<'a> { name: &'a str }\nimpl<'a> P<'a> {}",
        "#![allow(unused)]",
        "let r = r#\"a # b\"#;",
        "for i in 0..10 { println!(\"{i}: {}\", i * 2); }",
        "let Some(x) = y else { return };",
        "let a: [f64; 3] = [0.0; 3]; &a[1..]",
        "match x { 1 => 'a', _ => 'b' }",
        "let f = |x: f64| -> f64 { x.powi(2) };",
        "let m = Box::<[u8]>::default(); m[0]",
        "fn f(from: usize, to: usize) -> std::ops::Range<usize> { from..to }",
        "let c = if a { 1 } else { 2 };",
        "!ready(1)",
        "a.b = 3;",
        "x = 3;",
        "let r#type = 3;",
        "match n { m @ 1..=5 => m, Some(x) if x > 3 => x, _ => 0 }",
        "col(\"a\").and(col(\"b\").not())",
        "Truth::True",
        "fn range(a: i32) {}",
        "x.range(3)",
        "let s = S { a: 1, b: 'x' };",
        "'outer: loop { break 'outer; }",
        "x as usize",
        "println!(\"import numpy # 'x' lambda and or not\"); // True ** range(3)",
        "let t: (i32, &'static str) = (1, \"a\");",
        "async move { f().await }",
        "where_is(a, b)",
    ];
    for code in right {
        assert_eq!(advice(code), "", "{code}");
    }
}

#[test]
fn a_new_name_is_told_from_a_known_one_by_who_asks() {
    assert_eq!(assignment("x = 5", 1).unwrap(), "a new variable is made with `let`: `let x = 5;`.");
    assert_eq!(assignment("x == 5", 1), None);
    assert_eq!(assignment("a.x = 5", 1), None);
    assert_eq!(advice("x = 5"), "");
}

#[test]
fn what_may_be_right_is_asked_about_in_the_line_of_the_error_only() {
    assert!(find("!pip install numpy", None, &[]).is_some());
    for code in ["a ^ b", "!ls", "x[-1]", "True", "range(3)", "pass"] {
        assert_eq!(find(code, None, &[]), None, "{code}");
        assert!(find(code, Some(1), &[]).is_some(), "{code}");
    }
}

#[test]
fn what_compiles_and_means_something_else_is_noted() {
    for (code, part) in [
        ("2^3", "2 ^ 3 is 1"),
        ("2^n", "`2_i64.pow(n as u32)`"),
        ("10^-3", "`10_f64.powi(-3)`"),
        ("let w = 10^n as i64;", "`10_i64.pow(n as u32)`"),
        (
            "f(galaxies.column(\"a\")?.f64()?.into_no_null_iter().collect::<Vec<_>>())",
            "galaxies.numbers(\"a\")?",
        ),
        ("galaxies.column(\"a\")?.f64()?.iter().flatten().count()", "leaves out missing values"),
        ("c.i64().unwrap()\n.into_iter()\n.flatten()", "leaves out missing values"),
        ("let a = n^2;", "exclusive or"),
        ("1/3", "1 / 3 is 0"),
        ("let x = 7 / 2;", "7 / 2 is 3"),
        ("1 / 3 * n", "1 / 3 is 0"),
        ("7 // 2", "begins a comment"),
        ("let bins = n // 2", "begins a comment"),
        ("(a + b) // 2", "begins a comment"),
    ] {
        let notes = notes(code, &[]).join("\n");
        assert!(notes.contains(part), "{code}: {notes}");
    }
    for code in [
        "a ^ b",
        "x ^ 0xFF",
        "1 << 3 ^ 1",
        "lists.iter().flatten().count()",
        "true ^ false",
        "4 / 2",
        "1.0 / 3.0",
        "2 * 1 / 3",
        "1 / 3 as f64",
        "galaxies.len() // 600",
        "let a = 1; // 2",
        "a + b // the sum",
        "\"2^3 and 1/3\"",
        "// 2^3",
    ] {
        assert!(notes(code, &[]).is_empty(), "{code}: {:?}", notes(code, &[]));
    }
}

#[test]
fn a_text_that_polars_takes_for_a_column_is_told() {
    let note = |code: &str| text_as_column(code).unwrap_or_default();
    let code = "t.lazy().filter(col(\"class\").eq(\"ring\")).collect()?";
    assert!(note(code).contains("A text is `.eq(lit(\"ring\"))`"));
    assert!(note("col(\"a\").gt_eq( \"b\" )").contains("column of that name"));
    for code in [
        "col(\"a\").eq(lit(\"b\"))",
        "col(\"a\").eq(col(\"b\"))",
        "name.eq(\"ring\")",
        "// col(\"a\").eq(\"b\")",
    ] {
        assert_eq!(text_as_column(code), None, "{code}");
    }
}
