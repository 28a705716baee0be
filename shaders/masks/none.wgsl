// Nothing is dropped.

fn mask(z: u32, t: u32, row: u32, quad: u32) -> vec4f {
    return vec4f(1.0);
}
