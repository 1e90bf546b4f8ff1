"""Statics between cells; run by kernel_cases.py."""

from case_tools import case, has, notebook, same


def counts(k, call, wanted):
    same([k.must(call).shown[0] for _ in wanted], [str(number) for number in wanted], call)


@case
def statics_have_one_place_for_all_cells():
    with notebook() as k:
        k.must(
            "use std::sync::{Mutex, OnceLock, LazyLock, RwLock, atomic::{AtomicU32, Ordering}};\n"
            "use std::collections::HashMap;\n"
            "static COUNT: AtomicU32 = AtomicU32::new(0);\n"
            "static LIST: Mutex<Vec<String>> = Mutex::new(Vec::new());\n"
            "static ONCE: OnceLock<f64> = OnceLock::new();\n"
            "static LAZY: LazyLock<HashMap<&str, u32>> = LazyLock::new(|| { println!(\"made\"); HashMap::from([(\"a\", 1)]) });\n"
            "static mut OLD: u32 = 7;\n"
            "static LIMIT: f64 = 2.5; const TWICE: f64 = 2.0 * LIMIT;\n"
            "static NAMES: [&str; 2] = [\"a\", \"b\"];\n"
            "#[derive(Debug)] struct Config { depth: RwLock<u8> }\n"
            "static CONFIG: Config = Config { depth: RwLock::new(1) };\n"
            "static HOOK: Mutex<Option<Box<dyn Fn(&str) -> usize + Send>>> = Mutex::new(None);\n"
            "fn next() -> u32 { COUNT.fetch_add(1, Ordering::SeqCst) }"
        )
        counts(k, "next()", [0, 1, 2])
        k.must("COUNT.store(10, Ordering::SeqCst);")
        counts(k, "next()", [10, 11])
        k.must("fn reset() { COUNT.store(0, Ordering::SeqCst); }\nreset()")
        counts(k, "next()", [0])
        k.must("LIST.lock().unwrap().push(\"one\".to_owned());")
        k.must("LIST.lock().unwrap().push(\"two\".to_owned());")
        same(k.must("LIST.lock().unwrap().len()").shown, ["2"])
        k.must("ONCE.set(1.5).unwrap();")
        same(k.must("ONCE.get()").shown, ["Some(1.5)"])
        same(k.run("ONCE.set(2.5).is_err()").shown, ["true"])
        same(k.must("LAZY.get(\"a\")").stdout, "made\n")
        same(k.must("LAZY.get(\"a\")").stdout, "")
        k.must("unsafe { OLD += 1 }")
        same(k.must("unsafe { OLD }").shown, ["8"])
        same(k.must("(TWICE, LIMIT, NAMES)").shown, ['(5.0, 2.5, ["a", "b"])'])
        k.must("*CONFIG.depth.write().unwrap() = 4;")
        has(k.must("CONFIG.depth.read().unwrap().to_string()").shown[0], "4")
        k.must("*HOOK.lock().unwrap() = Some(Box::new(|text| text.len()));")
        same(k.must("HOOK.lock().unwrap().as_ref().unwrap()(\"four\")").shown, ["4"])
        # In threads and in kept closures too.
        k.must("let f = move || next(); std::thread::spawn(|| { next(); }).join().unwrap();")
        same(k.must("f()").shown, ["2"])


@case
def statics_in_functions_and_of_threads_do_too():
    with notebook() as k:
        k.must(
            "use std::sync::atomic::{AtomicU32, Ordering::SeqCst}; use std::cell::{Cell, RefCell};\n"
            "fn id() -> u32 { static N: AtomicU32 = AtomicU32::new(5); N.fetch_add(1, SeqCst) }\n"
            "fn of<T>(_: T) -> u32 { static N: AtomicU32 = AtomicU32::new(0); N.fetch_add(1, SeqCst) }\n"
            "struct A; impl A { fn n(&self) -> u32 { static N: AtomicU32 = AtomicU32::new(0); N.fetch_add(1, SeqCst) } }\n"
            "mod inner { pub static N: super::AtomicU32 = super::AtomicU32::new(0); pub fn n() -> u32 { N.fetch_add(1, super::SeqCst) } }\n"
            "fn own() -> u32 { thread_local! { static N: Cell<u32> = const { Cell::new(0) } } N.with(|n| n.replace(n.get() + 1)) }"
        )
        for call, wanted in [("id()", [5, 6, 7]), ("of(1)", [0, 1]), ("of(\"a\")", [2]), ("A.n()", [0, 1]),
                             ("inner::n()", [0, 1]), ("inner::N.load(SeqCst)", [2]), ("own()", [0, 1, 2])]:
            counts(k, call, wanted)
        k.must("thread_local! { static SEEN: RefCell<Vec<u32>> = RefCell::new(vec![1]) }")
        k.must("thread_local! { static X: Cell<u8> = Cell::new(1); pub static Y: Cell<u8> = Cell::new(2); }\nX.set(3);")
        k.must("thread_local!(static Z: Cell<u8> = Cell::new(9));")
        k.must("SEEN.with_borrow_mut(|seen| seen.push(2)); Z.set(8);")
        same(k.must("SEEN.with_borrow(|seen| seen.len())").shown, ["2"])
        same(k.must("(X.get(), Y.get(), Z.get())").shown, ["(3, 2, 8)"])
        same(k.must("std::thread::spawn(|| X.get()).join().unwrap()").shown, ["1"])


@case
def a_static_begins_anew_with_its_cell_its_type_and_its_process():
    with notebook() as k:
        define = (
            "use std::sync::{Mutex, atomic::{AtomicU32, Ordering}};\nstatic COUNT: AtomicU32 = AtomicU32::new(0);\n"
            "fn next() -> u32 { COUNT.fetch_add(1, Ordering::SeqCst) }"
        )
        k.must(define)
        counts(k, "next()", [0, 1])
        k.run("let x: u8 = \"no\"; next()")
        counts(k, "next()", [2])
        k.run("next(); panic!(\"no\")")
        counts(k, "next()", [4])
        k.must(define)
        counts(k, "next()", [0, 1])
        k.must("#[derive(Debug)] struct P { x: u8 }\nstatic PS: Mutex<Vec<P>> = Mutex::new(Vec::new());")
        k.must("PS.lock().unwrap().push(P { x: 1 });")
        k.must("struct Other;")
        same(k.must("PS.lock().unwrap().len()").shown, ["1"])
        k.must("#[derive(Debug)] struct P { x: u8, y: f64 }")
        same(k.must("PS.lock().unwrap().len()").shown, ["0"])
        has(k.run("std::process::abort()").error, "statics start over")
        counts(k, "next()", [0, 1])
