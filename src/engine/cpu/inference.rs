//! Forward passes alone: nothing is kept of a time but the states that the next begins with.

use super::batch::Batch;
use super::forward::{Forward, Task};
use super::network::Network;
use super::results::Results;
use super::threads::{Machine, Workspaces, lock, unlock};
use super::tile::Room;
use crate::engine::{Gradients, Outputs};
use crate::error::Result;
use crate::model::Readout;
use std::ops::Range;
use std::sync::Mutex;

/// Times that go through all layers before the next do, so that memory does not grow with the sequence.
const CHUNK: usize = 128;

/// A stream: some rows and the states that they have come to.
#[derive(Debug)]
pub(super) struct Stream {
    pub rows: usize,
    /// [S, L, B, H].
    pub states: Vec<f32>,
}

/// What forward passes need beside the network.
#[derive(Debug, Default)]
pub(super) struct Inference {
    workspaces: Workspaces,
}

impl Inference {
    /// The outputs of a batch at the times that `readout` says; the final states only where `with_states`.
    pub fn run(
        &mut self,
        machine: &Machine,
        network: &Network,
        batch: &Batch<'_>,
        readout: Readout,
        with_states: bool,
    ) -> Result<Outputs> {
        let &Machine { level, lanes, ref threads } = machine;
        let (rows, steps, spec) = (batch.rows(), batch.steps(), &network.spec);
        // The reverse direction begins at the end.
        let chunk = if spec.bidirectional { steps } else { CHUNK };
        let room = Room { steps: chunk, readout, keep_tape: false, dropout: false };
        let workspaces = self.workspaces.prepare(machine, network, room)?;

        let states = if with_states { spec.state_len() * rows } else { 0 };
        let read = if readout == Readout::Every { steps } else { 1 };
        let outputs = Outputs { y: vec![0.0; read * spec.outputs() * rows], states: vec![0.0; states] };
        let results = Mutex::new(Results { rows, gradients: Gradients { outputs, ..Gradients::default() } });
        let mut tiles: Vec<Range<usize>> =
            (0..rows).step_by(lanes).map(|first| first..rows.min(first + lanes)).collect();
        let task = &Task { network, batch, mask: None };
        threads.each(workspaces, &mut tiles, |rows, workspace| {
            for first in (0..steps).step_by(chunk) {
                let times = first..steps.min(first + chunk);
                level.dispatch(Forward { task, rows: rows.clone(), times, workspace });
                lock(&results).take_outputs(network, workspace, rows, first);
            }
            lock(&results).take_states(network, workspace, rows);
        });
        Ok(unlock(results).gradients.outputs)
    }
}
