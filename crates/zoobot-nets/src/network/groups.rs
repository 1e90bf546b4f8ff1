//! The variables of each network in groups, from the pictures to the features.

use super::Config;

/// What the names of a group's variables begin with.
type Group = Vec<String>;

/// Groups by resolution.
pub(super) fn stages(config: &Config) -> Vec<Group> {
    let numbered = |before: &str, numbers: std::ops::Range<usize>| -> Vec<Group> {
        numbers.map(|i| vec![format!("{before}{i}.")]).collect()
    };
    match config {
        Config::ConvNext(_) => {
            [one(&["stem."]), numbered("stages.", 0..4), one(&["head.norm."])].concat()
        }
        Config::EfficientNet(config) => [
            one(&["conv_stem.", "bn1."]),
            numbered("blocks.", 0..config.stages.len()),
            one(&["conv_head.", "bn2."]),
        ]
        .concat(),
        Config::MaxVit(_) => {
            [one(&["stem."]), numbered("stages.", 0..4), one(&["norm.", "head."])].concat()
        }
        Config::ResNet(_) => [one(&["conv1.", "bn1."]), numbered("layer", 1..5)].concat(),
    }
}

/// Groups by block. What timm puts with a block is with it here: the step to a resolution with the
/// first block of it, and EfficientNet's last convolution with the last block. MaxViT's are timm's
/// too, a group for each stage.
pub(super) fn layers(config: &Config) -> Vec<Group> {
    let mut groups;
    match config {
        Config::ConvNext(config) => {
            groups = one(&["stem."]);
            for (s, count) in config.blocks.into_iter().enumerate() {
                let first = groups.len();
                groups.extend((0..count).map(|b| vec![format!("stages.{s}.blocks.{b}.")]));
                groups[first].push(format!("stages.{s}.downsample."));
            }
            groups.extend(one(&["head.norm."]));
        }
        Config::EfficientNet(config) => {
            groups = one(&["conv_stem.", "bn1."]);
            for (s, stage) in config.stages.iter().enumerate() {
                groups.extend((0..stage.blocks).map(|b| vec![format!("blocks.{s}.{b}.")]));
            }
            if let Some(last) = groups.last_mut() {
                last.extend(["conv_head.", "bn2."].map(str::to_owned));
            }
        }
        Config::MaxVit(config) => {
            groups = one(&["stem."]);
            groups.extend((0..4).map(|s| vec![format!("stages.{s}.")]));
            if config.hidden {
                groups.extend(one(&["head."]));
            } else {
                groups[4].push("norm.".to_owned());
            }
        }
        Config::ResNet(config) => {
            groups = one(&["conv1.", "bn1."]);
            for (s, count) in (1..).zip(config.blocks) {
                groups.extend((0..count).map(|b| vec![format!("layer{s}.{b}.")]));
            }
        }
    }
    groups
}

fn one(names: &[&str]) -> Vec<Group> {
    vec![names.iter().map(|&name| name.to_owned()).collect()]
}
