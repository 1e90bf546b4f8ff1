use super::draw::Rectangle;
use super::*;
use tch::Device;

const CPU: (Kind, Device) = (Kind::Float, Device::Cpu);

fn still() -> Draw {
    Draw {
        angle: 0.0,
        shift: [0.0; 2],
        scale: 1.0,
        shear: [0.0; 2],
        part: [0.0, 0.0, 1.0, 1.0],
        mirrored: false,
        upside_down: false,
        boxes: Vec::new(),
    }
}

fn view(batch: &Tensor, draw: Draw) -> Vec<f32> {
    let size = batch.size()[3];
    Vec::try_from(resample(batch, &[draw], size).unwrap().contiguous().view(-1)).unwrap()
}

fn near(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 2e-4, "{found:?}");
    }
}

/// ```python
/// from torchvision.transforms.functional import _get_inverse_affine_matrix as inverse
/// for angle, t, scale, shear in [(30, (.1, -.05), 1.3, [10., 5.]), (-75, (0, .1), 1.2, [20., 0.]),
///                                (0, (0, 0), 1.4, [0., 15.]), (90, (-.1, 0), 1., [0., 0.])]:
///     print(inverse([0., 0.], angle, [2 * t[0], 2 * t[1]], scale, shear))
/// ```
#[test]
fn maps_are_torchvisions_inverse_affine_matrices() {
    let cases = [
        (
            Draw { angle: 30.0, shift: [0.1, -0.05], scale: 1.3, shear: [10.0, 5.0], ..still() },
            [0.608632116, 0.508013039, -0.070925119, -0.326332765, 0.699822873, 0.13524884],
        ),
        (
            Draw { angle: -75.0, shift: [0.0, 0.1], scale: 1.2, shear: [20.0, 0.0], ..still() },
            [0.508656079, -0.726436165, 0.145287233, 0.804938189, 0.215682538, -0.043136508],
        ),
        (
            Draw { scale: 1.4, shear: [0.0, 15.0], ..still() },
            [0.714285714, 0.0, 0.0, 0.19139228, 0.714285714, 0.0],
        ),
        (Draw { angle: 90.0, shift: [-0.1, 0.0], ..still() }, [0.0, 1.0, 0.0, -1.0, 0.0, -0.2]),
    ];
    for (draw, expected) in cases {
        for (a, b) in draw.map().iter().zip(expected) {
            assert!((a - b).abs() < 1e-8, "{draw:?}: {:?}", draw.map());
        }
    }
}

/// ```python
/// x = torch.arange(25.).reshape(1, 1, 5, 5)
/// F.affine(x, angle=30., translate=[1, -1], scale=1.3, shear=[10., 5.],
///          interpolation=F.InterpolationMode.BILINEAR)
/// ```
#[test]
fn pixels_are_torchvisions_inside_the_picture() {
    let x = Tensor::arange(25, CPU).view([1, 1, 5, 5]);
    let shift = [0.2, -0.2];
    let found = view(&x, Draw { angle: 30.0, shift, scale: 1.3, shear: [10.0, 5.0], ..still() });
    // The rows that torchvision's own border handling does not affect.
    let expected = [
        9.0159, 7.99287, 6.96984, 15.06909, 14.04606, 13.02303, 12.0, 10.97697, 19.07622, 18.05319,
        17.03016, 16.00713, 14.98409,
    ];
    near(&found[2..15], &expected);
}

#[test]
fn turns_and_mirrors_go_the_way_they_say() {
    let x = Tensor::from_slice(&[1.0_f32, 2.0, 3.0, 4.0]).view([1, 1, 2, 2]);
    near(&view(&x, still()), &[1.0, 2.0, 3.0, 4.0]);
    near(&view(&x, Draw { angle: 90.0, ..still() }), &[3.0, 1.0, 4.0, 2.0]);
    near(&view(&x, Draw { mirrored: true, ..still() }), &[2.0, 1.0, 4.0, 3.0]);
    near(&view(&x, Draw { upside_down: true, ..still() }), &[3.0, 4.0, 1.0, 2.0]);
    // One pixel to the right: black comes in from the left.
    near(&view(&x, Draw { shift: [0.5, 0.0], ..still() }), &[0.0, 1.0, 0.0, 3.0]);
    // The right half of a picture fills the frame.
    let wide = Tensor::arange(16, CPU).view([1, 1, 4, 4]);
    let half = view(&wide, Draw { part: [0.5, 0.0, 0.5, 1.0], ..still() });
    assert!(half.chunks(4).all(|row| row[1] > row[0] && row[0] >= 1.5 && row[3] - row[0] < 2.0));
}

#[test]
fn at_a_scale_of_the_zoom_a_view_is_what_inference_sees() {
    use image::{Rgb, RgbImage};
    let blob =
        |x: f64, y: f64| 200.0 * (-((x - 140.0).powi(2) + (y - 170.0).powi(2)) / 3000.0).exp();
    let picture = RgbImage::from_fn(300, 300, |x, y| {
        let value = blob(f64::from(x), f64::from(y));
        Rgb([value as u8, (value / 2.0) as u8, 30])
    });
    for recipe in [Recipe::zoobot(), Recipe::imagenet_lite()] {
        let augment = Augment::none().rotation(1e-9);
        let source = augment.source(&recipe);
        assert_eq!((source.zoom, source.size), (1.0, 269));
        let batch = source.batch(&[source.prepare(&picture).unwrap()], Device::Cpu).unwrap();
        let found = augment.apply(&batch, &recipe, 1).unwrap();
        let expected = recipe.batch(&[recipe.prepare(&picture).unwrap()], Device::Cpu).unwrap();
        let off = (found - &expected).abs() * f64::from(recipe.std[0]);
        assert!(off.mean(Kind::Float).double_value(&[]) < 1.0 / 255.0);
        assert!(off.max().double_value(&[]) < 3.0 / 255.0);
    }
}

#[test]
fn a_seed_gives_the_same_views_and_another_seed_others() {
    let recipe = Recipe::zoobot();
    let augment = Augment::zoobot();
    let batch = Tensor::rand([3, 3, 269, 269], CPU);
    let views = |seed| augment.apply(&batch, &recipe, seed).unwrap();
    assert!(views(7).equal(&views(7)));
    assert!(!views(7).equal(&views(8)));
    assert!(!views(7).get(0).equal(&views(7).get(1)));
    assert_eq!(views(7).size(), [3, 3, 224, 224]);
}

#[test]
fn none_changes_nothing() {
    let recipe = Recipe::zoobot();
    assert_eq!(Augment::none().source(&recipe), recipe);
    let batch = Tensor::rand([2, 3, 224, 224], CPU);
    assert!(Augment::none().apply(&batch, &recipe, 1).unwrap().equal(&batch));
}

fn draws(augment: &Augment, n: usize) -> Vec<Draw> {
    let mut rng = StdRng::seed_from_u64(1);
    (0..n).map(|_| Draw::new(augment, &Recipe::zoobot(), &mut rng)).collect()
}

/// Mean, smallest and largest.
fn spread(values: impl Iterator<Item = f64> + Clone) -> (f64, f64, f64) {
    let (n, sum) = values.clone().fold((0.0, 0.0), |(n, sum), value| (n + 1.0, sum + value));
    let low = values.clone().fold(f64::MAX, f64::min);
    (sum / n, low, values.fold(f64::MIN, f64::max))
}

#[test]
fn parameters_fill_their_ranges_evenly() {
    let all = draws(&Augment::zoobot(), 20_000);
    let check = |(mean, low, high): (f64, f64, f64), from: f64, to: f64| {
        let width = to - from;
        assert!(low >= from && high <= to, "{low} to {high}");
        assert!(low < from + 0.01 * width && high > to - 0.01 * width, "{low} to {high}");
        // Tolerance: five standard errors of a uniform distribution.
        assert!((mean - (from + to) / 2.0).abs() < 5.0 * width / (12.0 * 20_000.0_f64).sqrt());
    };
    check(spread(all.iter().map(|draw| draw.angle)), -90.0, 90.0);
    check(spread(all.iter().map(|draw| draw.shift[0])), -0.1, 0.1);
    check(spread(all.iter().map(|draw| draw.shift[1])), -0.1, 0.1);
    check(spread(all.iter().map(|draw| draw.scale)), 1.2, 1.4);
    check(spread(all.iter().map(|draw| draw.shear[0])), 0.0, 20.0);
    check(spread(all.iter().map(|draw| draw.shear[1])), 0.0, 20.0);
    for flip in [|draw: &Draw| draw.mirrored, |draw: &Draw| draw.upside_down] {
        let share = all.iter().filter(|draw| flip(draw)).count() as f64 / 20_000.0;
        assert!((share - 0.5).abs() < 5.0 * 0.5 / 20_000.0_f64.sqrt(), "{share}");
    }
    let classic = draws(&Augment::classic(), 20_000);
    check(spread(classic.iter().map(|draw| draw.angle)), -180.0, 180.0);
    check(spread(classic.iter().map(|draw| draw.part[2] * draw.part[3])), 0.7, 0.8);
    assert!(classic.iter().all(|d| !d.mirrored && d.scale == 1.0 && d.boxes.is_empty()));
    assert!(classic.iter().all(|d| d.part[0] + d.part[2] <= 1.0 && d.part[1] + d.part[3] <= 1.0));
    let ratios = spread(classic.iter().map(|draw| draw.part[2] / draw.part[3]));
    assert!(ratios.1 >= 0.899_999 && ratios.2 <= 1.100_001, "{ratios:?}");
}

/// ```python
/// torch.manual_seed(0)  # 20,000 times
/// i, j, h, w, _ = RandomErasing.get_params(torch.zeros(3, 224, 224), (.002, .007), (.5, 2.), [0.])
/// # means of i, j, h, w: 104.57 104.56 15.11 15.11; standard deviations: 60.60 60.57 3.96 3.98;
/// # mean of h * w / 224**2: 0.004494
/// ```
#[test]
fn rectangles_are_distributed_as_torchvisions() {
    let all: Vec<Rectangle> =
        draws(&Augment::zoobot(), 4_000).into_iter().flat_map(|draw| draw.boxes).collect();
    assert_eq!(all.len(), 20_000);
    let of = |field: fn(&Rectangle) -> usize, mean: f64, deviation: f64| {
        let values: Vec<f64> = all.iter().map(|rectangle| field(rectangle) as f64).collect();
        let found = values.iter().sum::<f64>() / 20_000.0;
        let squares: f64 = values.iter().map(|value| (value - found).powi(2)).sum();
        // Both are samples: the tolerance is six standard errors of their difference.
        assert!((found - mean).abs() < 6.0 * deviation * (2.0 / 20_000.0_f64).sqrt(), "{found}");
        assert!(((squares / 20_000.0).sqrt() / deviation - 1.0).abs() < 0.03, "{found}");
    };
    of(|b| b.y, 104.57, 60.60);
    of(|b| b.x, 104.56, 60.57);
    of(|b| b.height, 15.11, 3.96);
    of(|b| b.width, 15.11, 3.98);
    let area = all.iter().map(|b| (b.width * b.height) as f64).sum::<f64>() / 20_000.0;
    assert!((area / f64::from(224 * 224) - 0.004_494).abs() < 0.000_06, "{area}");
}

#[test]
fn rectangles_and_outside_are_black_whatever_the_recipes_mean() {
    let recipe = Recipe::imagenet_lite();
    let white = Tensor::ones([4, 3, 64, 64], CPU);
    let erasing = Some(Erasing { count: 3, area: (0.01, 0.02), ratio: (0.5, 2.0) });
    let augment = Augment::none().erasing(erasing);
    let augment = Augment { scale: Some((1.0, 1.0)), ..augment };
    let views = augment.apply(&white, &recipe, 3).unwrap();
    let black =
        views.eq(-1.0).to_kind(Kind::Float).mean_dim([1, 2, 3].as_slice(), false, Kind::Float);
    let share = Vec::<f32>::try_from(black).unwrap();
    assert!(share.iter().all(|share| (0.009..0.062).contains(share)), "{share:?}");
    let turned = Augment::none().rotation(45.0).scale(1.0, 1.0).apply(&white, &recipe, 3).unwrap();
    assert!(turned.min().double_value(&[]) >= -1.0001);
    assert!((turned.get(0).get(0).get(0).get(0).double_value(&[]) + 1.0).abs() < 1e-6);
}

#[test]
fn grey_pictures_and_half_precision_are_taken() {
    let recipe = Recipe::zoobot().grey(super::super::Grey::Mean);
    let batch = Tensor::rand([2, 1, 100, 100], CPU);
    let views = Augment::zoobot().apply(&batch, &recipe, 1).unwrap();
    assert_eq!((views.size(), views.kind()), (vec![2, 1, 224, 224], Kind::Float));
    let double = Augment::zoobot().apply(&batch.to_kind(Kind::Double), &recipe, 1).unwrap();
    assert_eq!(double.kind(), Kind::Double);
}

#[test]
fn what_is_out_of_range_is_named() {
    let recipe = Recipe::zoobot();
    let message = |augment: Augment, shape: &[i64]| {
        augment.apply(&Tensor::zeros(shape, CPU), &recipe, 1).unwrap_err().to_string()
    };
    let good = [1, 3, 9, 9];
    assert!(
        message(Augment::zoobot().rotation(200.0), &good)
            .contains("rotation must be between 0 and 180, but it is 200")
    );
    assert!(message(Augment::zoobot().translation(f64::NAN), &good).contains("but it is NaN"));
    assert!(message(Augment::zoobot().scale(1.4, 1.2), &good).contains("the smaller number first"));
    assert!(message(Augment::zoobot().flips(0.5, 2.0), &good).starts_with("flip_vertical must be"));
    assert!(message(Augment::zoobot(), &[1, 1, 9, 9]).contains("pictures x 3 x side x side"));
    assert!(message(Augment::zoobot(), &[1, 3, 9, 8]).contains("[1, 3, 9, 8]"));
    assert!(message(Augment::zoobot(), &[3, 9, 9]).contains("[3, 9, 9]"));
}

#[test]
fn it_survives_json() {
    for augment in [Augment::zoobot(), Augment::classic(), Augment::none()] {
        let text = serde_json::to_string(&augment).unwrap();
        assert_eq!(serde_json::from_str::<Augment>(&text).unwrap(), augment);
    }
}
