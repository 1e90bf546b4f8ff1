//! timm's names of the networks there are.

use super::super::{convnext, efficientnet, maxvit, resnet};
use super::Config;

/// The list of names and the configuration of each, from one table.
macro_rules! architectures {
    ($count:literal: $($name:literal => $config:expr,)*) => {
        pub(super) const NAMES: [&str; $count] = [$($name),*];

        /// timm's name, and the sizes that it stands for.
        fn known(name: &str) -> Option<(&'static str, Config)> {
            match name {
                $($name => Some(($name, $config.into())),)*
                _ => None,
            }
        }
    };
}

architectures! { 46:
    "convnext_atto" => convnext::Config::atto(),
    "convnext_femto" => convnext::Config::femto(),
    "convnext_pico" => convnext::Config::pico(),
    "convnext_nano" => convnext::Config::nano(),
    "convnext_tiny" => convnext::Config::tiny(),
    "convnext_small" => convnext::Config::small(),
    "convnext_base" => convnext::Config::base(),
    "convnext_large" => convnext::Config::large(),
    "efficientnet_b0" => efficientnet::Config::b0(),
    "efficientnet_lite0" => efficientnet::Config::lite0(),
    "efficientnetv2_s" => efficientnet::Config::v2_s(),
    "efficientnetv2_rw_s" => efficientnet::Config::v2_rw_s(),
    "tf_efficientnet_b0" => efficientnet::Config::tf_b0(),
    "tf_efficientnet_lite0" => efficientnet::Config::tf_lite0(),
    "tf_efficientnetv2_s" => efficientnet::Config::tf_v2_s(),
    "maxvit_pico_rw_256" => maxvit::Config::pico_rw(),
    "maxvit_nano_rw_256" => maxvit::Config::nano_rw(),
    "maxvit_tiny_rw_224" => maxvit::Config::tiny_rw(),
    "maxvit_tiny_rw_256" => maxvit::Config::tiny_rw().size(256),
    "maxvit_rmlp_pico_rw_256" => maxvit::Config::rmlp_pico_rw(),
    "maxvit_rmlp_nano_rw_256" => maxvit::Config::rmlp_nano_rw(),
    "maxvit_rmlp_tiny_rw_256" => maxvit::Config::rmlp_tiny_rw(),
    "maxvit_rmlp_small_rw_224" => maxvit::Config::rmlp_small_rw(),
    "maxvit_rmlp_small_rw_256" => maxvit::Config::rmlp_small_rw().size(256),
    "maxvit_rmlp_base_rw_224" => maxvit::Config::rmlp_base_rw(),
    "maxvit_rmlp_base_rw_384" => maxvit::Config::rmlp_base_rw().size(384),
    "maxvit_tiny_tf_224" => maxvit::Config::tiny_tf(),
    "maxvit_tiny_tf_384" => maxvit::Config::tiny_tf().size(384),
    "maxvit_tiny_tf_512" => maxvit::Config::tiny_tf().size(512),
    "maxvit_small_tf_224" => maxvit::Config::small_tf(),
    "maxvit_small_tf_384" => maxvit::Config::small_tf().size(384),
    "maxvit_small_tf_512" => maxvit::Config::small_tf().size(512),
    "maxvit_base_tf_224" => maxvit::Config::base_tf(),
    "maxvit_base_tf_384" => maxvit::Config::base_tf().size(384),
    "maxvit_base_tf_512" => maxvit::Config::base_tf().size(512),
    "maxvit_large_tf_224" => maxvit::Config::large_tf(),
    "maxvit_large_tf_384" => maxvit::Config::large_tf().size(384),
    "maxvit_large_tf_512" => maxvit::Config::large_tf().size(512),
    "maxvit_xlarge_tf_224" => maxvit::Config::xlarge_tf(),
    "maxvit_xlarge_tf_384" => maxvit::Config::xlarge_tf().size(384),
    "maxvit_xlarge_tf_512" => maxvit::Config::xlarge_tf().size(512),
    "resnet18" => resnet::Config::resnet18(),
    "resnet34" => resnet::Config::resnet34(),
    "resnet50" => resnet::Config::resnet50(),
    "resnet101" => resnet::Config::resnet101(),
    "resnet152" => resnet::Config::resnet152(),
}

/// timm's name, and the sizes, of the network of timm's name or of one that a galaxy encoder is
/// published under.
pub(super) fn find(name: &str) -> Option<(&'static str, Config)> {
    match name {
        // Built by timm with `img_size=224`.
        "maxvit_rmlp_tiny_rw_224" => {
            let (timm, _) = known("maxvit_rmlp_tiny_rw_256")?;
            Some((timm, maxvit::Config::rmlp_tiny_rw().size(224).into()))
        }
        "maxvit_base_rw_224" => known("maxvit_rmlp_base_rw_224"),
        name => known(name),
    }
}
