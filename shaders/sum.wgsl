// Adds up what PARTS workgroups left, for the step's place in a submission.
//
// One workgroup.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> parts: array<f32>;          // (PARTS)
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;     // (steps of a submission)

@compute @workgroup_size(WG)
fn sum(@builtin(local_invocation_index) lid: u32) {
    var part = 0.0;
    for (var n = lid; n < PARTS; n += WG) {
        part += parts[n];
    }
    part = tree_sum(lid, part);
    if (lid == 0u) {
        sums[step.place] = part;
    }
}
