//! The symbols that the process with the library has, as hashes in a file.

use crate::library::{Library, keep};
use object::read::{Object, ObjectSymbol};
use std::collections::HashSet;
use std::fs;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::path::{Path, PathBuf};

/// The prefix of the file's name.
const NAME: &str = "zoobot-symbols-";

/// Sorted hashes of names.
pub struct Symbols(Vec<u64>);

impl Symbols {
    /// Reads the file that [`prepare`] wrote; `None` if there is none for this build of the
    /// library.
    pub fn load(library: &Library) -> Option<Self> {
        let bytes = fs::read(file(library)).ok()?;
        let hashes = bytes.chunks_exact(8).filter_map(|chunk| chunk.try_into().ok());
        Some(Self(hashes.map(u64::from_le_bytes).collect()))
    }

    /// Whether a name is among them.
    pub fn has(&self, name: &[u8]) -> bool {
        self.0.binary_search(&hash(name)).is_ok()
    }
}

/// Writes the file unless it exists. If the folder is not writable, all links remain full links.
pub fn prepare(library: &Library) {
    let path = file(library);
    if path.exists() {
        return;
    }
    let Some(mut hashes) = libraries(library)
        .iter()
        .map(exported)
        .reduce(|all, some| all.zip(some).map(|(all, some)| [all, some].concat()))
        .flatten()
    else {
        return;
    };
    hashes.sort_unstable();
    hashes.dedup();
    remove_old(&path);
    let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect();
    keep(&path, &bytes);
}

/// Removes the files of earlier builds.
fn remove_old(path: &Path) {
    let folder = path.parent().and_then(|folder| fs::read_dir(folder).ok());
    for entry in folder.into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(NAME) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The names that an object file uses and does not define.
pub fn open(object: &[u8]) -> Option<HashSet<Vec<u8>>> {
    let object = object::File::parse(object).ok()?;
    let names = object.symbols().filter(|symbol| symbol.is_undefined() && !symbol.is_weak());
    let names = names.filter_map(|symbol| symbol.name_bytes().ok().map(<[u8]>::to_vec));
    // The linker defines this one.
    Some(names.filter(|name| !name.is_empty() && name != b"_GLOBAL_OFFSET_TABLE_").collect())
}

fn exported(path: &PathBuf) -> Option<Vec<u64>> {
    let bytes = fs::read(path).ok()?;
    let object = object::File::parse(&*bytes).ok()?;
    let defined = object.dynamic_symbols().filter(|symbol| !symbol.is_undefined());
    Some(defined.filter_map(|symbol| symbol.name_bytes().ok().map(hash)).collect())
}

/// The library, the shared libraries of the Rust code below it, and those of every process.
fn libraries(library: &Library) -> Vec<PathBuf> {
    let mut files = vec![library.dylib.clone()];
    let mut folders =
        vec![(library.target_lib(), "libstd-"), (library.libtorch.clone(), "libtch.")];
    // An installed distribution brings its own.
    folders.extend(library.dylib.parent().map(|folder| (folder.to_owned(), "libtch.")));
    for (folder, start) in folders {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let name = |path: &PathBuf| path.file_name().unwrap_or_default().display().to_string();
        let shared = |path: &PathBuf| name(path).starts_with(start) && name(path).ends_with(".so");
        files.extend(entries.map(|entry| entry.path()).filter(shared));
    }
    // libc, libm and libgcc_s are in this process too.
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let mapped: HashSet<&str> =
        maps.lines().filter_map(|line| line.find('/').map(|at| &line[at..])).collect();
    let system = ["/libc.so", "/libc-", "/libm.so", "/libm-", "/libgcc_s", "/ld-linux"];
    files.extend(
        mapped
            .into_iter()
            .filter(|path| system.iter().any(|name| path.contains(name)))
            .map(PathBuf::from),
    );
    files
}

/// The path of the file, named after the build.
fn file(library: &Library) -> PathBuf {
    library.derived.join(format!("{NAME}{}", library.built))
}

fn hash(name: &[u8]) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_symbols_of_this_process_and_no_others_are_known() {
        let libc = fs::read_to_string("/proc/self/maps").unwrap();
        let libc = libc.lines().find(|line| line.contains("/libc.so") || line.contains("/libc-"));
        let libc = libc.map(|line| PathBuf::from(&line[line.find('/').unwrap()..])).unwrap();
        let mut hashes = exported(&libc).unwrap();
        hashes.sort_unstable();
        let symbols = Symbols(hashes);
        assert!(symbols.has(b"malloc") && symbols.has(b"write"));
        assert!(!symbols.has(b"a_function_that_nobody_wrote"));
    }
}
