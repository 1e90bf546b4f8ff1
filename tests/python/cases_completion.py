"""Completion (Tab), inspection (Shift-Tab) and the help in a cell; run by kernel_cases.py."""

import json
import subprocess
import tempfile

from case_tools import case, expect, has, kernel, notebook, prelude, same

def completed(k, code, cursor=None):
    """The matches at the end of `code`, and the reply."""
    request = k.client.complete(code, len(code) if cursor is None else cursor)
    while True:
        # The first request may have to build the index of the library.
        reply = k.client.get_shell_msg(timeout=600)
        if reply["parent_header"]["msg_id"] == request:
            same(reply["msg_type"], "complete_reply")
            return reply["content"]["matches"], reply["content"]


def offers(k, code, *names):
    matches, _ = completed(k, code)
    for name in names:
        expect(name in matches, f"{name} is not offered after {code!r}: {matches[:60]}")
    same(len(matches), len(set(matches)), "each once")
    return matches


def inspected(k, code, cursor=None):
    request = k.client.inspect(code, len(code) if cursor is None else cursor)
    reply = k.client.get_shell_msg(timeout=600)
    same((reply["msg_type"], reply["parent_header"]["msg_id"]), ("inspect_reply", request))
    return reply["content"]


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
        prelude(k)
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
        offers(k, "let names: Vec<String> = vec![];\nnames.iter().map(|name| name.to_up", "to_uppercase")
        offers(k, "for i in 0..2 { let inner = galaxies.table().clone();\ninner.", "lazy")
        offers(k, "Chart", "ChartBuilder")
        offers(k, "let rgb = RED; rgb.", "mix")
        offers(k, "galaxies.gallery(table.hei", "height")
        offers(k, "galaxies.clo", "clone")
        # Features that the library was built without are not offered.
        same(completed(k, 'col("a").asof_jo')[0], [])
        # Members that a macro defines, and a type whose name plotters has too.
        offers(k, "scatter(&[1.0], &[2.0]).", "labels", "title", "size", "colour_by", "build")
        mine = offers(k, "histogram(&[1.0], 3).", "labels", "title", "size", "build")
        same([name for name in mine if name in ("baseline", "margin", "style_func")], [], "plotters'")
        offers(k, "lines().", "series", "labels", "title", "size")
        offers(k, "zoobot::rand::", "random", "rng", "Rng", "rngs", "seq")
        offers(k, "zoobot::rand_distr::", "Normal", "Distribution")
        offers(k, "zoobot::ndarray::", "Array1", "Array2")
        offers(k, "zoobot::image::", "RgbImage")
        offers(k, "zoobot::tch::", "Tensor")
        offers(k, "zoobot::", "rand_distr", "catalog")
        offers(k, 'let t = String::from("a"); t.', "to_uppercase", "push_str", "trim")


@case
def the_first_tab_is_as_full_as_the_next_however_slow_the_machine_is():
    with notebook() as k:
        # Does not wait for anything, not even for the kernel itself.
        first = completed(k, "zoobot::catalog::")[0]
        expect("Catalog" in first, first)
        same(completed(k, "zoobot::catalog::")[0], first)


@case
def tab_offers_the_columns_of_tables_inside_of_texts():
    with notebook() as k:
        prelude(k)
        k.must(
            'let galaxies = Catalog::sample()?;\nlet other = df!["only-here" => [1], "mass" => [2.0]]?;\n'
            "let number = 3;"
        )
        same(completed(k, 'galaxies.column("mag')[0], ["magnitude"])
        same(completed(k, 'galaxies.numbers("axis_')[0], ["axis_ratio"])
        same(completed(k, 'other.column("')[0], ["mass", "only-here"])
        same(completed(k, 'other.select(["mass", "only')[0], ["only-here"])
        offers(k, 'col("ma', "magnitude", "mass")
        offers(k, 'Finetune::classifier("ri', "ring")
        offers(k, 'scatter(&[1.0], &[2.0]).colour_by("cl', "class")
        _, reply = completed(k, 'other.column("only-he").unwrap()', len('other.column("only-he'))
        same((reply["matches"], reply["cursor_start"], reply["cursor_end"]), (["only-here"], 14, 21))
        same(completed(k, 'Catalog::read("ma')[0], [])
        same(completed(k, 'println!("ma')[0], [])
        # A table changes, another name replaces it, and a running cell does not block.
        k.must('let mut other = other.clone();\nother.rename("mass", "weight".into())?;')
        same(completed(k, 'other.column("')[0], ["only-here", "weight"])
        k.must("let space = galaxies.head(3);")
        offers(k, 'space.labels("', "class", "ring")
        k.must("let other = 1;")
        same(completed(k, 'f(col("weig')[0], [])


@case
def shift_tab_shows_signature_and_documentation():
    with notebook() as k:
        prelude(k)
        k.must("let galaxies = Catalog::sample()?;\n/// Doubles.\nfn twice(x: f64) -> f64 { 2.0 * x }")
        found = inspected(k, "galaxies.gallery(12", len("galaxies.gallery(1"))
        expect(found["found"], "gallery is not found")
        has(found["data"]["text/plain"], "pub fn gallery(&self", "Gallery", "Catalog")
        has(found["data"]["text/markdown"], "```rust\npub fn gallery(&self")
        has(inspected(k, "twice(")["data"]["text/plain"], "fn twice(x: f64) -> f64", "Doubles.")
        has(inspected(k, "galaxies")["data"]["text/plain"], "let galaxies: ", "Catalog")
        has(inspected(k, "Catalog::sample")["data"]["text/plain"], "pub fn sample()")
        has(inspected(k, "galaxies.table().lazy().filter(")["data"]["text/plain"], "fn filter(self")
        same(inspected(k, "no_such_name")["found"], False)
        example = inspected(k, "Catalog")["data"]["text/markdown"]
        has(example, "use zoobot::prelude::*;", "Catalog::sample()?")
        for hidden in ("zoobot_core", "# Ok::", "](", "[`"):
            expect(hidden not in example, f"{hidden} is in {example}")


@case
def a_cell_can_ask_for_the_documentation_too():
    with notebook() as k:
        prelude(k)
        k.must("let galaxies = Catalog::sample()?;")
        shown = inspected(k, "scatter")["data"]
        for code in ("?scatter", "scatter?", "help(scatter)", ":help scatter"):
            same(k.must(code).of("execute_result")[0]["data"], shown, code)
        has(k.must("?galaxies.gallery").shown[0], "pub fn gallery(&self")
        has(k.must("galaxies?").shown[0], "let galaxies", "Catalog")
        has(k.must(":help").shown[0], "Shift-Tab", ":vars")
        has(k.must("help()").shown[0], "Shift-Tab")
        has(k.run("?no_such_name").error, "nothing is known of `no_such_name`")
        # The meaning of these in Rust itself.
        k.must('let found: Result<i32, String> = Ok(7);\nfn help(x: i32) -> i32 { x + 1 }')
        same(k.must("help(1)").shown, ["2"])
        same(k.must("found?").shown, ["7"])


@case
def the_examples_of_the_documentation_run_in_a_notebook():
    done = subprocess.run([kernel(), "--examples"], check=True, capture_output=True, text=True, timeout=600)
    examples = [json.loads(line) for line in done.stdout.splitlines()]
    expect(len(examples) > 40, f"only {len(examples)} examples")
    failed = []
    with tempfile.TemporaryDirectory() as folder, notebook(cwd=folder) as k:
        for example in examples:
            expect("zoobot_core" not in example["code"] and "# Ok" not in example["code"], example)
            cell = k.run(example["code"], timeout=600)
            if not cell.ok:
                failed.append(f"{example['name']}:\n{example['code']}\n{cell.error}")
    expect(not failed, f"{len(failed)} of {len(examples)} fail:\n" + "\n\n".join(failed))
    return f"{len(examples)} examples"


@case
def completion_can_be_prepared_ahead():
    done = subprocess.run([kernel(), "--index"], check=True, capture_output=True, text=True, timeout=300)
    names = next(int(word) for word in done.stdout.split() if word.isdigit())
    expect(names > 5000, done.stdout)
    with notebook() as k:
        prelude(k)
        offers(k, "Catalog::", "sample")


@case
def completion_answers_while_a_cell_runs():
    with notebook() as k:
        prelude(k)
        k.must("let galaxies = Catalog::sample()?;")
        request = k.begin('println!("running");\nstd::thread::sleep(std::time::Duration::from_secs(8));')
        k.finish(request, until=lambda cell: "running" in cell.stdout)
        offers(k, "galaxies.table().clone().laz", "lazy")
        expect(k.finish(request, until=lambda cell: True).reply is None, "the cell was waited for")
        k.finish(request)
