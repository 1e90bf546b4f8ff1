//! Tests of the project's structure: `ARCHITECTURE.md` against the manifests.

use std::collections::BTreeMap;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The names of the library's crates in a section of a manifest, without `zoobot-`.
fn named_in(manifest: &str, section: &str) -> Vec<String> {
    let lines = manifest.lines().skip_while(|line| *line != section).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| line.strip_prefix("zoobot-")?.split('.').next());
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.sort();
    names
}

/// The crates that each crate uses, according to the manifests.
fn manifests() -> BTreeMap<String, Vec<String>> {
    let crates = std::fs::read_dir(root().join("crates")).unwrap().flatten().map(|it| it.path());
    let others = ["zoobot-core", "zoobot-cli", "zoobot-kernel", "xtask"].map(|it| root().join(it));
    let all = crates.chain(others).map(|folder| {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        (name, named_in(&manifest, "[dependencies]"))
    });
    all.filter(|(name, _)| name != "zoobot-testing").collect()
}

/// The table of crates in its order: each name and what it uses.
fn table() -> Vec<(String, Vec<String>)> {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| ["));
    rows.filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let name = cells.first()?.strip_prefix('[')?.split(']').next()?.to_owned();
        let uses = cells.last()?.split(", ").filter(|it| *it != "nothing").map(str::to_owned);
        let mut uses: Vec<String> = uses.collect();
        uses.sort();
        Some((name, uses))
    })
    .collect()
}

#[test]
fn the_picture_of_the_house_is_that_of_the_manifests_and_has_no_cycle() {
    let (manifests, table) = (manifests(), table());
    assert_eq!(table.iter().cloned().collect::<BTreeMap<_, _>>(), manifests);
    for (place, (name, uses)) in table.iter().enumerate() {
        for used in uses {
            let above = table[..place].iter().any(|(it, _)| *it == format!("zoobot-{used}"));
            assert!(above, "{name} uses {used}, which does not stand above it");
        }
    }
}

#[test]
fn files_over_400_lines_have_a_reason() {
    let reasons = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut folders: Vec<_> =
        ["crates", "zoobot-core", "zoobot-cli", "zoobot-kernel", "xtask", "tests"]
            .map(|it| root().join(it))
            .into();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let lines = std::fs::read_to_string(&path).unwrap().lines().count();
                let parts: Vec<_> = path.iter().map(|it| it.to_string_lossy()).collect();
                let short = parts[parts.len() - 2..].join("/");
                let name = parts[parts.len() - 1].to_string();
                let known = reasons.contains(&format!("`{name}`")) || reasons.contains(&short);
                assert!(lines <= 400 || known, "{} has {lines} lines", path.display());
            }
        }
    }
}

/// The public modules of a crate, as files.
fn public_files(folder: &Path, root: &str, found: &mut Vec<std::path::PathBuf>) {
    let Some(file) = [format!("{root}.rs"), format!("{root}/mod.rs")]
        .iter()
        .map(|it| folder.join(it))
        .find(|it| it.is_file())
    else {
        return;
    };
    let text = std::fs::read_to_string(&file).unwrap();
    let inside = match root {
        "lib" => folder.to_owned(),
        _ => folder.join(root),
    };
    let mut hidden = false;
    for line in text.lines() {
        if let Some(module) = line.strip_prefix("pub mod ").and_then(|it| it.strip_suffix(';'))
            && !hidden
        {
            public_files(&inside, module, found);
        }
        hidden = line == "#[doc(hidden)]";
    }
    found.push(file);
}

/// A file without its tests.
fn code_of(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap()
}

/// The name in a declaration: the type after `pub struct `, `pub enum ` and so on.
fn declared<'a>(line: &'a str, kinds: &[&str]) -> Option<&'a str> {
    let rest = kinds.iter().find_map(|kind| line.strip_prefix(kind))?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

/// The types that a file makes public: its own, and those that it re-exports, with their module.
fn public_types(text: &str) -> Vec<(String, Option<String>)> {
    let (mut names, mut hidden) = (Vec::new(), false);
    let statements = code_of(text).replace("{\n    ", "{").replace(",\n    ", ", ");
    for line in statements.lines() {
        let own = declared(line, &["pub struct ", "pub enum ", "pub trait ", "pub type "]);
        if let Some(name) = own.filter(|_| !hidden) {
            names.push((name.to_owned(), None));
        }
        let elsewhere = |it: &&str| it.starts_with("zoobot_") || it.starts_with("crate::");
        let passed = line.strip_prefix("pub use ").filter(|it| !elsewhere(it));
        if let Some(rest) = passed.filter(|_| !hidden) {
            let module = rest.split("::").next().map(str::to_owned);
            let words = rest.split(|c: char| !c.is_alphanumeric() && c != '_');
            let types = words.filter(|it| it.starts_with(char::is_uppercase));
            // A constant is written in capitals.
            let types = types.filter(|it| it.contains(char::is_lowercase));
            names.extend(types.map(|it| (it.to_owned(), module.clone())));
        }
        hidden = line.starts_with("#[doc(hidden)]") || (hidden && line.starts_with("#["));
    }
    names
}

#[test]
fn no_public_type_has_the_name_of_another() {
    // The crates that `zoobot::` re-exports (the networks are known there only by timm's names), and the
    // laboratory.
    let crates = [
        "base",
        "picture",
        "show",
        "data",
        "simulator",
        "representation",
        "learn",
        "anomaly",
        "active",
        "asking",
        "lab",
    ];
    let crates = crates.map(|it| root().join(format!("crates/zoobot-{it}/src")));
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for folder in crates.iter().chain([&root().join("zoobot-core/src")]) {
        let mut files = Vec::new();
        public_files(folder, "lib", &mut files);
        for file in files {
            for (name, _) in public_types(&std::fs::read_to_string(&file).unwrap()) {
                places.entry(name).or_default().push(file.display().to_string());
            }
        }
    }
    assert!(places.len() > 150, "{} types were found", places.len());
    // `Error` and `Result` are re-exported by several crates, and the kernel uses what the code of cells is
    // made of.
    let twice = places
        .iter()
        .filter(|(name, places)| places.len() > 1 && !["Error", "Result"].contains(&name.as_str()));
    let twice: Vec<_> = twice.collect();
    assert!(twice.is_empty(), "{twice:#?}");
}

/// Whether a type has an example in its doc comment; `None` if the file does not define it.
fn has_example(text: &str, name: &str) -> Option<bool> {
    let lines: Vec<&str> = code_of(text).lines().collect();
    let kinds = ["pub struct ", "pub enum ", "pub trait "];
    let place = lines.iter().position(|line| declared(line, &kinds) == Some(name))?;
    let above = lines[..place].iter().rev();
    let about = above.take_while(|it| it.starts_with("///") || it.starts_with("#["));
    let fences: Vec<&str> = about.filter_map(|it| it.strip_prefix("/// ```")).collect();
    // From the top: every other fence opens a block.
    let mut opening = fences.iter().rev().step_by(2);
    Some(opening.any(|tag| ["", "no_run", "should_panic"].contains(tag)))
}

/// The file of a module and all files below it.
fn module_files(folder: &Path, module: &str) -> Vec<std::path::PathBuf> {
    let mut files = vec![folder.join(format!("{module}.rs"))];
    let mut folders = vec![folder.join(module)];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                files.push(path);
            }
        }
    }
    files.retain(|it| it.is_file());
    files
}

#[test]
fn at_least_half_of_the_public_types_show_an_example() {
    let crates = std::fs::read_dir(root().join("crates")).unwrap().flatten().map(|it| it.path());
    let crates = crates.filter(|it| !it.ends_with("zoobot-testing"));
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for folder in crates.chain([root().join("zoobot-core")]).map(|it| it.join("src")) {
        let mut files = Vec::new();
        public_files(&folder, "lib", &mut files);
        for file in files {
            // The folder with the modules of the file: that of `lib.rs` and `mod.rs`, else one named after
            // the file.
            let stem = file.file_stem().unwrap();
            let inside = match stem.to_str() {
                Some("lib" | "mod") => file.with_file_name(""),
                _ => file.with_extension(""),
            };
            for (name, module) in public_types(&std::fs::read_to_string(&file).unwrap()) {
                let places = match &module {
                    Some(module) => module_files(&inside, module),
                    None => vec![file.clone()],
                };
                let mut texts = places.iter().map(|it| std::fs::read_to_string(it).unwrap());
                // Aliases and types of other libraries are not found in any file.
                match texts.find_map(|text| has_example(&text, &name)) {
                    Some(true) => with.push(name),
                    Some(false) => without.push(format!("{name} ({})", file.display())),
                    None => {}
                }
            }
        }
    }
    let (shown, all) = (with.len(), with.len() + without.len());
    assert!(all > 200, "{all} types were found");
    assert!(2 * shown >= all, "{shown} of {all} types have an example, not {without:#?}");
}
