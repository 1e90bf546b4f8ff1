//! Independent random seeds for the steps of a run.

/// The default random seed.
pub const DEFAULT: u64 = 0;

/// An independent seed for each place in a run, such as a step (SplitMix64, Steele et al. 2014).
pub fn mixed(seed: u64, place: u64) -> u64 {
    let mut x = seed.wrapping_add(place.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}
