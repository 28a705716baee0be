// Binary cross-entropy of a logit, max(y, 0) - y t + ln(1 + exp(-|y|)). Source: torch.nn.BCEWithLogitsLoss.

fn term(o: u32, y: f32, t: f32) -> f32 {
    return max(y, 0.0) - y * t + log(1.0 + exp(-abs(y)));
}

fn derivative(o: u32, y: f32, t: f32) -> f32 {
    return sigmoid(vec4f(y)).x - t;
}
