// Adds the partial sums of a layer's weight gradients (layer_sum.wgsl), and to them what the portions of the batch before this
// one left.
//
// An invocation makes one parameter's gradient.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> partial: array<vec4f>;             // (splits, D, partial_stride)
@group(0) @binding(3) var<storage, read_write> gradients: array<f32>;       // (P)

@compute @workgroup_size(WG)
fn gradient_sum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let item = flat(id, groups);
    if (item >= dims.directions * dims.param_stride) {
        return;
    }
    let splits = bound(split_count(), groups);
    var sum = layer_sum(item, splits, splits) * step.unscale;
    if (bound(step.before, groups) > 0u) {
        sum += gradients[dims.at_weight_ih + item];
    }
    gradients[dims.at_weight_ih + item] = sum;
}
