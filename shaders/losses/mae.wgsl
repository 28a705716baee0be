// Absolute error; its derivative at 0 is 0. Source: torch.nn.L1Loss.

fn term(o: u32, y: f32, t: f32) -> f32 {
    return abs(y - t);
}

fn derivative(o: u32, y: f32, t: f32) -> f32 {
    return is_positive(y - t) - is_positive(t - y);
}
