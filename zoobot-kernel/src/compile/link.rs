//! Linking a cell without reading the library.

use super::symbols::{self, Symbols};
use crate::library::Library;
use crate::statics::SYMBOL;
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes an empty shared object under the library's name. Without it, every link is a full link.
pub fn write_stub(library: &Library, stub: &Path) {
    let name = library.dylib.file_name().unwrap_or_default().to_string_lossy();
    let result = Command::new("cc")
        .args(["-shared", "-nostdlib", &format!("-Wl,-soname,{name}"), "-x", "c", "/dev/null"])
        .arg("-o")
        .arg(stub)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    // A file left by a failed link would only mislead.
    if !result.is_ok_and(|status| status.success()) {
        let _ = std::fs::remove_file(stub);
    }
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
    let status = Command::new("ld")
        .args(["-shared", "-Bsymbolic", "--no-as-needed", "--eh-frame-hdr"])
        .args(["-z", "now", "-z", "noexecstack", "-o"])
        .args([shared, object, stub])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}
