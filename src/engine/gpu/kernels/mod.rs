//! The kernels: one struct each, beside its WGSL of the same stem in `shaders/`. The struct's fields are the kernel's
//! bindings by name, and `dispatch` says how its work is laid out and what it costs. Which layout suits an adapter is
//! `tuning`'s; which buffers there are is `plan`'s.

mod carry;
mod dims;
mod dispatch;
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
pub use dims::{Dims, NO_LAYER, READ_EVERY, READ_FINAL, READ_LAST_STEP, Row, STEP_STRIDE, Step, Time, Window};
pub use dispatch::{BufferId, Dispatch};
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
