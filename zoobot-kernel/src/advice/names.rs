//! Unknown names: functions and modules of Python, crates of the library.

use super::place_of;
use crate::diagnostics::Diagnostic;
use crate::habits;

/// Crates that come with the library.
const CRATES: [&str; 7] = ["polars", "plotters", "ndarray", "image", "tch", "rand", "rand_distr"];

/// Advice for an unknown name: a function of Python, a crate, or something from numpy.
pub(super) fn unknown_name(error: &Diagnostic, name: &str, code: &str) -> Option<String> {
    let at = place_of(error, code)?;
    let rest = &code[at..];
    let behind = rest.strip_prefix(name).unwrap_or_default();
    let ends = |text: &str, extra: &[char]| {
        text.find(|c: char| !(c.is_alphanumeric() || c == '_' || extra.contains(&c)))
            .unwrap_or(text.len())
    };
    if behind.starts_with("::") && CRATES.contains(&name) {
        let path = &rest[..ends(rest, &[':'])];
        let path = path.trim_end_matches(':');
        let value = rest[path.len()..].starts_with('(') || rest.contains("::<");
        let path = path.replace("thread_rng", "rng");
        let call = match path.as_str() {
            "rand::random" if value => "zoobot::rand::random::<f64>()".to_owned(),
            _ if value && rest.contains("()") => format!("zoobot::{path}()"),
            _ => format!("zoobot::{path}"),
        };
        return Some(format!("`{name}` comes with the library: `{call}`."));
    }
    if let Some(inner) = behind.strip_prefix('.') {
        let path = &inner[..ends(inner, &['.'])];
        if path == "random" || path.starts_with("random.") || name == "random" {
            return Some(random(path.rsplit('.').next().unwrap_or_default()));
        }
        if ["np", "numpy", "math", "pd", "pandas", "plt", "scipy"].contains(&name)
            && let (Some(of_module), Some(text)) = (habits::name(name), habits::name(path))
        {
            let and = match name {
                "np" | "numpy" | "scipy" => format!(" In general, {of_module}"),
                _ => String::new(),
            };
            return Some(format!("{text}{and}"));
        }
    }
    habits::name(name).map(str::to_owned)
}

/// The Rust counterpart of a Python function for random numbers.
fn random(function: &str) -> String {
    match function {
        "normal" | "gauss" | "randn" | "normalvariate" => {
            "a number of a Gaussian is `zoobot::rand_distr::Distribution::sample(\
             &zoobot::rand_distr::Normal::new(0.0, 1.0)?, &mut zoobot::rand::rng())`."
                .to_owned()
        }
        "poisson" => "a Poisson number is `zoobot::rand_distr::Distribution::sample(\
             &zoobot::rand_distr::Poisson::new(4.0)?, &mut zoobot::rand::rng())`."
            .to_owned(),
        "randint" | "randrange" | "integers" | "choice" => {
            "a whole number from 0 to 9 is `zoobot::rand::random_range(0..10)`.".to_owned()
        }
        "seed" | "default_rng" | "RandomState" => {
            "`use zoobot::rand::{SeedableRng, rngs::StdRng}; let mut rng = StdRng::seed_from_u64(1);` makes a \
             generator with a seed."
                .to_owned()
        }
        _ => habits::name("random").unwrap_or_default().to_owned(),
    }
}
