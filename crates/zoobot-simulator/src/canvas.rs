//! Three bands of light on a grid of pixels, before the telescope.

/// Band order everywhere in this module: g, r, z.
pub(crate) const BANDS: usize = 3;

/// A square picture of the sky: flux in each pixel, nanomaggies, in g, r and z.
#[derive(Debug, Clone)]
pub(crate) struct Canvas {
    /// Width and height in pixels.
    pub size: usize,
    /// Arcseconds per pixel.
    pub scale: f64,
    /// One plane per band, row by row from the top.
    pub bands: [Vec<f32>; BANDS],
}

/// A disc of sky to paint on, in arcsec: pixels outside it are left unchanged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Region {
    pub centre: [f64; 2],
    pub radius: f64,
}

impl Canvas {
    pub fn new(size: usize, scale: f64) -> Self {
        Self { size, scale, bands: std::array::from_fn(|_| vec![0.0; size * size]) }
    }

    /// A region that covers everything, with its finest detail at `centre`.
    pub fn everywhere(&self, centre: [f64; 2]) -> Region {
        Region { centre, radius: 2.0 * self.scale * self.size as f64 }
    }

    /// Position of a (fractional) pixel, arcsec from the picture's centre, y up.
    pub fn position(&self, column: f64, row: f64) -> (f64, f64) {
        let middle = (self.size as f64 - 1.0) / 2.0;
        ((column - middle) * self.scale, (middle - row) * self.scale)
    }

    /// The (fractional) pixel at a position.
    pub fn pixel(&self, x: f64, y: f64) -> (f64, f64) {
        let middle = (self.size as f64 - 1.0) / 2.0;
        (middle + x / self.scale, middle - y / self.scale)
    }

    /// Adds light with a surface brightness (nanomaggies per square arcsec, position in arcsec from the
    /// region's centre). Pixels near the centre are sampled finely, where profiles are steep; other pixels
    /// are sampled once per `detail` arcsec.
    pub fn paint(&mut self, region: Region, detail: f64, light: impl Fn(f64, f64) -> [f64; BANDS]) {
        let Region { centre: [cx, cy], radius } = region;
        let coarse = (self.scale / detail).ceil().clamp(1.0, 8.0) as usize;
        let (left, top) = self.pixel(cx - radius, cy + radius);
        let (right, bottom) = self.pixel(cx + radius, cy - radius);
        for row in self.span(top, bottom) {
            for column in self.span(left, right) {
                let (x, y) = self.position(column as f64, row as f64);
                let (x, y) = (x - cx, y - cy);
                let distance = (x * x + y * y).sqrt() / self.scale;
                let samples = match distance {
                    d if d < 1.5 => 9,
                    d if d < 4.0 => 4,
                    d if d < 8.0 => 2,
                    _ => 1,
                }
                .max(coarse);
                let mut sum = [0.0; BANDS];
                for j in 0..samples {
                    for i in 0..samples {
                        let offset =
                            |k: usize| ((k as f64 + 0.5) / samples as f64 - 0.5) * self.scale;
                        let sample = light(x + offset(i), y + offset(j));
                        sum.iter_mut().zip(sample).for_each(|(s, v)| *s += v);
                    }
                }
                let area = self.scale * self.scale / (samples * samples) as f64;
                for (band, sum) in self.bands.iter_mut().zip(sum) {
                    band[row * self.size + column] += (sum * area) as f32;
                }
            }
        }
    }

    /// Multiplies the light by a factor that depends on position (arcsec from `centre`): foreground
    /// absorption.
    pub fn dim(&mut self, centre: [f64; 2], factor: impl Fn(f64, f64) -> [f64; BANDS]) {
        for at in 0..self.size * self.size {
            let (x, y) = self.position((at % self.size) as f64, (at / self.size) as f64);
            let factor = factor(x - centre[0], y - centre[1]);
            for (band, factor) in self.bands.iter_mut().zip(factor) {
                band[at] *= factor as f32;
            }
        }
    }

    /// Adds a round Gaussian of a given flux; `sigma` in arcsec.
    pub fn blob(&mut self, centre: [f64; 2], sigma: f64, flux: [f64; BANDS]) {
        // A Gaussian narrower than a pixel is widened to what a pixel can represent.
        let sigma = sigma.max(0.45 * self.scale);
        let peak = 1.0 / (std::f64::consts::TAU * sigma * sigma);
        let region = Region { centre, radius: 3.5 * sigma };
        self.paint(region, sigma, |x, y| {
            let density = peak * (-0.5 * (x * x + y * y) / (sigma * sigma)).exp();
            flux.map(|f| f * density)
        });
    }

    /// Adds a point's flux to the four pixels around it.
    pub fn dot(&mut self, x: f64, y: f64, flux: [f64; BANDS]) {
        let (column, row) = self.pixel(x, y);
        let (c0, r0) = (column.floor(), row.floor());
        let (fc, fr) = (column - c0, row - r0);
        for (dc, wc) in [(0.0, 1.0 - fc), (1.0, fc)] {
            for (dr, wr) in [(0.0, 1.0 - fr), (1.0, fr)] {
                let (c, r) = (c0 + dc, r0 + dr);
                let last = self.size as f64 - 1.0;
                if (0.0..=last).contains(&c) && (0.0..=last).contains(&r) {
                    let at = r as usize * self.size + c as usize;
                    for (band, f) in self.bands.iter_mut().zip(flux) {
                        band[at] += (f * wc * wr) as f32;
                    }
                }
            }
        }
    }

    /// Adds another canvas of the same size.
    pub fn add(&mut self, other: &Self) {
        for (band, more) in self.bands.iter_mut().zip(&other.bands) {
            band.iter_mut().zip(more).for_each(|(a, b)| *a += b);
        }
    }

    /// The flux of a band within the picture, in nanomaggies.
    pub fn flux(&self, band: usize) -> f64 {
        self.bands[band].iter().map(|&v| f64::from(v)).sum()
    }

    /// The radius of the circle around a position that contains half of a band's flux in the picture, in
    /// arcsec; `None` without any light.
    pub fn half_light_radius(&self, band: usize, centre: [f64; 2]) -> Option<f64> {
        let total = self.flux(band);
        if total <= 0.0 {
            return None;
        }
        // The flux in circles a quarter of a pixel apart, with each pixel counted at its centre.
        let step = self.scale / 4.0;
        let mut rings = vec![0.0; 8 * self.size];
        for (at, &flux) in self.bands[band].iter().enumerate() {
            let (x, y) = self.position((at % self.size) as f64, (at / self.size) as f64);
            let (x, y) = (x - centre[0], y - centre[1]);
            let ring = ((x * x + y * y).sqrt() / step) as usize;
            if let Some(ring) = rings.get_mut(ring) {
                *ring += f64::from(flux);
            }
        }
        let mut inside = 0.0;
        for (k, ring) in rings.iter().enumerate() {
            if *ring > 0.0 && inside + ring >= total / 2.0 {
                return Some(step * (k as f64 + (total / 2.0 - inside) / ring));
            }
            inside += ring;
        }
        None
    }

    /// The axis ratio (minor over major) of a band's light, from its second moments.
    pub fn axis_ratio(&self, band: usize) -> f64 {
        let (mut flux, mut x1, mut y1, mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        for (at, &value) in self.bands[band].iter().enumerate() {
            let (x, y) = self.position((at % self.size) as f64, (at / self.size) as f64);
            let value = f64::from(value);
            flux += value;
            x1 += value * x;
            y1 += value * y;
            xx += value * x * x;
            yy += value * y * y;
            xy += value * x * y;
        }
        let (x1, y1) = (x1 / flux, y1 / flux);
        let (xx, yy, xy) = (xx / flux - x1 * x1, yy / flux - y1 * y1, xy / flux - x1 * y1);
        let (half, root) = ((xx + yy) / 2.0, ((xx - yy) / 2.0).hypot(xy));
        ((half - root).max(0.0) / (half + root)).sqrt()
    }

    /// The pixels between two fractional pixel positions, within the picture.
    fn span(&self, from: f64, to: f64) -> std::ops::Range<usize> {
        let end = self.size as f64;
        let from = from.floor().clamp(0.0, end) as usize;
        from..((to.ceil() + 1.0).clamp(0.0, end) as usize).max(from)
    }
}
