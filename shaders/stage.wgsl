// Lays a batch out for the scans: row b is the window order[step.first + b], its input x[t, b] the window's step t, centred,
// with a 1 behind the last feature (it meets the biases in the weight gradient) and zeros behind that. A step beyond a
// window's length is all zeros, whatever lies there; rows beyond the batch are empty windows. Reference: src/data.rs.
//
// An invocation makes one quad of features.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> series: array<f32>;          // (len, I)
@group(0) @binding(3) var<storage, read> windows: array<Window>;      // (N)
@group(0) @binding(4) var<storage, read> order: array<u32>;           // (N)
@group(0) @binding(5) var<storage, read> bases: array<f32>;           // (B, centred features)
@group(0) @binding(6) var<storage, read_write> x: array<vec4f>;       // (T, B, IQ)
@group(0) @binding(7) var<storage, read_write> rows: array<Row>;      // (B)

// Feature i of a row, whose step begins at `at` in the series.
fn feature(at: u32, row: u32, i: u32) -> f32 {
    if (i >= dims.inputs) {
        return select(0.0, 1.0, i == dims.inputs);
    }
    if (i >= dims.centered) {
        return series[at + i];
    }
    return series[at + i] - bases[row * dims.centered + i];
}

@compute @workgroup_size(WG)
fn stage(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let item = flat(id, groups);
    if (item >= dims.steps * dims.rows * dims.input_quads) {
        return;
    }
    let quad = item % dims.input_quads;
    let row = item / dims.input_quads % dims.rows;
    let t = item / (dims.input_quads * dims.rows);

    var index = 0u;
    var window = Window(0u, 0u);
    if (row < step.rows) {
        index = order[step.first + row];
        window = windows[index];
    }
    if (t == 0u && quad == 0u) {
        rows[row] = Row(index, window.start, window.length);
    }
    var values = vec4f(0.0);
    if (t < window.length) {
        let at = (window.start + t) * dims.inputs;
        let i = quad * 4u;
        values = vec4f(feature(at, row, i), feature(at, row, i + 1u), feature(at, row, i + 2u), feature(at, row, i + 3u));
    }
    x[item] = values;
}
