// The gradient of the head's input: d_out[s, b, k] = sum_o d_y[b, s, o] W[o, k]; zero in the rows beyond the batch.
// Reference: src/reference.
//
// An invocation makes one quad of units of one direction.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> parameters: array<f32>;          // (P)
@group(0) @binding(3) var<storage, read> d_y: array<f32>;                 // (B, T or 1, O)
@group(0) @binding(4) var<storage, read_write> d_out: array<vec4f>;       // (T or 1, B, D, HQ)

@compute @workgroup_size(WG)
fn head_gradient(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let item = flat(id, groups);
    if (item >= read_steps() * dims.rows * top_quads()) {
        return;
    }
    let quad = item % dims.hidden_quads;
    let direction = item / dims.hidden_quads % dims.directions;
    let row = item / top_quads() % dims.rows;
    let s = item / (top_quads() * dims.rows);

    let outputs = bound(dims.outputs, groups);
    var sum = vec4f(0.0);
    if (row < step.rows) {
        for (var o = 0u; o < outputs; o++) {
            let d = d_y[(row * read_steps() + s) * dims.outputs + o];
            let weights = dims.at_head_weight + (o * dims.directions + direction) * dims.hidden;
            for (var c = 0u; c < 4u; c++) {
                let k = quad * 4u + c;
                if (k < dims.hidden) {
                    sum[c] += d * parameters[weights + k];
                }
            }
        }
    }
    d_out[item] = sum;
}
