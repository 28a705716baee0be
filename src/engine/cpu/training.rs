//! Training steps: the gradients of groups of tiles, their sum, and the optimiser.

use super::Level;
use super::backward::Backward;
use super::batch::Batch;
use super::forward::Forward;
use super::network::Network;
use super::threads::{Threads, Workspaces};
use super::tile::Workspace;
use crate::engine::Moments;
use crate::optim;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use std::ops::Range;

/// The most groups of a batch, and with them the most threads that a training step can use.
const MAX_GROUPS: usize = 64;
/// Values that all groups' gradients may have together, where four of them have fewer: 64 MB.
const MAX_VALUES: usize = 1 << 24;
/// Values that are added up and updated at a time: their sum stays in the first cache.
const CHUNK: usize = 1024;
/// Parameters below which one thread updates them all: waking another takes as long.
const PARALLEL: usize = 1 << 15;

/// The parameter block and the optimiser's moments.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    pub parameters: Vec<f32>,
    pub moments: Moments,
}

impl Weights {
    /// The moments begin as zeros.
    pub fn new(parameters: &[f32]) -> Self {
        let zeros = vec![0.0; parameters.len()];
        Weights { parameters: parameters.to_vec(), moments: Moments { m: zeros.clone(), v: zeros } }
    }

    /// Takes one step of the optimiser on the sum of the groups' gradients.
    pub fn update(&mut self, level: Level, groups: &[Group], update: optim::Update) {
        let Weights { parameters, moments: Moments { m, v } } = self;
        let part = |index, parameters, m, v| {
            level.dispatch(Update { groups, first: index * CHUNK, parameters, m, v, update });
        };
        if parameters.len() < PARALLEL {
            let parts = parameters.chunks_mut(CHUNK).zip(m.chunks_mut(CHUNK)).zip(v.chunks_mut(CHUNK));
            parts.enumerate().for_each(|(index, ((parameters, m), v))| part(index, parameters, m, v));
        } else {
            let parts = parameters.par_chunks_mut(CHUNK).zip(m.par_chunks_mut(CHUNK)).zip(v.par_chunks_mut(CHUNK));
            parts.enumerate().for_each(|(index, ((parameters, m), v))| part(index, parameters, m, v));
        }
    }
}

/// What a group of tiles of one batch adds to the loss and the gradient. How a batch falls into groups depends on its shape
/// alone, so that the sum over them does not depend on threads or timing.
#[derive(Debug)]
pub(super) struct Group {
    tiles: Range<usize>,
    squared_error: f64,
    gradient: Vec<f32>,
}

/// The groups of a batch.
#[derive(Debug, Default)]
pub(super) struct Groups(Vec<Group>);

impl Groups {
    /// Divides a batch of `rows` into groups; allocates only where none before had as many.
    pub fn of(&mut self, rows: usize, lanes: usize, parameters: usize) -> &mut [Group] {
        let tiles = rows.div_ceil(lanes);
        let count = tiles.min(MAX_GROUPS).min((MAX_VALUES / parameters).max(4));
        while self.0.len() < count {
            self.0.push(Group { tiles: 0..0, squared_error: 0.0, gradient: vec![0.0; parameters] });
        }
        for (index, group) in self.0[..count].iter_mut().enumerate() {
            group.tiles = index * tiles / count..(index + 1) * tiles / count;
        }
        &mut self.0[..count]
    }
}

/// Computes the gradients of all groups, and gives the loss. `seen` is shown each tile's rows and results.
pub(super) fn differentiate(
    level: Level,
    (threads, workspaces): (&Threads, &Workspaces),
    network: &Network,
    batch: &Batch<'_>,
    groups: &mut [Group],
    with_d_x: bool,
    seen: impl Fn(&Range<usize>, &Workspace) + Send + Sync,
) -> f32 {
    threads.each(workspaces, groups, |group, workspace| {
        group.gradient.fill(0.0);
        group.squared_error = 0.0;
        for tile in group.tiles.clone() {
            let rows = tile * workspace.lanes..batch.rows().min((tile + 1) * workspace.lanes);
            level.dispatch(Forward { network, batch, rows: rows.clone(), workspace });
            let gradient = &mut group.gradient;
            group.squared_error +=
                level.dispatch(Backward { network, batch, rows: rows.clone(), workspace, gradient, with_d_x });
            seen(&rows, workspace);
        }
    });
    let count = batch.rows() * network.spec.read_steps(batch.steps()) * network.spec.outputs();
    (groups.iter().map(|group| group.squared_error).sum::<f64>() / count as f64) as f32
}

/// The sum of the groups' gradients.
pub(super) fn gradient(groups: &[Group]) -> Vec<f32> {
    let mut sum = vec![0.0; groups[0].gradient.len()];
    for group in groups {
        add(&mut sum, &group.gradient);
    }
    sum
}

/// Adds up the same part of every group's gradient, group after group, and takes one step of the optimiser on it.
struct Update<'a> {
    groups: &'a [Group],
    /// Where the part begins.
    first: usize,
    /// The part, at most [`CHUNK`] values.
    parameters: &'a mut [f32],
    m: &'a mut [f32],
    v: &'a mut [f32],
    update: optim::Update,
}

impl WithSimd for Update<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Update { groups, first, parameters, m, v, update } = self;
        let mut sum = [0.0; CHUNK];
        let sum = &mut sum[..parameters.len()];
        for group in groups {
            add(sum, &group.gradient[first..]);
        }
        for (((w, m), v), &g) in parameters.iter_mut().zip(m).zip(v).zip(&*sum) {
            let g = g + update.penalty * *w;
            *m = update.keep_m * *m + update.add_m * g;
            *v = update.keep_v * *v + update.add_v * g * g;
            *w = update.decay * *w - update.step_size * *m / (v.sqrt() * update.inverse_root + update.eps);
        }
    }
}

/// sum += values.
#[inline(always)]
fn add(sum: &mut [f32], values: &[f32]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += value;
    }
}
