// Targets given outright.

@group(0) @binding(6) var<storage, read> targets: array<f32>;    // (N, target_len)

fn target_of(row: u32, k: u32) -> f32 {
    return targets[rows[row].window * dims.target_len + k];
}
