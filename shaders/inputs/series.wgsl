// The input of the first layer: windows over a series. Window n begins at step starts[n]; batch row b is the window
// order[step.first + b]. Rows beyond the batch repeat its first row; nothing of theirs is ever used.

@group(0) @binding(5) var<storage, read> series: array<f32>;     // (len, I)
@group(0) @binding(6) var<storage, read> starts: array<u32>;     // (N)
@group(0) @binding(7) var<storage, read> order: array<u32>;      // (N)

// Where the windows of the workgroup's rows begin.
var<workgroup> sh_start: array<vec4u, MOST_ROW_QUADS>;

fn window_start(row: u32) -> u32 {
    return starts[order[step.first + select(0u, row, row < step.rows)]];
}

fn begin_inputs(row_quad: u32, row: u32) {
    sh_start[row_quad] =
        vec4u(window_start(row), window_start(row + 1u), window_start(row + 2u), window_start(row + 3u));
}

// Feature i of the four rows at step t.
fn input_rows(t: u32, row_quad: u32, i: u32) -> vec4f {
    let at = (sh_start[row_quad] + t) * dims.inputs + i;
    return vec4f(series[at.x], series[at.y], series[at.z], series[at.w]);
}
