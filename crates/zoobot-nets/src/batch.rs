//! The number of pictures per pass through a network.

use crate::precision::Precision;
use std::ops::Range;
use tch::Device;
use zoobot_base::error::{Error, Result};

/// The number of pixels per pass on a CPU core in 32 bits: three pictures of 224 px. The widest layer of
/// one picture takes 5 MB. Larger batches do not fit into the cache, and buffers above 32 MB are
/// returned to the system and faulted in again at each layer. 4 pictures were 1.8 times as fast as 32; 3
/// leave room for the pictures that are prepared in between.
const CPU_PIXELS: usize = 3 * 224 * 224;
/// The number of pixels per batch on a GPU, large enough to keep it busy: 128 pictures of 224 px.
const GPU_PIXELS: usize = 128 * 224 * 224;
/// The maximum number of pictures; more are not faster, however small they are.
const MOST: usize = 256;

/// The number of pictures of `size` pixels a side to pass through a network at once.
pub fn length(size: usize, device: Device, precision: Precision) -> usize {
    let pixels = match (device, precision) {
        (Device::Cuda(_), _) => GPU_PIXELS,
        (_, Precision::Bf16) => 2 * CPU_PIXELS,
        _ => CPU_PIXELS,
    };
    (pixels / (size * size).max(1)).clamp(1, MOST)
}

/// Does `work` on a range of pictures, and splits the range in halves if the device runs out of memory.
pub fn in_memory<T>(
    pictures: Range<usize>,
    work: &mut impl FnMut(Range<usize>) -> Result<T>,
) -> Result<Vec<T>> {
    match work(pictures.clone()) {
        Err(Error::Torch(error)) if pictures.len() > 1 && is_short(&error.to_string()) => {
            let middle = pictures.start + pictures.len().div_ceil(2);
            let mut done = in_memory(pictures.start..middle, work)?;
            done.extend(in_memory(middle..pictures.end, work)?);
            Ok(done)
        }
        outcome => Ok(vec![outcome?]),
    }
}

/// Whether libtorch's message says that a device or the machine is out of memory.
fn is_short(message: &str) -> bool {
    message.contains("out of memory") || message.contains("not enough memory")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::TchError;

    #[test]
    fn a_pass_holds_as_many_pixels_whatever_the_size_of_the_pictures() {
        let cpu = |size| length(size, Device::Cpu, Precision::Fp32);
        assert_eq!([cpu(8), cpu(112), cpu(224), cpu(448), cpu(4096)], [256, 12, 3, 1, 1]);
        assert_eq!(length(224, Device::Cpu, Precision::Bf16), 6);
        assert_eq!(length(224, Device::Cuda(0), Precision::Fp32), 128);
    }

    #[test]
    fn pictures_that_do_not_fit_are_done_in_halves_and_in_order() {
        let mut passes = Vec::new();
        let mut work = |some: Range<usize>| {
            if some.len() > 2 {
                return Err(Error::Torch(TchError::Torch("CUDA out of memory. Tried".to_owned())));
            }
            passes.push(some.len());
            Ok(some)
        };
        let done = in_memory(0..5, &mut work).unwrap();
        assert_eq!((done, passes), (vec![0..2, 2..3, 3..5], vec![2, 1, 2]));
    }

    #[test]
    fn another_failure_is_not_tried_again() {
        let mut calls = 0;
        let mut work = |_| {
            calls += 1;
            Err::<(), _>(Error::parameter("shape", "odd", "even"))
        };
        assert!(in_memory(0..2, &mut work).is_err());
        assert_eq!(calls, 1);
    }
}
