"""How a cell ends, and what is reported about it; run by kernel_cases.py."""

import time

from case_tools import case, expect, has, notebook, prelude, same

CRASHES = [
    ("std::process::abort();", ["std::process::abort()"]),
    ("std::process::exit(0)", ["exit code 0", "std::process::exit(0)"]),
    ("std::process::exit(3)", ["exit code 3"]),
    ("unsafe { *(std::ptr::null::<i32>().add(1)) }", ["null pointer"]),
    ("unsafe { *(0x1234_5678_9000 as *const u8) }", ["memory that is not its own"]),
    ("let big = [1.0_f64; 100_000_000];\nprintln!(\"{}\", big.len());", ["stack overflow", "`Vec`"]),
    ("std::thread::spawn(|| { let big = [1_u8; 500_000_000]; println!(\"{}\", big.len()); }).join().unwrap();", ["stack overflow"]),
    ("let v: Vec<u8> = Vec::with_capacity(1 << 50);", ["out of memory", "1.1 PB"]),
    ("struct E; impl Drop for E { fn drop(&mut self) { panic!(\"second\") } }\n{ let _e = E; panic!(\"first\"); }", ["two panics", "first", "second"]),
    ("extern \"C\" fn f() { panic!(\"inside\") }\nf()", ["inside", "extern \"C\""]),
    ("std::process::Command::new(\"kill\").arg(\"-9\").arg(std::process::id().to_string()).status()?;\nloop {}", ["the system ended the process", "memory"]),
    ("std::process::Command::new(\"kill\").arg(std::process::id().to_string()).status()?;\nloop {}", ["SIGTERM"]),
]


@case
def a_crash_is_told_in_plain_words_and_the_next_cell_works():
    with notebook() as k:
        k.must("use zoobot::prelude::*;\nfn twice(x: i32) -> i32 { 2 * x }")
        for code, words in CRASHES:
            count = k.must("let a = 1;").reply["execution_count"]
            cell = k.run('println!("before");\n' + code)
            same(cell.ename, "process ended", code)
            has(cell.error, *words)
            has(cell.error, f"lost: `a`. Run cell [{count}] again.", "functions, types and imports are kept")
            # An array too large for the stack ends the cell before its first line.
            same(cell.stdout, "" if code.startswith("let big") else "before\n", code)
            same(k.must("twice(4)").shown, ["8"], code)
        has(k.run("a").error, "cannot find value `a`", "process that runs the cells ended")


@case
def endless_recursion_is_a_panic_and_keeps_the_variables():
    with notebook() as k:
        k.must("let a = 1;")
        for code in (
            "fn f(n: u64) -> u64 { if n == u64::MAX { 0 } else { 1 + f(n + 1) } }\nf(0)",
            "struct T; impl T { fn even(&self, n: u64) -> bool { self.odd(n + 1) } fn odd(&self, n: u64) -> bool { !self.even(n + 1) } }\nT.even(0)",
            "impl std::fmt::Debug for U { fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result { write!(f, \"{self:?}\") } }\nstruct U;\nformat!(\"{U:?}\")",
        ):
            cell = k.run(code)
            same(cell.ename, "panic", code)
            has(cell.error, "stack overflow", "A recursion needs a case that ends it")
            same(k.must("a").shown, ["1"])
        cell = k.run("fn g(n: u64) -> u64 { 1 + g(n + 1) }\nstd::thread::spawn(|| g(0)).join().is_err()")
        same(cell.shown, ["true"])
        has(cell.stderr, "stack overflow")
        # A deep recursion that ends.
        same(k.must("fn depth(n: u64) -> u64 { if n == 0 { 0 } else { 1 + depth(n - 1) } }\ndepth(200_000)").shown, ["200000"])


@case
def large_arrays_have_room_on_the_stack():
    with notebook() as k:
        has(k.must("let a = [1.0_f64; 10_000_000];\nprintln!(\"{}\", a.iter().sum::<f64>());").stdout, "10000000")
        same(k.must("std::thread::spawn(|| { let a = [1_u8; 10_000_000]; a.len() }).join().unwrap()").shown, ["10000000"])


@case
def whole_numbers_that_overflow_are_errors():
    with notebook() as k:
        k.must("let n: u8 = 255;")
        for code in ("n + 1", "let m: u32 = 3; let d = m - 4;", "i64::MAX + vec![1_i64].len() as i64", "vec![i32::MAX, 1].iter().sum::<i32>()",
                     "1 / (vec![0].len() - 1)", "let v = vec![1]; v[3]", "vec![250_u8, 10].iter().sum::<u8>()", "-vec![i32::MIN][0]"):
            expect(not k.run(code).ok, code)
        same(k.must("(n.wrapping_add(1), n.checked_add(1), n as i8)").shown, ["(0, None, -1)"])


@case
def what_a_cell_cannot_do_is_told_in_words_about_cells():
    with notebook() as k:
        k.must("async fn three() -> i32 { 3 }")
        for code, words in [
            ("three().await", ["a cell cannot `.await`", "block_on(three())", "1 | three().await"]),
            ("let x = three().await + 1;", ["block_on(three())"]),
            ("return 5;", ["`5`", "without a semicolon"]),
            ("if true { return; }\n1", ["if ... {"]),
            ("return Err(\"no\".into())", ["`Err(\"no\".into())?`"]),
            ("let x = 1;\nbreak;", ["`break` works inside of a loop only", "2 | break;"]),
        ]:
            cell = k.run(code)
            same(cell.ename, "compile error", code)
            has(cell.error, *words)
            for noise in ("evcxr", "closure", "zoobot_run", "Outcome", "E0728"):
                expect(noise not in cell.error, f"{noise} is in {cell.error}")
        same(k.must("1").shown, ["1"])


@case
def a_syntax_error_speaks_of_the_cell_alone():
    with notebook() as k:
        for code, words in [
            ("let t = vec![1];\nt.", ["the cell ends in the middle", "2 | t."]),
            ("2 +", ["expected expression, but the cell ends here"]),
            ("let a =", ["expected expression, but the cell ends here"]),
            ("if true", ["expected `{`"]),
            ("foo(1, ", ["not closed", "1 | foo(1,"]),
            ("fn f(x: i32) ->", ["expected"]),
            ("for i in 0..3:\n    println!(\"{i}\")", ["a loop is written `for i in 0..3 { ... }`"]),
            ("let a = 3 let b = 4;", ["found keyword `let`"]),
            ("}", ["a closing `}` too many"]),
            ("let s = \"abc;", ["unterminated"]),
            ("#[derive(Debug)]", ["1 | #[derive(Debug)]"]),
        ]:
            cell = k.run(code)
            same(cell.ename, "compile error", code)
            has(cell.error, *words)
            expect("`}`" not in cell.error or "}" in code, cell.error)
            expect("found `#`" not in cell.error, cell.error)
        for code in ("let x = 4", "use std::fmt", "let y = x + 1 // five"):
            k.must(code)
        same(k.must("x + y").shown, ["9"])


@case
def a_future_runs_to_its_end_without_await():
    with notebook() as k:
        k.must("async fn three() -> i32 { 3 }\nasync fn more(n: i32) -> i32 { three().await + n }")
        same(k.must("zoobot::notebook::block_on(more(4))").shown, ["7"])


@case
def the_time_of_an_expression_is_shown_below_its_value():
    with notebook() as k:
        prelude(k)
        cell = k.must("let slow = time!({ std::thread::sleep(std::time::Duration::from_millis(300)); 42 });\nslow")
        time_text, value = cell.shown
        same(value, "42")
        expect(time_text.endswith(" ms") and 295 <= float(time_text[:-3]) < 900, time_text)
        cell = k.run('let n: i32 = time!("x".parse::<i32>()?);')
        same(cell.ename, "error")


@case
def text_without_an_end_of_line_is_seen_at_once():
    with notebook() as k:
        for code, text in [
            ('use std::io::Write;\nfor i in 0..3 { print!("\\r{i} of 3"); std::io::stdout().flush()?; SLEEP }', "0 of 3"),
            ('for i in 0..3 { eprint!("<{i}>"); SLEEP }', "<0>"),
            ('for _ in 0..4 { print!("."); SLEEP }', "."),
            ('print!("grüße"); SLEEP SLEEP SLEEP', "grüße"),
        ]:
            request = k.begin(code.replace("SLEEP", "std::thread::sleep(std::time::Duration::from_millis(500));"))
            cell = k.finish(request, until=lambda cell, text=text: text in cell.stdout + cell.stderr)
            expect(cell.reply is None, f"{text!r} came with the reply")
            expect(k.finish(request).ok, code)
        cell = k.must('print!("a"); eprint!("b"); print!("c\\nd");')
        same((cell.stdout, cell.stderr), ("ac\nd", "b"))


@case
def threads_print_and_panic_without_harm():
    with notebook() as k:
        cell = k.must(
            "let hands: Vec<_> = (0..4).map(|i| std::thread::spawn(move || { for j in 0..50 { println!(\"t{i} {j}\"); } })).collect();\n"
            "for hand in hands { hand.join().unwrap(); }"
        )
        same(len(cell.stdout.splitlines()), 200)
        for late in ('println!("late");', 'print!("late");'):
            k.must("std::thread::spawn(|| { std::thread::sleep(std::time::Duration::from_millis(300)); LATE });".replace("LATE", late))
            time.sleep(0.8)
            cell = k.must('println!("next"); 1')
            same(cell.shown, ["1"])
            has(cell.stdout, "next")
        cell = k.must('let h = std::thread::spawn(|| -> i32 { panic!("inside") });\nh.join().is_err()')
        same(cell.shown, ["true"])
        has(cell.stderr, "a thread panicked: inside")
        expect("backtrace" not in cell.stderr, cell.stderr)
        cell = k.run('std::panic::resume_unwind(std::thread::spawn(|| panic!("handed on")).join().unwrap_err())')
        same(cell.ename, "panic")
        has(cell.error, "handed on")


@case
def standard_input_is_empty_and_a_note_says_what_to_do():
    with notebook() as k:
        cell = k.must("let mut line = String::new(); let n = std::io::stdin().read_line(&mut line)?;\nn")
        same(cell.shown, ["0"])
        has(cell.stderr, "zoobot::notebook::input")
        cell = k.must('let out = std::process::Command::new("cat").output()?;\nout.stdout.len()')
        same(cell.shown, ["0"])
        same(k.must("1 + 1").shown, ["2"])
