"""What the kernel must do, case by case, through a real Jupyter client.

    python kernel_cases.py KERNEL [PART_OF_A_NAME]

runs every case (or those whose name contains the part) and prints one JSON line for each:
{"case": ..., "passed": true|false, "detail": ...}. `tests/tests/kernel.rs` asserts on them.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

from kernel_client import processes, running, specs

KERNEL = None
CASES = []


def case(function):
    CASES.append(function)
    return function


def expect(truth, message):
    if not truth:
        raise AssertionError(message)


def same(found, wanted, what=""):
    expect(found == wanted, f"{what}: found {found!r}, wanted {wanted!r}")


def has(text, *parts):
    for part in parts:
        expect(part in text, f"{part!r} is not in {text!r}")


def notebook(**options):
    return running(KERNEL, **options)


def prelude(k):
    k.must("use zoobot::prelude::*;")


# -- starting and ending ---------------------------------------------------------------------------


@case
def kernel_info_is_answered_before_the_library_is_warm():
    with notebook() as k:
        seconds = k.info()
        request = k.client.kernel_info()
        reply = k.client.get_shell_msg(timeout=10)
        same(reply["parent_header"]["msg_id"], request, "reply to")
        same(reply["content"]["language_info"]["name"], "rust", "language")
        same(reply["content"]["implementation"], "zoobot", "implementation")
        first = k.must("use zoobot::prelude::*;\n1 + 1")
        same(first.shown, ["2"], "shown")
        # What follows took a process, a link and a run; the information did not wait for it.
        expect(seconds < time.perf_counter() - k.started, "kernel_info came after the first cell")
        first_seconds = first.seconds
        expect(first_seconds > 0, "no time was measured")


@case
def shutdown_leaves_no_process_and_no_folder():
    with tempfile.TemporaryDirectory() as temp:
        os.environ["TMPDIR"] = temp
        try:
            with notebook() as k:
                prelude(k)
                pids = processes(k.pid)
                expect(len(pids) >= 2, f"only {pids} run")
                expect(any(name.startswith("zoobot-kernel-") for name in os.listdir(temp)), "no folder")
        finally:
            del os.environ["TMPDIR"]
        deadline = time.time() + 10
        alive = pids
        while alive and time.time() < deadline:
            alive = [pid for pid in alive if Path(f"/proc/{pid}").exists()]
            time.sleep(0.05)
        same(alive, [], "processes left")
        same([name for name in os.listdir(temp) if name.startswith("zoobot-kernel")], [], "folders left")


@case
def the_cells_process_ends_when_the_kernel_is_killed():
    with notebook() as k:
        prelude(k)
        children = [pid for pid in processes(k.pid) if pid != k.pid]
        os.kill(k.pid, signal.SIGKILL)
        deadline = time.time() + 10
        while children and time.time() < deadline:
            children = [pid for pid in children if Path(f"/proc/{pid}").exists()]
            time.sleep(0.05)
        same(children, [], "orphans")


@case
def restart_begins_anew():
    with notebook() as k:
        k.must("let a = 1;")
        k.manager.restart_kernel(now=False)
        k.client.wait_for_ready(timeout=60)
        cell = k.run("a")
        has(cell.error, "cannot find value `a`")
        same(k.must("1 + 1").shown, ["2"])


@case
def notebooks_do_not_disturb_each_other():
    with notebook() as one, notebook() as two:
        requests = [(k, k.begin(f"let mine = {i};")) for i, k in enumerate((one, two))]
        for k, request in requests:
            expect(k.finish(request).ok, "cell failed")
        same(one.must("mine").shown, ["0"])
        same(two.must("mine").shown, ["1"])


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


# -- what a cell shows -----------------------------------------------------------------------------


@case
def the_last_expression_shows_itself_in_the_best_way_it_has():
    with notebook() as k:
        k.must(
            "use zoobot::prelude::*;\nuse zoobot::notebook::Bundle;\n"
            "#[derive(Debug)] struct Rich;\n"
            "impl Show for Rich { fn show(&self) -> Bundle { Bundle::plain(\"plain\").with(\"text/html\", \"<b>rich</b>\") } }\n"
            "#[derive(Debug)] struct Own;\n"
            "impl Own { fn evcxr_display(&self) { println!(\"its own way\"); } }\n"
            "struct Nothing;"
        )
        data = k.must("Rich").of("execute_result")[0]["data"]
        same(data, {"text/plain": "plain", "text/html": "<b>rich</b>"})
        same(k.must("Own").stdout, "its own way\n")
        own = k.must("struct E; impl E { fn evcxr_display(&self) { println!(\"EVCXR_BEGIN_CONTENT text/html\\n<i>e</i>\\nEVCXR_END_CONTENT\"); } }\nE")
        same(own.of("execute_result")[0]["data"], {"text/html": "<i>e</i>"})
        same(k.must("[1, 2]").shown, ["[1, 2]"])
        has(k.must("Nothing").shown[0], "Nothing", "derive(Debug)")
        for silent in ["()", "let a = 1;", "for i in 0..2 { }", "if a > 1 { println!(\"x\"); }", "a + 1;"]:
            same(k.must(silent).shown, [], silent)
        same(k.must("\"text\"").shown, ['"text"'])
        same(k.must("(|x| x + 1.0)(2.0)").shown, ["3.0"])
        same(k.must("display(&Rich); 1").shown, ["plain", "1"])
        same(k.must("if a > 0 { \"positive\" } else { \"negative\" }").shown, ['"positive"'])
        same(k.must("match a { 1 => 'o', _ => 'x' } // a comment").shown, ["'o'"])


@case
def displays_and_streams_come_in_order_while_the_cell_runs():
    with notebook() as k:
        prelude(k)
        cell = k.must(
            "println!(\"one\");\nstd::thread::sleep(std::time::Duration::from_millis(400));\n"
            "display(\"two\");\nprint!(\"three\");\n"
            "std::thread::sleep(std::time::Duration::from_millis(400));\n"
            "eprintln!(\"four\"); eprint!(\"five\");\n6"
        )
        order = [
            content.get("text") or content["data"]["text/plain"]
            for _, kind, content in cell.messages
            if (kind == "stream" and content["name"] == "stdout")
            or kind in ("display_data", "execute_result")
        ]
        same(order, ["one\n", '"two"', "three", "6"])
        same(cell.stderr, "four\nfive")
        times = {
            content.get("text", ""): seconds
            for seconds, kind, content in cell.messages
            if kind == "stream"
        }
        expect(cell.seconds - times["one\n"] > 0.7, "the first line was not streamed")


@case
def a_display_is_updated_in_place():
    with notebook() as k:
        cell = k.must(
            "for step in 0..3 {\n    println!(\"\\u{2}zoobot {{\\\"kind\\\":\\\"display\\\",\\\"data\\\":"
            "{{\\\"text/plain\\\":\\\"step {step}\\\"}},\\\"id\\\":\\\"bar\\\",\\\"update\\\":{}}}\", step > 0);\n}"
        )
        first, updates = cell.of("display_data"), cell.of("update_display_data")
        same([c["data"]["text/plain"] for c in first], ["step 0"])
        same([c["data"]["text/plain"] for c in updates], ["step 1", "step 2"])
        same({c["transient"]["display_id"] for c in first + updates}, {"bar"})


@case
def an_empty_cell_and_a_comment_are_fine():
    with notebook() as k:
        for code in ["", "   \n", "// only a comment", "/* block */"]:
            expect(k.run(code).ok, f"{code!r} failed")


@case
def vars_lists_the_variables_and_other_commands_are_refused():
    with notebook() as k:
        k.must("let a = 1;\nlet b = vec![1.5];")
        same(k.must(":vars").shown, ["a: i32\nb: std::vec::Vec<f64>"])
        has(k.run(":dep polars").error, "already built")
        has(k.run(":what").error, "unknown command")


# -- errors ----------------------------------------------------------------------------------------


@case
def a_question_mark_shows_the_error_with_its_causes_and_keeps_the_variables():
    with notebook() as k:
        k.must("use zoobot::prelude::*;\nlet a = vec![1];")
        cell = k.run("let b = 2;\nstd::fs::read_to_string(\"/nowhere/x.csv\").map_err(zoobot::Error::io(\"read\", \"/nowhere/x.csv\"))?;\nlet a = 3;")
        same(cell.ename, "error")
        has(cell.error, "cannot read /nowhere/x.csv", "No such file")
        cell = k.run(
            "#[derive(Debug)] struct Outer(std::num::ParseIntError);\n"
            "impl std::fmt::Display for Outer { fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result { write!(f, \"bad magnitude\") } }\n"
            "impl std::error::Error for Outer { fn source(&self) -> Option<&(dyn std::error::Error + 'static)> { Some(&self.0) } }\n"
            "\"x\".parse::<i32>().map_err(Outer)?;"
        )
        has(cell.error, "bad magnitude", "caused by: invalid digit")
        has(k.run("Err(\"just a text\")?;").error, "just a text")
        has(k.run("polars::prelude::df![\"a\" => [1]]?.column(\"nope\")?;").error, "nope")
        same(k.must("a").shown, ["[1]"])
        has(k.run("b").error, "cannot find value `b`")


@case
def a_panic_shows_its_message_and_place_and_keeps_the_variables():
    with notebook() as k:
        k.must("let mut a = vec![1, 2];\nfn deep(i: usize) -> i32 { [1, 2][i] }")
        cell = k.run("a.push(3);\nlet a = 7;\n  let n: Option<i32> = None; n.unwrap();")
        same(cell.ename, "panic")
        has(cell.error, "called `Option::unwrap()` on a `None` value", "3 |   let n: Option<i32> = None; n.unwrap();")
        mark = cell.error.splitlines()[-1]
        same(mark.index("^"), len("3 | ") + "  let n: Option<i32> = None; n.unwrap();".index("unwrap"), "place of the mark")
        same(k.must("a").shown, ["[1, 2, 3]"])
        has(k.run("deep(5)").error, "index out of bounds")
        has(k.run("panic!(\"galaxy {}\", 7)").error, "galaxy 7")
        same(k.must("a.len()").shown, ["3"])
        same(k.must("std::thread::spawn(|| panic!(\"elsewhere\")).join().is_err()").shown, ["true"])


@case
def a_compile_error_points_at_the_cells_own_lines_and_keeps_the_variables():
    with notebook() as k:
        k.must("let a = vec![1];")
        cell = k.run("let b = 1;\nlet c = a.len() + nope;\nb")
        same(cell.ename, "compile error")
        has(cell.error, "cannot find value `nope`", "2 | let c = a.len() + nope;")
        mark = cell.error.splitlines()[2]
        same(mark.index("^"), len("2 | ") + "let c = a.len() + ".__len__(), "place of the mark")
        has(k.run("a + 1").error, "1 | a + 1")
        has(k.run("let d = a;\na.len();\nd.len()").error, "borrow of moved value", "2 | a.len();")
        has(k.run("let s: String = 5;").error, "mismatched types", "1 | let s: String = 5;")
        has(k.run("let x = (1;").error, "1 | let x = (1;")
        has(k.run("fn f( {").error, "1 | fn f( {")
        has(k.run("let y = 1; }").error, "}")
        has(k.run("use std::nothing::Here;").error, "1 | use std::nothing::Here;")
        has(k.run("struct S { a: Nope }").error, "1 | struct S { a: Nope }")
        has(k.run("a.push(2);").error, "not declared as mutable", "1 | a.push(2);")
        has(k.run("println!(\"{}\", nada);").error, "1 | println!(\"{}\", nada);")
        for bad in ["zoobot_", "evcxr", "keep_new"]:
            expect(bad not in k.run("let r = undefined(a); r").error, f"{bad} in an error")
        same(k.must("a").shown, ["[1]"])


@case
def after_an_error_the_cells_behind_it_are_not_run():
    with notebook() as k:
        k.must("1;")
        first, second = k.begin("nope"), k.begin("println!(\"ran\");")
        same(k.finish(first).reply["status"], "error")
        same(k.finish(second).reply["status"], "aborted")
        same(k.must("2").shown, ["2"])


@case
def a_crash_is_reported_and_the_next_cell_works():
    with notebook() as k:
        k.must("use zoobot::prelude::*;\nfn twice(x: i32) -> i32 { 2 * x }\nlet a = 1;")
        cell = k.run("println!(\"before\"); std::process::abort();")
        same(cell.ename, "process ended")
        has(cell.error, "variables are lost")
        has(cell.stdout, "before")
        same(k.must("twice(4)").shown, ["8"])
        has(k.run("a").error, "cannot find value `a`", "process that runs the cells ended")
        has(k.run("unsafe { *(std::ptr::null::<i32>().add(1)) }").error, "process that runs the cells ended")
        same(k.must("twice(5)").shown, ["10"])
        has(k.run("std::process::exit(3)").error, "exit status: 3")


# -- much output, and output that is no text -------------------------------------------------------


@case
def a_hundred_megabytes_are_cut_with_one_note_and_the_next_cell_prints_again():
    with notebook() as k:
        lines = 'let line = "x".repeat(999);\nfor _ in 0..100_000 { println!("{line}"); }'
        line = 'print!("{}", "x".repeat(100_000_000));'
        for code in (lines, line, lines.replace("println", "eprintln")):
            cell = k.must(code)
            text = cell.stdout + cell.stderr
            expect(900_000 < len(text) < 1_200_000, f"{len(text)} bytes came")
            same(text.count("left out"), 1, "notes")
            has(text, "99.0 MB more" if "for" in code else "MB more")
        same(k.must('println!("short");').stdout, "short\n")


@case
def a_thousand_displays_are_cut_with_a_note():
    with notebook() as k:
        cell = k.must('for i in 0..1000 { zoobot::notebook::display(i.to_string().as_str()); }\n7')
        same(len(cell.of("display_data")), 500, "displays")
        same(cell.shown[-1], "7")
        has(cell.stderr, "500 more displays are left out")


@case
def bytes_that_are_no_text_are_replaced_and_the_variables_survive():
    with notebook() as k:
        k.must("let a = 2;")
        for stream in ("stdout", "stderr"):
            cell = k.must('use std::io::Write; std::io::%s().write_all(b"a\\xffb\\n").unwrap();' % stream)
            same(cell.stdout + cell.stderr, "a\ufffdb\n")
        cell = k.must('println!("out"); eprintln!("err"); a')
        same((cell.stdout, cell.stderr, cell.shown), ("out\n", "err\n", ["2"]))


# -- questions -------------------------------------------------------------------------------------


def question(k):
    message = k.client.get_stdin_msg(timeout=60)
    same(message["msg_type"], "input_request")
    return message["content"]


@case
def a_cell_can_ask_for_a_line_and_a_password():
    with notebook() as k:
        request = k.begin('print!("first "); let name = zoobot::notebook::input("Your name: 100%? ")?;\nname', allow_stdin=True)
        same(question(k), {"prompt": "Your name: 100%? ", "password": False})
        k.client.input(" M51: \u00e9 ")
        cell = k.finish(request)
        same((cell.stdout.strip(), cell.shown), ("first", ['" M51: \u00e9 "']))
        request = k.begin('zoobot::notebook::password("Secret")?.len()', allow_stdin=True)
        same(question(k)["password"], True)
        k.client.input("abc")
        same(k.finish(request).shown, ["3"])


@case
def where_no_input_is_taken_a_question_fails_by_name():
    with notebook() as k:
        k.must("let a = 1;")
        cell = k.run('let b = zoobot::notebook::input("Which survey?")?;', allow_stdin=False)
        same(cell.ename, "error")
        has(cell.error, "Which survey?", "takes no input")
        same(k.must("a").shown, ["1"])


@case
def the_stop_button_ends_a_question_and_keeps_the_variables():
    with notebook() as k:
        k.must("let a = 1;")
        request = k.begin('let b = zoobot::notebook::input("Wait")?;', allow_stdin=True)
        question(k)
        k.manager.interrupt_kernel()
        same(k.finish(request, timeout=30).ename, "interrupted")
        same(k.must("a").shown, ["1"])


# -- completion and inspection ---------------------------------------------------------------------


def completed(k, code, cursor=None):
    """The matches at the end of `code`, and the reply."""
    request = k.client.complete(code, len(code) if cursor is None else cursor)
    while True:
        reply = k.client.get_shell_msg(timeout=60)
        if reply["parent_header"]["msg_id"] == request:
            same(reply["msg_type"], "complete_reply")
            return reply["content"]["matches"], reply["content"]


def indexed(k):
    """Waits for the index of the library, which the first machine to ask has to make."""
    prelude(k)
    deadline = time.time() + 120
    while not completed(k, "zoobot::")[0] or "catalog" not in completed(k, "zoobot::")[0]:
        expect(time.time() < deadline, "no index")
        time.sleep(0.2)


def offers(k, code, *names):
    matches, _ = completed(k, code)
    for name in names:
        expect(name in matches, f"{name} is not offered after {code!r}: {matches[:60]}")
    same(len(matches), len(set(matches)), "each once")


@case
def tab_completes_the_users_own_names_and_fields():
    with notebook() as k:
        k.must("use zoobot::prelude::*;\nstruct Galaxy { radius: f64, arms: u8 }\nimpl Galaxy { fn area(&self) -> f64 { 1.0 } fn new() -> Self { Self { radius: 1.0, arms: 2 } } }")
        k.must("let galaxy = Galaxy::new(); let galaxies = vec![1.0, 2.0];")
        offers(k, "gal", "galaxy", "galaxies")
        offers(k, "let x = galaxy.", "radius", "arms", "area")
        offers(k, "Galaxy::", "new", "area")
        offers(k, "let local = 5; loc", "local")
        offers(k, "let other = Galaxy::new();\nother.ra", "radius")
        offers(k, "Gal", "Galaxy")
        matches, reply = completed(k, "let \u00e9 = 1; galaxy.ar + 1", len("let \u00e9 = 1; galaxy.ar"))
        same(matches, ["area", "arms"])
        same((reply["cursor_start"], reply["cursor_end"]), (18, 20))
        same(completed(k, 'println!("gal')[0], [])


@case
def tab_completes_zoobot_polars_and_plotters_along_chains():
    with notebook() as k:
        indexed(k)
        k.must("use zoobot::polars::prelude::*;\nuse zoobot::plotters::prelude::*;\nlet galaxies = Catalog::sample()?; let table = galaxies.table().clone();")
        offers(k, "galaxies.", "table", "gallery", "head", "len")
        offers(k, "Cat", "Catalog")
        offers(k, "Catalog::", "sample")
        offers(k, "galaxies.table().clone().", "lazy", "shape", "head")
        offers(k, "table.clone().lazy().fil", "filter")
        offers(k, 'let x = col("a").', "sum", "gt", "alias")
        offers(k, 'let t = table.clone();\nlet u = t.lazy().group_by([col("a")]).a', "agg")
        offers(k, "zoobot::notebook::", "display", "input")
        offers(k, "DataF", "DataFrame")
        offers(k, "Chart", "ChartBuilder")
        offers(k, "let rgb = RED; rgb.", "mix")
        offers(k, "galaxies.gallery(table.hei", "height")
        offers(k, "galaxies.clo", "clone")
        # What the library was built without is not there to call.
        same(completed(k, 'col("a").asof_jo')[0], [])


@case
def shift_tab_shows_signature_and_documentation():
    with notebook() as k:
        indexed(k)
        k.must("let galaxies = Catalog::sample()?;\n/// Doubles.\nfn twice(x: f64) -> f64 { 2.0 * x }")

        def inspected(code, cursor=None):
            request = k.client.inspect(code, len(code) if cursor is None else cursor)
            reply = k.client.get_shell_msg(timeout=60)
            same((reply["msg_type"], reply["parent_header"]["msg_id"]), ("inspect_reply", request))
            return reply["content"]

        found = inspected("galaxies.gallery(12", len("galaxies.gallery(1"))
        expect(found["found"], "gallery is not found")
        has(found["data"]["text/plain"], "pub fn gallery(&self", "Gallery", "Catalog")
        has(found["data"]["text/markdown"], "```rust\npub fn gallery(&self")
        has(inspected("twice(")["data"]["text/plain"], "fn twice(x: f64) -> f64", "Doubles.")
        has(inspected("galaxies")["data"]["text/plain"], "let galaxies: ", "Catalog")
        has(inspected("Catalog::sample")["data"]["text/plain"], "pub fn sample()")
        has(inspected("galaxies.table().lazy().filter(")["data"]["text/plain"], "fn filter(self")
        same(inspected("no_such_name")["found"], False)


@case
def completion_can_be_prepared_ahead():
    done = subprocess.run([KERNEL, "--index"], check=True, capture_output=True, text=True, timeout=300)
    names = next(int(word) for word in done.stdout.split() if word.isdigit())
    expect(names > 5000, done.stdout)
    with notebook() as k:
        prelude(k)
        offers(k, "Catalog::", "sample")


@case
def completion_answers_while_a_cell_runs():
    with notebook() as k:
        indexed(k)
        k.must("let galaxies = Catalog::sample()?;")
        request = k.begin('println!("running");\nstd::thread::sleep(std::time::Duration::from_secs(8));')
        k.finish(request, until=lambda cell: "running" in cell.stdout)
        offers(k, "galaxies.table().clone().laz", "lazy")
        expect(k.finish(request, until=lambda cell: True).reply is None, "the cell was waited for")
        k.finish(request)


# -- interrupt -------------------------------------------------------------------------------------

LOOP = """\
println!("running");
let mut n = 0_u64;
loop {
    n += 1;
    std::thread::sleep(std::time::Duration::from_millis(1));
    zoobot::interrupt::check("counting", || format!("{n} steps"))?;
}"""


def interrupts(k, how):
    k.must("let a = vec![1, 2];")
    request = k.begin(LOOP)
    k.finish(request, until=lambda cell: "running" in cell.stdout)
    asked = time.perf_counter()
    how()
    cell = k.finish(request, timeout=30)
    seconds = time.perf_counter() - asked
    same(cell.ename, "interrupted")
    has(cell.error, "interrupted during counting", "steps")
    same(k.must("a").shown, ["[1, 2]"])
    return seconds


@case
def an_interrupt_message_stops_a_long_call_and_keeps_the_variables():
    with notebook() as k:
        k.info()
        for _ in range(2):
            seconds = interrupts(k, k.manager.interrupt_kernel)
            expect(seconds < 1, f"took {seconds} s")
            time.sleep(2)


@case
def a_sigint_to_the_kernel_does_the_same():
    with notebook() as k:
        k.info()
        seconds = interrupts(k, lambda: os.kill(k.pid, signal.SIGINT))
        expect(seconds < 1, f"took {seconds} s")


@case
def a_second_interrupt_ends_a_call_that_does_not_listen():
    with notebook() as k:
        k.must("let a = 1;")
        request = k.begin("println!(\"running\");\nloop { std::hint::spin_loop(); }")
        k.finish(request, until=lambda cell: "running" in cell.stdout)
        k.manager.interrupt_kernel()
        time.sleep(0.3)
        k.manager.interrupt_kernel()
        same(k.finish(request, timeout=30).ename, "process ended")
        same(k.must("1 + 1").shown, ["2"])


@case
def an_interrupt_between_cells_does_nothing():
    with notebook() as k:
        k.must("let a = 1;")
        k.manager.interrupt_kernel()
        time.sleep(0.5)
        same(k.must("zoobot::interrupt::check(\"x\", String::new)?; a").shown, ["1"])


# -- the rest of Jupyter ---------------------------------------------------------------------------


@case
def nbconvert_executes_a_notebook():
    import nbformat

    with tempfile.TemporaryDirectory() as temp:
        cells = ["use zoobot::prelude::*;\nlet a = 20;", "println!(\"from a cell\");\na + 1"]
        book = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(code) for code in cells],
            metadata={"kernelspec": {"name": "zoobot", "display_name": "Zoobot", "language": "rust"}},
        )
        path = Path(temp) / "small.ipynb"
        nbformat.write(book, path)
        manager = specs(KERNEL)
        folder = Path(temp) / "share" / "kernels"
        folder.parent.mkdir()
        manager.zoobot_folder.rename(folder)
        environment = dict(os.environ, JUPYTER_PATH=str(folder.parent))
        subprocess.run(
            [sys.executable, "-m", "jupyter", "nbconvert", "--to", "notebook", "--execute",
             "--output", "done.ipynb", str(path)],
            check=True, env=environment, capture_output=True, timeout=300,
        )
        done = nbformat.read(Path(temp) / "done.ipynb", as_version=4)
        outputs = done.cells[1].outputs
        same([o.output_type for o in outputs], ["stream", "execute_result"])
        same(outputs[1].data["text/plain"], "21")


@case
def the_smaller_requests_are_answered():
    with notebook() as k:
        k.info()
        asked = {
            "is_complete_reply": lambda: k.client.is_complete("fn f() {"),
            "complete_reply": lambda: k.client.complete("ga", 2),
            "inspect_reply": lambda: k.client.inspect("ga", 2),
            "history_reply": lambda: k.client.history(hist_access_type="tail", n=5),
            "comm_info_reply": lambda: k.client.comm_info(),
        }
        for kind, ask in asked.items():
            request = ask()
            reply = k.client.get_shell_msg(timeout=10)
            same((reply["msg_type"], reply["parent_header"]["msg_id"]), (kind, request))


@case
def a_console_finds_its_cells_again():
    with notebook() as k:
        for code in ("let a = 1;", "a", "// nothing"):
            k.must(code)

        def history(**asked):
            k.client.history(raw=True, **asked)
            return [entry[1:] for entry in k.client.get_shell_msg(timeout=10)["content"]["history"]]

        same(history(hist_access_type="tail", n=2), [[2, "a"], [3, "// nothing"]])
        same(history(hist_access_type="range", session=0, start=1, stop=2), [[1, "let a = 1;"]])
        same(history(hist_access_type="search", pattern="let*", n=9, unique=False), [[1, "let a = 1;"]])


@case
def a_debugger_is_refused_and_unknown_comms_are_closed():
    with notebook() as k:
        k.must("1")
        message = k.client.session.msg("debug_request", {"type": "request", "seq": 7, "command": "initialize", "arguments": {}})
        k.client.control_channel.send(message)
        reply = k.client.get_control_msg(timeout=10)
        same(reply["msg_type"], "debug_reply")
        same((reply["content"]["success"], reply["content"]["request_seq"]), (False, 7))
        has(reply["content"]["message"], "no debugger")
        message = k.client.session.msg("comm_open", {"comm_id": "c1", "target_name": "jupyter.widget", "data": {}})
        k.client.shell_channel.send(message)
        deadline = time.time() + 10
        while time.time() < deadline:
            answer = k.client.get_iopub_msg(timeout=10)
            if answer["msg_type"] == "comm_close":
                break
        same(answer["content"]["comm_id"], "c1")
        same(k.must("1").shown, ["1"])


@case
def a_message_with_a_wrong_signature_is_ignored():
    with notebook() as k:
        k.must("let a = 1;")
        right = k.client.session.key
        k.client.session.key = b"wrong"
        k.client.execute("println!(\"forged\");")
        k.client.session.key = right
        same(k.must("a").shown, ["1"])


@case
def two_hundred_cells_do_not_get_slower_and_a_kill_leaves_nothing():
    with tempfile.TemporaryDirectory() as temp:
        os.environ["TMPDIR"] = temp
        try:
            with notebook() as k:
                prelude(k)
                seconds = [k.must(f"let a{i % 20} = {i}; a{i % 20} + 1").seconds for i in range(200)]
                first, last = (statistics.median(part) for part in (seconds[10:30], seconds[-20:]))
                expect(last < 1.5 * first, f"{first:.3f} s became {last:.3f} s")
                pids = processes(k.pid)
                os.kill(k.pid, signal.SIGKILL)
                deadline = time.time() + 10
                while time.time() < deadline and any(Path(f"/proc/{pid}/exe").exists() for pid in pids):
                    time.sleep(0.05)
                same([pid for pid in pids if Path(f"/proc/{pid}/exe").exists()], [], "processes left")
            with notebook() as k:
                k.must("1")
                folders = [name for name in os.listdir(temp) if name.startswith("zoobot-kernel-")]
                same(folders, [f"zoobot-kernel-{k.pid}"], "folders")
        finally:
            del os.environ["TMPDIR"]


@case
def many_cells_leave_no_files_behind():
    with tempfile.TemporaryDirectory() as temp:
        os.environ["TMPDIR"] = temp
        try:
            with notebook() as k:
                for i in range(12):
                    k.must(f"let a = {i};")
                found = [p for p in Path(temp).rglob("*code_*") if p.is_file()]
                expect(len(found) <= 1, f"{len(found)} shared objects are left")
        finally:
            del os.environ["TMPDIR"]


def main():
    global KERNEL
    KERNEL = sys.argv[1]
    part = sys.argv[2] if len(sys.argv) > 2 else ""
    for function in CASES:
        if part not in function.__name__:
            continue
        start = time.perf_counter()
        try:
            function()
            passed, detail = True, ""
        except Exception as error:
            passed, detail = False, "".join(traceback.format_exception(error)[-3:])
        seconds = round(time.perf_counter() - start, 1)
        line = {"case": function.__name__, "passed": passed, "detail": detail, "seconds": seconds}
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
