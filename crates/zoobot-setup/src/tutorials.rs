//! Executes the tutorials with the kernel, to check them or to store their outputs.

use crate::home::Places;
use crate::python::Python;
use crate::shell::run;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::time::Instant;

const EXECUTE: &str = include_str!("../python/execute.py");
const CHECK: &str = include_str!("../python/check_notebook.py");

/// Ten cells that try the kernel.
pub const SMOKE: &str = include_str!("../python/smoke.ipynb");

/// The notebook that `start` opens.
pub const FIRST: &str = "01_first_look.ipynb";

/// Executes one notebook, in its own folder, with the kernel `zoobot`; returns the executed copy.
/// The solutions of its exercises are run after the last cell and not kept.
///
/// # Errors
/// When there is no such notebook or a cell fails; the cell and its error are above.
pub fn execute(places: &Places, notebook: &Path) -> Result<PathBuf> {
    let name = notebook.file_name().context("a notebook without a name")?;
    if !notebook.is_file() {
        bail!("there is no {}", notebook.display());
    }
    println!("  executing {}", notebook.display());
    let start = Instant::now();
    let executed = places.executed.join(name);
    run(Python::of(places).script(EXECUTE).arg(notebook).arg(&executed))?;
    println!("  executed in {:.1} s: {}", start.elapsed().as_secs_f64(), executed.display());
    Ok(executed)
}

/// Executes a notebook and checks the executed copy against what its metadata promises.
///
/// # Errors
/// When a cell fails, or the outputs are not as promised; the differences are above.
pub fn check(places: &Places, notebook: &Path) -> Result<()> {
    let executed = execute(places, notebook)?;
    run(Python::of(places).script(CHECK).arg(notebook).arg(executed))
        .context("not as promised, see above")
}

/// The tutorials in their order.
///
/// # Errors
/// When the folder cannot be listed or has none.
pub fn all(places: &Places) -> Result<Vec<PathBuf>> {
    let folder = &places.tutorials;
    let mut notebooks = Vec::new();
    for entry in
        std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?
    {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "ipynb") {
            notebooks.push(path);
        }
    }
    if notebooks.is_empty() {
        bail!("there is no notebook in {}", folder.display());
    }
    notebooks.sort();
    Ok(notebooks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::Scratch;
    use serde_json::{Value, json};

    fn notebook(output: Value, checks: Value) -> Value {
        json!({
            "cells": [
                { "cell_type": "markdown", "source": "words" },
                {
                    "cell_type": "code", "metadata": {}, "source": ["let x = 1;\n", "x"],
                    "outputs": [output],
                },
            ],
            "metadata": { "zoobot": { "checks": checks } },
        })
    }

    fn result(text: &str) -> Value {
        let data = json!({ "text/plain": [text] });
        json!({ "output_type": "execute_result", "data": data, "metadata": {} })
    }

    fn problems(stored: &Value, executed: &Value) -> String {
        let scratch = Scratch::new();
        let [a, b] = ["a", "b"].map(|name| scratch.0.join(name));
        std::fs::write(&a, stored.to_string()).unwrap();
        std::fs::write(&b, executed.to_string()).unwrap();
        let output = Python::system().script(CHECK).arg(&a).arg(&b).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.success(), text.is_empty(), "{output:?}");
        text
    }

    #[test]
    fn a_notebook_that_keeps_its_promise_passes() {
        let checks = json!([{ "cell_contains": "let x", "output_contains": "4\\d galaxies" }]);
        let good = notebook(result("42 galaxies"), checks);
        assert_eq!(problems(&good, &good), "");
    }

    #[test]
    fn a_result_that_is_missing_or_in_another_cell_is_reported() {
        let checks = |cell: &str| json!([{ "cell_contains": cell, "output_contains": "42" }]);
        let other = notebook(result("43"), checks("let x"));
        assert!(problems(&other, &other).contains("no output matches '42'"));
        let elsewhere = notebook(result("42"), checks("let y"));
        assert!(problems(&elsewhere, &elsewhere).contains("let y"));
    }

    #[test]
    fn an_error_in_a_cell_is_reported() {
        let error = json!({ "output_type": "error", "ename": "E0308", "evalue": "mismatched" });
        let bad = notebook(error, json!([{ "output_contains": "mismatched" }]));
        assert!(problems(&bad, &bad).contains("ended with E0308: mismatched"));
    }

    #[test]
    fn a_stored_notebook_without_its_outputs_is_reported() {
        let good = notebook(result("42"), json!([{ "output_contains": "42" }]));
        let mut stored = good.clone();
        stored["cells"][1]["outputs"] = json!([]);
        assert!(problems(&stored, &good).contains("tutorials --write"));
    }

    #[test]
    fn solutions_are_the_blocks_of_rust_that_are_folded_away() {
        let folded = "1. Count.\n\n<details><summary>Solution</summary>\n\n```rust\nlet n = 1;\nn\n```\n\n\
                      </details>\n\n2. More.\n\n<details><summary>Solution</summary>\n\nTwo steps:\n\n\
                      ```rust\nlet a = 2;\n```\n\n```sh\nls\n```\n\n```rust\na\n```\n\n</details>";
        let open = "```rust\nlet not_run = 0;\n```\n";
        let notebook = json!({
            "cells": [
                { "cell_type": "markdown", "source": [open] },
                { "cell_type": "code", "source": "let x = 1;" },
                { "cell_type": "markdown", "source": folded },
            ],
        });
        let scratch = Scratch::new();
        let path = scratch.0.join("a.ipynb");
        std::fs::write(&path, notebook.to_string()).unwrap();
        let output =
            Python::system().script(EXECUTE).arg("--solutions").arg(&path).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(text, "let n = 1;\nn\n---\nlet a = 2;\n---\na\n", "{output:?}");
    }

    #[test]
    fn a_tutorial_must_declare_results() {
        let bare = notebook(result("42"), json!([]));
        assert!(problems(&bare, &bare).contains("zoobot.checks"));
    }
}
