"""What is kept between cells; run by kernel_cases.py."""

from case_tools import case, expect, has, notebook, same

# -- variables -------------------------------------------------------------------------------------

# name, cell that binds it with an untyped `let`, expression that uses it, what that shows
TYPES = [
    ("i", "let i = 42;", "i + 1", "43"),
    ("big", "let big = 1_u64 << 40;", "big", "1099511627776"),
    ("x", "let x = 2.5;", "x * 2.0", "5.0"),
    ("single", "let single = 1.5_f32;", "single", "1.5"),
    ("yes", "let yes = 2 > 1;", "!yes", "false"),
    ("letter", "let letter = 'z';", "letter", "'z'"),
    ("owned", 'let owned = String::from("spiral");', "owned.len()", "6"),
    ("text", 'let text = "elliptical";', "text.to_uppercase()", '"ELLIPTICAL"'),
    ("v", "let v = vec![1.0, 2.0, 4.0];", "v.iter().sum::<f64>()", "7.0"),
    ("empty", "let empty: Vec<_> = Vec::<u8>::new();", "empty.len()", "0"),
    ("collected", "let collected: Vec<_> = (0..4).map(|n| n * n).collect();", "collected", "[0, 1, 4, 9]"),
    (
        "nested",
        'let nested = std::collections::HashMap::from([("a".to_string(), vec![Some((1.5, 2)), None])]);',
        'nested["a"][0]',
        "Some((1.5, 2))",
    ),
    ("pair", 'let pair = (1, "two", 3.0);', "pair.1", '"two"'),
    ("grid", "let grid = [[0u8; 3]; 2];", "grid.len()", "2"),
    ("some", "let some = Some(vec![1]);", "some.is_some()", "true"),
    ("result", 'let result: std::result::Result<i32, String> = Ok(3);', "result.clone().unwrap()", "3"),
    ("parsed", 'let parsed = "1.5".parse::<f64>();', "parsed.is_ok()", "true"),
    ("boxed", "let boxed = Box::new([1, 2, 3]);", "boxed.len()", "3"),
    ("counted", "let counted = std::rc::Rc::new(std::cell::RefCell::new(vec![1]));", "counted.borrow().len()", "1"),
    ("shared", "let shared = std::sync::Arc::new(std::sync::Mutex::new(5));", "*shared.lock().unwrap()", "5"),
    ("ordered", "let ordered = std::collections::BTreeSet::from([3, 1]);", "ordered", "{1, 3}"),
    ("cow", 'let cow = std::borrow::Cow::Borrowed("c");', "cow.len()", "1"),
    ("galaxy", "let galaxy = Galaxy { name: \"M51\".into(), arms: 2 };", "galaxy.arms", "2"),
    ("kind", "let kind = Kind::Barred(0.7);", "kind", "Barred(0.7)"),
    ("tagged", "let tagged = Tagged { tag: 'a', value: vec![1.0] };", "tagged.value.len()", "1"),
    ("made", "let made = Galaxy::new(\"M31\");", "made.name", '"M31"'),
    ("function", "let function = half;", "function(3.0)", "1.5"),
    ("pointer", "let pointer: fn(f64) -> f64 = half;", "pointer(5.0)", "2.5"),
    ("plus", "let plus = |a: f64, b: f64| a + b;", "plus(1.0, 2.0)", "3.0"),
    ("inferred", "let inferred = |a: i32| a * 2;", "inferred(4)", "8"),
    ("counter", "let mut counter = { let mut n = 0; move || { n += 1; n } };", "counter(); counter()", "2"),
    ("lookup", "let scale = 3.0; let lookup = move |a: f64| a * scale;", "lookup(2.0)", "6.0"),
    ("texts", "let texts = |s: &str| s.len();", 'texts("abcd")', "4"),
    ("returned", "let returned = adder(1.0);", "returned(1.0)", "2.0"),
    ("range", "let range = 0..3;", "range.end", "3"),
    ("time", "let time = std::time::Duration::from_millis(20);", "time.as_millis()", "20"),
    ("path", 'let path = std::path::PathBuf::from("a/b.csv");', "path.extension().is_some()", "true"),
    ("df", 'let df = df!["id" => ["a", "b"], "flux" => [1.0, 2.0]]?;', "df.shape()", "(2, 2)"),
    ("column", 'let column = df!["n" => [1, 2]]?.column("n")?.clone();', "column.len()", "2"),
    ("series", 'let series = Series::new("s".into(), [1i64, 2, 3]);', "series.len()", "3"),
    ("lazy", 'let lazy = df!["n" => [1, 2, 3]]?.lazy().filter(col("n").gt(lit(1)));', "lazy.clone().collect()?.height()", "2"),
    ("expr", 'let expr = col("n").sum();', 'df!["n" => [1, 2]]?.lazy().select([expr.clone()]).collect()?.height()', "1"),
    ("tensor", "let tensor = tch::Tensor::from_slice(&[1.0, 2.0]);", "tensor.size()", "[2]"),
    ("device", "let device = tch::Device::Cpu;", "device", "Cpu"),
    ("dtype", "let dtype = tch::Kind::Float;", "dtype", "Float"),
    ("store", "let store = tch::nn::VarStore::new(tch::Device::Cpu);", "store.len()", "0"),
    ("array", "let array = ndarray::Array2::<f64>::zeros((2, 3));", "array.shape().to_vec()", "[2, 3]"),
    ("colour", "let colour = plotters::style::RGBColor(1, 2, 3);", "colour.2", "3"),
    ("bundle", 'let bundle = zoobot::notebook::Bundle::plain("b");', 'bundle.get("text/plain").is_some()', "true"),
]

ITEMS = """\
use zoobot::prelude::*;
use zoobot::polars::prelude::*;
#[derive(Debug, Clone)]
struct Galaxy { name: String, arms: u8 }
impl Galaxy {
    fn new(name: &str) -> Self { Self { name: name.to_owned(), arms: 2 } }
}
#[derive(Debug, Clone)]
enum Kind { Smooth, Barred(f64) }
#[derive(Debug)]
struct Tagged<T> { tag: char, value: Vec<T> }
fn half(x: f64) -> f64 { x / 2.0 }
fn adder(n: f64) -> impl Fn(f64) -> f64 { move |x| x + n }
"""


@case
def untyped_lets_of_many_types_are_kept_in_one_cell_and_used_in_the_next():
    with notebook() as k:
        k.must(ITEMS)
        k.must("\n".join(binding for _, binding, _, _ in TYPES))
        for name, _, use, shown in TYPES:
            same(k.must(use).shown, [shown], name)
        expect(len(TYPES) >= 25, "too few types")


@case
def items_imports_and_lets_may_stand_in_one_cell():
    with notebook() as k:
        cell = k.must(
            "use std::collections::BTreeMap;\n"
            "macro_rules! triple { ($x:expr) => { 3 * $x } }\n"
            "const LIMIT: usize = 2;\n"
            "let mut map = BTreeMap::new();\n"
            "#[derive(Debug, Clone, PartialEq)]\n"
            "struct Point { x: f64 }\n"
            "map.insert(\"p\", Point { x: f64::from(triple!(1)) });\n"
            "fn count(m: &BTreeMap<&'static str, Point>) -> usize { m.len().min(LIMIT) }\n"
            "count(&map)"
        )
        same(cell.shown, ["1"])
        same(k.must("triple!(map[\"p\"].x as i32) + count(&map) as i32").shown, ["10"])
        k.must("map.insert(\"q\", Point { x: 0.5 });")
        same(k.must("map.len()").shown, ["2"])


@case
def the_type_of_a_let_may_depend_on_an_import_of_an_earlier_cell():
    with notebook() as k:
        k.must("use std::collections::{HashSet as Set, VecDeque};")
        k.must("let set = Set::from([1, 2]);\nlet queue: VecDeque<_> = set.iter().copied().collect();")
        same(k.must("queue.len() + set.len()").shown, ["4"])


@case
def patterns_let_else_shadowing_and_mut_work():
    with notebook() as k:
        k.must("struct P { x: i32, y: (f64, String) }\nlet p = P { x: 1, y: (2.5, \"s\".into()) };")
        k.must("let P { x, y: (mut number, label) } = p;\nlet [first, .., last] = [1, 2, 3];\nnumber += 1.0;")
        same(k.must("(x, number, label.clone(), first, last)").shown, ['(1, 3.5, "s", 1, 3)'])
        k.must("let Some(found) = Some(7) else { panic!(\"none\") };\nlet found = found.to_string();\nlet found = found + \"!\";")
        same(k.must("found").shown, ['"7!"'])
        k.must("let mut list = vec![1];\nlist.push(2);")
        k.must("list.push(3);")
        same(k.must("list.len()").shown, ["3"])
        k.must("let list = \"now a text\";")
        same(k.must("list").shown, ['"now a text"'])


@case
def a_moved_variable_is_gone_and_the_next_error_says_why():
    with notebook() as k:
        k.must("let a = vec![1];\nlet b = vec![2];")
        same(k.must("let c = a; c.len()").shown, ["1"])
        has(k.run("a.len()").error, "cannot find value `a`", "moved it away")
        same(k.must("b.into_iter().sum::<i32>()").shown, ["2"])
        has(k.run("b").error, "cannot find value `b`", "moved it away")
        same(k.must("c").shown, ["[1]"])
        k.must("let spent = vec![1]; let taken = spent; drop(taken);")
        has(k.run("spent").error, "cannot find value `spent`", "also moved it away")


@case
def references_are_refused_with_advice():
    with notebook() as k:
        k.must("let v = vec![1, 2, 3];\nlet kept = 5_usize;")
        for code in [
            "let w = vec![1]; let first = &w[0];",
            "let first = &v[0];",
            "let first = v.first();",
            "let first = v.as_slice();",
            "let first = v.iter();",
        ]:
            cell = k.run(code)
            same(cell.ename, "compile error", code)
            has(cell.error, "`first`", "clone()")
        has(k.run("let first = Some(1).map(|_| &v);").error, "`v` does not live long enough", "clone()")
        cell = k.run("let squares = v.iter().map(|n| n * n);")
        same(cell.ename, "compile error")
        has(cell.error, "`squares`", "collect")
        has(k.run("let f = |x: i32| x + v[0];").error, "closure `f`", "move")
        same(k.must("v.len() + kept").shown, ["8"])
        same(k.must("{ let first = &v[0]; *first }").shown, ["1"])
        same(k.must("let it = v.iter().map(|n| n * n); it.sum::<i32>()").shown, ["14"])


@case
def values_of_unnameable_types_are_refused_with_advice():
    with notebook() as k:
        k.must("fn evens() -> impl Iterator<Item = i32> { (0..6).step_by(2) }\nlet kept = 1;")
        cell = k.run("let it = evens();")
        same(cell.ename, "compile error")
        has(cell.error, "`it`", "collect")
        cell = k.run("let many = vec![|x: i32| x + 1];")
        has(cell.error, "`many`", "no name")
        has(k.run("let unknown = Vec::new();").error, "type annotations needed")
        has(k.run("let once = { let s = String::new(); move || drop(s) };").error, "once")
        same(k.must("kept").shown, ["1"])


@case
def a_type_that_is_defined_again_takes_its_variables_with_it():
    with notebook() as k:
        k.must("#[derive(Debug)] struct P { x: u8 }\nlet p = P { x: 1 };\nlet other = 2;")
        cell = k.must("#[derive(Debug)] struct P { x: u8, y: String }")
        has(cell.stderr, "`p` is gone", "`P` is defined differently")
        has(k.run("p").error, "cannot find value `p`")
        k.must("let p = P { x: 1, y: \"y\".into() };")
        same(k.must("p.y").shown, ['"y"'])
        k.must("#[derive(Debug)] struct P { x: u8, y: String }")
        same(k.must("p.y").shown, ['"y"'])
        same(k.must("other").shown, ["2"])


@case
def cells_can_be_run_again():
    with notebook() as k:
        cell = (
            "use std::fmt::Display;\n#[derive(Debug, Clone)] struct A(i32);\n"
            "impl A { fn get(&self) -> i32 { self.0 } }\n"
            "impl Display for A { fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result { write!(f, \"A\") } }\n"
            "let a = A(3);\na.get()"
        )
        for _ in range(3):
            same(k.must(cell).shown, ["3"])
        same(k.must("a.to_string()").shown, ['"A"'])
