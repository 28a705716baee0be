//! The gradient of a loss with respect to the outputs.

use super::aligned::MAX_LANES;
use super::functions::exp;
use super::lanes::Lanes;
use super::lengths::TileLengths;
use super::wide::{Kernel, tiles, tiles_mut};
use crate::loss::Loss;
use pulp::Simd;

/// d_y of every position of a tile: [`Loss::derivative`] over the terms of the whole batch, and zero where a position
/// does not count.
pub(in crate::engine::cpu) struct LossGradient<'a> {
    pub loss: Loss,
    /// O.
    pub outputs: usize,
    /// Lanes that are rows of the batch.
    pub rows: usize,
    /// The lengths of the rows, if positions are times.
    pub lengths: Option<TileLengths>,
    /// Terms of the whole batch.
    pub terms: usize,
    /// [R, O].
    pub y: &'a [f32],
    /// [R, `Loss::target_width`].
    pub targets: &'a [f32],
    /// [R, O].
    pub d_y: &'a mut [f32],
}

impl Kernel for LossGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, simd: S) {
        let LossGradient { loss, outputs, rows, lengths, terms, .. } = self;
        let width = loss.target_width(outputs);
        let mut weights = [0.0; MAX_LANES];
        weights[..rows].fill(1.0 / terms as f32);
        let zero = simd.splat_f32s(0.0);
        let y = tiles::<S, V>(self.y).chunks_exact(outputs);
        let positions = y.zip(tiles::<S, V>(self.targets).chunks_exact(width));
        let d_y = tiles_mut::<S, V>(self.d_y).chunks_exact_mut(outputs);
        for (r, ((y, targets), d_y)) in positions.zip(d_y).enumerate() {
            let active = lengths.and_then(|lengths| lengths.active::<S, V>(simd, r));
            for v in 0..V {
                let mut weight = S::as_simd_f32s(&weights).0[v];
                if let Some(active) = active {
                    weight = simd.select_f32s(active[v], weight, zero);
                }
                if loss == Loss::CrossEntropy {
                    softmax(simd, y, d_y, v);
                }
                let counts = simd.greater_than_f32s(weight, zero);
                for o in 0..outputs {
                    let target = targets[loss.target_of(o)][v];
                    let (y, target) = match loss {
                        Loss::CrossEntropy => {
                            let is_class = simd.equal_f32s(target, simd.splat_f32s(o as f32));
                            (d_y[o][v], simd.select_f32s(is_class, simd.splat_f32s(1.0), zero))
                        }
                        _ => (y[o][v], target),
                    };
                    let derivative = loss.derivative(o, Lanes::new(simd, y), Lanes::new(simd, target)).vector(simd);
                    d_y[o][v] = simd.select_f32s(counts, simd.mul_f32s(weight, derivative), zero);
                }
            }
        }
    }
}

/// p[o] = exp(y[o]) / sum_k exp(y[k]), without overflow, of the v-th vector of each value.
#[inline(always)]
fn softmax<S: Simd, const V: usize>(simd: S, y: &[[S::f32s; V]], p: &mut [[S::f32s; V]], v: usize) {
    let mut largest = y[0][v];
    for y in y {
        largest = simd.max_f32s(largest, y[v]);
    }
    let mut sum = simd.splat_f32s(0.0);
    for (p, y) in p.iter_mut().zip(y) {
        p[v] = exp(simd, simd.sub_f32s(y[v], largest));
        sum = simd.add_f32s(sum, p[v]);
    }
    for p in p {
        p[v] = simd.div_f32s(p[v], sum);
    }
}
