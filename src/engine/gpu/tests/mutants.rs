//! Kernels broken in one place. Each must be caught by the comparison with the oracle, on the case that it names, on a
//! device that is made to run the kernel. What is sought is the linked module, as `refrain explain --kernel` prints it.

use crate::engine::Precision;
use crate::engine::gpu::device::Kernels;

/// A change to one kernel's source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// The kernel.
    pub kernel: &'static str,
    find: &'static str,
    replace: &'static str,
    /// Which of the places that are found, counted from 0; all of them, where none is said.
    nth: Option<usize>,
}

impl Mutation {
    /// The source with the change; none where it has nothing to change.
    pub fn apply(&self, source: &str) -> Option<String> {
        let mut places = source.match_indices(self.find).map(|(at, _)| at);
        match self.nth {
            None => places.next().map(|_| source.replace(self.find, self.replace)),
            Some(nth) => places.nth(nth).map(|at| {
                let mut changed = source.to_owned();
                changed.replace_range(at..at + self.find.len(), self.replace);
                changed
            }),
        }
    }
}

/// A mutation, the kernels that a device has to run to meet it, and the case that shows it.
#[derive(Debug)]
pub struct Mutant {
    pub kernels: Kernels,
    kernel: &'static str,
    find: &'static str,
    replace: &'static str,
    nth: Option<usize>,
    /// The name of the case: those in 16 bits begin with `half`.
    pub case: &'static str,
}

impl Mutant {
    /// The change.
    pub fn mutation(&self) -> Mutation {
        let &Mutant { kernel, find, replace, nth, .. } = self;
        Mutation { kernel, find, replace, nth }
    }

    /// Whether it leaves out a barrier.
    pub fn leaves_out_a_barrier(&self) -> bool {
        self.nth.is_some()
    }

    /// Whether it leaves out this one.
    pub fn is_barrier(&self, kernel: &str, text: &str, nth: usize) -> bool {
        (self.kernel, self.find, self.nth) == (kernel, text, Some(nth))
    }

    /// How the case stores weights and the tape.
    pub fn precision(&self) -> Precision {
        if self.case.starts_with("half") { Precision::F16 } else { Precision::F32 }
    }
}

const fn scans(kernel: &'static str, find: &'static str, replace: &'static str, case: &'static str) -> Mutant {
    Mutant { kernels: Kernels::Scans, kernel, find, replace, nth: None, case }
}

const fn steps(kernel: &'static str, find: &'static str, replace: &'static str, case: &'static str) -> Mutant {
    Mutant { kernels: Kernels::Steps, ..scans(kernel, find, replace, case) }
}

const fn fused(kernel: &'static str, find: &'static str, replace: &'static str, case: &'static str) -> Mutant {
    Mutant { kernels: Kernels::Fused, ..scans(kernel, find, replace, case) }
}

/// The text of a barrier.
pub const WORKGROUP: &str = "workgroupBarrier();";
/// Of another.
pub const STORAGE: &str = "storageBarrier();";

/// One barrier left out: the nth of the module.
const fn barrier(kernels: Kernels, kernel: &'static str, find: &'static str, nth: usize, case: &'static str) -> Mutant {
    Mutant { kernels, kernel, find, replace: "", nth: Some(nth), case }
}

/// Every mutant.
pub const MUTANTS: &[Mutant] = &[
    scans("stage", "window.start + t)", "window.start)", "wide input"),
    scans("stage", "select(0.0, 1.0, i == dims.inputs)", "0.0", "wide input"),
    scans("stage", "t < window.length", "t < dims.steps", "mae"),
    scans("stage", "i >= dims.centered", "i > dims.centered", "wide input"),
    scans("stage", "window * dims.centered + i", "i", "small horizon rnn_tanh"),
    scans(
        "weight_gradient",
        "max(part.end_t, part.first_t) - part.first_t",
        "max(part.end_t, part.first_t + 1u) - part.first_t - 1u",
        "wide input",
    ),
    scans("weight_gradient", "r == dims.input_quads", "r > dims.input_quads", "deep rnn_tanh"),
    scans(
        "weight_gradient",
        "state_at(slot_before(direction, t), 0u, direction)",
        "state_at(t, 0u, direction)",
        "deep rnn_tanh",
    ),
    scans(
        "weight_gradient",
        "state_at(t + 1u, b, 0u)",
        "state_at(max(rows[b].length, dims.steps), b, 0u)",
        "wide input, both directions",
    ),
    scans("weight_gradient", "t, 0u, is_reverse(z) &&", "t, 0u, false &&", "wide input, both directions"),
    scans("weight_gradient", "split % dims.row_splits * rows_a_split", "0u", "rows rnn_relu"),
    scans("weight_gradient", "split / dims.row_splits * steps_a_split", "0u", "wide input"),
    scans(
        "weight_gradient",
        "split_of(chain) * dims.directions + direction_of(chain)",
        "split_of(chain) * dims.directions",
        "deep rnn_tanh",
    ),
    scans("weight_gradient", "return chain.z / direction_count();", "return 0u;", "wide input"),
    scans("weight_gradient", "row < part.end_row", "row + 1u < part.end_row", "wide input"),
    scans("weight_gradient", "part.first_t + segment, l)", "part.first_t, l)", "wide input"),
    scans(
        "weight_gradient",
        "HIDDEN_SLOT[l / dims.hidden_quads]",
        "(l / dims.hidden_quads)",
        "wide input, both directions",
    ),
    scans("gradient_sum", "split < splits;", "split < splits - 1u;", "wide input"),
    scans(
        "gradient_sum",
        "HIDDEN_SLOT[row / dims.hidden]",
        "INPUT_SLOT[row / dims.hidden]",
        "wide input, both directions",
    ),
    scans("gradient_sum", "select(padded(k), k,", "select(k, k,", "deep rnn_tanh"),
    scans("gradient_sum", "return sum;", "return sum * select(1.0, 1.001, abs(sum) < 1e-3);", "deep rnn_tanh"),
    scans("gradient_sum", "bound(step.before, group)", "0u", "horizon"),
    scans("gradient_sum", "bound(step.before, group)", "step.place", "large logits"),
    scans("gradient_sum", "select(padded(item % width)", "select(item % width", "deep rnn_tanh"),
    scans("gradient_sum", "squares += sum * sum;", "squares += sum;", "clipped"),
    scans("gradient_sum", "norms[dims.at_norms + group.x]", "norms[group.x]", "headless"),
    scans("gradient_sum", "item = group.x * WG + lid", "item = max(group.x, 1u) * WG + lid", "wide input"),
    scans("gradient_sum", "item - own, dims.at_weight_ih", "item, dims.at_weight_ih", "wide input"),
    scans("gradient_sum", "width > 0u", "width > 1u", "clipped"),
    scans("head", "var sum = parameters[dims.at_head_bias + o];", "var sum = 0.0;", "wide input"),
    scans("head", "dims.directions * dims.hidden, groups", "dims.hidden, groups", "deep rnn_tanh"),
    scans("head", "t, 0u, is_reverse(z) &&", "t, 0u, false &&", "wide input, both directions"),
    scans("head", "select(length - 1u, position", "select(dims.steps - 1u, position", "wide input, both directions"),
    scans("head", "if (t >= length)", "if (t > length)", "mae"),
    scans("head", "let k = padded(o);", "let k = o;", "headless"),
    scans("head", "let k = padded(unit);", "let k = unit;", "deep rnn_tanh"),
    scans("head_gradient", "row < step.rows", "row + 1u < step.rows", "wide input"),
    scans("head_gradient", "direction * dims.hidden + k", "k", "deep rnn_tanh"),
    scans("dropout", "state_at(t + 1u, row, layer)", "state_at(t, row, layer)", "headless"),
    scans("dropout", "word >= step.threshold", "word > 0u", "headless"),
    scans("dropout", "column_of(i), t", "i, t", "headless"),
    scans("dropout", "select(dims.layer_below, z - 1u", "select(0u, z - 1u", "headless"),
    scans("dropout", "1664525u", "1664524u", "headless"),
    scans("dropout", "step.before + row", "row", "headless"),
    scans("dropout", "select(0u, chain.z - 1u", "select(0u, chain.z", "wavefront, dropout"),
    scans("dropout", "chain.s + item / dims.input_quads", "item / dims.input_quads", "wavefront, dropout"),
    scans("dropout", "item >= steps * dims.rows", "item >= (steps - 1u) * dims.rows", "headless"),
    scans("dropout", "select(dims.layer_below, z - 1u", "select(dims.layer_below, 0u", "wavefront, dropout"),
    scans("input_gradient", "step.before + row", "row", "headless"),
    scans("input_gradient", "INPUT_SLOT[segment % GATES]", "0u", "headless"),
    scans("input_gradient", "return dims.directions * GATES;", "return GATES;", "headless"),
    scans(
        "input_gradient",
        "dropout_mask(chain.z, t, b, quad)",
        "(0.0 * dropout_mask(chain.z, t, b, quad) + 1.0)",
        "headless",
    ),
    scans("input_gradient", "dropout_mask(chain.z, t, b, quad)", "dropout_mask(chain.z, t, 0u, quad)", "headless"),
    scans("input_gradient", "(chain.z - 1u) * dims.d_in_stride", "0u", "wavefront, dropout"),
    scans(
        "input_gradient",
        "min(dims.span, dims.steps - chain.s)",
        "(min(dims.span, dims.steps - chain.s) - 1u)",
        "headless",
    ),
    scans(
        "input_gradient",
        "dims.steps - chain.s - step_count(chain) +",
        "dims.steps - step_count(chain) +",
        "wavefront, dropout",
    ),
    scans(
        "input_gradient",
        "(chain.z + segment / GATES) * dims.packed_stride",
        "segment / GATES * dims.packed_stride",
        "wavefront, dropout",
    ),
    scans("input_gradient", "|| layer == NO_LAYER", "|| false", "headless"),
    scans("carry", "state_at(dims.steps, 0u, 0u)", "state_at(dims.steps - 1u, 0u, 0u)", "carried"),
    scans("carry", "item >= STATES * vector_len", "item >= vector_len", "carried"),
    scans("carry", "vector * state_stride() + local", "local", "carried"),
    scans("loss", "2.0 * difference", "difference", "headless"),
    scans("loss", "position < row_of(row).length", "position <= row_of(row).length", "headless"),
    scans("loss", "item / step.quantiles", "item", "small horizon rnn_tanh"),
    scans("loss", "- is_positive(t - y)", "", "mae"),
    scans("loss", "distance - 0.5 * step.delta", "distance - step.delta", "huber"),
    scans("loss", "abs(difference) > step.delta", "false", "huber"),
    scans("loss", "- y * t", "", "binary cross-entropy"),
    scans("loss", "sigmoid(vec4f(y)).x - t", "sigmoid(vec4f(y)).x", "binary cross-entropy"),
    scans("loss", "(1.0 - level(o)) * (y - t)", "level(o) * (y - t)", "small horizon rnn_tanh"),
    scans("loss", "is_positive(y - t) - level(o)", "is_positive(y - t) - level(0u)", "small horizon rnn_tanh"),
    scans("loss", "step.levels[n / 4u]", "step.levels[0]", "quantiles"),
    scans("loss", "largest = max(", "largest = min(", "large logits"),
    scans("loss", "o == truth", "o == 0u", "carried"),
    scans("loss", "(y[at + truth] - largest)", "y[at + truth]", "carried"),
    scans("loss", "row_of(row).window * dims.target_len + k", "row * dims.target_len + k", "headless"),
    scans("loss", "row_of(row).start + dims.steps +", "row_of(row).start +", "small horizon rnn_tanh"),
    scans("loss", "feature >= dims.centered", "feature >= 0u", "small horizon rnn_tanh"),
    scans("loss", "rows[row].window * dims.centered", "row * dims.centered", "small horizon rnn_tanh"),
    scans("loss", "n += groups.x * WG", "n += WG", "many outputs"),
    scans("loss", "width > 0u", "width > 1u", "headless"),
    scans("loss", "step.place * dims.loss_parts + group.x", "group.x", "headless"),
    scans("loss", "select(dims.outputs, 1u, step.loss == CROSS_ENTROPY)", "dims.outputs", "carried"),
    scans("update", "clip_factor(tree_sum(lid, squares))", "max(clip_factor(tree_sum(lid, squares)), 1.0)", "clipped"),
    scans("update", "select(factor, 1.0, factor > 1.0)", "factor", "carried, hardly clipped"),
    scans("update", "sqrt(norm)", "norm", "clipped"),
    scans("update", "sqrt(v) * step.inverse_root", "sqrt(v)", "clipped"),
    scans("update", "step.add_v * g * g", "step.add_v * g", "clipped"),
    scans("update", "/ (sqrt(v) * step.inverse_root + step.eps)", "/ sqrt(v + step.eps)", "clipped"),
    scans("update", "dims.norm_parts, groups", "dims.norm_parts - 1u, groups", "clipped"),
    scans("pack", "HIDDEN_SLOT[gate] == slot", "HIDDEN_SLOT[gate] != slot", "clipped"),
    scans("pack", "% dims.input_quads * 4u + c", "% dims.input_quads * 4u", "clipped"),
    scans("project", "dims.at_bias + slot * dims.hidden_quads", "dims.at_bias", "deep gru"),
    scans(
        "project",
        "time_of(chain.z, chain.s + row / dims.rows), row",
        "time_of(chain.z, row / dims.rows), row",
        "deep gru",
    ),
    scans("project", "s % dims.chunk", "s % (dims.chunk + 1u)", "deep gru"),
    scans("project", "weight(chain.z, dims.at_input_w", "weight(0u, dims.at_input_w", "deep gru"),
    scans(
        "project",
        "min(dims.chunk, dims.steps - chain.s)",
        "(min(dims.chunk, dims.steps - chain.s) - 1u)",
        "deep gru",
    ),
    scans("project", "let layer = dims.layers - 1u - z;", "let layer = z;", "wavefront rnn_relu"),
    scans("project", "(z - 1u) * dims.input_stride", "0u", "wavefront lstm"),
    scans("project", "z * dims.pre_stride", "0u", "deep gru"),
    scans("scan_forward", "let before = ((s - chain.s) & 1u) * half;", "let before = 0u;", "clipped"),
    scans("scan_forward", "share(half - before, quad", "share(before, quad", "clipped"),
    scans("scan_forward", "k < hidden;", "k < hidden - 4u;", "clipped"),
    scans("scan_forward", "select(s, dims.steps - 1u - s, is_reverse(z))", "s", "deep gru"),
    scans("scan_forward", "chain.z * dims.packed_stride", "0u", "deep gru"),
    scans(
        "scan_forward",
        "let before = state_at(slot_before(z, t), row, z)",
        "let before = state_at(t, row, z)",
        "deep gru",
    ),
    scans("scan_forward", "vec4f(1.0), x >= vec4f(0.0)", "vec4f(1.0), x > vec4f(0.1)", "clipped"),
    scans("scan_forward", "tiles.r[2]", "tiles.r[1]", "deep gru"),
    scans(
        "scan_forward",
        "same_rows(widen(packed[at + dims.hidden_quads]))",
        "same_rows(widen(packed[at]))",
        "clipped",
    ),
    scans("scan_forward", "let c = i % 4u;", "let c = 0u;", "clipped"),
    scans("scan_forward", "t < rows[row].length", "t <= rows[row].length", "wavefront rnn_relu"),
    scans("scan_forward", "from_h += dims.row_quads;", "from_h += 0u;", "clipped"),
    scans("scan_forward", "states[after + vector * stride]", "states[after]", "clipped"),
    scans("scan_forward", "select(dims.inputs, 0u, dims.projected == 1u)", "dims.inputs", "deep gru"),
    scans("scan_forward", "pre_at(chain.z, s, row)", "pre_at(chain.z, chain.s, row)", "deep gru"),
    scans("scan_forward", "pre[at + 2u * row]", "pre[at + row]", "deep gru"),
    scans("scan_forward", "x[at + 3u * dims.input_quads]", "x[at + 2u * dims.input_quads]", "deep gru"),
    scans(
        "scan_forward",
        "min(chain.s + dims.chunk, dims.steps)",
        "min(chain.s + dims.chunk - 1u, dims.steps)",
        "clipped",
    ),
    scans("scan_forward", "((s - chain.s) & 1u) * half", "(s & 1u) * half", "horizon"),
    scans("scan_forward", "s - layer * dims.span", "s", "wavefront rnn_relu"),
    scans("scan_forward", "z * dims.states_stride", "0u", "deep gru"),
    scans("scan_forward", "z * dims.tape_stride", "0u", "deep gru"),
    scans("scan_forward", "z * dims.pre_stride", "0u", "deep gru"),
    scans("scan_backward", "if (s > 0u) {", "if (s > 1u) {", "deep gru"),
    scans("scan_backward", "let slot = HIDDEN_SLOT[gate];", "let slot = gate;", "deep gru"),
    scans("scan_backward", "(1.0 - tanh_c * tanh_c)", "(1.0 - tanh_c)", "clipped"),
    scans("scan_backward", "t == read_time(z, length - 1u)", "t == length", "clipped"),
    scans("scan_backward", "d_n * q * r", "d_n * r", "deep gru"),
    scans("scan_backward", "vec4f(1.0), h > vec4f(0.0)", "vec4f(1.0), h >= vec4f(0.0)", "wavefront rnn_relu"),
    scans("scan_backward", "select(vec4f(0.0), out.deltas[slot], runs)", "out.deltas[slot]", "horizon"),
    scans("scan_backward", "select(passed[vector], out.d_prev[vector], runs)", "out.d_prev[vector]", "horizon"),
    scans("scan_backward", "from_delta = own_half + row_quad", "from_delta = row_quad", "deep gru"),
    scans("scan_backward", "from_delta += dims.row_quads;", "from_delta += 0u;", "deep gru"),
    scans("scan_backward", "d_states[d_at + vector * d_stride]", "d_states[d_at]", "clipped"),
    scans("scan_backward", "s - z * dims.span", "s", "wavefront rnn_relu"),
    scans(
        "scan_backward",
        "z + 1u < dims.layers || dims.readout == READ_EVERY",
        "dims.readout == READ_EVERY",
        "wavefront, dropout",
    ),
    scans("scan_backward", "z * dims.d_out_stride", "0u", "deep gru"),
    scans("scan_backward", "z * dims.d_states_stride", "0u", "deep gru"),
    scans(
        "scan_backward",
        "min(chain.s + dims.span, dims.steps)",
        "min(chain.s + dims.span - 1u, dims.steps)",
        "deep gru",
    ),
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
    fused("fused", "own_row < end_of(group)", "own_row + 1u < end_of(group)", "wide input"),
    fused("fused", "turn * ABREAST", "turn", "many rows"),
    fused("fused", "index * dims.centered + i", "i", "small horizon rnn_tanh"),
    fused("fused", "x[INPUTS / 4u][INPUTS % 4u] = 1.0;", "", "wide input"),
    fused(
        "fused",
        "if (t < own.length) {\n            now",
        "if (t < dims.steps) {\n            now",
        "small horizon rnn_tanh",
    ),
    fused("fused", "own_states(0u)", "States()", "carried"),
    fused("fused", "pre[HIDDEN_SLOT[gate]] +=", "pre[INPUT_SLOT[gate]] +=", "small horizon gru"),
    fused("fused", "store_states(t + 1u, now)", "store_states(min(t + 1u, dims.steps - 1u), now)", "wide input"),
    fused("fused", "next = prev;", "", "carried"),
    fused("fused", "let t = steps - 1u - s;", "let t = steps - 1u - max(s, 1u);", "wide input"),
    fused("fused", "d_states[0] += output_gradient(", "d_states[0] = output_gradient(", "carried"),
    fused("fused", "d_states = out.d_prev;", "d_states = States();", "carried"),
    fused("fused", "OUTPUTS * HQ + o / 4u]", "OUTPUTS * HQ]", "carried"),
    fused("fused", "position * items + i", "i", "carried"),
    fused("fused", "d_head_bias[o] += d_y[o]", "d_head_bias[o] = d_y[o]", "carried"),
    fused("fused", "d_head[o] += d_y[o] * h;", "d_head[o] = d_y[o] * h;", "carried"),
    fused("fused", "sum += sh[first + row * HQ];", "sum = sh[first + row * HQ];", "carried"),
    fused("fused", "(q * SLOTS + units / HQ) * 4u", "(units / HQ) * 4u", "flat lstm"),
    fused("fused", "(OUTPUTS + o) * WG, q == HQ", "OUTPUTS * WG, q == HQ", "carried"),
    fused("fused", "let at_h = (t & 1u) * WG + lid - quad;", "let at_h = (t & 1u) * WG;", "carried"),
    fused("fused", "let at_h = (t & 1u) * WG + lid - quad;", "let at_h = lid - quad;", "carried"),
    fused("fused", "let half = (s + 1u) & 1u;", "let half = s & 1u;", "carried"),
    fused("fused", "(half * (GATES + 1u) + 1u + gate) * WG", "(half * (GATES + 1u) + 1u) * WG", "carried"),
    fused("fused", "(gate * HQ + q) * 4u * HQ", "gate * HQ * 4u * HQ", "carried"),
    fused("fused", "out.deltas[HIDDEN_SLOT[gate]]", "out.deltas[gate]", "small horizon gru"),
    fused("fused", "terms * step.inverse_count", "terms", "carried"),
    fused("fused", "own.window * dims.centered + feature", "feature", "small horizon rnn_tanh"),
    fused("fused", "(i * GATES + gate) * HQ", "gate * HQ", "carried"),
    fused("fused", "(units * 4u + c) * XQ + q", "c * XQ + q", "carried"),
    fused("fused", "dims.steps, last);", "dims.steps, States());", "carried"),
    fused("fused", "t, t < own.length);", "t, true);", "carried"),
    fused("fused", "own_row * read_steps() + position", "own_row * read_steps()", "carried"),
    fused(
        "fused",
        "y[at + o] = select(0.0, outputs[o], counts)",
        "y[at + o] = select(0.0, outputs[0], counts)",
        "carried",
    ),
    fused("fused", "(steps & 1u) * WG + lid - quad", "lid - quad", "small horizon rnn_tanh"),
    fused("fused_update", "part * dims.partial_stride + dims.at_loss_partial", "dims.at_loss_partial", "many rows"),
    fused("fused_update", "gradients[i] * factor", "gradients[i]", "carried"),
    fused("fused_update", "squares += g * g;", "squares = g * g;", "carried"),
    fused("fused_update", "parameter_sum(i, groups, splits)", "parameter_sum(i, splits, splits)", "carried"),
    fused("fused_update", "parameter_sum(i, groups, splits)", "parameter_sum(i, groups, 1u)", "carried"),
    fused("fused_update", "item < packed_count;", "item < packed_count - 1u;", "carried"),
    fused(
        "fused_update",
        "local / dims.hidden_quads, local % dims.hidden_quads * 4u + c",
        "0u, local % dims.hidden_quads * 4u + c",
        "carried",
    ),
    fused("fused_update", "losses[step.place * dims.loss_parts]", "losses[0]", "carried"),
    scans("scan_forward", "vec4f(quad)", "vec4f(quad.xyzz)", "half 3"),
    scans("scan_backward", "Stored(rounded(values))", "Stored(rounded(values.xyzz))", "half 3"),
    scans("scan_backward", "| (bits & SIGN)", "", "half 3"),
    scans("loss", "* step.term_scale", "* step.inverse_count", "half 3"),
    scans("gradient_sum", "* step.unscale", "* max(step.unscale, 0.5)", "half 3"),
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
pub const UNSEEN_BARRIERS: &[(&str, usize, &str)] = &[
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
