"""Habits that people bring from Python, and the advice they get; run by kernel_cases.py."""

from case_tools import case, expect, has, notebook, prelude, same


@case
def habits_from_python_are_answered_with_the_way_of_rust():
    with notebook() as k:
        prelude(k)
        k.must("let galaxies = Catalog::sample()?; let x = vec![1.0, 2.0, 3.0]; let y = 2.0; let n = 7;")
        for code, advice in [
            ("%%time\nlet a = 1;", "`time!(...)`"),
            ("%matplotlib inline", "shows itself"),
            ("!ls", "std::process::Command"),
            ("!pip install numpy", "packages cannot be added"),
            ("# a comment", "a comment begins with `//`"),
            ("import numpy as np", "`zoobot::ndarray`"),
            ("from astropy.io import fits", "`Catalog::read`"),
            ("def f(x):\n    return x", "`fn f(x: f64) -> f64"),
            ("for i in range(10):\n    print(i)", "`for i in 0..10 { ... }`"),
            ("if y > 1:\n    y", "`if y > 1 { ... }`"),
            ("lambda x: x + 1", "`|x| x + 1`"),
            ("y ** 2", "`y.powi(2)`"),
            ("2.0 ^ 3.0", "`2.0_f64.powf(3.0)`"),
            ("x[-1]", "`x[x.len() - 1]`"),
            ("x[1:3]", "`&x[1..3]`"),
            ("print(x)", "`println!("),
            ("len(x)", "`x.len()`"),
            ("range(10)", "`0..10`"),
            ("np.mean(x)", "`zoobot::ndarray`"),
            ("x.append(4.0)", "`.push(value)`"),
            ("x.mean()", "`x.iter().sum::<f64>()"),
            ("let b = True;", "`true`"),
            ("if y > 1 and n > 1 { 1 }", "`&&`"),
            ("let s = 'ring galaxy';", "`\"ring galaxy\"`"),
            ('print(f"{y:.2f}")', '`println!("{y:.2}")`'),
            ("fresh = 5", "`let fresh = 5;`"),
            ("a, b = 1, 2", "`let (a, b) = (1, 2);`"),
            ("[2 * v for v in x]", "collect::<Vec<_>>()"),
            ("del x", "`drop(x);`"),
            ("type(x)", "`:vars`"),
            ("dir(x)", "`:vars`"),
            ("y * n", "`n as f64`"),
            ('galaxies["ring"]', '`galaxies.column("ring")?`'),
            ("galaxies[0..10]", "`galaxies.head(10)`"),
            ("(1, 2)[0]", "`(1, 2).0`"),
            ("galaxies.mean()", ".as_materialized_series().mean()`"),
            ("x * 2.0", "`x.iter().map(|a| a * 2.0).collect::<Vec<_>>()`"),
            ('println!("{}", galaxies)', '`println!("{:?}", galaxies)`'),
            ('for i in range(3): println!("{i}")', '`for i in 0..3 { println!("{i}"); }`'),
            ("rand::random::<f64>()", "`zoobot::rand::random::<f64>()`"),
            ("fn count() -> usize { galaxies.len() }", "`fn f(galaxies: &Catalog)`"),
            ("fn half() -> f64 { y / 2.0 }", "`fn f(y: f64)`"),
        ]:
            cell = k.run(code)
            same(cell.ename, "compile error", code)
            has(cell.error, advice)
        for code, note in [("2^3", "exclusive or"), ("2^n", "`2_i64.pow(n as u32)`"), ("1/3", "1 / 3 is 0"), ("n // 2", "begins a comment")]:
            has(k.must(code).stderr, note)
        for silent in ["2.0 * y", "galaxies.len() // 600", "true ^ false"]:
            same(k.must(silent).stderr, "", silent)
        # A variable that a failed cell did not define, although a macro has its name.
        k.run('let df = Catalog::read("nothing.csv")?;')
        has(k.run("df").error, "`df` is not there: the cell that makes it has failed")
        has(k.run("df.head(3)").error, "`df` is not there")
        has(k.run("let r: StdRng;").error, "use zoobot::rand::")
        has(k.run("Normal::new(0.0, 1.0)").error, "use zoobot::rand_distr::")
        for code in ("Normal::new(0.0, 1.0)", "Name::new()", "let r: StdRng;", "HashMap::<i32, i32>::new()"):
            error = k.run(code).error
            for bad in ("zoobot_cell", "pdf_writer", "polars_core", "use crate::"):
                expect(bad not in error, f"{bad} in {error}")
        same(len(k.must("x").shown), 1, "the variables are there")


@case
def tables_print_and_random_numbers_are_there():
    with notebook() as k:
        prelude(k)
        out = k.must('let table = df!["ra" => [1.5, 2.5]]?;\nprintln!("{}", table);').stdout
        has(out, "ra", "1.5", "2.5")
        k.must("let a = zoobot::rand::random::<f64>();\nassert!((0.0..1.0).contains(&a));")
        k.must(
            "use zoobot::rand::Rng;\nlet mut rng = zoobot::rand::rng();\n"
            "assert!((1..=6).contains(&rng.random_range(1..=6)));"
        )
        k.must(
            "use zoobot::rand::{SeedableRng, rngs::StdRng};\nuse zoobot::rand_distr::{Distribution, Normal};\n"
            "let bell = Normal::new(5.0, 0.1)?;\nlet drawn: Vec<f64> = bell.sample_iter(StdRng::seed_from_u64(1)).take(1000).collect();\n"
            "let mean = drawn.iter().sum::<f64>() / 1000.0;\nassert!((mean - 5.0).abs() < 0.02);"
        )
        has(k.run(":dep rand").error, "rand_distr", "zoobot::rand::random")


@case
def columns_become_figures_and_what_they_leave_out_is_said_beside_them():
    with notebook() as k:
        prelude(k)
        k.must("let galaxies = Catalog::sample()?;")
        data = k.must('histogram(galaxies.column("magnitude")?, 30)').of("execute_result")[0]["data"]
        has(data["text/html"], "values left out: missing or not finite", "data:image/svg+xml;base64,")
        expect("left out" not in data["image/svg+xml"], "the remark is in the picture")
        data = k.must('scatter(galaxies.column("radius"), galaxies.column("magnitude"))').of("execute_result")[0]["data"]
        has(data["image/svg+xml"], "\nradius\n", "\nmagnitude\n")
        data = k.must('histogram(galaxies.numbers("pixel_scale")?, 5)').of("execute_result")[0]["data"]
        expect("text/html" not in data, "nothing is left out, and something said")
        data = k.must('histogram(galaxies.column("class"), 5).build()').of("execute_result")[0]["data"]
        has(data["text/plain"], "The figure cannot be drawn", '"class", which holds text')
        has(k.run('galaxies.numbers("class")?').error, "does not hold numbers", "Columns with numbers")
