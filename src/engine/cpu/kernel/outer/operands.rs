//! What the gradient of a weight matrix is made of.

use crate::engine::cpu::kernel::product::Segments;

/// Values of [`Outer::scratch`]: 24 KB, most of the first cache of any processor.
pub(in crate::engine::cpu) const SCRATCH: usize = 6144;

/// gradient[m, k] += sum over times t and lanes of a[t, m] b[t, k], row-major.
pub(in crate::engine::cpu) struct Outer<'a> {
    /// [T, >= M], of which the segments are the rows of the gradient.
    pub a: &'a [f32],
    /// Values from one time to the next.
    pub a_stride: usize,
    pub segments: Segments<'a>,
    /// [T, >= K].
    pub b: &'a [f32],
    /// Values from one time to the next.
    pub b_stride: usize,
    /// K.
    pub columns: usize,
    /// [M, K].
    pub gradient: &'a mut [f32],
    /// [`SCRATCH`] values.
    pub scratch: &'a mut [f32],
}
