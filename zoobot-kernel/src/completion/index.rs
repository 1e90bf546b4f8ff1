//! The public names of the library and of the crates that come with it.
//!
//! They are read once from the sources that the build used (cargo's `.d` files list them), kept in
//! a file beside the kernel, and loaded for the first completion.

use super::crates::{family_of, family_of_type, read_sources};
use super::reader::{Entry, Kind, Sources, head_of};
use crate::library::{Library, keep};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::fs;

/// The version of the file's format.
const FORM: u32 = 5;

/// The names, with look-up by name and by the type they belong to.
#[derive(Debug, Default)]
pub struct Index {
    sources: Sources,
    members: HashMap<String, Vec<usize>>,
    named: HashMap<String, Vec<usize>>,
}

/// The content of the file, for one build of the library.
#[derive(Serialize, Deserialize)]
struct Kept {
    form: u32,
    built: String,
    sources: Sources,
}

impl Index {
    /// Loads the index from its file, or reads the sources and writes it.
    pub fn load(library: &Library) -> Self {
        let built = library.built.clone();
        let file = library.derived.join("zoobot-completion.json");
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

    /// Creates an index of these names.
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

    /// The entries that belong directly to a type or trait.
    pub fn of<'a>(&'a self, head: &str) -> impl Iterator<Item = &'a Entry> + use<'a> {
        self.at(self.members.get(head))
    }

    fn at<'a>(
        &'a self,
        places: Option<&'a Vec<usize>>,
    ) -> impl Iterator<Item = &'a Entry> + use<'a> {
        places.into_iter().flatten().filter_map(|i| self.sources.entries.get(*i))
    }

    /// Whether a crate declares a type of this name.
    fn declares(&self, family: &str, head: &str) -> bool {
        self.named(head).any(|entry| {
            matches!(entry.kind, Kind::Class | Kind::Interface)
                && family_of(&entry.module) == family
        })
    }

    /// The members of a type: its own, those of its traits, and those of its `Deref` target or of
    /// the type behind an alias.
    ///
    /// The path distinguishes types of one name in two crates.
    pub fn members(&self, ty: &str) -> Vec<&Entry> {
        let own = head_of(ty);
        let family = family_of_type(ty).filter(|family| self.declares(family, &own));
        let heads = self.heads(ty);
        let of = |head: &String| {
            let family = family.filter(|_| *head == own);
            self.of(head)
                .filter(move |entry| family.is_none_or(|family| family_of(&entry.module) == family))
        };
        heads.iter().flat_map(of).collect()
    }

    /// The names under which the members of a type are found: its own, its traits, and its `Deref`
    /// target or the type behind an alias.
    pub fn heads(&self, ty: &str) -> Vec<String> {
        let own = head_of(ty);
        let family = family_of_type(ty).filter(|family| self.declares(family, &own));
        // Another crate may implement its traits for our type, or for its own type of that name.
        let ours = |head: &str, module: &str| {
            let from = family_of(module);
            family.is_none_or(|family| head != own || from == family || !self.declares(from, head))
        };
        let mut heads = vec![own.clone()];
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
            let traits = self.sources.traits.iter();
            let traits = traits.filter(|(from, _, module)| ours(from, module));
            let traits = traits.map(|(from, to, _)| (from, to));
            let derefs = self.sources.derefs.iter().map(|(from, to)| (from, to));
            for (from, to) in derefs.chain(traits) {
                // One letter is a type parameter, which can be any type.
                if *from == head && !seen.contains(to) && to.len() > 1 {
                    heads.push(to.clone());
                }
            }
        }
        heads
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::completion::crates::STANDARD_NAMES;
    use crate::completion::macros::Macros;

    #[test]
    fn members_are_found_through_traits_references_and_pointers() {
        let mut sources = Sources::default();
        let code = "pub struct Map; impl Map { pub fn own(&self) {} } pub trait Given { fn given(&self); }\n\
            impl Given for Map {} pub struct Open; impl std::ops::Deref for Open { type Target = Map; }";
        sources.read(code, "x", &None, &Macros::new());
        let index = Index::new(sources);
        for ty in ["Map", "&x::Map", "std::sync::Arc<x::Map>", "Open"] {
            let names: Vec<&str> =
                index.members(ty).iter().map(|entry| entry.name.as_str()).collect();
            assert!(names.contains(&"own") && names.contains(&"given"), "{ty}: {names:?}");
        }
    }

    #[test]
    fn members_are_found_through_a_trait_for_all_that_have_another() {
        let mut sources = Sources::default();
        let code = "pub struct Thread; pub trait Core { fn next(&mut self); } impl Core for Thread {} \
            pub trait Draw { fn draw(&mut self); } impl<R: Core + ?Sized> Draw for R {} \
            pub trait More { fn more(&self); } impl<R> More for R where R: Core {}";
        sources.read(code, "rand", &None, &Macros::new());
        let index = Index::new(sources);
        let names: Vec<&str> =
            index.members("rand::Thread").iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["next", "draw", "more"]);
    }

    #[test]
    fn types_of_one_name_in_two_crates_are_told_apart() {
        let mut sources = Sources::default();
        let read = |sources: &mut Sources, code: &str, module: &str| {
            sources.read(code, module, &None, &Macros::new());
        };
        let ours = "pub struct Bars; impl Bars { pub fn title(self) {} } pub trait Show { fn show(&self); } \
            impl Show for Bars {} impl Show for Other {}";
        let theirs = "pub struct Bars; impl Bars { pub fn vertical() {} } pub trait Draw { fn draw(&self); } \
            impl Draw for Bars {} pub struct Other; impl Other { pub fn size(&self) {} }";
        read(&mut sources, ours, "zoobot_core::figure");
        read(&mut sources, theirs, "plotters::series");
        let index = Index::new(sources);
        let names = |ty: &str| -> Vec<&str> {
            index.members(ty).iter().map(|entry| entry.name.as_str()).collect()
        };
        assert_eq!(names("zoobot::figure::Bars"), ["title", "show"]);
        assert_eq!(names("&mut zoobot::plotters::prelude::Bars<f64>"), ["vertical", "draw"]);
        // Our trait for their type.
        assert_eq!(names("zoobot::plotters::series::Other"), ["size", "show"]);
        // An unknown path: every candidate is offered.
        assert_eq!(names("Bars").len(), 4);
    }

    #[test]
    fn names_of_the_standard_library_are_known_without_its_sources() {
        let sources: Sources = serde_json::from_slice(STANDARD_NAMES).unwrap();
        let index = Index::new(sources);
        for (ty, method) in [
            ("std::string::String", "push_str"),
            ("&std::string::String", "to_uppercase"),
            ("std::vec::Vec<f64>", "push"),
            ("std::vec::Vec<f64>", "iter"),
            ("std::option::Option<f64>", "unwrap_or"),
            ("std::result::Result<f64, E>", "ok"),
            ("std::slice::Iter<'_, f64>", "enumerate"),
            ("f64", "sqrt"),
            ("std::collections::HashMap<String, i32>", "insert"),
            ("std::path::PathBuf", "join"),
            ("std::time::Duration", "as_secs_f64"),
            ("std::time::Instant", "elapsed"),
        ] {
            assert!(index.members(ty).iter().any(|entry| entry.name == method), "{ty}: {method}");
        }
    }
}
