//! Training as a command shows it.

use super::console::{Console, significant};
use super::interrupt;
use anyhow::{Context, bail};
use refrain::disk;
use refrain::engine::Engine;
use refrain::model::Model;
use refrain::train::{Checkpoint, Finished, Next, Options, Run, Snapshot, State, Summary, fit, fit_validated};
use std::ops::ControlFlow;
use std::path::Path;

/// Trains under the progress bar, with a line at every report. Ctrl-C ends it with an error.
pub async fn train(
    engine: &mut impl Engine,
    options: &Options,
    ids: &[u32],
    console: &mut Console,
) -> anyhow::Result<Summary> {
    console.start_bar(options.epochs);
    let _cleanly = interrupt::stop_cleanly();
    let mut unsaid = None;
    let fitted = fit(engine, options, ids, State::default(), async |_, progress| {
        console.move_bar(progress.epoch, (progress.step, progress.steps));
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

/// Lines that a run with validation prints, about.
const LINES: usize = 20;

/// Where and how often a run is kept, and what its file says of it.
pub struct Kept<'a> {
    pub checkpoint: Option<&'a Path>,
    /// Epochs from one checkpoint to the next.
    pub every: usize,
    pub model: &'a Model,
}

/// Where the interrupted run of `model` stood, from its checkpoint.
pub fn resumed(path: &Path, model: &Model) -> anyhow::Result<Snapshot> {
    let name = path.display().to_string();
    let checkpoint = Checkpoint::from_bytes(&name, &disk::read(path)?).context("--resume")?;
    checkpoint.check(&name, model).context("--resume")?;
    Ok(checkpoint.snapshot)
}

/// Trains with or without validation under the progress bar, with a line every so many epochs, and keeps checkpoints.
/// Ctrl-C ends it with an error, after one last checkpoint.
pub async fn validated(
    engine: &mut impl Engine,
    run: &Run<'_>,
    from: Option<Snapshot>,
    kept: &Kept<'_>,
    console: &mut Console,
) -> anyhow::Result<Finished> {
    let epochs = run.options.epochs;
    console.start_bar(epochs);
    let _cleanly = interrupt::stop_cleanly();
    let mut unsaid = None;
    let fitted = fit_validated(
        engine,
        run,
        from,
        |epoch| {
            console.move_bar(epoch.epoch, (epoch.step, epoch.steps));
            if !epoch.ended {
                return if interrupt::asked() { Next::Stop } else { Next::Continue };
            }
            if epoch.epoch == 1 || epoch.epoch == epochs || epoch.epoch.is_multiple_of((epochs / LINES).max(1)) {
                unsaid = console.say(epoch).err();
            }
            let due = kept.checkpoint.is_some() && epoch.epoch.is_multiple_of(kept.every);
            match (unsaid.is_some() || interrupt::asked(), due) {
                (true, _) => Next::Stop,
                (false, true) => Next::Keep,
                (false, false) => Next::Continue,
            }
        },
        |snapshot| match kept.checkpoint {
            Some(path) => disk::write_whole(&[(path, &Checkpoint::to_bytes(kept.model, snapshot)?)]),
            None => Ok(()),
        },
    )
    .await;
    console.end_bar();
    let finished = fitted?;
    if let Some(error) = unsaid {
        return Err(error.into());
    }
    if finished.stopped {
        let kept = match kept.checkpoint {
            Some(path) => format!("go on with --resume {}", path.display()),
            None => "nothing was written".to_owned(),
        };
        bail!("stopped by Ctrl-C after epoch {} of {epochs}; {kept}", finished.epochs);
    }
    Ok(finished)
}
