// The rows of a workgroup of the fused kernels, which takes them ABREAST at a time through the whole sequence.
//
// An invocation owns one quad of units of one row, and keeps its states in registers; the HQ invocations of a row tell each
// other theirs (lanes.wgsl, memory.wgsl).

// Quads of features; and of them with a 1 behind, which meets the biases in the weight gradient.
const IQ: u32 = (INPUTS + 3u) / 4u;
const XQ: u32 = (INPUTS + 4u) / 4u;

// The invocation's quad, whether there is one, and its row of the batch; a row beyond the batch is an empty window.
var<private> quad: u32;
var<private> seated: bool;
var<private> own_row: u32;
var<private> own: Row;
// What is subtracted from the row's features.
var<private> bases: array<f32, INPUTS>;

// The invocation's quad of a section of `packed`.
fn own_packed(at: u32) -> vec4f {
    if (seated) {
        return widen(packed[at + quad]);
    }
    return vec4f(0.0);
}

fn own_state_at(vector: u32, slot: u32) -> u32 {
    return state_at(vector, slot, own_row, 0u) + quad;
}

// Whether the row is one of the batch.
fn busy() -> bool {
    return seated && own.length > 0u;
}

// The states become those of a slot; a row beyond the batch has none.
fn leave_states(slot: u32, now: States) {
    if (busy()) {
        for (var vector = 0u; vector < STATES; vector++) {
            states[own_state_at(vector, slot)] = now[vector];
        }
    }
}

// Gives how many turns the workgroup takes.
fn arrive(group: vec3u, lid: u32) -> u32 {
    quad = lid % HQ;
    seated = lid < ABREAST * HQ;
    let first = group.x * dims.group_rows;
    return bound((max(end_of(group), first) - first + ABREAST - 1u) / ABREAST, group);
}

// Where the rows of a workgroup end.
fn end_of(group: vec3u) -> u32 {
    return min((group.x + 1u) * dims.group_rows, step.rows);
}

// Takes the invocation's row of a turn.
fn sit(group: vec3u, lid: u32, turn: u32) {
    own_row = group.x * dims.group_rows + turn * ABREAST + lid / HQ;
    own = Row();
    let centered = bound(dims.centered, group);
    if (seated && own_row < end_of(group)) {
        let index = order[step.first + own_row];
        let window = windows[index];
        own = Row(index, window.start, window.length);
        for (var i = 0u; i < INPUTS; i++) {
            if (i < centered) {
                bases[i] = base_of_window(window, i);
            }
        }
    }
}

// The row's input at step t with a 1 behind; zeros beyond its length.
fn inputs_at(t: u32) -> array<vec4f, XQ> {
    var x: array<vec4f, XQ>;
    if (t < own.length) {
        let at = (own.start + t) * INPUTS;
        for (var i = 0u; i < INPUTS; i++) {
            x[i / 4u][i % 4u] = series[at + i] - bases[i];
        }
        x[INPUTS / 4u][INPUTS % 4u] = 1.0;
    }
    return x;
}
