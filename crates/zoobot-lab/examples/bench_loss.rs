//! Times the Dirichlet-multinomial loss, forward and backward, for `cargo xtask bench loss`.
//!
//! Each line of standard input starts a round and gives the number of steps to time. The answer is a line of
//! JSON with the seconds of each step. The program first prints the loss of a formula that
//! `tests/python/bench_loss.py` also computes, to show that both compute the same.

use std::io::{BufRead, Write};
use std::time::Instant;
use zoobot_core::schema::Schema;
use zoobot_core::tch::{Device, Kind, Tensor};
use zoobot_core::train::VoteLoss;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let batch = 512;
    let range = |n: i64| Tensor::f_arange(n, (Kind::Double, Device::Cpu));
    let (i, j) = (range(batch)?.f_view([-1, 1])?, range(34)?.f_view([1, -1])?);
    let votes = (&i * 7.0 + &j * 13.0 + &i * &j).f_remainder(11.0)?;
    let alpha = (&i * 31.0 + &j * 17.0).f_remainder(97.0)? + 1.0;
    let loss = VoteLoss::new(&Schema::named("decals_dr5")?);
    let check = loss.of(&alpha, &votes)?.f_double_value(&[])?;
    println!("{{\"check_loss\": {check:.12}}}");

    let votes = votes.f_to_kind(Kind::Float)?;
    let mut alpha = alpha.f_to_kind(Kind::Float)?.f_set_requires_grad(true)?;
    for line in std::io::stdin().lock().lines() {
        let steps: usize = line?.trim().parse()?;
        let mut seconds = Vec::with_capacity(steps);
        for _ in 0..steps {
            alpha.zero_grad();
            let start = Instant::now();
            loss.of(&alpha, &votes)?.f_backward()?;
            seconds.push(start.elapsed().as_secs_f64());
        }
        println!("{seconds:?}");
        std::io::stdout().flush()?;
    }
    Ok(())
}
