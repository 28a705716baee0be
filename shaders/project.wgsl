// What a layer's input adds to the pre-activations, for all rows of a batch and all steps of a chunk at once:
//     pre[slot] = bias + W_ih x_t.
// Reference: src/reference.
//
// The product's rows are (step, batch row), the steps counted from time.s in the order of the chain (workgroup z); a bundle is a
// quad of units with all gates.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> time: Time;
@group(0) @binding(2) var<storage, read> packed: array<Stored>;     // (D, packed_stride)
@group(0) @binding(3) var<storage, read> x: array<vec4f>;           // (T, B, IQ) from at_input on
@group(0) @binding(4) var<storage, read_write> pre: array<vec4f>;    // (D, room, B, SLOTS, HQ)

const VECTORS: u32 = GATES;

fn row_count(which: Which) -> u32 {
    return min(dims.chunk, dims.steps - which.s) * dims.rows;
}

fn bundle_count() -> u32 {
    return dims.hidden_quads;
}

fn segment_count(which: Which) -> u32 {
    return 1u;
}

fn segment_depth(which: Which) -> u32 {
    return dims.input_quads;
}

fn left_at(segment: u32, which: Which, row: u32) -> u32 {
    return input_at(which.z, step_of(which.z, which.s + row / dims.rows), row % dims.rows);
}

fn left_value(at: u32) -> vec4f {
    return x[at];
}

fn right_at(segment: u32, which: Which) -> u32 {
    return which.z * dims.packed_stride + dims.at_input_w;
}

fn right_stride() -> u32 {
    return GATES * dims.hidden_quads;
}

fn right_value(at: u32) -> vec4f {
    return widen(packed[at]);
}

fn finish(which: Which, row: u32, quad: u32, sums: Bundle) {
    var values: Slots;
    for (var slot = 0u; slot < SLOTS; slot++) {
        values[slot] = right_value(which.z * dims.packed_stride + dims.at_bias + slot * dims.hidden_quads + quad);
    }
    for (var gate = 0u; gate < GATES; gate++) {
        values[INPUT_SLOT[gate]] += sums[gate];
    }
    let at = pre_at(which.z, which.s + row / dims.rows, row % dims.rows) + quad;
    for (var slot = 0u; slot < SLOTS; slot++) {
        pre[at + slot * dims.hidden_quads] = values[slot];
    }
}

@compute @workgroup_size(WG)
fn project(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lid: u32,
) {
    let which = forward_chain(group.z, time.s);
    if (!is_going(which, dims.steps)) {
        return;
    }
    product(which, group, groups, lid);
}
