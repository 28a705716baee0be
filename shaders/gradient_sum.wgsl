// Adds the partial sums of a layer's weight gradients, split by split in order, into PyTorch's layout. The input part has the
// sums for every slot, with the bias as one more column; the recurrent part has one block a gate. Both biases of a gate are
// the sum of the deltas of the slot that each feeds. Reference: src/reference.
//
// An invocation makes one parameter's gradient.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> partial: array<vec4f>;             // (splits, D, partial_stride)
@group(0) @binding(3) var<storage, read_write> gradients: array<f32>;       // (P)

fn sum_of(splits: u32, direction: u32, at: u32, c: u32) -> f32 {
    var sum = 0.0;
    for (var split = 0u; split < splits; split++) {
        sum += partial[(split * dims.directions + direction) * dims.partial_stride + at][c];
    }
    return sum;
}

fn input_sum(splits: u32, direction: u32, slot: u32, unit: u32, column: u32) -> f32 {
    let quads = (dims.inputs + 4u) / 4u;
    return sum_of(splits, direction, (slot * dims.hidden_quads * 4u + unit) * quads + column / 4u, column % 4u);
}

fn hidden_sum(splits: u32, direction: u32, gate: u32, unit: u32, k: u32) -> f32 {
    let row = gate * dims.hidden_quads * 4u + unit;
    return sum_of(splits, direction, dims.at_hidden_partial + row * dims.hidden_quads + k / 4u, k % 4u);
}

@compute @workgroup_size(WG)
fn gradient_sum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let item = flat(id, groups);
    if (item >= dims.directions * dims.param_stride) {
        return;
    }
    let direction = item / dims.param_stride;
    let local = item % dims.param_stride;
    let weight_hh = dims.at_weight_hh - dims.at_weight_ih;
    let bias_ih = dims.at_bias_ih - dims.at_weight_ih;
    let bias_hh = dims.at_bias_hh - dims.at_weight_ih;
    let splits = bound(split_count(), groups);
    var sum: f32;
    if (local < weight_hh) {
        let row = local / dims.input_features;
        let k = local % dims.input_features;
        let column = select(padded(k), k, dims.inputs == dims.input_features);
        sum = input_sum(splits, direction, INPUT_SLOT[row / dims.hidden], row % dims.hidden, column);
    } else if (local < bias_ih) {
        let row = (local - weight_hh) / dims.hidden;
        sum = hidden_sum(splits, direction, row / dims.hidden, row % dims.hidden, (local - weight_hh) % dims.hidden);
    } else if (local < bias_hh) {
        let row = local - bias_ih;
        sum = input_sum(splits, direction, INPUT_SLOT[row / dims.hidden], row % dims.hidden, dims.inputs);
    } else {
        let row = local - bias_hh;
        sum = input_sum(splits, direction, HIDDEN_SLOT[row / dims.hidden], row % dims.hidden, dims.inputs);
    }
    gradients[dims.at_weight_ih + item] = sum * step.unscale;
}
