// Four features of a window's step, with a 1 behind the last and 0 beyond. Windows as in inputs/series.wgsl.

@group(0) @binding(4) var<storage, read> series: array<f32>;    // (len, I)
@group(0) @binding(5) var<storage, read> starts: array<u32>;    // (N)
@group(0) @binding(6) var<storage, read> order: array<u32>;     // (N)

fn feature(at: u32, i: u32) -> f32 {
    if (i < dims.inputs) {
        return series[at + i];
    }
    return select(0.0, 1.0, i == dims.inputs);
}

fn right_at(direction: u32, t: u32, r: u32) -> u32 {
    return t;
}

fn right(t: u32, b: u32, r: u32) -> vec4f {
    let at = (starts[order[step.first + b]] + t) * dims.inputs;
    return vec4f(feature(at, 4u * r), feature(at, 4u * r + 1u), feature(at, 4u * r + 2u), feature(at, 4u * r + 3u));
}
