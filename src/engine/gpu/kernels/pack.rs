//! The weights of a layer in the layout that its kernels read.

use super::dims::Dims;
use super::dispatch::{Cost, Dispatch, ITEMS_A_WORKGROUP, item_groups, kernel};
use super::module::{Module, Specialization};
use crate::engine::gpu::device::Capabilities;

kernel! {
    /// `shaders/pack.wesl`: copies the weights of a layer from PyTorch's layout, transposed and as they are; sections
    /// in
    /// `shaders/parts/packing.wesl`.
    Pack = "pack" { dims, parameters, packed }
}

impl Pack {
    /// Of a layer of these shapes.
    pub fn dispatch(self, capabilities: &Capabilities, specialization: Specialization, dims: &Dims) -> Dispatch {
        let quads = (dims.directions * dims.packed_stride) as usize;
        let Cost { flops, bytes } = Cost::new(0, 4 * quads);
        Dispatch {
            module: Module::new(Self::ENTRY, specialization, ITEMS_A_WORKGROUP),
            bindings: self.bindings(),
            groups: item_groups(capabilities, quads),
            cost: Cost { flops, bytes: bytes + (quads * specialization.storage.quad_bytes()) as u64 },
        }
    }
}
