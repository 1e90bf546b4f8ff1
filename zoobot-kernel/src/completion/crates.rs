//! Reads the names in the sources that the build used: the library, the crates that come with it, and the
//! standard library.

use super::attributes::Features;
use super::macros::{Macros, macros_in};
use super::reader::{Kind, Sources};
use crate::library::{Library, OWN, is_own};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The other crates whose names appear in notebooks.
const CRATES: [&str; 15] = [
    "polars_core",
    "polars_plan",
    "polars_lazy",
    "polars_io",
    "polars_ops",
    "polars_error",
    "polars_time",
    "polars_utils",
    "plotters",
    "plotters_backend",
    "ndarray",
    "image",
    "rand",
    "rand_distr",
    "tch",
];
/// The standard library's names, for a toolchain without its sources (the component rust-src).
pub(super) const STANDARD_NAMES: &[u8] = include_bytes!("standard.json");
/// The parts of the standard library that notebooks use.
const STANDARD: [(&str, &str); 19] = [
    ("core/src/clone.rs", "std::clone"),
    ("core/src/iter/traits/collect.rs", "std::iter"),
    ("alloc/src/vec/mod.rs", "std::vec"),
    ("alloc/src/string.rs", "std::string"),
    ("alloc/src/str.rs", "std::str"),
    ("alloc/src/slice.rs", "std::slice"),
    ("alloc/src/collections/btree/map.rs", "std::collections"),
    ("core/src/option.rs", "std::option"),
    ("core/src/result.rs", "std::result"),
    ("core/src/str/mod.rs", "std::str"),
    ("core/src/slice/mod.rs", "std::slice"),
    ("core/src/iter/traits/iterator.rs", "std::iter"),
    ("core/src/num/f64.rs", "std::f64"),
    ("std/src/num/f64.rs", "std::f64"),
    ("std/src/collections/hash/map.rs", "std::collections"),
    ("std/src/collections/hash/set.rs", "std::collections"),
    ("std/src/path.rs", "std::path"),
    ("core/src/time.rs", "std::time"),
    ("std/src/time.rs", "std::time"),
];
/// The crate of a module; the many crates of polars count as one.
pub fn family_of(module: &str) -> &str {
    match module.split("::").next().unwrap_or(module) {
        name if name.starts_with("polars") => "polars",
        "plotters_backend" => "plotters",
        "core" | "alloc" => "std",
        "" => "the notebook",
        name => name,
    }
}

/// The crate of a type by its path, as a cell writes it.
pub fn family_of_type(ty: &str) -> Option<&str> {
    let path =
        ty.trim_start_matches(['&', '(']).trim_start_matches("mut ").trim_start_matches("'_ ");
    let path = path.split(['<', ' ']).next().unwrap_or(path);
    let (root, rest) = path.split_once("::")?;
    let inner = rest.split("::").next().unwrap_or_default();
    match root {
        "zoobot" if CRATES.contains(&inner) || inner == "polars" => Some(family_of(inner)),
        "zoobot" => Some("zoobot_core"),
        root if is_own(root) => Some("zoobot_core"),
        root => Some(family_of(root)),
    }
}

/// All names that may appear in a notebook.
pub fn read_sources(library: &Library) -> Sources {
    let mut sources = Sources::default();
    for (name, features, files) in crate_files(&library.deps) {
        let texts = files
            .into_iter()
            .filter_map(|file| Some((module_of(&name, &file)?, fs::read_to_string(&file).ok()?)));
        let texts: Vec<(String, String)> = texts.collect();
        let macros: Macros = texts.iter().flat_map(|(_, text)| macros_in(text)).collect();
        for (module, text) in &texts {
            sources.read(text, module, &features, &macros);
        }
    }
    let standard = standard_sources(&library.sysroot_lib.join("rustlib/src/rust/library"));
    match standard.or_else(|| serde_json::from_slice(STANDARD_NAMES).ok()) {
        Some(standard) => sources.extend(standard),
        None => eprintln!("zoobot-kernel: the standard library's names cannot be read"),
    }
    // What only a trait's implementation uses is not worth its place.
    sources.entries.retain(|entry| !(entry.kind == Kind::Export && entry.name == "self"));
    sources
}

/// The names of the standard library, if its sources are in this folder.
fn standard_sources(folder: &Path) -> Option<Sources> {
    let mut sources = Sources::default();
    for (file, module) in STANDARD {
        let text = fs::read_to_string(folder.join(file)).ok()?;
        sources.read(&text, module, &None, &Macros::new());
    }
    Some(sources)
}

/// The versions of the crates that the library itself uses, according to `Cargo.lock`.
fn used_versions(lock: &str) -> HashMap<String, String> {
    let quoted = |line: &str| line.split('"').nth(1).map(str::to_owned);
    let field = |package: &str, name: &str| {
        package.lines().find(|line| line.starts_with(name)).and_then(quoted)
    };
    let packages: Vec<&str> = lock.split("[[package]]").collect();
    let is_ours = |name: String| is_own(&name.replace('-', "_"));
    let library = packages.iter().filter(|it| field(it, "name").is_some_and(is_ours));
    let named = library.flat_map(|package| package.lines()).filter(|line| line.starts_with(" \""));
    named
        .filter_map(quoted)
        .filter_map(|used| {
            // "rand 0.9.5" if there are several versions, "tch" if there is one.
            let (name, version) = used.split_once(' ').unwrap_or((&used, ""));
            let only = || {
                let package =
                    packages.iter().find(|it| field(it, "name").as_deref() == Some(name))?;
                field(package, "version")
            };
            let version = Some(version.to_owned()).filter(|it| !it.is_empty()).or_else(only)?;
            Some((name.replace('-', "_"), version))
        })
        .collect()
}

/// The source files of each crate: of the version that the library uses, from the newest `.d` file.
fn crate_files(folders: &[PathBuf]) -> Vec<(String, Features, Vec<PathBuf>)> {
    // Paths of the workspace's own crates start at its root.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(""));
    let versions = used_versions(&fs::read_to_string(root.join("Cargo.lock")).unwrap_or_default());
    let other_version = |name: &str, path: &Path| {
        let Some(version) = versions.get(name) else { return false };
        let folder = format!("/{}-{version}/", name.replace('_', "-"));
        let folder_too = format!("/{name}-{version}/");
        let listed = fs::read_to_string(path).unwrap_or_default();
        listed.contains("/registry/") && !listed.contains(&folder) && !listed.contains(&folder_too)
    };
    let mut newest: HashMap<&str, (SystemTime, PathBuf)> = HashMap::new();
    for entry in folders.iter().filter_map(|dir| fs::read_dir(dir).ok()).flatten().flatten() {
        let path = entry.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let Some((name, _)) = stem.rsplit_once('-') else { continue };
        let own = OWN.iter().map(|(own, _)| own);
        let Some(name) = own.chain(&CRATES).find(|known| **known == name) else { continue };
        let time = entry.metadata().and_then(|file| file.modified());
        if let (Some("d"), Ok(time)) = (path.extension().and_then(|end| end.to_str()), time)
            && newest.get(name).is_none_or(|(other, _)| *other < time)
            && !other_version(name, &path)
        {
            newest.insert(name, (time, path));
        }
    }
    let files = |path: &Path| -> Vec<PathBuf> {
        let text = fs::read_to_string(path).unwrap_or_default();
        let first = text.lines().next().unwrap_or_default();
        let listed = first.split_once(": ").map(|(_, files)| files).unwrap_or_default();
        let listed = listed.replace("\\ ", "\u{0}");
        let listed = listed.split_whitespace().filter(|file| file.ends_with(".rs"));
        listed.map(|file| root.join(file.replace('\u{0}', " "))).collect()
    };
    let mut crates: Vec<_> = newest
        .into_iter()
        .map(|(name, (_, path))| (name.to_owned(), features_of(name, &path), files(&path)))
        .collect();
    crates.sort_by(|a, b| a.0.cmp(&b.0));
    crates
}

/// The features that the crate with this `.d` file was built with, from cargo's internal files, whose format
/// may change.
fn features_of(name: &str, dep_file: &Path) -> Features {
    let (_, hash) = dep_file.file_stem()?.to_str()?.rsplit_once('-')?;
    let folder = format!("{}-{hash}", name.replace('_', "-"));
    let notes = dep_file.parent()?.parent()?.join(".fingerprint").join(folder);
    let notes = fs::read(notes.join(format!("lib-{name}.json"))).ok()?;
    let notes: serde_json::Value = serde_json::from_slice(&notes).ok()?;
    serde_json::from_str(notes["features"].as_str()?).ok()
}

/// `zoobot_core::notebook::table` for `.../zoobot-show/src/notebook/table.rs`, as cells name it; `None` for a
/// file that is not a module of the crate.
fn module_of(name: &str, file: &Path) -> Option<String> {
    let text = file.to_str()?.strip_suffix(".rs")?;
    let (_, inside) = text.rsplit_once("/src/")?;
    let inside = inside.strip_suffix("/mod").unwrap_or(inside);
    let parts = inside.split('/').filter(|part| *part != "lib");
    if inside.split('/').any(|part| part == "tests" || part == "test") {
        return None;
    }
    let root = OWN.iter().find(|(own, _)| *own == name).map_or(name, |(_, root)| root);
    let module = parts.fold(root.to_owned(), |path, part| format!("{path}::{part}"));
    Some(match module.strip_prefix("zoobot_core::datasets") {
        Some(inside) => format!("zoobot_core::survey{inside}"),
        None => module,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_modules() {
        let module = |file| module_of("a", Path::new(file));
        assert_eq!(module("/x/src/lib.rs").as_deref(), Some("a"));
        assert_eq!(module("/x/src/b/mod.rs").as_deref(), Some("a::b"));
        assert_eq!(module("/x/src/b/c.rs").as_deref(), Some("a::b::c"));
        assert_eq!(module("/x/src/b/tests.rs"), None);
        let own = |name, file| module_of(name, Path::new(file)).unwrap();
        assert_eq!(own("zoobot_data", "/x/src/catalog/mod.rs"), "zoobot_core::catalog");
        assert_eq!(own("zoobot_data", "/x/src/datasets/gz2.rs"), "zoobot_core::survey::gz2");
        assert_eq!(own("zoobot_picture", "/x/src/fits.rs"), "zoobot_core::picture::fits");
    }

    #[test]
    fn source_files_are_found_of_the_crates_that_cells_use() {
        let deps = tempfile::tempdir().unwrap();
        // The shared library has no hash in its name, and no sources to complete from.
        for name in [
            "zoobot_shared",
            "zoobot_core-0123456789abcdef",
            "plotters-0123456789abcdef",
            "serde-0123456789abcdef",
        ] {
            let file = deps.path().join(name).with_extension("d");
            fs::write(file, "out.rlib: /x/src/lib.rs /x/src/b.rs\n").unwrap();
        }
        let found = crate_files(&[deps.path().to_owned()]);
        let names: Vec<&str> = found.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["plotters", "zoobot_core"]);
        assert!(found.iter().all(|(_, _, files)| files.len() == 2));
    }

    #[test]
    fn the_version_of_a_crate_that_the_library_uses_is_read_from_the_lock() {
        let lock = "[[package]]\nname = \"rand\"\nversion = \"0.8.8\"\n\n[[package]]\nname = \"rand\"\n\
            version = \"0.9.5\"\n\n[[package]]\nname = \"tch\"\nversion = \"0.24.0\"\n\n[[package]]\n\
            name = \"zoobot-core\"\nversion = \"0.1.0\"\ndependencies = [\n \"rand 0.9.5\",\n \"tch\",\n]\n";
        let versions = used_versions(lock);
        assert_eq!(versions["rand"], "0.9.5");
        assert_eq!(versions["tch"], "0.24.0");
    }

    /// Writes `standard.json`; `RUST_SRC` is the folder `library` of the component rust-src.
    #[test]
    #[ignore = "run by hand after an update of Rust"]
    fn write_the_names_of_the_standard_library() {
        let mut sources = standard_sources(Path::new(&std::env::var("RUST_SRC").unwrap())).unwrap();
        sources.entries.retain(|entry| entry.kind != Kind::Export);
        for entry in &mut sources.entries {
            let first = entry.doc.split("\n\n").next().unwrap_or_default();
            entry.doc = first.trim().to_owned();
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/completion");
        fs::write(folder.join("standard.json"), serde_json::to_vec(&sources).unwrap()).unwrap();
    }
}
