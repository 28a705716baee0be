// One step of a recurrent layer back through time as a product, the s-th against the order of the direction:
//     d_h_t = d_prev + W_hh^T deltas_{t+1},   deltas_t, d_prev = cell_backward(tape_t, states_{t-1}, states_t, d_states).
// The first has no deltas to begin with; one more than there are steps has no tape, and leaves the gradient of the
// initial states. Reference: src/reference.
//
// The product's rows are those of the batch, its segments the gates; a bundle is a quad of units. Workgroup z is the chain.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> packed: array<Stored>;           // (D, packed_stride)
@group(0) @binding(3) var<storage, read> states: array<vec4f>;            // (S, T + 2, B, D, HQ)
@group(0) @binding(4) var<storage, read_write> tape: array<Stored>;       // (D, T, B, SLOTS, HQ)
@group(0) @binding(5) var<storage, read> d_out: array<vec4f>;             // (T or 1, B, D, HQ)
@group(0) @binding(7) var<storage, read_write> d_states: array<vec4f>;    // (S, B, D, HQ)

const VECTORS: u32 = 1u;

fn row_count(which: Which) -> u32 {
    return dims.rows;
}

fn bundle_count() -> u32 {
    return dims.hidden_quads;
}

fn segment_count(which: Which) -> u32 {
    return select(0u, GATES, which.s > 0u);
}

fn segment_depth(which: Which) -> u32 {
    return dims.hidden_quads;
}

fn left_at(segment: u32, which: Which, row: u32) -> u32 {
    let t = step_of(which.z, dims.steps - which.s);
    return tape_at(which.z, t, row) + HIDDEN_SLOT[segment] * dims.hidden_quads;
}

fn left_value(at: u32) -> vec4f {
    return widen(tape[at]);
}

fn right_at(segment: u32, which: Which) -> u32 {
    let units = dims.hidden_quads * 4u;
    return which.z * dims.packed_stride + dims.at_hidden_t + segment * units * dims.hidden_quads;
}

fn right_stride() -> u32 {
    return dims.hidden_quads;
}

fn right_value(at: u32) -> vec4f {
    return widen(packed[at]);
}

fn finish(which: Which, row: u32, quad: u32, sums: Bundle) {
    var passed = d_states_of(which.s, which.z, row, quad);
    passed[0] += sums[0];
    if (which.s < dims.steps) {
        retreat(passed, which.z, step_of(which.z, dims.steps - 1u - which.s), row, quad);
    } else {
        d_states[d_state_at(0u, row, which.z) + quad] = passed[0];
    }
}
