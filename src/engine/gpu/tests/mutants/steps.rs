//! Kernels of a dispatch a time step, broken.

use super::mutant::{Mutant, steps};

/// Kernels of a dispatch a time step, broken.
pub const STEPS: &[Mutant] = &[
    steps("step_forward", "k += SPLITS", "k += SPLITS + 1u", "many rows"),
    steps("step_forward", "part < SPLITS;", "part < SPLITS - 1u;", "clipped"),
    steps("step_forward", "first < depth;", "first + DEPTH < max(depth, DEPTH + 1u);", "clipped"),
    steps("step_forward", "place.row_quad * 4u + row;", "row;", "many rows"),
    steps("step_forward", "sh[k * ROW_QUADS + row_quad]", "sh[k * ROW_QUADS]", "many rows"),
    steps("step_forward", "item * COLUMNS + c]", "c]", "clipped"),
    steps("step_forward", "columns[v * BUNDLES + bundle]", "columns[v * BUNDLES]", "many rows"),
    steps("step_forward", "slot_before(chain.z, time_of(chain.z, chain.s)), row", "chain.s, row", "deep rnn_tanh"),
    steps("step_forward", "z * dims.pre_stride", "0u", "deep rnn_tanh"),
    steps("step_forward", "chain.z * dims.packed_stride", "0u", "deep rnn_tanh"),
    steps("step_forward", "z * dims.states_stride", "0u", "deep rnn_tanh"),
    steps("step_forward", "is_running(chain, dims.steps)", "is_running(chain, dims.steps - 1u)", "deep rnn_tanh"),
    steps("step_forward", "values[HIDDEN_SLOT[gate]]", "values[gate]", "deep gru"),
    steps("step_backward", "return transpose(rows);", "return rows;", "deep rnn_tanh"),
    steps(
        "step_backward",
        "let t = time_of(chain.z, dims.steps - chain.s);",
        "let t = time_of(chain.z, dims.steps - 1u - chain.s);",
        "deep rnn_tanh",
    ),
    steps("step_backward", "t == read_time(z, length - 1u)", "t == dims.steps - 1u", "small horizon rnn_tanh"),
    steps("step_backward", "s > 0u || dims", "s > 1u || dims", "clipped"),
    steps("step_backward", "|| dims.reads_d_states == 1u", "", "deep rnn_tanh"),
    steps("step_backward", "dims.reads_d_states == 1u", "true", "clipped"),
    steps("step_backward", "select(passed[vector], out", "select(vec4f(0.0), out", "last step, states"),
    steps("step_backward", "passed[0] += sums[0];", "passed[0] = sums[0];", "deep gru"),
    steps("step_backward", "HIDDEN_SLOT[segment] * dims.hidden_quads", "segment * dims.hidden_quads", "deep gru"),
    steps("step_backward", "segment * dims.hidden_quads * 4u + k", "k", "deep gru"),
    steps("step_backward", "chain.s < dims.steps)", "chain.s <= dims.steps)", "wavefront rnn_relu"),
    steps("step_backward", "is_running(chain, dims.passes)", "is_running(chain, dims.passes - 1u)", "deep rnn_tanh"),
    steps("step_backward", "chain.z * dims.packed_stride", "0u", "deep rnn_tanh"),
    steps("step_backward", "z * dims.tape_stride", "0u", "deep rnn_tanh"),
    steps("step_backward", "s - z * dims.span", "s", "wavefront rnn_relu"),
    steps("step_backward", "z * dims.d_states_stride", "0u", "deep rnn_tanh"),
    steps("project", "columns[c] = sums[c][r];", "columns[c] = sums[c][0];", "deep rnn_tanh"),
    steps("input_gradient", "k < depth * 4u", "k + 4u < depth * 4u", "deep rnn_tanh"),
    steps("weight_gradient", "item * BUNDLES + c % BUNDLES", "c % BUNDLES", "deep rnn_tanh"),
];
