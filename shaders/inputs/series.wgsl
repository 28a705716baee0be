// The input of the first layer: windows over a series. Window n begins at step starts[n]; batch row b is the window
// order[step.first + b]. Rows beyond the batch repeat its first row; nothing of theirs is ever used.

@group(0) @binding(5) var<storage, read> series: array<f32>;     // (len, I)
@group(0) @binding(6) var<storage, read> starts: array<u32>;     // (N)
@group(0) @binding(7) var<storage, read> order: array<u32>;      // (N)

fn series_at(row: u32, t: u32) -> u32 {
    let used = select(0u, row, row < step.rows);
    return (starts[order[step.first + used]] + t) * dims.inputs;
}

fn add_inputs(pre: ptr<function, Tiles>, t: u32, first_row: u32, weights: u32) {
    let at = vec4u(
        series_at(first_row, t),
        series_at(first_row + 1u, t),
        series_at(first_row + 2u, t),
        series_at(first_row + 3u, t),
    );
    for (var i = 0u; i < dims.inputs; i++) {
        let x = vec4f(series[at.x + i], series[at.y + i], series[at.z + i], series[at.w + i]);
        add_input(pre, x, weights + i * GATES * dims.hidden_quads);
    }
}
