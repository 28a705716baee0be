// Dropout between layers: what a unit of the layer below is multiplied by is a hash of where it stands, forward and backward
// alike, whatever portion of its batch a row is in. Rust twin: src/model/dropout.rs. Source: Jarzynski and Olano 2020, Hash Functions for GPU Rendering (pcg4d).

fn mix(v: vec4u) -> vec4u {
    var u = v;
    u.x += u.y * u.w;
    u.y += u.z * u.x;
    u.z += u.x * u.y;
    u.w += u.y * u.z;
    return u;
}

fn pcg4d(v: vec4u) -> vec4u {
    let u = mix(v * 1664525u + 1013904223u);
    return mix(u ^ (u >> vec4u(16u)));
}

fn factor(z: u32, t: u32, row: u32, i: u32) -> f32 {
    let word = pcg4d(step.key ^ vec4u(column_of(i), t, step.before + row, layer_below(z))).w;
    return select(0.0, step.scale, word >= step.threshold);
}

fn mask(z: u32, t: u32, row: u32, quad: u32) -> vec4f {
    let i = quad * 4u;
    return vec4f(factor(z, t, row, i), factor(z, t, row, i + 1u), factor(z, t, row, i + 2u), factor(z, t, row, i + 3u));
}
