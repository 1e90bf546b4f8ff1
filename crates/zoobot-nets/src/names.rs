//! The files of an encoder's folder.

/// The architecture, as timm's hub writes it.
pub const CONFIG: &str = "config.json";
/// How pictures are prepared.
pub const RECIPE: &str = "recipe.json";
/// What the encoder is.
pub const CARD: &str = "card.json";
/// Files of weights, the safer first.
pub const WEIGHTS: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];
