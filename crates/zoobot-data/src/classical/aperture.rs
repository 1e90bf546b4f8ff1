//! Sums over circles and ellipses, with the exact share of each pixel that they cover.

use super::plane::Plane;

/// Half the diagonal of a pixel.
const HALF: f64 = std::f64::consts::FRAC_1_SQRT_2;

/// The shape and place of concentric ellipses: `elongation` is the ratio of the axes, `theta` the angle of the major
/// axis from x in radians. Circles have an elongation of 1.
#[derive(Debug, Clone, Copy)]
pub struct Ellipse {
    pub centre: [f64; 2],
    pub elongation: f64,
    pub theta: f64,
}

impl Ellipse {
    pub fn circle(centre: [f64; 2]) -> Self {
        Self { centre, elongation: 1.0, theta: 0.0 }
    }

    /// A point in coordinates in which the ellipses are circles.
    fn place(&self, x: f64, y: f64) -> [f64; 2] {
        let (dx, dy) = (x - self.centre[0], y - self.centre[1]);
        if self.elongation == 1.0 {
            return [dx, dy];
        }
        let (sin, cos) = self.theta.sin_cos();
        [dx * cos + dy * sin, (dy * cos - dx * sin) * self.elongation]
    }

    /// The share of a pixel within the ellipse of semi-major axis `a`.
    fn share(&self, x: usize, y: usize, a: f64) -> f64 {
        let (x, y) = (x as f64, y as f64);
        if self.elongation == 1.0 {
            let [dx, dy] = self.place(x, y);
            let corner = |sx: f64, sy: f64| corner_area(dx + sx, dy + sy, a);
            return corner(0.5, 0.5) - corner(-0.5, 0.5) - corner(0.5, -0.5) + corner(-0.5, -0.5);
        }
        let corners = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)];
        let corners = corners.map(|(dx, dy)| self.place(x + dx, y + dy));
        let edges = (0..4).map(|at| triangle(corners[at], corners[(at + 1) % 4], a));
        edges.sum::<f64>() / self.elongation
    }

    /// The area of the ellipse.
    pub fn area(&self, a: f64) -> f64 {
        std::f64::consts::PI * a * a / self.elongation
    }

    /// Calls a function with each pixel that the ellipse covers, and its share.
    pub fn each(&self, width: usize, height: usize, a: f64, mut each: impl FnMut(usize, f64)) {
        let reach = a + 1.0;
        let range = |centre: f64, size: usize| {
            let low = (centre - reach).floor().max(0.0) as usize;
            let high = (centre + reach).ceil().max(-1.0) + 1.0;
            low.min(size)..(high as usize).min(size)
        };
        let band = HALF * self.elongation + 1e-4;
        let (inner, outer) = ((a - band).max(0.0).powi(2), (a + band).powi(2));
        for y in range(self.centre[1], height) {
            for x in range(self.centre[0], width) {
                let [u, v] = self.place(x as f64, y as f64);
                let distance = u * u + v * v;
                if distance >= outer {
                    continue;
                }
                let share = match distance < inner && a > band {
                    true => 1.0,
                    false => self.share(x, y, a),
                };
                each(y * width + x, share);
            }
        }
    }
}

/// The area of a circle around the origin within the rectangle from the origin to (x, y), with its sign.
fn corner_area(x: f64, y: f64, radius: f64) -> f64 {
    let sign = x.signum() * y.signum();
    let (x, y) = (x.abs().min(radius), y.abs().min(radius));
    if x * x + y * y <= radius * radius {
        return sign * x * y;
    }
    let square = radius * radius;
    let from = (square - y * y).max(0.0).sqrt();
    let under = |x: f64| {
        0.5 * (x * (square - x * x).max(0.0).sqrt() + square * (x / radius).min(1.0).asin())
    };
    sign * (y * from + under(x) - under(from))
}

/// The area of a circle around the origin within the triangle of the origin, p and q, with its sign.
fn triangle(p: [f64; 2], q: [f64; 2], radius: f64) -> f64 {
    let square = radius * radius;
    let cross = |a: [f64; 2], b: [f64; 2]| a[0] * b[1] - a[1] * b[0];
    let dot = |a: [f64; 2], b: [f64; 2]| a[0] * b[0] + a[1] * b[1];
    let sector = |a: [f64; 2], b: [f64; 2]| 0.5 * square * cross(a, b).atan2(dot(a, b));
    if dot(p, p) <= square && dot(q, q) <= square {
        return 0.5 * cross(p, q);
    }
    // Where the line from p to q crosses the circle.
    let along = [q[0] - p[0], q[1] - p[1]];
    let (a, b, c) = (dot(along, along), dot(p, along), dot(p, p) - square);
    let root = b * b - a * c;
    if root <= 0.0 || a == 0.0 {
        return sector(p, q);
    }
    let root = root.sqrt();
    let (enter, leave) = ((-b - root) / a, (-b + root) / a);
    if enter >= 1.0 || leave <= 0.0 {
        return sector(p, q);
    }
    let at = |t: f64| [p[0] + t * along[0], p[1] + t * along[1]];
    let (first, last) = (at(enter.max(0.0)), at(leave.min(1.0)));
    let mut area = 0.5 * cross(first, last);
    if enter > 0.0 {
        area += sector(p, first);
    }
    if leave < 1.0 {
        area += sector(last, q);
    }
    area
}

/// The sums within ellipses of any size around one centre, from pixels sorted by distance.
pub struct Growth<'a> {
    ellipse: Ellipse,
    width: usize,
    values: &'a Plane,
    /// Pixels that do not count; `None` counts all.
    masked: Option<&'a [bool]>,
    /// Distances and places, the nearest first.
    sorted: Vec<(f32, u32)>,
    /// The sums of values and of pixels that count, of all nearer pixels.
    sums: Vec<(f64, f64)>,
}

impl<'a> Growth<'a> {
    pub fn new(values: &'a Plane, masked: Option<&'a [bool]>, ellipse: Ellipse) -> Self {
        let distance = |place: usize| {
            let [u, v] =
                ellipse.place((place % values.width) as f64, (place / values.width) as f64);
            u.hypot(v) as f32
        };
        let mut sorted: Vec<(f32, u32)> =
            (0..values.values.len()).map(|place| (distance(place), place as u32)).collect();
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut sums = Vec::with_capacity(sorted.len() + 1);
        let (mut value, mut count) = (0.0, 0.0);
        sums.push((value, count));
        for &(_, place) in &sorted {
            let place = place as usize;
            value += values.values[place];
            count += if masked.is_some_and(|masked| masked[place]) { 0.0 } else { 1.0 };
            sums.push((value, count));
        }
        Self { ellipse, width: values.width, values, masked, sorted, sums }
    }

    /// The sum of values, and the area of pixels that count, within semi-major axis `a`.
    pub fn within(&self, a: f64) -> (f64, f64) {
        if a <= 0.0 {
            return (0.0, 0.0);
        }
        let band = HALF * self.ellipse.elongation + 1e-4;
        let inner = match a > band {
            true => self.sorted.partition_point(|it| f64::from(it.0) < a - band),
            false => 0,
        };
        let (mut sum, mut area) = self.sums[inner];
        for &(_, place) in self.sorted[inner..].iter().take_while(|it| f64::from(it.0) <= a + band)
        {
            let place = place as usize;
            let share = self.ellipse.share(place % self.width, place / self.width, a);
            sum += share * self.values.values[place];
            if !self.masked.is_some_and(|masked| masked[place]) {
                area += share;
            }
        }
        (sum, area)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_the_area() {
        for ellipse in [
            Ellipse::circle([20.3, 19.8]),
            Ellipse { centre: [20.0, 20.5], elongation: 1.0 + 1e-9, theta: 0.4 },
            Ellipse { centre: [20.2, 20.1], elongation: 2.7, theta: 0.7 },
        ] {
            for a in [0.3, 1.0, 4.4, 15.0] {
                let mut sum = 0.0;
                ellipse.each(41, 41, a, |_, share| {
                    assert!((-1e-9..=1.0 + 1e-9).contains(&share), "{share}");
                    sum += share;
                });
                assert!(
                    (sum - ellipse.area(a)).abs() < 1e-9 * ellipse.area(a).max(1.0),
                    "{a}: {sum}"
                );
            }
        }
    }

    #[test]
    fn sums_from_sorted_pixels_are_those_of_all_pixels() {
        let values: Vec<f64> = (0..1200).map(|it| f64::from(it * 7919 % 101)).collect();
        let (plane, masked) =
            (Plane::new(40, 30, values), (0..1200).map(|it| it % 7 == 0).collect::<Vec<_>>());
        let ellipse = Ellipse { centre: [17.2, 9.9], elongation: 1.6, theta: -0.3 };
        let growth = Growth::new(&plane, Some(&masked), ellipse);
        for a in [0.5, 3.0, 12.25, 60.0] {
            let (mut sum, mut area) = (0.0, 0.0);
            ellipse.each(40, 30, a, |place, share| {
                sum += share * plane.values[place];
                area += if masked[place] { 0.0 } else { share };
            });
            let (found, counted) = growth.within(a);
            assert!((found - sum).abs() < 1e-6 && (counted - area).abs() < 1e-9, "{a}");
        }
    }
}
