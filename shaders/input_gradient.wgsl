// The gradient of a layer's input: d_in[t, b, i] = sum over directions, gates and units of delta W_ih[unit, i].
// It is the output gradient of the layer below, times its mask where units are dropped (masks/*.wgsl), or that of the data.
// Reference: src/reference.
//
// The product's rows are (t, b) of the steps that the scan back came through from time.s on, in the order of time; its segments the
// gates of both directions; a bundle is a quad of features.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> packed: array<Stored>;          // (D, packed_stride)
@group(0) @binding(3) var<storage, read> tape: array<Stored>;            // (D, T, B, SLOTS, HQ), holding the deltas
@group(0) @binding(4) var<storage, read_write> d_in: array<vec4f>;       // (T, B, input_quads)
@group(0) @binding(5) var<uniform> time: Time;

const VECTORS: u32 = 1u;

fn step_count(which: Which) -> u32 {
    return min(dims.span, dims.steps - which.s);
}

fn t_of(which: Which, row: u32) -> u32 {
    return dims.steps - which.s - step_count(which) + row / dims.rows;
}

fn row_count(which: Which) -> u32 {
    return step_count(which) * dims.rows;
}

fn bundle_count() -> u32 {
    return dims.input_quads;
}

fn segment_count(which: Which) -> u32 {
    return dims.directions * GATES;
}

fn segment_depth(which: Which) -> u32 {
    return dims.hidden_quads;
}

fn left_at(segment: u32, which: Which, row: u32) -> u32 {
    let deltas = tape_at(which.z + segment / GATES, t_of(which, row), row % dims.rows);
    return deltas + INPUT_SLOT[segment % GATES] * dims.hidden_quads;
}

fn left_value(at: u32) -> vec4f {
    return widen(tape[at]);
}

fn right_at(segment: u32, which: Which) -> u32 {
    let gate = segment % GATES * dims.hidden_quads * 4u * dims.input_quads;
    return (which.z + segment / GATES) * dims.packed_stride + dims.at_input_t + gate;
}

fn right_stride() -> u32 {
    return dims.input_quads;
}

fn right_value(at: u32) -> vec4f {
    return widen(packed[at]);
}

fn finish(which: Which, row: u32, quad: u32, sums: Bundle) {
    let t = t_of(which, row);
    let b = row % dims.rows;
    d_in[d_in_at(which.z, t, b) + quad] = sums[0] * mask(which.z, t, b, quad);
}

@compute @workgroup_size(WG)
fn input_gradient(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lid: u32,
) {
    let which = backward_chain(group.z, time.s);
    if (!is_going(which, dims.steps)) {
        return;
    }
    product(which, group, groups, lid);
}
