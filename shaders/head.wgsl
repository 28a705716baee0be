// The linear head: y[b, t, o] = sum_k W[o, k] h[b, t, k] + bias[o] over the units k of both directions, at each row's last
// step, or at every step, with zeros beyond its length. Reference: src/reference.
//
// An invocation makes one output.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> parameters: array<f32>;    // (P)
@group(0) @binding(3) var<storage, read> states: array<vec4f>;      // (S, T + 2, B, D, HQ)
@group(0) @binding(4) var<storage, read> rows: array<Row>;          // (B)
@group(0) @binding(5) var<storage, read_write> y: array<f32>;       // (B, T or 1, O)

@compute @workgroup_size(WG)
fn head(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let item = flat(id, groups);
    if (item >= step.rows * read_steps() * dims.outputs) {
        return;
    }
    let o = item % dims.outputs;
    let s = item / dims.outputs % read_steps();
    let row = item / (dims.outputs * read_steps());
    let length = rows[row].length;
    let t = select(length - 1u, s, dims.read_every == 1u);
    if (t >= length) {
        y[item] = 0.0;
        return;
    }

    let directions = bound(dims.directions, groups);
    let hidden = bound(dims.hidden, groups);
    var sum = parameters[dims.at_head_bias + o];
    for (var direction = 0u; direction < directions; direction++) {
        let weights = dims.at_head_weight + (o * dims.directions + direction) * dims.hidden;
        let at = state_at(0u, t + 1u, row, direction);
        for (var k = 0u; k < hidden; k++) {
            sum += parameters[weights + k] * states[at + k / 4u][k % 4u];
        }
    }
    y[item] = sum;
}
