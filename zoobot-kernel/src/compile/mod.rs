//! A shortcut from a cell's source to its shared object.
//!
//! evcxr compiles by calling `cargo build` on a crate that holds the cell. Cargo, its wrapper
//! around rustc and a link that reads the symbols of the library, of libtorch and of everything
//! below took longer than the cell itself. So this program takes the place of cargo (evcxr asks
//! `rustup` for its path): it runs rustc once to produce an object file, and links that without
//! reading the library. Calls for anything but the cell's crate go to the real cargo.

mod link;
mod symbols;

pub use symbols::prepare as read_symbols;

use crate::library::Library;
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The variable with the file in which evcxr reads which shared object to run.
const OBJECT_PATH: &str = "EVCXR_EXECUTION_SO_PATH";
/// Optimising pays in the library, not in the cell.
const CODE: [&str; 5] = [
    "-Copt-level=0",
    "-Ccodegen-units=1",
    "-Cdebuginfo=0",
    "-Coverflow-checks=on",
    "-Cdebug-assertions=off",
];

/// The variable with the folder of the stand-ins.
pub const PROGRAMS: &str = "ZOOBOT_PROGRAMS";
/// The names under which this program stands in for another.
const STAND_INS: [&str; 2] = ["cargo", "rustup"];

/// Prepares the folder `programs` of stand-ins, and the library's symbols and stub for links.
pub fn prepare(library: &Library, programs: &Path) -> Result<()> {
    read_symbols(library);
    link::write_stub(library, &stub(programs, library));
    let program = std::env::current_exe()?;
    for name in STAND_INS {
        std::os::unix::fs::symlink(&program, programs.join(name))
            .with_context(|| format!("cannot write into {}", programs.display()))?;
    }
    Ok(())
}

/// Runs as the stand-in that this process was called as and returns its exit status; `None` for the
/// kernel.
pub fn stood_in() -> Option<Result<i32>> {
    let programs = PathBuf::from(std::env::var_os(PROGRAMS)?);
    let called = std::env::args_os().next()?;
    match Path::new(&called).file_name()?.to_str()? {
        "cargo" => Some(cargo(&programs)),
        "rustup" => Some(rustup(&programs)),
        _ => None,
    }
}

/// `rustup which cargo` names the stand-in, `rustup which rustc` the library's compiler.
fn rustup(programs: &Path) -> Result<i32> {
    let tool = std::env::args().next_back().unwrap_or_default();
    let path = match tool.as_str() {
        "cargo" => programs.join("cargo"),
        _ => Library::read()?.rustc.with_file_name(tool),
    };
    println!("{}", path.display());
    Ok(0)
}

fn cargo(programs: &Path) -> Result<i32> {
    let library = Library::read()?;
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let wanted = std::env::var_os(OBJECT_PATH);
    let (true, Some(wanted)) = (arguments.iter().any(|argument| argument == "build"), wanted)
    else {
        let error = Command::new(library.rustc.with_file_name("cargo")).args(arguments).exec();
        return Err(error).context("cannot run cargo");
    };
    let dir = objects(&std::env::current_dir()?, &library);
    std::fs::create_dir_all(&dir)?;
    let (object, shared) = (dir.join("ctx.o"), dir.join("libctx.so"));
    let status = rustc(&library).arg("--emit=obj").arg("-o").arg(&object).status()?;
    let mut code = status.code().unwrap_or(1);
    if code == 0 && !link::quickly(&library, &object, &shared, &stub(programs, &library)) {
        // A symbol is undefined, or this could not be determined: a full link reports what is
        // wrong.
        let mut whole = rustc(&library);
        if !link::needs_earlier_cells(&object) {
            whole.arg("-Clink-arg=-Wl,-z,defs");
        }
        whole.arg("-o").arg(&shared);
        code = whole.status()?.code().unwrap_or(1);
    }
    if code == 0 {
        std::fs::write(wanted, shared.to_string_lossy().as_bytes())?;
    }
    Ok(code)
}

/// Where cargo would put the objects of a cell's crate.
pub fn objects(cell: &Path, library: &Library) -> PathBuf {
    cell.join("target").join(library.host()).join("debug")
}

fn rustc(library: &Library) -> Command {
    let mut rustc = Command::new(&library.rustc);
    rustc
        .args(["--crate-name=ctx", "--edition=2024", "--crate-type=cdylib", "src/lib.rs"])
        .arg("--error-format=json")
        .args(CODE)
        .args(library.rustc_flags())
        .arg(format!("-Clink-arg=-Wl,-rpath,{}", library.target_lib().display()));
    rustc
}

/// A library of the same name without symbols; objects linked to it load the real one.
fn stub(programs: &Path, library: &Library) -> PathBuf {
    programs.join(library.dylib.file_name().unwrap_or_default())
}
