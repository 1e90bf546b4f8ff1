//! The random numbers that were added before floats were rounded (FITS standard 4.0, section 10.2 and
//! appendix I, after Park & Miller 1988, doi:10.1145/63039.63042).

use std::ops::Range;
use std::sync::LazyLock;

/// The length of the table of random numbers.
const RANDOM: usize = 10_000;

/// Random numbers between 0 and 1, in single precision, as the programs that write such files use them.
static NUMBERS: LazyLock<Vec<f32>> = LazyLock::new(|| {
    let next = |seed: &u64| Some(16_807 * seed % 2_147_483_647);
    let seeds = std::iter::successors(Some(1), next).skip(1).take(RANDOM);
    seeds.map(|seed| (seed as f64 / 2_147_483_647.0) as f32).collect()
});

/// How floats were dithered.
#[derive(Debug, Clone)]
pub(super) struct Dither {
    /// The place of the first tile in the table of random numbers.
    pub first: usize,
    /// Whether an exact 0 is kept.
    pub keeps_zero: bool,
}

impl Dither {
    /// Calls a function for each run of pixels of a tile with their random numbers.
    pub fn each_run(&self, tile: usize, count: usize, mut run: impl FnMut(Range<usize>, &[f32])) {
        let mut row = tile.wrapping_add(self.first) % RANDOM;
        let mut done = 0;
        while done < count {
            let start = (NUMBERS[row] * 500.0) as usize;
            let length = (RANDOM - start).min(count - done);
            run(done..done + length, &NUMBERS[start..start + length]);
            done += length;
            row = (row + 1) % RANDOM;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The standard gives the seed after the last number.
    #[test]
    fn the_random_numbers_end_where_the_standard_says() {
        let last = NUMBERS[RANDOM - 1];
        assert_eq!(last, (1_043_618_065.0_f64 / 2_147_483_647.0) as f32);
    }

    #[test]
    fn runs_cover_a_tile_once() {
        let (mut all, dither) = (0, Dither { first: 9_999, keeps_zero: false });
        dither.each_run(3, 25_000, |range, random| {
            assert_eq!((range.start, range.len()), (all, random.len()));
            all = range.end;
        });
        assert_eq!(all, 25_000);
    }
}
