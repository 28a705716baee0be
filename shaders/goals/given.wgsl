// Targets given outright.

fn target_of(row: u32, k: u32) -> f32 {
    return targets[row_of(row).window * dims.target_len + k];
}
