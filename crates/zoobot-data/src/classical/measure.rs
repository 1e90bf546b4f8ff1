//! The measures of one galaxy, as statmorph defines them (Rodriguez-Gomez et al. 2019, MNRAS 483, 4140).

use super::aperture::{Ellipse, Growth};
use super::plane::{Plane, regions};
use super::solve::{minimum, root};

/// A galaxy's classical morphology. A value that cannot be measured is NaN, and `flag` says so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassicalMorphology {
    /// The Gini coefficient (Lotz et al. 2004, eq. 6): 0 if all pixels are equal, 1 if one has all light.
    pub gini: f64,
    /// M20 (Lotz et al. 2004, eq. 8): the second moment of the brightest 20 % of the light beside that of all, as a
    /// logarithm.
    pub m20: f64,
    /// The concentration, 5 log10(r80 / r20) (Conselice 2003; Lotz et al. 2004).
    pub concentration: f64,
    /// The asymmetry under a rotation by 180 degrees, less that of the sky (Conselice 2003; Lotz et al. 2004, eq. 10).
    pub asymmetry: f64,
    /// The smoothness (clumpiness; Lotz et al. 2004, eq. 11; Conselice's has a factor of 10 more).
    pub smoothness: f64,
    /// 1 - b / a from second moments around the centre of least asymmetry.
    pub ellipticity: f64,
    /// The angle of the major axis from the x axis towards y, in radians.
    pub orientation: f64,
    /// The circular Petrosian radius in pixels (eta = 0.2).
    pub petrosian_radius: f64,
    /// The semi-major axis of the elliptical Petrosian aperture in pixels.
    pub petrosian_semi_major: f64,
    /// The radii in pixels that contain 20, 50 and 80 % of the light within 1.5 Petrosian radii.
    pub r20: f64,
    /// See [`r20`](Self::r20).
    pub r50: f64,
    /// See [`r20`](Self::r20).
    pub r80: f64,
    /// The centre of least asymmetry: x in pixels from the first pixel's centre.
    pub x: f64,
    /// See [`x`](Self::x): y.
    pub y: f64,
    /// The mean of a square of sky, which should be near 0.
    pub sky_mean: f64,
    /// The standard deviation in that square.
    pub sky_sigma: f64,
    /// 0 for good measures, 1 for doubtful ones, 2 for bad ones, 4 where nothing could be measured: statmorph's flags.
    pub flag: u8,
}

const NOTHING: ClassicalMorphology = ClassicalMorphology {
    gini: f64::NAN,
    m20: f64::NAN,
    concentration: f64::NAN,
    asymmetry: f64::NAN,
    smoothness: f64::NAN,
    ellipticity: f64::NAN,
    orientation: f64::NAN,
    petrosian_radius: f64::NAN,
    petrosian_semi_major: f64::NAN,
    r20: f64::NAN,
    r50: f64::NAN,
    r80: f64::NAN,
    x: f64::NAN,
    y: f64::NAN,
    sky_mean: f64::NAN,
    sky_sigma: f64::NAN,
    flag: 4,
};

/// The ratio of surface brightnesses at the Petrosian radius.
const ETA: f64 = 0.2;
/// Pixels this many standard deviations from their neighbours are masked.
const OUTLIER: f64 = 10.0;
/// The part of the Petrosian radius of smoothing and of the excluded centre, for smoothness.
const INNER: f64 = 0.25;
/// The Petrosian radii that hold the galaxy's light.
const OUTER: f64 = 1.5;

/// Measures the object `label` of a picture whose sky is 0.
pub fn measure(image: &Plane, labels: &[u32], label: u32) -> ClassicalMorphology {
    Stamp::of(image, labels, label).and_then(|mut stamp| stamp.measure()).unwrap_or(NOTHING)
}

/// The part of a picture around a galaxy.
struct Stamp {
    /// Where it begins in the picture.
    start: [usize; 2],
    /// The object of each pixel.
    labels: Vec<u32>,
    /// Other objects, outliers and undefined pixels.
    masked: Vec<bool>,
    /// The picture, 0 where it is masked.
    image: Plane,
    /// The picture of the galaxy alone.
    own: Plane,
    flag: u8,
}

impl Stamp {
    fn of(image: &Plane, labels: &[u32], label: u32) -> Option<Self> {
        let (width, height) = (image.width, image.height);
        let (mut low, mut high) = ([width, height], [0, 0]);
        for place in (0..labels.len()).filter(|&place| labels[place] == label) {
            for (axis, at) in [place % width, place / width].into_iter().enumerate() {
                low[axis] = low[axis].min(at);
                high[axis] = high[axis].max(at);
            }
        }
        if low[0] > high[0] {
            return None;
        }
        let size = [0, 1].map(|axis| high[axis] + 1 - low[axis]);
        let reach = ((size[0].max(size[1]) as f64 * 2.5 / 2.0) as usize).max(24);
        let range = |axis: usize, most: usize| {
            let centre = low[axis] + size[axis] / 2;
            centre.saturating_sub(reach)..(centre + reach).min(most)
        };
        let (xs, ys) = (range(0, width), range(1, height));
        let raw = image.cut(xs.clone(), ys.clone());
        let part =
            |row: usize| labels[row * width + xs.start..row * width + xs.end].iter().copied();
        let labels: Vec<u32> = ys.clone().flat_map(part).collect();
        let outliers = outliers(&raw);
        let masked: Vec<bool> = (0..labels.len())
            .map(|at| {
                (labels[at] != 0 && labels[at] != label)
                    || !raw.values[at].is_finite()
                    || outliers[at]
            })
            .collect();
        let kept = |keep: &dyn Fn(usize) -> bool| {
            let values = (0..labels.len()).map(|at| if keep(at) { raw.values[at] } else { 0.0 });
            Plane::new(raw.width, raw.height, values.collect())
        };
        let image = kept(&|at| !masked[at]);
        let own = kept(&|at| !masked[at] && labels[at] == label);
        Some(Self { start: [xs.start, ys.start], labels, masked, image, own, flag: 0 })
    }

    fn flagged(&mut self, flag: u8) {
        self.flag = self.flag.max(flag);
    }

    /// `None` where the galaxy has no light.
    fn measure(&mut self) -> Option<ClassicalMorphology> {
        let [sum, along, up] = self.own.moments();
        if sum <= 0.0 || self.image.values.is_empty() {
            return None;
        }
        let mut centroid = [along / sum, up / sum];
        let size = [self.image.width as f64, self.image.height as f64];
        if (0..2).any(|axis| !(0.0..size[axis]).contains(&centroid[axis])) {
            centroid = size.map(|it| it / 2.0);
            self.flagged(2);
        }
        let at = |place: [f64; 2]| place[1] as usize * self.image.width + place[0] as usize;
        if self.image.values[at(centroid)] == 0.0 {
            self.flagged(2);
        }
        let sky = self.sky();
        if sky.is_none() {
            self.flagged(2);
        }
        let first_radius = self.petrosian(Ellipse::circle(centroid));
        let centre = self.centre(centroid, first_radius, sky.as_ref())?;
        let (asymmetry, _) = self.asymmetry(centre, OUTER * first_radius, sky.as_ref());
        let [xx, xy, yy] = self.covariance(centre, sum);
        let (half, spread) = (0.5 * (xx + yy), (0.25 * (xx - yy).powi(2) + xy * xy).sqrt());
        let axes = [(half + spread).abs(), (half - spread).abs()];
        let ratio = (axes[0].min(axes[1]) / axes[0].max(axes[1])).sqrt();
        let orientation = 0.5 * (2.0 * xy).atan2(xx - yy);
        let circle = Ellipse::circle(centre);
        let radius = self.petrosian(circle);
        let ellipse = Ellipse { centre, elongation: 1.0 / ratio, theta: orientation };
        let semi_major = self.petrosian(ellipse);
        let [r20, r50, r80] = self.light_radii(circle, OUTER * radius);
        let smoothness = self.smoothness(circle, radius, sky.as_ref());
        let threshold = Ellipse { centre: centroid, ..ellipse };
        let (gini, m20) = self.gini_m20(threshold, semi_major);
        let (sky_mean, sky_sigma) =
            sky.as_ref().map_or((f64::NAN, f64::NAN), |it| (it.mean, it.sigma));
        if sky_mean.abs() > sky_sigma {
            self.flagged(2);
        }
        Some(ClassicalMorphology {
            gini,
            m20,
            concentration: 5.0 * (r80 / r20).log10(),
            asymmetry,
            smoothness,
            ellipticity: 1.0 - ratio,
            orientation,
            petrosian_radius: radius,
            petrosian_semi_major: semi_major,
            r20,
            r50,
            r80,
            x: centre[0] + self.start[0] as f64,
            y: centre[1] + self.start[1] as f64,
            sky_mean,
            sky_sigma,
            flag: self.flag,
        })
    }

    /// The Petrosian radius: where the mean of a ring one pixel wide is [`ETA`] of the mean within.
    fn petrosian(&mut self, ellipse: Ellipse) -> f64 {
        let growth = Growth::new(&self.image, Some(&self.masked), ellipse);
        let mut empty = false;
        let mut excess = |a: f64| {
            let (outer, outer_area) = growth.within(a + 0.5);
            let (inner, inner_area) = growth.within(a - 0.5);
            let (sum, area) = growth.within(a);
            let mean = |sum: f64, area: f64| if area > 0.0 { (sum / area).abs() } else { 0.0 };
            let (ring, within) = (mean(outer - inner, outer_area - inner_area), mean(sum, area));
            if within == 0.0 {
                empty = true;
                return if ring != 0.0 { 1.0 - ETA } else { -ETA };
            }
            ring / within - ETA
        };
        let last = (self.image.width as f64).hypot(self.image.height as f64) * ellipse.elongation;
        let mut low = None;
        let mut found = None;
        for step in 0..100 {
            let a = 1.0 + (last - 1.0) * f64::from(step) / 99.0;
            let value = excess(a);
            if value > 0.0 {
                low = Some(a);
            } else {
                found = Some((a, value));
                break;
            }
        }
        let radius = match (low, found) {
            (_, Some((a, 0.0))) => a,
            (Some(low), Some((high, _))) => root(low, high, &mut excess),
            (None, _) => {
                self.flag = self.flag.max(2);
                1.0
            }
            (Some(_), None) => {
                self.flag = self.flag.max(2);
                last
            }
        };
        if empty {
            self.flagged(2);
        }
        radius
    }

    /// The centre of least asymmetry.
    fn centre(&mut self, centroid: [f64; 2], radius: f64, sky: Option<&Sky>) -> Option<[f64; 2]> {
        let search = |stamp: &Self, from: [f64; 2]| {
            let mut left = false;
            let found = minimum(from, |place| {
                let (value, good) = stamp.asymmetry(place, OUTER * radius, sky);
                left |= !good;
                value
            });
            (found, left)
        };
        let apart = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
        let (mut centre, left) = search(self, centroid);
        if left {
            self.flagged(1);
        }
        if apart(centre, centroid) > INNER * radius {
            self.flagged(1);
            let values = self.own.values.iter().enumerate();
            let brightest = values.fold((0, f64::NEG_INFINITY), |best, (at, &value)| {
                if value > best.1 { (at, value) } else { best }
            });
            let width = self.own.width;
            let start = [(brightest.0 % width) as f64, (brightest.0 / width) as f64];
            centre = search(self, start).0;
            if apart(centre, start) > INNER * radius {
                self.flagged(2);
                centre = centroid;
            }
        }
        let place = centre[1] as usize * self.image.width + centre[0] as usize;
        if *self.image.values.get(place)? == 0.0 {
            self.flagged(2);
        }
        Some(centre)
    }

    /// The asymmetry around a centre within a radius, and whether it could be measured.
    fn asymmetry(&self, centre: [f64; 2], radius: f64, sky: Option<&Sky>) -> (f64, bool) {
        let (width, height) = (self.image.width, self.image.height);
        let [x, y] = centre;
        if !(0.0..width as f64).contains(&x) || !(0.0..height as f64).contains(&y) {
            return (100.0, false);
        }
        // A half turn moves all pixels by the same part of a pixel.
        let (turn_x, turn_y) = (2.0 * x, 2.0 * y);
        let (whole_x, whole_y) = (turn_x.floor(), turn_y.floor());
        let (part_x, part_y) = (turn_x - whole_x, turn_y - whole_y);
        let (whole_x, whole_y) = (whole_x as i64, whole_y as i64);
        let weights = [
            ((1.0 - part_x) * (1.0 - part_y), 0, 0),
            (part_x * (1.0 - part_y), 1, 0),
            ((1.0 - part_x) * part_y, 0, 1),
            (part_x * part_y, 1, 1),
        ];
        let (mut sum, mut difference, mut area) = (0.0, 0.0, 0.0);
        Ellipse::circle(centre).each(width, height, radius, |place, share| {
            if self.masked[place] {
                return;
            }
            let column = whole_x - (place % width) as i64;
            let row = whole_y - (place / width) as i64;
            let (mut turned, mut masked) = (0.0, 0.0);
            for (weight, dx, dy) in weights {
                let (column, row) = (column + dx, row + dy);
                if (0..width as i64).contains(&column) && (0..height as i64).contains(&row) {
                    let at = row as usize * width + column as usize;
                    turned += weight * self.image.values[at];
                    masked += if self.masked[at] { weight } else { 0.0 };
                }
            }
            if masked >= 0.5 {
                return;
            }
            let value = self.image.values[place];
            sum += share * value.abs();
            difference += share * (turned - value).abs();
            area += share;
        });
        if sum == 0.0 {
            return (100.0, false);
        }
        ((difference - area * sky.map_or(0.0, |it| it.asymmetry)) / sum, true)
    }

    /// The second moments around a centre, as variances; of thin objects at least those of a pixel.
    fn covariance(&mut self, centre: [f64; 2], sum: f64) -> [f64; 3] {
        let [mut xx, mut xy, mut yy] = self.own.second_moments(centre);
        (xx, xy, yy) = (xx / sum, xy / sum, yy / sum);
        if xx <= 0.0 || yy <= 0.0 {
            self.flagged(2);
        }
        let pixel = 1.0 / 12.0;
        while (xx * yy - xy * xy).abs() < pixel * pixel {
            xx += if xx >= 0.0 { pixel } else { -pixel };
            yy += if yy >= 0.0 { pixel } else { -pixel };
        }
        [xx, xy, yy]
    }

    /// The radii of 20, 50 and 80 % of the light within a radius.
    fn light_radii(&mut self, circle: Ellipse, outer: f64) -> [f64; 3] {
        let growth = Growth::new(&self.image, None, circle);
        let total = growth.within(outer).0;
        if total <= 0.0 {
            self.flag = self.flag.max(2);
        }
        if total == 0.0 {
            return [f64::NAN; 3];
        }
        let excess = |radius: f64, part: f64| growth.within(radius).0.abs() / total.abs() - part;
        let mut low = 0.0;
        let mut step = 1;
        let mut radii = [f64::NAN; 3];
        for (found, part) in radii.iter_mut().zip([0.2, 0.5, 0.8]) {
            // The first crossing of a larger part is not before that of a smaller one.
            while step < 99 && excess(outer * f64::from(step) / 99.0, part) <= 0.0 {
                low = outer * f64::from(step) / 99.0;
                step += 1;
            }
            *found = root(low, outer * f64::from(step) / 99.0, |radius| excess(radius, part));
        }
        radii
    }

    fn smoothness(&mut self, circle: Ellipse, radius: f64, sky: Option<&Sky>) -> f64 {
        let size = (INNER * radius) as usize;
        if size == 0 {
            self.flagged(2);
            return f64::NAN;
        }
        let rough = rough(&self.image, size);
        let ring = |plane: &Plane| {
            let mut sum = 0.0;
            for (a, sign) in [(OUTER * radius, 1.0), (INNER * radius, -1.0)] {
                circle.each(plane.width, plane.height, a, |place, share| {
                    sum += sign * share * plane.values[place];
                });
            }
            sum
        };
        let light = ring(&self.image);
        if light <= 0.0 {
            self.flagged(2);
            return f64::NAN;
        }
        let area = circle.area(OUTER * radius) - circle.area(INNER * radius);
        let of_sky = sky.map_or(0.0, |it| it.roughness(size));
        (ring(&rough) - area * of_sky) / light
    }

    /// Gini and M20 of the pixels that are, after smoothing, as bright as the elliptical Petrosian aperture's rim.
    fn gini_m20(&mut self, ellipse: Ellipse, semi_major: f64) -> (f64, f64) {
        let (width, height) = (self.image.width, self.image.height);
        let smooth = self.image.gaussian(0.2 * semi_major);
        let mut rim = 0.0;
        for (a, sign) in [(semi_major + 0.5, 1.0), (semi_major - 0.5, -1.0)] {
            ellipse.each(width, height, a.max(0.0), |place, share| {
                rim += sign * share * smooth.values[place];
            });
        }
        rim /= ellipse.area(semi_major + 0.5) - ellipse.area(semi_major - 0.5);
        let inside = |place: usize| smooth.values[place] >= rim;
        let (labels, count) = regions(width, height, inside);
        if count == 0 || labels.iter().all(|&label| label != 0) {
            self.flagged(2);
        }
        if count == 0 {
            return (f64::NAN, f64::NAN);
        }
        let brightest = (0..labels.len())
            .fold(0, |best, at| if smooth.values[at] > smooth.values[best] { at } else { best });
        if count > 1 {
            self.flagged(1);
        }
        let kept = labels[brightest];
        let inside = |place: usize| labels[place] == kept;
        let values =
            (0..labels.len()).map(|at| if inside(at) { self.image.values[at] } else { 0.0 });
        let own = Plane::new(width, height, values.collect());
        let gini = gini((0..labels.len()).filter(|&at| inside(at)).map(|at| own.values[at]));
        let m20 = m20(own);
        if gini.is_nan() || m20.is_nan() {
            self.flagged(2);
        }
        (gini, m20)
    }

    /// A square of sky: the first of 32 pixels that has no object, or of half that, and so on.
    fn sky(&self) -> Option<Sky> {
        let (width, height) = (self.image.width, self.image.height);
        // The number of object pixels above and to the left of each corner.
        let mut sums = vec![0_u32; (width + 1) * (height + 1)];
        for y in 0..height {
            let mut row = 0;
            for x in 0..width {
                row += u32::from(self.labels[y * width + x] != 0);
                sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
            }
        }
        let count = |x: usize, y: usize, size: usize| {
            let at = |x: usize, y: usize| sums[y * (width + 1) + x];
            at(x + size, y + size) + at(x, y) - at(x + size, y) - at(x, y + size)
        };
        for size in [32, 16, 8, 4, 2] {
            for y in 0..height.saturating_sub(size) {
                for x in 0..width.saturating_sub(size) {
                    if count(x, y, size) == 0 {
                        return Some(Sky::of(self.image.cut(x..x + size, y..y + size)));
                    }
                }
            }
        }
        None
    }
}

/// A square without objects.
struct Sky {
    plane: Plane,
    mean: f64,
    sigma: f64,
    /// The mean difference to the square turned by 180 degrees.
    asymmetry: f64,
}

impl Sky {
    fn of(plane: Plane) -> Self {
        let count = plane.values.len() as f64;
        let mean = plane.values.iter().sum::<f64>() / count;
        let variance = plane.values.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / count;
        let turned = plane.values.iter().rev().zip(&plane.values);
        let asymmetry = turned.map(|(a, b)| (a - b).abs()).sum::<f64>() / count;
        Self { mean, sigma: variance.sqrt(), asymmetry, plane }
    }

    /// The mean of what is brighter than its surroundings.
    fn roughness(&self, size: usize) -> f64 {
        rough(&self.plane, size).values.iter().sum::<f64>() / self.plane.values.len() as f64
    }
}

/// What is brighter than the mean of the pixels around.
fn rough(plane: &Plane, size: usize) -> Plane {
    let smooth = plane.boxcar(size);
    let above =
        plane.values.iter().zip(&smooth.values).map(|(value, mean)| (value - mean).max(0.0));
    Plane::new(plane.width, plane.height, above.collect())
}

/// Pixels that differ from their eight neighbours by more than [`OUTLIER`] standard deviations of these.
fn outliers(plane: &Plane) -> Vec<bool> {
    let (width, height) = (plane.width as i64, plane.height as i64);
    let value = |x: i64, y: i64| {
        let (x, y) = (x.clamp(0, width - 1), y.clamp(0, height - 1));
        let value = plane.values[(y * width + x) as usize];
        if value.is_nan() { 0.0 } else { value }
    };
    let is_outlier = |place: i64| {
        let (x, y) = (place % width, place / width);
        let (mut sum, mut squares) = (0.0, 0.0);
        for (dx, dy) in [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)] {
            let value = value(x + dx, y + dy);
            sum += 0.125 * value;
            squares += 0.125 * (value * value);
        }
        (value(x, y) - sum).abs() > OUTLIER * (squares - sum * sum).sqrt()
    };
    (0..width * height).map(is_outlier).collect()
}

fn gini(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.map(f64::abs).collect();
    values.sort_unstable_by(f64::total_cmp);
    let (count, sum) = (values.len() as f64, values.iter().sum::<f64>());
    if values.len() <= 1 || sum == 0.0 {
        return f64::NAN;
    }
    let ranked =
        (1..).zip(&values).map(|(rank, value)| (2.0 * f64::from(rank) - count - 1.0) * value);
    ranked.sum::<f64>() / ((count - 1.0) * sum)
}

fn m20(plane: Plane) -> f64 {
    let [sum, along, up] = plane.moments();
    if sum <= 0.0 {
        return f64::NAN;
    }
    let centre = [along / sum, up / sum];
    let moment = |plane: &Plane| {
        let [xx, _, yy] = plane.second_moments(centre);
        xx + yy
    };
    let all = moment(&plane);
    let mut sorted = plane.values.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let total: f64 = sorted.iter().sum();
    let mut below = 0.0;
    let threshold = sorted.iter().find(|&&value| {
        below += value;
        below / total >= 0.8
    });
    let Some(&threshold) = threshold else { return f64::NAN };
    let bright = plane.values.iter().map(|&it| if it >= threshold { it } else { 0.0 }).collect();
    let bright = moment(&Plane::new(plane.width, plane.height, bright));
    if bright <= 0.0 || all <= 0.0 { f64::NAN } else { (bright / all).log10() }
}
