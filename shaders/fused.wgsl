// A small network's training step up to its gradients in one dispatch: windows, forward scan, head, loss, and the way back.
// Reference: src/reference.
//
// An invocation owns one quad of units of one row, and keeps its states in registers; the HQ invocations of a row tell each
// other theirs (fused/lanes.wgsl, fused/memory.wgsl). A workgroup takes its rows ABREAST at a time through the whole
// sequence and back, and leaves the sums of its rows' gradients and losses in `partial`.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> packed: array<Stored>;           // (packed_stride)
@group(0) @binding(3) var<storage, read> series: array<f32>;              // (len, I)
@group(0) @binding(5) var<storage, read> windows: array<Window>;          // (N)
@group(0) @binding(6) var<storage, read> order: array<u32>;               // (N)
@group(0) @binding(7) var<storage, read> targets: array<f32>;             // (N, target_len)
@group(0) @binding(8) var<storage, read_write> states: array<Quad>;       // (S, T + 2, B, 1, HQ)
@group(0) @binding(9) var<storage, read_write> partial: array<Quad>;      // (parts, partial_stride)

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

fn sit(row: u32, end: u32, centered: u32) {
    own_row = row;
    own = Row();
    if (seated && row < end) {
        let index = order[step.first + row];
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

@compute @workgroup_size(WG)
fn fused(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lid: u32) {
    quad = lid % HQ;
    seated = lid < ABREAST * HQ;
    let first = group.x * dims.group_rows;
    let end = min(first + dims.group_rows, step.rows);
    let turns = bound((max(end, first) - first + ABREAST - 1u) / ABREAST, group);
    let steps = bound(dims.steps, group);
    let centered = bound(dims.centered, group);
    let items = bound(items_of_row() / read_steps(), group);
    hold(group);
    for (var turn = 0u; turn < turns; turn++) {
        sit(first + turn * ABREAST + lid / HQ, end, centered);
        let last = go_forward(lid, steps);
        go_back(lid, steps, items, last);
    }
    leave(group, lid);
}
