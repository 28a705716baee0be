//! Forward passes without a backward one: of each time step only the states are kept, from which the next begins.

use super::batch::Batch;
use super::choice::{choose, members};
use super::network::Network;
use super::pass::{Forward, Task};
use super::results::Results;
use super::threads::{Machine, Workspaces, lock, unlock};
use super::tile::WorkspaceShape;
use super::units::{Call, Units};
use super::way::Way;
use crate::engine::Outputs;
use crate::error::Result;
use crate::model::Readout;
use std::ops::Range;
use std::sync::Mutex;

/// Time steps that go through all layers at once. A longer sequence is cut, so that memory does not grow with it.
const CHUNK: usize = 128;

/// A stream: its rows and their states after the last step.
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
    /// By units, on one thread and on several: a stream may have calls of both kinds.
    units: [Option<Units>; 2],
}

impl Inference {
    /// The parameters have changed.
    pub fn forget(&mut self) {
        self.units.iter_mut().flatten().for_each(Units::forget);
    }

    /// Returns the outputs of a batch at the times that `readout` says, and the final states only where `with_states`.
    ///
    /// # Errors
    /// [`Error::Limit`](crate::Error::Limit) where the workspaces need more memory than there is.
    pub fn run(
        &mut self,
        machine: &Machine,
        network: &mut Network,
        parameters: &[f32],
        batch: &Batch<'_>,
        readout: Readout,
        with_states: bool,
    ) -> Result<Outputs> {
        let &Machine { level, lanes, ref threads, .. } = machine;
        let (rows, steps, spec) = (batch.rows(), batch.steps(), &network.spec);
        let states = if with_states { spec.state_len() * rows } else { 0 };
        let read = readout.positions(steps);
        let mut outputs = Outputs { y: vec![0.0; read * spec.outputs() * rows], states: vec![0.0; states] };
        // The reverse direction begins at the end.
        let chunk = if spec.bidirectional { steps } else { CHUNK };
        if choose(machine, spec, rows, false) == Way::Units {
            let layout = &network.layout;
            let call = Call { machine, spec, layout, parameters, rows, steps, readout, mask: None };
            let units = &mut self.units[usize::from(members(machine, spec, rows, steps) > 1)];
            Units::forward(units, &call, batch, chunk, &mut outputs)?;
            return Ok(outputs);
        }
        network.refresh(parameters, false);
        let network = &*network;
        let shape = WorkspaceShape { steps: chunk, readout, keep_tape: false, dropout: false };
        let workspaces = self.workspaces.prepare(machine, network, shape)?;
        let results = Mutex::new(Results { rows, outputs, ..Results::default() });
        let mut tiles: Vec<Range<usize>> =
            (0..rows).step_by(lanes).map(|first| first..rows.min(first + lanes)).collect();
        let task = &Task { network, mask: None };
        threads.each(workspaces, &mut tiles, |rows, workspace| {
            for first in (0..steps).step_by(chunk) {
                let times = first..steps.min(first + chunk);
                level.dispatch(Forward { task, batch, rows: rows.clone(), times, workspace });
                lock(&results).take_outputs(network, workspace, rows, first);
            }
            lock(&results).take_states(network, workspace, rows);
        });
        Ok(unlock(results).outputs)
    }
}
