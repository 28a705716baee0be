//! Blocks of outputs whose sums stay in registers.

use super::wide::registers;
use pulp::Simd;

/// A loop over blocks of M outputs, each V vectors.
pub(super) trait Blocked<S: Simd, const V: usize> {
    /// Runs with blocks of M outputs.
    fn run<const M: usize>(self, simd: S);
}

/// Outputs that a block may have, for a SIMD level with so many registers and tiles of V vectors. The sums of a block
/// leave a few registers to the inputs, and below 16 to the weights too. Up to 24 sums of one vector fit 32 registers, but an LSTM's forward pass of 128
/// units then takes 1.5 times as long.
pub(in crate::engine::cpu) const fn blocks(registers: usize, vectors: usize) -> [usize; 4] {
    match (registers >= 32, vectors) {
        (true, _) | (false, 1) => [4, 8, 10, 12],
        (false, _) if registers >= 16 => [2, 4, 5, 6],
        (false, _) => [1, 2, 3, 4],
    }
}

/// The candidate that computes `count` outputs with the least work: each input costs a load beside the sums of a block.
pub(in crate::engine::cpu) fn choose(candidates: &[usize], count: usize) -> usize {
    candidates.iter().copied().min_by_key(|&block| count.div_ceil(block) * (block + 1)).expect("there are candidates")
}

/// Runs a loop with the blocks that its weights are packed in.
#[inline(always)]
pub(super) fn by_block<S: Simd, const V: usize>(simd: S, block: usize, blocked: impl Blocked<S, V>) {
    if const { registers::<S>() >= 32 || V == 1 } {
        match block {
            4 => blocked.run::<4>(simd),
            8 => blocked.run::<8>(simd),
            10 => blocked.run::<10>(simd),
            12 => blocked.run::<12>(simd),
            _ => other(block, blocks(32, V)),
        }
    } else if const { registers::<S>() >= 16 } {
        match block {
            2 => blocked.run::<2>(simd),
            4 => blocked.run::<4>(simd),
            5 => blocked.run::<5>(simd),
            6 => blocked.run::<6>(simd),
            _ => other(block, blocks(16, 2)),
        }
    } else {
        match block {
            1 => blocked.run::<1>(simd),
            2 => blocked.run::<2>(simd),
            3 => blocked.run::<3>(simd),
            4 => blocked.run::<4>(simd),
            _ => other(block, blocks(14, 2)),
        }
    }
}

#[cold]
fn other(block: usize, blocks: [usize; 4]) -> ! {
    panic!("weights were packed in blocks of {block} outputs, not {blocks:?}")
}

/// sums[m] += sum_k weights[k][m] inputs[k].
#[inline(always)]
pub(super) fn accumulate<S: Simd, const V: usize, const M: usize>(
    simd: S,
    mut sums: [[S::f32s; V]; M],
    weights: &[f32],
    inputs: &[[S::f32s; V]],
) -> [[S::f32s; V]; M] {
    let (weights, _) = weights.as_chunks::<M>();
    for (weights, input) in weights.iter().zip(inputs) {
        for m in 0..M {
            let weight = simd.splat_f32s(weights[m]);
            for v in 0..V {
                sums[m][v] = simd.mul_add_e_f32s(weight, input[v], sums[m][v]);
            }
        }
    }
    sums
}
