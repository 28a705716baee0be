//! The layout of a GEMM in workgroup memory, `shaders/parts/gemm.wesl`: what `project`, `step_forward`,
//! `step_backward`,
//! `input_gradient` and `weight_gradient` have in common.

use super::dispatch::fold;
use super::module::Module;
use crate::engine::gpu::device::Capabilities;

/// How a GEMM is cut up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GemmLayout {
    /// Row quads of a workgroup.
    pub row_quads: u32,
    /// Its items.
    pub items: u32,
    /// Column quads of an item, which one invocation sums.
    pub columns: u32,
    /// Quads of k that lie in workgroup memory at a time.
    pub depth: u32,
    /// Invocations that share an item, each for a part of k: 1, or at least 4.
    pub splits: u32,
}

impl GemmLayout {
    /// Invocations of a workgroup.
    pub fn invocations(&self) -> u32 {
        self.row_quads * self.items * self.splits
    }

    /// vec4s of workgroup memory: both sides or, where k is split, the partial sums.
    pub fn shared(&self) -> u32 {
        let sides = self.depth * 4 * (self.row_quads + self.items * self.columns);
        sides.max(if self.splits > 1 { self.invocations() * 4 } else { 0 })
    }

    /// Workgroups over `rows` rows and `column_quads` quads of columns.
    pub fn workgroups(&self, rows: usize, column_quads: usize) -> usize {
        let items = column_quads.div_ceil(self.columns as usize);
        items.div_ceil(self.items as usize) * rows.div_ceil(4 * self.row_quads as usize)
    }

    /// The module of a kernel with this layout.
    pub(super) fn module(&self, module: impl FnOnce(u32) -> Module) -> Module {
        let GemmLayout { row_quads, items, columns, depth, splits } = *self;
        module(self.invocations()).with(&[
            ("SH", self.shared()),
            ("ROW_QUADS", row_quads),
            ("ITEMS", items),
            ("COLUMNS", columns),
            ("DEPTH", depth),
            ("SPLITS", splits),
        ])
    }

    /// The workgroups of a dispatch of `z` GEMMs.
    pub(super) fn groups(&self, capabilities: &Capabilities, rows: usize, column_quads: usize, z: u32) -> [u32; 3] {
        let [x, y] = fold(capabilities, self.workgroups(rows, column_quads));
        [x, y, z]
    }
}
