use super::*;
use serde_json::Value;

fn golden() -> Option<Value> {
    let folder = zoobot_testing::folder("gp")?;
    let text = std::fs::read_to_string(folder.join("gp.json")).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

fn numbers(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

fn rows(value: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = serde_json::from_value(value.clone()).unwrap();
    let width = rows[0].len();
    Array2::from_shape_vec((rows.len(), width), rows.concat()).unwrap()
}

/// The kernel of a golden case by its name and parameters.
fn kernel(name: &str, alpha: f64, length: f64, noise: f64) -> Kernel {
    let kernel = match name {
        "rational_quadratic_white" => Kernel::rational_quadratic(alpha, length),
        "matern15_white" => Kernel::matern32(length),
        "matern25_white" => Kernel::matern52(length),
        other => panic!("unknown {other}"),
    };
    kernel + Kernel::white(noise)
}

#[track_caller]
fn close(found: &[f64], expected: &[f64], absolute: f64, relative: f64) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= absolute + relative * b.abs(), "{a}, expected {b}");
    }
}

#[test]
fn golden_predictions_likelihoods_and_slopes_are_those_of_scikit_learn() {
    let Some(golden) = golden() else { return };
    let (x, y, test) =
        (rows(&golden["x_train"]), numbers(&golden["y_train"]), rows(&golden["x_test"]));
    for (name, case) in golden["fixed"].as_object().unwrap() {
        let of = |name: &str| case["hyperparameters"][name].as_f64().unwrap_or(1.0);
        let kernel = kernel(name, of("alpha"), of("length_scale"), of("noise"));
        let process = GaussianProcess::new(kernel).jitter(golden["jitter_alpha"].as_f64().unwrap());
        let fitted = process.condition(x.view(), &y).unwrap();
        let found = fitted.predict(test.view()).unwrap();
        close(&found.mean, &numbers(&case["mean"]), 1e-6, 0.0);
        close(&found.std, &numbers(&case["std"]), 1e-6, 0.0);
        close(&fitted.mean(test.view()).unwrap(), &numbers(&case["mean"]), 1e-6, 0.0);
        let (value, slope) = process.log_marginal_likelihood(x.view(), &y).unwrap();
        let expected = case["log_marginal_likelihood"].as_f64().unwrap();
        close(&[value, fitted.log_marginal_likelihood()], &[expected; 2], 0.0, 1e-6);
        close(&slope, &numbers(&case["lml_gradient_wrt_theta"]), 1e-6, 1e-5);
    }
}

#[test]
fn golden_fits_reach_the_best_likelihood() {
    let Some(golden) = golden() else { return };
    let (x, y) = (rows(&golden["x_train"]), numbers(&golden["y_train"]));
    for (name, case) in golden["fitted"].as_object().unwrap() {
        let process = GaussianProcess::new(kernel(name, 1.0, 1.0, 1.0));
        let best = case["best_log_marginal_likelihood"].as_f64().unwrap();
        let found = process.fit(x.view(), &y).unwrap().log_marginal_likelihood();
        assert!(found > best - 0.01, "{name}: {found}, {best}");
        let found = process.restarts(3).fit(x.view(), &y).unwrap().log_marginal_likelihood();
        assert!(found > best - 0.01, "{name}: {found}, {best}");
    }
}

fn some_rows(count: usize, width: usize, seed: u64) -> Array2<f64> {
    let mut rng = StdRng::seed_from_u64(seed);
    Array2::from_shape_fn((count, width), |_| rng.random_range(-2.0..2.0))
}

fn every_kernel() -> Vec<Kernel> {
    let noise = || Kernel::white(0.3);
    let one = [
        Kernel::rational_quadratic(0.7, 1.3),
        Kernel::matern12(1.4),
        Kernel::matern32(2.1),
        Kernel::matern52(1.7),
        Kernel::rbf(1.9),
    ];
    let each = one.clone().map(|kernel| {
        let kernel = kernel.per_dimension(3) + noise();
        let count = kernel.parameters().len() as f64;
        let varied: Vec<f64> = kernel
            .parameters()
            .iter()
            .zip(1..)
            .map(|(p, i)| p * (0.7 + f64::from(i) / count))
            .collect();
        kernel.with_parameters(&varied).unwrap()
    });
    let mixed = [
        Kernel::constant(2.5) * Kernel::rbf(1.1) + noise(),
        (Kernel::matern12(2.0) + Kernel::constant(0.4)) * (Kernel::rbf(3.0) + noise()) + noise(),
        noise() * Kernel::constant(3.0) + Kernel::constant(0.7),
        noise() + Kernel::matern32(1.0) * Kernel::rational_quadratic(2.0, 3.0).per_dimension(3),
    ];
    one.map(|kernel| kernel + noise()).into_iter().chain(each).chain(mixed).collect()
}

#[test]
fn the_slope_of_the_likelihood_is_that_of_finite_differences_for_every_kernel() {
    let x = some_rows(30, 3, 1);
    let y: Vec<f64> = x.rows().into_iter().map(|row| row[0] + row[1] * row[2]).collect();
    for kernel in every_kernel() {
        let process = GaussianProcess::new(kernel.clone());
        let (_, slope) = process.log_marginal_likelihood(x.view(), &y).unwrap();
        for (place, slope) in slope.iter().enumerate() {
            let at = |step: f64| {
                let mut values = kernel.parameters();
                values[place] *= step.exp();
                let moved = GaussianProcess::new(kernel.with_parameters(&values).unwrap());
                moved.log_marginal_likelihood(x.view(), &y).unwrap().0
            };
            let found = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!(
                (found - slope).abs() < 1e-5 * (1.0 + slope.abs()),
                "{kernel}: {place}, {slope} {found}"
            );
        }
    }
}

#[test]
fn predictions_are_those_of_the_formulae_for_every_kernel() {
    let (x, test) = (some_rows(21, 3, 1), some_rows(37, 3, 2));
    let y: Vec<f64> = x.rows().into_iter().map(|row| row[0] - row[2]).collect();
    let ratings = ndarray::Array1::from(y.clone());
    for kernel in every_kernel() {
        let fitted = GaussianProcess::new(kernel.clone()).condition(x.view(), &y).unwrap();
        let found = fitted.predict(test.view()).unwrap();
        let mut own = prior(&kernel, x.view(), x.view());
        own.diag_mut().mapv_inplace(|value| value + kernel.noise() + 1e-10);
        let mut factor: Vec<f64> = own.into_iter().collect();
        cholesky::factor(21, &mut factor).unwrap();
        let lower = cholesky::inverse(21, &factor);
        let inverse = Array2::from_shape_fn((21, 21), |(i, j)| lower[i.max(j) * 21 + i.min(j)]);
        let cross = prior(&kernel, test.view(), x.view());
        let mean = cross.dot(&inverse).dot(&ratings).to_vec();
        close(&found.mean, &mean, 1e-7, 1e-7);
        let known = (&cross.dot(&inverse) * &cross).sum_axis(ndarray::Axis(1));
        let std: Vec<f64> = known.iter().map(|known| (kernel.variance() - known).sqrt()).collect();
        close(&found.std, &std, 1e-7, 1e-7);
        let covariance = fitted.covariance(test.view()).unwrap();
        let diagonal: Vec<f64> =
            covariance.diag().iter().map(|value| (value + kernel.noise()).sqrt()).collect();
        close(&diagonal, &std, 1e-7, 1e-7);
        let some = fitted.predict_at(test.view(), &[30, 4]).unwrap();
        close(&some.std, &[std[30], std[4]], 1e-9, 0.0);
    }
}

#[test]
fn single_precision_candidates_are_the_same_galaxies() {
    let (x, test) = (some_rows(20, 3, 1), some_rows(5000, 3, 2));
    let y: Vec<f64> = x.rows().into_iter().map(|row| row[0]).collect();
    let process = GaussianProcess::new(Kernel::rbf(1.0) + Kernel::white(0.01));
    let fitted = process.fit(x.view(), &y).unwrap();
    let single = fitted.predict(test.mapv(|value| value as f32).view()).unwrap();
    let double = fitted.predict(test.view()).unwrap();
    close(&single.mean, &double.mean, 1e-5, 0.0);
    close(&single.std, &double.std, 1e-5, 0.0);
}

#[test]
fn what_cannot_be_fitted_is_refused_with_the_reason() {
    let x = some_rows(4, 2, 1);
    let process = GaussianProcess::new(Kernel::rbf(1.0) + Kernel::white(1.0));
    let refuse = |process: &GaussianProcess, x: &Array2<f64>, y: &[f64], word: &str| {
        let message = process.fit(x.view(), y).unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
    };
    refuse(&process, &x, &[1.0; 3], "3 ratings for 4 galaxies");
    refuse(&process, &x, &[1.0, f64::NAN, 1.0, 1.0], "NaN");
    let negative = GaussianProcess::new(Kernel::rbf(-1.0));
    refuse(&negative, &x, &[1.0; 4], "length must be a finite number above 0, but it is -1");
    let wide = GaussianProcess::new(Kernel::rbf(1.0).per_dimension(3));
    refuse(&wide, &x, &[1.0; 4], "3 lengths for 2 features");
    let twice = ndarray::concatenate![ndarray::Axis(0), x, x];
    let bare = GaussianProcess::new(Kernel::rbf(1.0)).jitter(0.0);
    refuse(&bare, &twice, &[1.0; 8], "not positive definite");
    let fitted = process.fit(x.view(), &[1.0, 2.0, 3.0, 4.0]).unwrap();
    let message = fitted.predict(some_rows(1, 3, 1).view()).unwrap_err().to_string();
    assert!(message.contains("have 3 features, but the rated ones"), "{message}");
}
