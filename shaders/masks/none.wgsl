// Nothing is dropped.

fn mask(t: u32, row: u32, quad: u32) -> vec4f {
    return vec4f(1.0);
}
