// The input of a layer above the first: the states of the layer below, both directions side by side, padded units and all
// (their weights are zero).

@group(0) @binding(5) var<storage, read> below: array<vec4f>;    // (S, T + 2, B, D, HQ)

// The first row of each of the workgroup's row quads.
var<workgroup> sh_first_row: array<u32, MOST_ROW_QUADS>;

fn begin_inputs(row_quad: u32, row: u32) {
    sh_first_row[row_quad] = row;
}

// Feature i of the four rows at step t.
fn input_rows(t: u32, row_quad: u32, i: u32) -> vec4f {
    let stride = dims.input_quads;
    let at = ((t + 1u) * dims.rows + sh_first_row[row_quad]) * stride + i / 4u;
    let c = i % 4u;
    return vec4f(below[at][c], below[at + stride][c], below[at + 2u * stride][c], below[at + 3u * stride][c]);
}
