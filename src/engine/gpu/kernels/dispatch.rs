//! A dispatch, described, and what all kernels need to describe theirs.

use super::module::Module;
use crate::engine::gpu::device::Capabilities;

/// A buffer of a plan: its place in the plan's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BufferId(pub usize);

/// One dispatch, described: what runs on which buffers.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// The module that is compiled.
    pub module: Module,
    /// What it binds, by name.
    pub bindings: Vec<(&'static str, BufferId)>,
    /// Workgroups.
    pub groups: [u32; 3],
    /// Arithmetic, and bytes that are read and written at least.
    pub cost: Cost,
}

/// What a dispatch costs at least, whatever the adapter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Additions and multiplications.
    pub flops: u64,
    /// Bytes of every value read or written, each counted once.
    pub bytes: u64,
}

impl Cost {
    /// So many additions and multiplications, and values of four bytes.
    pub(super) fn new(flops: usize, values: usize) -> Self {
        Cost { flops: flops as u64, bytes: 4 * values as u64 }
    }
}

/// Invocations of a workgroup of the kernels whose invocations make an item each.
pub(super) const ITEMS_A_WORKGROUP: u32 = 64;

/// Invocations of a workgroup of the kernels that add up.
pub(super) const SUM_INVOCATIONS: u32 = 256;

/// Workgroups over `items` items, one an invocation.
pub(super) fn item_groups(capabilities: &Capabilities, items: usize) -> [u32; 3] {
    let [x, y] = fold(capabilities, items.div_ceil(ITEMS_A_WORKGROUP as usize));
    [x, y, 1]
}

/// So many workgroups in x and, past the limit of x, in y.
pub(super) fn fold(capabilities: &Capabilities, groups: usize) -> [u32; 2] {
    let groups = (groups as u32).max(1);
    let y = groups.div_ceil(capabilities.workgroups_a_dimension);
    [groups.div_ceil(y), y]
}

/// Defines a kernel's struct: its name, its entry point, which is the stem of its file, and its bindings.
macro_rules! kernel {
    ($(#[$doc:meta])* $name:ident = $entry:literal { $($field:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name {
            $(
                #[doc = concat!("`", stringify!($field), "` of the shader.")]
                pub $field: $crate::engine::gpu::kernels::dispatch::BufferId,
            )*
        }

        impl $name {
            const ENTRY: &'static str = $entry;

            fn bindings(self) -> Vec<(&'static str, $crate::engine::gpu::kernels::dispatch::BufferId)> {
                vec![$((stringify!($field), self.$field)),*]
            }
        }
    };
}
pub(super) use kernel;
