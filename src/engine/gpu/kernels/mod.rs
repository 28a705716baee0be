//! The kernels: one struct each, beside its WGSL of the same stem in `shaders/`. The struct's fields are the kernel's bindings by name,
//! and `dispatch` says how its work is laid out and what it costs. Which layout suits an adapter is `tuning`'s; which buffers there are
//! is `plan`'s.

mod carry;
mod dims;
mod dropout;
mod fused;
mod fused_update;
mod gemm;
mod gradient_sum;
mod head;
mod head_gradient;
mod input_gradient;
mod loss;
mod module;
mod pack;
mod project;
mod scan_backward;
mod scan_forward;
mod stage;
mod step_backward;
mod step_forward;
mod update;
mod weight_gradient;

pub use carry::Carry;
pub use dims::{Dims, NO_LAYER, Row, STEP_STRIDE, Step, Time, Window};
pub use dropout::Dropout;
pub use fused::{Fused, FusedInference, FusedLayout};
pub use fused_update::FusedUpdate;
pub use gemm::GemmLayout;
pub use gradient_sum::GradientSum;
pub use head::Head;
pub use head_gradient::HeadGradient;
pub use input_gradient::InputGradient;
pub use loss::Loss;
pub use module::{Module, Specialization, Storage};
#[cfg(test)]
pub use module::{all_modules, linked};
pub use pack::Pack;
pub use project::Project;
pub use scan_backward::ScanBackward;
pub use scan_forward::{ScanForward, ScanLayout};
pub use stage::Stage;
pub use step_backward::StepBackward;
pub use step_forward::StepForward;
pub use update::Update;
pub use weight_gradient::{Sides, WeightGradient};

use super::device::Capabilities;

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
    fn new(flops: usize, values: usize) -> Self {
        Cost { flops: flops as u64, bytes: 4 * values as u64 }
    }
}

/// Invocations of a workgroup of the kernels whose invocations make an item each.
const ITEMS_A_WORKGROUP: u32 = 64;

/// Invocations of a workgroup of the kernels that add up.
pub const SUM_INVOCATIONS: u32 = 256;

/// Workgroups over `items` items, one an invocation.
fn item_groups(capabilities: &Capabilities, items: usize) -> [u32; 3] {
    let [x, y] = fold(capabilities, items.div_ceil(ITEMS_A_WORKGROUP as usize));
    [x, y, 1]
}

/// So many workgroups in x and, past the limit of x, in y.
fn fold(capabilities: &Capabilities, groups: usize) -> [u32; 2] {
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
                pub $field: $crate::engine::gpu::kernels::BufferId,
            )*
        }

        impl $name {
            const ENTRY: &'static str = $entry;

            fn bindings(self) -> Vec<(&'static str, $crate::engine::gpu::kernels::BufferId)> {
                vec![$((stringify!($field), self.$field)),*]
            }
        }
    };
}
use kernel;
