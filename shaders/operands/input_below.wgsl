// Four features of the layer below, with a quad (1, 0, 0, 0) behind the last.

@group(0) @binding(4) var<storage, read> below: array<vec4f>;    // (S, T + 2, B, D, HQ)

fn right_at(direction: u32, t: u32, r: u32) -> u32 {
    return (t + 1u) * dims.rows * dims.input_quads + r;
}

fn right(at: u32, b: u32, r: u32) -> vec4f {
    if (r == dims.input_quads) {
        return vec4f(1.0, 0.0, 0.0, 0.0);
    }
    return below[at + b * dims.input_quads];
}
