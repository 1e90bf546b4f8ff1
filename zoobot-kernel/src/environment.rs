//! What evcxr, and cargo below it, read from the environment.

use crate::library::Library;
use crate::workspace::Workspace;
use anyhow::Result;
use std::ffi::OsString;

/// Sets it for this process; `flags` are the rustc arguments that link a cell to the library.
pub fn set_environment(library: &Library, workspace: &Workspace, flags: &[String]) -> Result<()> {
    let stand_in = workspace.write_rustc_stand_in(&library.rustc)?;
    let mut settings: Vec<(&str, OsString)> = vec![
        ("EVCXR_CONFIG_DIR", workspace.dir("config").into()),
        ("EVCXR_TMPDIR", workspace.dir("cell").into()),
        ("RUSTC", stand_in.into()),
        ("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}").into()),
        ("PATH", library.program_path()),
        // A cell is compiled once: what helps the next compile of the same code costs here.
        ("CARGO_PROFILE_DEV_INCREMENTAL", "false".into()),
        ("CARGO_PROFILE_DEV_CODEGEN_UNITS", "1".into()),
        ("CARGO_PROFILE_DEV_STRIP", "none".into()),
        ("CARGO_PROFILE_DEV_DEBUG_ASSERTIONS", "false".into()),
    ];
    // The compiler that built the library, whatever folder the notebook is in.
    settings.extend(library.toolchain().map(|name| ("RUSTUP_TOOLCHAIN", name.into())));
    // SAFETY: no other thread of this process reads or writes the environment after the runtime
    // has started.
    unsafe {
        for (name, value) in settings {
            std::env::set_var(name, value);
        }
        for name in ["RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"] {
            std::env::remove_var(name);
        }
    }
    Ok(())
}
