//! Linking a cell without reading the library.

use super::symbols::{self, Symbols};
use crate::library::Library;
use crate::statics::SYMBOL;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes an empty shared object under the library's name. Without it, every link is a full link.
pub fn write_stub(library: &Library, stub: &Path) {
    let object = stub.with_extension("o");
    let compiled = Command::new(&library.rustc)
        .args(["--crate-name=empty", "--crate-type=lib", "--emit=obj", "-", "-o"])
        .arg(&object)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let name = library.dylib.file_name().unwrap_or_default();
    let words = ["-shared", "-soname"].map(OsStr::new).into_iter().chain([name]);
    let words = words.chain([OsStr::new("-o"), stub.as_os_str(), object.as_os_str()]);
    let linked = compiled.is_ok_and(|status| status.success()) && library.link(words);
    // A file left by a failed link would only mislead.
    if !linked {
        let _ = std::fs::remove_file(stub);
    }
    let _ = std::fs::remove_file(&object);
}

/// Whether an object links to statics of earlier cells, which no library contains.
pub fn needs_earlier_cells(object: &Path) -> bool {
    let open = std::fs::read(object).ok().and_then(|object| symbols::open(&object));
    open.is_some_and(|open| open.iter().any(|symbol| is_static(symbol)))
}

fn is_static(symbol: &[u8]) -> bool {
    symbol.starts_with(SYMBOL.as_bytes())
}

/// Links `object` to `shared`; returns false if a full link is needed.
///
/// A shared object may have undefined symbols, but loading it ends the process if one of them
/// cannot be resolved. So every undefined symbol must be among those that the process is known to
/// have.
pub fn quickly(library: &Library, object: &Path, shared: &Path, stub: &Path) -> bool {
    let known = || -> Option<bool> {
        let known = Symbols::load(library)?;
        let open = symbols::open(&std::fs::read(object).ok()?)?;
        Some(open.iter().all(|symbol| is_static(symbol) || known.has(symbol)))
    };
    if !stub.exists() || known() != Some(true) {
        return false;
    }
    let words = ["-shared", "-Bsymbolic", "--no-as-needed", "--eh-frame-hdr"];
    let words = words.into_iter().chain(["-z", "now", "-z", "noexecstack", "-o"]).map(OsStr::new);
    library.link(words.chain([shared, object, stub].map(Path::as_os_str)))
}
