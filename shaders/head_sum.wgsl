// The gradient of a parameter of the head, from the partial sums of its weights' gradients, split by split in order.
// Reference: src/reference.

// Of value `item` of the head's block: weights first, then the biases.
fn head_sum(item: u32, splits: u32) -> f32 {
    let width = dims.directions * dims.hidden;
    let is_bias = item >= dims.outputs * width;
    let o = select(item / width, item - dims.outputs * width, is_bias);
    let column = select(padded(item % width), top_quads() * 4u, is_bias);
    let at = dims.at_head_partial + o * (top_quads() + 1u) + column / 4u;
    var sum = 0.0;
    for (var split = 0u; split < splits; split++) {
        sum += partial[split * dims.directions * dims.partial_stride + at][column % 4u];
    }
    return sum;
}
