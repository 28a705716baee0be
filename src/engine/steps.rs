//! Training steps, as an engine is asked for them.

use crate::data::Windows;
use crate::error::{Error, Result};
use crate::loss::Objective;
use crate::model::{Dropout, Spec};
use crate::optim::{Clip, Optimizer, Schedule, Update};

/// Training steps to queue: step k trains on the windows `ids[k * batch ..]`, the last on what is left.
#[derive(Clone, Copy, Debug)]
pub struct Steps<'a> {
    /// Windows in the order of training.
    pub ids: &'a [u32],
    /// Windows of a step (B). A batch that does not fit an adapter is split into micro-batches whose gradients are
    /// accumulated: the step is that of the whole batch, but for the order in which gradients are summed.
    pub batch: usize,
    /// What is minimised, and what is dropped; the step within its dropout is that of the training step.
    pub objective: Objective,
    /// The optimiser.
    pub optimizer: Optimizer,
    /// The largest norm of a gradient, where there is one.
    pub clip: Option<Clip>,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// The losses of the epochs before, for the schedule.
    pub history: &'a [f64],
    /// Optimiser steps taken before these.
    pub taken: u64,
    /// Whether states are carried from step to step (truncated BPTT): each step but the first begins with the final
    /// states of the step before, row by row, and no gradient flows between them; the first begins with zeros. All
    /// steps must have the same number of rows, and the network one direction. An adapter does not split such a batch,
    /// and refuses one that does not fit.
    pub carry: bool,
}

impl<'a> Steps<'a> {
    /// The mean squared error and Adam(1e-3), nothing taken before.
    pub fn new(ids: &'a [u32], batch: usize) -> Self {
        Steps {
            ids,
            batch,
            objective: Objective::default(),
            optimizer: Optimizer::default(),
            clip: None,
            schedule: Schedule::Constant,
            history: &[],
            taken: 0,
            carry: false,
        }
    }

    /// The optimiser's constants for the k-th of these steps, counted from 0.
    pub fn update(&self, k: usize) -> Update {
        let step = self.taken + k as u64;
        self.optimizer.scaled(self.schedule.factor(step, self.history)).at(step + 1)
    }

    /// The objective of the k-th of these steps, counted from 0.
    pub fn objective(&self, k: usize) -> Objective {
        let dropout = Dropout { step: self.taken + k as u64, ..self.objective.dropout };
        Objective { dropout, ..self.objective }
    }

    /// Checks that these steps can be taken on the loaded windows.
    ///
    /// # Errors
    /// [`Error::Config`] where the batch is empty, the numbers of objective, optimiser, schedule or clipping make no
    /// sense, states cannot be carried, or the loss cannot read the targets; [`Error::Index`] with the first id beyond
    /// the loaded windows.
    pub fn check(&self, spec: &Spec, windows: &Windows) -> Result<()> {
        if self.batch == 0 || self.ids.is_empty() {
            return Err(Error::config("batch or number of windows", 0, "at least 1"));
        }
        windows.check_ids(self.ids)?;
        self.objective.check(spec)?;
        self.optimizer.check()?;
        self.schedule.check()?;
        self.clip.map_or(Ok(()), |clip| clip.check())?;
        if self.carry && spec.bidirectional {
            return Err(Error::config("carry", "true", "false, for a network with both directions"));
        }
        if self.carry && !self.ids.len().is_multiple_of(self.batch) {
            let expected = format!("a multiple of the batch, {}, where states are carried", self.batch);
            return Err(Error::config("number of windows", self.ids.len(), expected));
        }
        let expected = self.objective.loss.target_len(spec, windows.steps());
        if windows.target_len() != expected {
            let expected = format!("{expected}, what the loss reads");
            return Err(Error::config("values of a window's target", windows.target_len(), expected));
        }
        if self.objective.loss.restricts_targets() {
            for &id in self.ids {
                let (id, length) = (id as usize, windows.length(id as usize));
                self.objective.loss.check_targets(spec, windows.steps(), &[length], &windows.target(id))?;
            }
        }
        Ok(())
    }
}
