//! Sequences that go on from call to call: the states stay on the device.

use super::core::Core;
use super::data::Data;
use crate::data::Windows;
use crate::engine::gpu::device::{Commands, Gpu};
use crate::engine::gpu::kernels::Step;
use crate::engine::gpu::plan::{Batches, Plan, Purpose, stream_steps};
use crate::error::{Error, Result};
use crate::model::{Readout, Spec};
use wgpu::Buffer;

/// Plans that a stream keeps: programs that feed single steps after longer pieces go back and forth between two.
const KEPT: usize = 2;

/// A stream of some rows.
#[derive(Debug)]
pub struct Stream {
    /// The network, with an output at every step.
    spec: Spec,
    rows: usize,
    /// The states that it began with, [S, L, B, H].
    initial: Option<Vec<f32>>,
    /// A plan for each number of steps, the one that ran last at the end: the stream's states are its final ones.
    passes: Vec<Piece>,
}

/// A plan for some steps of the stream.
#[derive(Debug)]
struct Piece {
    data: Data,
    plan: Plan,
    /// Where the host finds the outputs.
    staging: Buffer,
}

impl Piece {
    fn new(core: &Core, spec: &Spec, windows: &Windows) -> Result<Self> {
        let rows = windows.count();
        let data = Data::new(&core.gpu, windows)?;
        let purpose = Purpose { batches: Batches::Carried, ..Purpose::outputs(spec, rows) };
        let plan = core.plan(&data, purpose)?;
        let order: Vec<u32> = (0..rows as u32).collect();
        core.gpu.write(&data.order, 0, &order);
        let staging = core.gpu.staging(rows * plan.description.steps * spec.outputs())?;
        Ok(Piece { data, plan, staging })
    }
}

impl Stream {
    /// A stream that begins with these states, or with zeros. The caller has checked them.
    pub fn new(spec: Spec, rows: usize, states: Option<&[f32]>) -> Self {
        Stream { spec, rows, initial: states.map(<[f32]>::to_vec), passes: Vec::new() }
    }

    /// The next `steps` steps, of input `x` [B, T, I], a piece at a time; a row with a length ends there. The outputs
    /// [B, T or 1, O] of every step, or of each row's last.
    pub async fn go_on(
        &mut self,
        core: &Core,
        x: &[f32],
        steps: usize,
        lengths: Option<&[u32]>,
        readout: Readout,
    ) -> Result<Vec<f32>> {
        if steps == 0 {
            return Err(Error::config("steps", steps, "at least 1"));
        }
        let Stream { rows, spec: Spec { input, .. }, .. } = *self;
        let outputs = self.spec.outputs();
        Error::check_len("x", &[("B", rows), ("T", steps), ("I", input)], x.len())?;
        let read = readout.positions(steps);
        let mut y = vec![0.0; rows * read * outputs];
        let piece = stream_steps(&core.tuning, &core.network.description, &self.spec, rows, steps);
        for first in (0..steps).step_by(piece) {
            let times = first..steps.min(first + piece);
            let of_piece = |row: usize| &x[(row * steps + first) * input..][..times.len() * input];
            let piece_x = (0..rows).flat_map(of_piece).copied().collect();
            let mut windows = Windows::from_sequences(piece_x, input, times.len(), vec![0.0; rows], 1)?;
            if let Some(lengths) = lengths {
                let left = |&length: &u32| (length as usize).clamp(first, times.end) - first;
                windows = windows.cut(lengths.iter().map(|length| left(length) as u32).collect());
            }
            self.queue(core, &windows)?;
            let found = self.outputs(core).await?;
            for (row, (y, found)) in
                y.chunks_exact_mut(read * outputs).zip(found.chunks_exact(times.len() * outputs)).enumerate()
            {
                let last = lengths.map_or(steps, |lengths| lengths[row] as usize) - 1;
                match readout {
                    Readout::Every => y[first * outputs..times.end * outputs].copy_from_slice(found),
                    Readout::Last | Readout::LastStep if times.contains(&last) => {
                        y.copy_from_slice(&found[(last - first) * outputs..][..outputs]);
                    }
                    Readout::Last | Readout::LastStep => {}
                }
            }
        }
        Ok(y)
    }

    /// Queues a piece.
    fn queue(&mut self, core: &Core, windows: &Windows) -> Result<()> {
        let steps = windows.steps();
        let before = self.passes.len().checked_sub(1);
        let next = match self.passes.iter().position(|pass| pass.plan.description.steps == steps) {
            Some(next) => {
                self.passes[next].data.replace(&core.gpu, windows);
                next
            }
            None => {
                self.passes.push(Piece::new(core, &self.spec, windows)?);
                self.passes.len() - 1
            }
        };
        core.write_steps(&[Step::new(self.rows, 0, 0)]);

        let Piece { plan, staging, .. } = &self.passes[next];
        let mut commands = Commands::new(&core.gpu);
        match before {
            None => plan.write_initial_states(&core.gpu, self.rows, self.initial.as_deref()),
            Some(before) if before != next => self.passes[before].plan.hand_over(plan, commands.encoder()),
            Some(_) => {}
        }
        if before == Some(next) {
            plan.queue(&mut commands, 0, &plan.description.carry);
        }
        plan.queue(&mut commands, 0, &plan.description.forward);
        let outputs = self.rows * steps * self.spec.outputs();
        plan.array(plan.description.y).copy_out(commands.encoder(), 0, staging, 0, (outputs * 4) as u64);
        commands.submit();

        let ran = self.passes.remove(next);
        self.passes.push(ran);
        if self.passes.len() > KEPT {
            self.passes.remove(0);
        }
        core.gpu.check()
    }

    /// The outputs of the steps queued last, [B, T, O].
    async fn outputs(&self, core: &Core) -> Result<Vec<f32>> {
        let Piece { plan, staging, .. } = self.passes.last().expect("steps were queued");
        core.gpu.read_staging(staging, self.rows * plan.description.steps * self.spec.outputs()).await
    }

    /// The states, [S, L, B, H].
    pub async fn states(&self, gpu: &Gpu) -> Result<Vec<f32>> {
        match (self.passes.last(), &self.initial) {
            (Some(pass), _) => pass.plan.read_final_states(gpu, self.rows).await,
            (None, Some(initial)) => Ok(initial.clone()),
            (None, None) => Ok(vec![0.0; self.spec.state_len() * self.rows]),
        }
    }
}
