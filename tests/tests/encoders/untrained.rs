//! Random weights.

use zoobot_core::encoder::{Architecture, Encoder};
use zoobot_core::picture::Recipe;

#[test]
fn a_seed_alone_decides_random_weights_whatever_else_is_drawn_meanwhile() {
    let print = |seed: u64| {
        let architecture = Architecture::named("convnext_atto").unwrap();
        let encoder = Encoder::untrained(architecture, Recipe::zoobot(), seed).unwrap();
        encoder.fingerprint().to_owned()
    };
    let [first, second] = [1, 2].map(print);
    assert_ne!(first, second);
    std::thread::scope(|scope| {
        let drawn: Vec<_> =
            (0..12).map(|it| scope.spawn(move || (it % 2, print(1 + it % 2)))).collect();
        for thread in drawn {
            let (which, drawn) = thread.join().unwrap();
            assert_eq!(drawn, [&first, &second][which as usize].as_str());
        }
    });
}
