// One step of a recurrent layer back through time as a product, the now-th against the order of the direction:
//     d_h_t = d_prev + W_hh^T deltas_{t+1},   deltas_t, d_prev = cell_backward(tape_t, states_{t-1}, states_t, d_states).
// The first has no deltas to begin with; one more than there are steps has no tape, and leaves the gradient of the
// initial states. Reference: src/reference.
//
// The product's rows are those of the batch, its segments the gates; an item is COLUMNS quads of units. Workgroup z is the direction.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> packed: array<Stored>;           // (D, packed_stride)
@group(0) @binding(3) var<storage, read> states: array<Quad>;             // (S, T + 2, B, D, HQ)
@group(0) @binding(4) var<storage, read_write> tape: array<Stored>;       // (D, T, B, SLOTS, HQ)
@group(0) @binding(5) var<storage, read> d_out: array<Quad>;              // (T or 1, B, D, HQ)
@group(0) @binding(7) var<storage, read_write> d_states: array<Quad>;     // (S, B, D, HQ)

// The step, against the order of the direction.
var<private> now: u32;

fn row_count() -> u32 {
    return dims.rows;
}

fn item_count() -> u32 {
    return (dims.hidden_quads + COLUMNS - 1u) / COLUMNS;
}

fn segment_count(direction: u32) -> u32 {
    return select(0u, GATES, now > 0u);
}

fn segment_depth(direction: u32) -> u32 {
    return dims.hidden_quads;
}

fn left_at(segment: u32, direction: u32, row: u32) -> u32 {
    let t = step_of(direction, dims.steps - now);
    return tape_at(direction, t, row) + HIDDEN_SLOT[segment] * dims.hidden_quads;
}

fn left_value(at: u32) -> vec4f {
    return widen(tape[at]);
}

fn right_at(segment: u32, direction: u32) -> u32 {
    let units = dims.hidden_quads * 4u;
    return direction * dims.packed_stride + dims.at_hidden_t + segment * units * dims.hidden_quads;
}

fn right_stride() -> u32 {
    return dims.hidden_quads;
}

fn right_value(at: u32) -> vec4f {
    return widen(packed[at]);
}

// Where column quad c of an item lies: an item at the edge repeats the last.
fn column(item: u32, c: u32) -> u32 {
    return min(item * COLUMNS + c, dims.hidden_quads - 1u);
}

fn finish(direction: u32, row: u32, item: u32, sums: Columns) {
    for (var c = 0u; c < COLUMNS; c++) {
        let quad = item * COLUMNS + c;
        if (quad < dims.hidden_quads) {
            var passed = d_states_of(now, direction, row, quad);
            passed[0] += sums[c];
            if (now < dims.steps) {
                retreat(passed, direction, step_of(direction, dims.steps - 1u - now), row, quad);
            } else {
                d_states[d_state_at(0u, row, direction) + quad] = stored(passed[0]);
            }
        }
    }
}
