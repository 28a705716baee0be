//! The way by units: lanes lie along hidden units, so that one row fills them, and the threads share out the units of
//! every layer. Each thread keeps the weights of its own units in its caches for the whole sequence; after every step
//! they hand each other what they made. It is the way of few rows and of wide networks; many rows of a narrow network
//! go by tiles.

mod backward;
mod forward;
mod head;
mod pass;
mod results;
mod share;
mod team;
mod weights;
mod workspace;

use super::batch::Batch;
use super::choice;
use super::kernel::PackedHead;
use super::memory;
use super::network::Network;
use super::pass::{Minimised, SimdPass};
use super::threads::{Machine, lock};
use crate::engine::{Gradients, OutputGradients, Outputs};
use crate::error::Result;
use crate::model::cells::Cell;
use crate::model::{CellVisitor, Layout, Mask, Readout, Spec};
pub(super) use backward::Slots;
use backward::WayBack;
use pass::{Input, Member, Pass};
use pulp::{Simd, WithSimd};
use share::{Share, ShareGradient};
use std::ops::Range;
use std::sync::Mutex;
use team::Team;
use weights::{Blocks, MANY, ShareWeights};
use workspace::{Extent, Workspace};

/// Rows that go through the network at once: more share each weight that was loaded, but take more memory.
const ROWS: usize = 64;

/// A network as a team of threads runs it.
#[derive(Debug)]
pub(super) struct Units {
    team: Team,
    shares: Vec<Share>,
    members: Vec<Mutex<Member>>,
    extent: Extent,
    head: Option<PackedHead>,
    input: Input,
    /// Whether the weights are those of the parameters.
    packed: bool,
}

/// What a [`Units`] runs, and on what.
pub(super) struct Call<'a> {
    pub machine: &'a Machine,
    pub spec: &'a Spec,
    pub layout: &'a Layout,
    pub parameters: &'a [f32],
    /// Rows and steps of the whole batch.
    pub rows: usize,
    pub steps: usize,
    pub readout: Readout,
    pub mask: Option<Mask>,
}

impl<'a> Call<'a> {
    /// For a batch of so many rows and steps, with the outputs that the spec says.
    pub fn new(
        machine: &'a Machine,
        network: &'a Network,
        parameters: &'a [f32],
        (rows, steps): (usize, usize),
        mask: Option<Mask>,
    ) -> Self {
        let Network { spec, layout, .. } = network;
        Call { machine, spec, layout, parameters, rows, steps, readout: spec.readout(), mask }
    }
}

/// What a pass is for.
#[derive(Clone, Copy)]
enum Aim<'a> {
    /// The outputs and the final states.
    Outputs,
    /// The final states alone.
    States,
    /// The gradients: of what is minimised, from where and how far.
    Gradients(&'a Minimised<'a>, &'a WayBack<'a>),
    /// The gradients, from those of the outputs and final states, after a pass for its outputs.
    Back(OutputGradients<'a>, &'a WayBack<'a>),
}

impl Units {
    /// A team that fits the call, at most `steps` times in a pass, with a way back to the parameters alone or to x:
    /// `from` where it does.
    fn prepare<'u>(
        from: &'u mut Option<Units>,
        call: &Call<'_>,
        steps: usize,
        back: Option<Back>,
    ) -> Result<&'u mut Units> {
        let &Call { machine, spec, readout, mask, .. } = call;
        let (rows, with_d_x) = (group(call.rows), back == Some(Back::ToX));
        let back = back.is_some();
        let extent = Extent { rows, steps, readout, back, with_d_x, dropout: mask.is_some() };
        let members = choice::members(machine, spec, extent.rows, call.steps);
        let fits = |units: &Units| {
            let Extent { rows, .. } = units.extent;
            // The last batch of an epoch may be short: it takes what its other batches take.
            let suits = back || (rows <= 2 * extent.rows && units.members.len() == members);
            rows >= extent.rows && suits && units.extent == Extent { rows, ..extent }
        };
        if !from.as_ref().is_some_and(fits) {
            // The old one is freed first, so that both are never in memory together.
            *from = None;
            let shares = Share::all(spec, machine.vector, members);
            let bytes = shares.iter().map(|share| Workspace::bytes(spec, share, &extent));
            memory::check(bytes.fold(0, usize::saturating_add), steps, members)?;
            let blocks = Blocks(machine.level);
            let member = |(index, share): (usize, &Share)| {
                Mutex::new(Member {
                    index,
                    share: share.clone(),
                    weights: ShareWeights::new(spec, share, blocks, extent.rows, back),
                    workspace: Workspace::new(spec, share, &extent),
                })
            };
            let head = spec.head.map(|head| PackedHead::new(head.outputs, spec.top(), blocks.of(head.outputs, MANY)));
            *from = Some(Units {
                team: Team::new(members),
                members: shares.iter().enumerate().map(member).collect(),
                shares,
                extent,
                head,
                input: Input::default(),
                packed: false,
            });
        }
        Ok(from.as_mut().expect("it was made where there was none"))
    }

    /// The parameters have changed.
    pub fn forget(&mut self) {
        self.packed = false;
    }

    /// Outputs [B, read steps, O] and final states [S, L*D, B, H], which are filled where they have room.
    pub fn forward(
        from: &mut Option<Units>,
        call: &Call<'_>,
        batch: &Batch<'_>,
        chunk: usize,
        Outputs { y, states }: &mut Outputs,
    ) -> Result<()> {
        let units = Units::prepare(from, call, chunk, None)?;
        let (rows, steps) = (call.rows, call.steps);
        for first in (0..rows).step_by(units.extent.rows) {
            let group = first..rows.min(first + units.extent.rows);
            for first in (0..steps).step_by(chunk) {
                let times = first..steps.min(first + chunk);
                units.input.load(batch, call.spec.input, group.clone(), times);
                let begins = Begin::of(first, batch.states());
                units.run(call, begins, Aim::Outputs, false, &mut []);
                units.take_outputs(call, y);
            }
            units.take_states(call, states);
        }
        Ok(())
    }

    /// The loss, and every gradient of the batch: that of the parameters is written to `gradient`. `seen` is called after
    /// each pass back, with whether it had the last times. Of a `chunk` of times alone is there a tape at any time: where
    /// there are more, the states before each are kept, and its tape is made again on the way back.
    pub fn differentiate(
        from: &mut Option<Units>,
        call: &Call<'_>,
        minimised: &Minimised<'_>,
        back: Back,
        slots: Slots<'_>,
        gradient: &mut [f32],
        mut seen: impl FnMut(&Units, bool),
    ) -> Result<f32> {
        let &Minimised { batch, loss, terms } = minimised;
        let (rows, steps) = (call.rows, call.steps);
        let chunk = call.machine.recompute.unwrap_or(steps).min(steps);
        let units = Units::prepare(from, call, chunk, Some(back))?;
        let mut gradients = ShareGradient::all(call.spec, call.layout, &units.shares, gradient);
        let mut sum = 0.0;
        units.packed = false;
        let mut clear = true;
        for first in (0..rows).step_by(units.extent.rows) {
            let group = first..rows.min(first + units.extent.rows);
            units.input.load_targets(batch, &group, loss.target_len(call.spec, steps));
            let chunks: Vec<Range<usize>> =
                (0..steps).step_by(chunk).map(|first| first..steps.min(first + chunk)).collect();
            // The states before each chunk but the first.
            let mut states: Vec<Vec<f32>> = Vec::new();
            for times in &chunks[..chunks.len() - 1] {
                units.input.load(batch, call.spec.input, group.clone(), times.clone());
                units.run(call, Begin::of(times.start, batch.states()), Aim::States, false, &mut []);
                let mut after = vec![0.0; call.spec.state_len() * rows];
                units.take_states(call, &mut after);
                states.push(after);
            }
            for (n, times) in chunks.into_iter().enumerate().rev() {
                let last = times.end == steps;
                units.input.load(batch, call.spec.input, group.clone(), times);
                let begins = Begin::From(if n == 0 { batch.states() } else { Some(&states[n - 1]) });
                let way = WayBack { slots, last, with_d_x: back == Back::ToX };
                units.run(call, begins, Aim::Gradients(minimised, &way), clear, &mut gradients);
                clear = false;
                for member in &units.members {
                    // Term after term: how many members there are changes no bit.
                    lock(member).workspace.terms.iter().for_each(|term| sum += term);
                }
                seen(units, last);
            }
        }
        Ok((sum / terms as f64) as f32)
    }

    /// A pass over all times of some rows of a batch, whose tape stays for a way back; outputs and final states as those
    /// of [`Units::forward`].
    ///
    /// # Errors
    /// [`Error::Limit`](crate::Error::Limit) where there is not the memory.
    pub fn record(
        spare: Option<Units>,
        call: &Call<'_>,
        batch: &Batch<'_>,
        rows: Range<usize>,
        Outputs { y, states }: &mut Outputs,
    ) -> Result<Units> {
        let mut units = spare;
        let team = Units::prepare(&mut units, call, call.steps, Some(Back::ToX))?;
        team.packed = false;
        team.input.load(batch, call.spec.input, rows, 0..call.steps);
        team.run(call, Begin::From(batch.states()), Aim::Outputs, false, &mut []);
        team.take_outputs(call, y);
        team.take_states(call, states);
        Ok(units.expect("it was prepared"))
    }

    /// Back over a pass that was recorded, from the gradients of its outputs and final states: adds to `gradient`.
    pub fn backward(
        &mut self,
        call: &Call<'_>,
        d_outputs: OutputGradients<'_>,
        back: Back,
        slots: Slots<'_>,
        gradient: &mut [f32],
        results: &mut Gradients,
    ) {
        let way = WayBack { slots, last: true, with_d_x: back == Back::ToX };
        let mut gradients = ShareGradient::all(call.spec, call.layout, &self.shares, gradient);
        self.run(call, Begin::Continue, Aim::Back(d_outputs, &way), false, &mut gradients);
        self.take_gradients(call, results);
    }

    /// One pass of all members over what is loaded; where `clear`, the gradients are set to zero before.
    fn run(
        &mut self,
        call: &Call<'_>,
        begins: Begin<'_>,
        aim: Aim<'_>,
        clear: bool,
        gradients: &mut [ShareGradient<'_>],
    ) {
        let &Call { machine, spec, layout, parameters, rows, readout, mask, .. } = call;
        let fresh = !self.packed;
        self.packed = true;
        if let (Some(head), true) = (&mut self.head, fresh) {
            head.pack(parameters, layout);
        }
        let pass = &Pass {
            spec,
            team: &self.team,
            head: self.head.as_ref(),
            input: &self.input,
            continues: matches!(begins, Begin::Continue),
            states: if let Begin::From(states) = begins { states } else { None },
            batch_rows: rows,
            readout,
            mask,
        };
        let with_d_x = self.extent.with_d_x;
        let gradients: Vec<Mutex<&mut ShareGradient<'_>>> = gradients.iter_mut().map(Mutex::new).collect();
        machine.threads.team(self.members.len(), |index| {
            let _membership = self.team.join();
            let member = &mut *lock(&self.members[index]);
            if fresh {
                member.weights.pack(spec, layout, &member.share, parameters, with_d_x);
            }
            let mut gradient = gradients.get(index).map(lock);
            let mut gradient = gradient.as_mut().map(|gradient| &mut ***gradient);
            if let (Some(gradient), true) = (&mut gradient, clear) {
                gradient.clear();
            }
            machine.level.dispatch(Work { member, pass, shares: &self.shares, aim, gradient });
        });
    }
}

/// Rows of a pass: as many as the batch has, in nearly equal groups.
pub(super) fn group(rows: usize) -> usize {
    rows.div_ceil(rows.div_ceil(ROWS))
}

/// Bytes of the workspace of the member that needs most, for a training step.
pub(super) fn bytes(machine: &Machine, spec: &Spec, rows: usize, steps: usize, dropout: bool) -> usize {
    let rows = group(rows);
    let members = choice::members(machine, spec, rows, steps);
    let steps = machine.recompute.unwrap_or(steps).min(steps);
    let extent = Extent { rows, steps, readout: spec.readout(), back: true, with_d_x: false, dropout };
    let shares = Share::all(spec, machine.vector, members);
    shares.iter().map(|share| Workspace::bytes(spec, share, &extent)).max().unwrap_or(0)
}

/// How far a way back goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Back {
    ToParameters,
    ToX,
}

/// Where a pass begins.
#[derive(Clone, Copy)]
enum Begin<'a> {
    /// With these states, or zeros.
    From(Option<&'a [f32]>),
    /// With those that the last pass ended with.
    Continue,
}

impl<'a> Begin<'a> {
    /// A pass from time `first` on, after those before it.
    fn of(first: usize, states: Option<&'a [f32]>) -> Self {
        if first == 0 { Begin::From(states) } else { Begin::Continue }
    }
}

/// What one member does in a pass.
struct Work<'a, 'g, 'v> {
    member: &'a mut Member,
    pass: &'a Pass<'a>,
    shares: &'a [Share],
    aim: Aim<'a>,
    /// What a way back adds to.
    gradient: Option<&'g mut ShareGradient<'v>>,
}

impl WithSimd for Work<'_, '_, '_> {
    type Output = ();

    fn with_simd<S: Simd>(self, simd: S) {
        self.pass.spec.cell.visit(SimdPass { simd, pass: self });
    }
}

impl<S: Simd> CellVisitor for SimdPass<S, Work<'_, '_, '_>> {
    type Output = ();

    fn visit<C: Cell>(self) {
        let SimdPass { simd, pass: Work { member, pass, shares, aim, gradient } } = self;
        if !matches!(aim, Aim::Back(..)) {
            member.forward::<S, C>(simd, pass, shares);
        }
        match aim {
            Aim::States => {}
            Aim::Outputs => member.outputs(simd, pass),
            Aim::Gradients(minimised, way) => {
                let Some(gradient) = gradient else { return };
                member.workspace.terms.clear();
                if way.last {
                    member.workspace.d_states.iter_mut().for_each(|d_states| d_states.fill(0.0));
                }
                // A head on the last step reads nothing before the last times.
                if way.last || pass.readout == Readout::Every {
                    member.outputs(simd, pass);
                    member.loss(simd, pass, minimised);
                    member.head_back(simd, pass, gradient);
                }
                member.backward::<S, C>(simd, pass, shares, way, gradient);
            }
            Aim::Back(d_outputs, way) => {
                let Some(gradient) = gradient else { return };
                member.load_d_outputs(pass, d_outputs);
                member.head_back(simd, pass, gradient);
                member.backward::<S, C>(simd, pass, shares, way, gradient);
            }
        }
    }
}
