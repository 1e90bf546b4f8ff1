//! Brings bands of different scale onto one grid.

use crate::fits::Wcs;
use ndarray::Array2;
use std::borrow::Cow;
use zoobot_base::error::{Error, Result};

/// Resamples planes of flux onto the grid of the plane with the most pixels, bilinearly, so that a picture can be
/// made of them. Flux per pixel is divided by the ratio of the pixels' areas, so that surface brightness stays
/// as it is in units of the finest grid. Where the coordinates on the sky of all planes are known, they say which
/// pixels belong together; otherwise all planes show the same field.
///
/// Planes come with row 0 at the bottom. Pixels outside of a plane are undefined.
///
/// # Errors
/// [`Error::Shape`] for planes without pixels, and for planes of different shape without coordinates.
pub fn align<'a>(
    planes: &'a [Array2<f32>],
    coordinates: &[Option<Wcs>],
) -> Result<Vec<Cow<'a, Array2<f32>>>> {
    let same = planes.windows(2).all(|pair| pair[0].dim() == pair[1].dim());
    let all: Option<Vec<&Wcs>> = coordinates.iter().map(Option::as_ref).collect();
    let all = all.filter(|all| all.len() == planes.len());
    if same && all.as_ref().is_none_or(|all| all.windows(2).all(|pair| pair[0] == pair[1])) {
        return Ok(planes.iter().map(Cow::Borrowed).collect());
    }
    let sizes: Vec<_> = planes.iter().map(Array2::dim).collect();
    let Some(finest) = (0..planes.len()).max_by_key(|i| planes[*i].len()) else {
        return Ok(Vec::new());
    };
    if planes.iter().any(|plane| plane.is_empty()) {
        let problem = format!("the bands have the sizes {sizes:?} (rows, columns)");
        return Err(Error::shape(problem, "Give bands that are not empty"));
    }
    let (rows, columns) = planes[finest].dim();
    let ratio = |(a, b): (usize, usize)| a as f64 / b as f64;
    if all.is_none()
        && sizes.iter().any(|size| (ratio(*size) / ratio(sizes[finest]) - 1.0).abs() > 0.05)
    {
        let problem = format!("the bands have the sizes {sizes:?} (rows, columns)");
        let hint = "Cut all bands out of the same field, or give files with coordinates on the sky";
        return Err(Error::shape(problem, hint));
    }
    let mapped = planes.iter().enumerate().map(|(i, plane)| {
        if i == finest {
            return Cow::Borrowed(plane);
        }
        let (down, across) =
            (plane.nrows() as f64 / rows as f64, plane.ncols() as f64 / columns as f64);
        let middle = |at: usize, ratio: f64| (at as f64 + 0.5) * ratio - 0.5;
        let on_sky = all.as_ref().map(|all| (all[finest], all[i]));
        let area = match on_sky {
            Some((from, to)) => (from.pixel_scale() / to.pixel_scale()).powi(2),
            None => down * across,
        };
        let place = |x: usize, y: usize| match on_sky {
            Some((from, to)) => {
                let (ra, dec) = from.sky(x as f64, y as f64);
                to.pixel(ra, dec)
            }
            None => Some((middle(x, across), middle(y, down))),
        };
        Cow::Owned(Array2::from_shape_fn((rows, columns), |(y, x)| {
            let value = place(x, y).and_then(|(x, y)| bilinear(plane, x, y));
            value.map_or(f32::NAN, |value| (value * area) as f32)
        }))
    });
    Ok(mapped.collect())
}

/// The value of a plane between its pixels; up to half a pixel outside that of the nearest.
fn bilinear(plane: &Array2<f32>, x: f64, y: f64) -> Option<f64> {
    let (rows, columns) = plane.dim();
    let inside = |at: f64, length: usize| at > -0.5 - 1e-9 && at < length as f64 - 0.5 + 1e-9;
    if !(inside(x, columns) && inside(y, rows)) {
        return None;
    }
    let split = |at: f64, length: usize| {
        let at = at.clamp(0.0, (length - 1) as f64);
        let low = at.floor() as usize;
        (low, (low + 1).min(length - 1), at - at.floor())
    };
    let ((x0, x1, a), (y0, y1, b)) = (split(x, columns), split(y, rows));
    let value = |y: usize, x: usize, share: f64| match share {
        // A share of 0 must not spread an undefined pixel.
        0.0 => 0.0,
        share => f64::from(plane[[y, x]]) * share,
    };
    Some(
        value(y0, x0, (1.0 - a) * (1.0 - b))
            + value(y0, x1, a * (1.0 - b))
            + value(y1, x0, (1.0 - a) * b)
            + value(y1, x1, a * b),
    )
}
