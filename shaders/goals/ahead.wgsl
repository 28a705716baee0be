// Targets that are the steps of the series after the window, in their first features, centred as the window is.

fn target_of(row: u32, k: u32) -> f32 {
    let feature = k % dims.ahead;
    let value = series[(row_of(row).start + dims.steps + k / dims.ahead) * dims.inputs + feature];
    if (feature >= dims.centered) {
        return value;
    }
    return value - base_of(row, feature);
}
