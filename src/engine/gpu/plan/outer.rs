//! The sides and the layout of a weight gradient.

use crate::engine::gpu::kernels::GemmLayout;
use crate::engine::gpu::tuning::outer_product;

/// A weight gradient: its sides in quads, and its layout.
#[derive(Clone, Copy)]
pub struct Outer {
    pub sides: [usize; 2],
    pub layout: GemmLayout,
}

impl Outer {
    /// Of `left` by `right` quads.
    pub fn new(left: usize, right: usize) -> Self {
        Outer { sides: [left, right], layout: outer_product(left, right) }
    }

    /// vec4s of its sums.
    pub fn sums(self) -> usize {
        self.sides[0] * 4 * self.sides[1]
    }

    /// Workgroups of a split and direction.
    pub fn workgroups(self) -> usize {
        self.layout.workgroups(self.sides[0] * 4, self.sides[1])
    }
}
