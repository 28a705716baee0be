// Adds the partial sums of the head's weight and bias gradients (head_sum.wgsl), and to them what the portions of the batch
// before this one left.
//
// An invocation makes one parameter's gradient.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> partial: array<vec4f>;             // (splits, D, partial_stride)
@group(0) @binding(3) var<storage, read_write> gradients: array<f32>;       // (P)

@compute @workgroup_size(WG)
fn head_gradient_sum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let item = flat(id, groups);
    if (item >= dims.outputs * (dims.directions * dims.hidden + 1u)) {
        return;
    }
    var sum = head_sum(item, bound(split_count(), groups)) * step.unscale;
    if (bound(step.before, groups) > 0u) {
        sum += gradients[dims.at_head_weight + item];
    }
    gradients[dims.at_head_weight + item] = sum;
}
