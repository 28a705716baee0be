// Huber's loss: a parabola that goes over into straight lines at distance delta. Source: torch.nn.HuberLoss.

fn term(o: u32, y: f32, t: f32) -> f32 {
    let distance = abs(y - t);
    return select(step.delta * (distance - 0.5 * step.delta), 0.5 * distance * distance, distance <= step.delta);
}

fn derivative(o: u32, y: f32, t: f32) -> f32 {
    let difference = y - t;
    // NaN passes, as clamp may not let it.
    return select(difference, sign(difference) * step.delta, abs(difference) > step.delta);
}
