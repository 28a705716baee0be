//! Training as a command shows it.

use super::console::{Console, significant};
use super::interrupt;
use anyhow::bail;
use refrain::engine::Engine;
use refrain::train::{Options, State, Summary, fit};
use std::ops::ControlFlow;

/// Trains under the progress bar, with a line at every report. Ctrl-C ends it with an error.
pub async fn train(
    engine: &mut impl Engine,
    options: &Options,
    ids: &[u32],
    console: &mut Console,
) -> anyhow::Result<Summary> {
    console.start_bar(options.epochs);
    let mut unsaid = None;
    let fitted = fit(engine, options, ids, State::default(), async |_, progress| {
        console.move_bar(progress.epoch);
        if let Some(report) = &progress.report {
            let (epoch, epochs, loss) = (progress.epoch, progress.epochs, significant(report.loss));
            unsaid = console.say(format_args!("Epoch [{epoch}/{epochs}], Loss: {loss}")).err();
        }
        let ended = unsaid.is_some() || interrupt::asked();
        Ok(if ended { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })
    .await;
    console.end_bar();
    let summary = fitted?;
    if let Some(error) = unsaid {
        return Err(error.into());
    }
    if summary.stopped {
        bail!("stopped by Ctrl-C after epoch {} of {}; nothing was written", summary.epochs, options.epochs);
    }
    Ok(summary)
}
