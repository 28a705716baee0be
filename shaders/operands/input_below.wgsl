// Four features of the layer below, with a quad (1, 0, 0, 0) behind the last.

@group(0) @binding(4) var<storage, read> below: array<vec4f>;    // (S, T + 2, B, D, HQ)

fn input_quad(t: u32, b: u32, q: u32) -> vec4f {
    if (q == dims.input_quads) {
        return vec4f(1.0, 0.0, 0.0, 0.0);
    }
    return below[((t + 1u) * dims.rows + b) * dims.input_quads + q];
}
