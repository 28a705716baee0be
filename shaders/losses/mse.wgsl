// Squared error. Source: torch.nn.MSELoss.

fn term(o: u32, y: f32, t: f32) -> f32 {
    return (y - t) * (y - t);
}

fn derivative(o: u32, y: f32, t: f32) -> f32 {
    return 2.0 * (y - t);
}
