//! Building blocks of the inner loops that [`for_each_processor`](crate::processor::for_each_processor)
//! compiles for each instruction set. All are always inlined: a separate function would be compiled
//! without the instructions.

/// The number of values that such a loop processes side by side: the widest register in single precision.
pub const LANES: usize = 16;

/// The sum of a register. It adds halves, then halves of these, which vector instructions do at once.
#[inline(always)]
pub fn total(mut sums: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0]
}

/// Functions in single precision.
pub mod single {
    /// `a * b + c`, rounded once with `FUSED`, else twice.
    #[inline(always)]
    pub fn fma<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
        if FUSED { a.mul_add(b, c) } else { a * b + c }
    }

    /// 1.5 times 2^23: adding it to a number leaves the nearest whole number in the last bits.
    const WHOLE: f32 = 12_582_912.0;

    /// The exponential function of `x` <= 80, without branches; below -87 about 1e-38.
    #[inline(always)]
    pub fn exp<const FUSED: bool>(x: f32) -> f32 {
        const HIGH: f32 = 0.693_359_4;
        const LOW: f32 = -2.121_944_4e-4;
        let x = if x < -87.0 { -87.0 } else { x };
        let shifted = fma::<FUSED>(x, std::f32::consts::LOG2_E, WHOLE);
        let power = shifted - WHOLE;
        let rest = fma::<FUSED>(power, -LOW, fma::<FUSED>(power, -HIGH, x));
        let mut sum = 1.0 / 5040.0;
        for term in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
            sum = fma::<FUSED>(sum, rest, term);
        }
        f32::from_bits(sum.to_bits().wrapping_add(shifted.to_bits() << 23))
    }

    /// The natural logarithm of 1 + `t`, for `t` >= 0, with a small relative error even for small `t`,
    /// without branches.
    #[inline(always)]
    pub fn ln_1p<const FUSED: bool>(t: f32) -> f32 {
        // The bits of the square root of 1/2.
        const ROOT: u32 = 0x3f35_04f3;
        const TWO_23: f32 = 8_388_608.0;
        let x = 1.0 + t;
        // The part of a small t that rounding lost in the sum.
        let lost = if x < 2.0 { t - (x - 1.0) } else { 0.0 };
        let bits = x.to_bits();
        let power = bits.wrapping_sub(ROOT) >> 23;
        let rest = f32::from_bits(bits.wrapping_sub(power << 23));
        let power = f32::from_bits(power | TWO_23.to_bits()) - TWO_23;
        let lost = if power > 0.0 { 0.5 * lost } else { lost };
        let s = ((rest - 1.0) + lost) / (rest + 1.0);
        let z = s * s;
        let mut sum = 1.0 / 9.0;
        for term in [1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0] {
            sum = fma::<FUSED>(sum, z, term);
        }
        let log = fma::<FUSED>(2.0 * s * z, sum, 2.0 * s);
        fma::<FUSED>(power, std::f32::consts::LN_2, log)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn logarithm_and_exponential_are_right_to_single_precision() {
            for i in 0..40_000 {
                let t = 1e-7 * (f64::from(i) * 6e-4).exp();
                for found in [ln_1p::<true>(t as f32), ln_1p::<false>(t as f32)] {
                    let expected = f64::from(t as f32).ln_1p();
                    assert!((f64::from(found) / expected - 1.0).abs() < 5e-7, "{t}: {found}");
                }
                let x = -f64::from(i) * 2e-3;
                for found in [exp::<true>(x as f32), exp::<false>(x as f32)] {
                    let expected = f64::from(x as f32).exp();
                    assert!((f64::from(found) / expected - 1.0).abs() < 5e-7, "{x}: {found}");
                }
            }
            assert_eq!((ln_1p::<true>(0.0), exp::<true>(0.0)), (0.0, 1.0));
        }
    }
}

/// Functions in double precision.
pub mod double {
    /// `a * b + c`, rounded once with `FUSED`, else twice.
    #[inline(always)]
    pub fn fma<const FUSED: bool>(a: f64, b: f64, c: f64) -> f64 {
        if FUSED { a.mul_add(b, c) } else { a * b + c }
    }

    /// 1.5 times 2^52: adding it to a number leaves the nearest whole number in the last bits.
    const WHOLE: f64 = 6_755_399_441_055_744.0;

    /// The exponential function of `x` <= 700 to the last two bits, without branches; below -700 about
    /// 1e-304.
    #[inline(always)]
    pub fn exp<const FUSED: bool>(x: f64) -> f64 {
        // ln 2 in two parts, the first exact in 32 bits (Cody & Waite 1980).
        const HIGH: f64 = 6.931_471_803_691_238e-1;
        const LOW: f64 = 1.908_214_929_270_587_7e-10;
        let x = if x < -700.0 { -700.0 } else { x };
        let shifted = fma::<FUSED>(x, std::f64::consts::LOG2_E, WHOLE);
        let power = shifted - WHOLE;
        let rest = fma::<FUSED>(power, -LOW, fma::<FUSED>(power, -HIGH, x));
        // The Taylor series: the truncation error is below 1e-17, because `rest` is at most ln(2) / 2.
        const TERMS: [f64; 12] = [
            1.0 / 6_227_020_800.0,
            1.0 / 479_001_600.0,
            1.0 / 39_916_800.0,
            1.0 / 3_628_800.0,
            1.0 / 362_880.0,
            1.0 / 40_320.0,
            1.0 / 5040.0,
            1.0 / 720.0,
            1.0 / 120.0,
            1.0 / 24.0,
            1.0 / 6.0,
            0.5,
        ];
        let mut sum = TERMS[0];
        for term in &TERMS[1..] {
            sum = fma::<FUSED>(sum, rest, *term);
        }
        sum = fma::<FUSED>(fma::<FUSED>(sum, rest, 1.0), rest, 1.0);
        f64::from_bits(sum.to_bits().wrapping_add(shifted.to_bits() << 52))
    }

    /// The natural logarithm of `x` >= 1, to the last two bits, without branches.
    #[inline(always)]
    pub fn ln<const FUSED: bool>(x: f64) -> f64 {
        // The bits of the square root of 1/2: `rest` lies between it and the square root of 2.
        const ROOT: u64 = 0x3fe6_a09e_667f_3bcd;
        const TWO_52: f64 = 4_503_599_627_370_496.0;
        let bits = x.to_bits();
        let power = bits.wrapping_sub(ROOT) >> 52;
        let rest = f64::from_bits(bits.wrapping_sub(power << 52));
        let power = f64::from_bits(power | TWO_52.to_bits()) - TWO_52;
        // 2 artanh(s), whose terms fall by a factor of 34 each.
        let s = (rest - 1.0) / (rest + 1.0);
        let z = s * s;
        let mut sum = 1.0 / 21.0;
        for odd in [19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
            sum = fma::<FUSED>(sum, z, 1.0 / odd);
        }
        let log = fma::<FUSED>(2.0 * s * z, sum, 2.0 * s);
        fma::<FUSED>(power, std::f64::consts::LN_2, log)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn exponential_and_logarithm_are_those_of_the_standard_library() {
            for i in 0..20_000 {
                let x = f64::from(i) * -0.035;
                for found in [exp::<true>(x), exp::<false>(x)] {
                    assert!((found / x.exp() - 1.0).abs() < 6e-16, "exp {x}: {found}");
                }
                let x = (f64::from(i) * 1e-3).exp();
                for found in [ln::<true>(x), ln::<false>(x)] {
                    assert!((found - x.ln()).abs() <= 1e-15 * x.ln().max(1e-3), "ln {x}: {found}");
                }
            }
            assert_eq!((exp::<true>(0.0), ln::<true>(1.0)), (1.0, 0.0));
            assert!(exp::<true>(-1e9) < 1e-300 && exp::<true>(f64::NEG_INFINITY) < 1e-300);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_of_a_register_is_the_sum_of_its_numbers() {
        let sums: [f32; LANES] = std::array::from_fn(|lane| (lane * lane) as f32);
        assert_eq!(total(sums), (0..LANES).map(|lane| lane * lane).sum::<usize>() as f32);
    }
}
