// The outputs of a network without a head: y[b, t, k] = h[b, t, k] over the units k of both directions, zero beyond a row's
// length. Reference: src/reference.
//
// An invocation makes one output.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> states: array<vec4f>;      // (S, T + 2, B, D, HQ)
@group(0) @binding(3) var<storage, read> rows: array<Row>;          // (B)
@group(0) @binding(4) var<storage, read_write> y: array<f32>;       // (B, T, D * H)

@compute @workgroup_size(WG)
fn bare(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let item = flat(id, groups);
    if (item >= step.rows * dims.steps * dims.outputs) {
        return;
    }
    let k = padded(item % dims.outputs);
    let t = item / dims.outputs % dims.steps;
    let row = item / (dims.outputs * dims.steps);
    let h = states[state_at(0u, t + 1u, row, 0u) + k / 4u][k % 4u];
    y[item] = select(0.0, h, t < rows[row].length);
}
