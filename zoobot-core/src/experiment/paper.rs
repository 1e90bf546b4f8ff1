//! The paper's curves, for scale: Walmsley et al. (2022, MNRAS 513, 1581), figure of ring accuracy, read off
//! to ± 0.003. They come from other galaxies (9,947 rings of Galaxy Zoo DECaLS by volunteers' votes), another
//! network (EfficientNetB0) and thousands of test galaxies, so only the shape can be compared.

/// The number of unique training rings, and the mean accuracy with a frozen encoder trained on Galaxy Zoo
/// DECaLS and with a frozen encoder trained on ImageNet.
const FROZEN: [(f64, f64, f64); 11] = [
    (2.0, 0.564, 0.513),
    (5.0, 0.674, 0.521),
    (13.0, 0.734, 0.531),
    (33.0, 0.807, 0.593),
    (79.0, 0.838, 0.656),
    (197.0, 0.856, 0.713),
    (575.0, 0.865, 0.731),
    (1478.0, 0.868, 0.741),
    (3520.0, 0.870, 0.747),
    (6190.0, 0.873, 0.752),
    (6962.0, 0.872, 0.754),
];

/// The named curves, restricted to a range of the number of rings.
pub fn curves(low: f64, high: f64) -> Vec<(String, Vec<(f64, f64)>)> {
    let within = |it: &&(f64, f64, f64)| (low..=high).contains(&it.0);
    let some = || FROZEN.iter().filter(within);
    vec![
        ("paper: galaxies, frozen".to_owned(), some().map(|it| (it.0, it.1)).collect()),
        ("paper: ImageNet, frozen".to_owned(), some().map(|it| (it.0, it.2)).collect()),
    ]
}
