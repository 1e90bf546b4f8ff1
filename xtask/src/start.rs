//! `cargo xtask start`: sets up, then opens the first tutorial in JupyterLab, or executes it
//! without JupyterLab.

use crate::home::Checkout;
use crate::setup;
use anyhow::Result;
use zoobot_setup::stages::Stages;
use zoobot_setup::start::{self, Options};

/// Opens JupyterLab at the first tutorial; does not return unless it cannot be started.
///
/// # Errors
/// When the set-up fails, or the folder of notebooks cannot be written.
pub fn in_browser(checkout: &Checkout, options: &Options) -> Result<()> {
    let mut stages = Stages::default();
    setup::setup(checkout, &mut stages)?;
    println!("{}", stages.summary());
    start::in_browser(&checkout.places, options)
}

/// Executes the first tutorial and says where the result is.
///
/// # Errors
/// When the set-up or a cell fails.
pub fn headless(checkout: &Checkout) -> Result<()> {
    let mut stages = Stages::default();
    let result = setup::setup(checkout, &mut stages)
        .and_then(|_| start::headless(&checkout.places, &mut stages));
    println!("{}", stages.summary());
    result
}
