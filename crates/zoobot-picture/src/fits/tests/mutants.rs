//! Damaged files: flipped bits, missing ends, headers that lie. None may end the process, take much memory or time.

use super::super::*;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use zoobot_testing::recorded_fits;

/// The number of mutants, or `$ZOOBOT_MUTANTS`.
const MUTANTS: usize = 200;
/// Cards that say how much there is of something.
const CARDS: [&str; 27] = [
    "NAXIS", "NAXIS1", "NAXIS2", "NAXIS3", "BITPIX", "PCOUNT", "GCOUNT", "THEAP", "TFIELDS",
    "TFORM1", "TFORM2", "TFORM3", "ZNAXIS", "ZNAXIS1", "ZNAXIS2", "ZNAXIS3", "ZTILE1", "ZTILE2",
    "ZBITPIX", "ZVAL1", "ZVAL2", "ZCMPTYPE", "ZQUANTIZ", "ZDITHER0", "ZBLANK", "BZERO", "BSCALE",
];
const LIES: [&str; 16] = [
    "1000000000",
    "-1",
    "0",
    "999",
    "2147483647",
    "9223372036854775807",
    "-9223372036854775808",
    "64",
    "8",
    "1E300",
    "NaN",
    "'1PB(99999999)'",
    "'1QB'",
    "'999999999D'",
    "'PLIO_1'",
    "'HCOMPRESS_1'",
];

/// Random numbers (Marsaglia 2003, xorshift64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most.max(1) as u64) as usize
    }
}

fn mutate(bytes: &mut Vec<u8>, chance: &mut Chance) {
    match chance.below(8) {
        0 => bytes.truncate(chance.below(bytes.len())),
        1 | 2 => {
            for _ in 0..=chance.below(20) {
                let at = chance.below(bytes.len());
                bytes[at] ^= 1 << chance.below(8);
            }
        }
        3 => {
            // Only in the data, where compressed tiles are.
            let start = bytes.len() / 3;
            for _ in 0..=chance.below(40) {
                let at = start + chance.below(bytes.len() - start);
                bytes[at] = chance.below(256) as u8;
            }
        }
        4 => {
            // No END.
            while let Some(at) =
                bytes.chunks_exact(80).position(|card| card.starts_with(b"END     "))
            {
                bytes[80 * at..80 * at + 3].copy_from_slice(b"   ");
            }
        }
        _ => {
            for _ in 0..=chance.below(3) {
                let card = format!("{:<8}=", CARDS[chance.below(CARDS.len())]);
                let places =
                    (0..bytes.len() / 80).filter(|i| bytes[80 * i..].starts_with(card.as_bytes()));
                let places: Vec<usize> = places.collect();
                if let Some(at) = places.get(chance.below(places.len())) {
                    let lie = format!("{card} {:>20}", LIES[chance.below(LIES.len())]);
                    bytes[80 * at..80 * (at + 1)]
                        .copy_from_slice(format!("{lie:<80.80}").as_bytes());
                }
            }
        }
    }
}

/// Counts the memory that the tests of this crate take.
struct Counted;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is done by the system's allocator; only sizes are counted.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        MOST.fetch_max(NOW.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: as the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTED: Counted = Counted;

#[test]
fn damaged_files_are_read_or_refused_with_a_reason() {
    let dir = tempfile::tempdir().unwrap();
    recorded_fits(dir.path());
    let mut files: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|it| it.unwrap().path()).collect();
    files.sort();
    let count = std::env::var("ZOOBOT_MUTANTS").ok().and_then(|it| it.parse().ok());
    let mut chance = Chance(20_261_201);
    let (mut read, mut refused) = (0, 0);
    for mutant in 0..count.unwrap_or(MUTANTS) {
        let original = &files[chance.below(files.len())];
        let mut bytes = std::fs::read(original).unwrap();
        (0..=chance.below(2)).for_each(|_| {
            if !bytes.is_empty() {
                mutate(&mut bytes, &mut chance);
            }
        });
        let path = dir.path().join("mutant");
        std::fs::write(&path, &bytes).unwrap();
        let begun = Instant::now();
        let mut say = |problem: Option<String>| match problem {
            None => read += 1,
            Some(problem) => {
                refused += 1;
                let plain = problem.len() < 400 && problem.contains("mutant");
                assert!(plain, "{mutant} of {}: {problem}", original.display());
            }
        };
        say(read_flux(&path).err().map(|error| error.to_string()));
        let whole = FitsFile::open(&path).and_then(|file| {
            for part in 0..3 {
                let image = file.image(Some(&Hdu::Number(part)));
                if let Ok(image) = image {
                    let _ = image.wcs();
                    image.pixels()?;
                }
            }
            file.image(None)?.cut::<f32>(0, PixelRegion { x: -3, y: 2, width: 9, height: 9 })
        });
        say(whole.err().map(|error| error.to_string()));
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(5), "{mutant} of {}: {took:?}", original.display());
    }
    let most = MOST.load(Relaxed) >> 20;
    println!("{read} read, {refused} refused, at most {most} MB in use");
    assert!(read > 0 && refused > 0);
    assert!((1..1024).contains(&most), "{most} MB");
}
