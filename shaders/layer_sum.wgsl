// The gradient of a parameter of a layer, from the partial sums of its weights' gradients, split by split in order. The input
// part has the sums for every slot, with the bias as one more column; the recurrent part has one block a gate. Both biases of a
// gate are the sum of the deltas of the slot that each feeds. Reference: src/reference.

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

// Of value `item` of the layer's block in PyTorch's layout; the recurrent part has splits of its own.
fn layer_sum(item: u32, splits: u32, hidden_splits: u32) -> f32 {
    let direction = item / dims.param_stride;
    let local = item % dims.param_stride;
    let weight_hh = dims.at_weight_hh - dims.at_weight_ih;
    let bias_ih = dims.at_bias_ih - dims.at_weight_ih;
    let bias_hh = dims.at_bias_hh - dims.at_weight_ih;
    if (local < weight_hh) {
        let row = local / dims.input_features;
        let k = local % dims.input_features;
        let column = select(padded(k), k, dims.inputs == dims.input_features);
        return input_sum(splits, direction, INPUT_SLOT[row / dims.hidden], row % dims.hidden, column);
    }
    if (local < bias_ih) {
        let row = (local - weight_hh) / dims.hidden;
        let k = (local - weight_hh) % dims.hidden;
        return hidden_sum(hidden_splits, direction, row / dims.hidden, row % dims.hidden, k);
    }
    if (local < bias_hh) {
        let row = local - bias_ih;
        return input_sum(splits, direction, INPUT_SLOT[row / dims.hidden], row % dims.hidden, dims.inputs);
    }
    let row = local - bias_hh;
    return input_sum(splits, direction, HIDDEN_SLOT[row / dims.hidden], row % dims.hidden, dims.inputs);
}
