//! The parameter block, and a step of the optimiser on it: the groups' gradients are added and clipped, and the
//! parameters updated.

use super::Level;
use super::threads::Machine;
use super::training::Group;
use crate::engine::Moments;
use crate::optim::{Clip, Update};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Values that are added up and updated at a time: their sum stays in the first cache.
const CHUNK: usize = 1024;
/// Parameters below which one thread updates them all: waking another takes as long.
const PARALLEL: usize = 1 << 15;

/// The parameter block and the optimiser's moments.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    pub parameters: Vec<f32>,
    pub moments: Moments,
    /// The sum of the squares of each [`CHUNK`] of the gradient.
    squares: Vec<f64>,
}

impl Weights {
    /// The moments begin as zeros.
    pub fn new(parameters: &[f32]) -> Self {
        let zeros = vec![0.0; parameters.len()];
        let squares = vec![0.0; parameters.len().div_ceil(CHUNK)];
        Weights { parameters: parameters.to_vec(), moments: Moments { m: zeros.clone(), v: zeros }, squares }
    }

    /// Takes one step of the optimiser on the sum of the groups' gradients, clipped where there is a bound.
    pub fn step(&mut self, machine: &Machine, groups: &mut [Group], clip: Option<Clip>, update: Update) {
        let level = machine.level;
        let parallel = machine.threads.count() > 1 && self.parameters.len() >= PARALLEL;
        let (groups, factor) = match clip {
            None => (&*groups, 1.0),
            Some(clip) => {
                // The norm needs the whole sum before the first value is clipped; the sum is in the first group.
                let norm = self.sum(level, parallel, groups).sqrt();
                (&groups[..1], clip.factor(norm) as f32)
            }
        };
        let Weights { parameters, moments: Moments { m, v }, .. } = self;
        let part = |(index, ((parameters, m), v)): Part<'_>| {
            level.dispatch(Step { groups, first: index * CHUNK, factor, parameters, m, v, update });
        };
        if parallel {
            let parts = parameters.par_chunks_mut(CHUNK).zip(m.par_chunks_mut(CHUNK)).zip(v.par_chunks_mut(CHUNK));
            parts.enumerate().for_each(part);
        } else {
            let parts = parameters.chunks_mut(CHUNK).zip(m.chunks_mut(CHUNK)).zip(v.chunks_mut(CHUNK));
            parts.enumerate().for_each(part);
        }
    }

    /// Adds the groups' gradients into the first one's, and returns the sum of the squares, both in a fixed order.
    fn sum(&mut self, level: Level, parallel: bool, groups: &mut [Group]) -> f64 {
        let Some((first, others)) = groups.split_first_mut() else { return 0.0 };
        let others = &*others;
        let part = |(index, (sum, squares)): (usize, (&mut [f32], &mut f64))| {
            *squares = level.dispatch(Squares { groups: others, first: index * CHUNK, sum });
        };
        if parallel {
            let parts = first.gradient.par_chunks_mut(CHUNK).zip(&mut self.squares);
            parts.enumerate().for_each(part);
        } else {
            first.gradient.chunks_mut(CHUNK).zip(&mut self.squares).enumerate().for_each(part);
        }
        self.squares.iter().sum()
    }
}

/// The sum of the groups' gradients.
pub(super) fn gradient(groups: &[Group]) -> Vec<f32> {
    let mut sum = vec![0.0; groups[0].gradient.len()];
    for group in groups {
        add(&mut sum, &group.gradient);
    }
    sum
}

/// The index of a part of the block, and the part itself: of the parameters, of m and of v.
type Part<'a> = (usize, ((&'a mut [f32], &'a mut [f32]), &'a mut [f32]));

/// Adds up the same part of every group's gradient, group after group, and takes one step of the optimiser on it.
struct Step<'a> {
    groups: &'a [Group],
    /// Where the part begins.
    first: usize,
    /// What the sum is multiplied by.
    factor: f32,
    /// The part, at most [`CHUNK`] values.
    parameters: &'a mut [f32],
    m: &'a mut [f32],
    v: &'a mut [f32],
    update: Update,
}

impl WithSimd for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Step { groups, first, factor, parameters, m, v, update } = self;
        let mut sum = [0.0; CHUNK];
        let sum = &mut sum[..parameters.len()];
        for group in groups {
            add(sum, &group.gradient[first..]);
        }
        for (((w, m), v), &g) in parameters.iter_mut().zip(m).zip(v).zip(&*sum) {
            update.apply(g * factor, w, m, v);
        }
    }
}

/// Adds the same part of some groups' gradients to `sum`, group after group, and gives the sum of its squares.
struct Squares<'a> {
    groups: &'a [Group],
    /// Where the part begins.
    first: usize,
    sum: &'a mut [f32],
}

impl WithSimd for Squares<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f64 {
        /// Sums side by side, so that none waits for its last addition.
        const SUMS: usize = 8;
        let Squares { groups, first, sum } = self;
        for group in groups {
            add(sum, &group.gradient[first..]);
        }
        let mut squares = [0.0; SUMS];
        for values in sum.chunks(SUMS) {
            for (square, &value) in squares.iter_mut().zip(values) {
                *square += f64::from(value) * f64::from(value);
            }
        }
        squares.iter().sum()
    }
}

/// sum += values.
#[inline(always)]
fn add(sum: &mut [f32], values: &[f32]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += value;
    }
}
