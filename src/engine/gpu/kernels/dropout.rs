//! The input of a layer above the first where units are dropped.

use super::dims::Dims;
use super::dispatch::{Cost, Dispatch, ITEMS_A_WORKGROUP, item_groups, kernel};
use super::module::{Module, Specialization};
use crate::engine::gpu::device::Capabilities;

kernel! {
    /// `shaders/dropout.wesl`: the states of the layer below times their mask, over a span of steps.
    Dropout = "dropout" { dims, step, time, below, x }
}

impl Dropout {
    /// Of so many layers of these shapes.
    pub fn dispatch(
        self,
        capabilities: &Capabilities,
        specialization: Specialization,
        dims: &Dims,
        layers: u32,
    ) -> Dispatch {
        let quads = dims.span as usize * dims.rows as usize * dims.input_quads as usize;
        let [x, y, _] = item_groups(capabilities, quads);
        Dispatch {
            module: Module::new(Self::ENTRY, specialization, ITEMS_A_WORKGROUP),
            bindings: self.bindings(),
            groups: [x, y, layers],
            // The hash of a unit takes about 30 operations.
            cost: Cost::new(30 * 4 * quads * layers as usize, 8 * quads * layers as usize),
        }
    }
}
