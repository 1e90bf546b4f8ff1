//! A picture of one band as numbers, and the filters that measures need.

use ndarray::ArrayView2;

/// A picture of one band in double precision, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    pub width: usize,
    pub height: usize,
    pub values: Vec<f64>,
}

impl Plane {
    pub fn new(width: usize, height: usize, values: Vec<f64>) -> Self {
        Self { width, height, values }
    }

    /// From an array of rows.
    pub fn of(array: ArrayView2<f64>) -> Self {
        let (height, width) = array.dim();
        Self { width, height, values: array.iter().copied().collect() }
    }

    /// A part of the picture.
    pub fn cut(&self, x: std::ops::Range<usize>, y: std::ops::Range<usize>) -> Self {
        let rows = y.clone().flat_map(|row| {
            let start = row * self.width;
            self.values[start + x.start..start + x.end].iter().copied()
        });
        let values = rows.collect();
        Self { width: x.len(), height: y.len(), values }
    }

    /// Filters rows, then columns, with a kernel that begins `before` pixels before its own; `at` says which pixel
    /// stands for a place beyond the edge, and `None` means 0.
    fn filtered(
        &self,
        kernel: &[f64],
        before: usize,
        at: impl Fn(i64, usize) -> Option<usize> + Copy,
    ) -> Self {
        let across = |values: &[f64], width: usize, height: usize| -> Vec<f64> {
            // The result is turned over, so that the second pass runs along rows, too.
            let mut turned = vec![0.0; values.len()];
            let mut padded = vec![0.0; width + kernel.len()];
            for row in 0..height {
                let line = &values[row * width..(row + 1) * width];
                for (place, value) in padded.iter_mut().enumerate() {
                    let from = at(place as i64 - before as i64, width);
                    *value = from.map_or(0.0, |from| line[from]);
                }
                for column in 0..width {
                    let window = &padded[column..column + kernel.len()];
                    let sum: f64 =
                        window.iter().zip(kernel).map(|(value, weight)| value * weight).sum();
                    turned[column * height + row] = sum;
                }
            }
            turned
        };
        let once = across(&self.values, self.width, self.height);
        let values = across(&once, self.height, self.width);
        Self { width: self.width, height: self.height, values }
    }

    /// Smoothed by a Gaussian of this many pixels, cut off at four of them; 0 beyond the edge.
    pub fn gaussian(&self, sigma: f64) -> Self {
        let reach = (4.0 * sigma + 0.5) as usize;
        let weight = |place: usize| (-0.5 * ((place as f64 - reach as f64) / sigma).powi(2)).exp();
        let kernel: Vec<f64> = (0..=2 * reach).map(weight).collect();
        let sum: f64 = kernel.iter().sum();
        let kernel: Vec<f64> = kernel.iter().map(|it| it / sum).collect();
        self.filtered(&kernel, reach, |place, width| {
            usize::try_from(place).ok().filter(|&it| it < width)
        })
    }

    /// The mean of a square of `size` pixels around each pixel; the picture is mirrored at its edges.
    pub fn boxcar(&self, size: usize) -> Self {
        let kernel = vec![1.0 / size as f64; size];
        self.filtered(&kernel, size / 2, |place, width| {
            let place = place.rem_euclid(2 * width as i64) as usize;
            Some(if place < width { place } else { 2 * width - 1 - place })
        })
    }

    /// The raw moments of the picture: its sum, and the sums with x and y.
    pub fn moments(&self) -> [f64; 3] {
        let mut sums = [0.0; 3];
        for (row, line) in self.values.chunks_exact(self.width.max(1)).enumerate() {
            for (column, value) in line.iter().enumerate() {
                sums[0] += value;
                sums[1] += column as f64 * value;
                sums[2] += row as f64 * value;
            }
        }
        sums
    }

    /// The second moments around a centre: xx, xy and yy.
    pub fn second_moments(&self, [x, y]: [f64; 2]) -> [f64; 3] {
        let mut sums = [0.0; 3];
        for (row, line) in self.values.chunks_exact(self.width.max(1)).enumerate() {
            let dy = row as f64 - y;
            for (column, value) in line.iter().enumerate() {
                let dx = column as f64 - x;
                sums[0] += dx * dx * value;
                sums[1] += dx * dy * value;
                sums[2] += dy * dy * value;
            }
        }
        sums
    }
}

/// Numbers connected regions of pixels (also across corners) from 1; 0 is outside.
pub fn regions(width: usize, height: usize, inside: impl Fn(usize) -> bool) -> (Vec<u32>, u32) {
    let mut labels = vec![0_u32; width * height];
    let mut count = 0;
    let mut open = Vec::new();
    for start in 0..labels.len() {
        if labels[start] != 0 || !inside(start) {
            continue;
        }
        count += 1;
        labels[start] = count;
        open.push(start);
        while let Some(place) = open.pop() {
            let (x, y) = (place % width, place / width);
            for row in y.saturating_sub(1)..(y + 2).min(height) {
                for column in x.saturating_sub(1)..(x + 2).min(width) {
                    let next = row * width + column;
                    if labels[next] == 0 && inside(next) {
                        labels[next] = count;
                        open.push(next);
                    }
                }
            }
        }
    }
    (labels, count)
}
