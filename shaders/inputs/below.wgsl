// The input of a layer above the first: the states of the layer below, both directions side by side, padded units and all
// (their weights are zero).

@group(0) @binding(5) var<storage, read> below: array<vec4f>;    // (S, T + 2, B, D, HQ)

fn begin_inputs(row_quad: u32, row: u32) {
}

fn add_inputs(tiles: ptr<function, Tiles>, t: u32, row: u32, row_quad: u32, weights: u32) {
    let at = ((t + 1u) * dims.rows + row) * dims.input_quads;
    let stride = GATES * dims.hidden_quads;
    for (var quad = 0u; quad < dims.input_quads; quad++) {
        let x = transpose(mat4x4f(
            below[at + quad],
            below[at + dims.input_quads + quad],
            below[at + 2u * dims.input_quads + quad],
            below[at + 3u * dims.input_quads + quad],
        ));
        let w = weights + quad * 4u * stride;
        add_input(tiles, x[0], w);
        add_input(tiles, x[1], w + stride);
        add_input(tiles, x[2], w + 2u * stride);
        add_input(tiles, x[3], w + 3u * stride);
    }
}
