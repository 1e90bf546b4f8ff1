//! The steps of a command: one line when each starts, and a table of their minutes at the end.

use anyhow::{Context, Result};
use std::time::{Duration, Instant};

/// How a step ended.
enum End {
    Done(Duration),
    AlreadyThere,
    Failed(Duration),
}

/// Runs steps and remembers how long each took.
#[derive(Default)]
pub struct Stages {
    ended: Vec<(String, End)>,
}

impl Stages {
    /// Runs `work` under `name`, unless it is `already` done.
    ///
    /// # Errors
    /// When `work` fails; the message has the step's name.
    pub fn run(
        &mut self,
        name: &str,
        already: bool,
        work: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        if already {
            println!("{name}: already there");
            self.ended.push((name.to_owned(), End::AlreadyThere));
            return Ok(());
        }
        println!("{name} …");
        let start = Instant::now();
        let result = work();
        let took = start.elapsed();
        let end = if result.is_ok() { End::Done(took) } else { End::Failed(took) };
        self.ended.push((name.to_owned(), end));
        result.with_context(|| name.to_owned())
    }

    /// The minutes of each step, and their sum.
    pub fn summary(&self) -> String {
        let width = self.ended.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        let mut total = Duration::ZERO;
        let mut text = String::from("\nminutes by step\n");
        for (name, end) in &self.ended {
            let value = match end {
                End::Done(took) => minutes(*took),
                End::AlreadyThere => "already there".to_owned(),
                End::Failed(took) => format!("{} failed", minutes(*took)),
            };
            if let End::Done(took) | End::Failed(took) = end {
                total += *took;
            }
            text.push_str(&format!("  {name:<width$}  {value}\n"));
        }
        text.push_str(&format!("  {:<width$}  {}\n", "total", minutes(total)));
        text
    }
}

fn minutes(took: Duration) -> String {
    format!("{:5.2}", took.as_secs_f64() / 60.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    #[test]
    fn a_step_already_done_is_not_run_again() {
        let mut stages = Stages::default();
        stages.run("libtorch", true, || bail!("ran")).unwrap();
        assert!(stages.summary().contains("libtorch  already there"));
    }

    #[test]
    fn a_failed_step_is_named_in_the_error_and_in_the_table() {
        let mut stages = Stages::default();
        let error = stages.run("kernel", false, || bail!("no disk")).unwrap_err();
        assert_eq!(format!("{error:#}"), "kernel: no disk");
        assert!(stages.summary().contains("failed"));
    }
}
