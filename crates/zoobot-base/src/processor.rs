//! The capabilities of the processor, and inner loops that are compiled for each instruction set and
//! chosen at run time.
//!
//! The environment variable `ZOOBOT_CPU` makes the library behave as on an older processor: `avx2`
//! means without AVX-512 and 16-bit arithmetic, `baseline` also without AVX2. It is read once.
//! libtorch's own matrix products are not affected: set `ONEDNN_MAX_CPU_ISA=AVX2` for those.
//!
//! Such a loop may call only macros and functions that are always inlined. A closure, even in a
//! call to `map`, is a separate function, compiled without the instructions: a fused multiply-add
//! in it becomes a call into the C library.

use std::sync::OnceLock;

/// The environment variable that limits the instructions in use.
pub const VARIABLE: &str = "ZOOBOT_CPU";

/// The widest instructions in use.
///
/// ```
/// use zoobot_core::processor::Instructions;
/// println!("zoobot computes with {}", Instructions::in_use().name());
/// assert!(Instructions::Baseline < Instructions::Avx512);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Instructions {
    /// The instructions of every processor that the library is built for.
    Baseline,
    /// AVX2 with fused multiply-add.
    Avx2,
    /// AVX-512 (F, BW, DQ, VL).
    Avx512,
}

impl Instructions {
    /// The name used in `ZOOBOT_CPU`: `baseline`, `avx2` or `avx512`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// The widest instructions of the processor.
    pub fn detected() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
            {
                return Self::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Self::Avx2;
            }
        }
        Self::Baseline
    }

    /// The widest instructions that the library uses: the processor's, unless `ZOOBOT_CPU` limits them.
    ///
    /// ```
    /// use zoobot_core::processor::Instructions;
    /// assert!(Instructions::in_use() <= Instructions::detected());
    /// ```
    pub fn in_use() -> Self {
        static IN_USE: OnceLock<Instructions> = OnceLock::new();
        *IN_USE.get_or_init(|| {
            let wanted = std::env::var(VARIABLE).unwrap_or_default();
            Self::at_most(&wanted, Self::detected())
        })
    }

    /// The detected instructions, limited to the `wanted` ones; an unknown name does not limit them.
    fn at_most(wanted: &str, detected: Self) -> Self {
        let all = [Self::Baseline, Self::Avx2, Self::Avx512];
        let wanted = all.into_iter().find(|it| it.name() == wanted.trim().to_lowercase());
        wanted.map_or(detected, |it| it.min(detected))
    }
}

/// Whether the processor multiplies bfloat16 numbers natively and faster than 32-bit numbers. Intel
/// processors need AMX for this, which a virtual machine may hide; with AVX-512 alone, bfloat16 takes
/// twice the time.
pub fn has_bf16() -> bool {
    #[cfg(target_arch = "x86_64")]
    return Instructions::in_use() == Instructions::Avx512
        && is_x86_feature_detected!("avx512bf16")
        && multiplies_bf16_fast();
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("bf16");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return false;
}

/// Whether bfloat16 is fast, according to /proc/cpuinfo.
#[cfg(target_arch = "x86_64")]
fn multiplies_bf16_fast() -> bool {
    static FAST: OnceLock<bool> = OnceLock::new();
    *FAST.get_or_init(|| {
        let said = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        is_fast_by(&said)
    })
}

#[cfg(target_arch = "x86_64")]
fn is_fast_by(cpuinfo: &str) -> bool {
    !cpuinfo.contains("GenuineIntel") || cpuinfo.split_whitespace().any(|word| word == "amx_bf16")
}

/// Whether libtorch computes convolutions in bfloat16 on this processor at all, however slowly.
pub fn computes_bf16() -> bool {
    #[cfg(target_arch = "x86_64")]
    return Instructions::in_use() == Instructions::Avx512;
    #[cfg(not(target_arch = "x86_64"))]
    return has_bf16();
}

/// Defines functions that choose the instruction set at run time. `any` is generic over whether a
/// multiply-add is fused: `fn name(…) = any;` calls `any::<true>`, compiled for AVX-512 or AVX2, if the
/// processor has it, else `any::<false>`.
#[macro_export]
macro_rules! for_each_processor {
    ($($(#[$doc:meta])* $seen:vis fn $name:ident $(<$kind:ident: $bound:path>)? (
        $($arg:ident: $type:ty),* $(,)?
    ) $(-> $out:ty)? = $any:ident;)*) => {$(
        $(#[$doc])*
        $seen fn $name $(<$kind: $bound>)? ($($arg: $type),*) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512dq,avx512vl,fma")]
                fn avx512 $(<$kind: $bound>)? ($($arg: $type),*) $(-> $out)? {
                    $any::<$($kind,)? true>($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2 $(<$kind: $bound>)? ($($arg: $type),*) $(-> $out)? {
                    $any::<$($kind,)? true>($($arg),*)
                }
                use $crate::processor::Instructions;
                match Instructions::in_use() {
                    // SAFETY: the processor has the instructions that the function was compiled for.
                    Instructions::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    Instructions::Avx2 => return unsafe { avx2($($arg),*) },
                    Instructions::Baseline => {}
                }
            }
            $any::<$($kind,)? false>($($arg),*)
        }
    )*};
}
pub use crate::for_each_processor;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_takes_away_and_never_adds() {
        use Instructions::{Avx2, Avx512, Baseline};
        assert_eq!(Instructions::at_most("avx2", Avx512), Avx2);
        assert_eq!(Instructions::at_most(" AVX2 ", Avx512), Avx2);
        assert_eq!(Instructions::at_most("baseline", Avx512), Baseline);
        assert_eq!(Instructions::at_most("avx512", Avx2), Avx2);
        for unknown in ["", "sse9", "none"] {
            assert_eq!(Instructions::at_most(unknown, Avx512), Avx512);
        }
        assert!(computes_bf16() || !has_bf16());
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn an_intel_processor_without_amx_is_not_taken_for_fast_in_16_bits() {
        assert!(!is_fast_by("vendor_id : GenuineIntel\nflags : avx512f avx512_bf16 avx_vnni"));
        assert!(is_fast_by("vendor_id : GenuineIntel\nflags : avx512_bf16 amx_bf16 amx_tile"));
        assert!(is_fast_by("vendor_id : AuthenticAMD\nflags : avx512f avx512_bf16"));
    }
}
