"""The stop button on the user's own code; run by kernel_cases.py."""

import time

from case_tools import case, expect, has, notebook, prelude, same

SLEEP = "std::thread::sleep(std::time::Duration::from_millis(20));"

# Code that runs after `println!("running")` and never ends.
LOOPS = {
    "sleep in for": f"for i in 0..1_000_000 {{ {SLEEP} }}",
    "sleep in while": f"while a.len() < 5 {{ {SLEEP} }}",
    "arithmetic": "let mut n = 0_u64;\nloop { n = n.wrapping_mul(3).wrapping_add(1); }",
    "nothing at all": "loop { std::hint::spin_loop(); }",
    "empty body": "while a.len() < 5 {}",
    "labelled, nested": "'outer: for i in 0..u64::MAX { for j in 0..3 { if j == 2 { continue 'outer; } } }",
    "a loop as a value": "let n: u64 = loop { if a.len() > 5 { break 1; } };",
    "println": 'let mut n = 0; loop { println!("running {n}"); n += 1; std::thread::sleep(std::time::Duration::from_millis(1)); }',
    "eprintln": 'loop { eprintln!("running"); std::thread::sleep(std::time::Duration::from_millis(1)); }',
    "an iterator chain": "let s: u64 = (0..u64::MAX).map(|x| x % 7).filter(|x| *x > 100).sum();",
    "for_each": "(0..u64::MAX).for_each(|x| { std::hint::black_box(x); });",
    "recursion": "fn f(n: u64) -> u64 { if n == 0 { 0 } else { f(n - 1) + f(n - 1) } }\nf(200)",
    "a function of another cell": "forever(1)",
    "a method": "Counter(0).run()",
    "a closure of another cell": "(0..u64::MAX).map(|x| add(x)).max()",
    "a macro of the user's": "macro_rules! forever { () => { loop { std::hint::spin_loop(); } } }\nforever!();",
    "a macro of another cell": "until!(x < 5 { x += 0; });",
    "inside of a macro": "println!(\"{:?}\", (0..u64::MAX).map(|x| x % 7).max());",
    "polars": "loop { let s = Series::new(\"x\".into(), vec![1.0_f64; 100_000]); let m = s.sum::<f64>()?; }",
    "errors are swallowed": "loop { let _ = zoobot::interrupt::check(\"x\", String::new); }",
    "panics are caught": "loop { let _ = std::panic::catch_unwind(|| { std::hint::black_box(1); }); }",
    "a future": "zoobot::notebook::block_on(std::future::pending::<()>())",
}


# On a machine where nothing else runs all of these take a fraction of a second; the times are reported. What
# is asserted leaves room for a machine that is busy with other things.
PATIENCE = 8


def stops(k, code, within=PATIENCE):
    request = k.begin('println!("running");\n' + code)
    k.finish(request, until=lambda cell: "running" in cell.stdout, timeout=60)
    time.sleep(0.2)
    asked = time.perf_counter()
    k.manager.interrupt_kernel()
    cell = k.finish(request, timeout=30)
    seconds = time.perf_counter() - asked
    same(cell.ename, "interrupted", code)
    expect(seconds < within, f"took {seconds:.2f} s: {code}")
    return cell, seconds


@case
def loops_of_every_kind_stop_and_keep_the_variables():
    with notebook() as k:
        prelude(k)
        k.must(
            "let a = vec![1, 2]; let add = |x: u64| x + 1;\n"
            "macro_rules! until { ($x:ident < $to:literal { $($body:tt)* }) => { let mut $x = 0; while $x < $to { $($body)* } } }\n"
            "fn forever(x: u64) -> u64 { let mut n = x; loop { n ^= 1; } }\n"
            "struct Counter(u64); impl Counter { fn run(&mut self) { while self.0 < 1 { std::hint::spin_loop(); } } }"
        )
        took = {}
        for name, code in LOOPS.items():
            cell, seconds = stops(k, code)
            has(cell.error, "the cell was stopped")
            same(k.must("println!(\"again\"); (a.len(), add(1))").shown, ["(2, 2)"], name)
            took[name] = seconds
        # What the cell has changed stays changed.
        k.must("let mut count = 0_u64;")
        stops(k, f"loop {{ count += 1; {SLEEP} }}")
        expect(int(k.must("count").shown[0]) > 0, "nothing was counted")
        return "stopped, variables kept: " + ", ".join(f"{name} {s:.2f} s" for name, s in took.items())


@case
def threads_and_jobs_with_loops_of_their_own_stop():
    with notebook() as k:
        prelude(k)
        k.must("let a = 1;")
        stops(k, "let h = std::thread::spawn(|| loop { std::hint::spin_loop(); });\nlet _: () = h.join().unwrap();")
        stops(k, "std::thread::scope(|s| { s.spawn(|| loop { std::thread::yield_now(); }); });")
        same(k.must("a").shown, ["1"])
        # A thread of an earlier cell and a job continue.
        k.must(
            "use std::sync::{Arc, atomic::{AtomicU64, Ordering}};\nlet n = Arc::new(AtomicU64::new(0)); let m = n.clone();\n"
            f"std::thread::spawn(move || loop {{ m.fetch_add(1, Ordering::SeqCst); {SLEEP} }});\n"
            f"let o = Arc::new(AtomicU64::new(0)); let p = o.clone();\n"
            f"let job = Job::start(\"counting\", move || {{ loop {{ p.fetch_add(1, Ordering::SeqCst); {SLEEP} }} Ok(()) }})?;"
        )
        stops(k, "loop { std::hint::spin_loop(); }")
        counts = [k.must("(n.load(Ordering::SeqCst), o.load(Ordering::SeqCst))").shown[0] for _ in range(2)]
        first, then = ([int(x) for x in text.strip("()").split(",")] for text in counts)
        expect(then[0] > first[0] and then[1] > first[1], f"{counts}")
        # Cancelling stops the job's own loop.
        k.must("job.cancel();")
        has(k.run("job.result()?").error, "interrupted during a job")
        stops(k, "loop { std::hint::spin_loop(); }")


# Calls that nothing in the cell can end: the code, and whether `a` is used.
CALLS = {
    "a long sleep": "std::thread::sleep(std::time::Duration::from_secs(1000 + a.len() as u64));",
    "a channel": "let (tx, rx) = std::sync::mpsc::channel::<u8>(); rx.recv()?; tx.send(a[0] as u8)?;",
    "a pipe": 'let mut text = String::new();\nlet mut child = std::process::Command::new("sleep").arg("60").stdout(std::process::Stdio::piped()).spawn()?;\n'
    "std::io::Read::read_to_string(child.stdout.as_mut().unwrap(), &mut text)?; a.len();",
    "a lock": "let lock = std::sync::Mutex::new(1); let one = lock.lock().unwrap(); let two = lock.lock().unwrap(); a.len();",
    "a join": "let n = a.len(); std::thread::spawn(move || std::thread::sleep(std::time::Duration::from_secs(600 + n as u64))).join().unwrap();",
}


@case
def a_call_that_cannot_be_stopped_is_left_behind_by_a_second_press():
    with notebook() as k:
        took = {}
        for name, code in CALLS.items():
            k.must("let a = vec![1, 2]; let b = std::rc::Rc::new(5);")
            request = k.begin('println!("running");\n{\n' + code + "\n}")
            k.finish(request, until=lambda cell: "running" in cell.stdout, timeout=60)
            asked = time.perf_counter()
            k.manager.interrupt_kernel()
            cell = k.finish(request, until=lambda cell: "[stop:" in cell.stderr, timeout=10)
            noted = time.perf_counter() - asked
            expect(0.5 < noted < PATIENCE, f"{name}: the note came after {noted:.2f} s")
            has(cell.stderr, "cannot be stopped", "Press stop again", "`a`, which this cell uses")
            asked = time.perf_counter()
            k.manager.interrupt_kernel()
            cell = k.finish(request, timeout=10)
            took[name] = f"note after {noted:.2f} s, left behind {time.perf_counter() - asked:.2f} s after the second press"
            same(cell.ename, "interrupted", name)
            has(cell.error, "left behind", "`a`")
            same(k.must('println!("next"); *b').shown, ["5"], name)
            has(k.run("a").error, "left behind")
        return "; ".join(f"{name}: {text}" for name, text in took.items())


@case
def a_second_press_before_the_note_does_nothing():
    with notebook() as k:
        k.must("let a = 1;")
        request = k.begin('println!("running"); std::thread::sleep(std::time::Duration::from_millis(1500)); a')
        k.finish(request, until=lambda cell: "running" in cell.stdout)
        for _ in range(3):
            k.manager.interrupt_kernel()
            time.sleep(0.1)
        cell = k.finish(request, timeout=20)
        expect(cell.ename in ("interrupted", ""), cell.error)
        same(k.must("a").shown, ["1"])


@case
def a_cell_is_stopped_while_it_is_compiled():
    with notebook() as k:
        k.must("let a = 1;")
        functions = "\n".join(f"fn f{i}(x: f64) -> Vec<String> {{ (0..9).map(|y| format!(\"{{x}} {{y}}\")).collect() }}" for i in range(300))
        request = k.begin(functions + "\nprintln!(\"ran\");")
        time.sleep(0.15)
        k.manager.interrupt_kernel()
        cell = k.finish(request, timeout=60)
        same(cell.ename, "interrupted")
        expect("ran" not in cell.stdout, "it ran")
        same(k.must("a").shown, ["1"])
