//! The public names of the library and of the crates that come with it.
//!
//! Read once from the sources that the build used (cargo's `.d` files list them), kept in a file
//! beside the kernel, loaded when a completion is first asked for.

use super::attributes::Features;
use super::reader::{Entry, Kind, Sources, head_of};
use crate::library::{Library, keep};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The crates whose names a notebook meets.
const CRATES: [&str; 13] = [
    "zoobot_core",
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
    "tch",
];
/// The parts of the standard library that notebooks are made of.
const STANDARD: [(&str, &str); 17] = [
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
];
/// Changes with the form of the file.
const FORM: u32 = 2;

/// The names, found by what they belong to.
#[derive(Debug, Default)]
pub struct Index {
    sources: Sources,
    members: HashMap<String, Vec<usize>>,
    named: HashMap<String, Vec<usize>>,
}

/// The file; for one build of the library.
#[derive(Serialize, Deserialize)]
struct Kept {
    form: u32,
    built: Option<SystemTime>,
    sources: Sources,
}

impl Index {
    /// Loads the index from its file, or reads the sources and writes it.
    pub fn load(library: &Library) -> Self {
        let built = fs::metadata(&library.dylib).and_then(|file| file.modified()).ok();
        let file = library.dylib.with_file_name("zoobot-completion.json");
        let kept = fs::read(&file).ok().and_then(|text| serde_json::from_slice::<Kept>(&text).ok());
        if let Some(kept) = kept.filter(|kept| kept.form == FORM && kept.built == built) {
            return Self::new(kept.sources);
        }
        let kept = Kept { form: FORM, built, sources: read_sources(library) };
        if let Ok(text) = serde_json::to_vec(&kept) {
            keep(&file, &text);
        }
        Self::new(kept.sources)
    }

    /// An index of these names.
    pub fn new(sources: Sources) -> Self {
        let mut index = Self { sources, ..Self::default() };
        for (i, entry) in index.sources.entries.iter().enumerate() {
            if !entry.of.is_empty() {
                index.members.entry(entry.of.clone()).or_default().push(i);
            }
            index.named.entry(entry.name.clone()).or_default().push(i);
        }
        index
    }

    /// All names.
    pub fn entries(&self) -> &[Entry] {
        &self.sources.entries
    }

    /// The entries with this name.
    pub fn named<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Entry> + use<'a> {
        self.at(self.named.get(name))
    }

    /// What belongs to a type or trait itself.
    pub fn of<'a>(&'a self, head: &str) -> impl Iterator<Item = &'a Entry> + use<'a> {
        self.at(self.members.get(head))
    }

    fn at<'a>(
        &'a self,
        places: Option<&'a Vec<usize>>,
    ) -> impl Iterator<Item = &'a Entry> + use<'a> {
        places.into_iter().flatten().filter_map(|i| self.sources.entries.get(*i))
    }

    /// The names under which the members of a type are found: its own, its traits', and those of
    /// what it stands for.
    pub fn heads(&self, ty: &str) -> Vec<String> {
        let mut heads = vec![head_of(ty)];
        // Methods of what a smart pointer points to.
        for pointer in ["Box<", "Arc<", "Rc<", "Ref<", "RefMut<", "MutexGuard<"] {
            if let Some(at) =
                ty.find(pointer).filter(|_| head_of(ty) == pointer[..pointer.len() - 1])
            {
                heads.extend(self.heads(&ty[at + pointer.len()..]));
            }
        }
        let path = ty.split('<').next().unwrap_or_default();
        if path.contains("::iter::") || path.ends_with("Iter") || ty.contains("Iterator") {
            heads.push("Iterator".to_owned());
        }
        let mut seen: HashSet<String> = HashSet::new();
        let mut next = 0;
        while let Some(head) = heads.get(next).cloned() {
            next += 1;
            if !seen.insert(head.clone()) {
                continue;
            }
            for (from, to) in self.sources.derefs.iter().chain(&self.sources.traits) {
                // One letter is a type parameter, which stands for anything.
                if *from == head && !seen.contains(to) && to.len() > 1 {
                    heads.push(to.clone());
                }
            }
        }
        heads
    }
}

fn read_sources(library: &Library) -> Sources {
    let mut sources = Sources::default();
    for (name, features, files) in crate_files(&library.deps) {
        for file in files {
            if let (Some(module), Ok(text)) = (module_of(&name, &file), fs::read_to_string(&file)) {
                sources.read(&text, &module, &features);
            }
        }
    }
    let standard = library.sysroot_lib.join("rustlib/src/rust/library");
    for (file, module) in STANDARD {
        // Without the component rust-src there is no standard library to read.
        if let Ok(text) = fs::read_to_string(standard.join(file)) {
            sources.read(&text, module, &None);
        }
    }
    // What only a trait's implementation uses is not worth its place.
    sources.entries.retain(|entry| !(entry.kind == Kind::Export && entry.name == "self"));
    sources
}

/// The source files of each crate, from its newest `.d` file.
fn crate_files(folders: &[PathBuf]) -> Vec<(String, Features, Vec<PathBuf>)> {
    let mut newest: HashMap<&str, (SystemTime, PathBuf)> = HashMap::new();
    for entry in folders.iter().filter_map(|dir| fs::read_dir(dir).ok()).flatten().flatten() {
        let path = entry.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        // A crate that is also a dylib has no hash in its names.
        let name = stem.rsplit_once('-').map_or(stem, |(name, _)| name);
        let Some(name) = CRATES.iter().find(|known| **known == name) else { continue };
        let time = entry.metadata().and_then(|file| file.modified());
        if let (Some("d"), Ok(time)) = (path.extension().and_then(|end| end.to_str()), time)
            && newest.get(name).is_none_or(|(other, _)| *other < time)
        {
            newest.insert(name, (time, path));
        }
    }
    // Paths of the workspace's own crates start at its root.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(""));
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

/// The features that the crate with this `.d` file was built with, from cargo's own notes, which may
/// look different one day.
fn features_of(name: &str, dep_file: &Path) -> Features {
    let (_, hash) = dep_file.file_stem()?.to_str()?.rsplit_once('-')?;
    let folder = format!("{}-{hash}", name.replace('_', "-"));
    let notes = dep_file.parent()?.parent()?.join(".fingerprint").join(folder);
    let notes = fs::read(notes.join(format!("lib-{name}.json"))).ok()?;
    let notes: serde_json::Value = serde_json::from_slice(&notes).ok()?;
    serde_json::from_str(notes["features"].as_str()?).ok()
}

/// `zoobot_core::notebook::table` for `.../zoobot-core/src/notebook/table.rs`; `None` for what is
/// no module of the crate.
fn module_of(name: &str, file: &Path) -> Option<String> {
    let text = file.to_str()?.strip_suffix(".rs")?;
    let (_, inside) = text.rsplit_once("/src/")?;
    let inside = inside.strip_suffix("/mod").unwrap_or(inside);
    let parts = inside.split('/').filter(|part| *part != "lib");
    if inside.split('/').any(|part| part == "tests" || part == "test") {
        return None;
    }
    Some(parts.fold(name.to_owned(), |path, part| format!("{path}::{part}")))
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
    }

    #[test]
    fn source_files_are_found_with_and_without_a_hash_in_the_name() {
        let deps = tempfile::tempdir().unwrap();
        for name in ["zoobot_core.d", "plotters-0123456789abcdef.d", "serde-0123456789abcdef.d"] {
            fs::write(deps.path().join(name), "out.rlib: /x/src/lib.rs /x/src/b.rs\n").unwrap();
        }
        let found = crate_files(&[deps.path().to_owned()]);
        let names: Vec<&str> = found.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["plotters", "zoobot_core"]);
        assert!(found.iter().all(|(_, _, files)| files.len() == 2));
    }

    #[test]
    fn members_are_found_through_traits_references_and_pointers() {
        let mut sources = Sources::default();
        let code = "pub struct Map; impl Map { pub fn own(&self) {} } pub trait Given { fn given(&self); }\n\
            impl Given for Map {} pub struct Open; impl std::ops::Deref for Open { type Target = Map; }";
        sources.read(code, "x", &None);
        let index = Index::new(sources);
        for ty in ["Map", "&x::Map", "std::sync::Arc<x::Map>", "Open"] {
            let heads = index.heads(ty);
            let names: Vec<&str> = heads
                .iter()
                .flat_map(|head| index.of(head))
                .map(|entry| entry.name.as_str())
                .collect();
            assert!(names.contains(&"own") && names.contains(&"given"), "{ty}: {names:?}");
        }
    }
}
