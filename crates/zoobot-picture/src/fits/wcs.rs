//! Positions on the sky: the gnomonic projection TAN, with the polynomial distortion SIP (Calabretta & Greisen
//! 2002; Shupe et al. 2005).

mod sip;

use super::header::Header;
use sip::Sip;

/// The projections that are read.
const READ: &str = "TAN and TAN-SIP are read";

/// The coordinates of an image on the sky: between pixels and right ascension and declination in degrees.
///
/// Pixels are counted from 0 at the middle of the first one, as in astropy's `pixel_to_world`. Positions are in
/// the frame of the file (`RADESYS`), usually ICRS.
///
/// ```no_run
/// use zoobot_core::picture::FitsFile;
/// let wcs = FitsFile::open("coadd.fits")?.image(None)?.wcs()?;
/// let (x, y) = wcs.pixel(150.1, 2.2).expect("a position on this half of the sky");
/// let (ra, dec) = wcs.sky(x, y);
/// assert!((ra - 150.1).abs() < 1e-9 && (dec - 2.2).abs() < 1e-9);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Wcs {
    /// The reference pixel, counted from 1.
    reference: [f64; 2],
    /// Right ascension and declination of the reference pixel, in radians.
    origin: [f64; 2],
    /// From pixels to the tangent plane, in radians: rows are east and north.
    matrix: [[f64; 2]; 2],
    inverse: [[f64; 2]; 2],
    /// The rotation of the native pole, as cosine and sine.
    pole: [f64; 2],
    sip: Option<Sip>,
}

impl Wcs {
    /// The coordinates in a header, of the axes with these numbers (from 1) as columns and rows.
    pub(super) fn of(header: &Header, columns: usize, rows: usize) -> Result<Self, String> {
        let kind = |axis: usize| header.text(&format!("CTYPE{axis}"));
        let (Some(first), Some(second)) = (kind(columns), kind(rows)) else {
            return Err("the image has no coordinates on the sky (CTYPE is absent)".to_owned());
        };
        let projection =
            |kind: &str| kind.get(4..).unwrap_or_default().trim_matches('-').to_owned();
        let axis = |kind: &str| kind.split('-').next().unwrap_or_default().to_owned();
        let swapped = match (axis(&first).as_str(), axis(&second).as_str()) {
            ("RA", "DEC") => false,
            ("DEC", "RA") => true,
            _ => {
                return Err(format!(
                    "the coordinates {first:?} and {second:?} are not read; right ascension and \
                     declination are"
                ));
            }
        };
        for kind in [&first, &second] {
            if !matches!(projection(kind).as_str(), "TAN" | "TAN-SIP") {
                let name = projection(kind);
                return Err(format!("the projection {name:?} of the image is not read; {READ}"));
            }
        }
        let other =
            ["PV1_0", "PV1_5", "PV2_5", "PV2_0", "CPDIS1", "CPDIS2", "DP1.EXTVER", "D2IMDIS1"];
        if let Some(key) =
            other.iter().find(|key| header.number(key).is_some() || header.text(key).is_some())
        {
            return Err(format!("the distortion of the image in {key} is not read; {READ}"));
        }
        let number = |key: String, default: f64| header.number(&key).unwrap_or(default);
        let axes = [columns, rows];
        // The rows of the matrix are the axes of the header.
        let unit = |axis: usize| {
            let unit = header.text(&format!("CUNIT{axis}")).unwrap_or_default();
            match unit.to_ascii_lowercase().as_str() {
                "" | "deg" | "degree" | "degrees" => Ok(1.0),
                "arcmin" => Ok(1.0 / 60.0),
                "arcsec" => Ok(1.0 / 3600.0),
                "rad" => Ok(180.0 / std::f64::consts::PI),
                other => {
                    Err(format!("the unit {other:?} of the coordinates is not read; degrees are"))
                }
            }
        };
        let units = [unit(columns)?, unit(rows)?];
        let mut degrees = matrix(header, axes);
        for (row, unit) in degrees.iter_mut().zip(units) {
            row.iter_mut().for_each(|value| *value *= unit);
        }
        let mut origin = [
            number(format!("CRVAL{columns}"), 0.0) * units[0],
            number(format!("CRVAL{rows}"), 0.0) * units[1],
        ];
        if swapped {
            degrees.swap(0, 1);
            origin.swap(0, 1);
        }
        let matrix = degrees.map(|row| row.map(f64::to_radians));
        let determinant = matrix[0][0] * matrix[1][1] - matrix[0][1] * matrix[1][0];
        if !(determinant.abs() > 1e-30 && determinant.is_finite()) {
            return Err(
                "the coordinates of the image cannot be inverted (CD or CDELT is 0)".to_owned()
            );
        }
        let inverse = [
            [matrix[1][1] / determinant, -matrix[0][1] / determinant],
            [-matrix[1][0] / determinant, matrix[0][0] / determinant],
        ];
        let default = if origin[1] >= 90.0 { 0.0 } else { 180.0 };
        let turn = (180.0 - number("LONPOLE".to_owned(), default)).to_radians();
        let wcs = Self {
            reference: [
                number(format!("CRPIX{columns}"), 0.0),
                number(format!("CRPIX{rows}"), 0.0),
            ],
            origin: origin.map(f64::to_radians),
            matrix,
            inverse,
            // Exact for the usual pole.
            pole: if turn == 0.0 { [1.0, 0.0] } else { [turn.cos(), turn.sin()] },
            sip: Sip::of(header),
        };
        let all = wcs.reference.iter().chain(&wcs.origin).chain(wcs.matrix.iter().flatten());
        match all.chain(&wcs.pole).all(|value| value.is_finite()) {
            true => Ok(wcs),
            false => Err("the coordinates of the image are not numbers".to_owned()),
        }
    }

    /// Right ascension (0 to 360) and declination of a pixel, in degrees.
    pub fn sky(&self, x: f64, y: f64) -> (f64, f64) {
        let mut offset = [x + 1.0 - self.reference[0], y + 1.0 - self.reference[1]];
        if let Some(sip) = &self.sip {
            offset = sip.corrected(offset);
        }
        let [a, b] = self.matrix.map(|row| row[0] * offset[0] + row[1] * offset[1]);
        let [cos, sin] = self.pole;
        let (east, north) = (a * cos - b * sin, b * cos + a * sin);
        let (sin, cos) = self.origin[1].sin_cos();
        let toward = cos - north * sin;
        let ra = self.origin[0] + east.atan2(toward);
        let dec = (north * cos + sin).atan2(east.hypot(toward));
        (ra.to_degrees().rem_euclid(360.0), dec.to_degrees())
    }

    /// The pixel (column, row) at a right ascension and declination in degrees, also outside of the image;
    /// `None` for the half of the sky that the projection does not show.
    pub fn pixel(&self, ra: f64, dec: f64) -> Option<(f64, f64)> {
        let (dec_sin, dec_cos) = dec.to_radians().sin_cos();
        let (sin, cos) = self.origin[1].sin_cos();
        let (across_sin, across_cos) = (ra.to_radians() - self.origin[0]).sin_cos();
        let depth = dec_sin * sin + dec_cos * cos * across_cos;
        if depth.is_nan() || depth <= 0.0 {
            return None;
        }
        let east = dec_cos * across_sin / depth;
        let north = (dec_sin * cos - dec_cos * sin * across_cos) / depth;
        let [turn_cos, turn_sin] = self.pole;
        let (a, b) = (east * turn_cos + north * turn_sin, north * turn_cos - east * turn_sin);
        let offset = self.inverse.map(|row| row[0] * a + row[1] * b);
        let offset = match &self.sip {
            Some(sip) => sip.original(offset)?,
            None => offset,
        };
        Some((offset[0] + self.reference[0] - 1.0, offset[1] + self.reference[1] - 1.0))
    }

    /// The length of a pixel's side in arcseconds, at the reference pixel: the root of its area.
    pub fn pixel_scale(&self) -> f64 {
        let [[a, b], [c, d]] = self.matrix;
        (a * d - b * c).abs().sqrt().to_degrees() * 3600.0
    }

    /// The directions of north and east at a pixel, as unit vectors of columns and rows (upwards).
    pub fn north_and_east(&self, x: f64, y: f64) -> Option<([f64; 2], [f64; 2])> {
        let (ra, dec) = self.sky(x, y);
        let step = self.pixel_scale() / 3600.0;
        let toward = |to: Option<(f64, f64)>, sign: f64| {
            let to = to?;
            let (dx, dy) = (sign * (to.0 - x), sign * (to.1 - y));
            let length = dx.hypot(dy);
            (length > 0.0 && length.is_finite()).then(|| [dx / length, dy / length])
        };
        // Near the pole a step to the north would pass it.
        let (to, sign) = if dec + step > 90.0 { (dec - step, -1.0) } else { (dec + step, 1.0) };
        let north = toward(self.pixel(ra, to), sign)?;
        let across = step / dec.to_radians().cos().max(1e-6);
        Some((north, toward(self.pixel(ra + across, dec), 1.0)?))
    }
}

/// From pixels to degrees: `CD`, or `PC` with `CDELT`, or `CDELT` with `CROTA`.
fn matrix(header: &Header, axes: [usize; 2]) -> [[f64; 2]; 2] {
    let both =
        |name: &str, i: usize, j: usize| header.number(&format!("{name}{}_{}", axes[i], axes[j]));
    let each = |name: &str, default: fn(usize, usize) -> f64| {
        let cell = |i: usize, j: usize| both(name, i, j).unwrap_or_else(|| default(i, j));
        [[cell(0, 0), cell(0, 1)], [cell(1, 0), cell(1, 1)]]
    };
    let has = |name: &str| {
        [(0, 0), (0, 1), (1, 0), (1, 1)].iter().any(|&(i, j)| both(name, i, j).is_some())
    };
    if has("CD") {
        return each("CD", |_, _| 0.0);
    }
    let delta = axes.map(|axis| header.number(&format!("CDELT{axis}")).unwrap_or(1.0));
    let turns = if has("PC") {
        each("PC", |i, j| if i == j { 1.0 } else { 0.0 })
    } else {
        let angle = header.number(&format!("CROTA{}", axes[1])).unwrap_or(0.0).to_radians();
        let (sin, cos) = angle.sin_cos();
        let ratio = delta[1] / delta[0];
        [[cos, -sin * ratio], [sin / ratio, cos]]
    };
    [turns[0].map(|it| it * delta[0]), turns[1].map(|it| it * delta[1])]
}

#[cfg(test)]
mod tests;
