//! Barriers left out.

use super::mutant::{Mutant, STORAGE, WORKGROUP, barrier};
use crate::engine::gpu::device::Kernels;

/// Barriers left out.
pub const BARRIERS: &[Mutant] = &[
    barrier(Kernels::Scans, "scan_forward", WORKGROUP, 0, "clipped"),
    barrier(Kernels::Scans, "scan_forward", WORKGROUP, 1, "clipped"),
    barrier(Kernels::Scans, "scan_backward", WORKGROUP, 0, "clipped"),
    barrier(Kernels::Scans, "project", WORKGROUP, 0, "wavefront rnn_relu"),
    barrier(Kernels::Scans, "project", WORKGROUP, 1, "long and wide"),
    barrier(Kernels::Scans, "weight_gradient", WORKGROUP, 0, "deep gru"),
    barrier(Kernels::Scans, "weight_gradient", WORKGROUP, 1, "many rows of many units"),
    barrier(Kernels::Scans, "input_gradient", WORKGROUP, 0, "deep gru"),
    barrier(Kernels::Scans, "input_gradient", WORKGROUP, 1, "split k"),
    barrier(Kernels::Scans, "loss", WORKGROUP, 0, "deep gru"),
    barrier(Kernels::Scans, "loss", WORKGROUP, 1, "deep gru"),
    barrier(Kernels::Scans, "gradient_sum", WORKGROUP, 0, "clipped"),
    barrier(Kernels::Scans, "gradient_sum", WORKGROUP, 1, "clipped"),
    barrier(Kernels::Scans, "update", WORKGROUP, 1, "clipped by size"),
    barrier(Kernels::Steps, "step_forward", WORKGROUP, 0, "wide input"),
    barrier(Kernels::Steps, "step_forward", WORKGROUP, 1, "clipped"),
    barrier(Kernels::Steps, "step_forward", WORKGROUP, 2, "wide input"),
    barrier(Kernels::Steps, "step_forward", WORKGROUP, 3, "deep gru"),
    barrier(Kernels::Steps, "step_backward", WORKGROUP, 0, "wide input"),
    barrier(Kernels::Steps, "step_backward", WORKGROUP, 1, "clipped"),
    barrier(Kernels::Steps, "step_backward", WORKGROUP, 2, "wide input"),
    barrier(Kernels::Steps, "step_backward", WORKGROUP, 3, "small horizon rnn_tanh"),
    barrier(Kernels::Fused, "fused", WORKGROUP, 1, "carried, many units"),
    barrier(Kernels::Fused, "fused", WORKGROUP, 2, "flat rnn_tanh"),
    barrier(Kernels::Fused, "fused", WORKGROUP, 3, "more units"),
    barrier(Kernels::Fused, "fused", WORKGROUP, 4, "flat rnn_tanh"),
    barrier(Kernels::Fused, "fused", WORKGROUP, 5, "flat rnn_tanh"),
    barrier(Kernels::Fused, "fused", WORKGROUP, 6, "flat lstm"),
    barrier(Kernels::Fused, "fused", WORKGROUP, 7, "flat rnn_tanh"),
    barrier(Kernels::Fused, "fused_update", WORKGROUP, 0, "carried"),
    barrier(Kernels::Fused, "fused_update", WORKGROUP, 1, "carried"),
    barrier(Kernels::Fused, "fused_update", STORAGE, 0, "more units"),
];

/// The barriers without a mutant that is caught: the nth of the module, and why none can be seen on a driver that runs
/// the vectors of a workgroup one after another, as software adapters do.
pub const UNSEEN: &[(&str, usize, &str)] = &[
    ("project", 2, NEVER_SPLIT),
    ("project", 3, NEVER_SPLIT),
    ("weight_gradient", 2, NEVER_SPLIT),
    ("weight_gradient", 3, NEVER_SPLIT),
    ("input_gradient", 2, NEVER_SPLIT),
    ("input_gradient", 3, NEVER_SPLIT),
    ("update", 0, "the workgroup before it on a thread left the same numbers where it reads too early"),
    ("fused", 0, "the first invocation of a row reads what later ones wrote, before these write anew"),
];

const NEVER_SPLIT: &str = "its layouts never split k: the code is left out when the module is compiled";
