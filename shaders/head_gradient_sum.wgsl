// Adds the partial sums of the head's weight and bias gradients, split by split in order, into PyTorch's layout.
// Reference: src/reference.
//
// An invocation makes one parameter's gradient.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> partial: array<vec4f>;             // (splits, D, partial_stride)
@group(0) @binding(3) var<storage, read_write> gradients: array<f32>;       // (P)

@compute @workgroup_size(WG)
fn head_gradient_sum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let item = flat(id, groups);
    let width = dims.directions * dims.hidden;
    if (item >= dims.outputs * (width + 1u)) {
        return;
    }
    // Weights first, then the biases, as in the parameter block.
    let is_bias = item >= dims.outputs * width;
    let o = select(item / width, item - dims.outputs * width, is_bias);
    let column = select(padded(item % width), top_quads() * 4u, is_bias);
    let at = dims.at_head_partial + o * (top_quads() + 1u) + column / 4u;
    let splits = bound(split_count(), groups);
    var sum = 0.0;
    for (var split = 0u; split < splits; split++) {
        sum += partial[split * dims.directions * dims.partial_stride + at][column % 4u];
    }
    gradients[dims.at_head_weight + item] = sum * step.unscale;
}
