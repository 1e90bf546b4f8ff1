//! Inner loops, compiled for each instruction set there is and chosen when the program runs.
//!
//! What such a loop calls must be a function that is always inlined or a macro. A closure, a call to
//! `map` among them, is a function of its own, compiled without the instructions: a fused
//! multiply-add in it becomes a call into the C library.

/// Makes functions of one that is generic over whether a multiply-add is fused: `fn name(…) = any;`
/// calls `any::<true>` compiled for AVX-512 or AVX2 where the processor has it, else `any::<false>`.
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
                if is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                {
                    // SAFETY: the processor has what the function was compiled for.
                    return unsafe { avx512($($arg),*) };
                }
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    // SAFETY: as above.
                    return unsafe { avx2($($arg),*) };
                }
            }
            $any::<$($kind,)? false>($($arg),*)
        }
    )*};
}
pub(crate) use for_each_processor;
