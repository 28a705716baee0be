// Targets that are the steps of the series after the window, in their first features, centred as the window is.

@group(0) @binding(6) var<storage, read> series: array<f32>;    // (len, I)
@group(0) @binding(7) var<storage, read> bases: array<f32>;     // (B, centred features)

fn target_of(row: u32, k: u32) -> f32 {
    let feature = k % dims.ahead;
    let value = series[(rows[row].start + dims.steps + k / dims.ahead) * dims.inputs + feature];
    if (feature >= dims.centered) {
        return value;
    }
    return value - bases[row * dims.centered + feature];
}
