// Truncated backpropagation through time, and streams: the states after the last step become those before the first.
//
// An invocation copies one quad of units.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> states: array<vec4f>;    // (S, T + 2, B, 1, HQ)

@compute @workgroup_size(WG)
fn carry(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let item = flat(id, groups);
    let vector_len = dims.rows * dims.hidden_quads;
    if (item >= STATES * vector_len) {
        return;
    }
    let vector = item / vector_len;
    let local = item % vector_len;
    states[state_at(vector, 0u, 0u, 0u) + local] = states[state_at(vector, dims.steps, 0u, 0u) + local];
}
