use super::*;
use ndarray::{Array2, array};
use std::collections::HashSet;
use tch::{Kind, Tensor};
use zoobot_data::schema::{Schema, Votes};

fn dr5() -> Schema {
    Schema::named("decals_dr5").unwrap()
}

/// Reproducible inputs: votes (7i+13j+ij) mod 11 and concentrations 1 + (31i+17j) mod 97 for galaxy i and
/// answer j.
fn formula(batch: i64) -> (Tensor, Tensor) {
    let i = Tensor::arange(batch, (Kind::Double, tch::Device::Cpu)).view([-1, 1]);
    let j = Tensor::arange(34, (Kind::Double, tch::Device::Cpu)).view([1, -1]);
    let votes = (&i * 7.0 + &j * 13.0 + &i * &j).remainder(11.0);
    (votes, (&i * 31.0 + &j * 17.0).remainder(97.0) + 1.0)
}

fn gradient(loss: &VoteLoss, alpha: &Tensor, votes: &Tensor) -> (f64, Tensor) {
    let alpha = alpha.detach().copy().set_requires_grad(true);
    let value = loss.of(&alpha, votes).unwrap();
    value.backward();
    (value.double_value(&[]), alpha.grad())
}

#[test]
fn golden_losses_and_gradients_of_votes_agree_with_torch() {
    let Some(folder) = zoobot_testing::folder("loss") else { return };
    let text = std::fs::read_to_string(folder.join("loss.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&text).unwrap();
    let read = |name: &str| Tensor::read_npy(folder.join(name)).unwrap();
    let (alpha32, votes) = (read("concentrations.npy"), read("votes.npy"));
    let (expected, slopes) = (read("nll_per_question.npy"), read("grad_concentrations.npy"));
    let alpha = alpha32.to_kind(Kind::Double);
    let loss = VoteLoss::new(&dr5());
    let check = |name: &str, got: &Tensor, expected: &Tensor, relative: f64, absolute: f64| {
        let over = (got - expected).abs() - (expected.abs() * relative + absolute);
        assert!(over.max().double_value(&[]) <= 0.0, "{name} is off by {over:?}");
    };
    // The single pass on the CPU, and the tensor operations that a GPU uses.
    check("values", &loss.each(&alpha, &votes).unwrap(), &expected, 1e-9, 1e-9);
    check("values", &loss.tensor_losses(&alpha, &votes).unwrap(), &expected, 1e-9, 1e-8);
    let (value, got) = gradient(&loss, &alpha, &votes);
    check("gradient", &(got * 64.0), &slopes, 1e-9, 1e-9);
    let mean = record["mean_over_batch_of_sum_over_questions"].as_f64().unwrap();
    assert!((value - mean).abs() < 1e-9 * mean);
    let (value, _) = gradient(&loss.clone().reduction(Reduction::Questions), &alpha, &votes);
    let mean = record["mean_over_batch_and_questions"].as_f64().unwrap();
    assert!((value - mean).abs() < 1e-9 * mean);
    // Float32 inputs lose no precision inside: even rows with huge votes agree.
    check("values", &loss.each(&alpha32, &votes).unwrap(), &expected, 1e-9, 1e-9);
    let (_, got) = gradient(&loss, &alpha32, &votes);
    check("gradient", &(got.to_kind(Kind::Double) * 64.0), &slopes, 1e-5, 1e-6);
    let unasked = expected.eq(0.0).sum(Kind::Int64).int64_value(&[]);
    let ours = loss.each(&alpha, &votes).unwrap().eq(0.0).sum(Kind::Int64).int64_value(&[]);
    assert!(unasked > 0 && ours == unasked);
}

/// The values of `check_loss_f64` and `check_grad_abs_sum_f64` were computed by torch from this formula.
#[test]
fn the_loss_of_a_formula_is_what_torch_computes() {
    let (votes, alpha) = formula(512);
    let (value, slope) = gradient(&VoteLoss::new(&dr5()), &alpha, &votes);
    assert!((value - 91.887_238_767_495_5).abs() < 1e-10, "{value}");
    let sum = slope.abs().sum(Kind::Double).double_value(&[]);
    assert!((sum - 4.550_122_285_857_142).abs() < 1e-12, "{sum}");
}

#[test]
fn both_ways_of_computing_have_the_same_gradient() {
    let (votes, alpha) = formula(40);
    // From no votes to counts where logarithms replace the product of factors.
    let votes = &votes * Tensor::arange(40, (Kind::Double, tch::Device::Cpu)).view([-1, 1]);
    let loss = VoteLoss::new(&dr5());
    let (_, ours) = gradient(&loss, &alpha, &votes);
    let alpha = alpha.set_requires_grad(true);
    (loss.tensor_losses(&alpha, &votes).unwrap().sum(Kind::Double) / 40.0).backward();
    assert!((ours - alpha.grad()).abs().max().double_value(&[]) < 1e-12);
}

#[test]
fn questions_that_nobody_was_asked_cost_nothing_and_move_nothing() {
    let votes = Tensor::zeros([3, 34], (Kind::Float, tch::Device::Cpu));
    votes.get(1).slice(0, 0, 3, 1).copy_(&Tensor::from_slice(&[3.0f32, 9.0, 1.0]));
    let alpha = Tensor::full([3, 34], 7.5, (Kind::Float, tch::Device::Cpu));
    let loss = VoteLoss::new(&dr5());
    let each = loss.each(&alpha, &votes).unwrap();
    assert_eq!(each.not_equal(0.0).sum(Kind::Int64).int64_value(&[]), 1);
    let (_, slope) = gradient(&loss, &alpha, &votes);
    assert_eq!(slope.not_equal(0.0).sum(Kind::Int64).int64_value(&[]), 3);
    let none = Tensor::zeros([3, 34], (Kind::Float, tch::Device::Cpu));
    let (value, slope) = gradient(&loss, &alpha, &none);
    assert_eq!((value, slope.abs().sum(Kind::Double).double_value(&[])), (0.0, 0.0));
    let on_gpu = loss.tensor_losses(&alpha, &none).unwrap();
    assert_eq!(on_gpu.abs().sum(Kind::Double).double_value(&[]), 0.0);
}

#[test]
fn whole_votes_of_any_kind_and_huge_concentrations_are_taken() {
    let loss = VoteLoss::new(&Schema::named("gz_rings").unwrap());
    let alpha = Tensor::from_slice2(&[[1e200, 1e200f64]]);
    let value = loss.of(&alpha, &Tensor::from_slice2(&[[24i64, 0]])).unwrap().double_value(&[]);
    assert!(value.is_finite(), "{value}");
    // An almost certainly fair coin: 20 of 20 has a probability just above 2^-20.
    let fair = Tensor::from_slice2(&[[1e6, 1e6f64]]);
    let value = loss.of(&fair, &Tensor::from_slice2(&[[20u8, 0]])).unwrap().double_value(&[]);
    assert!((value - 20.0 * 2f64.ln() + 9.5e-5).abs() < 1e-6, "{value}");
}

#[test]
fn dropout_leaves_out_its_share_and_keeps_the_mean() {
    let store = tch::nn::VarStore::new(tch::Device::Cpu);
    let head = HeadConfig::numbers(1).dropout(0.3).build(&store.root(), 1, 0).unwrap();
    tch::no_grad(|| {
        let _ = store.variables()["weight"].shallow_clone().fill_(1.0);
        let _ = store.variables()["bias"].shallow_clone().fill_(0.0);
    });
    let ones = Tensor::ones([20_000, 1], (Kind::Float, tch::Device::Cpu));
    let out = head.forward(&ones, Some(1)).unwrap();
    let gone = out.eq(0.0).to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
    assert!((gone - 0.3).abs() < 0.015, "{gone}");
    assert!((out.mean(Kind::Double).double_value(&[]) - 1.0).abs() < 0.02);
}

#[test]
fn other_shapes_are_refused() {
    let loss = VoteLoss::new(&dr5());
    let zeros = |shape: &[i64]| Tensor::zeros(shape, (Kind::Float, tch::Device::Cpu));
    let message = |alpha: &[i64], votes: &[i64]| {
        loss.of(&zeros(alpha), &zeros(votes)).unwrap_err().to_string()
    };
    assert!(message(&[2, 33], &[2, 33]).contains("[galaxies, 34]"));
    assert!(message(&[2, 34], &[3, 34]).contains("[3, 34], but the concentrations [2, 34]"));
    assert!(message(&[0, 34], &[0, 34]).contains("at least one galaxy"));
    let whole = zeros(&[2, 34]).to_kind(Kind::Int64);
    assert!(loss.of(&whole, &zeros(&[2, 34])).unwrap_err().to_string().contains("float"));
}

#[test]
fn the_cross_entropy_is_minus_the_logarithm_of_the_class_probability() {
    let scores = Tensor::from_slice2(&[[0.0, 3f64.ln()], [0.0, 0.0]]);
    let loss = Loss::classes().of(&scores, &Tensor::from_slice(&[1i64, 0])).unwrap();
    let expected = -(0.75f64.ln() + 0.5f64.ln()) / 2.0;
    assert!((loss.double_value(&[]) - expected).abs() < 1e-12);
    let weighted = Loss::Classes { smoothing: 0.0, weights: vec![1.0, 3.0] };
    let loss = weighted.of(&scores, &Tensor::from_slice(&[1i64, 0])).unwrap();
    let expected = -(3.0 * 0.75f64.ln() + 0.5f64.ln()) / 4.0;
    assert!((loss.double_value(&[]) - expected).abs() < 1e-7);
    let message = |classes: &[i64]| {
        Loss::classes().of(&scores, &Tensor::from_slice(classes)).unwrap_err().to_string()
    };
    assert!(message(&[0, 2]).contains("no class 2 among 2"));
    assert!(message(&[-1, 0]).contains("no class -1"));
    assert!(message(&[0]).contains("[1] for scores [2, 2]"));
}

#[test]
fn numbers_are_compared_by_their_squares_or_by_their_size() {
    let (a, b) = (Tensor::from_slice(&[1.0, 2.0]), Tensor::from_slice(&[1.0, 5.0]));
    let of = |distance| Loss::Numbers(distance).of(&a, &b).unwrap().double_value(&[]);
    assert_eq!((of(Distance::Squared), of(Distance::Absolute)), (4.5, 1.5));
    for &distance in Distance::all() {
        let apart: f64 = of(distance);
        let zero = Loss::Numbers(distance).of(&a, &a).unwrap().double_value(&[]);
        assert!(apart > 0.0 && zero == 0.0, "{distance}");
    }
    let message = Loss::Numbers(Distance::Squared).of(&a, &b.view([2, 1])).unwrap_err();
    assert!(message.to_string().contains("[2, 1], and the predictions [2]"));
}

#[test]
fn distances_have_unique_names_and_are_found_by_them() {
    let names: HashSet<&str> = Distance::all().iter().map(|it| it.name()).collect();
    assert_eq!(names.len(), Distance::all().len());
    for &distance in Distance::all() {
        assert_eq!(distance.to_string().parse::<Distance>().unwrap(), distance);
        assert!(!distance.about().is_empty());
    }
    let error = Distance::named("squarred").unwrap_err().to_string();
    assert!(error.contains("Did you mean \"squared\"?"), "{error}");
    let text = serde_json::to_string(&Distance::Absolute).unwrap();
    assert_eq!(text, "\"absolute\"");
}

#[test]
fn figures_of_numbers_are_in_their_own_unit() {
    let (outputs, targets) = (Tensor::from_slice(&[0.0, 1.0]), Tensor::from_slice(&[10.0, 15.0]));
    let figures = Loss::Numbers(Distance::Squared).figures(&outputs, &targets, (10.0, 2.0));
    // The predictions are 10 and 12.
    assert_eq!(figures.unwrap(), [("rmse".to_owned(), 4.5f64.sqrt())]);
    let scores = Tensor::from_slice2(&[[1.0, 0.0], [1.0, 0.0]]);
    let figures = Loss::classes().figures(&scores, &Tensor::from_slice(&[0i64, 1]), (0.0, 1.0));
    assert_eq!(figures.unwrap(), [("accuracy".to_owned(), 0.5)]);
}

#[test]
fn a_head_gives_concentrations_from_1_to_101() {
    let store = tch::nn::VarStore::new(tch::Device::Cpu);
    let head = HeadConfig::concentrations(34).build(&store.root(), 8, 0).unwrap();
    let features = Tensor::randn([64, 8], (Kind::Float, tch::Device::Cpu)) * 1e3;
    let out = head.forward(&features, None).unwrap();
    assert_eq!(out.size(), [64, 34]);
    assert_eq!(out.min().double_value(&[]), 1.0);
    assert_eq!(out.max().double_value(&[]), 101.0);
    let pass = |seed| head.forward(&features, seed).unwrap();
    assert_eq!(pass(None), out);
    assert_eq!(pass(Some(1)), pass(Some(1)));
    assert_ne!(pass(Some(1)), pass(Some(2)));
    let message = head.forward(&features.slice(1, 0, 7, 1), None).unwrap_err().to_string();
    assert!(message.contains("[64, 7], but the head takes [n, 8]"), "{message}");
    let names: Vec<String> = store.variables().into_keys().collect();
    assert!(names.contains(&"weight".to_owned()) && names.contains(&"bias".to_owned()));
    let wrong = HeadConfig::scores(2).dropout(1.0).build(&store.root(), 8, 0).unwrap_err();
    assert!(wrong.to_string().contains("dropout must"), "{wrong}");
}

#[test]
fn the_loss_of_several_campaigns_is_that_of_each_on_the_galaxies_it_showed() {
    let campaign = |name: &str, ids: &[&str], counts: Array2<f64>| {
        let question = serde_json::json!({"question": name, "answers": ["yes", "no"]});
        let tree = serde_json::json!({"name": "trial", "questions": [question]});
        let schema = Schema::from_json(&tree.to_string()).unwrap();
        Votes::new(&schema, ids.iter().map(|id| (*id).to_owned()).collect(), counts).unwrap()
    };
    let first = campaign("ring-a", &["g1", "g2"], array![[3.0, 1.0], [0.0, 5.0]]);
    let second = campaign("ring-b", &["g3", "g1"], array![[2.0, 2.0], [7.0, 0.0]]);
    let both = Votes::union("both", &[first.clone(), second.clone()]).unwrap();
    let loss = |votes: &Votes, places: &[usize]| {
        let batch = votes.batch(places).unwrap();
        let concentrations = batch.ones_like() * 2.0;
        let mean = VoteLoss::new(votes.schema()).of(&concentrations, &batch).unwrap();
        mean.double_value(&[]) * places.len() as f64
    };
    let apart = loss(&first, &[0, 1]) + loss(&second, &[0, 1]);
    assert!((loss(&both, &[0, 1, 2]) - apart).abs() < 1e-5);
    let none = Votes::new(first.schema(), vec!["g4".into()], Array2::zeros((1, 2))).unwrap();
    assert_eq!(loss(&none, &[0]), 0.0);
}
