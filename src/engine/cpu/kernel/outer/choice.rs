//! Along which dimension of the gradient the vectors lie.

use super::operands::Outer;
use super::{lanes, rows};
use crate::engine::cpu::kernel::wide::{Kernel, registers};
use pulp::Simd;

impl Kernel for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, simd: S) {
        // Rows of the gradient in vectors need no sums over lanes, but waste what K lacks to whole vectors.
        let padded = self.columns.next_multiple_of(S::F32_LANES);
        if S::F32_LANES > 1 && 10 * padded <= 13 * self.columns {
            rows::add::<S, V>(simd, self);
        } else if const { registers::<S>() >= 32 } {
            lanes::add::<S, V, 4, 5>(simd, self);
        } else if const { registers::<S>() >= 16 } {
            lanes::add::<S, V, 3, 4>(simd, self);
        } else {
            lanes::add::<S, V, 2, 4>(simd, self);
        }
    }
}
