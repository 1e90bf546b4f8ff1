//! Finds files that are the same picture: several paths to one file, or copies of it.

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::hash::Hash;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The number of bytes in each of the pieces that are compared before whole files are.
const PIECE: usize = 512;

/// For each file, the first file with the same picture (which may be itself).
///
/// Every path is looked up on disk, which identifies links and different spellings. Files of equal size are
/// compared by a few pieces, and by all bytes only if these are equal: 100,000 pictures take a few seconds.
/// Files that cannot be read are identified by their path; an empty path matches only itself.
pub(crate) fn same_pictures(files: &[PathBuf]) -> Vec<usize> {
    let about: Vec<Option<Metadata>> = files
        .par_iter()
        .map(|file| std::fs::metadata(file).ok().filter(Metadata::is_file))
        .collect();
    // Several paths to one file; missing files are identified by their path.
    let mut first: Vec<usize> = (0..files.len()).collect();
    let at = |&place: &usize| match &about[place] {
        Some(about) => Some(Err((about.dev(), about.ino()))),
        None => Some(Ok(&files[place])).filter(|_| !files[place].as_os_str().is_empty()),
    };
    for places in alike(first.clone(), at) {
        places.iter().for_each(|&place| first[place] = places[0]);
    }
    // Copies of a file.
    let files_once: Vec<usize> = (0..files.len()).filter(|&it| first[it] == it).collect();
    let size = |place: &usize| about[*place].as_ref().map(Metadata::len).filter(|it| *it > 0);
    let copies = alike(files_once, size)
        .into_par_iter()
        .flat_map(|places| alike_by_reading(places, |place| pieces(&files[place])))
        .flat_map(|places| alike_by_reading(places, |place| whole(&files[place])))
        .collect::<Vec<_>>();
    let mut copy_of: HashMap<usize, usize> = HashMap::new();
    for places in copies {
        copy_of.extend(places[1..].iter().map(|&place| (place, places[0])));
    }
    first.iter().map(|place| copy_of.get(place).copied().unwrap_or(*place)).collect()
}

/// Groups places by key, and returns the groups of at least two, each in order.
fn alike<K: Eq + Hash>(places: Vec<usize>, key: impl Fn(&usize) -> Option<K>) -> Vec<Vec<usize>> {
    let mut groups: HashMap<K, Vec<usize>> = HashMap::new();
    for place in places {
        if let Some(key) = key(&place) {
            groups.entry(key).or_default().push(place);
        }
    }
    groups.into_values().filter(|places| places.len() > 1).collect()
}

/// Like [`alike`], for keys that are read from files.
fn alike_by_reading<K: Eq + Hash + Send>(
    places: Vec<usize>,
    key: impl Fn(usize) -> Option<K> + Sync,
) -> Vec<Vec<usize>> {
    let keys: HashMap<usize, K> =
        places.par_iter().filter_map(|&place| Some((place, key(place)?))).collect();
    alike(places, |place| keys.get(place))
}

/// Three pieces of a file: at a quarter, at half, and at its end.
fn pieces(file: &Path) -> Option<Vec<u8>> {
    let file = File::open(file).ok()?;
    let length = file.metadata().ok()?.len();
    let mut all = vec![0; 3 * PIECE];
    let last = length.saturating_sub(PIECE as u64);
    for (piece, start) in all.chunks_exact_mut(PIECE).zip([last / 4, last / 2, last]) {
        let there = (length.min(PIECE as u64)) as usize;
        file.read_exact_at(&mut piece[..there], start).ok()?;
    }
    Some(all)
}

fn whole(file: &Path) -> Option<[u8; 32]> {
    let mut hash = Sha256::new();
    std::io::copy(&mut File::open(file).ok()?, &mut hash).ok()?;
    Some(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_picture_is_found_by_every_name_and_its_copies_by_their_content() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("im")).unwrap();
        let content = |seed: u8, length: usize| -> Vec<u8> {
            (0..length).map(|i| (i as u8).wrapping_mul(31).wrapping_add(seed)).collect()
        };
        std::fs::write(at("im/a.jpg"), content(1, 9000)).unwrap();
        std::fs::write(at("im/b.jpg"), content(2, 9000)).unwrap();
        std::fs::write(at("copy.png"), content(1, 9000)).unwrap();
        let mut almost = content(1, 9000);
        almost[100] ^= 1;
        std::fs::write(at("almost.jpg"), almost).unwrap();
        std::fs::write(at("small.jpg"), content(1, 300)).unwrap();
        std::fs::write(at("small_copy.jpg"), content(1, 300)).unwrap();
        std::fs::write(at("empty.jpg"), b"").unwrap();
        std::fs::write(at("empty_too.jpg"), b"").unwrap();
        std::os::unix::fs::symlink(at("im"), at("link")).unwrap();
        std::os::unix::fs::symlink(at("im/b.jpg"), at("b_link.jpg")).unwrap();
        std::fs::hard_link(at("im/b.jpg"), at("b_hard.jpg")).unwrap();
        let names = [
            ("im/a.jpg", 0),
            ("im/b.jpg", 1),
            ("./im/a.jpg", 0),
            ("im/../im/a.jpg", 0),
            ("link/a.jpg", 0),
            ("copy.png", 0),
            ("almost.jpg", 6),
            ("b_link.jpg", 1),
            ("b_hard.jpg", 1),
            ("small.jpg", 9),
            ("small_copy.jpg", 9),
            ("empty.jpg", 11),
            ("empty_too.jpg", 12),
            ("none.jpg", 13),
            ("none.jpg", 13),
            ("im", 15),
            ("im", 15),
        ];
        let files: Vec<PathBuf> = names.iter().map(|(name, _)| at(name)).collect();
        let expected: Vec<usize> = names.iter().map(|(_, first)| *first).collect();
        assert_eq!(same_pictures(&files), expected);
        assert_eq!(same_pictures(&[PathBuf::new(), PathBuf::new()]), [0, 1]);
    }
}
