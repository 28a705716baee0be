//! Buffers of f32 that begin on a cache line, so that no vector load crosses one.

use bytemuck::{Pod, Zeroable};
use std::ops::{Deref, DerefMut};

/// Lanes of the widest vector.
pub(in crate::engine::cpu) const MAX_LANES: usize = 16;

/// One cache line, and the widest vector.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([f32; MAX_LANES]);

/// A buffer of f32 that begins on a cache line.
#[derive(Clone, Debug, Default)]
pub(in crate::engine::cpu) struct AlignedBuffer {
    lines: Vec<Line>,
    len: usize,
}

impl AlignedBuffer {
    /// `len` zeros.
    pub fn zeroed(len: usize) -> Self {
        AlignedBuffer { lines: vec![Line::zeroed(); len.div_ceil(MAX_LANES)], len }
    }
}

impl Deref for AlignedBuffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }
}

impl DerefMut for AlignedBuffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}
