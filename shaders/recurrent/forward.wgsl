// One step of a recurrent layer as a product, the s-th step of the direction:
//     pre[slot] += W_hh h_{t-1},   states_t, tape_t = cell_forward(pre, states_{t-1}),
// with `pre` as project.wgsl left it. Reference: src/reference.
//
// The product's rows are those of the batch; a bundle is a quad of units with all gates. Workgroup z is the chain.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> packed: array<Stored>;           // (D, packed_stride)
@group(0) @binding(3) var<storage, read_write> states: array<vec4f>;      // (S, T + 2, B, D, HQ)

const VECTORS: u32 = GATES;

fn row_count(which: Which) -> u32 {
    return dims.rows;
}

fn bundle_count() -> u32 {
    return dims.hidden_quads;
}

fn segment_count(which: Which) -> u32 {
    return 1u;
}

fn segment_depth(which: Which) -> u32 {
    return dims.hidden_quads;
}

fn left_at(segment: u32, which: Which, row: u32) -> u32 {
    return state_at(0u, slot_before(which.z, step_of(which.z, which.s)), row, which.z);
}

fn left_value(at: u32) -> vec4f {
    return states[at];
}

fn right_at(segment: u32, which: Which) -> u32 {
    return which.z * dims.packed_stride;
}

fn right_stride() -> u32 {
    return GATES * dims.hidden_quads;
}

fn right_value(at: u32) -> vec4f {
    return widen(packed[at]);
}

fn finish(which: Which, row: u32, quad: u32, sums: Bundle) {
    var pre = projected(pre_at(which.z, which.s, row) + quad);
    for (var gate = 0u; gate < GATES; gate++) {
        pre[HIDDEN_SLOT[gate]] += sums[gate];
    }
    advance(pre, which.z, step_of(which.z, which.s), row, quad);
}
