// The input of a layer above the first where units are dropped: the states of the layer below, times their mask.
// Reference: src/reference.
//
// An invocation makes one quad of units of the steps from time.s on.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> below: array<vec4f>;      // (S, T + 2, B, D, HQ)
@group(0) @binding(3) var<storage, read_write> x: array<vec4f>;    // (T, B, IQ) from at_input on
@group(0) @binding(4) var<uniform> time: Time;

@compute @workgroup_size(WG)
fn drop(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let item = flat(id, groups);
    let which = forward_chain(id.z, time.s);
    if (!is_going(which, dims.steps) || item >= min(dims.span, dims.steps - which.s) * dims.rows * dims.input_quads) {
        return;
    }
    let quad = item % dims.input_quads;
    let row = item / dims.input_quads % dims.rows;
    let t = which.s + item / dims.input_quads / dims.rows;
    let at = row * dims.input_quads + quad;
    x[input_at(which.z, t, 0u) + at] = below[below_at(which.z, t) + at] * mask(which.z, t, row, quad);
}
