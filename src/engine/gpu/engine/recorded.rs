//! Recorded passes: a forward pass that keeps its tape, and the way back from gradients that are given.

use super::core::Core;
use super::sequences::Pass;
use super::spare::Spare;
use crate::data::Sequences;
use crate::engine::gpu::kernels::Step;
use crate::engine::gpu::plan::{Purpose, Reach, recorded_rows};
use crate::engine::stamp::Stamp;
use crate::engine::{Gradients, OutputGradients, Outputs, check_d_outputs};
use crate::error::{Error, Result};
use crate::model::Dropout;
use std::borrow::Cow;

/// What helps where a tape does not fit the device.
const REMEDY: &str = "record fewer rows or time steps or a smaller hidden size, drop tapes that are not needed, or take \
                      the CPU engine";

/// What a recorded pass left on an adapter for the way back: buffers of its own, which it frees when it is dropped.
#[derive(Debug)]
pub struct GpuTape {
    /// A pass for each part of the rows, in order, where they are too many for one.
    parts: Vec<Pass>,
    /// Of the parameters that it went by.
    stamp: Stamp,
}

impl GpuTape {
    /// Records a forward pass; the caller has checked what it is of. Passes that have ended serve again.
    pub(super) async fn new(
        core: &Core,
        spare: &mut Spare,
        stamp: Stamp,
        sequences: &Sequences<'_>,
        dropout: &Dropout,
    ) -> Result<(Outputs, Self)> {
        let (spec, rows) = (*core.spec(), sequences.rows);
        let purpose = Purpose::gradients(&spec, rows, Reach::Inputs, dropout.p.into());
        let most = recorded_rows(&core.tuning, &core.network.description, purpose, sequences.steps);
        let mut outputs = Outputs::default();
        let mut parts = Vec::new();
        for first in (0..rows).step_by(most) {
            let part = first..rows.min(first + most);
            let own = match part.len() == rows {
                true => Cow::Borrowed(sequences),
                false => Cow::Owned(sequences.part(&part, spec.hidden)),
            };
            let purpose = Purpose { batch: part.len(), ..purpose };
            // Of rows that others come before, units are dropped as in the whole batch, and gradients are added.
            let step = Step { before: first as u32, ..Step::new(part.len(), 0, 0).with_dropout(dropout) };
            // The loss, which is never taken, would read a target a row.
            let pass = Pass::prepare(core, spare, &own, vec![0.0; part.len()], purpose, step);
            let pass = pass.map_err(|error| error.with_remedy(REMEDY))?;
            outputs.add_rows(&part, rows, spec.hidden, pass.forward(core).await?);
            parts.push(pass);
        }
        Ok((outputs, GpuTape { parts, stamp }))
    }

    /// The way back from these gradients of outputs and final states, by the parameters that `stamp` is of. The passes
    /// may serve again.
    pub(super) async fn backward(
        self,
        core: &Core,
        spare: &mut Spare,
        stamp: Stamp,
        d_outputs: OutputGradients<'_>,
        with_x: bool,
    ) -> Result<Gradients> {
        if stamp != self.stamp {
            return Err(Error::StaleTape);
        }
        let (spec, rows) = (*core.spec(), self.parts.iter().map(Pass::rows).sum());
        check_d_outputs(&spec, rows, self.parts[0].steps(), d_outputs)?;
        let mut gradients = Gradients::default();
        let mut first = 0;
        for mut pass in self.parts {
            let part = first..first + pass.rows();
            first = part.end;
            let (y, states) = d_outputs.part(&part, rows, spec.hidden);
            let (x, states) = pass.backward(core, OutputGradients { y, states: &states }, with_x).await?;
            gradients.add_rows(&part, rows, spec.hidden, x, &states);
            spare.put(pass);
        }
        gradients.parameters = core.gradients().await?;
        Ok(gradients)
    }
}
