// The gradient of the top states of a network without a head: that of the outputs, in quads, zero in padded units and in the
// rows beyond the batch. Reference: src/reference.
//
// An invocation makes one quad of units of one direction.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> d_y: array<f32>;                 // (B, T, D * H)
@group(0) @binding(3) var<storage, read_write> d_out: array<vec4f>;       // (T, B, D, HQ)

@compute @workgroup_size(WG)
fn bare_gradient(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let item = flat(id, groups);
    if (item >= dims.steps * dims.rows * top_quads()) {
        return;
    }
    let quad = item % dims.hidden_quads;
    let direction = item / dims.hidden_quads % dims.directions;
    let row = item / top_quads() % dims.rows;
    let t = item / (top_quads() * dims.rows);
    var values = vec4f(0.0);
    if (row < step.rows) {
        let at = (row * dims.steps + t) * dims.outputs + direction * dims.hidden;
        for (var c = 0u; c < 4u; c++) {
            let k = quad * 4u + c;
            if (k < dims.hidden) {
                values[c] = d_y[at + k];
            }
        }
    }
    d_out[item] = values;
}
