//! The Jupyter kernel `zoobot`.
//!
//! `zoobot-kernel CONNECTION_FILE` serves one notebook; `zoobot-kernel --index` prepares
//! completion, `zoobot-kernel --examples` prints the examples of the documentation as Shift-Tab
//! shows them. Cells are Rust, evaluated by `evcxr`. They link to the library as a dylib from the
//! workspace's own build, so no cell waits for a dependency to be built. When `evcxr` starts this
//! program again, it becomes the process that runs the cells and holds their variables; called as
//! `cargo`, it compiles a cell.

mod advice;
mod ask;
mod cell;
mod check;
mod compile;
mod completion;
mod crashes;
mod diagnostics;
mod environment;
mod errors;
mod evaluator;
mod habits;
mod help;
mod history;
mod items;
mod library;
mod notebook;
mod outputs;
mod points;
mod process;
mod refusals;
mod replies;
mod runner;
mod server;
mod source;
mod statics;
mod stopping;
mod syntax;
mod workspace;

use anyhow::{Context, Result, bail};
use std::path::PathBuf;

fn main() -> Result<()> {
    if let Some(status) = compile::stood_in() {
        std::process::exit(status?);
    }
    if runner::runs_cells() {
        process::run();
    }
    // In evcxr's stand-in for rustc, control does not return from here.
    evcxr::runtime_hook();
    let connection_file = match std::env::args_os().nth(1) {
        Some(path) if path == "--version" => {
            println!("zoobot-kernel {}", env!("CARGO_PKG_VERSION"));
            return Ok(());
        }
        Some(path) if path == "--index" => {
            let library = library::Library::load()?;
            compile::read_symbols(&library);
            let names = completion::prepare(&library);
            println!("completion knows {names} names of the library");
            return Ok(());
        }
        Some(path) if path == "--examples" => {
            for (name, code) in completion::examples(&library::Library::load()?) {
                println!("{}", serde_json::json!({"name": name, "code": code}));
            }
            return Ok(());
        }
        Some(path) if !path.to_string_lossy().starts_with('-') => PathBuf::from(path),
        _ => bail!(
            "usage: zoobot-kernel CONNECTION_FILE (Jupyter starts it; install it with `cargo xtask setup`)"
        ),
    };
    let connection = std::fs::read_to_string(&connection_file).with_context(|| {
        format!("cannot read the connection file {}", connection_file.display())
    })?;
    let connection = serde_json::from_str(&connection)
        .with_context(|| format!("{} is not a connection file", connection_file.display()))?;
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(server::serve(connection))
}
