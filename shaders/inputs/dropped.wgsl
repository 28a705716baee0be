// What drop.wgsl left of the states below, behind the staged batch.

@group(0) @binding(2) var<storage, read> x: array<vec4f>;    // (T, B, IQ), and (T, B, HQ) a layer

fn input_value(at: u32) -> vec4f {
    return x[at];
}
