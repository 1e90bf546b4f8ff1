//! The loss for votes: Dirichlet-multinomial, with one factor for each question.
//!
//! For votes n_k and concentrations α_k of a question's answers, N = Σ n_k and A = Σ α_k (Walmsley
//! et al. 2022, MNRAS 509, 3966, section 3.1):
//!
//! ln P = ln Γ(N+1) + ln Γ(A) − ln Γ(N+A) + Σ_k [ln Γ(n_k+α_k) − ln Γ(α_k) − ln Γ(n_k+1)]
//!
//! A question without votes has N = 0: its loss and gradient are exactly zero.

use rayon::prelude::*;
use std::ops::Range;
use zoobot_base::special::{digamma, ln_factorial, ln_gamma};

/// Up to this many votes, Γ(n+α)/Γ(α) = α (α+1) ... (α+n−1) is multiplied out. This is faster, and cannot
/// overflow a float64 for the concentrations of a network.
const FEW: f64 = 24.0;

/// Two products below this can be multiplied without overflow.
const LARGE: f64 = 1e150;

/// The number of cells (galaxies × answers) per thread. A batch of 512 with 34 answers takes half a
/// millisecond, which is as long as waking another thread on a busy machine may take.
const GRAIN: usize = 32_768;

/// Γ(n+α)/Γ(α).
struct Rising {
    /// The value is `product` × exp(`exponent`).
    product: f64,
    exponent: f64,
    /// The derivative of its logarithm with respect to α.
    slope: f64,
}

impl Rising {
    #[inline]
    fn new(alpha: f64, n: f64) -> Self {
        if n <= FEW && n.fract() == 0.0 {
            let (mut product, mut derivative) = (1.0, 0.0);
            let mut factor = alpha;
            for _ in 0..n as u32 {
                derivative = derivative * factor + product;
                product *= factor;
                factor += 1.0;
            }
            // Huge concentrations may overflow; they, and NaN, take the other branch.
            if product < LARGE {
                return Self { product, exponent: 0.0, slope: derivative / product };
            }
        }
        Self {
            product: 1.0,
            exponent: ln_gamma(n + alpha) - ln_gamma(alpha),
            slope: digamma(n + alpha) - digamma(alpha),
        }
    }

    #[inline]
    fn ln(&self) -> f64 {
        self.exponent + self.product.ln()
    }
}

/// −ln P of one question; adds `scale` times its derivatives with respect to the concentrations to
/// `gradient`.
#[doc(hidden)]
#[inline]
pub fn question_loss(alpha: &[f64], votes: &[f64], scale: f64, gradient: &mut [f64]) -> f64 {
    let total: f64 = votes.iter().sum();
    if total == 0.0 {
        return 0.0;
    }
    let all = Rising::new(alpha.iter().sum(), total);
    let mut ln = all.ln() - ln_factorials(total);
    // The factors of the answers are multiplied, so that one logarithm suffices while they are in range.
    let mut product = 1.0;
    for ((alpha, votes), gradient) in alpha.iter().zip(votes).zip(gradient) {
        let mut slope = all.slope;
        if *votes != 0.0 {
            let rising = Rising::new(*alpha, *votes);
            slope -= rising.slope;
            ln -= rising.exponent - ln_factorials(*votes);
            product *= rising.product;
            if product > LARGE {
                ln -= product.ln();
                product = 1.0;
            }
        }
        *gradient += scale * slope;
    }
    ln - product.ln()
}

/// ln n!, from a table for few votes.
#[inline]
fn ln_factorials(n: f64) -> f64 {
    const SIZE: usize = 64;
    static TABLE: std::sync::LazyLock<[f64; SIZE]> =
        std::sync::LazyLock::new(|| std::array::from_fn(|n| ln_factorial(n as f64)));
    let place = n as usize;
    if place < SIZE && place as f64 == n { TABLE[place] } else { ln_factorial(n) }
}

/// A batch on the CPU: the loss of each question of each galaxy, and the gradient.
#[derive(Debug)]
pub(super) struct Batch {
    /// −ln P, `[galaxies, questions]`.
    pub losses: Vec<f64>,
    /// The derivative of `scale` × the sum of the losses, `[galaxies, answers]`.
    pub gradient: Vec<f64>,
}

/// Computes every question of every galaxy. `alpha` and `votes` are `[galaxies, answers]`, row by row.
pub(super) fn batch(ranges: &[Range<usize>], alpha: &[f64], votes: &[f64], scale: f64) -> Batch {
    let width = ranges.last().map_or(1, |range| range.end).max(1);
    let questions = ranges.len().max(1);
    let mut losses = vec![0.0; alpha.len() / width * questions];
    let mut gradient = vec![0.0; alpha.len()];
    let part = |losses: &mut [f64], gradient: &mut [f64], alpha: &[f64], votes: &[f64]| {
        let galaxies = losses.chunks_mut(questions).zip(gradient.chunks_mut(width));
        let inputs = alpha.chunks(width).zip(votes.chunks(width));
        for ((losses, gradient), (alpha, votes)) in galaxies.zip(inputs) {
            for (range, loss) in ranges.iter().zip(losses) {
                let place = || range.clone();
                let gradient = &mut gradient[place()];
                *loss = question_loss(&alpha[place()], &votes[place()], scale, gradient);
            }
        }
    };
    if alpha.len() <= GRAIN {
        part(&mut losses, &mut gradient, alpha, votes);
        return Batch { losses, gradient };
    }
    let rows = (GRAIN / width).max(1);
    losses
        .par_chunks_mut(rows * questions)
        .zip(gradient.par_chunks_mut(rows * width))
        .zip(alpha.par_chunks(rows * width).zip(votes.par_chunks(rows * width)))
        .for_each(|((losses, gradient), (alpha, votes))| part(losses, gradient, alpha, votes));
    Batch { losses, gradient }
}

/// ln P of the votes for one question.
#[doc(hidden)]
pub fn ln_probability(alpha: &[f64], votes: &[f64]) -> f64 {
    let total: f64 = votes.iter().sum();
    let all = Rising::new(alpha.iter().sum(), total).ln() - ln_factorials(total);
    let each = alpha.iter().zip(votes).filter(|(_, votes)| **votes != 0.0);
    each.map(|(alpha, votes)| Rising::new(*alpha, *votes).ln() - ln_factorials(*votes)).sum::<f64>()
        - all
}
