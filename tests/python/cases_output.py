"""What a cell shows: values, streams, displays, errors; run by kernel_cases.py."""

from case_tools import case, expect, has, notebook, prelude, same

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


COUNTING = """\
let job = Job::start("counting", || {
    let live = Live::new();
    for n in 0..40 {
        zoobot::interrupt::check("counting", || format!("{n}"))?;
        live.show(&zoobot::notebook::Bundle::plain(format!("count {n}")));
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    Ok(vec![40.0])
})?;"""


@case
def a_background_job_reports_below_its_cell_while_the_next_cells_run():
    with notebook() as k:
        prelude(k)
        cell = k.must(COUNTING)
        started = cell.of("execute_result")
        same(started, [], "value of the cell")
        first = [(kind, c["data"], c["transient"]) for _, kind, c in cell.messages if "data" in c]
        next_cell = k.must("1 + 1")
        same((next_cell.shown, next_cell.of("update_display_data")), (["2"], []))
        seen = k.until_quiet(cell.request, lambda seen: any("done in" in text for text in seen))
        messages = first + seen.messages
        kinds = [kind for kind, _, _ in messages]
        same(kinds.count("display_data"), 2, "displays")
        expect(kinds.count("update_display_data") == 40, f"{len(kinds)} updates")
        texts = [data["text/plain"] for _, data, _ in messages]
        has(" ".join(texts), "count 0", "count 39", "counting: running", "counting: done in")
        same(len({transient["display_id"] for _, _, transient in messages}), 2, "displays")
        same(k.must("job.result()?").shown, ["[40.0]"])
        has(k.must("job").shown[0], "counting: done in")


@case
def a_job_can_be_watched_from_a_later_cell_and_cancelled():
    with notebook() as k:
        prelude(k)
        # Too long to end by itself in the meantime.
        k.must(COUNTING.replace("0..40", "0..4000"))
        cell = k.must("job.watch();")
        has(" ".join(cell.shown), "count ", "counting: running")
        again = [c["transient"]["display_id"] for c in cell.of("display_data")]
        same(len(set(again)), 2, "displays")
        seen = k.until_quiet(cell.request, lambda seen: len(seen) > 2)
        expect({t["display_id"] for _, _, t in seen.messages} <= set(again), "another display")
        k.must("job.cancel();")
        cell = k.run("job.result()?")
        same(cell.ename, "interrupted")
        has(k.must("job").shown[0], "stopped after")


@case
def a_figure_changes_in_place_while_its_cell_runs():
    with notebook() as k:
        prelude(k)
        cell = k.must(
            "let live = Live::new();\nfor n in 2..5 { let x: Vec<f64> = (0..n).map(f64::from).collect(); live.show(&lines().series(\"loss\", &x, &x)); }"
        )
        shown, updates = cell.of("display_data"), cell.of("update_display_data")
        same((len(shown), len(updates)), (1, 2))
        ids = {c["transient"]["display_id"] for c in shown + updates}
        same(len(ids), 1, "displays")
        expect(any(mime.startswith("image/") for mime in updates[0]["data"]), "no picture")


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
        has(cell.error, "cannot read /nowhere/x.csv", "no folder /nowhere")
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
        mark = next(line for line in cell.error.splitlines() if "^" in line)
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
def frequent_errors_come_with_advice_and_keep_the_variables():
    with notebook() as k:
        has(k.run("Catalog::sample()?").error, "run `use zoobot::prelude::*;` first")
        k.must("use zoobot::prelude::*;\nlet galaxies = Catalog::sample()?; let v = vec![1, 2]; let n = 1;")
        for code, advice in [
            ("let w = v;\nv.len()", "Lend it there (`&v`), or give a copy (`v.clone()`)"),
            ("let mut a = vec![1]; { let first = &a[0]; a.push(2); println!(\"{first}\"); }", "`a` is still lent out"),
            ("Catalog::sample().len()", "use the `?` operator"),
            ("fn f(c: &Catalog) -> usize { c.len() }\nf(&Catalog::sample())", "put `?` behind it"),
            ("galaxies.galery(3)", "method `gallery` with a similar name"),
            ("galaxis.len()", "there is a variable `galaxies`"),
            ("n = \"text\";", "`n` keeps its type `i32`"),
            ("n += 1;", "let mut n"),
            ("galaxies.len()?", "needs no `?`"),
            ("v.first() + 1", "`Option`"),
            ("HashMap::<String, i32>::new()", "use std::collections::HashMap;"),
            ("unsafe extern \"C\" { fn nobody_wrote_this(); }\nunsafe { nobody_wrote_this() }", "no loaded library defines `nobody_wrote_this`"),
        ]:
            cell = k.run(code)
            same(cell.ename, "compile error", code)
            has(cell.error, advice)
            for noise in ("zoobot_rt", "evcxr", "zoobot_core", "-Wl,", "rustc --explain"):
                expect(noise not in cell.error, f"{noise} is in {cell.error}")
        k.run('let later = Catalog::read("no.csv")?;')
        has(k.run("later.len()").error, "the cell that makes it has failed")
        same(k.must("(v.len(), n, galaxies.len() > 0)").shown, ["(2, 1, true)"])


@case
def after_an_error_the_cells_behind_it_are_not_run():
    with notebook() as k:
        k.must("1;")
        first, second = k.begin("nope"), k.begin("println!(\"ran\");")
        same(k.finish(first).reply["status"], "error")
        same(k.finish(second).reply["status"], "aborted")
        same(k.must("2").shown, ["2"])


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
