//! Recorded passes: a forward pass whose tape stays, and the way back over it from gradients that are given.

use super::batch::Batch;
use super::choice::choose;
use super::memory;
use super::network::Network;
use super::pass::{Backward, BackwardOptions, Forward, Source, Task};
use super::results::{Results, copy_d_x, copy_outputs};
use super::threads::{Machine, Workspaces, lock, unlock};
use super::tile::{Kept, WorkspaceShape};
use super::training::{Group, Groups, tile_rows};
use super::units::{Back, Call, Units, group};
use super::way::Way;
use super::weights::gradient;
use crate::data::Sequences;
use crate::engine::stamp::Stamp;
use crate::engine::{Gradients, OutputGradients, Outputs, check_d_outputs};
use crate::error::{Error, Result};
use crate::model::Mask;
use std::sync::Mutex;

/// What a recorded pass left for the way back.
#[derive(Debug)]
pub struct Tape {
    /// Of the parameters that it went by.
    stamp: Stamp,
    rows: usize,
    steps: usize,
    mask: Option<Mask>,
    kept: Parts,
}

/// The parts of a batch that went through the network one by one.
#[derive(Debug)]
enum Parts {
    /// By tiles, made for workspaces of this shape.
    Tiles(WorkspaceShape, Vec<Kept>),
    /// By units, as many rows at once as a team takes.
    Units(Vec<Units>),
}

/// What passes are recorded with.
pub(super) struct Recording<'a> {
    pub machine: &'a Machine,
    pub workspaces: &'a mut Workspaces,
    pub network: &'a mut Network,
    pub parameters: &'a [f32],
    pub stamp: Stamp,
}

/// Records passes.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    /// The memory of the last tape that was gone back over: it serves again.
    spare: Option<Parts>,
}

impl Recorder {
    /// A forward pass over sequences that have been checked.
    ///
    /// # Errors
    /// [`Error::Limit`] where the tape needs more memory than there is.
    pub fn record(
        &mut self,
        of: Recording<'_>,
        sequences: &Sequences<'_>,
        mask: Option<Mask>,
    ) -> Result<(Outputs, Tape)> {
        let (rows, steps, stamp, spec) = (sequences.rows, sequences.steps, of.stamp, of.network.spec);
        let batch = &Batch::sequences(sequences, &[]);
        let mut outputs = Outputs::zeros(&spec, rows, steps);
        let spare = self.spare.take();
        let kept = match choose(of.machine, &spec, rows, true) {
            Way::Tiles => {
                let shape = WorkspaceShape::with_tape(&spec, steps, mask.is_some());
                let spare = match spare {
                    Some(Parts::Tiles(of, kept)) if of == shape => kept,
                    _ => Vec::new(),
                };
                Parts::Tiles(shape, record_tiles(of, spare, shape, batch, mask, &mut outputs)?)
            }
            Way::Units => {
                let mut spare = if let Some(Parts::Units(teams)) = spare { teams } else { Vec::new() };
                let call = Call::new(of.machine, of.network, of.parameters, (rows, steps), mask);
                let groups = (0..rows).step_by(group(rows)).map(|first| first..rows.min(first + group(rows)));
                let teams = groups.map(|group| Units::record(spare.pop(), &call, batch, group, &mut outputs));
                Parts::Units(teams.collect::<Result<_>>()?)
            }
        };
        Ok((outputs, Tape { stamp, rows, steps, mask, kept }))
    }

    /// The way back over a recorded pass.
    ///
    /// # Errors
    /// [`Error::StaleTape`] where the parameters are no longer those of the pass,
    /// [`Error::Length`] where a gradient does not have the length of what it is of.
    pub fn backward(
        &mut self,
        of: Recording<'_>,
        groups: &mut Groups,
        tape: Tape,
        d_outputs: OutputGradients<'_>,
        with_x: bool,
    ) -> Result<Gradients> {
        let Tape { stamp, rows, steps, mask, mut kept } = tape;
        if stamp != of.stamp {
            return Err(Error::StaleTape);
        }
        let spec = of.network.spec;
        check_d_outputs(&spec, rows, steps, d_outputs)?;
        let mut results = Gradients {
            x: vec![0.0; if with_x { rows * steps * spec.input } else { 0 }],
            states: vec![0.0; spec.state_len() * rows],
            parameters: Vec::new(),
        };
        match &mut kept {
            Parts::Tiles(shape, kept) => {
                let groups = groups.of(rows, of.machine.lanes, of.parameters.len());
                back_over_tiles(of, *shape, kept, groups, (rows, d_outputs), mask, &mut results)?;
                results.parameters = gradient(groups);
            }
            Parts::Units(teams) => {
                let mut gradient = vec![0.0; of.parameters.len()];
                let call = Call::new(of.machine, of.network, of.parameters, (rows, steps), mask);
                let back = if with_x { Back::ToX } else { Back::ToParameters };
                for team in teams {
                    team.backward(&call, d_outputs, back, of.network.slots(), &mut gradient, &mut results);
                }
                results.parameters = gradient;
            }
        }
        self.spare = Some(kept);
        Ok(results)
    }
}

/// The way there of every tile.
fn record_tiles(
    of: Recording<'_>,
    mut spare: Vec<Kept>,
    shape: WorkspaceShape,
    batch: &Batch<'_>,
    mask: Option<Mask>,
    outputs: &mut Outputs,
) -> Result<Vec<Kept>> {
    let Recording { machine, workspaces, network, parameters, .. } = of;
    network.refresh(parameters, false);
    let (network, rows, lanes) = (&*network, batch.rows(), machine.lanes);
    let tiles = rows.div_ceil(lanes);
    let bytes = Kept::bytes(network, lanes, &shape).saturating_mul(tiles.saturating_sub(spare.len()));
    memory::check(bytes, shape.steps, machine.threads.count())?;
    spare.truncate(tiles);
    spare.resize_with(tiles, || Kept::new(network, lanes, &shape));
    let workspaces = workspaces.prepare(machine, network, shape)?;
    let task = &Task { network, mask };
    let states = Mutex::new(Results {
        rows,
        outputs: Outputs { states: std::mem::take(&mut outputs.states), ..Outputs::default() },
        ..Results::default()
    });
    let row_len = outputs.y.len() / rows;
    let mut tiles: Vec<(usize, &mut Kept, &mut [f32])> = spare
        .iter_mut()
        .zip(outputs.y.chunks_mut(lanes * row_len))
        .enumerate()
        .map(|(tile, (kept, y))| (tile, kept, y))
        .collect();
    machine.threads.each(workspaces, &mut tiles, |(tile, kept, y), workspace| {
        let rows = tile_rows(*tile, lanes, rows);
        std::mem::swap(&mut workspace.kept, kept);
        machine.level.dispatch(Forward { task, batch, rows: rows.clone(), times: 0..shape.steps, workspace });
        copy_outputs(network, workspace, y, row_len);
        lock(&states).take_states(network, workspace, &rows);
        std::mem::swap(&mut workspace.kept, kept);
    });
    outputs.states = unlock(states).outputs.states;
    Ok(spare)
}

/// The way back of every tile, group by group; to x where the results have room for its gradient.
fn back_over_tiles(
    of: Recording<'_>,
    shape: WorkspaceShape,
    kept: &mut [Kept],
    groups: &mut [Group],
    (rows, d_outputs): (usize, OutputGradients<'_>),
    mask: Option<Mask>,
    results: &mut Gradients,
) -> Result<()> {
    let Recording { machine, workspaces, network, parameters, .. } = of;
    let options = &BackwardOptions { source: Source::Gradients(rows, d_outputs), with_d_x: !results.x.is_empty() };
    network.refresh(parameters, options.with_d_x);
    let (network, lanes) = (&*network, machine.lanes);
    let workspaces = workspaces.prepare(machine, network, shape)?;
    let task = &Task { network, mask };
    let row_len = results.x.len() / rows;
    let gradients = Gradients { states: std::mem::take(&mut results.states), ..Gradients::default() };
    let states = Mutex::new(Results { rows, gradients, ..Results::default() });
    let mut kept = kept.iter_mut();
    let mut x = results.x.chunks_mut((lanes * row_len).max(1));
    let mut items: Vec<_> = groups
        .iter_mut()
        .map(|group| {
            let tiles = kept.by_ref().take(group.tiles.len());
            let own: Vec<_> = tiles.map(|kept| (kept, x.next().unwrap_or_default())).collect();
            (group, own)
        })
        .collect();
    machine.threads.each(workspaces, &mut items, |(group, tiles), workspace| {
        group.begin();
        for (tile, (kept, x)) in group.tiles.clone().zip(tiles) {
            let rows = tile_rows(tile, lanes, rows);
            std::mem::swap(&mut workspace.kept, kept);
            let gradient = &mut group.gradient;
            machine.level.dispatch(Backward { task, options, rows: rows.clone(), workspace, gradient });
            copy_d_x(network, workspace, x);
            lock(&states).take_d_states(network, workspace, &rows);
            std::mem::swap(&mut workspace.kept, kept);
        }
    });
    results.states = unlock(states).gradients.states;
    Ok(())
}
