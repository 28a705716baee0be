// The gradient of a layer's input: d_in[t, b, i] = sum over directions, gates and units of delta W_ih[unit, i].
// It is the output gradient of the layer below, times its mask where units are dropped (masks/*.wgsl), or that of the data.
// Reference: src/reference.
//
// An invocation makes a tile of four rows by four features.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> packed: array<Stored>;          // (D, packed_stride)
@group(0) @binding(3) var<storage, read> tape: array<Stored>;            // (D, T, B, SLOTS, HQ), holding the deltas
@group(0) @binding(4) var<storage, read_write> d_in: array<vec4f>;       // (T, B, input_quads)

@compute @workgroup_size(WG)
fn input_gradient(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let item = flat(id, groups);
    let row_quads = dims.rows / 4u;
    if (item >= dims.steps * row_quads * dims.input_quads) {
        return;
    }
    let quad = item % dims.input_quads;
    let row = item / dims.input_quads % row_quads * 4u;
    let t = item / (dims.input_quads * row_quads);

    let row_stride = SLOTS * dims.hidden_quads;
    let directions = bound(dims.directions, groups);
    let hidden = bound(dims.hidden, groups);
    var sum = mat4x4f();
    for (var direction = 0u; direction < directions; direction++) {
        for (var gate = 0u; gate < GATES; gate++) {
            let deltas = tape_at(direction, t, row) + INPUT_SLOT[gate] * dims.hidden_quads;
            let weights = direction * dims.packed_stride + dims.at_input_t + gate * dims.hidden_quads * 4u * dims.input_quads + quad;
            for (var j = 0u; j < hidden; j++) {
                let at = deltas + j / 4u;
                let c = j % 4u;
                let rows = vec4f(
                    widen(tape[at])[c],
                    widen(tape[at + row_stride])[c],
                    widen(tape[at + 2u * row_stride])[c],
                    widen(tape[at + 3u * row_stride])[c],
                );
                sum += outer(rows, widen(packed[weights + j * dims.input_quads]));
            }
        }
    }
    for (var r = 0u; r < 4u; r++) {
        d_in[(t * dims.rows + row + r) * dims.input_quads + quad] = sum[r] * mask(t, row + r, quad);
    }
}
