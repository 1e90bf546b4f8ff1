//! The library's documentation as a notebook shows it: examples run when they are pasted into a cell, and
//! links, which lead nowhere in a notebook, become plain names.

/// Crates that a cell reaches through the library, by the names their own documentation uses.
const CRATES: [(&str, &str); 7] = [
    ("polars", "zoobot::polars"),
    ("polars_core", "zoobot::polars"),
    ("plotters", "zoobot::plotters"),
    ("ndarray", "zoobot::ndarray"),
    ("image", "zoobot::image"),
    ("rand", "zoobot::rand"),
    ("rand_distr", "zoobot::rand_distr"),
];

/// Adapts a piece of documentation for cells.
pub fn for_cells(markdown: &str) -> String {
    let ours = markdown.contains("zoobot_core");
    let mut lines = Vec::new();
    // Whether the current block is Rust.
    let mut block: Option<bool> = None;
    for line in markdown.lines() {
        if let Some(label) = line.trim_start().strip_prefix("```") {
            block = if block.is_some() { None } else { Some(is_rust(label)) };
            lines.push(if block == Some(true) { "```rust".to_owned() } else { line.to_owned() });
        } else {
            match block {
                Some(true) => lines.extend(code_line(line, ours)),
                Some(false) => lines.push(line.to_owned()),
                None => lines.push(without_links(line)),
            }
        }
    }
    if block.is_some() {
        lines.push("```".to_owned());
    }
    lines.join("\n")
}

/// The examples in a piece of documentation that can be run, as a notebook shows them.
pub fn examples(markdown: &str) -> Vec<String> {
    let ours = markdown.contains("zoobot_core");
    let mut found = Vec::new();
    let mut example: Option<(bool, Vec<String>)> = None;
    for line in markdown.lines() {
        match (line.trim_start().strip_prefix("```"), &mut example) {
            (Some(label), None) => {
                let runs = is_rust(label)
                    && ["no_run", "ignore", "should_panic"].iter().all(|it| !label.contains(it));
                example = Some((runs, Vec::new()));
            }
            (Some(_), Some((runs, lines))) => {
                if *runs && !lines.iter().any(|line| names_lower_crate(line)) {
                    found.push(lines.join("\n"));
                }
                example = None;
            }
            (None, Some((_, lines))) => lines.extend(code_line(line, ours)),
            (None, None) => {}
        }
    }
    found
}

/// Whether a line has a path through one of the library's own crates, such as `zoobot_nets::`: cells know
/// only `zoobot`.
fn names_lower_crate(line: &str) -> bool {
    let path =
        |rest: &str| rest.trim_start_matches(|c: char| c.is_ascii_lowercase()).starts_with("::");
    line.split("zoobot_").skip(1).any(path)
}

/// Whether a code block is Rust, given the label of its fence.
fn is_rust(label: &str) -> bool {
    label.split(',').all(|word| {
        ["", "rust", "no_run", "should_panic", "ignore", "edition2021", "edition2024"]
            .contains(&word.trim())
    })
}

/// A line of an example; `None` if documentation hides the line.
fn code_line(line: &str, ours: bool) -> Option<String> {
    let text = line.trim_start();
    if text == "#" || text.starts_with("# ") {
        return None;
    }
    let line = if text.starts_with("##") { line.replacen("##", "#", 1) } else { line.to_owned() };
    let line = line.replace("zoobot_core", "zoobot");
    // The library's own examples already name other crates through it: `use zoobot::{ndarray::Array2}`.
    if ours {
        let imports = |name: &str| line.trim_start().starts_with(&format!("use {name}::"));
        let imported = CRATES.iter().find(|(name, _)| imports(name));
        return Some(match imported {
            Some((name, path)) => line.replacen(name, path, 1),
            None => line,
        });
    }
    Some(CRATES.iter().fold(line, |line, (name, path)| with_path(&line, name, path)))
}

/// Replaces `name::` by `path::` in a line wherever it begins a path.
fn with_path(line: &str, name: &str, path: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    let start = format!("{name}::");
    while let Some(at) = rest.find(&start) {
        let before = &rest[..at];
        let whole = [out.as_str(), before].concat();
        let inside =
            whole.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.' | '/'));
        out.push_str(before);
        out.push_str(if inside { name } else { path });
        out.push_str("::");
        rest = &rest[at + start.len()..];
    }
    out.push_str(rest);
    out
}

/// `[\`name\`](path)` and `[\`name\`]` as `\`name\``; links to web pages stay.
fn without_links(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('[') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        rest = from;
        let Some(end) = from.find(']') else { break };
        let (label, after) = (&from[1..end], &from[end + 1..]);
        let target = after.strip_prefix('(').and_then(|inner| inner.split_once(')'));
        match target {
            Some((target, behind)) if !target.starts_with("http") && !label.is_empty() => {
                out.push_str(label);
                rest = behind;
            }
            None if label.len() > 2 && label.starts_with('`') && label.ends_with('`') => {
                out.push_str(label);
                rest = after;
            }
            _ => {
                out.push('[');
                rest = &from[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOC: &str = "Reads a [`Catalog`], see [`head`](Self::head) and [the web](https://a.b).\n\n\
        ```\nuse zoobot_core::prelude::*;\nlet a = [1][0];\n## shown\n# hidden();\n#\n\
        # Ok::<(), zoobot_core::Error>(())\n```\n\n```no_run\nuse polars::prelude::*;\n```\n\n\
        ```text\n# a table\n```";

    #[test]
    fn examples_lose_what_is_hidden_and_name_what_a_cell_can_name() {
        let wanted = "Reads a `Catalog`, see `head` and [the web](https://a.b).\n\n\
            ```rust\nuse zoobot::prelude::*;\nlet a = [1][0];\n# shown\n```\n\n\
            ```rust\nuse zoobot::polars::prelude::*;\n```\n\n```text\n# a table\n```";
        assert_eq!(for_cells(DOC), wanted);
        assert_eq!(examples(DOC), ["use zoobot::prelude::*;\nlet a = [1][0];\n# shown"]);
    }

    #[test]
    fn examples_for_people_who_work_on_the_library_are_no_cells() {
        let of = |code: &str| examples(&format!("```\n{code}\n```"));
        assert!(of("use zoobot_nets::resnet::Config;").is_empty());
        assert!(of("assert_eq!(zoobot_base::moments::moments(x), y);").is_empty());
        let own = "let folder = \"zoobot_encoder\"; zoobot::prelude::display(&folder);";
        assert_eq!(of(own), [own]);
    }

    #[test]
    fn paths_in_expressions_lead_through_the_library() {
        for (line, wanted) in [
            ("let x = rand::random::<u8>();", "let x = zoobot::rand::random::<u8>();"),
            (
                "f(&mut rand::rng(), rand::rng());",
                "f(&mut zoobot::rand::rng(), zoobot::rand::rng());",
            ),
            ("use rand::prelude::*;", "use zoobot::rand::prelude::*;"),
            ("zoobot::rand::rng()", "zoobot::rand::rng()"),
            (
                "grand::total(); // https://docs.rs/rand::x",
                "grand::total(); // https://docs.rs/rand::x",
            ),
        ] {
            assert_eq!(code_line(line, false).unwrap(), wanted);
        }
        let own = "use zoobot_core::{ndarray::Array2, space::Space};";
        assert_eq!(code_line(own, true).unwrap(), own.replace("zoobot_core", "zoobot"));
        assert_eq!(code_line("    ndarray::Array2,", true).unwrap(), "    ndarray::Array2,");
    }

    #[test]
    fn an_example_that_is_cut_off_is_closed() {
        assert_eq!(for_cells("```\na\n..."), "```rust\na\n...\n```");
    }

    #[test]
    fn brackets_that_are_no_links_stay() {
        for text in ["a [0, 1] b", "`x[0]` and [", "[a] (b)"] {
            assert_eq!(without_links(text), text);
        }
    }
}
