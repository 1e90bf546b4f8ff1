//! Regions of a map.

use zoobot_base::error::{Error, Result};

/// A polygon on a map.
///
/// ```
/// use zoobot_core::map::Region;
/// let triangle = Region::polygon(&[(0.0, 0.0), (4.0, 0.0), (0.0, 4.0)])?;
/// assert!(triangle.contains(1.0, 1.0) && !triangle.contains(3.0, 3.0));
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    corners: Vec<(f64, f64)>,
}

impl Region {
    /// The polygon with these corners, in order; the last is joined to the first. If its sides cross,
    /// areas enclosed twice are outside.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] for fewer than three corners, or a corner that is not finite.
    pub fn polygon(corners: &[(f64, f64)]) -> Result<Self> {
        if corners.len() < 3 {
            let problem =
                format!("a polygon needs at least 3 corners, but there are {}", corners.len());
            return Err(Error::unsuitable(problem, "Give more corners"));
        }
        if let Some(wrong) = corners.iter().find(|(x, y)| !(x.is_finite() && y.is_finite())) {
            let problem = format!("the corner {wrong:?} is not finite");
            return Err(Error::unsuitable(problem, "Give finite coordinates"));
        }
        Ok(Self { corners: corners.to_vec() })
    }

    /// Whether a point is inside.
    pub fn contains(&self, x: f64, y: f64) -> bool {
        let next = self.corners.iter().cycle().skip(1);
        // A point is inside if a ray to the right crosses the sides an odd number of times.
        self.corners.iter().zip(next).fold(false, |inside, (&(ax, ay), &(bx, by))| {
            let crosses = (ay > y) != (by > y) && x < ax + (y - ay) / (by - ay) * (bx - ax);
            inside != crosses
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hollow_is_outside() {
        // A U shape.
        let corners =
            [(0., 0.), (3., 0.), (3., 3.), (2., 3.), (2., 1.), (1., 1.), (1., 3.), (0., 3.)];
        let u = Region::polygon(&corners).unwrap();
        assert!(u.contains(0.5, 2.0) && u.contains(2.5, 2.0) && u.contains(1.5, 0.5));
        assert!(!u.contains(1.5, 2.0) && !u.contains(-0.1, 1.0) && !u.contains(1.0, 4.0));
        assert!(Region::polygon(&corners[..2]).is_err());
        assert!(Region::polygon(&[(0., 0.), (f64::NAN, 0.), (1., 1.)]).is_err());
    }
}
