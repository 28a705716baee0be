//! Products of a weight matrix with some rows, several at a time: a weight that was loaded serves each of them.

use super::values::{load, store};
use crate::engine::cpu::kernel::aligned::MAX_LANES;
use crate::engine::cpu::kernel::packed::Packed;
use crate::engine::cpu::kernel::product::Segments;
use crate::engine::cpu::kernel::wide::registers;
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// The most rows of a block, whatever its width.
const MAX_ROWS: usize = 8;

/// Outputs of a block of the weights that [`RowsProduct`] reads, where it has so many outputs and takes so many rows at
/// a time: the candidate with the least work.
pub(in crate::engine::cpu) fn block_of<S: Simd>(outputs: usize, rows: usize) -> usize {
    let vectors = outputs.div_ceil(S::F32_LANES);
    let work = |&width: &usize| {
        let blocks = rows.div_ceil(most_rows::<S>(width));
        let rows = rows.div_ceil(blocks);
        // Products, of which fewer than 8 wait for the last addition, and the loads of weights and of inputs.
        let each = (rows * width).max(8) + width + rows.div_ceil(2);
        vectors.div_ceil(width) * blocks * each
    };
    WIDTHS.iter().copied().min_by_key(work).expect("there are widths") * S::F32_LANES
}

/// Vectors that a block of outputs may have.
const WIDTHS: [usize; 5] = [1, 2, 3, 5, 8];
/// Outputs of the largest block, on any level.
pub(in crate::engine::cpu) const MAX_BLOCK: usize = WIDTHS[WIDTHS.len() - 1] * MAX_LANES;

/// The most rows whose sums fit the registers beside a block's weights, where it has so many vectors.
const fn most_rows<S: Simd>(width: usize) -> usize {
    match (registers::<S>(), width) {
        (32.., 1..=3) => MAX_ROWS,
        (32.., 5) => 4,
        (32.., _) => 2,
        (16.., 1) => MAX_ROWS,
        (16.., 2) => 6,
        (16.., 3) => 4,
        (16.., 5) => 2,
        // Fewer registers hold the weights and the inputs of a turn beside the sums.
        (_, 1) => 6,
        (_, 2) => 4,
        (_, 3) => 2,
        (_, _) => 1,
    }
}

/// What the products are added to.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine::cpu) enum Start<'a> {
    /// These values, one for each output; filled up to whole blocks.
    Bias(&'a [f32]),
    /// What `out` holds, product after product.
    Sum,
    /// What `out` holds, the sum of all products at once.
    Add,
}

/// out[r, m] = start + sum_k W[m, k] in[r, k] for every row r, the inputs one after the other.
pub(in crate::engine::cpu) struct RowsProduct<'a> {
    /// W, in blocks of [`block_of`].
    pub weights: &'a Packed,
    pub start: Start<'a>,
    /// [R, >= K], of which the segments are the inputs.
    pub input: &'a [f32],
    /// Values from one row to the next.
    pub input_stride: usize,
    pub segments: Segments<'a>,
    /// [R, >= M].
    pub out: &'a mut [f32],
    /// Values from one row to the next.
    pub out_stride: usize,
    /// R.
    pub rows: usize,
    /// At least R*K values, where there are several rows.
    pub scratch: &'a mut [f32],
}

impl WithSimd for RowsProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.weights.block / S::F32_LANES {
            1 => self.by_rows::<S, 1>(simd),
            2 => self.by_rows::<S, 2>(simd),
            3 => self.by_rows::<S, 3>(simd),
            5 => self.by_rows::<S, 5>(simd),
            8 => self.by_rows::<S, 8>(simd),
            width => panic!("weights were packed in blocks of {width} vectors, not {WIDTHS:?}"),
        }
    }
}

impl RowsProduct<'_> {
    /// The rows fall into blocks as evenly as they can, whose inputs are laid side by side; then blocks of outputs, and
    /// within each all rows.
    #[inline(always)]
    fn by_rows<S: Simd, const V: usize>(self, simd: S) {
        let RowsProduct { weights, start, input, input_stride, segments, out, out_stride, rows, scratch } = self;
        let most = most_rows::<S>(V);
        let blocks = rows.div_ceil(most);
        let inputs = match segments {
            // A single row lies as it is wanted.
            [segment] if rows == 1 => &input[segment.clone()],
            _ => {
                let mut packed = &mut scratch[..rows * weights.inputs];
                for n in 0..blocks {
                    let rows = n * rows / blocks..(n + 1) * rows / blocks;
                    let packed = packed.split_off_mut(..rows.len() * weights.inputs).unwrap_or_default();
                    for (r, row) in rows.clone().enumerate() {
                        let mut packed = packed[r..].iter_mut().step_by(rows.len());
                        for segment in segments {
                            let values = &input[row * input_stride..][segment.clone()];
                            packed.by_ref().zip(values).for_each(|(packed, &value)| *packed = value);
                        }
                    }
                }
                &scratch[..rows * weights.inputs]
            }
        };
        for (index, block) in weights.blocks().enumerate() {
            let (block, _) = S::as_simd_f32s(block);
            let (block, _) = block.as_chunks::<V>();
            let first = index * weights.block;
            let outputs = first..weights.outputs.min(first + weights.block);
            let (mut row, mut inputs) = (0, inputs);
            for n in 0..blocks {
                let count = (n + 1) * rows / blocks - row;
                let (these, others) = inputs.split_at(count * weights.inputs);
                inputs = others;
                let out = &mut out[row * out_stride..];
                row += count;
                let rows = Rows { block, start, inputs: these, outputs: outputs.clone(), out, out_stride };
                match count {
                    1 => rows.run::<S, 1>(simd),
                    2 if const { most_rows::<S>(V) >= 2 } => rows.run::<S, 2>(simd),
                    3 if const { most_rows::<S>(V) >= 3 } => rows.run::<S, 3>(simd),
                    4 if const { most_rows::<S>(V) >= 4 } => rows.run::<S, 4>(simd),
                    5 if const { most_rows::<S>(V) >= 5 } => rows.run::<S, 5>(simd),
                    6 if const { most_rows::<S>(V) >= 6 } => rows.run::<S, 6>(simd),
                    7 if const { most_rows::<S>(V) >= 7 } => rows.run::<S, 7>(simd),
                    8 if const { most_rows::<S>(V) >= 8 } => rows.run::<S, 8>(simd),
                    count => unreachable!("a block of {count} rows, at most {most}"),
                }
            }
        }
    }
}

/// A block of outputs of a few rows.
struct Rows<'a, T, const V: usize> {
    /// [K][V].
    block: &'a [[T; V]],
    start: Start<'a>,
    /// [K][R].
    inputs: &'a [f32],
    outputs: Range<usize>,
    out: &'a mut [f32],
    out_stride: usize,
}

impl<T: Copy, const V: usize> Rows<'_, T, V> {
    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "loops over constant bounds, which become registers")]
    fn run<S: Simd<f32s = T>, const R: usize>(self, simd: S) {
        let Rows { block, start, inputs, outputs, out, out_stride } = self;
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        // What is there before: the first values of the sums, or what they are added to.
        let mut before = [[simd.splat_f32s(0.0); V]; R];
        if let Start::Bias(bias) = start {
            let (bias, _) = S::as_simd_f32s(&bias[outputs.start..]);
            for r in 0..R {
                sums[r].copy_from_slice(&bias[..V]);
            }
        } else if outputs.len() == V * S::F32_LANES {
            for r in 0..R {
                let (out, _) = S::as_simd_f32s(&out[r * out_stride..][outputs.clone()]);
                before[r].copy_from_slice(&out[..V]);
            }
        } else {
            before = get_partial::<S, V, R>(simd, out, out_stride, &outputs);
        }
        if matches!(start, Start::Sum) {
            sums = before;
        }
        for (weights, inputs) in block.iter().zip(inputs.as_chunks::<R>().0) {
            for r in 0..R {
                let value = simd.splat_f32s(inputs[r]);
                for v in 0..V {
                    sums[r][v] = simd.mul_add_e_f32s(value, weights[v], sums[r][v]);
                }
            }
        }
        if matches!(start, Start::Add) {
            for r in 0..R {
                for v in 0..V {
                    sums[r][v] = simd.add_f32s(before[r][v], sums[r][v]);
                }
            }
        }
        if outputs.len() == V * S::F32_LANES {
            for r in 0..R {
                let (out, _) = S::as_mut_simd_f32s(&mut out[r * out_stride..][outputs.clone()]);
                out[..V].copy_from_slice(&sums[r]);
            }
        } else {
            // A copy, since what is indexed at run time lies in memory.
            let mut values = [[simd.splat_f32s(0.0); V]; R];
            for r in 0..R {
                for v in 0..V {
                    values[r][v] = sums[r][v];
                }
            }
            for (values, out) in values.into_iter().zip(out.chunks_mut(out_stride)) {
                for (value, out) in values.into_iter().zip(out[outputs.clone()].chunks_mut(S::F32_LANES)) {
                    store(simd, out, value);
                }
            }
        }
    }
}

/// The values of some rows at the last outputs, which fill no whole block.
#[inline(always)]
fn get_partial<S: Simd, const V: usize, const R: usize>(
    simd: S,
    out: &[f32],
    stride: usize,
    outputs: &Range<usize>,
) -> [[S::f32s; V]; R] {
    let mut values = [[simd.splat_f32s(0.0); V]; R];
    for (values, out) in values.iter_mut().zip(out.chunks(stride)) {
        for (value, out) in values.iter_mut().zip(out[outputs.clone()].chunks(S::F32_LANES)) {
            *value = load(simd, out);
        }
    }
    values
}
