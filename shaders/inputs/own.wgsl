// What a layer reads: an array of its own, or that of the states below.

@group(0) @binding(2) var<storage, read> x: array<vec4f>;    // (T, B, IQ) from at_input on

fn input_count(z: u32) -> u32 {
    return dims.inputs;
}

fn input_quad(z: u32, t: u32, row: u32, quad: u32) -> vec4f {
    return x[input_at(z, t, row) + quad];
}
