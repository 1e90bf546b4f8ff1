//! The Simple Imaging Polynomial: what is added to pixel offsets before the matrix (Shupe et al. 2005).

use super::super::header::Header;

/// The maximum order that the convention allows.
const MOST: i64 = 9;

/// Polynomials in the offsets from the reference pixel.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sip {
    a: Vec<(i32, i32, f64)>,
    b: Vec<(i32, i32, f64)>,
}

impl Sip {
    /// The polynomials in a header, if there are any.
    pub fn of(header: &Header) -> Option<Self> {
        let terms = |name: &str| {
            let order = header.whole(&format!("{name}_ORDER"))?.clamp(0, MOST) as i32;
            let pairs = (0..=order).flat_map(|p| (0..=order - p).map(move |q| (p, q)));
            let term = |(p, q)| Some((p, q, header.number(&format!("{name}_{p}_{q}"))?));
            Some(pairs.filter_map(term).collect::<Vec<_>>())
        };
        let (a, b) = (terms("A"), terms("B"));
        (a.is_some() || b.is_some())
            .then(|| Self { a: a.unwrap_or_default(), b: b.unwrap_or_default() })
    }

    /// Offsets on the plane of offsets of pixels.
    pub fn corrected(&self, [u, v]: [f64; 2]) -> [f64; 2] {
        let sum = |terms: &[(i32, i32, f64)]| -> f64 {
            terms.iter().map(|(p, q, value)| value * u.powi(*p) * v.powi(*q)).sum()
        };
        [u + sum(&self.a), v + sum(&self.b)]
    }

    /// Offsets of pixels, by Newton's method; `None` where the polynomials cannot be inverted.
    pub fn original(&self, wanted: [f64; 2]) -> Option<[f64; 2]> {
        let mut now = wanted;
        for _ in 0..50 {
            let here = self.corrected(now);
            let off = [here[0] - wanted[0], here[1] - wanted[1]];
            if off[0].hypot(off[1]) < 1e-11 * (1.0 + wanted[0].hypot(wanted[1])) {
                return Some(now);
            }
            let step = |p: f64, q: f64| {
                let [x, y] = self.corrected([now[0] + p, now[1] + q]);
                let [a, b] = self.corrected([now[0] - p, now[1] - q]);
                [(x - a) / (2.0 * (p + q)), (y - b) / (2.0 * (p + q))]
            };
            let (by_u, by_v) = (step(0.5, 0.0), step(0.0, 0.5));
            let determinant = by_u[0] * by_v[1] - by_v[0] * by_u[1];
            if !determinant.is_finite() || determinant.abs() < 1e-12 {
                return None;
            }
            now[0] -= (by_v[1] * off[0] - by_v[0] * off[1]) / determinant;
            now[1] -= (by_u[0] * off[1] - by_u[1] * off[0]) / determinant;
        }
        let here = self.corrected(now);
        ((here[0] - wanted[0]).hypot(here[1] - wanted[1]) < 1e-6).then_some(now)
    }
}
