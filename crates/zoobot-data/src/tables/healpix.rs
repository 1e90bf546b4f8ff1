//! HEALPix in the nested scheme (Górski et al. 2005, ApJ 622, 759): the pixel of a position.

/// The order of the finest pixels, which a 64-bit number holds.
pub const FINEST: u8 = 29;

/// A pixel of the finest order, and where the position is within its face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    face: u64,
    x: u64,
    y: u64,
}

impl Place {
    /// The place of a position in degrees.
    pub fn of(ra: f64, dec: f64) -> Self {
        let (sin, cos) = dec.to_radians().sin_cos();
        Self::at(sin, cos, ra.to_radians())
    }

    /// The place of a unit vector.
    pub fn of_vector([x, y, z]: [f64; 3]) -> Self {
        Self::at(z, x.hypot(y), y.atan2(x))
    }

    /// From the sine and cosine of the declination, and the right ascension in radians.
    fn at(z: f64, cos: f64, phi: f64) -> Self {
        const SIDE: u64 = 1 << FINEST;
        let side = SIDE as f64;
        let quarter = std::f64::consts::FRAC_PI_2;
        let tt = (phi / quarter).rem_euclid(4.0);
        let za = z.abs();
        if za <= 2.0 / 3.0 {
            let (along, across) = (side * (0.5 + tt), side * z * 0.75);
            let (up, down) = ((along - across) as u64, (along + across) as u64);
            let (face_up, face_down) = (up >> FINEST, down >> FINEST);
            let face = match face_up.cmp(&face_down) {
                std::cmp::Ordering::Equal => face_up % 4 + 4,
                std::cmp::Ordering::Less => face_up % 4,
                std::cmp::Ordering::Greater => face_down % 4 + 8,
            };
            return Self { face, x: down & (SIDE - 1), y: SIDE - 1 - (up & (SIDE - 1)) };
        }
        let face = (tt as u64).min(3);
        let within = tt - face as f64;
        // Near the poles 1 - |z| has lost its digits, the cosine has not.
        let ring = match za < 0.99 {
            true => side * (3.0 * (1.0 - za)).sqrt(),
            false => side * cos / ((1.0 + za) / 3.0).sqrt(),
        };
        let up = ((within * ring) as u64).min(SIDE - 1);
        let down = (((1.0 - within) * ring) as u64).min(SIDE - 1);
        match z >= 0.0 {
            true => Self { face, x: SIDE - 1 - down, y: SIDE - 1 - up },
            false => Self { face: face + 8, x: up, y: down },
        }
    }

    /// The number of the finest pixel; shifted right by two bits it is that of the order below.
    pub fn pixel(self) -> u64 {
        (self.face << (2 * FINEST)) | spread(self.x) | (spread(self.y) << 1)
    }

    /// A distance in radians that the border of the pixel of an order is certainly away.
    pub fn to_border(self, order: u8) -> f64 {
        let side = (1_u64 << (FINEST - order)) - 1;
        let along = |place: u64| (place & side).min(side - (place & side));
        let cells = along(self.x).min(along(self.y)) as f64;
        // Pixels of equal area are 1.02 / side wide; the most slanted ones are a third as high.
        cells * 0.3 * 1.0233 / (1_u64 << FINEST) as f64
    }
}

/// Puts a zero after each bit.
fn spread(value: u64) -> u64 {
    let mut bits = value & 0xffff_ffff;
    for (shift, mask) in [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555),
    ] {
        bits = (bits | (bits << shift)) & mask;
    }
    bits
}

/// The bits at even places.
fn gather(value: u64) -> u64 {
    (0..32).fold(0, |all, bit| all | (((value >> (2 * bit)) & 1) << bit))
}

/// The unit vector to the centre of a pixel.
pub fn centre(order: u8, pixel: u64) -> [f64; 3] {
    let side = 1_i64 << order;
    let face = (pixel >> (2 * order)) as usize % 12;
    let inner = pixel & ((1 << (2 * order)) - 1);
    let (x, y) = (gather(inner) as i64, gather(inner >> 1) as i64);
    let row = [2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4][face] * side - x - y - 1;
    let sides = side as f64;
    let (ring, z, shift) = if row < side {
        (row, 1.0 - (row * row) as f64 / (3.0 * sides * sides), 0)
    } else if row > 3 * side {
        let ring = 4 * side - row;
        (ring, (ring * ring) as f64 / (3.0 * sides * sides) - 1.0, 0)
    } else {
        (side, (2 * side - row) as f64 * 2.0 / (3.0 * sides), (row - side) & 1)
    };
    let column = ([1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7][face] * ring + x - y + 1 + shift) / 2;
    let phi =
        (column as f64 - (shift + 1) as f64 * 0.5) * std::f64::consts::FRAC_PI_2 / ring as f64;
    let flat = (1.0 - z * z).max(0.0).sqrt();
    [flat * phi.cos(), flat * phi.sin(), z]
}

/// The unit vector of a position in degrees.
pub fn vector(ra: f64, dec: f64) -> [f64; 3] {
    let ((sin_ra, cos_ra), (sin_dec, cos_dec)) =
        (ra.to_radians().sin_cos(), dec.to_radians().sin_cos());
    [cos_dec * cos_ra, cos_dec * sin_ra, sin_dec]
}

/// Points on a circle of this many radians around a position.
pub fn circle(around: [f64; 3], radius: f64, count: usize) -> impl Iterator<Item = [f64; 3]> {
    let [x, y, z] = around;
    // Two directions at right angles to the position.
    let flat = x.hypot(y);
    let east = if flat > 0.0 { [-y / flat, x / flat, 0.0] } else { [0.0, 1.0, 0.0] };
    let north = [y * east[2] - z * east[1], z * east[0] - x * east[2], x * east[1] - y * east[0]];
    let (sin, cos) = radius.sin_cos();
    (0..count).map(move |step| {
        let (up, right) = (std::f64::consts::TAU * step as f64 / count as f64).sin_cos();
        let at = |axis: usize| cos * around[axis] + sin * (right * east[axis] + up * north[axis]);
        [at(0), at(1), at(2)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_centre_of_a_pixel_is_in_it() {
        for order in [0_u8, 1, 3, 7, 13] {
            let count = 12_u64 << (2 * order);
            for pixel in (0..count).step_by((count / 997).max(1) as usize) {
                let place = Place::of_vector(centre(order, pixel)).pixel();
                assert_eq!(place >> (2 * (FINEST - order)), pixel, "order {order}");
            }
        }
    }

    #[test]
    fn pixels_are_those_of_cdshealpix() {
        let recorded = include_str!("../../../../tests/recorded/healpix/expected.json");
        let recorded: Vec<Value> = serde_json::from_str(recorded).unwrap();
        assert!(recorded.len() >= 400, "{}", recorded.len());
        for case in &recorded {
            let (ra, dec) = (case[0].as_f64().unwrap(), case[1].as_f64().unwrap());
            for (order, at) in [(0, 2), (5, 3), (12, 4), (24, 5)] {
                let pixel = Place::of(ra, dec).pixel() >> (2 * (FINEST - order));
                assert_eq!(Some(pixel), case[at].as_u64(), "{ra} {dec} at order {order}");
            }
        }
    }
}
