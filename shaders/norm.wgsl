// The square of the gradient's norm over the whole block. Reference: src/optim, Clip.
//
// A workgroup adds its values up in a tree. Where there are several, sum.wgsl adds their sums.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> gradients: array<f32>;      // (P)
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;     // the norms of a submission, or a part a workgroup

@compute @workgroup_size(WG)
fn norm(
    @builtin(local_invocation_index) lid: u32,
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let total = bound(dims.parameters, group);
    var sum = 0.0;
    for (var n = group.x * WG + lid; n < total; n += groups.x * WG) {
        sum += gradients[n] * gradients[n];
    }
    sum = tree_sum(lid, sum);
    if (lid == 0u) {
        sums[select(group.x, step.place, groups.x == 1u)] = sum;
    }
}
