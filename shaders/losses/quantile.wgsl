// The pinball loss: q (t - y) where y <= t, else (1 - q) (y - t), with a level q for each output of a group, and one target.
// Source: Koenker and Bassett 1978, doi 10.2307/1913643.

fn level(o: u32) -> f32 {
    let n = o % step.quantiles;
    return step.levels[n / 4u][n % 4u];
}

fn term(o: u32, y: f32, t: f32) -> f32 {
    return select((1.0 - level(o)) * (y - t), level(o) * (t - y), y <= t);
}

fn derivative(o: u32, y: f32, t: f32) -> f32 {
    return is_positive(y - t) - level(o);
}
