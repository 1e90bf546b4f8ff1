//! The environment variables that evcxr reads.

use crate::compile;
use crate::library::Library;
use crate::workspace::Workspace;
use anyhow::Result;
use std::ffi::{OsStr, OsString};

/// Sets them for this process; `PATH` becomes `path` with the folder of stand-in programs in front.
pub fn set_environment(library: &Library, workspace: &Workspace, path: &OsStr) -> Result<()> {
    let programs = workspace.dir("programs");
    compile::prepare(library, &programs)?;
    let path = std::iter::once(programs.clone()).chain(std::env::split_paths(path));
    let mut settings: Vec<(&str, OsString)> = vec![
        ("EVCXR_CONFIG_DIR", workspace.dir("config").into()),
        ("EVCXR_TMPDIR", workspace.dir("cell").into()),
        (compile::PROGRAMS, programs.into()),
        ("PATH", std::env::join_paths(path)?),
    ];
    // Always the compiler that built the library, whatever folder the notebook is in.
    settings.extend(library.toolchain().map(|name| ("RUSTUP_TOOLCHAIN", name.into())));
    // SAFETY: no other thread of this process reads or writes the environment after the runtime
    // has started.
    unsafe {
        for (name, value) in settings {
            std::env::set_var(name, value);
        }
        for name in ["RUSTC", "RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"] {
            std::env::remove_var(name);
        }
    }
    Ok(())
}
