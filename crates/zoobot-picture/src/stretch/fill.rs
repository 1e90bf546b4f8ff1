//! What undefined pixels become.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// What undefined pixels become in a picture: pixels without flux, as at the edge of a survey or under a masked
/// star.
///
/// ```
/// use zoobot_core::picture::{Fill, Stretch};
/// let stretch: Stretch = "asinh:10, fill smooth".parse()?;
/// assert_eq!(stretch.fill, Fill::Smooth);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fill {
    /// Black, in each band that is undefined.
    #[default]
    Black,
    /// The flux around them, continued inwards.
    Smooth,
    /// A colour that is seen: red, green, blue.
    Colour(u8, u8, u8),
}

impl Fill {
    /// Whether this is the default.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl std::fmt::Display for Fill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Black => f.write_str("fill black"),
            Self::Smooth => f.write_str("fill smooth"),
            Self::Colour(r, g, b) => write!(f, "fill #{r:02x}{g:02x}{b:02x}"),
        }
    }
}

impl Fill {
    /// Reads what follows the word "fill".
    pub(super) fn of(text: &str) -> Option<Self> {
        match text {
            "black" => Some(Self::Black),
            "smooth" => Some(Self::Smooth),
            _ => {
                let digits = text.strip_prefix('#').filter(|it| it.len() == 6 && it.is_ascii())?;
                let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
                Some(Self::Colour(part(0)?, part(2)?, part(4)?))
            }
        }
    }
}

/// Fills undefined pixels by the mean of the defined pixels around them, from the edge of a hole inwards.
pub(super) fn smooth(plane: &Array2<f32>) -> Array2<f32> {
    let (rows, columns) = plane.dim();
    let mut filled = plane.clone();
    let around = |(row, column): (usize, usize)| {
        let (above, left) = (row.saturating_sub(1), column.saturating_sub(1));
        (above..(row + 2).min(rows))
            .flat_map(move |y| (left..(column + 2).min(columns)).map(move |x| (y, x)))
    };
    let is_edge = |filled: &Array2<f32>, at: (usize, usize)| {
        !filled[at].is_finite() && around(at).any(|it| filled[it].is_finite())
    };
    let mut edge: Vec<(usize, usize)> =
        plane.indexed_iter().map(|(at, _)| at).filter(|at| is_edge(&filled, *at)).collect();
    while !edge.is_empty() {
        let value = |at: &(usize, usize)| {
            let known = around(*at).map(|it| filled[it]).filter(|it| it.is_finite());
            let (count, sum) =
                known.fold((0_u32, 0.0), |(n, sum), it| (n + 1, sum + f64::from(it)));
            (sum / f64::from(count.max(1))) as f32
        };
        let values: Vec<f32> = edge.iter().map(value).collect();
        edge.iter().zip(&values).for_each(|(at, value)| filled[*at] = *value);
        let mut next: Vec<(usize, usize)> = edge.iter().flat_map(|at| around(*at)).collect();
        next.sort_unstable();
        next.dedup();
        next.retain(|at| !filled[*at].is_finite());
        edge = next;
    }
    filled
}
