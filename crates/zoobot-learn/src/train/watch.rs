//! The display of a training run.

use super::history::{Epoch, Event, figure};
use zoobot_show::notebook::{Live, Progress, in_kernel};

/// Shows a training run: a progress line and, in a notebook, the history so far, which is redrawn after each
/// epoch from the second on.
///
/// ```no_run
/// use zoobot_core::train::{FitConfig, Task, Watch, fit};
/// # fn run(task: &mut dyn Task) -> zoobot_core::Result<()> {
/// let mut watch = Watch::new("training");
/// let fitted = fit(task, &FitConfig::default(), None, &mut |event| watch.see(&event))?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Watch {
    what: String,
    progress: Option<Progress>,
    live: Option<Live>,
    epochs: Vec<Epoch>,
}

impl Watch {
    /// Creates a display that starts empty; `what` is the label of the progress line, such as "training".
    pub fn new(what: impl Into<String>) -> Self {
        let live = in_kernel().then(Live::new);
        Self { what: what.into(), progress: None, live, epochs: Vec::new() }
    }

    /// Updates the display with an event.
    pub fn see(&mut self, event: &Event) {
        match event {
            Event::Resumed { step, steps, epochs } => {
                self.progress(*steps).advance(*step as usize);
                self.epochs.clone_from(epochs);
                self.draw();
            }
            Event::Step { steps, .. } => self.progress(*steps).advance(1),
            Event::Epoch(epoch) => {
                self.epochs.push(epoch.clone());
                self.draw();
            }
        }
    }

    /// The epochs so far.
    pub fn epochs(&self) -> &[Epoch] {
        &self.epochs
    }

    fn progress(&mut self, steps: u64) -> &Progress {
        let what = &self.what;
        self.progress.get_or_insert_with(|| Progress::new(what.as_str(), Some(steps as usize)))
    }

    fn draw(&self) {
        let Some(last) = self.epochs.last() else { return };
        if let Some(progress) = &self.progress {
            let (epoch, loss) = (last.epoch, last.validation);
            progress.note(format!("epoch {epoch}: {:.4}, validation {loss:.4}", last.training));
        }
        // A single epoch makes no curve. It is all that a solved head has, and its figure shows the penalty.
        if self.epochs.len() < 2 {
            return;
        }
        if let Some(live) = &self.live {
            live.show(&figure(&self.epochs));
        }
    }
}
