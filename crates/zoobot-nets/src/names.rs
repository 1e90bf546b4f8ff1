//! The files of an encoder's folder.

/// The architecture, in the format of timm's hub.
pub const CONFIG: &str = "config.json";
/// The recipe that prepares pictures.
pub const RECIPE: &str = "recipe.json";
/// The description of the encoder.
pub const CARD: &str = "card.json";
/// The files of weights, the safer format first.
pub const WEIGHTS: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];
