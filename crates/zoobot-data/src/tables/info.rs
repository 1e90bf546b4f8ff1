//! What a file says of a column beside its values.

use std::collections::HashMap;

/// What a file says of a column beside its name, its type and its values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnInfo {
    /// The unit, in the spelling of the file: `deg`, `mag`, `km/s`.
    pub unit: Option<String>,
    /// A description in words.
    pub description: Option<String>,
    /// The meaning, in the vocabulary of the virtual observatory: `pos.eq.ra`.
    pub ucd: Option<String>,
    /// How cells with several values are arranged.
    pub shape: ColumnShape,
}

/// How cells with several values are arranged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ColumnShape {
    /// Nothing is said: one value, or a list whose length the values show.
    #[default]
    Unsaid,
    /// An array with these axes, the fastest first, as in FITS' `TDIM` and VOTable's `arraysize`.
    Fixed(Vec<usize>),
    /// A list of any length.
    Variable,
    /// Complex numbers, as pairs of a real and an imaginary part.
    Complex,
    /// Bits, as true and false.
    Bits,
}

/// The columns of a table that a file says something of.
pub(crate) type Infos = HashMap<String, ColumnInfo>;

impl ColumnInfo {
    /// Whether nothing is said.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl ColumnShape {
    /// The shape as a word of a file's metadata; empty if nothing is said.
    pub(crate) fn word(&self) -> String {
        match self {
            Self::Unsaid => String::new(),
            Self::Fixed(axes) => axes.iter().map(usize::to_string).collect::<Vec<_>>().join("x"),
            Self::Variable => "variable".to_owned(),
            Self::Complex => "complex".to_owned(),
            Self::Bits => "bits".to_owned(),
        }
    }

    /// Reads what [`word`](Self::word) wrote.
    pub(crate) fn of_word(word: &str) -> Self {
        match word {
            "variable" => Self::Variable,
            "complex" => Self::Complex,
            "bits" => Self::Bits,
            axes => {
                let axes: Option<Vec<usize>> = axes.split('x').map(|it| it.parse().ok()).collect();
                axes.map_or(Self::Unsaid, Self::Fixed)
            }
        }
    }
}
