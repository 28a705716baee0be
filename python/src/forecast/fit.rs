//! Training of forecasters.

use super::options::{recipe, task};
use super::table::Table;
use super::trained::Trained;
use super::{in_arguments, refused};
use crate::device::select;
use crate::fit::{Watch, summary};
use crate::given::Given;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use refrain::disk;
use refrain::forecast::{Forecaster, Training};
use refrain::train::{Checkpoint, Finished, Next, Snapshot, fit_validated};
use std::path::{Path, PathBuf};

/// Where the interrupted run stood that is to be taken up.
fn resumed(path: &Path, training: &Training) -> refrain::Result<Snapshot> {
    let name = path.display().to_string();
    let checkpoint = Checkpoint::from_bytes(&name, &disk::read(path)?)?;
    checkpoint.check(&name, &training.model)?;
    Ok(checkpoint.snapshot)
}

#[pymethods]
impl Trained {
    /// Trains on a table. `watch` is told of every epoch, and of parts of one; training stops where it returns False.
    /// Beside the forecaster, the losses, and what one should know.
    #[staticmethod]
    #[pyo3(signature = (table, *, device, options, init, watch, checkpoint, every, resume))]
    #[expect(clippy::too_many_arguments, reason = "Python's keywords")]
    fn fit<'py>(
        py: Python<'py>,
        table: &Table,
        device: &str,
        options: &Bound<'py, PyDict>,
        init: Option<&Trained>,
        watch: Option<Py<PyAny>>,
        checkpoint: Option<PathBuf>,
        every: usize,
        resume: Option<PathBuf>,
    ) -> PyResult<(Self, Bound<'py, PyDict>, Vec<String>)> {
        let given = Given(options);
        let init = init.map(|init| &init.forecaster);
        let (task, recipe) = (task(&given)?, recipe(&given, init.map(|init| &init.card))?);
        let mut watch = Watch::new(watch, true);
        let trained = py.detach(|| -> refrain::Result<(Forecaster, Finished, Vec<String>)> {
            let (table, read, device) = (&table.table, &table.options, select(device)?);
            let mut training = match init {
                Some(_) => Training::new(table, &task, read, &recipe, init.cloned())?,
                None => {
                    // Callbacks are told of the training alone.
                    let signals = |epoch: &_| watch.signals(epoch);
                    pollster::block_on(Training::searched(&device, table, &task, read, &recipe, signals))?.0
                }
            };
            let mut engine = training.engine(&device)?;
            let from = resume.as_deref().map(|path| resumed(path, &training)).transpose()?;
            let keep = |snapshot: &Snapshot| match &checkpoint {
                Some(path) => disk::write_whole(&[(path, &Checkpoint::to_bytes(&training.model, snapshot)?)]),
                None => Ok(()),
            };
            let watched = |epoch: &_| match watch.look(epoch) {
                Next::Continue if checkpoint.is_some() && epoch.ended && epoch.epoch.is_multiple_of(every.max(1)) => {
                    Next::Keep
                }
                next => next,
            };
            let run = training.run();
            let mut finished = pollster::block_on(fit_validated(&mut engine, &run, from, watched, keep))?;
            while !finished.stopped && pollster::block_on(training.next_member(&mut engine))? {
                let (run, watched) = (training.run(), |epoch: &_| watch.look(epoch));
                finished = pollster::block_on(fit_validated(&mut engine, &run, None, watched, |_| Ok(())))?;
            }
            let notes = training.notes.iter().cloned().chain(training.problem.notes()).collect();
            Ok((pollster::block_on(training.finish(&mut engine))?, finished, notes))
        });
        watch.raised()?;
        let (forecaster, finished, notes) = trained.map_err(refused)?;
        let notes = notes.iter().map(|note| in_arguments(note)).collect();
        Ok((Trained { forecaster }, summary(py, finished)?, notes))
    }
}
