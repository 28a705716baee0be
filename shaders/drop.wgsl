// The input of a layer above the first where units are dropped: the states of the layer below, times their mask.
// Reference: src/reference.
//
// An invocation makes one quad of units.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> below: array<vec4f>;      // (S, T + 2, B, D, HQ)
@group(0) @binding(3) var<storage, read_write> x: array<vec4f>;    // (T, B, IQ)

@compute @workgroup_size(WG)
fn drop(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let item = flat(id, groups);
    let step_len = dims.rows * dims.input_quads;
    if (item >= dims.steps * step_len) {
        return;
    }
    let quad = item % dims.input_quads;
    let row = item / dims.input_quads % dims.rows;
    // Slot t + 1 holds the states after step t.
    x[item] = below[item + step_len] * mask(item / step_len, row, quad);
}
