//! Measures classical morphology one galaxy after another, for `tests/python/bench_morphology.py`.
//!
//! The arguments are a catalogue (or `real_sample`), a folder to write into, and the number of galaxies. For each galaxy
//! the picture without its sky (64-bit floats) and the map of its objects (32-bit integers) are written, and a line of
//! JSON with the measures and the seconds that they took.

use std::time::Instant;
use zoobot_core::catalog::Catalog;
use zoobot_core::classical::ClassicalMorphology;
use zoobot_core::ndarray::Array2;
use zoobot_core::picture;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [catalog, folder, count] = &arguments[..] else {
        return Err("CATALOG FOLDER COUNT".into());
    };
    let catalog = match catalog.as_str() {
        "real_sample" => Catalog::real_sample()?,
        path => Catalog::read(path)?,
    };
    let catalog = catalog.head(count.parse()?);
    for (place, (id, file)) in catalog.ids().iter().zip(catalog.files()).enumerate() {
        let picture = picture::read(file)?;
        let (width, height) = picture.dimensions();
        let grey = Array2::from_shape_fn((height as usize, width as usize), |(y, x)| {
            let pixel = picture.get_pixel(x as u32, y as u32).0;
            pixel.iter().map(|&it| f64::from(it)).sum::<f64>() / 3.0
        });
        let (image, segments) = ClassicalMorphology::segments(grey.view());
        let bytes: Vec<u8> = image.iter().flat_map(|it| it.to_le_bytes()).collect();
        std::fs::write(format!("{folder}/{place}.image"), bytes)?;
        let bytes: Vec<u8> = segments.iter().flat_map(|it| it.to_le_bytes()).collect();
        std::fs::write(format!("{folder}/{place}.segments"), bytes)?;
        let start = Instant::now();
        let found = ClassicalMorphology::of_segment(image.view(), segments.view(), 1)?;
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{}",
            serde_json::json!({
                "id_str": id, "width": width, "height": height, "seconds": seconds, "flag": found.flag,
                "gini": found.gini, "m20": found.m20, "concentration": found.concentration,
                "asymmetry": found.asymmetry, "smoothness": found.smoothness,
                "ellipticity_asymmetry": found.ellipticity, "rpetro_circ": found.petrosian_radius,
                "rpetro_ellip": found.petrosian_semi_major, "r20": found.r20, "r80": found.r80,
                "xc_asymmetry": found.x, "yc_asymmetry": found.y, "sky_sigma": found.sky_sigma,
            })
        );
    }
    Ok(())
}
