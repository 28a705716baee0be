// What is subtracted from a feature of a window: its value at the window's last step, or its mean over the window's steps.
// Reference: src/data.rs.

fn base_of_window(window: Window, feature: u32) -> f32 {
    let first = window.start * dims.inputs + feature;
    let begin = select(window.length - 1u, 0u, dims.center_mean == 1u);
    var sum = 0.0;
    for (var t = begin; t < window.length; t++) {
        sum += series[first + t * dims.inputs];
    }
    return sum / f32(window.length - begin);
}
