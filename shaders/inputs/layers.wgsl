// What the layers of a wavefront read lies in one array (below.wgsl, dropped.wgsl): the staged batch, and what is below each other layer.

fn input_count(z: u32) -> u32 {
    return select(dims.inputs, dims.first_inputs, z == 0u);
}

fn input_quad(z: u32, t: u32, row: u32, quad: u32) -> vec4f {
    return input_value(input_at(z, t, row) + quad);
}
